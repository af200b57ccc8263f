import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from crosslane import carriers, fulfillment, inventory
from crosslane.carriers import TrackingEvent
from crosslane.fulfillment import errors, storage, works_by_order
from crosslane.fulfillment.service.handing import COLLECT, Collect
from crosslane.fulfillment.service.packing import Pack, PackedUnits, PackParcel
from crosslane.fulfillment.service.working import (
    ACCEPT,
    REJECT,
    Accept,
    Pick,
    PickedLine,
    Reject,
)
from crosslane.kernel import new_id
from crosslane.orders import (
    CANCEL,
    RAISE_STOP,
    RESOLVE_STOP,
    CancelLine,
    CancelUnits,
    LineWish,
    RaiseStop,
    ResolveStop,
)
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import buckets, place, view, wish
from tests.soundness import assert_sound


async def logged(database: Database, tenant: str, kind: str) -> int:
    async with database.transaction(tenant) as tx:
        return await tx.fetchval("select count(*) from platform_log where kind = $1", kind)


async def test_an_order_goes_from_the_shelf_to_the_doorstep(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2), "LAMP"))
    await settle(database, shop)
    works = await queue(database, shop)
    assert sorted((w.state, [line.sku for line in w.lines]) for w in works) == [
        ("accepted", ["LAMP"]),
        ("accepted", ["MUG"]),
    ]
    done = await pick(lanes, shop, *(w.id for w in works))
    assert {d.state for d in done} == {"picked"}
    done = await pack(lanes, shop, *(w.id for w in works))
    assert {d.state for d in done} == {"packed"}
    assert (await view(database, shop, placed.id)).status == "in_progress"
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.money.captured_minor) == ("handed_over", placed.gross_minor)
    works = await queue(database, shop)
    parcels = [parcel for w in works for parcel in w.parcels]
    assert {w.state for w in works} == {"shipped"}
    assert len({p.tracking_number for p in parcels}) == 2
    assert all(p.tracking_number and p.state == "shipped" for p in parcels)
    assert await logged(database, shop, "fulfillment.ParcelShipped") == 2
    await assert_sound(database, shop)


async def test_each_part_of_a_report_may_tell_its_own_time(
    database: Database, shop: str, lanes: Lanes
):
    for sku in ("MUG", "LAMP"):
        await place(lanes, shop, wish(sku))
    await settle(database, shop)
    works = await queue(database, shop)
    told = {w.id: w.placed_at + timedelta(minutes=n) for n, w in enumerate(works, 1)}
    await pick(lanes, shop, *(Pick(w.id, occurred_at=told[w.id]) for w in works))
    done = await pack(lanes, shop, *(Pack(w.id, occurred_at=told[w.id]) for w in works))
    closed = {d.fulfillment_order: list(d.parcels) for d in done}
    works = await queue(database, shop)
    assert {w.id: [p.id for p in w.parcels] for w in works} == closed
    assert {w.id: w.parcels[0].packed_at for w in works} == told
    async with database.transaction(shop) as tx:
        moved = "select distinct occurred_at from orders_movement where to_stage = 'picked'"
        assert {row[0] for row in await tx.fetch(moved)} == set(told.values())


