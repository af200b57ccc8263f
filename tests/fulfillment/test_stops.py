"""Stops raised late, and cancellations that meet a parcel before its label does."""

import asyncio

import pytest

from crosslane import carriers, fulfillment
from crosslane.fulfillment import errors, works_by_order
from crosslane.fulfillment.service.handing import COLLECT, Collect
from crosslane.fulfillment.service.packing import PACK, Pack, PackUnits
from crosslane.fulfillment.service.working import PICK, Pick, PickUnits
from crosslane.kernel import new_id
from crosslane.orders import (
    CANCEL,
    RAISE_STOP,
    RESOLVE_STOP,
    CancelLine,
    CancelUnits,
    LineWish,
    OutOfStep,
    Placed,
    RaiseStop,
    ResolveStop,
)
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import buckets, place, view, wish
from tests.soundness import assert_sound

TWO_MUGS = LineWish(sku="MUG", quantity=2)


async def stop(lanes: Lanes, tenant: str, placed: Placed):
    asked = RaiseStop(placed.id, "fraud", "the card was reported")
    return await lanes.run(tenant, RAISE_STOP, str(new_id()), asked)


async def resolve(lanes: Lanes, tenant: str, placed: Placed, raised) -> None:
    lifted = ResolveStop(placed.id, raised.stop_id, "it is fine")
    await lanes.run(tenant, RESOLVE_STOP, str(new_id()), lifted)


async def cancel(lanes: Lanes, tenant: str, placed: Placed, units: int) -> None:
    lines = [CancelLine(placed.lines[0].id, units)]
    asked = CancelUnits(order_id=placed.id, lines=lines, reason="too many")
    await lanes.run(tenant, CANCEL, str(new_id()), asked)


async def react(database: Database, tenant: str, name: str) -> int:
    (reaction,) = (r for r in fulfillment.REACTIONS if r.name == name)
    return await run_reaction(database, tenant, reaction)


async def print_labels(database: Database, tenant: str) -> None:
    runner = Runner(database, carriers.EFFECTS)
    await runner.start_due(tenant)
    await runner.drain()


async def released(database: Database, shop: str, lanes: Lanes, *lines: LineWish | str) -> Placed:
    placed = await place(lanes, shop, wish(*lines))
    await settle(database, shop)
    return placed


async def test_a_stop_calls_work_back_and_its_resolution_offers_it_anew(
    database: Database, shop: str, lanes: Lanes
):
    placed = await released(database, shop, lanes, TWO_MUGS)
    (work,) = await queue(database, shop)
    raised = await stop(lanes, shop, placed)
    (done,) = await pick(lanes, shop, work.id)
    assert done.gone
    shown = await view(database, shop, placed.id)
    assert (shown.status, buckets(shown)) == ("on_hold", {"MUG": {("allocated", "DC1"): 2}})
    await settle(database, shop)
    assert [w.state for w in await queue(database, shop)] == ["cancelled"]
    await assert_sound(database, shop)
    await resolve(lanes, shop, placed, raised)
    await settle(database, shop)
    (again,) = [w for w in await queue(database, shop) if w.state == "accepted"]
    await pick(lanes, shop, again.id)
    await pack(lanes, shop, again.id)
    await settle(database, shop)
    assert (await view(database, shop, placed.id)).status == "handed_over"
    await assert_sound(database, shop)


async def test_what_is_picked_is_not_packed_while_a_stop_is_open(
    database: Database, shop: str, lanes: Lanes
):
    placed = await released(database, shop, lanes, TWO_MUGS)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await stop(lanes, shop, placed)
    with pytest.raises(OutOfStep):
        await pack(lanes, shop, work.id)
    await settle(database, shop)
    await assert_sound(database, shop)


async def test_a_packed_parcel_stays_until_the_stop_is_resolved(
    database: Database, shop: str, lanes: Lanes
):
    placed = await released(database, shop, lanes, TWO_MUGS)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    raised = await stop(lanes, shop, placed)
    await settle(database, shop)
    (held,) = (await queue(database, shop))[0].parcels
    assert (held.state, bool(held.tracking_number)) == ("packed", True)
    assert (await view(database, shop, placed.id)).status == "on_hold"
    await resolve(lanes, shop, placed, raised)
    await settle(database, shop)
    assert (await view(database, shop, placed.id)).status == "handed_over"
    await assert_sound(database, shop)


async def test_a_transfer_to_a_store_stays_until_the_stop_is_resolved(
    database: Database, shop: str, lanes: Lanes
):
    line = LineWish(sku="LAMP", quantity=1, method="ship_to_store", store="S0001")
    placed = await released(database, shop, lanes, line)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    raised = await stop(lanes, shop, placed)
    await settle(database, shop)
    assert [w.state for w in await queue(database, shop)] == ["packed"]
    await resolve(lanes, shop, placed, raised)
    await settle(database, shop)
    assert [w.state for w in await queue(database, shop)] == ["in_transit"]
    await assert_sound(database, shop)


