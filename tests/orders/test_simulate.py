"""Real orders decided again: the same without a change, and as reality would be with one."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from crosslane import locations, sourcing
from crosslane.kernel import Refusal, new_id
from crosslane.locations import CLOSE
from crosslane.orders import (
    CANCEL,
    CancelUnits,
    Failure,
    LineWish,
    PlaceOrder,
    Stage,
    fail,
    release,
    requests_of,
    units_let_go,
)
from crosslane.platform import facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, Lanes
from crosslane.sourcing import Comparison, PlacesUnknown, SettingsRefused, Trial
from tests.orders.world import LONG_AGO, found_retailer, place, set_policy, stock_up, wish
from tests.tenancy import Tenants

SKUS = ("MUG", "LAMP", "SPOON")
PLACES = ("DC1", "DC2", "S0001")
SEED = 8
# A Wednesday before the cut-off.
MORNING = datetime(2026, 1, 7, 10, tzinfo=UTC)


async def compared(database: Database, tenant: str, **otherwise: Any) -> Comparison:
    """Decide everything again."""

    def opened() -> AbstractAsyncContextManager[Tx]:
        return database.transaction(tenant, read_only=True)

    async with opened() as tx:
        now = tx.now
    return await sourcing.simulate(
        opened,
        Trial(**otherwise),
        since=now - timedelta(days=7),
        until=now + timedelta(minutes=1),
        requests_of=requests_of,
        units_let_go=units_let_go,
    )


def wishes(seed: int, many: int) -> list[PlaceOrder]:
    """Orders that want more than there is."""
    draw = random.Random(seed)  # noqa: S311
    return [
        wish(
            *(
                LineWish(sku=sku, quantity=draw.randint(1, 3))
                for sku in draw.sample(SKUS, draw.randint(1, 3))
            ),
            placed_at=MORNING,
        )
        for _ in range(many)
    ]


def stock(seed: int) -> dict[tuple[str, str], int]:
    """A few units of everything here and there."""
    draw = random.Random(seed)  # noqa: S311
    return {(sku, place): draw.randint(1, 9) for sku in SKUS for place in PLACES}


async def close(database: Database, lanes: Lanes, tenant: str) -> None:
    """Let the first warehouse be closed."""
    closure = CLOSE.body(code="DC1", reason="flood", since=LONG_AGO, until=None)
    await lanes.run(tenant, CLOSE, str(new_id()), closure)


async def make_dear(database: Database, lanes: Lanes, tenant: str) -> None:
    """Let a parcel of the first warehouse be the dearest."""
    await _set_at_first(database, tenant, "handling_parcel_minor = 500")


async def limit(database: Database, lanes: Lanes, tenant: str) -> None:
    """Let the first warehouse send three parcels a day."""
    await _set_at_first(database, tenant, "parcels_per_day = 3")


async def _set_at_first(database: Database, tenant: str, what: str) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute(f"update locations_location set {what} where code = 'DC1'")  # noqa: S608
        await facts.touch(tx, "locations")


REALITIES: list[tuple[Any, dict[str, Any]]] = [
    (close, {"closed": frozenset({"DC1"})}),
    (make_dear, {"parcel_milli": {"DC1": 500_000}}),
    (limit, {"parcels_per_day": {"DC1": 3}}),
]


async def units_of(database: Database, tenant: str, order_id: UUID) -> dict[str, dict[str, int]]:
    """What the decisions on an order placed, by SKU and location."""
    found: dict[str, dict[str, int]] = {}
    async with database.transaction(tenant, read_only=True) as tx:
        for kept in await sourcing.receipts_of_order(tx, order_id, limit=50):
            skus = {line.key: line.sku for line in kept.receipt.problem.lines}
            for given in kept.receipt.plan.assignments:
                here = found.setdefault(skus[given.line], {})
                here[given.place] = here.get(given.place, 0) + given.quantity
    return found


@pytest.fixture
async def twin(database: Database, tenants: Tenants) -> AsyncIterator[str]:
    """A second tenant with the same retailer."""
    name = await tenants.take()
    await found_retailer(database, name)
    yield name
    await tenants.give_back(name)


async def test_without_a_change_nothing_differs(database: Database, shop: str, lanes: Lanes):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "S0001"): 3, ("MUG", "DC2"): 2})
        await set_policy(tx, "orders.intake", {"backdating": True}, "web")
    # At once and by several lanes, so that some lose the stock they were planned on.
    sides = [Lanes(database) for _ in range(3)]
    placed = await asyncio.gather(
        *(place(sides[n % 3], shop, asked) for n, asked in enumerate(wishes(1, 30))),
        return_exceptions=True,
    )
    done = [each for each in placed if not isinstance(each, BaseException)]
    assert len(done) > 20
    assert all(isinstance(each, Refusal) for each in placed if isinstance(each, BaseException))
    for each in done[::4]:
        await lanes.run(shop, CANCEL, str(new_id()), CancelUnits(order_id=each.id, reason="no"))
    for asked in wishes(2, 10):
        await place(lanes, shop, asked)
    found = await compared(database, shop)
    assert found.is_empty
    assert found.decisions >= len(done)
    assert found.recorded == found.simulated
    assert all(each.recorded == each.simulated for each in found.locations)
    assert found.recorded.unfilled_units > 0
    assert found.overdrawn_units == 0


@pytest.mark.parametrize(("makes_real", "otherwise"), REALITIES)
async def test_a_run_comes_to_what_reality_would_have_come_to(
    database: Database,
    shop: str,
    twin: str,
    lanes: Lanes,
    makes_real: Any,
    otherwise: dict[str, Any],
):
    """The same orders are placed twice, once with the change in force from the beginning."""
    for tenant in (shop, twin):
        async with database.transaction(tenant) as tx:
            await stock_up(tx, stock(SEED))
            await set_policy(tx, "orders.intake", {"backdating": True}, "web")
    await makes_real(database, lanes, twin)
    pairs: dict[UUID, UUID] = {}
    for asked in wishes(SEED, 25):
        pairs[(await place(lanes, shop, asked)).id] = (await place(lanes, twin, asked)).id
    for mine in list(pairs)[::5]:
        for tenant, order_id in ((shop, mine), (twin, pairs[mine])):
            body = CancelUnits(order_id=order_id, reason="not wanted")
            await lanes.run(tenant, CANCEL, str(new_id()), body)
    for asked in wishes(SEED + 1, 8):
        pairs[(await place(lanes, shop, asked)).id] = (await place(lanes, twin, asked)).id
    found = await compared(database, shop, **otherwise)
    differences = {each.order_id: each for each in found.differences}
    assert len(differences) > 5
    for mine, theirs in pairs.items():
        real = await units_of(database, twin, theirs)
        if mine in differences:
            assert differences[mine].simulated_units == real
        else:
            assert await units_of(database, shop, mine) == real
    again = await compared(database, twin)
    assert again.is_empty
    assert found.simulated == again.recorded
    assert found.recorded == (await compared(database, shop)).recorded


async def test_what_a_location_rejects_is_looked_for_again_in_both(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await reject(database, shop, placed.id, placed.lines[0].id, "DC1", 3)
    assert (await compared(database, shop)).is_empty
    found = await compared(database, shop, closed=frozenset({"DC1"}))
    (difference,) = found.differences
    # What the store gave at first it lets go as the warehouse did, and may give again.
    assert difference.simulated_units == {"MUG": {"S0001": 6}}
    assert difference.recorded_units == {"MUG": {"DC1": 3, "S0001": 3}}
    assert difference.simulated.unfilled_units == 0


async def test_backorders_that_a_change_fills_are_not_looked_for_twice(
    database: Database, shop: str, lanes: Lanes
):
    """In reality the store sends nothing, so the second order waits until more comes."""
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "S0001"): 5})
        await set_policy(tx, "sourcing.settings", {"senders": ["warehouse"]}, "web")
    first = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=5)))
    second = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=4)))
    assert (await compared(database, shop)).recorded.unfilled_units == 4
    found = await compared(database, shop, settings={"senders": ["warehouse", "store"]})
    by_id = {each.order_id: each for each in found.differences}
    assert by_id[second.id].simulated_units == {"LAMP": {"S0001": 4}}
    assert found.simulated.unfilled_units == 0
    assert first.id not in by_id


async def test_capacity_costs_and_settings_can_be_tried(
    database: Database, shop: str, lanes: Lanes
):
    for _ in range(4):
        await place(lanes, shop, wish("MUG"))
    tight = await compared(database, shop, parcels_per_day={"DC1": 2})
    assert tight.recorded.late_parcels == 0
    # Late costs 3.00, the store half a pound.
    assert [each.location for each in tight.locations] == ["DC1", "S0001"]
    assert [each.simulated.parcels for each in tight.locations] == [2, 2]
    free = await compared(database, shop, parcels_per_day={"DC1": 2}, settings={"late_milli": 0})
    assert free.simulated.late_parcels == 2
    assert free.is_empty
    dear = await compared(database, shop, carriage_percent={"": 200})
    assert len(dear.differences) == 4
    assert dear.simulated.costs_milli["GBP"] > dear.recorded.costs_milli["GBP"]
    without = await compared(database, shop, without=frozenset({"DC1"}))
    assert without.simulated.units == without.recorded.units == 4
    work = await compared(database, shop, parcel_milli={"DC1": 500_000})
    assert [each.simulated.parcels for each in work.locations] == [0, 4]
    with pytest.raises(SettingsRefused):
        await compared(database, shop, settings={"late_mili": 0})
    with pytest.raises(PlacesUnknown):
        await compared(database, shop, closed=frozenset({"MOON"}))


async def test_orders_that_were_refused_are_left_out(database: Database, shop: str, lanes: Lanes):
    async with database.transaction(shop) as tx:
        await set_policy(tx, "orders.intake", {"shortage": "refuse"}, "web")
    with pytest.raises(Refusal):
        await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=9)))
    await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=2)))
    found = await compared(database, shop)
    assert (found.decisions, found.left_out) == (1, 1)
    assert found.is_empty


async def reject(
    database: Database, tenant: str, order_id: UUID, line_id: UUID, code: str, units: int
) -> None:
    """Let a location reject units of a line."""
    async with database.transaction(tenant) as tx:
        at = (await locations.network(tx)).by_code[code].id
        command = Command("k", SYSTEM, None)
        await release(tx, [order_id], command, "test")
        failure = Failure(
            order_id=order_id,
            line_id=line_id,
            location_id=at,
            stage=Stage.RELEASED,
            quantity=units,
            reason="rejected",
            cause=command,
            occurred_at=tx.now,
        )
        assert await fail(tx, [failure], "test") == [None]
