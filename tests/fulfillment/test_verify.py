import pytest

from crosslane.fulfillment.service.packing import Pack, PackedUnits, PackParcel
from crosslane.fulfillment.service.transfers import ARRIVE, Arrive
from crosslane.orders import LineWish
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.verify import verify
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import place, wish


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("update fulfillment_line set picked = 1", "fulfillment.work_is_buckets"),
        ("update fulfillment_parcel_line set quantity = 1", "fulfillment.parcels_carry_packed"),
        # What no foreign key refuses.
        (
            "update fulfillment_line set fulfillment_order_id = gen_random_uuid()",
            "fulfillment.work_is_buckets",
        ),
        (
            "update fulfillment_parcel_line set parcel_id = gen_random_uuid()",
            "fulfillment.parcels_carry_packed",
        ),
        (
            "update fulfillment_parcel_line set fulfillment_line_id = gen_random_uuid()",
            "fulfillment.parcels_carry_packed",
        ),
        ("update fulfillment_order set ended_at = null", "fulfillment.ended_when_done"),
        (
            "update orders_bucket set quantity = quantity + 1 where stage = 'handed_over'",
            "orders.units_conserved",
        ),
        (
            "update orders_bucket set line_id = gen_random_uuid()",
            "orders.buckets_follow_journal",
        ),
        ("update orders_order set closed_at = null", "orders.closed_when_settled"),
        (
            "insert into sourcing_kept values ('STANDARD48', gen_random_uuid(), 1, 1)",
            "sourcing.promises_are_counted",
        ),
        ("delete from orders_movement where to_stage = 'picked'", "orders.buckets_follow_journal"),
        (
            "update platform_log set subject_no = 99 where kind = 'orders.OrderPlaced'",
            "platform.events_numbered",
        ),
    ],
)
async def test_a_planted_defect_is_named(
    database: Database, shop: str, lanes: Lanes, defect: str, rule: str
):
    await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        assert await verify(tx) == []
        if "fulfillment_line set picked" in defect:
            await tx.execute("alter table fulfillment_line drop constraint fulfillment_line_check")
        await tx.execute(defect)
        found = {finding.rule for finding in await verify(tx)}
    assert rule in found


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("update fulfillment_transfer set quantity = 1", "fulfillment.transfers_carry_wanted"),
        (
            "update fulfillment_transfer set quantity = 5 where parcel_id in "
            "(select id from fulfillment_parcel where state = 'delivered')",
            "fulfillment.transfers_arrive",
        ),
        (
            "update fulfillment_parcel set state = 'packed' where state = 'shipped'",
            "orders.stock_backs_buckets",
        ),
        ("update fulfillment_line set passed = passed + 1", "fulfillment.parcels_carry_packed"),
    ],
)
async def test_a_planted_defect_of_a_transfer_is_named(
    database: Database, shop: str, lanes: Lanes, defect: str, rule: str
):
    line = LineWish(sku="MUG", quantity=5, method="ship_to_store", store="S0001")
    await place(lanes, shop, wish(line, ship_to=None))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    whole = work.lines[0].line_id
    two = tuple(PackParcel([PackedUnits(whole, units)]) for units in (2, 3))
    await pack(lanes, shop, Pack(work.id, two))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await lanes.run(shop, ARRIVE, "a", Arrive(work.id, (work.parcels[0].id,)))
    async with database.transaction(shop) as tx:
        assert await verify(tx) == []
        await tx.execute("alter table fulfillment_line drop constraint fulfillment_line_check")
        await tx.execute(defect)
        assert rule in {finding.rule for finding in await verify(tx)}
