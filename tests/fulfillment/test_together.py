"""Hands that work at once share a transaction, and each of them answers for itself alone."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from crosslane import fulfillment
from crosslane.fulfillment import (
    ACCEPT,
    ARRIVE,
    COLLECT,
    PACK,
    Accept,
    Arrive,
    Collect,
    Signature,
    errors,
)
from crosslane.fulfillment.service.packing import Pack, PackUnits
from crosslane.fulfillment.service.working import PICK, Pick, PickUnits
from crosslane.kernel import new_id
from crosslane.orders import CANCEL, RAISE_STOP, CancelLine, CancelUnits, LineWish, RaiseStop
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import place, wish
from tests.soundness import assert_sound

NAMES = ("ann", "ben", "cem", "dag")
CEM = Signature("Cem Aydin", "M10 20L40 60L80 20")


def hand(name: str, body: object) -> Command:
    """What somebody asks for, by a request that is traced under their name."""
    return Command(str(new_id()), Actor("staff", name, frozenset({"*"})), body, name)


async def causes(database: Database, tenant: str, event: str) -> list[tuple[str, str]]:
    async with database.transaction(tenant) as tx:
        told = "select actor, trace from platform_log where kind = $1 order by id"
        return [tuple(row) for row in await tx.fetch(told, f"fulfillment.{event}")]


async def work_of_three(database: Database, shop: str, lanes: Lanes) -> Sequence[UUID]:
    for _ in range(3):
        await place(lanes, shop, wish("MUG"))
    await settle(database, shop)
    return [work.id for work in await queue(database, shop)]


async def test_those_who_pick(database: Database, shop: str, lanes: Lanes):
    first, second, third = await work_of_three(database, shop, lanes)
    async with database.transaction(shop) as tx:
        answers = await PICK.handle(
            tx,
            [hand("ann", PickUnits([Pick(first)])), hand("ben", PickUnits([Pick(second)]))],
        )
    assert [[done.fulfillment_order for done in answer] for answer in answers] == [
        [first], [second]
    ]  # fmt: skip
    assert await causes(database, shop, "UnitsPicked") == [
        ("staff:ann", "ann"), ("staff:ben", "ben")
    ]  # fmt: skip
    # Who may not is refused, and nobody else; who asks for the same comes later.
    stranger = Actor("staff", "x", frozenset({"*"}), location_id=new_id())
    batch = [
        Command("wrong", stranger, PickUnits([Pick(first)])),
        *(hand(name, PickUnits([Pick(third)])) for name in ("cem", "dag")),
    ]
    answers = await asyncio.gather(*(lanes.submit(shop, PICK, command) for command in batch))
    outcomes = [answer.outcome for answer in answers]
    assert isinstance(outcomes[0], errors.NoSuchFulfillmentOrder)
    assert [done.state for answer in outcomes[1:] for done in answer] == ["picked", "picked"]
    await assert_sound(database, shop)


async def test_those_who_pack(database: Database, shop: str, lanes: Lanes):
    first, second, third = await work_of_three(database, shop, lanes)
    await pick(lanes, shop, first, second, third)
    async with database.transaction(shop) as tx:
        answers = await PACK.handle(
            tx,
            [hand("ann", PackUnits([Pack(first)])), hand("ben", PackUnits([Pack(second)]))],
        )
    assert [[done.fulfillment_order for done in answer] for answer in answers] == [
        [first], [second]
    ]  # fmt: skip
    assert [len(done.parcels) for answer in answers for done in answer] == [1, 1]
    assert await causes(database, shop, "ParcelPacked") == [
        ("staff:ann", "ann"), ("staff:ben", "ben")
    ]  # fmt: skip
    async with database.transaction(shop) as tx:
        asked = "select trace from platform_effect where kind = 'carriers.label' order by 1"
        assert [row[0] for row in await tx.fetch(asked)] == ["ann", "ben"]
    # Of two who pack the same one has nothing left, and who packs something else does not mind.
    batch = [hand("cem", PackUnits([Pack(third)])), hand("dag", PackUnits([Pack(third)]))]
    again = hand("ann", PackUnits([Pack(first)]))
    answers = await asyncio.gather(*(lanes.submit(shop, PACK, one) for one in (again, *batch)))
    refused, packed, late = (answer.outcome for answer in answers)
    assert isinstance(refused, errors.NothingPicked)
    assert [done.state for done in packed] == ["packed"]
    assert isinstance(late, errors.NothingPicked)
    await settle(database, shop)
    assert {work.state for work in await queue(database, shop)} == {"shipped"}
    await assert_sound(database, shop)


async def test_those_who_give_out(database: Database, shop: str, lanes: Lanes):
    waiting = []
    for name in NAMES:
        pickup = LineWish(sku="MUG", quantity=1, method="pickup", store="S0001")
        placed = await place(lanes, shop, wish(pickup))
        await settle(database, shop)
        (work,) = await queue(database, shop, order_id=placed.id)
        await lanes.run(shop, ACCEPT, name, Accept([work.id]))
        await pick(lanes, shop, work.id)
        waiting.append(work.id)
    stop = RaiseStop(placed.id, "fraud", "looks odd")
    await lanes.run(shop, RAISE_STOP, "stop", stop)
    async with database.transaction(shop) as tx:
        code = await tx.fetchval(
            "select pickup_code from fulfillment_order where id = $1", waiting[0]
        )
        wishes = (
            Collect(waiting[0], code),
            Collect(waiting[1], "no"),
            Collect(waiting[2], signature=CEM),
            Collect(waiting[3], signature=CEM),
        )
        given, wrong, signed, stopped = await COLLECT.handle(
            tx, [hand(name, wish) for name, wish in zip(NAMES, wishes, strict=True)]
        )
    assert (given.fulfillment_order, given.state) == (waiting[0], "collected")
    assert isinstance(wrong, errors.WrongPickupCode)
    assert (signed.fulfillment_order, signed.state) == (waiting[2], "collected")
    assert isinstance(stopped, errors.HeldBack)
    assert await causes(database, shop, "PickupCollected") == [
        ("staff:ann", "ann"), ("staff:cem", "cem")
    ]  # fmt: skip
    async with database.transaction(shop) as tx:
        proofs = [await fulfillment.proof_of(tx, work_id) for work_id in waiting]
    assert [proof and proof.name for proof in proofs] == [None, None, "Cem Aydin", None]
    states = {work.id: work.state for work in await queue(database, shop)}
    assert [states.get(work_id) for work_id in waiting] == [
        "collected", "ready", "collected", "ready"
    ]  # fmt: skip
    # Of two who collect the same the second comes too late.
    again = [hand(name, Collect(waiting[1], signature=CEM)) for name in ("ann", "ben")]
    answers = await asyncio.gather(*(lanes.submit(shop, COLLECT, one) for one in again))
    outcomes = [answer.outcome for answer in answers]
    assert outcomes[0].state == "collected"
    assert isinstance(outcomes[1], errors.NotInState)
    await assert_sound(database, shop)


async def test_those_who_receive_parcels_of_other_places(
    database: Database, shop: str, lanes: Lanes
):
    coming = []
    for units in (5, 5):
        line = LineWish(sku="MUG", quantity=units, method="ship_to_store", store="S0001")
        placed = await place(lanes, shop, wish(line, ship_to=None))
        await settle(database, shop)
        (work,) = await queue(database, shop, order_id=placed.id)
        await pick(lanes, shop, work.id)
        await pack(lanes, shop, work.id)
        coming.append(work.id)
    await settle(database, shop)
    lines = [CancelLine(placed.lines[0].id, 1)]
    gone = CancelUnits(order_id=placed.id, lines=lines, reason="changed mind")
    await lanes.run(shop, CANCEL, "fewer", gone)
    await settle(database, shop)
    async with database.transaction(shop) as tx:
        answers = await ARRIVE.handle(
            tx, [hand(name, Arrive(work)) for name, work in zip(NAMES, coming, strict=False)]
        )
    assert [(one.fulfillment_order, one.state, one.open_units) for one in answers] == [
        (coming[0], "arrived", 0), (coming[1], "arrived", 1)
    ]  # fmt: skip
    for event in ("TransferArrived", "PickupReady"):
        assert await causes(database, shop, event) == [("staff:ann", "ann"), ("staff:ben", "ben")]
    waiting = await queue(database, shop, state="ready")
    assert sorted(work.id for work in waiting) == sorted(one.pickup for one in answers)
    assert sorted(line.quantity for work in waiting for line in work.lines) == [4, 5]
    # Received again by two at once: nothing is on its way any more, for either.
    again = [hand(name, Arrive(coming[0])) for name in ("cem", "dag")]
    told = await asyncio.gather(*(lanes.submit(shop, ARRIVE, one) for one in again))
    assert all(isinstance(one.outcome, errors.NothingInTransit) for one in told)
    await settle(database, shop)
    await assert_sound(database, shop)
