"""What a customer can choose, on the real database."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.edge import clients
from tests.sourcing.world import MORNING, Shop, stocked, wish

from crosslane.catalog import ComponentRow, ImportProducts, ProductRow, import_products
from crosslane.organization import PutChannel, UnknownChannel, put_channel
from crosslane.platform.database import Tx
from crosslane.sourcing import (
    ROUTES,
    Arrived,
    ItemAsked,
    NotOnSale,
    OfferExpired,
    OfferForged,
    OfferMismatch,
    Options,
    OptionsFacts,
    OptionsWanted,
    PickupOption,
    PlaceUnknown,
    SourcingRequest,
    decide_options,
    fingerprint_of,
    load_options,
    note_arrived,
    options_for,
    read_offer,
    require_fitting,
    terms_of,
)

HOME = {"channel": "web", "country": "GB", "postcode": "AB10 1NJ", "at": MORNING}


async def asked(tx: Tx, *items: tuple[str, int], **changes) -> Options:
    wanted = [ItemAsked(sku, quantity) for sku, quantity in items]
    return await options_for(tx, OptionsWanted(items=wanted, **{**HOME, **changes}))


def day_of(moment: datetime) -> date:
    """The last day before a midnight by which everything has come."""
    return (moment.astimezone(ZoneInfo("Europe/London")) - timedelta(minutes=1)).date()


def fetched(options: list[PickupOption]) -> list[tuple[str, str, int]]:
    return [(o.location, o.method, sum(x.quantity for x in o.lacking)) for o in options]


async def test_each_service_delivers_on_a_day_at_a_cost(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10)
    found = await asked(tx, ("MUG", 2))
    assert {o.service for o in found.deliveries} >= {"STANDARD48", "ECONOMY"}
    promised = [option.promised_at for option in found.deliveries]
    assert promised == sorted(promised)
    by_service = {option.service: option for option in found.deliveries}
    standard, economy = by_service["STANDARD48"], by_service["ECONOMY"]
    assert day_of(standard.promised_at) < day_of(economy.promised_at)
    assert standard.cost_milli > economy.cost_milli > 0
    assert (standard.parcels, standard.lacking) == (1, ())


async def test_after_the_cut_off_everything_comes_later(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10)
    early = await asked(tx, ("MUG", 1))
    late = await asked(tx, ("MUG", 1), at=MORNING.replace(hour=16))
    before = {option.service: option.promised_at for option in early.deliveries}
    after = {option.service: option.promised_at for option in late.deliveries}
    assert all(after[service] >= before[service] for service in before)
    assert after["STANDARD48"] > before["STANDARD48"]


async def test_stores_near_by_offer_what_they_have_or_can_get(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", ABERDEEN=1, LEEDS=3, DC=3)
    one = await asked(tx, ("MUG", 1))
    assert fetched(one.pickups) == [("ABERDEEN", "pickup", 0), ("LEEDS", "pickup", 0)]
    # Ready for whoever orders just before the offer expires.
    assert one.expires_at == MORNING + timedelta(minutes=15)
    assert one.pickups[0].ready_at == one.expires_at + timedelta(hours=2)
    assert one.pickups[0].distance_metres < one.pickups[1].distance_metres
    two = await asked(tx, ("MUG", 2))
    assert fetched(two.pickups) == [("ABERDEEN", "ship_to_store", 0), ("LEEDS", "pickup", 0)]
    assert two.pickups[0].ready_at > two.pickups[1].ready_at
    many = await asked(tx, ("MUG", 9))
    assert fetched(many.pickups) == [("ABERDEEN", "ship_to_store", 2), ("LEEDS", "pickup", 6)]


async def test_asking_marks_nothing(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", ABERDEEN=1, DC=1)
    assert await asked(tx, ("MUG", 2)) == await asked(tx, ("MUG", 2))


async def test_an_option_that_lacks_nothing_has_an_offer(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", ABERDEEN=1, DC=3)
    found = await asked(tx, ("MUG", 2))
    for option in found.deliveries:
        offer = read_offer(option.offer)
        assert (offer.promised_at, offer.expires_at) == (option.promised_at, found.expires_at)
        assert (offer.terms.method, offer.terms.service) == ("ship", option.service)
        assert (offer.terms.country, offer.terms.postcode) == ("GB", "AB101NJ")
    brought = read_offer(found.pickups[0].offer)
    assert (brought.terms.method, brought.terms.store) == ("ship_to_store", "ABERDEEN")
    assert brought.promised_at == found.pickups[0].ready_at
    short = await asked(tx, ("MUG", 9))
    assert {option.offer for option in (*short.deliveries, *short.pickups)} == {""}


async def test_an_offer_is_for_the_goods_and_the_place_it_was_given_for(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=3)
    found = await asked(tx, ("MUG", 2))
    option = next(each for each in found.deliveries if each.service == "STANDARD48")
    offer = read_offer(option.offer)
    mug, bowl = shop.variants["MUG"].id, shop.variants["BOWL"].id
    wanted = wish(shop, ("MUG", 1), ("MUG", 1), postcode="ab10 1nj")
    units = [(mug, 1), (mug, 1)]

    def fits(request: SourcingRequest, units: list, tenant: str = "", at: datetime = MORNING):
        terms = terms_of(request, fingerprint_of(units))
        require_fitting(offer, terms, tenant=tenant or tx.tenant, at=at)

    fits(wanted, units)
    fits(wanted, units, at=found.expires_at)
    with pytest.raises(OfferExpired):
        fits(wanted, units, at=found.expires_at + timedelta(seconds=1))
    for what, other, theirs, tenant in (
        ("goods", wanted, [(mug, 3)], ""),
        ("goods", wanted, [(bowl, 2)], ""),
        ("tenant", wanted, units, "elsewhere"),
        ("postcode", msgspec.structs.replace(wanted, postcode="AB10 1NK"), units, ""),
        ("service", msgspec.structs.replace(wanted, service="ECONOMY"), units, ""),
    ):
        with pytest.raises(OfferMismatch) as refused:
            fits(other, theirs, tenant)
        assert refused.value.details["what"] == what
    body, _, signature = option.offer.partition(".")
    for forged in (f"{body}.{signature[::-1]}", f"{body[1:]}.{signature}", body, "", "é.x"):
        with pytest.raises(OfferForged):
            read_offer(forged)


async def test_how_sure_an_option_is_comes_from_what_is_left(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", LEEDS=5)
    found = await asked(tx, ("MUG", 2))
    sure = next(o.confidence for o in found.deliveries if o.service == "STANDARD48")
    assert (sure.units_left, sure.parcels_left) == (3, 1)
    assert sure.transit_days > 0
    fetched = next(o.confidence for o in found.pickups if o.location == "LEEDS")
    assert (fetched.units_left, fetched.parcels_left, fetched.transit_days) == (3, None, 0)


@pytest.mark.parametrize("month", [1, 7])
async def test_days_on_the_way_are_counted_alike_in_winter_and_in_summer(
    shop: Shop, tx: Tx, month: int
):
    """A day ends at midnight in Greenwich in winter, an hour before that in summer."""
    await stocked(tx, shop, "MUG", DC=5)
    wednesday = MORNING.replace(month=month, day={1: 5, 7: 6}[month])
    found = await asked(tx, ("MUG", 1), at=wednesday)
    for each in found.deliveries:
        days = (day_of(each.promised_at) - wednesday.date()).days
        assert each.confidence.transit_days == days, each.service


async def test_how_often_promises_were_kept_is_told_of_the_one_who_kept_fewest(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", LEEDS=5)
    await stocked(tx, shop, "BOWL", ABERDEEN=5)
    leeds, aberdeen = shop.locations["LEEDS"].id, shop.locations["ABERDEEN"].id

    def parcels(location: UUID, *days_late: int) -> list[Arrived]:
        return [
            Arrived(
                service="STANDARD48",
                location_id=location,
                promised_at=MORNING,
                at=MORNING + timedelta(days=late),
            )
            for late in days_late
        ]

    async def told() -> tuple[int, int | None]:
        found = await asked(tx, ("MUG", 1), ("BOWL", 1))
        sure = next(o.confidence for o in found.deliveries if o.service == "STANDARD48")
        return sure.promises, sure.kept_bp

    assert await told() == (0, None)
    await note_arrived(tx, parcels(leeds, 0, -1, 0, 0, 0, 0, 0, 1))
    assert await told() == (0, None)
    await note_arrived(tx, parcels(aberdeen, 0))
    await note_arrived(tx, parcels(aberdeen, 2))
    assert await told() == (2, 5_000)
    await note_arrived(tx, parcels(aberdeen, *[0] * 98))
    assert await told() == (8, 8_000)


async def test_a_bundle_stands_for_its_parts(shop: Shop, tx: Tx):
    parts = (ComponentRow("MUG", 2, 1), ComponentRow("BOWL", 1, 1))
    await import_products(tx, ImportProducts((ProductRow("SET", "mugs", components=parts),)))
    await stocked(tx, shop, "MUG", DC=4)
    await stocked(tx, shop, "BOWL", DC=1)
    found = await asked(tx, ("SET", 2))
    assert [(x.sku, x.quantity) for x in found.deliveries[0].lacking] == [("BOWL", 1)]


async def test_what_nobody_has_leaves_no_option(shop: Shop, tx: Tx):
    found = await asked(tx, ("MUG", 1))
    assert (found.deliveries, found.pickups) == ([], [])


async def test_what_cannot_be_answered_is_refused(shop: Shop, tx: Tx):
    with pytest.raises(NotOnSale):
        await asked(tx, ("NOTHING", 1))
    with pytest.raises(UnknownChannel):
        await asked(tx, ("MUG", 1), channel="moon")
    with pytest.raises(PlaceUnknown):
        await asked(tx, ("MUG", 1), country="FR", postcode="75001")
    assert (await asked(tx, ("MUG", 1), country="FR", postcode="75001", stores=0)).pickups == []


async def test_options_over_http(shop: Shop, database, lanes, tenant):
    async with database.transaction(tenant) as tx:
        await stocked(tx, shop, "MUG", ABERDEEN=1, DC=5)
    async with clients(ROUTES, database, lanes, tenant) as client_of:
        client = client_of("sourcing:read")
        body = {"channel": "web", "country": "GB", "postcode": "AB10 1NJ"}
        items = [{"sku": "MUG", "quantity": 1}]
        answer = await client.post("fulfillment-options", json=body | {"items": items})
        assert answer.status_code == 200, answer.text
        assert answer.json()["pickups"][0]["location"] == "ABERDEEN"
        assert answer.json()["deliveries"][0]["promised_at"].endswith("Z")
        empty = await client.post("fulfillment-options", json=body | {"items": []})
        assert empty.status_code in (400, 422)
        gone = await client.post(
            "fulfillment-options", json=body | {"items": [{"sku": "NO", "quantity": 1}]}
        )
        assert (gone.status_code, gone.json()["pointer"]) == (422, "/items/0/sku")


async def test_carts_that_are_asked_for_together_are_answered_as_alone(shop: Shop, tx: Tx):
    await stocked(tx, shop, "MUG", DC=10, ABERDEEN=1)
    await stocked(tx, shop, "BOWL", DC=3)
    await put_channel(tx, PutChannel("trade", "Trade", "web", "marlow", "gb", "MF"))
    wanted = [
        OptionsWanted(items=[ItemAsked(*item) for item in items], **{**HOME, **changes})
        for items, changes in (
            ([("MUG", 2)], {}),
            ([("MUG", 1), ("BOWL", 2)], {"stores": 0}),
            ([("BOWL", 1)], {"channel": "trade"}),
            ([("NOTHING", 1)], {}),
            ([("MUG", 1)], {"postcode": "nowhere"}),
            ([("MUG", 1)], {"channel": "nobody"}),
        )
    ]
    together = await load_options(tx, wanted)
    for one, found in zip(wanted, together, strict=True):
        if isinstance(found, OptionsFacts):
            assert decide_options(found) == await options_for(tx, one)
        else:
            with pytest.raises(type(found)):
                await options_for(tx, one)
    assert [isinstance(found, OptionsFacts) for found in together[:3]] == [True] * 3
    refused = [type(found) for found in together[3:]]
    assert refused == [NotOnSale, PlaceUnknown, UnknownChannel]
