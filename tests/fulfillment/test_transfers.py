from datetime import timedelta
from uuid import UUID

import pytest

from crosslane import carriers, finance, ledger
from crosslane.fulfillment import REACTIONS, SCHEDULES, errors, works_by_order
from crosslane.fulfillment.service.following import list_queue
from crosslane.fulfillment.service.handing import COLLECT, Collect
from crosslane.fulfillment.service.packing import Pack, PackedUnits, PackParcel
from crosslane.fulfillment.service.transfers import ARRIVE, Arrive
from crosslane.fulfillment.service.working import ACCEPT, Accept
from crosslane.kernel import new_id
from crosslane.orders import CANCEL, CancelLine, CancelUnits, LineWish, Placed
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import buckets, place, view, wish
from tests.soundness import assert_sound


async def events(database: Database, tenant: str, name: str) -> int:
    async with database.transaction(tenant) as tx:
        told = "select count(*) from platform_log where kind = $1"
        return await tx.fetchval(told, f"fulfillment.{name}")


async def stock(database: Database, tenant: str, location: str) -> tuple[int, int]:
    """Return on hand and allocated of mugs at a location."""
    async with database.transaction(tenant) as tx:
        row = await tx.fetchrow(
            "select sum(p.on_hand) as on_hand, sum(p.allocated) as allocated "
            "from inventory_position p join locations_location l on l.id = p.location_id "
            "join catalog_variant v on v.id = p.variant_id where l.code = $1 and v.sku = 'MUG'",
            location,
        )
        return row["on_hand"], row["allocated"]


async def order(lanes: Lanes, shop: str, units: int, method: str = "ship_to_store") -> Placed:
    line = LineWish(sku="MUG", quantity=units, method=method, store="S0001")
    return await place(lanes, shop, wish(line, ship_to=None))


async def packed_for_store(
    database: Database, shop: str, lanes: Lanes, parcels: tuple[int, ...]
) -> tuple[Placed, UUID]:
    """Place an order for a store that a DC supplies, and pack it."""
    placed = await order(lanes, shop, sum(parcels))
    await settle(database, shop)
    (work,) = await queue(database, shop, order_id=placed.id)
    assert (work.method, work.state) == ("ship_to_store", "accepted")
    await pick(lanes, shop, work.id)
    line = work.lines[0].line_id
    wishes = tuple(PackParcel([PackedUnits(line, units)]) for units in parcels)
    await pack(lanes, shop, Pack(work.id, wishes))
    return placed, work.id


async def cancel(lanes: Lanes, shop: str, placed: Placed, units: int) -> None:
    lines = [CancelLine(placed.lines[0].id, units)]
    asked = CancelUnits(order_id=placed.id, lines=lines, reason="changed mind")
    await lanes.run(shop, CANCEL, str(new_id()), asked)


async def arrive(lanes: Lanes, shop: str, work_id: UUID, *parcels: UUID):
    return await lanes.run(shop, ARRIVE, str(new_id()), Arrive(work_id, parcels))


async def code_of(database: Database, shop: str, placed: Placed, work_id: UUID) -> str:
    async with database.transaction(shop) as tx:
        works = (await works_by_order(tx, [placed.id]))[placed.id]
    return next(work.pickup_code for work in works if work.id == work_id) or ""


async def test_a_parcel_to_a_store_is_sold_when_it_is_collected(
    database: Database, shop: str, lanes: Lanes
):
    placed, work_id = await packed_for_store(database, shop, lanes, (6,))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    assert (work.state, work.parcels[0].state) == ("in_transit", "shipped")
    assert await stock(database, shop, "DC1") == (4, 0)
    assert await stock(database, shop, "S0001") == (4, 0)
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["MUG"] == {("packed", "DC1"): 6}
    assert (shown.status, shown.money.captured_minor) == ("in_progress", 0)
    assert await events(database, shop, "ParcelShipped") == 0
    assert await events(database, shop, "TransferSent") == 1
    await assert_sound(database, shop)

    arrived = await arrive(lanes, shop, work_id)
    assert (arrived.state, arrived.open_units) == ("arrived", 0)
    assert await stock(database, shop, "S0001") == (10, 6)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {("packed", "S0001"): 6}
    assert await events(database, shop, "TransferArrived") == 1
    assert await events(database, shop, "PickupReady") == 1
    await settle(database, shop)
    await assert_sound(database, shop)
    with pytest.raises(errors.NothingInTransit):
        await arrive(lanes, shop, work_id)

    code = await code_of(database, shop, placed, arrived.pickup)
    done = await lanes.run(shop, COLLECT, "c", Collect(arrived.pickup, code))
    assert done.state == "collected"
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.money.captured_minor) == ("handed_over", placed.gross_minor)
    assert buckets(shown)["MUG"] == {("handed_over", "S0001"): 6}
    assert await stock(database, shop, "S0001") == (4, 0)
    async with database.transaction(shop) as tx:
        costs = await tx.fetch("select distinct average_after_milli from inventory_cost_change")
    assert [row["average_after_milli"] for row in costs] == [200_000]
    await assert_sound(database, shop)


