"""Orders wait for others, so that they may be decided together; never beyond the next parcels."""

from datetime import UTC, datetime, timedelta

import pytest

from crosslane import orders
from crosslane.kernel import new_id
from crosslane.orders import REOPTIMISE, LineWish, Reoptimise
from crosslane.orders.domain.policy import BEFORE_CUT_OFF, waits_until
from crosslane.orders.service import reoptimising
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from tests.orders.test_offered import price
from tests.orders.world import buckets, found_retailer, place, set_policy, view, wish
from tests.soundness import assert_sound

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("minutes", "leaves_by", "now", "until"),
    [
        (60, [], NOON, NOON + HOUR),
        (60, [NOON + 4 * HOUR], NOON, NOON + HOUR),
        (60, [NOON + 4 * HOUR, NOON + HOUR], NOON, NOON + HOUR - BEFORE_CUT_OFF),
        (60, [NOON + BEFORE_CUT_OFF], NOON, None),
        (60, [], NOON + HOUR, None),
        (0, [], NOON, None),
    ],
    ids=["alone", "in good time", "first cut-off", "too close", "told of late", "off"],
)
def test_the_customer_never_loses_a_day(minutes, leaves_by, now, until):
    assert waits_until(NOON, minutes, leaves_by, now) == until


@pytest.fixture
async def gathering(database: Database, tenant: str) -> str:
    """A shop whose places work the day after tomorrow only: no cut-off is near at any hour."""
    working = (datetime.now(UTC) + timedelta(days=2)).strftime("%A").lower()
    await found_retailer(database, tenant, {working: ("08:00-20:00",)})
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "orders.intake", {"gather_minutes": 30}, "web")
    return tenant


async def test_a_gathered_order_is_confirmed_decided_anew_and_let_go(
    database: Database, gathering: str, lanes: Lanes
):
    placed = await place(lanes, gathering, wish("MUG"))
    waiting = await view(database, gathering, placed.id)
    (stop,) = waiting.stops
    assert (waiting.status, stop.kind) == ("confirmed", "gathering")
    waits = stop.expires_at - stop.raised_at
    assert waits == timedelta(minutes=30)
    async with database.transaction(gathering) as tx:
        assert await orders.release(tx, [placed.id], tx, "test") == []
    run = await lanes.run(gathering, REOPTIMISE, str(new_id()), Reoptimise(seconds=5))
    runner = Runner(database, [reoptimising.DECIDE, reoptimising.MOVE])
    while await runner.start_due(gathering):
        await runner.drain()
    async with database.transaction(gathering) as tx:
        assert (await reoptimising.find_run(tx, run.id)).decided == 1
    await let_go(database, gathering)
    assert (await view(database, gathering, placed.id)).stops[0].resolved_at is None
    await expire(database, gathering)
    for schedule in ("orders.cancel_expired", "orders.let_go"):
        await let_go(database, gathering, schedule)
    gone = await view(database, gathering, placed.id)
    assert gone.stops[0].resolution == "its time is over"
    assert buckets(gone) == {"MUG": {("allocated", "DC1"): 1}}
    async with database.transaction(gathering) as tx:
        told = await tx.fetch("select kind from platform_log order by id")
        assert [row["kind"] for row in told][-2:] == ["orders.StopResolved", "orders.OrderReady"]
        (released,) = await orders.release(tx, [placed.id], tx, "test")
        assert released.sku == "MUG"
    await assert_sound(database, gathering)


async def test_goods_for_a_store_and_trade_orders_do_not_wait(
    database: Database, gathering: str, lanes: Lanes
):
    fetched = wish(LineWish(sku="MUG", quantity=1, method="pickup", store="S0001"), ship_to=None)
    for asked in (fetched, wish("MUG", channel="trade")):
        placed = await place(lanes, gathering, asked)
        assert (await view(database, gathering, placed.id)).stops == []


@pytest.mark.parametrize(("service", "minutes"), [("STANDARD48", 30), ("EXPRESS24", 5)])
async def test_a_delivery_service_may_wait_for_another_time_than_its_channel(
    database: Database, gathering: str, lanes: Lanes, service: str, minutes: int
):
    await price(database, gathering, "EXPRESS24")
    async with database.transaction(gathering) as tx:
        rows = [{"service": "EXPRESS24", "minutes": 5}, {"service": "EXPRESS24", "minutes": 9}]
        policy = {"gather_minutes": 30, "gather_by_service": rows}
        await set_policy(tx, "orders.intake", policy, "web")
    placed = await place(lanes, gathering, wish("MUG", service=service))
    (stop,) = (await view(database, gathering, placed.id)).stops
    assert stop.expires_at - stop.raised_at == timedelta(minutes=minutes)


async def test_a_delivery_service_need_not_wait_where_its_channel_does(
    database: Database, gathering: str, lanes: Lanes
):
    await price(database, gathering, "EXPRESS24")
    async with database.transaction(gathering) as tx:
        rows = [{"service": "EXPRESS24", "minutes": 0}]
        policy = {"gather_minutes": 30, "gather_by_service": rows}
        await set_policy(tx, "orders.intake", policy, "web")
    placed = await place(lanes, gathering, wish("MUG", service="EXPRESS24"))
    assert (await view(database, gathering, placed.id)).stops == []


async def test_an_order_told_of_late_does_not_wait(
    database: Database, gathering: str, lanes: Lanes
):
    async with database.transaction(gathering) as tx:
        policy = {"gather_minutes": 30, "backdating": True}
        await set_policy(tx, "orders.intake", policy, "bazaar")
    late = wish("MUG", channel="bazaar", placed_at=datetime.now(UTC) - HOUR)
    placed = await place(lanes, gathering, late)
    assert (await view(database, gathering, placed.id)).stops == []


async def expire(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as tx:
        await tx.execute("update orders_stop set expires_at = now() - interval '1 second'")


async def let_go(database: Database, tenant: str, name: str = "orders.let_go") -> None:
    (schedule,) = [one for one in orders.SCHEDULES if one.name == name]
    async with database.transaction(tenant) as tx:
        await schedule.run(tx)