async def test_a_report_of_delivery_counts_once(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    async with database.transaction(shop) as tx:
        now = tx.now
    arrived = TrackingEvent(
        id="e1",
        tracking_number=work.parcels[0].tracking_number,
        status="delivered",
        occurred_at=now,
    )
    for _ in range(2):
        async with database.transaction(shop) as tx:
            await carriers.record_tracking(tx, "house", [arrived])
        await settle(database, shop)
    assert (await view(database, shop, placed.id)).status == "delivered"
    assert await logged(database, shop, "fulfillment.ParcelDelivered") == 1
    async with database.transaction(shop) as tx:
        counted = await tx.fetch("select service, promised, kept from sourcing_kept")
    assert [tuple(row) for row in counted] == [("STANDARD48", 1, 1)]
    await assert_sound(database, shop)


@pytest.mark.parametrize("held", [False, True])
async def test_a_delivery_told_before_our_books_sent_the_parcel_counts(
    database: Database, shop: str, lanes: Lanes, held: bool
):
    placed = await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    if held:
        raised = await lanes.run(
            shop, RAISE_STOP, str(new_id()), RaiseStop(placed.id, "fraud", "reported")
        )
    runner = Runner(database, carriers.EFFECTS)
    await runner.start_due(shop)
    await runner.drain()
    async with database.transaction(shop) as tx:
        (number,) = [
            label.tracking_number
            for labels in (await carriers.labels_of_parcels(tx, [await parcel_of(tx)])).values()
            for label in labels
        ]
        arrived = TrackingEvent(
            id="e1", tracking_number=number, status="delivered", occurred_at=tx.now
        )
        await carriers.record_tracking(tx, "house", [arrived])
    name = "fulfillment.follow_carriers"
    (following,) = [one for one in fulfillment.REACTIONS if one.name == name]
    assert await run_reaction(database, shop, following)
    assert await logged(database, shop, "fulfillment.ParcelDelivered") == (0 if held else 1)
    if held:
        resolved = ResolveStop(placed.id, raised.stop_id, "genuine")
        await lanes.run(shop, RESOLVE_STOP, str(new_id()), resolved)
    await settle(database, shop)
    assert (await view(database, shop, placed.id)).status == "delivered"
    assert await logged(database, shop, "fulfillment.ParcelDelivered") == 1
    await assert_sound(database, shop)


async def parcel_of(tx: Tx) -> UUID:
    """The only parcel there is."""
    return await tx.fetchval("select id from fulfillment_parcel")


async def test_short_units_leave_the_books_and_come_from_elsewhere(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    line = work.lines[0].line_id
    with pytest.raises(errors.TooManyPicked):
        await pick(lanes, shop, Pick(work.id, [PickedLine(line, 3, 1)]))
    await pick(lanes, shop, Pick(work.id, [PickedLine(line, 1, 2)]))
    await settle(database, shop)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {
        ("picked", "DC1"): 1,
        ("released", "S0001"): 2,
    }
    async with database.transaction(shop) as tx:
        at_dc = "select sum(on_hand) from inventory_position p join locations_location l"
        assert await tx.fetchval(f"{at_dc} on l.id = p.location_id where l.code = 'DC1'") == 58
    other = next(w for w in await queue(database, shop) if w.id != work.id)
    assert other.state == "offered"
    await assert_sound(database, shop)


async def test_units_that_turned_out_missing_are_taken_off_the_work(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=8)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    async with database.transaction(shop) as tx:
        lost = inventory.Adjustment(
            variant_id=await tx.fetchval("select id from catalog_variant where sku = 'MUG'"),
            location_id=work.location_id,
            delta=-5,
            cause=inventory.Cause("adjustment", new_id(), new_id()),
            code="flooded",
        )
        await inventory.adjust(tx, [lost])
    await settle(database, shop)
    works = {w.location_id: w for w in await queue(database, shop)}
    assert [line.to_pick for line in works[work.location_id].lines] == [5]
    assert sum(line.to_pick for w in works.values() for line in w.lines) == 8
    (done,) = await pick(lanes, shop, work.id)
    assert (done.state, done.gone) == ("picked", False)
    assert (await view(database, shop, placed.id)).status == "in_progress"
    await assert_sound(database, shop)


async def test_a_store_accepts_or_rejects_only_its_own_work(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=14)))
    await settle(database, shop)
    work = next(w for w in await queue(database, shop) if w.state == "offered")
    stranger = Actor("staff", "x", frozenset({"*"}), location_id=new_id())
    refused = await lanes.submit(shop, ACCEPT, Command("a", stranger, Accept([work.id])))
    assert isinstance(refused.outcome, errors.NoSuchFulfillmentOrder)
    own = Actor("staff", "y", frozenset({"*"}), location_id=work.location_id)
    asked = Accept([work.id], occurred_at=work.placed_at)
    taken = await lanes.submit(shop, ACCEPT, Command("b", own, asked))
    assert taken.outcome[0].state == "accepted"
    async with database.transaction(shop) as tx:
        (told,) = (w for w in (await works_by_order(tx, [placed.id]))[placed.id] if w.id == work.id)
    assert told.accepted_at == work.placed_at
    turned = Reject(work.id, "broken")
    done = await lanes.submit(shop, REJECT, Command("c", own, turned))
    assert done.outcome.state == "rejected"
    assert buckets(await view(database, shop, placed.id))["MUG"] == {
        ("backordered", ""): 4,
        ("released", "DC1"): 10,
    }
    await assert_sound(database, shop)


