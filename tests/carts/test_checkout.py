"""From cart to order: quotes, stock kept, races for the last unit, one order per cart."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from tests.carts.buyer import ADA, CASH, Buyer, line_of
from tests.carts.shop import wish
from tests.orders.test_dangerous_goods import allow
from tests.orders.world import buckets, view
from tests.orders.world import place as place_order
from tests.orders.world import wish as order_wish

from crosslane import catalog, orders, organization, payments, pricing
from crosslane.carts import errors
from crosslane.carts.domain import AddLine, ChangeLine, RemoveLine, SetCoupon, SetOption, SetTender
from crosslane.carts.service.choices import choices
from crosslane.carts.service.editing import EDIT, START
from crosslane.carts.service.holding import HOLD, CartHeld, HoldCart
from crosslane.carts.service.placing import PLACE, PlaceCart
from crosslane.carts.service.quoting import quote
from crosslane.carts.service.reading import list_unplaced, show
from crosslane.carts.service.wishes import EditCart, StartCart
from crosslane.organization import PutStaffMember, put_staff
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.lane import Command
from crosslane.sourcing import OfferNotKept


async def test_a_cart_is_quoted_held_and_placed_at_the_quoted_price(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2), ("LAMP", 1))
    async with buyer.database.transaction(buyer.tenant) as tx:
        told = await quote(tx, cart.id, actor=SYSTEM)
    assert told.cart.gross_minor == 1200 + 2499 + 395
    assert [each.available for each in told.promises] == [2, 1]
    assert all(each.promised_at for each in told.promises)
    held = await buyer.hold(cart)
    assert {each.location: each.quantity for each in held.lines} == {"DC1": 2, "DC2": 1}
    async with buyer.database.transaction(buyer.tenant) as tx:
        dearer = pricing.PriceRow(sku="MUG", unit_price_milli=9_000_000)
        await pricing.import_prices(tx, pricing.ImportPrices(price_list="retail", rows=(dearer,)))
    placed = await buyer.place(cart, version=cart.version, quote=told.quote)
    assert (placed.gross_minor, placed.source_id) == (told.cart.gross_minor, str(cart.id))
    shown = await view(buyer.database, buyer.tenant, placed.id)
    assert buckets(shown) == {
        "MUG": {("allocated", "DC1"): 2},
        "LAMP": {("allocated", "DC2"): 1},
    }
    assert await buyer.holds(cart) == {"confirmed": 0}
    await buyer.assert_sound()


async def test_a_placed_cart_is_an_order_and_nothing_else(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    placed = await buyer.place(cart)
    async with buyer.database.transaction(buyer.tenant) as tx:
        shown = await show(tx, cart.id, actor=SYSTEM)
        assert (shown.state, shown.order_id) == ("placed", placed.id)
        assert await list_unplaced(tx, actor=SYSTEM, limit=9) == []
    for refused in (await buyer.place(cart), await buyer.hold(cart)):
        assert isinstance(refused, errors.CartPlaced)
    with pytest.raises(errors.CartPlaced):
        await buyer.edit(cart, SetCoupon("LATE"))


async def test_a_cart_is_paid_by_a_gift_card_and_the_rest_otherwise(buyer: Buyer):
    async with buyer.database.transaction(buyer.tenant) as tx:
        channel = (await organization.book(tx)).channel("web")
        (card,) = await payments.open_gift_cards(tx, [channel.id])
        gift = payments.PayOut(
            cause_kind="test.gift",
            cause_id="1",
            channel_id=channel.id,
            method="stored_value",
            currency="GBP",
            minor=400,
            at=tx.now,
            account=card,
        )
        await payments.pay_out(tx, [gift])
    cart = await buyer.begin(("MUG", 1))
    by_card = SetTender(tender_id=uuid4(), method="stored_value", minor=400, account=card)
    cart = await buyer.edit(cart, by_card)
    placed = await buyer.place(cart)
    shown = await view(buyer.database, buyer.tenant, placed.id)
    assert sorted(t.authorized_minor for t in shown.money.tenders) == [400, 600 + 395 - 400]
    await buyer.assert_sound()


BEFORE_THE_TAX_ROSE = datetime(2011, 1, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize("with_quote", [False, True])
async def test_a_channel_may_bring_its_prices_and_the_time_it_sold_at(
    buyer: Buyer, with_quote: bool
):
    delivery = SetOption("ship", service="STANDARD48", shipping_minor=235)
    cart = await buyer.begin(
        ("MUG", 2, 1_175_000),
        changes=(ADA, CASH, delivery),
        channel="bazaar",
        source_id="B-1",
        occurred_at=BEFORE_THE_TAX_ROSE,
    )
    held = await buyer.hold(cart)
    assert [line.promised_at.year for line in held.lines] == [2011]
    given = None
    if with_quote:
        async with buyer.database.transaction(buyer.tenant) as tx:
            given = (await quote(tx, cart.id, actor=SYSTEM)).quote
    stop = orders.StopWish("fraud", "two cards in an hour")
    placed = await buyer.place(cart, quote=given, stops=[stop])
    assert (placed.source_id, placed.status) == ("B-1", "on_hold")
    shown = await view(buyer.database, buyer.tenant, placed.id)
    assert shown.placed_at == BEFORE_THE_TAX_ROSE
    assert [(line.net_minor, line.tax_rate_bp) for line in shown.lines] == [(2000, 1750)]
    assert [(each.net_minor, each.tax_rate_bp) for each in shown.charges] == [(200, 1750)]
    assert shown.lines[0].promised_at.year == 2011
    await buyer.assert_sound()


async def test_a_channel_that_may_not_brings_neither_prices_nor_a_time(buyer: Buyer):
    with pytest.raises(orders.errors.BackdatingForbidden) as backdated:
        await buyer.begin(("MUG", 1), occurred_at=BEFORE_THE_TAX_ROSE)
    assert backdated.value.pointer == "/occurred_at"
    cheap = await buyer.begin(("MUG", 1, 1))
    assert isinstance(await buyer.place(cheap), pricing.DictatedPriceNotAllowed)


async def test_a_number_of_the_channel_makes_one_order(buyer: Buyer):
    first = await buyer.begin(("MUG", 1), source_id="B-1")
    again = await buyer.begin(("MUG", 1), source_id="B-1")
    await buyer.place(first)
    assert isinstance(await buyer.place(again), orders.errors.SourceIdTaken)
    await buyer.assert_sound()


async def test_twenty_clicks_make_one_order(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    answers = await asyncio.gather(*(buyer.place(cart) for _ in range(20)))
    assert sum(isinstance(each, orders.Placed) for each in answers) == 1
    assert {type(each) for each in answers} == {orders.Placed, errors.CartPlaced}
    await buyer.assert_sound()


async def test_a_held_unit_waits_for_its_cart(buyer: Buyer):
    cart = await buyer.begin(("LAMP", 5))
    assert isinstance(await buyer.hold(cart), CartHeld)
    rival = await buyer.begin(("LAMP", 1))
    refused = await buyer.hold(rival)
    assert isinstance(refused, errors.NotEnoughToHold)
    assert refused.details == {"sku": "LAMP", "quantity": 1, "available": 0}
    late = await place_order(buyer.lanes, buyer.tenant, order_wish("LAMP"))
    assert late.lines[0].backordered == 1
    placed = await buyer.place(cart)
    assert placed.lines[0].allocated == 5
    await buyer.assert_sound()


async def test_ten_carts_race_for_five_units(buyer: Buyer):
    carts = [await buyer.begin(("LAMP", 1)) for _ in range(10)]
    answers = await asyncio.gather(*(buyer.hold(cart) for cart in carts))
    held = [isinstance(answer, CartHeld) for answer in answers]
    assert sum(held) == 5
    placed = await asyncio.gather(*(buyer.place(cart) for cart in carts))
    for kept, order in zip(held, placed, strict=True):
        assert order.lines[0].allocated == int(kept)
    await buyer.assert_sound()


async def test_holding_again_keeps_what_is_held_and_adds_what_is_missing(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2))
    first = await buyer.hold(cart)
    cart = await buyer.edit(cart, ChangeLine(line_of(cart, "MUG"), 5))
    second = await buyer.hold(cart)
    assert sum(each.quantity for each in first.lines) == 2
    assert sum(each.quantity for each in second.lines) == 5
    assert second.expires_at >= first.expires_at
    assert await buyer.holds(cart) == {"active": 5}
    again = await buyer.hold(cart)
    assert len(again.lines) == len(second.lines)


async def test_what_a_cart_does_not_want_any_more_is_let_go(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2), ("LAMP", 1))
    await buyer.hold(cart)
    cart = await buyer.edit(cart, RemoveLine(line_of(cart, "LAMP")))
    held = await buyer.hold(cart)
    assert [each.quantity for each in held.lines] == [2]
    assert await buyer.holds(cart) == {"active": 2, "released": 1}


async def test_a_hold_moves_with_the_way_of_its_line(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2))
    await buyer.hold(cart)
    pickup = SetOption("pickup", line_of(cart, "MUG"), "S0001")
    cart = await buyer.edit(cart, pickup)
    held = await buyer.hold(cart)
    assert [(each.location, each.quantity) for each in held.lines] == [("S0001", 2)]
    placed = await buyer.place(cart)
    shown = await view(buyer.database, buyer.tenant, placed.id)
    assert buckets(shown) == {"MUG": {("allocated", "S0001"): 2}}
    assert await buyer.holds(cart) == {"released": 2, "confirmed": 0}


async def test_dangerous_goods_are_held_where_they_may_be_sent_from(buyer: Buyer):
    async with buyer.database.transaction(buyer.tenant) as tx:
        mug = catalog.ProductRow("MUG", "home", weight_grams=350, hazardous=True)
        await catalog.import_products(tx, catalog.ImportProducts((mug,)))
        await allow(tx, "DC1", sends=False)
    cart = await buyer.begin(("MUG", 2))
    held = await buyer.hold(cart)
    assert [(each.location, each.quantity) for each in held.lines] == [("S0001", 2)]
    async with buyer.database.transaction(buyer.tenant) as tx:
        await allow(tx, "S0001", sends=False)
    more = await buyer.begin(("MUG", 1))
    assert isinstance(await buyer.hold(more), errors.NotEnoughToHold)
    more = await buyer.edit(more, SetOption("pickup", line_of(more, "MUG"), "S0001"))
    held = await buyer.hold(more)
    assert [(each.location, each.quantity) for each in held.lines] == [("S0001", 1)]
    await buyer.assert_sound()


async def test_a_cart_that_cannot_be_held_whole_holds_nothing(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1), ("LAMP", 6))
    assert isinstance(await buyer.hold(cart), errors.NotEnoughToHold)
    assert await buyer.holds(cart) == {}


async def test_a_hold_that_has_run_out_is_no_obstacle(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2))
    await buyer.hold(cart)
    async with buyer.database.transaction(buyer.tenant) as tx:
        await tx.execute("update carts_hold set expires_at = now() - interval '1 minute'")
    placed = await buyer.place(cart)
    assert placed.lines[0].allocated == 2
    await buyer.assert_sound()


async def test_a_refused_order_leaves_the_cart_its_stock(buyer: Buyer):
    cart = await buyer.begin(("LAMP", 5), changes=(ADA, SetTender(uuid4(), "cash", 1)))
    await buyer.hold(cart)
    refused = await buyer.place(cart)
    assert isinstance(refused, orders.errors.TendersDiffer)
    rival = await buyer.begin(("LAMP", 1))
    assert isinstance(await buyer.hold(rival), errors.NotEnoughToHold)
    (tender,) = cart.tenders
    cart = await buyer.edit(cart, SetTender(tender.id, "cash"))
    placed = await buyer.place(cart)
    assert placed.lines[0].allocated == 5
    await buyer.assert_sound()


async def test_a_cart_that_changed_since_it_was_shown_is_not_placed(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    await buyer.edit(cart, ChangeLine(line_of(cart, "MUG"), 9))
    refused = await buyer.place(cart, version=cart.version)
    assert isinstance(refused, errors.CartChanged)
    assert refused.details == {"version": cart.version + 1}


async def test_an_empty_cart_and_a_way_without_its_store_are_refused(buyer: Buyer):
    empty = await buyer.begin()
    assert isinstance(await buyer.place(empty), errors.EmptyCart)
    nowhere = await buyer.begin(("MUG", 1), changes=(ADA, CASH, SetOption("pickup")))
    refused = await buyer.hold(nowhere)
    assert isinstance(refused, errors.StoreMissing)
    assert refused.pointer == "/lines/0/option/store"


async def test_a_bundle_is_held_by_its_components(buyer: Buyer):
    cart = await buyer.begin(("SET", 2))
    held = await buyer.hold(cart)
    assert sorted(each.quantity for each in held.lines) == [4, 4]
    async with buyer.database.transaction(buyer.tenant) as tx:
        told = await quote(tx, cart.id, actor=SYSTEM)
    assert [(each.quantity, each.available) for each in told.promises] == [(8, 8)]
    placed = await buyer.place(cart, quote=told.quote)
    assert sum(line.allocated for line in placed.lines) == 8
    await buyer.assert_sound()


async def test_goods_carried_out_are_held_where_they_lie(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1), changes=(ADA, CASH, SetOption("carry_out", None, "S0001")))
    held = await buyer.hold(cart)
    assert [each.location for each in held.lines] == ["S0001"]
    placed = await buyer.place(cart)
    shown = await view(buyer.database, buyer.tenant, placed.id)
    assert buckets(shown) == {"MUG": {("handed_over", "S0001"): 1}}


async def test_what_nobody_has_is_told_in_the_quote_and_waits_in_the_order(buyer: Buyer):
    cart = await buyer.begin(("LAMP", 7))
    async with buyer.database.transaction(buyer.tenant) as tx:
        (promise,) = (await quote(tx, cart.id, actor=SYSTEM)).promises
    assert (promise.quantity, promise.available, promise.promised_at) == (7, 5, None)
    placed = await buyer.place(cart)
    assert (placed.lines[0].allocated, placed.lines[0].backordered) == (5, 2)


async def test_somebody_else_s_cart_is_neither_held_nor_placed_nor_quoted(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    stranger = Actor(kind="customer", id="s", customer_id=uuid4())
    for kind, body in ((HOLD, HoldCart(cart_id=cart.id)), (PLACE, PlaceCart(cart_id=cart.id))):
        command = Command(str(uuid4()), stranger, body)
        answer = await buyer.lanes.submit(buyer.tenant, kind, command)
        assert isinstance(answer.outcome, errors.NoSuchCart)
    async with buyer.database.transaction(buyer.tenant) as tx:
        with pytest.raises(errors.NoSuchCart):
            await quote(tx, cart.id, actor=stranger)


async def test_whoever_of_the_staff_put_goods_in_is_credited(buyer: Buyer):
    ann, bob = uuid4(), uuid4()
    async with buyer.database.transaction(buyer.tenant) as tx:
        members = [
            PutStaffMember("A1", "Ann", frozenset({"agent"}), account_id=ann),
            PutStaffMember("B2", "Bob", frozenset({"agent"}), account_id=bob),
        ]
        await put_staff(tx, members)
    cart = await buyer.begin()
    actors = {id: Actor(kind="staff", id=str(id)) for id in (ann, bob)}
    for id, sku in ((ann, "MUG"), (bob, "LAMP")):
        body = EditCart(cart_id=cart.id, operations=(wish(AddLine(uuid4(), sku, 1), 3),))
        command = Command(str(uuid4()), actors[id], body)
        await buyer.lanes.submit(buyer.tenant, EDIT, command)
    body = PlaceCart(cart_id=cart.id)
    command = Command(str(uuid4()), actors[bob], body)
    placed = (await buyer.lanes.submit(buyer.tenant, PLACE, command)).outcome
    shown = await view(buyer.database, buyer.tenant, placed.id)
    credited = {(each.role, each.beneficiary_id) for each in shown.attributions}
    assert credited == {("assisted", "A1"), ("sold", "B2")}


async def test_choices_tell_date_and_price_of_every_way(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2))
    async with buyer.database.transaction(buyer.tenant) as tx:
        free = pricing.ShippingPriceRow(
            service="STANDARD48",
            currency="GBP",
            basis="gross",
            amount_minor=0,
            goods_from_minor=5_000,
        )
        await pricing.put_shipping_prices(tx, pricing.PutShippingPrices((free,)))
        found = await choices(tx, cart.id, actor=SYSTEM)
        # Only one of the carrier's services has a price, so no other is offered.
        (delivery,) = found.deliveries
        assert (delivery.service, delivery.gross_minor) == ("STANDARD48", 395)
        assert delivery.promised_at > tx.now
        (pickup,) = found.pickups
        assert (pickup.store, pickup.method, pickup.lacking) == ("S0001", "pickup", ())
    cart = await buyer.edit(cart, ChangeLine(line_of(cart, "MUG"), 20))
    async with buyer.database.transaction(buyer.tenant) as tx:
        found = await choices(tx, cart.id, actor=SYSTEM, country="GB", postcode="OX1 4AA")
    assert found.deliveries[0].gross_minor == 0
    assert [(each.sku, each.quantity) for each in found.deliveries[0].lacking] == [("MUG", 6)]


async def test_a_choice_is_placed_at_the_price_and_by_the_date_that_were_shown(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2))
    async with buyer.database.transaction(buyer.tenant) as tx:
        (delivery,) = (await choices(tx, cart.id, actor=SYSTEM)).deliveries
        dearer = pricing.PriceRow(sku="MUG", unit_price_milli=9_000_000)
        await pricing.import_prices(tx, pricing.ImportPrices(price_list="retail", rows=(dearer,)))
    taken = await buyer.edit(cart, SetOption("ship", service=delivery.service))
    agreed = {"version": taken.version, "quote": delivery.quote, "offers": [delivery.offer]}
    placed = await buyer.place(taken, **agreed)
    assert placed.gross_minor == 1200 + delivery.gross_minor
    assert placed.lines[0].promised_at <= delivery.promised_at
    await buyer.assert_sound()


async def test_a_pickup_that_was_chosen_is_ready_when_it_was_shown_to_be(buyer: Buyer):
    cart = await buyer.begin(("MUG", 2))
    async with buyer.database.transaction(buyer.tenant) as tx:
        (pickup,) = (await choices(tx, cart.id, actor=SYSTEM)).pickups
    taken = await buyer.edit(cart, SetOption(pickup.method, store=pickup.store))
    placed = await buyer.place(taken, offers=[pickup.offer])
    assert placed.lines[0].promised_at <= pickup.ready_at
    assert pickup.confidence.units_left == 2


async def test_a_cart_is_brought_to_a_store_as_it_was_shown_to_be(buyer: Buyer):
    cart = await buyer.begin(("MUG", 5))
    async with buyer.database.transaction(buyer.tenant) as tx:
        (brought,) = (await choices(tx, cart.id, actor=SYSTEM)).pickups
    assert (brought.method, brought.service) == ("ship_to_store", "ECONOMY")
    taken = await buyer.edit(cart, SetOption(brought.method, store=brought.store))
    placed = await buyer.place(taken, offers=[brought.offer])
    assert (await view(buyer.database, buyer.tenant, placed.id)).service == "ECONOMY"
    other = await buyer.begin(("MUG", 5))
    other = await buyer.edit(other, SetOption("ship", service="STANDARD48"))
    async with buyer.database.transaction(buyer.tenant) as tx:
        (brought,) = (await choices(tx, other.id, actor=SYSTEM)).pickups
    assert brought.service == "STANDARD48"


@pytest.mark.parametrize("held", [False, True])
async def test_the_dates_of_a_quote_are_kept_or_the_cart_stays_a_cart(buyer: Buyer, held: bool):
    cart = await buyer.begin(("LAMP", 3))
    if held:
        await buyer.hold(cart)
    async with buyer.database.transaction(buyer.tenant) as tx:
        told = await quote(tx, cart.id, actor=SYSTEM)
    assert (len(told.offers), told.expires_at > datetime.now(UTC)) == (1, True)
    await place_order(buyer.lanes, buyer.tenant, order_wish("LAMP", "LAMP", "LAMP"))
    answer = await buyer.place(cart, quote=told.quote, offers=list(told.offers))
    if held:
        assert answer.lines[0].promised_at <= told.promises[0].promised_at
    else:
        assert isinstance(answer, OfferNotKept)
        again = await buyer.place(cart, quote=told.quote)
        assert again.lines[0].backordered == 1
    await buyer.assert_sound()


async def test_a_quote_offers_nothing_for_what_would_have_to_wait(buyer: Buyer):
    cart = await buyer.begin(("LAMP", 9))
    async with buyer.database.transaction(buyer.tenant) as tx:
        assert (await quote(tx, cart.id, actor=SYSTEM)).offers == ()


async def test_choices_need_to_know_where_the_customer_is(buyer: Buyer):
    body = StartCart(channel="web", operations=(wish(AddLine(uuid4(), "MUG", 1)),))
    cart = await buyer.lanes.run(buyer.tenant, START, str(uuid4()), body)
    async with buyer.database.transaction(buyer.tenant) as tx:
        with pytest.raises(errors.PlaceMissing):
            await choices(tx, cart.id, actor=SYSTEM)


@pytest.mark.parametrize(("held", "most"), [(False, 5), (True, 6)])
async def test_a_batch_is_placed_by_few_statements(buyer: Buyer, held: bool, most: int):
    carts = [await buyer.begin(("SPOON", 1)) for _ in range(9)]
    for cart in carts if held else ():
        assert isinstance(await buyer.hold(cart), CartHeld)
    spent = []
    for some in (carts[:1], carts[1:2], carts[2:]):
        async with buyer.database.transaction(buyer.tenant) as tx:
            before = tx.statements
            commands = [Command(str(uuid4()), SYSTEM, PlaceCart(cart_id=c.id)) for c in some]
            answers = await PLACE.handle(tx, commands)
            assert all(isinstance(each, orders.Placed) for each in answers)
            spent.append(tx.statements - before)
    # Beginning, opening with the keys, all that is written last and COMMIT come on top.
    assert spent[1] == spent[2] <= most


async def test_a_quote_is_only_for_the_cart_as_it_was(buyer: Buyer):
    cart = await buyer.begin(("MUG", 1))
    async with buyer.database.transaction(buyer.tenant) as tx:
        told = await quote(tx, cart.id, actor=SYSTEM)
    changed = await buyer.edit(cart, ChangeLine(line_of(cart, "MUG"), 2))
    refused = await buyer.place(changed, quote=told.quote)
    assert isinstance(refused, pricing.QuoteMismatch)
    assert told.expires_at > told.cart.at + timedelta(minutes=1)
    assert msgspec.json.encode(told)
