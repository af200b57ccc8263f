"""Orders placed with the offer of an option that was shown: kept, or refused with a reason."""

from datetime import UTC, datetime, timedelta

import pytest

from crosslane import carriers, locations, pricing, sourcing
from crosslane.orders import LineWish, PlaceOrder
from crosslane.orders.service.releasing import Released, release
from crosslane.platform import facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.seals import use_secret
from crosslane.sourcing import ItemAsked, Options, OptionsWanted, options_for
from tests.orders.world import HOME, LONG_AGO, place, refusal, set_policy, view, wish
from tests.soundness import assert_sound

use_secret(b"a secret of the tests alone")
# A Wednesday, ten minutes before the cut-off; the trade channel may tell when it has sold.
ALMOST = datetime(2026, 6, 10, 13, 50, tzinfo=UTC)
SOLD = {"channel": "trade", "placed_at": ALMOST + timedelta(minutes=15), "service": "STANDARD48"}

BROUGHT = LineWish(sku="MUG", quantity=5, method="ship_to_store", store="S0001")


async def shown(database: Database, shop: str, *items: tuple[str, int], **how) -> Options:
    asked = {"channel": "trade", "country": "GB", "postcode": HOME.postcode, "at": ALMOST, **how}
    async with database.transaction(shop, read_only=True) as tx:
        wanted = OptionsWanted(items=[ItemAsked(*item) for item in items], **asked)
        return await options_for(tx, wanted)


async def standard(
    database: Database, shop: str, *items: tuple[str, int], service: str = "STANDARD48"
) -> tuple[str, datetime]:
    """The offer and the date of delivery by the usual service, or another one."""
    options = await shown(database, shop, *items)
    (found,) = [each for each in options.deliveries if each.service == service]
    return found.offer, found.promised_at


async def price(database: Database, shop: str, service: str) -> None:
    """Let customers choose a service."""
    row = pricing.ShippingPriceRow(
        service=service, currency="GBP", basis="gross", amount_minor=695, valid_from=LONG_AGO
    )
    async with database.transaction(shop) as tx:
        await pricing.put_shipping_prices(tx, pricing.PutShippingPrices((row,)))


def offered(offer: str, *lines: LineWish | str, **how) -> PlaceOrder:
    return wish(*lines, **{"offers": [offer], **SOLD, **how})


async def test_what_was_shown_is_kept_by_whoever_orders_at_the_last_moment(
    database: Database, shop: str, lanes: Lanes
):
    offer, until = await standard(database, shop, ("MUG", 1), ("LAMP", 1))
    placed = await place(lanes, shop, offered(offer, "MUG", "LAMP"))
    assert max(line.promised_at for line in placed.lines if line.promised_at) == until
    early = await place(lanes, shop, offered(offer, "MUG", "LAMP", placed_at=ALMOST))
    assert all(line.promised_at and line.promised_at < until for line in early.lines)
    await assert_sound(database, shop)


async def test_a_fetched_order_is_ready_when_it_was_shown_to_be(
    database: Database, shop: str, lanes: Lanes
):
    options = await shown(database, shop, ("MUG", 2))
    (pickup,) = options.pickups
    line = LineWish(sku="MUG", quantity=2, method="pickup", store="S0001")
    placed = await place(lanes, shop, offered(pickup.offer, line, ship_to=None))
    assert placed.lines[0].promised_at == pickup.ready_at
    more = await shown(database, shop, ("MUG", 5))
    (brought,) = more.pickups
    assert brought.method == "ship_to_store"
    by = {"ship_to": None, "service": brought.service}
    placed = await place(lanes, shop, offered(brought.offer, BROUGHT, **by))
    assert placed.lines[0].promised_at is not None
    assert placed.lines[0].promised_at <= brought.ready_at


async def test_goods_are_brought_to_a_store_by_the_service_they_were_shown_to_be(
    database: Database, shop: str, lanes: Lanes
):
    # The channel's usual service does not go to the store at all.
    usual = {"service": "EXPORT", "backdating": True}
    async with database.transaction(shop) as tx:
        await set_policy(tx, "orders.intake", usual, "trade")
    (brought,) = (await shown(database, shop, ("MUG", 5))).pickups
    assert (brought.method, brought.service) == ("ship_to_store", "ECONOMY")
    placed = await place(lanes, shop, offered(brought.offer, BROUGHT, ship_to=None, service=""))
    order = await view(database, shop, placed.id)
    assert order.service == "ECONOMY"
    async with database.transaction(shop, read_only=True) as tx:
        (kept,) = await sourcing.receipts_of_order(tx, placed.id, limit=2)
    assert kept.receipt.plan.sent_milli == brought.cost_milli
    await assert_sound(database, shop)


async def test_goods_are_shown_as_the_service_brings_them_that_the_order_will_name(
    database: Database, shop: str, lanes: Lanes
):
    (cheapest,) = (await shown(database, shop, ("MUG", 5))).pickups
    (brought,) = (await shown(database, shop, ("MUG", 5), service="STANDARD48")).pickups
    assert brought.service == "STANDARD48"
    assert brought.cost_milli > cheapest.cost_milli
    refused = await refusal(lanes, shop, offered(cheapest.offer, BROUGHT, ship_to=None))
    assert isinstance(refused, sourcing.OfferMismatch)
    assert refused.details["what"] == "service"
    await place(lanes, shop, offered(brought.offer, BROUGHT, ship_to=None))
    with pytest.raises(carriers.ServiceUnknown):
        await shown(database, shop, ("MUG", 5), service="PIGEON")


