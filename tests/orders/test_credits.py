"""Credits on the database: what comes back is credited once, and the money follows."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from crosslane import locations, orders, organization, payments
from crosslane.kernel import new_id
from crosslane.orders import (
    CHANGE_PRICE,
    ChangePrice,
    Credited,
    CreditLine,
    CreditRequest,
    LinesCredited,
    LineWish,
    NewCharge,
    OrderView,
    RefundPart,
    ReturnedAboveHandedOver,
    TenderWish,
    errors,
)
from crosslane.orders.service.reading import list_orders
from crosslane.payments import RefundTo, StoredValueNotFound
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.orders.test_changes import WHOLE_WAY, carry, react, run
from tests.orders.world import place, set_policy, view, wish
from tests.soundness import assert_sound

organization.register_policies(payments.POLICIES)


DAY = timedelta(days=1)


async def sold(database: Database, tenant: str, lanes: Lanes, *lines, **changes) -> OrderView:
    """Return an order that has been handed over whole."""
    placed = await place(lanes, tenant, wish(*lines, **changes))
    await carry(database, tenant, await view(database, tenant, placed.id), *WHOLE_WAY)
    return await view(database, tenant, placed.id)


def request(shown: OrderView, *units: tuple[int, int], **changes) -> CreditRequest:
    """Return a credit of units by the number of their line."""
    given = {"cause_kind": "return", "cause_id": new_id(), "at": shown.placed_at, **changes}
    lines = [CreditLine(shown.lines[number].id, quantity) for number, quantity in units]
    return CreditRequest(order_id=shown.id, lines=lines, **given)


async def credit(database: Database, tenant: str, *requests: CreditRequest):
    async with database.transaction(tenant) as tx:
        return await orders.credit(tx, requests)


async def test_units_that_come_back_are_credited_and_paid_back(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=3), "LAMP")
    asked = request(shown, (0, 1))
    async with database.transaction(shop, read_only=True) as tx:
        (quoted,) = await orders.quote_credits(tx, [asked])
    (done,) = await credit(database, shop, asked)
    assert isinstance(done, Credited)
    assert (done.net_minor, done.tax_minor, done.gross_minor) == (500, 100, 600)
    assert done.refund_minor == 600
    assert quoted == done
    (again,) = await credit(database, shop, asked)
    assert again == msgspec.structs.replace(done, refund_minor=0)
    after = await view(database, shop, shown.id)
    assert after.money.worth_minor == shown.money.worth_minor - 600
    assert after.money.refunded_minor == 600
    (event,) = await told(database, shop, shown.id)
    assert (event.cause_kind, event.cause_id) == ("return", asked.cause_id)
    assert event.units == done.units
    await assert_sound(database, shop)


async def told(database: Database, tenant: str, order_id: UUID) -> list[LinesCredited]:
    async with database.transaction(tenant) as tx:
        rows = await tx.fetch(
            "select body from platform_log where kind = 'orders.LinesCredited' and subject = $1"
            " order by id",
            f"order:{order_id}",
        )
    return [msgspec.json.decode(row["body"], type=LinesCredited) for row in rows]


async def test_all_of_an_order_comes_back_in_parts_for_all_that_was_paid(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="SPOON", quantity=7), "SET")
    parts = [
        request(shown, (0, 3)),
        request(shown, (0, 3), (1, 1)),
        request(shown, (0, 2)),
        request(shown, (0, 1), charges=[NewCharge("shipping", "Delivery", -395)]),
    ]
    first, second, refused, last = await credit(database, shop, *parts)
    assert isinstance(refused, ReturnedAboveHandedOver)
    paid = sum(one.gross_minor for one in (first, second, last))
    assert paid == shown.money.captured_minor
    assert sum(one.refund_minor for one in (first, second, last)) == paid
    after = await view(database, shop, shown.id)
    assert (after.money.worth_minor, after.money.refunded_minor) == (0, paid)
    await assert_sound(database, shop)


async def test_a_credit_keeps_within_what_was_handed_over(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2)))
    shown = await view(database, shop, placed.id)
    unknown = msgspec.structs.replace(request(shown, (0, 1)), order_id=UUID(int=1))
    early, nowhere = await credit(database, shop, request(shown, (0, 1)), unknown)
    assert isinstance(early, ReturnedAboveHandedOver)
    assert isinstance(nowhere, errors.NoSuchOrder)
    await assert_sound(database, shop)


async def test_a_changed_price_comes_back_with_its_units(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    cheaper = ChangePrice(
        order_id=placed.id, line_id=placed.lines[0].id, unit_price_milli=333_000, reason="match"
    )
    await run(lanes, shop, CHANGE_PRICE, cheaper)
    await carry(database, shop, await view(database, shop, placed.id), *WHOLE_WAY)
    shown = await view(database, shop, placed.id)
    (done,) = await credit(database, shop, request(shown, (0, 2)))
    assert done.gross_minor == 666
    (rest,) = await credit(database, shop, request(shown, (0, 1)))
    assert rest.gross_minor == 333
    after = await view(database, shop, shown.id)
    assert after.money.worth_minor == 395
    await assert_sound(database, shop)


async def test_the_refund_goes_where_it_is_wanted_in_parts(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=3))
    async with database.transaction(shop) as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
        await set_policy(tx, "payments.refunds", {"cash_refund_minor_max": 200}, "web")
    drawer = RefundTo(method="cash", location_id=store, location="S0001")
    parts = [RefundPart(to=drawer, minor=150)]
    (done,) = await credit(database, shop, request(shown, (0, 1), refunds=parts))
    assert done.refund_minor == 600
    (all_cash,) = await credit(
        database, shop, request(shown, (0, 1), refund_to=drawer, refund_happened=True)
    )
    assert all_cash.refund_minor == 600
    async with database.transaction(shop) as tx:
        rows = await tx.fetch(
            "select body ->> 'location_id' as store, sum((body ->> 'minor')::int) as minor"
            " from platform_log where kind = 'payments.PaymentRefunded' group by 1 order by 1"
        )
    assert [tuple(row) for row in rows] == [(str(store), 750), (None, 450)]
    await assert_sound(database, shop)


async def test_a_place_that_money_may_not_go_to_refuses_all_of_it(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG")
    nowhere = RefundTo(method="stored_value", account=new_id())
    with pytest.raises(StoredValueNotFound):
        await credit(database, shop, request(shown, (0, 1), refund_to=nowhere))
    after = await view(database, shop, shown.id)
    assert after.money.worth_minor == 995
    await assert_sound(database, shop)


async def test_of_many_who_give_the_same_units_back_at_once_only_so_many_get_money(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=3))
    asked = [request(shown, (0, 2)), *(request(shown, (0, 1)) for _ in range(4))]
    answers = await asyncio.gather(*(credit(database, shop, one) for one in asked))
    done = [answer for (answer,) in answers if isinstance(answer, Credited)]
    refused = [answer for (answer,) in answers if isinstance(answer, ReturnedAboveHandedOver)]
    assert len(done) + len(refused) == 5
    units = sum(unit.quantity for one in done for unit in one.units)
    assert units == 3
    after = await view(database, shop, shown.id)
    assert after.money.refunded_minor == sum(one.gross_minor for one in done) == 1800
    assert (after.status, after.lines[0].returned[0].cause_kind) == ("returned", "return")
    async with database.transaction(shop, read_only=True) as tx:
        found = [
            [(one.id, one.returned) for one in await list_orders(tx, returned=wanted, limit=9)]
            for wanted in (True, False, None)
        ]
    assert found == [[(shown.id, 3)], [], [(shown.id, 3)]]
    await assert_sound(database, shop)


async def test_the_days_of_the_order_book_have_credits_when_they_happened(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG", "LAMP")
    then = datetime(2026, 3, 4, 12, tzinfo=UTC)
    charges = [NewCharge("shipping", "Delivery", -395), NewCharge("fee", "Return", 60)]
    await credit(database, shop, request(shown, (0, 1), at=then, charges=charges))
    async with database.transaction(shop) as tx:
        channel = (await organization.book(tx)).channel("web").id
        day = {"channel_id": channel, "start": then - DAY, "end": then + DAY}
        (goods,) = await orders.sum_credits(tx, **day)
        charged = {one.kind: one for one in await orders.sum_sales(tx, **day)}
        life = {"channel_id": channel, "start": then - DAY, "end": tx.now + DAY}
        sales, credits = await orders.sum_sales(tx, **life), await orders.sum_credits(tx, **life)
    dc1 = next(b.location for b in shown.lines[0].buckets)
    assert (goods.units, goods.net_minor, goods.tax_minor) == (1, 500, 100)
    assert (await place_of(database, shop, dc1)) == goods.location_id
    assert {kind: one.net_minor + one.tax_minor for kind, one in charged.items()} == {
        "shipping": -395,
        "fee": 60,
    }
    book = sum(s.net_minor + s.tax_minor for s in sales)
    book -= sum(c.net_minor + c.tax_minor for c in credits)
    assert book == (await view(database, shop, shown.id)).money.worth_minor


async def place_of(database: Database, tenant: str, code: str) -> UUID:
    async with database.transaction(tenant, read_only=True) as tx:
        return (await locations.network(tx)).by_code[code].id


async def test_what_is_still_being_taken_is_given_back_once_it_has_arrived(
    database: Database, shop: str, lanes: Lanes, payment_provider
):
    from crosslane.payments import EFFECTS, PutProvider, put_provider
    from crosslane.platform.effects import Runner
    from tests.payments.fake import API_KEY, WEBHOOK_SECRET

    async with database.transaction(shop) as tx:
        house = PutProvider("house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, house)
    runner = Runner(database, EFFECTS)
    card = [TenderWish(method="card", provider="house", token="tok_visa")]
    placed = await place(lanes, shop, wish("MUG", tenders=card))
    await runner.start_due(shop)
    await runner.drain()
    await react(database, shop)
    await carry(database, shop, await view(database, shop, placed.id), *WHOLE_WAY)
    shown = await view(database, shop, placed.id)
    assert shown.money.captured_minor == 0
    (done,) = await credit(database, shop, request(shown, (0, 1)))
    assert (done.gross_minor, done.refund_minor) == (600, 0)
    for _ in range(3):
        await runner.start_due(shop)
        await runner.drain()
        await react(database, shop)
    after = await view(database, shop, placed.id)
    assert (after.money.captured_minor, after.money.refunded_minor) == (995, 600)
    await assert_sound(database, shop)
