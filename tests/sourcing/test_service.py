"""Orders of a batch are sourced on the real database."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from tests.sourcing.problems import random_problem
from tests.sourcing.world import MORNING, Shop, places_of, sourced, stocked, surveyed, wish

from crosslane.carriers import ServiceUnknown
from crosslane.kernel import new_id
from crosslane.locations import CLOSE, CapacityClaim, Closure, ready_at, take_capacity
from crosslane.organization import Scope, SetPolicy, set_policy
from crosslane.platform import outbox
from crosslane.platform.database import Database, Tx
from crosslane.sourcing import (
    SCHEDULES,
    NoDeliveryService,
    NotDelivered,
    Sourced,
    UnknownReceipt,
    decide,
    explain,
    receipt_by_id,
    receipts_of_order,
    replay,
    save_receipts,
)
from crosslane.sourcing.domain import DispatchDays, Receipt
from crosslane.sourcing.domain.receipt import Glimpsed, decode_receipt
from crosslane.sourcing.service import orders, plan_orders
from crosslane.sourcing.service.orders import CANDIDATES_ASIDE_MIN, decided_aside

LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


async def test_the_cheapest_place_serves_the_order(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10, ABERDEEN=10)
    await stocked(tx, shop, "BOWL", DC=1, LEEDS=3)
    (found,) = await sourced(tx, shop, wish(shop, ("MUG", 2), ("BOWL", 1)))
    assert places_of(shop, found) == [("MUG", "DC", 2), ("BOWL", "DC", 1)]
    assert isinstance(found, Sourced)
    assert found.unfilled == []
    assert (found.service, found.receipt.plan.method) == ("STANDARD48", "exact")
    assert found.cost_milli == found.receipt.plan.cost_milli > 0


async def test_a_delivery_is_promised_by_calendar_and_cut_off(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10)
    evening = MORNING.replace(hour=16)
    first, second = await sourced(
        tx, shop, wish(shop, ("MUG", 1)), wish(shop, ("MUG", 1), at=evening)
    )
    dc = shop.locations["DC"].id
    assert first.ship_days == {dc: date(2011, 1, 5)}
    assert second.ship_days == {dc: date(2011, 1, 6)}
    assert first.promised_at is not None
    assert first.promised_at < second.promised_at
    local = first.promised_at.astimezone(ZoneInfo("Europe/London"))
    assert (local.hour, local.minute) == (0, 0)


async def test_later_orders_see_what_earlier_ones_use(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=3, LEEDS=1)
    found = await sourced(tx, shop, *(wish(shop, ("MUG", 2)) for _ in range(3)))
    assert places_of(shop, found[0]) == [("MUG", "DC", 2)]
    assert places_of(shop, found[1]) == [("MUG", "DC", 1), ("MUG", "LEEDS", 1)]
    assert places_of(shop, found[2]) == []
    assert [(units, reason) for _, units, reason in found[2].unfilled] == [(2, "short")]


async def test_barred_and_closed_locations_serve_nothing(shop: Shop, tx: Tx, lanes):
    await stocked(tx, shop, "MUG", DC=5, LEEDS=5, ABERDEEN=5)
    (found,) = await sourced(tx, shop, wish(shop, ("MUG", 1), barred=("DC", "ABERDEEN")))
    assert places_of(shop, found) == [("MUG", "LEEDS", 1)]
    rules = {group.rule: group.places for group in found.receipt.whole.dropped}
    assert rules["barred"] == ("ABERDEEN", "DC")


async def test_a_full_location_sends_the_next_day(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", LEEDS=9, DC=9)
    leeds = shop.locations["LEEDS"]
    only_leeds = [wish(shop, ("MUG", 1), barred=("DC",)) for _ in range(3)]
    found = await sourced(tx, shop, *only_leeds)
    days = [decision.ship_days[leeds.id] for decision in found]
    assert days == [date(2011, 1, 5), date(2011, 1, 5), date(2011, 1, 6)]
    claim = CapacityClaim(leeds.id, date(2011, 1, 5), 2, "earlier orders")
    await take_capacity(tx, [claim])
    (later,) = await sourced(tx, shop, wish(shop, ("MUG", 1), barred=("DC",)))
    assert later.ship_days == {leeds.id: date(2011, 1, 6)}
    assert "late" in {term for line in explained(later) for term in line}


def explained(decision: Sourced) -> list[dict[str, int]]:
    return [dict(parcel.terms) for parcel in explain(decision.receipt.whole).parcels]


async def test_a_pickup_is_served_by_its_store_alone(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5, LEEDS=1)
    store = shop.locations["LEEDS"]
    first, second = await sourced(
        tx,
        shop,
        wish(shop, ("MUG", 1), method="pickup", store=store, service=""),
        wish(shop, ("MUG", 1), method="pickup", store=store, service=""),
    )
    assert places_of(shop, first) == [("MUG", "LEEDS", 1)]
    assert first.promised_at == MORNING + timedelta(hours=2)
    assert (first.ship_days, first.service) == ({}, "")
    assert places_of(shop, second) == []


async def test_goods_travel_to_the_store_unless_they_are_there(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", ABERDEEN=1, DC=5)
    store = shop.locations["ABERDEEN"]
    given = {"method": "ship_to_store", "store": store, "country": "", "postcode": ""}
    first, second = await sourced(tx, shop, *(wish(shop, ("MUG", 1), **given) for _ in range(2)))
    assert places_of(shop, first) == [("MUG", "ABERDEEN", 1)]
    assert first.ship_days == {}
    assert first.cost_milli == 0
    assert first.promised_at == MORNING + timedelta(hours=2)
    assert places_of(shop, second) == [("MUG", "DC", 1)]
    assert set(second.ship_days) == {shop.locations["DC"].id}
    assert second.promised_at > first.promised_at


async def test_what_no_parcel_can_hold_is_not_shipped(shop: Shop, tx: Tx):
    await stocked(tx, shop, "SOFA", DC=5)
    (found,) = await sourced(tx, shop, wish(shop, ("SOFA", 1)))
    assert places_of(shop, found) == []
    assert {group.rule for group in found.receipt.whole.dropped} == {"too_heavy"}


async def test_a_place_that_keeps_its_stock_for_others_is_told_as_such(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5, ABERDEEN=2, LEEDS=2)
    for kind, value, code in (
        ("inventory.safety_stock", {"units": 3}, "ABERDEEN"),
        ("inventory.ring_fence", {"fences": [{"channel": "till", "units": 2}]}, "LEEDS"),
    ):
        scope = Scope("location", code)
        await set_policy(tx, SetPolicy(kind, value, "for the counter", scope, LONG_AGO))
    store = shop.locations["ABERDEEN"]
    sent, many, fetched = await sourced(
        tx,
        shop,
        wish(shop, ("MUG", 1)),
        wish(shop, ("MUG", 9)),
        wish(shop, ("MUG", 1), method="pickup", store=store, service=""),
    )
    assert isinstance(sent.receipt, Glimpsed)
    assert isinstance(many.receipt, Receipt)
    assert (places_of(shop, sent), places_of(shop, fetched)) == ([("MUG", "DC", 1)], [])
    for found, places in (
        (sent, ("ABERDEEN", "LEEDS")),
        (many, ("ABERDEEN", "LEEDS")),
        (fetched, ("ABERDEEN",)),
    ):
        receipt = found.receipt.whole
        told = {group.rule: group.places for group in receipt.dropped}
        assert told["ring_fenced"] == places
        stored = decode_receipt(receipt.encode())
        assert stored == receipt
        assert replay(stored).encode() == found.receipt.filed()[1]


async def test_a_policy_decides_by_which_methods_goods_may_go(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5)
    await set_policy(
        tx,
        SetPolicy(
            "catalog.fulfillment",
            {"methods": ["pickup"]},
            "too fragile",
            Scope("category", "mugs"),
            LONG_AGO,
        ),
    )
    (found,) = await sourced(tx, shop, wish(shop, ("MUG", 1)))
    assert places_of(shop, found) == []
    assert {group.rule for group in found.receipt.whole.dropped} == {"method_not_allowed"}


async def test_a_policy_sets_what_counts(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=4, LEEDS=4)
    value = {"split_quantities": False}
    await set_policy(
        tx,
        SetPolicy("sourcing.settings", value, "one parcel a line", Scope("tenant"), LONG_AGO),
    )
    (found,) = await sourced(tx, shop, wish(shop, ("MUG", 6)))
    assert places_of(shop, found) == []


async def test_a_channel_may_leave_its_parcels_to_some_kinds_of_place(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=2, LEEDS=9)
    value = {"senders": ["warehouse"]}
    channel = Scope("channel", shop.channel.code)
    await set_policy(tx, SetPolicy("sourcing.settings", value, "no parcels", channel, LONG_AGO))
    (found,) = await sourced(tx, shop, wish(shop, ("MUG", 3)))
    assert places_of(shop, found) == [("MUG", "DC", 2)]
    assert {group.rule for group in found.receipt.whole.dropped} == {"not_a_sender"}
    leeds = shop.locations["LEEDS"]
    (fetched,) = await sourced(tx, shop, wish(shop, ("MUG", 3), method="pickup", store=leeds))
    assert places_of(shop, fetched) == [("MUG", "LEEDS", 3)]


async def test_an_address_out_of_reach_is_refused_by_itself(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5)
    abroad = {"country": "ZZ", "postcode": "1"}
    found = await sourced(
        tx,
        shop,
        wish(shop, ("MUG", 1), service="PIGEON"),
        wish(shop, ("MUG", 1), service="ECONOMY", **abroad),
        wish(shop, ("MUG", 1), service="", at=datetime(2009, 1, 5, tzinfo=UTC)),
        wish(shop, ("MUG", 1), service=""),
    )
    kinds = [type(answer) for answer in found]
    assert kinds == [ServiceUnknown, NotDelivered, NoDeliveryService, Sourced]
    assert found[3].service != ""


async def test_a_batch_takes_one_statement_and_receipts_one_more(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=500, LEEDS=500)
    wishes = [wish(shop, ("MUG", 1 + n % 5)) for n in range(60)]
    available = await surveyed(tx, shop)
    await plan_orders(tx, wishes[:1], available)  # facts are in memory from here on
    before = tx.statements
    found = await plan_orders(tx, wishes, available)
    assert tx.statements - before <= 1
    await save_receipts(tx, [answer for answer in found if isinstance(answer, Sourced)])
    await outbox.write(tx)
    assert tx.statements - before <= 2


# The same decisions again, as if they had been taken long ago.
RECEIPT_OF_LONG_AGO = """
insert into sourcing_receipt
select (jsonb_populate_record(r, '{"at": "2001-01-05T00:00:00Z"}')).* from sourcing_receipt r
"""
OLD_MONTH = """
create table sourcing_receipt_200101 partition of sourcing_receipt
for values from ('2001-01-01T00:00:00Z') to ('2001-02-01T00:00:00Z')
"""


async def test_receipts_are_forgotten_after_more_than_a_year(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5)
    await save_receipts(tx, await sourced(tx, shop, wish(shop, ("MUG", 1))))
    await tx.execute(OLD_MONTH)
    await tx.execute(RECEIPT_OF_LONG_AGO)
    (forgetting,) = [each for each in SCHEDULES if each.name == "sourcing.forget_receipts"]
    assert await tx.fetchval("select count(*) from sourcing_receipt") == 2
    assert [await forgetting.run(tx), await forgetting.run(tx)] == [True, False]
    assert await tx.fetchval("select min(at) from sourcing_receipt") > tx.now - timedelta(days=1)


async def test_a_long_batch_tells_the_server_that_its_transaction_lives(
    shop: Shop, tx: Tx, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(orders, "PLANNING_SECONDS_MAX", -1)
    await stocked(tx, shop, "MUG", DC=500, LEEDS=500)
    wishes = [wish(shop, ("MUG", 1)) for _ in range(5)]
    available = await surveyed(tx, shop)
    await plan_orders(tx, wishes[:1], available)  # facts are in memory from here on
    before = tx.statements
    found = await plan_orders(tx, wishes, available)
    assert tx.statements - before == 1 + len(wishes)
    assert all(places_of(shop, each) == [("MUG", "DC", 1)] for each in found)


async def test_receipts_are_kept_and_replay(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=5, LEEDS=2)
    await stocked(tx, shop, "BOWL", ABERDEEN=2)
    found = await sourced(tx, shop, wish(shop, ("MUG", 6), ("BOWL", 1)), wish(shop, ("MUG", 1)))
    await save_receipts(tx, found)
    for decision in found:
        kept = await receipt_by_id(tx, decision.receipt_id)
        assert kept.receipt == decision.receipt.whole
        assert kept.placed_at == MORNING
        assert replay(kept.receipt).encode() == decision.receipt.whole.encode()
    order_id = found[0].request.order_id
    assert [kept.id for kept in await receipts_of_order(tx, order_id, limit=10)] == [
        found[0].receipt_id
    ]
    with pytest.raises(UnknownReceipt):
        await receipt_by_id(tx, new_id())


async def test_days_of_dispatch_are_remembered_truly(shop: Shop):
    timetable = shop.locations["DC"].timetable
    remembered, days = DispatchDays(), []
    instants = [MORNING + timedelta(minutes=37 * n) for n in range(400)]
    for at in [*instants[::7], *instants]:
        days.append(remembered.of(timetable, at))
    fresh = [DispatchDays().of(timetable, at) for at in [*instants[::7], *instants]]
    assert days == fresh


@pytest.mark.parametrize("minutes", [0, 90, 600, 3_000])
async def test_when_goods_are_ready_is_remembered_truly(shop: Shop, minutes: int):
    closed = Closure(MORNING + timedelta(days=3), MORNING + timedelta(days=4, hours=3), "flood")
    timetable = replace(shop.locations["LEEDS"].timetable, handling_minutes=minutes, closure=closed)
    instants = [MORNING + timedelta(minutes=37 * n) for n in range(400)]
    asked = [*instants[::7], *instants, *reversed(instants)]
    remembered = DispatchDays()
    told = [remembered.ready(timetable, at) for at in asked]
    assert told == [ready_at(timetable, at) for at in asked]
    assert len(set(told)) > 10


async def test_a_closed_location_serves_nothing(shop: Shop, lanes, database, tenant):
    async with database.transaction(tenant) as tx:
        await stocked(tx, shop, "MUG", LEEDS=5)
    closure = CLOSE.body(
        code="LEEDS", reason="flood", since=MORNING - timedelta(days=1), until=None
    )
    await lanes.run(tenant, CLOSE, str(new_id()), closure)
    async with database.transaction(tenant) as tx:
        (found,) = await sourced(tx, shop, wish(shop, ("MUG", 1)))
    assert places_of(shop, found) == []
    assert {group.rule for group in found.receipt.whole.dropped} == {"closed"}


async def test_others_are_answered_while_a_large_order_is_planned(database: Database, tenant: str):
    problem = random_problem(random.Random(7), 300, 60)  # noqa: S311
    answered: list[int] = []

    async def ask() -> None:
        while True:
            async with database.transaction(tenant, read_only=True) as tx:
                answered.append(await tx.fetchval("select 1"))

    async with database.transaction(tenant) as tx:
        asking = asyncio.create_task(ask())
        receipt = await decided_aside(tx, problem)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert receipt == decide(problem)
    # Were it decided on the loop, nobody would have had a turn.
    assert answered


async def test_an_order_of_a_thousand_lines_is_planned_as_any_other(
    shop: Shop, database: Database, tenant: str
):
    async with database.transaction(tenant) as tx:
        await stocked(tx, shop, "MUG", DC=1900, LEEDS=10, ABERDEEN=10)
        (found,) = await sourced(tx, shop, wish(shop, *[("MUG", 1)] * CANDIDATES_ASIDE_MIN))
    assert isinstance(found, Sourced)
    lines = found.receipt.whole.problem.lines
    assert sum(len(line.candidates) for line in lines) > CANDIDATES_ASIDE_MIN
    assert sum(units for _, _, units in found.placed) == 1920
    assert replay(found.receipt.whole) == found.receipt.whole