async def test_a_pickup_waits_for_its_customer_and_the_code(
    database: Database, shop: str, lanes: Lanes
):
    asked = wish(LineWish(sku="MUG", quantity=2, method="pickup", store="S0001"), ship_to=None)
    placed = await place(lanes, shop, asked)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await lanes.run(shop, ACCEPT, "a", Accept([work.id]))
    assert (await pick(lanes, shop, work.id))[0].state == "ready"
    assert await logged(database, shop, "fulfillment.PickupReady") == 1
    async with database.transaction(shop) as tx:
        code = (await works_by_order(tx, [placed.id]))[placed.id][0].pickup_code
    assert code is not None
    wrong = "000000" if code != "000000" else "111111"
    with pytest.raises(errors.WrongPickupCode):
        await lanes.run(shop, COLLECT, "w", Collect(work.id, wrong))
    done = await lanes.run(shop, COLLECT, "c", Collect(work.id, code))
    assert done.state == "collected"
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.money.captured_minor) == ("handed_over", 1200)
    await assert_sound(database, shop)


async def test_several_parcels_share_an_order(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    line = work.lines[0].line_id
    await pick(lanes, shop, work.id)
    two = (PackParcel([PackedUnits(line, 1)]), PackParcel([PackedUnits(line, 2)], 900))
    await pack(lanes, shop, Pack(work.id, two))
    with pytest.raises(errors.NothingPicked):
        await pack(lanes, shop, work.id)
    await settle(database, shop)
    shown = await view(database, shop, placed.id)
    assert shown.money.captured_minor == placed.gross_minor
    (work,) = await queue(database, shop)
    assert [(p.number, p.weight_grams) for p in work.parcels] == [(1, 350), (2, 900)]
    await assert_sound(database, shop)


@pytest.mark.parametrize("upto", ["released", "picked", "packed"])
async def test_cancelled_units_leave_their_work(
    database: Database, shop: str, lanes: Lanes, upto: str
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    if upto != "released":
        await pick(lanes, shop, work.id)
    if upto == "packed":
        await pack(lanes, shop, work.id)
    cancelled = CancelUnits(
        order_id=placed.id, lines=[CancelLine(placed.lines[0].id, 3)], reason="changed mind"
    )
    await lanes.run(shop, CANCEL, "c", cancelled)
    await settle(database, shop)
    (work,) = await queue(database, shop)
    assert work.state == "cancelled"
    assert [parcel.state for parcel in work.parcels] == (["void"] if upto == "packed" else [])
    assert await logged(database, shop, "fulfillment.ParcelShipped") == 0
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.money.captured_minor) == ("cancelled", 0)
    await assert_sound(database, shop)


async def test_a_pick_and_a_cancellation_of_everything_never_both_win(
    database: Database, shop: str, lanes: Lanes
):
    for n in range(3):
        placed = await place(lanes, shop, wish("SPOON"))
        await settle(database, shop)
        (work,) = await queue(database, shop, order_id=placed.id)
        cancelled = CancelUnits(order_id=placed.id, reason="changed mind")
        await asyncio.gather(
            pick(lanes, shop, work.id), lanes.run(shop, CANCEL, f"c{n}", cancelled)
        )
        await settle(database, shop)
        (work,) = await queue(database, shop, order_id=placed.id)
        assert work.state == "cancelled"
        assert buckets(await view(database, shop, placed.id))["SPOON"] == {("cancelled", ""): 1}
    await assert_sound(database, shop)


async def test_whoever_waited_for_work_reads_it_as_it_is_now(
    database: Database, shop: str, lanes: Lanes
):
    await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    (shown,) = await queue(database, shop)

    async def look() -> int:
        async with database.transaction(shop) as tx:
            return (await storage.lock_works(tx, [shown.id]))[shown.id].lines[0].picked

    async with database.transaction(shop) as tx:
        (work,) = (await storage.lock_works(tx, [shown.id])).values()
        waiting = asyncio.create_task(look())
        blocked = "select exists (select from pg_locks where not granted)"
        while not await tx.fetchval(blocked):  # noqa: ASYNC110 - the server knows it alone
            await asyncio.sleep(0.005)
        work.lines[0].picked = 1
        await storage.save_works(tx, [work])
    assert await waiting == 1
