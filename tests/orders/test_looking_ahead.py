"""A store whose own customers want its stock keeps it for them; the web's orders come from afar."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from crosslane import inventory, sourcing
from crosslane.kernel import new_id
from crosslane.locations import CLOSE, network
from crosslane.orders import PLACE, LineWish
from crosslane.organization import SetPolicy, register_policies, set_policy
from crosslane.platform import facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from crosslane.sourcing import explain, receipts_of_order, replay
from crosslane.sourcing.fields.outlook import SMALLEST, answer_to
from tests.orders.test_statements import STATEMENTS_MAX, Counted, counted
from tests.orders.world import place, stock_up, wish
from tests.soundness import assert_sound

__all__ = ["counted"]

register_policies(sourcing.POLICIES)

MUG = LineWish(sku="MUG", quantity=1)
CARRIED = LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001")
ORDERS, SALES = 40, 30
STORE_UNITS = 20


@pytest.fixture
async def busy(database: Database, lanes: Lanes, shop: str) -> str:
    """Sending from the store costs no work; its own customers buy much of what the web buys."""
    # Compiles what was never compiled here, which on a busy machine takes longer than an estimate
    # may.
    answer_to(SMALLEST)
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update locations_location set handling_parcel_minor = 0 where code = 'S0001'"
        )
        await facts.touch(tx, "locations")
        await stock_up(tx, {("MUG", "DC1"): 5_000, ("MUG", "S0001"): SALES + ORDERS})
    asked = [wish(MUG) for _ in range(ORDERS)]
    asked += [wish(CARRIED, channel="till") for _ in range(SALES)]
    commands = [Command(str(new_id()), SYSTEM, each) for each in asked]
    answers = await asyncio.gather(*(lanes.submit(shop, PLACE, each) for each in commands))
    assert all(answer.outcome.lines for answer in answers)
    await leave(database, shop, STORE_UNITS)
    return shop


async def leave(database: Database, shop: str, units: int) -> None:
    """Let the store have so many mugs to sell."""
    async with database.transaction(shop) as tx:
        store = (await network(tx)).require("S0001")
        mug = await tx.fetchval("select id from catalog_variant where sku = 'MUG'")
        free = (await inventory.survey(tx, [mug])).available(mug, store.id)
        cause = inventory.Cause("test", new_id(), new_id())
        await inventory.adjust(
            tx,
            [
                inventory.Adjustment(
                    variant_id=mug,
                    location_id=store.id,
                    delta=units - free,
                    code="found",
                    cause=cause,
                )
            ],
        )


async def estimate(database: Database, shop: str) -> sourcing.PriceRun:
    """What the worker does, by hand."""
    async with database.transaction(shop, read_only=True) as tx:
        days = await sourcing.last_days(tx)
    assert days is not None
    estimated = await sourcing.estimate(days)
    async with database.transaction(shop) as tx:
        return await sourcing.publish(tx, estimated)


async def sender(database: Database, lanes: Lanes, shop: str, **given: Any) -> str:
    """Place a web order and return the code of the place that sends it."""
    placed = await place(lanes, shop, wish(MUG, **given))
    async with database.transaction(shop) as tx:
        (kept,) = await receipts_of_order(tx, placed.id, limit=9)
    (given_by,) = kept.receipt.plan.assignments
    return given_by.place


async def by_the_clock(database: Database, shop: str) -> None:
    """Run what is due, as a worker does."""
    async with database.transaction(shop) as tx:
        await sourcing.SCHEDULES[0].run(tx)
    runner = Runner(database, sourcing.EFFECTS)
    while await runner.start_due(shop):
        await runner.drain()


async def test_the_worker_prices_stock_and_the_web_is_served_from_the_warehouse(
    database: Database, lanes: Lanes, busy: str
):
    assert await sender(database, lanes, busy) == "S0001"
    await by_the_clock(database, busy)
    async with database.transaction(busy) as tx:
        shown = await sourcing.show_prices(tx, "MUG")
    assert shown.run is not None
    assert (shown.used, shown.run.scale_percent) == (True, 50)
    assert (shown.run.orders, shown.run.counter_units) == (ORDERS + 1, SALES)
    assert shown.run.half_milli < shown.run.myopic_milli
    assert [price.location for price in shown.scarcity] == ["S0001"]
    placed = await place(lanes, busy, wish(MUG))
    async with database.transaction(busy) as tx:
        (kept,) = await receipts_of_order(tx, placed.id, limit=9)
    receipt = kept.receipt
    assert [given.place for given in receipt.plan.assignments] == ["DC1"]
    # The prices that were used are kept with the decision, which is the same again.
    used = {c.place: c.scarcity_milli for line in receipt.problem.lines for c in line.candidates}
    assert used["S0001"] == shown.scarcity[0].scarcity_milli > used["DC1"] == 0
    assert replay(receipt).encode() == receipt.encode()
    told = explain(receipt)
    assert told.myopic is not None
    assert [given.place for given in told.myopic.assignments] == ["S0001"]
    assert any("S0001" in sentence and "MUG" in sentence for sentence in told.looking_ahead)
    # It is not time yet: nothing is estimated again.
    await by_the_clock(database, busy)
    async with database.transaction(busy) as tx:
        assert await tx.fetchval("select count(*) from sourcing_price_run") == 1
    await assert_sound(database, busy)


async def test_prices_that_are_old_or_switched_off_are_not_used(
    database: Database, lanes: Lanes, busy: str
):
    run = await estimate(database, busy)
    assert run.valid_until == run.at + timedelta(hours=6)
    assert await sender(database, lanes, busy) == "DC1"
    async with database.transaction(busy) as tx:
        await switch(tx, on=False)
    assert await sender(database, lanes, busy) == "S0001"
    async with database.transaction(busy) as tx:
        await switch(tx, on=True)
    assert await sender(database, lanes, busy) == "DC1"
    async with database.transaction(busy) as tx:
        await tx.execute("update sourcing_price_run set valid_until = now()")
        await facts.touch(tx, "sourcing.prices")
    assert await sender(database, lanes, busy) == "S0001"
    async with database.transaction(busy) as tx:
        assert not (await sourcing.show_prices(tx)).used


async def test_when_demand_has_drifted_away_prices_fall_back(
    database: Database, lanes: Lanes, busy: str
):
    await estimate(database, busy)
    # Nothing is scarce any more.
    await leave(database, busy, 5_000)
    run = await estimate(database, busy)
    assert run.scale_percent == 0
    assert await sender(database, lanes, busy) == "S0001"
    await assert_sound(database, busy)


async def test_placing_under_prices_costs_no_statement_more(
    database: Database, busy: str, counted: Counted
):
    await estimate(database, busy)
    await counted.place(busy, "first")
    for size in (1, 8):
        used = await counted.place(busy, *(f"{size}-{n}" for n in range(size)))
        assert used <= STATEMENTS_MAX, counted.sent


async def test_without_orders_nothing_is_estimated(database: Database, lanes: Lanes, shop: str):
    await by_the_clock(database, shop)
    async with database.transaction(shop) as tx:
        # Not even asked for: who is idle costs nothing.
        assert not await tx.fetchval("select exists (select from platform_effect)")
        assert await sourcing.last_days(tx) is None
        assert (await sourcing.show_prices(tx)).run is None
    assert await sender(database, lanes, shop) == "DC1"


@pytest.mark.parametrize("what", ["stock", "place"])
async def test_what_no_price_was_made_for_has_them_estimated_soon(
    database: Database, lanes: Lanes, busy: str, what: str
):
    await hear(database, busy)
    await estimate(database, busy)
    assert await sender(database, lanes, busy) == "DC1"
    await hear(database, busy)
    # Orders and sales are what prices are made for.
    assert not await asked_for(database, busy)
    if what == "stock":
        # Nothing is scarce any more, in two steps.
        await leave(database, busy, 100)
        await leave(database, busy, 5_000)
    else:
        closure = CLOSE.body(code="DC1", reason="flood", since=None, until=None)
        await lanes.submit(busy, CLOSE, Command(str(new_id()), SYSTEM, closure))
    await hear(database, busy)
    # Once for all that happens in one span, when it ends.
    (due_in,) = await asked_for(database, busy)
    assert timedelta(0) < due_in <= timedelta(minutes=15)
    async with database.transaction(busy) as tx:
        await tx.execute("update platform_effect set due_at = now()")
    runner = Runner(database, sourcing.EFFECTS)
    while await runner.start_due(busy):
        await runner.drain()
    async with database.transaction(busy) as tx:
        assert await tx.fetchval("select count(*) from sourcing_price_run") == 2
    if what == "stock":
        assert await sender(database, lanes, busy) == "S0001"


async def test_nothing_is_estimated_soon_where_the_clock_is_enough(database: Database, busy: str):
    await leave(database, busy, 100)
    await hear(database, busy)
    assert not await asked_for(database, busy)  # there are no prices to correct
    await estimate(database, busy)
    async with database.transaction(busy) as tx:
        await set_policy(tx, SetPolicy("sourcing.prices", {"gather_minutes": 0}, "tried out"))
    await leave(database, busy, 5_000)
    await hear(database, busy)
    assert not await asked_for(database, busy)


async def hear(database: Database, shop: str) -> None:
    """Read the log as a worker does."""
    for reaction in sourcing.REACTIONS:
        while await run_reaction(database, shop, reaction):
            pass


async def asked_for(database: Database, shop: str) -> list[timedelta]:
    """Return in how long prices will be estimated, for each time that is asked for."""
    async with database.transaction(shop) as tx:
        rows = await tx.fetch(
            "select due_at - now() as due_in from platform_effect where kind = $1",
            sourcing.ESTIMATE.name,
        )
    return [row["due_in"] for row in rows]


async def switch(tx: Tx, *, on: bool) -> None:
    await set_policy(tx, SetPolicy("sourcing.prices", {"on": on}, "tried out"))
