"""Exchanges: other goods go out for those that come back, settled net with their credit."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.kernel import new_id
from crosslane.orders import (
    ADD_LINES,
    AddLines,
    Credited,
    CreditLine,
    Exchanged,
    ExchangeLine,
    ExchangeRequest,
    LineWish,
    NewCharge,
    OrderView,
    TenderWish,
    errors,
)
from crosslane.orders.service.reading import list_summaries, search
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.orders.test_changes import WHOLE_WAY, carry, react, run
from tests.orders.test_credits import credit, request, sold
from tests.orders.world import HOME, buckets, place, view, wish
from tests.soundness import assert_sound

SOON = datetime(2100, 1, 1, tzinfo=UTC)
CASH = [TenderWish(method="cash")]


async def exchange(database: Database, tenant: str, *asked: ExchangeRequest):
    async with database.transaction(tenant) as tx:
        return await orders.exchange(tx, asked)


def swap(shown: OrderView, *lines: ExchangeLine, back: tuple = ((0, 1),), **changes):
    """Return an exchange of units by the number of their line."""
    given = {"cause_id": new_id(), "at": shown.placed_at, "reason": "too small", **changes}
    return ExchangeRequest(
        order_id=shown.id,
        lines=lines,
        returning=[CreditLine(shown.lines[number].id, units) for number, units in back],
        **given,
    )


def even(shown: OrderView, sku: str, quantity: int = 1, number: int = 0, **how) -> ExchangeLine:
    asked = LineWish(sku=sku, quantity=quantity, **how)
    return ExchangeLine(wish=asked, price="even", instead_of=shown.lines[number].id)


def today(sku: str, quantity: int = 1, **how) -> ExchangeLine:
    return ExchangeLine(wish=LineWish(sku=sku, quantity=quantity, **how))


async def test_an_even_swap_waits_for_the_return_and_moves_no_money(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=2))
    asked = swap(shown, even(shown, "LAMP"), hold_until=SOON)
    (done,) = await exchange(database, shop, asked)
    assert isinstance(done, Exchanged)
    assert (done.gross_minor, done.expected_minor, done.paid_minor) == (600, 600, 0)
    waiting = await view(database, shop, shown.id)
    assert (waiting.status, waiting.closed_at) == ("awaiting_return", None)
    assert buckets(waiting)["LAMP"] == {("allocated", "DC2"): 1}
    async with database.transaction(shop) as tx:
        assert await orders.release(tx, [shown.id], tx, "test") == []
    await assert_sound(database, shop)
    back = request(shown, (0, 1), exchange_id=asked.cause_id)
    (credited,) = await credit(database, shop, back)
    assert isinstance(credited, Credited)
    assert (credited.gross_minor, credited.refund_minor) == (600, 0)
    ready = await view(database, shop, shown.id)
    assert ready.status == "partly_handed_over"
    await carry(database, shop, ready, *WHOLE_WAY)
    after = await view(database, shop, shown.id)
    assert (after.status, after.closed_at is not None) == ("partly_returned", True)
    assert after.money.worth_minor == after.money.captured_minor == 2 * 600 + 395
    assert after.money.refunded_minor == 0
    assert [(a.kind, a.gross_delta_minor) for a in after.amendments] == [("exchange", 600)]
    await assert_sound(database, shop)


async def test_what_never_comes_back_cancels_only_what_waits_for_it(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG")
    await exchange(
        database, shop, swap(shown, today("LAMP"), today("SPOON"), hold_until=SOON, tenders=CASH)
    )
    more = AddLines(
        order_id=shown.id, lines=[LineWish(sku="MUG", quantity=1)], tenders=CASH, reason="more"
    )
    await run(lanes, shop, ADD_LINES, more)
    waiting = await view(database, shop, shown.id)
    assert sum(t.authorized_minor for t in waiting.money.tenders) == 995 + 2499 + 100 - 600 + 600
    async with database.transaction(shop) as tx:
        released = await orders.release(tx, [shown.id], tx, "test")
        assert [one.sku for one in released] == ["MUG"]
    async with database.transaction(shop) as tx:
        await tx.execute("update orders_stop set expires_at = now() - interval '1 second'")
    (schedule,) = [s for s in orders.SCHEDULES if s.name == "orders.cancel_expired"]
    async with database.transaction(shop) as tx:
        await schedule.run(tx)
    after = await view(database, shop, shown.id)
    kept = {line.sku: line.buckets[-1].stage for line in after.lines if line.amendment_no}
    assert kept == {"LAMP": "cancelled", "SPOON": "cancelled", "MUG": "released"}
    assert all(stop.resolved_at for stop in after.stops)
    async with database.transaction(shop) as tx:
        free = await tx.fetchval("select sum(allocated) from inventory_position")
    assert free == 1
    await assert_sound(database, shop)


async def test_dearer_goods_are_paid_for_and_cheaper_ones_paid_back(
    database: Database, shop: str, lanes: Lanes
):
    dearer = await sold(database, shop, lanes, "MUG")
    asked = swap(dearer, today("LAMP"), hold_until=SOON)
    (refused,) = await exchange(database, shop, asked)
    assert isinstance(refused, errors.TendersDiffer)
    assert refused.details["total"] == 2499 - 600
    (done,) = await exchange(database, shop, msgspec.structs.replace(asked, tenders=CASH))
    assert (done.paid_minor, done.expected_minor) == (2499 - 600, 600)
    await credit(database, shop, request(dearer, (0, 1), exchange_id=asked.cause_id))
    await carry(database, shop, await view(database, shop, dearer.id), *WHOLE_WAY)
    after = await view(database, shop, dearer.id)
    assert after.money.worth_minor == 2499 + 395
    assert after.money.captured_minor - after.money.refunded_minor == 2499 + 395
    cheaper = await sold(database, shop, lanes, "LAMP")
    asked = swap(cheaper, today("MUG", 2), hold_until=SOON)
    (done,) = await exchange(database, shop, asked)
    assert (done.gross_minor, done.expected_minor, done.paid_minor) == (1200, 2499, 0)
    (credited,) = await credit(database, shop, request(cheaper, (0, 1), exchange_id=asked.cause_id))
    assert credited.refund_minor == 2499 - 1200
    await assert_sound(database, shop)


async def test_two_exchanges_of_one_order_each_count_their_own_credit(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG", "LAMP")
    first = swap(shown, today("MUG"), hold_until=SOON)
    second = swap(shown, even(shown, "SPOON", 1, 1), back=((1, 1),), hold_until=SOON)
    for asked in (first, second):
        (done,) = await exchange(database, shop, asked)
        assert (done.paid_minor, done.gross_minor) == (0, done.expected_minor)
    await credit(database, shop, request(shown, (0, 1), exchange_id=first.cause_id))
    waiting = await view(database, shop, shown.id)
    assert [stop.resolved_at is None for stop in waiting.stops] == [False, True]
    async with database.transaction(shop) as tx:
        released = await orders.release(tx, [shown.id], tx, "test")
        assert [(one.sku, one.quantity) for one in released] == [("MUG", 1)]
    await assert_sound(database, shop)


async def test_half_of_what_is_awaited_frees_nothing_and_is_counted(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="MUG", quantity=2))
    asked = swap(shown, even(shown, "LAMP", 2), back=((0, 2),), hold_until=SOON)
    await exchange(database, shop, asked)
    half = request(shown, (0, 1), exchange_id=asked.cause_id, exchange_complete=False)
    (done,) = await credit(database, shop, half)
    assert (done.gross_minor, done.refund_minor) == (600, 0)
    waiting = await view(database, shop, shown.id)
    assert [(s.kind, s.expected_minor, s.resolved_at) for s in waiting.stops] == [
        ("exchange", 600, None)
    ]
    await credit(database, shop, request(shown, (0, 1), exchange_id=asked.cause_id))
    after = await view(database, shop, shown.id)
    assert after.stops[0].resolved_at is not None
    assert after.money.worth_minor == shown.money.worth_minor
    await assert_sound(database, shop)


async def test_what_was_credited_for_less_than_expected_is_held_until_it_is_paid(
    database: Database, shop: str, lanes: Lanes
):
    worn = [NewCharge("fee", "Worn", 200)]
    holding = []
    for line in (even, lambda _, sku: today(sku)):
        shown = await sold(database, shop, lanes, "MUG")
        asked = swap(shown, line(shown, "SPOON"), hold_until=SOON)
        await exchange(database, shop, asked)
        back = request(shown, (0, 1), charges=worn, exchange_id=asked.cause_id)
        await credit(database, shop, back)
        waiting = await view(database, shop, shown.id)
        holding.append([(s.kind, s.amendment_no) for s in waiting.stops if not s.resolved_at])
        async with database.transaction(shop) as tx:
            holding.append(await orders.release(tx, [shown.id], tx, "test") == [])
    assert holding == [[("payment", 1)], True, [], False]
    await assert_sound(database, shop)


async def test_goods_that_go_out_are_found_by_their_sku(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG")
    await exchange(database, shop, swap(shown, even(shown, "LAMP"), hold_until=SOON))
    async with database.transaction(shop, read_only=True) as tx:
        page = await search(tx, "LAMP", limit=10)
        (found,) = await list_summaries(tx, page.order_ids)
    assert (found.id, found.status) == (shown.id, "awaiting_return")


async def test_at_the_counter_other_goods_are_taken_along_at_once(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG", LineWish(sku="SPOON", quantity=3))
    along = {"method": "carry_out", "store": "S0001"}
    asked = swap(
        shown,
        today("MUG", 3, **along),
        back=((0, 1), (1, 3)),
        charges=[NewCharge("fee", "Handling", 50)],
        tenders=CASH,
    )
    async with database.transaction(shop) as tx:
        (done,) = await orders.exchange(tx, [asked])
        assert (done.gross_minor, done.expected_minor) == (1800, 600 + 299 - 50)
        assert done.paid_minor == 1800 - 849
        back = request(shown, (0, 1), (1, 3), charges=asked.charges)
        (credited,) = await orders.credit(tx, [back])
        assert credited.refund_minor == 0
    after = await view(database, shop, shown.id)
    assert after.closed_at is not None
    assert after.money.worth_minor == 1800 + 50 + 395
    assert after.money.captured_minor - after.money.refunded_minor == after.money.worth_minor
    held = swap(shown, today("MUG", **along), hold_until=SOON)
    (refused,) = await exchange(database, shop, held)
    assert isinstance(refused, errors.NotTakenAlong)
    card = [TenderWish(method="card", provider="house", token="tok_visa")]
    by_card = swap(shown, today("MUG", **along), back=(), tenders=card)
    (refused,) = await exchange(database, shop, by_card)
    assert isinstance(refused, errors.PaidAtTheTill)
    await assert_sound(database, shop)


async def test_what_was_bought_in_a_store_is_replaced_by_post(
    database: Database, shop: str, lanes: Lanes
):
    mug = LineWish(sku="MUG", quantity=2, method="carry_out", store="S0001")
    placed = await place(lanes, shop, wish(mug, channel="till", ship_to=None))
    shown = await view(database, shop, placed.id)
    free = ExchangeLine(wish=LineWish(sku="MUG", quantity=1, method="ship"), price="free")
    asked = swap(shown, free, back=(), kind="replacement")
    (refused,) = await exchange(database, shop, asked)
    assert isinstance(refused, errors.AddressNeeded)
    (done,) = await exchange(database, shop, msgspec.structs.replace(asked, ship_to=HOME))
    assert (done.gross_minor, done.stop_id, done.paid_minor) == (0, None, 0)
    await carry(database, shop, await view(database, shop, shown.id), *WHOLE_WAY)
    after = await view(database, shop, shown.id)
    assert after.money.worth_minor == 1200
    line = after.lines[-1]
    assert (line.cause, line.gross_minor, line.unit_price_milli) == ("replacement", 0, 0)
    await assert_sound(database, shop)


async def test_units_of_one_line_are_swapped_for_several(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, LineWish(sku="SPOON", quantity=7))
    lines = [even(shown, "MUG", 2), even(shown, "LAMP", 1), even(shown, "SET", 1)]
    more = swap(shown, *lines, back=((0, 3),), hold_until=SOON)
    (refused,) = await exchange(database, shop, more)
    assert isinstance(refused, errors.NotReturning)
    asked = msgspec.structs.replace(more, returning=[CreditLine(shown.lines[0].id, 4)])
    (done,) = await exchange(database, shop, asked)
    assert done.gross_minor == done.expected_minor
    after = await view(database, shop, shown.id)
    swapped = [line for line in after.lines if line.amendment_no]
    parts = [line for line in swapped if line.parent_line_id]
    assert sum(p.gross_minor for p in parts) == next(
        line.gross_minor for line in swapped if line.is_bundle
    )
    await assert_sound(database, shop)


async def test_a_declined_card_cancels_only_the_exchange(
    database: Database, shop: str, lanes: Lanes, payment_provider
):
    from crosslane.payments import EFFECTS, PutProvider, put_provider
    from crosslane.platform.effects import Runner
    from tests.payments.fake import API_KEY, WEBHOOK_SECRET

    async with database.transaction(shop) as tx:
        house = PutProvider("house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, house)
    shown = await sold(database, shop, lanes, "MUG")
    more = AddLines(
        order_id=shown.id, lines=[LineWish(sku="MUG", quantity=1)], tenders=CASH, reason="more"
    )
    (done,) = await exchange(
        database,
        shop,
        swap(shown, even(shown, "SPOON"), today("SPOON"), hold_until=SOON, tenders=CASH),
    )
    await run(lanes, shop, ADD_LINES, more)
    stolen = [TenderWish(method="card", provider="house", token="tok_decline_stolen")]
    card = swap(shown, today("LAMP"), back=(), tenders=stolen)
    (undecided,) = await exchange(database, shop, card)
    assert (undecided.undecided, undecided.paid_minor) == (True, 2499)
    waiting = await view(database, shop, shown.id)
    (until,) = [stop.expires_at for stop in waiting.stops if stop.kind == "payment"]
    assert until is not None
    runner = Runner(database, EFFECTS)
    await runner.start_due(shop)
    await runner.drain()
    await react(database, shop)
    after = await view(database, shop, shown.id)
    stages = {(x.sku, x.amendment_no): x.buckets[-1].stage for x in after.lines}
    assert stages["LAMP", undecided.amendment_no] == "cancelled"
    assert stages["SPOON", done.amendment_no] == "allocated"
    assert {s.kind for s in after.stops if s.resolved_at is None} == {"exchange"}
    await assert_sound(database, shop)


async def test_an_exchange_of_what_does_not_exist_is_refused(
    database: Database, shop: str, lanes: Lanes
):
    shown = await sold(database, shop, lanes, "MUG")
    nowhere = msgspec.structs.replace(swap(shown, today("MUG")), order_id=UUID(int=1))
    above = swap(shown, today("MUG"), back=((0, 2),))
    nothing = swap(shown, today("HAT"))
    bad = swap(shown, today("MUG"), ship_to=msgspec.structs.replace(HOME, postcode="nonsense"))
    good = swap(await sold(database, shop, lanes, "MUG"), today("MUG"))
    answers = await exchange(database, shop, nowhere, above, good)
    assert [type(x) for x in answers] == [
        errors.NoSuchOrder,
        errors.ReturnedAboveHandedOver,
        Exchanged,
    ]
    answers = [(await exchange(database, shop, one))[0] for one in (nothing, bad)]
    assert isinstance(answers[0], errors.SkuNotOnSale)
    assert answers[1].pointer.startswith("/ship_to")