async def test_goods_on_their_way_stay_in_the_books(database: Database, shop: str, lanes: Lanes):
    async def value() -> int:
        for reaction in finance.REACTIONS:
            while await run_reaction(database, shop, reaction):
                pass
        await assert_sound(database, shop)
        async with database.transaction(shop) as tx:
            found = await ledger.balances(tx)
        return next(b.balance_minor for b in found if b.account == "inventory")

    before = await value()
    placed, work_id = await packed_for_store(database, shop, lanes, (2, 4))
    await settle(database, shop)
    assert await value() == before
    await cancel(lanes, shop, placed, 1)
    await settle(database, shop)
    arrived = await arrive(lanes, shop, work_id)
    await settle(database, shop)
    assert await value() == before
    code = await code_of(database, shop, placed, arrived.pickup)
    await lanes.run(shop, COLLECT, "c", Collect(arrived.pickup, code))
    await settle(database, shop)
    assert await value() == before - 5 * 200


async def test_only_the_store_itself_says_what_has_arrived(
    database: Database, shop: str, lanes: Lanes
):
    _, work_id = await packed_for_store(database, shop, lanes, (6,))
    with pytest.raises(errors.NothingInTransit):
        await arrive(lanes, shop, work_id)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    asked = Arrive(work_id)
    for where in (work.location_id, new_id()):
        other = Actor("staff", "x", frozenset({"*"}), location_id=where)
        answer = await lanes.submit(shop, ARRIVE, Command(str(new_id()), other, asked))
        assert isinstance(answer.outcome, errors.NoSuchFulfillmentOrder)
    own = Actor("staff", "y", frozenset({"*"}), location_id=work.store_id)
    async with database.transaction(shop, actor=own, read_only=True) as tx:
        asked_for = {"location_id": None, "order_id": None, "after": None, "limit": 5}
        coming = await list_queue(tx, store_id=work.store_id, state="in_transit", **asked_for)
        mine = await list_queue(tx, store_id=None, state=None, **asked_for)
    assert ([one.id for one in coming], mine) == ([work_id], [])
    answer = await lanes.submit(shop, ARRIVE, Command("own", own, asked))
    assert answer.outcome.state == "arrived"
    await assert_sound(database, shop)


async def test_parcels_arrive_one_by_one(database: Database, shop: str, lanes: Lanes):
    placed, work_id = await packed_for_store(database, shop, lanes, (2, 4))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    first, second = work.parcels
    arrived = await arrive(lanes, shop, work_id, first.id)
    assert arrived.state == "in_transit"
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["MUG"] == {("packed", "DC1"): 4, ("packed", "S0001"): 2}
    await assert_sound(database, shop)
    with pytest.raises(errors.NothingInTransit):
        await arrive(lanes, shop, work_id, first.id, second.id)
    assert (await arrive(lanes, shop, work_id)).state == "arrived"
    await settle(database, shop)
    ready = await queue(database, shop, state="ready")
    assert sorted(work.lines[0].packed for work in ready) == [2, 4]
    await assert_sound(database, shop)


@pytest.mark.parametrize(("units", "state"), [(2, "in_transit"), (6, "cancelled")])
async def test_units_cancelled_on_the_way_become_stock_of_the_store(
    database: Database, shop: str, lanes: Lanes, units: int, state: str
):
    placed, work_id = await packed_for_store(database, shop, lanes, (6,))
    await settle(database, shop)
    await cancel(lanes, shop, placed, units)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    assert (work.state, work.parcels[0].state) == (state, "shipped")
    assert await stock(database, shop, "DC1") == (4, 0)
    await assert_sound(database, shop)
    arrived = await arrive(lanes, shop, work_id)
    assert (arrived.open_units, arrived.pickup is None) == (units, units == 6)
    assert await stock(database, shop, "S0001") == (10, 6 - units)
    await settle(database, shop)
    await assert_sound(database, shop)


