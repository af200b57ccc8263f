"""Which orders an associate sees: the same in the list, in the search and one by one."""

from uuid import UUID

from crosslane import locations, orders
from crosslane.orders import (
    CANCEL,
    CancelUnits,
    Failure,
    LineWish,
    NoSuchOrder,
    Placed,
    Stage,
    order_view,
)
from crosslane.orders.service.reading import list_orders, search
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.orders.test_changes import CAUSE, WHOLE_WAY, carry, run
from tests.orders.world import place, view, wish


async def seen_at(database: Database, shop: str, code: str, *placed: Placed) -> set[UUID]:
    """Return which orders an associate of a location sees; every way to look says the same."""
    async with database.transaction(shop, read_only=True) as tx:
        at = (await locations.network(tx)).by_code[code].id
    clerk = Actor("staff", "jo", frozenset({"orders:read"}), location_id=at)
    shown: set[UUID] = set()
    async with database.transaction(shop, actor=clerk, read_only=True) as tx:
        for one in placed:
            try:
                shown.add((await order_view(tx, one.number)).id)
            except NoSuchOrder:
                continue
        assert {one.id for one in await list_orders(tx, limit=50)} == shown
        assert set((await search(tx, "MUG", limit=50)).order_ids) == shown
    return shown


async def fail_all(database: Database, shop: str, placed: Placed, code: str) -> None:
    """Let a location find nothing of an order's only line, which is released there."""
    async with database.transaction(shop) as tx:
        short = Failure(
            order_id=placed.id,
            line_id=placed.lines[0].id,
            location_id=(await locations.network(tx)).by_code[code].id,
            stage=Stage.RELEASED,
            quantity=placed.lines[0].quantity,
            reason="short pick",
            cause=CAUSE,
            occurred_at=tx.now,
        )
        assert await orders.fail(tx, [short], "test") == [None]


async def test_a_location_sees_what_lies_there_was_sent_from_there_or_is_got_there(
    database: Database, shop: str, lanes: Lanes
):
    sent = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=1)))
    await carry(database, shop, await view(database, shop, sent.id), *WHOLE_WAY)
    failed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    shown = await view(database, shop, failed.id)
    await carry(database, shop, shown, Stage.ALLOCATED, Stage.RELEASED)
    assert await seen_at(database, shop, "DC1", sent, failed) == {sent.id, failed.id}
    await fail_all(database, shop, failed, "DC1")
    fetched = await place(
        lanes, shop, wish(LineWish(sku="MUG", quantity=1, method="pickup", store="S0001"))
    )
    gone = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=1)))
    await run(lanes, shop, CANCEL, CancelUnits(order_id=gone.id, reason="a mistake"))
    everything = (sent, failed, fetched, gone)
    assert await seen_at(database, shop, "DC1", *everything) == {sent.id}
    assert await seen_at(database, shop, "S0001", *everything) == {failed.id, fetched.id}
    assert await seen_at(database, shop, "DC2", *everything) == set()