async def test_an_order_may_keep_one_offer_for_each_way(
    database: Database, shop: str, lanes: Lanes
):
    lamp, _ = await standard(database, shop, ("LAMP", 1))
    (pickup,) = (await shown(database, shop, ("MUG", 1))).pickups
    fetched = LineWish(sku="MUG", quantity=1, method="pickup", store="S0001")
    both = {"offers": [pickup.offer, lamp]}
    placed = await place(lanes, shop, wish("LAMP", fetched, **{**SOLD, **both}))
    assert [line.allocated for line in placed.lines] == [1, 1]
    twice = {"offers": [lamp, lamp]}
    refused = await refusal(lanes, shop, wish("LAMP", fetched, **{**SOLD, **twice}))
    assert isinstance(refused, sourcing.OfferMismatch)


async def test_an_offer_that_others_have_made_impossible_is_refused_and_leaves_nothing(
    database: Database, shop: str, lanes: Lanes
):
    offer, _ = await standard(database, shop, ("LAMP", 3))
    await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=3)))
    refused = await refusal(lanes, shop, offered(offer, LineWish(sku="LAMP", quantity=3)))
    assert isinstance(refused, sourcing.OfferNotKept)
    assert (refused.pointer, refused.details["units"]) == ("/offers", 1)
    # Without the offer it may wait for stock.
    placed = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=3), **SOLD))
    assert (placed.lines[0].allocated, placed.lines[0].backordered) == (2, 1)
    await assert_sound(database, shop)


async def limited(database: Database, shop: str, parcels: int) -> None:
    """Let DC2, which has all lamps, send so many parcels a day."""
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update locations_location set parcels_per_day = $1 where code = 'DC2'", parcels
        )
        await facts.touch(tx, "locations")


async def fill_the_day(database: Database, shop: str, lanes: Lanes) -> None:
    """Let somebody else's lamp take the only parcel that DC2 can send on the day."""
    await limited(database, shop, 1)
    await place(lanes, shop, wish("LAMP", **SOLD))


async def test_a_parcel_goes_by_a_faster_service_where_its_day_is_full_by_now(
    database: Database, shop: str, lanes: Lanes
):
    offer, until = await standard(database, shop, ("LAMP", 1))
    await fill_the_day(database, shop, lanes)
    placed = await place(lanes, shop, offered(offer, "LAMP"))
    assert placed.lines[0].promised_at is not None
    assert placed.lines[0].promised_at <= until
    released = await released_of(database, shop, placed.id)
    assert [(one.sku, one.service) for one in released] == [("LAMP", "EXPRESS24")]
    told = await view(database, shop, placed.id)
    assert told.lines[0].buckets[0].location == "DC2"


@pytest.mark.parametrize("limit", [0, 1], ids=["none", "full"])
async def test_what_no_day_takes_is_not_offered(
    database: Database, shop: str, lanes: Lanes, limit: int
):
    await limited(database, shop, limit)
    async with database.transaction(shop) as tx:
        dc2 = (await locations.network(tx)).by_code["DC2"]
        days = [ALMOST.date() + timedelta(days=ahead) for ahead in range(60)]
        full = [locations.CapacityClaim(dc2.id, day, 1, str(day)) for day in days if limit]
        assert not await locations.claim_capacity(tx, full)
    assert (await shown(database, shop, ("LAMP", 1))).deliveries == []


async def test_a_place_that_is_full_keeps_an_offer_that_its_next_day_keeps(
    database: Database, shop: str, lanes: Lanes
):
    async with database.transaction(shop) as tx:
        await set_policy(tx, "sourcing.settings", {"full_places_drop": True}, "trade")
    await limited(database, shop, 1)
    await place(lanes, shop, wish("LAMP", **{**SOLD, "placed_at": ALMOST}))
    # Dated for whoever orders after the cut-off.
    offer, until = await standard(database, shop, ("LAMP", 1))
    placed = await place(lanes, shop, offered(offer, "LAMP", placed_at=ALMOST))
    assert placed.lines[0].promised_at == until


async def released_of(database: Database, shop: str, order_id) -> list[Released]:
    async with database.transaction(shop) as tx:
        return await release(tx, [order_id], Command("k", SYSTEM, None), "test")


async def test_an_offer_that_no_service_can_keep_is_refused(
    database: Database, shop: str, lanes: Lanes
):
    await price(database, shop, "EXPRESS24")
    offer, _ = await standard(database, shop, ("LAMP", 1), service="EXPRESS24")
    await fill_the_day(database, shop, lanes)
    refused = await refusal(lanes, shop, offered(offer, "LAMP", service="EXPRESS24"))
    assert isinstance(refused, sourcing.OfferNotKept)
    await assert_sound(database, shop)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"placed_at": ALMOST + timedelta(minutes=16)}, sourcing.OfferExpired),
        ({"channel": "bazaar"}, sourcing.OfferMismatch),
        ({"service": "ECONOMY"}, sourcing.OfferMismatch),
        ({"offers": ["forged.offer"]}, sourcing.OfferForged),
    ],
    ids=["expired", "channel", "service", "forged"],
)
async def test_an_offer_for_something_else_is_refused(
    database: Database, shop: str, lanes: Lanes, changes: dict, reason: type
):
    await price(database, shop, "ECONOMY")
    offer, _ = await standard(database, shop, ("MUG", 1))
    refused = await refusal(lanes, shop, offered(offer, "MUG", **changes))
    assert isinstance(refused, reason), refused
    assert refused.pointer == "/offers/0"
    for other in (LineWish(sku="MUG", quantity=2), "LAMP"):
        refused = await refusal(lanes, shop, offered(offer, other))
        assert isinstance(refused, sourcing.OfferMismatch)