async def test_goods_that_lie_in_the_store_need_no_parcel(
    database: Database, shop: str, lanes: Lanes
):
    await order(lanes, shop, 3)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    assert (work.method, work.location_id) == ("pickup", work.store_id)
    await lanes.run(shop, ACCEPT, "a", Accept([work.id]))
    assert (await pick(lanes, shop, work.id))[0].state == "ready"
    await assert_sound(database, shop)


async def test_what_is_still_at_the_source_is_cancelled_before_what_is_on_its_way(
    database: Database, shop: str, lanes: Lanes
):
    placed = await order(lanes, shop, 6)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    line = work.lines[0].line_id
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, Pack(work.id, (PackParcel([PackedUnits(line, 2)]),)))
    await settle(database, shop)
    assert await stock(database, shop, "DC1") == (8, 4)
    await pack(lanes, shop, work.id)
    await cancel(lanes, shop, placed, 5)
    assert await stock(database, shop, "DC1") == (8, 0)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    assert (work.state, [p.state for p in work.parcels]) == ("in_transit", ["shipped", "void"])
    assert work.lines[0].packed == 1
    await assert_sound(database, shop)
    assert (await arrive(lanes, shop, work.id)).open_units == 1
    await settle(database, shop)
    await assert_sound(database, shop)


async def test_a_parcel_that_leaves_before_its_cancellation_is_heard_of_is_not_lost(
    database: Database, shop: str, lanes: Lanes
):
    placed, work_id = await packed_for_store(database, shop, lanes, (6,))
    await cancel(lanes, shop, placed, 2)
    runner = Runner(database, carriers.EFFECTS)
    await runner.start_due(shop)
    await runner.drain()
    sending = next(one for one in REACTIONS if one.name == "fulfillment.follow_carriers")
    await run_reaction(database, shop, sending)
    assert await stock(database, shop, "DC1") == (4, 0)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    assert (work.state, work.lines[0].packed) == ("in_transit", 4)
    await assert_sound(database, shop)
    assert (await arrive(lanes, shop, work_id)).open_units == 2
    await settle(database, shop)
    await assert_sound(database, shop)


async def test_a_cancellation_before_the_label_takes_units_out_of_the_parcel(
    database: Database, shop: str, lanes: Lanes
):
    placed, work_id = await packed_for_store(database, shop, lanes, (2, 4))
    await cancel(lanes, shop, placed, 5)
    await settle(database, shop)
    await assert_sound(database, shop)
    arrived = await arrive(lanes, shop, work_id)
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["MUG"] == {("packed", "S0001"): 1, ("cancelled", ""): 5}
    assert arrived.pickup is not None
    await assert_sound(database, shop)


async def lapse(database: Database, shop: str, days: int) -> None:
    """Let days pass for what lies ready, and the clock strike twice."""
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update fulfillment_order set collect_by = collect_by - $1::interval",
            timedelta(days=days),
        )
    (schedule,) = SCHEDULES
    for _ in range(2):
        async with database.transaction(shop) as tx:
            await schedule.run(tx)
        await settle(database, shop)


@pytest.mark.parametrize(("days", "state"), [(13, "ready"), (15, "unclaimed")])
async def test_goods_nobody_collects_are_given_up(
    database: Database, shop: str, lanes: Lanes, days: int, state: str
):
    placed = await order(lanes, shop, 2, "pickup")
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await lanes.run(shop, ACCEPT, "a", Accept([work.id]))
    await pick(lanes, shop, work.id)
    await lapse(database, shop, days)
    (work,) = await queue(database, shop)
    assert work.state == state
    shown = await view(database, shop, placed.id)
    gone = state == "unclaimed"
    assert shown.status == ("cancelled" if gone else "in_progress")
    assert await stock(database, shop, "S0001") == (4, 0 if gone else 2)
    assert await events(database, shop, "PickupUnclaimed") == int(gone)
    if gone:
        assert (work.reason, work.lines[0].removed) == ("not collected", 2)
        code = await code_of(database, shop, placed, work.id)
        with pytest.raises(errors.NotInState):
            await lanes.run(shop, COLLECT, "c", Collect(work.id, code))
    await assert_sound(database, shop)


async def test_only_the_parcel_nobody_collected_is_given_up(
    database: Database, shop: str, lanes: Lanes
):
    placed, work_id = await packed_for_store(database, shop, lanes, (2, 4))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await arrive(lanes, shop, work_id, work.parcels[0].id)
    await lapse(database, shop, 15)
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["MUG"] == {("packed", "DC1"): 4, ("cancelled", ""): 2}
    await arrive(lanes, shop, work_id)
    await settle(database, shop)
    assert await stock(database, shop, "S0001") == (10, 4)
    await assert_sound(database, shop)
