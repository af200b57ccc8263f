"""Open orders are decided anew together: cheaper, never later, and nothing is lost on the way."""

import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from crosslane import sourcing
from crosslane.kernel import Refusal, new_id
from crosslane.orders import (
    CANCEL,
    RAISE_STOP,
    REOPTIMISE,
    CancelUnits,
    LineWish,
    RaiseStop,
    Reoptimise,
)
from crosslane.orders.domain.reoptimising import Change, Reoptimised
from crosslane.orders.service import reoptimising
from crosslane.orders.service.reoptimised import serve_otherwise
from crosslane.orders.service.sheet import Doing
from crosslane.organization import Scope, SetPolicy, register_policies, set_policy
from crosslane.platform import facts
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import EffectKind, Runner
from crosslane.platform.lane import Lanes
from tests.orders.world import LONG_AGO, buckets, place, stock_up, view, wish
from tests.soundness import assert_sound

register_policies(sourcing.POLICIES)


class Book:
    """Orders that are held back, and what deciding them anew does to them."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes) -> None:
        self.database, self.tenant, self.lanes = database, tenant, lanes

    async def held(self, *lines: LineWish | str) -> UUID:
        """Place an order and hold it back."""
        placed = await place(self.lanes, self.tenant, wish(*lines))
        stop = RaiseStop(placed.id, "manual", "to be looked at")
        await self.lanes.run(self.tenant, RAISE_STOP, str(new_id()), stop)
        return placed.id

    async def ask(self) -> Reoptimised:
        return await self.lanes.run(self.tenant, REOPTIMISE, str(new_id()), Reoptimise(seconds=5))

    async def work(self, *kinds: EffectKind) -> None:
        runner = Runner(self.database, kinds or (reoptimising.DECIDE, reoptimising.MOVE))
        while await runner.start_due(self.tenant):
            await runner.drain()

    async def came_to(self, run: Reoptimised) -> Reoptimised:
        async with self.database.transaction(self.tenant) as tx:
            return await reoptimising.find_run(tx, run.id)

    async def where(self, order_id: UUID) -> dict[str, dict[tuple[str, str], int]]:
        return buckets(await view(self.database, self.tenant, order_id))

    async def promised(self, order_id: UUID) -> list:
        shown = await view(self.database, self.tenant, order_id)
        return [line.promised_at for line in shown.lines]

    async def receipts(self, order_id: UUID) -> list[sourcing.Receipt]:
        async with self.database.transaction(self.tenant) as tx:
            kept = await sourcing.receipts_of_order(tx, order_id, limit=10)
        return [one.receipt for one in kept]


@pytest.fixture
async def book(database: Database, shop: str, lanes: Lanes) -> Book:
    """A shop where the nearest mug lies beside the only lamps, once."""
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("MUG", "DC2"): 1})
    return Book(database, shop, lanes)


async def crossed(book: Book) -> tuple[UUID, UUID]:
    """An order took the mug that the next one needs beside its lamp."""
    first = await book.held("MUG")
    second = await book.held("MUG", "LAMP")
    assert await book.where(first) == {"MUG": {("allocated", "DC2"): 1}}
    assert len({at for units in (await book.where(second)).values() for at in units}) == 2
    return first, second


async def test_orders_change_places_where_that_is_cheaper(book: Book):
    first, second = await crossed(book)
    told = await book.promised(first), await book.promised(second)
    run = await book.ask()
    await book.work()
    came_to = await book.came_to(run)
    assert (came_to.state, came_to.decided, came_to.changed, came_to.moved) == ("done", 2, 2, 2)
    assert came_to.bound_milli <= came_to.after_milli < came_to.before_milli
    assert ("allocated", "DC2") not in (await book.where(first))["MUG"]
    assert await book.where(second) == {
        "MUG": {("allocated", "DC2"): 1},
        "LAMP": {("allocated", "DC2"): 1},
    }
    assert (await book.promised(first), await book.promised(second)) == told
    await assert_sound(book.database, book.tenant)


async def test_receipts_tell_what_it_cost_before_and_replay(book: Book):
    first, second = await crossed(book)
    run = await book.ask()
    await book.work()
    saved = 0
    for order_id in (first, second):
        placed, anew = await book.receipts(order_id)
        assert placed.before_milli is None
        assert anew.before_milli == placed.plan.cost_milli
        assert sourcing.replay(anew).encode() == anew.encode()
        assert "reoptimised" in {group.rule for group in anew.dropped}
        saved += placed.plan.cost_milli - anew.plan.cost_milli
    came_to = await book.came_to(run)
    assert came_to.before_milli - came_to.after_milli == saved


async def test_an_order_that_changed_meanwhile_is_left_alone_and_so_is_who_needs_its_units(
    book: Book,
):
    first, second = await crossed(book)
    run = await book.ask()
    await book.work(reoptimising.DECIDE)
    assert (await book.came_to(run)).state == "decided"
    await book.lanes.run(
        book.tenant, CANCEL, str(new_id()), CancelUnits(order_id=second, reason="not wanted")
    )
    await book.work(reoptimising.MOVE)
    came_to = await book.came_to(run)
    assert (came_to.state, came_to.moved + came_to.left_alone) == ("done", 2)
    assert came_to.left_alone >= 1
    assert await book.where(second) == {
        "MUG": {("cancelled", ""): 1},
        "LAMP": {("cancelled", ""): 1},
    }
    assert sum(sum(units.values()) for units in (await book.where(first)).values()) == 1
    await assert_sound(book.database, book.tenant)


async def test_units_that_went_to_somebody_else_meanwhile_are_not_promised_twice(book: Book):
    await crossed(book)
    run = await book.ask()
    await book.work(reoptimising.DECIDE)
    # All mugs that lay free are sold, so the first order has nowhere to go.
    await place(book.lanes, book.tenant, wish(LineWish(sku="MUG", quantity=13)))
    await book.work(reoptimising.MOVE)
    came_to = await book.came_to(run)
    assert came_to.state == "done"
    await assert_sound(book.database, book.tenant)


async def test_nobody_is_served_later_than_was_told(book: Book):
    first, second = await crossed(book)
    async with book.database.transaction(book.tenant) as tx:
        # From now on only one place sends anything before the day that was told.
        await tx.execute(
            "update locations_location set parcels_per_day = 0 where code in ('DC1', 'S0001')"
        )
        await facts.touch(tx, "locations")
    told = await book.promised(first), await book.promised(second)
    before = await book.where(first), await book.where(second)
    run = await book.ask()
    await book.work()
    came_to = await book.came_to(run)
    assert (came_to.state, came_to.moved) == ("done", 0)
    assert (await book.where(first), await book.where(second)) == before
    assert (await book.promised(first), await book.promised(second)) == told


async def test_a_batch_that_fails_at_its_end_has_done_nothing_and_is_done_once_later(
    book: Book, monkeypatch: pytest.MonkeyPatch
):
    first, second = await crossed(book)
    before = await book.where(first), await book.where(second)
    run = await book.ask()
    await book.work(reoptimising.DECIDE)

    async def fails(*given: object) -> None:
        raise RuntimeError("the end")

    with monkeypatch.context() as broken:
        broken.setattr("crosslane.orders.storage.reoptimising.count_moved", fails)
        await book.work(reoptimising.MOVE)
    assert (await book.where(first), await book.where(second)) == before
    async with book.database.transaction(book.tenant) as tx:
        await tx.execute(
            "update platform_effect set due_at = now() where kind = $1", reoptimising.MOVE_KIND
        )
    await book.work(reoptimising.MOVE)
    assert (await book.came_to(run)).moved == 2
    assert len(await book.receipts(first)) == 2
    await assert_sound(book.database, book.tenant)


async def test_batches_are_made_one_after_the_other_each_in_a_transaction_of_its_own(
    book: Book, monkeypatch: pytest.MonkeyPatch
):
    await crossed(book)
    transactions: list[int] = []

    async def watched(tx: Tx, changes: Sequence[Change], doing: Doing) -> int:
        transactions.append(await tx.fetchval("select pg_current_xact_id()::text::bigint"))
        return await serve_otherwise(tx, changes, doing)

    monkeypatch.setattr(reoptimising, "MOVED_AT_ONCE_MAX", 1)
    monkeypatch.setattr(reoptimising, "serve_otherwise", watched)
    run = await book.ask()
    await book.work()
    came_to = await book.came_to(run)
    assert (came_to.state, came_to.moved, came_to.left_alone) == ("done", 2, 0)
    assert len(transactions) == len(set(transactions)) == 2
    await assert_sound(book.database, book.tenant)


async def test_the_clock_begins_a_run_only_when_the_policy_says_so(book: Book):
    await crossed(book)
    async with book.database.transaction(book.tenant) as tx:
        await reoptimising.reoptimise_by_clock(tx)
        assert await tx.fetchval("select count(*) from orders_reoptimisation") == 0
        value = {"every_minutes": 15, "orders": 100, "seconds": 3}
        scope = Scope("tenant", "")
        await set_policy(tx, SetPolicy("sourcing.reoptimisation", value, "try it", scope, LONG_AGO))
    for _ in range(2):
        async with book.database.transaction(book.tenant) as tx:
            await reoptimising.reoptimise_by_clock(tx)
    await book.work()
    async with book.database.transaction(book.tenant) as tx:
        (row,) = await tx.fetch("select state, moved, seconds from orders_reoptimisation")
        assert dict(row) == {"state": "done", "moved": 2, "seconds": 3}
        await tx.execute(
            "update orders_reoptimisation set asked_at = asked_at - $1::interval",
            timedelta(minutes=15),
        )
    async with book.database.transaction(book.tenant) as tx:
        await reoptimising.reoptimise_by_clock(tx)
        assert await tx.fetchval("select count(*) from orders_reoptimisation") == 2


@pytest.mark.parametrize(("saving_minor", "moved"), [(100_000, 0), (0, 2)])
async def test_orders_stay_where_a_change_saves_less_than_the_policy_asks(
    book: Book, saving_minor: int, moved: int
):
    await crossed(book)
    async with book.database.transaction(book.tenant) as tx:
        asked = SetPolicy(
            "sourcing.reoptimisation",
            {"saving_minor": saving_minor},
            "try it",
            Scope("tenant", ""),
            LONG_AGO,
        )
        await set_policy(tx, asked)
    run = await book.ask()
    await book.work()
    came_to = await book.came_to(run)
    assert (came_to.state, came_to.changed, came_to.moved) == ("done", moved, moved)


async def test_many_orders_keep_all_that_they_have(book: Book):
    draw = random.Random(3)  # noqa: S311
    async with book.database.transaction(book.tenant) as tx:
        await stock_up(
            tx,
            {
                ("MUG", "DC2"): 6,
                ("LAMP", "DC1"): 3,
                ("LAMP", "S0001"): 4,
                ("SPOON", "DC2"): 8,
                ("SPOON", "S0001"): 6,
            },
        )
    orders = []
    for _ in range(14):
        skus = draw.sample(["MUG", "LAMP", "SPOON"], draw.randint(1, 3))
        lines = [LineWish(sku=sku, quantity=draw.randint(1, 2)) for sku in skus]
        try:
            orders.append(await book.held(*lines))
        except Refusal:
            continue
    before = [await book.where(order_id) for order_id in orders]
    told = [await book.promised(order_id) for order_id in orders]
    run = await book.ask()
    await book.work()
    came_to = await book.came_to(run)
    assert came_to.state == "done"
    assert came_to.left_alone == 0
    assert came_to.bound_milli <= came_to.after_milli <= came_to.before_milli
    for order_id, units, dates in zip(orders, before, told, strict=True):
        now = await book.where(order_id)
        assert {sku: sum(at.values()) for sku, at in now.items()} == {
            sku: sum(at.values()) for sku, at in units.items()
        }
        assert await book.promised(order_id) == dates
    await assert_sound(book.database, book.tenant)