async def test_goods_put_aside_are_not_handed_out_while_a_stop_is_open(
    database: Database, shop: str, lanes: Lanes
):
    line = LineWish(sku="MUG", quantity=1, method="pickup", store="S0001")
    placed = await place(lanes, shop, wish(line, ship_to=None))
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        (work,) = (await works_by_order(tx, [placed.id]))[placed.id]
        await tx.execute("update fulfillment_order set state = 'accepted'")
    await pick(lanes, shop, work.id)
    raised = await stop(lanes, shop, placed)
    await settle(database, shop)
    asked = Collect(work.id, work.pickup_code or "")
    with pytest.raises(errors.HeldBack):
        await lanes.run(shop, COLLECT, str(new_id()), asked)
    await resolve(lanes, shop, placed, raised)
    await lanes.run(shop, COLLECT, str(new_id()), asked)
    assert (await view(database, shop, placed.id)).status == "handed_over"
    await assert_sound(database, shop)


async def test_a_stop_and_the_hands_at_work_never_both_win(
    database: Database, shop: str, lanes: Lanes
):
    placed = [await place(lanes, shop, wish("SPOON")) for _ in range(8)]
    await settle(database, shop)
    works = {work.order_id: work.id for work in await queue(database, shop)}
    for one in placed[4:]:
        await pick(lanes, shop, works[one.id])
    rival = Lanes(database)
    hands = [
        rival.submit(shop, PICK, _command(PickUnits([Pick(works[one.id])]))) for one in placed[:4]
    ] + [rival.submit(shop, PACK, _command(PackUnits([Pack(works[one.id])]))) for one in placed[4:]]
    stops = [stop(lanes, shop, one) for one in placed]
    await asyncio.gather(*hands, *stops)
    await rival.drain()
    await settle(database, shop)
    for one in placed:
        shown = buckets(await view(database, shop, one.id))["SPOON"]
        assert shown in ({("allocated", "DC1"): 1}, {("packed", "DC1"): 1})
    await assert_sound(database, shop)


def _command(body) -> Command:
    return Command(str(new_id()), SYSTEM, body)


async def test_a_stop_and_a_parcel_that_leaves_never_both_win(
    database: Database, shop: str, lanes: Lanes
):
    placed = [await place(lanes, shop, wish("SPOON")) for _ in range(6)]
    await settle(database, shop)
    works = [work.id for work in await queue(database, shop)]
    await pick(lanes, shop, *works)
    await pack(lanes, shop, *works)
    await print_labels(database, shop)
    raised = await asyncio.gather(
        react(database, shop, "fulfillment.follow_carriers"),
        *(lanes.submit(shop, RAISE_STOP, _stopping(one)) for one in placed),
    )
    await settle(database, shop)
    for one, answer in zip(placed, raised[1:], strict=True):
        status = (await view(database, shop, one.id)).status
        refused = isinstance(answer.outcome, Exception)
        assert status == ("handed_over" if refused else "on_hold")
    await assert_sound(database, shop)


def _stopping(placed: Placed) -> Command:
    return _command(RaiseStop(placed.id, "fraud", "the card was reported"))


async def test_a_parcel_partly_cancelled_before_its_label_came_goes_with_the_rest(
    database: Database, shop: str, lanes: Lanes
):
    placed = await released(database, shop, lanes, TWO_MUGS)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    await print_labels(database, shop)
    await cancel(lanes, shop, placed, 1)
    assert await react(database, shop, "fulfillment.follow_carriers") == 1
    assert [w.state for w in await queue(database, shop)] == ["packed"]
    await settle(database, shop)
    (left,) = await queue(database, shop)
    assert (left.state, left.parcels[0].state) == ("shipped", "shipped")
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["MUG"] == {("cancelled", ""): 1, ("handed_over", "DC1"): 1}
    assert shown.money.captured_minor == 600 + 395
    await assert_sound(database, shop)


async def test_a_parcel_wholly_cancelled_before_its_label_came_is_void(
    database: Database, shop: str, lanes: Lanes
):
    placed = await released(database, shop, lanes, TWO_MUGS)
    (work,) = await queue(database, shop)
    await pick(lanes, shop, work.id)
    await pack(lanes, shop, work.id)
    await print_labels(database, shop)
    await cancel(lanes, shop, placed, 2)
    await react(database, shop, "fulfillment.follow_carriers")
    await settle(database, shop)
    (left,) = await queue(database, shop)
    assert (left.state, left.parcels[0].state) == ("cancelled", "void")
    async with database.transaction(shop) as tx:
        assert await tx.fetchval("select state from carriers_label") == "voided"
    await assert_sound(database, shop)
