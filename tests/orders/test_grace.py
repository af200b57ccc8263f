"""Customers may change an order before anybody works on it; never at the cost of a promise."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane import locations, orders, organization
from crosslane.kernel import new_id
from crosslane.locations import Timetable
from crosslane.locations.domain.opening import Hours
from crosslane.orders import GRACE, RESOLVE_STOP, Grace, LineWish, ResolveStop
from crosslane.orders.domain.policy import BEFORE_CUT_OFF, WAIT_MINUTES_MAX, waits_until
from crosslane.orders.service.placing.pausing import begins_by
from crosslane.organization import Scope, SetPolicy
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.orders.test_gathering import expire, let_go
from tests.orders.world import LONG_AGO, found_retailer, place, set_policy, view, wish
from tests.soundness import assert_sound

organization.register_policies([GRACE])
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MUG_AT_STORE = LineWish(sku="MUG", quantity=1, method="pickup", store="S0001")


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    """A shop whose places work the day after tomorrow only: no cut-off is near at any hour."""
    working = (datetime.now(UTC) + timedelta(days=2)).strftime("%A").lower()
    await found_retailer(database, tenant, {working: ("08:00-20:00",)})
    async with database.transaction(tenant) as tx:
        minutes = {"ship_minutes": 20, "pickup_minutes": 10, "ship_to_store_minutes": 5}
        await set_policy(tx, "orders.grace", minutes, "web")
    return tenant


async def graces(database: Database, shop: str, placed) -> list[timedelta]:
    """How long an order waits for its customer."""
    stops = (await view(database, shop, placed.id)).stops
    return [stop.expires_at - stop.raised_at for stop in stops if stop.kind == "grace"]


def test_goods_that_are_carried_out_wait_for_nobody():
    assert Grace(1, 2, 3).minutes("carry_out") == 0
    assert [Grace(1, 2, 3).minutes(way) for way in ("ship", "pickup", "ship_to_store")] == [1, 2, 3]


async def test_an_order_is_confirmed_waits_and_goes_by_itself(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish("MUG"))
    waiting = await view(database, shop, placed.id)
    assert waiting.status == "confirmed"
    assert await graces(database, shop, placed) == [timedelta(minutes=20)]
    async with database.transaction(shop) as tx:
        state = await orders.find_order(tx, placed.number)
        assert state.grace_until == waiting.stops[0].expires_at
        assert state.troubles == []
        assert await orders.release(tx, [placed.id], tx, "test") == []
    await let_go(database, shop)
    assert len(await graces(database, shop, placed)) == 1
    await expire(database, shop)
    for schedule in ("orders.cancel_expired", "orders.let_go"):
        await let_go(database, shop, schedule)
    async with database.transaction(shop) as tx:
        assert (await orders.find_order(tx, placed.number)).grace_until is None
        (released,) = await orders.release(tx, [placed.id], tx, "test")
        assert released.sku == "MUG"
    await assert_sound(database, shop)


async def test_somebody_lets_it_go_before(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish("MUG"))
    (stop,) = (await view(database, shop, placed.id)).stops
    asked = ResolveStop(placed.id, stop.id, "they called")
    await lanes.run(shop, RESOLVE_STOP, str(new_id()), asked)
    async with database.transaction(shop) as tx:
        assert len(await orders.release(tx, [placed.id], tx, "test")) == 1


async def test_goods_that_may_wait_least_decide(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish(MUG_AT_STORE, "LAMP"))
    assert await graces(database, shop, placed) == [timedelta(minutes=10)]
    async with database.transaction(shop) as tx:
        fresh = SetPolicy("orders.grace", {}, "perishes", Scope("category", "home"), LONG_AGO)
        await organization.set_policy(tx, fresh)
    placed = await place(lanes, shop, wish("LAMP"))
    assert await graces(database, shop, placed) == []


async def test_no_grace_where_none_is_set_nothing_is_there_or_it_is_told_late(
    database: Database, shop: str, lanes: Lanes
):
    async with database.transaction(shop) as tx:
        await set_policy(tx, "orders.grace", {"ship_minutes": 20}, "bazaar")
    await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=5)))
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for asked in (
        wish("MUG", channel="trade"),
        wish("LAMP"),
        wish("MUG", channel="bazaar", placed_at=hour_ago),
    ):
        assert await graces(database, shop, await place(lanes, shop, asked)) == []


@given(
    at=st.integers(0, 30 * 24 * 60).map(lambda m: MARCH + timedelta(minutes=m)),
    minutes=st.integers(1, WAIT_MINUTES_MAX),
    way=st.sampled_from(["ship", "pickup", "ship_to_store"]),
    cut_off=st.sampled_from([None, 9 * 60, 15 * 60]),
    handling=st.sampled_from([0, 120, 900]),
)
def test_a_location_told_at_its_end_is_no_later_than_one_told_at_once(
    at, minutes, way, cut_off, handling
):
    spans = ((8 * 60, 12 * 60), (13 * 60, 20 * 60))
    hours = Hours(week=(spans, spans, (), spans, spans, ((600, 960),), ()))
    shop = Timetable("Europe/London", "GB", "ENG", hours, cut_off, handling)
    until = waits_until(at, minutes, [begins_by(shop, way, at)], at)
    rule = locations.ready_at if way == "pickup" else locations.dispatch_day
    if until is not None:
        assert at < until <= at + timedelta(minutes=minutes)
        assert rule(shop, until) == rule(shop, at)
        # The clock looks every few seconds, and people need a moment.
        assert rule(shop, until + BEFORE_CUT_OFF) == rule(shop, at)
