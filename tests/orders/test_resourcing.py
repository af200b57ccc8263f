"""Looking anew where an order comes from: nothing gets worse by it, and it can be tried first."""

from uuid import UUID

import pytest

from crosslane import locations, orders
from crosslane.kernel import new_id
from crosslane.orders import (
    CANCEL,
    RAISE_STOP,
    RESOURCE,
    CancelUnits,
    Failure,
    LineWish,
    OrderView,
    RaiseStop,
    Resource,
    Stage,
    errors,
    order_view,
)
from crosslane.platform import audit, log
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, Lanes
from tests.orders.test_changes import CAUSE, run
from tests.orders.world import place, view, wish
from tests.soundness import assert_sound

AGENT = Actor("staff", "4711", role="agent", permissions=frozenset({"*"}))


async def held(lanes: Lanes, tenant: str, sku: str, quantity: int) -> UUID:
    """Place an order that a stop keeps from being released."""
    placed = await place(lanes, tenant, wish(LineWish(sku=sku, quantity=quantity)))
    await run(lanes, tenant, RAISE_STOP, RaiseStop(placed.id, "manual", "wait for a call"))
    return placed.id


def places(shown: OrderView) -> dict[str, int]:
    return {b.location: b.quantity for line in shown.lines for b in line.buckets if b.quantity}


async def test_an_order_goes_to_a_place_that_can_send_it_cheaper_now(
    database: Database, shop: str, lanes: Lanes
):
    earlier = await held(lanes, shop, "MUG", 8)
    order_id = await held(lanes, shop, "MUG", 3)
    assert places(await view(database, shop, order_id)) == {"S0001": 3}
    await run(lanes, shop, CANCEL, CancelUnits(order_id=earlier, reason="ordered twice"))
    before = await view(database, shop, order_id)
    asked = Resource(order_id=order_id, reason="the other is off", version=before.version)

    async def look(tx: Tx) -> dict[str, int]:
        return places(await order_view(tx, str(order_id)))

    told = await lanes.preview(shop, RESOURCE, Command("k", AGENT, asked), look)
    assert (told.before, told.after) == ({"S0001": 3}, {"DC1": 3})
    # Trying it out has changed nothing.
    assert (await view(database, shop, order_id)) == before
    answer = await lanes.submit(shop, RESOURCE, Command("k", AGENT, asked))
    after = await view(database, shop, order_id)
    assert places(after) == told.after
    assert answer.outcome.allocated == 3
    assert [line.promised_at for line in after.lines] == [line.promised_at for line in before.lines]
    assert (after.amendments[-1].kind, after.amendments[-1].reason) == (
        "resource",
        "the other is off",
    )
    await assert_sound(database, shop)
    async with database.transaction(shop) as tx:
        [row] = await audit.list_entries(tx, subject=f"order:{order_id}")
        assert (row.action, row.actor) == ("orders.resource", str(AGENT))
        [latest, *_] = await log.histories(tx, [f"order:{order_id}", "order:none"], limit=5)
        assert latest.subject == f"order:{order_id}"


async def test_a_location_that_failed_is_asked_again_only_when_it_is_forgiven(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=1)))
    shown = await view(database, shop, placed.id)
    [line] = shown.lines
    async with database.transaction(shop) as tx:
        await orders.release(tx, [placed.id], CAUSE, "test")
        failure = Failure(
            order_id=placed.id,
            line_id=line.id,
            location_id=(await locations.network(tx)).require("DC2").id,
            stage=Stage.RELEASED,
            quantity=1,
            reason="rejected",
            cause=CAUSE,
            occurred_at=tx.now,
        )
        assert await orders.fail(tx, [failure], "test") == [None]
    shown = await view(database, shop, placed.id)
    assert [b.stage for b in shown.lines[0].buckets if b.quantity] == ["backordered"]
    asked = Resource(order_id=placed.id, reason="they have it after all")
    answer = await run(lanes, shop, RESOURCE, asked)
    assert (answer.allocated, answer.waiting) == (0, 1)
    asked = Resource(order_id=placed.id, forgive=True, reason="they have it after all")
    answer = await run(lanes, shop, RESOURCE, asked)
    assert (answer.allocated, answer.waiting) == (1, 0)
    assert places(await view(database, shop, placed.id)) == {"DC2": 1}
    await assert_sound(database, shop)


async def test_what_is_worked_on_or_changed_meanwhile_is_left_alone(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish("MUG"))
    with pytest.raises(errors.OrderChanged):
        asked = Resource(order_id=placed.id, reason="try", version=99)
        await run(lanes, shop, RESOURCE, asked)
    async with database.transaction(shop) as tx:
        await orders.release(tx, [placed.id], CAUSE, "test")
    with pytest.raises(errors.NothingToResource):
        await run(lanes, shop, RESOURCE, Resource(order_id=placed.id, reason="try"))
    with pytest.raises(errors.NoSuchOrder):
        await run(lanes, shop, RESOURCE, Resource(order_id=new_id(), reason="try"))
