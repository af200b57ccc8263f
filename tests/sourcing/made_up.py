"""Retailers that are made up in memory: places, prices of parcels, goods that lie anywhere."""

import json
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from crosslane.carriers import CarrierDraft, RateBook, TariffDraft
from crosslane.carriers.domain.drafts import carrier_of, tariffs_of
from crosslane.catalog import Variant
from crosslane.inventory import Survey
from crosslane.inventory.domain.position import KeptBack, Reserves
from crosslane.inventory.domain.survey import VariantStock
from crosslane.locations import Location, Network, Timetable, position_of
from crosslane.locations.domain.opening import Closure, Hours
from crosslane.organization import Channel, PolicyBook
from crosslane.organization.domain.policy import PolicyVersion, Scope
from crosslane.sourcing.domain import DispatchDays, LineAsked, SourcingRequest, World
from crosslane.sourcing.domain.problem import TERMS
from crosslane.sourcing.domain.world import Prices
from crosslane.vendors import Vendor

NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)
POSTCODES = ("DE74 2NE", "SN3 4NF", "AB11 5RN", "M1 1AE", "IV27 4NE", "BT1 1AA", "SW1A 2AA")
ABILITIES = ("ship", "pickup", "ship_to_store")
DAYS = [(NOON + timedelta(days=ahead)).date() for ahead in range(4)]
CHANNEL = Channel(
    *(UUID(int=1), "web", "Web", "web", "marlow", "gb", "MF", "GBP", "GB", "en-GB", "inclusive"),
    "Europe/London",
    frozenset({*ABILITIES, "carry_out"}),
    "ship",
)


class MadeUp(msgspec.Struct, frozen=True):
    """What carts are decided on, and some carts, each to be shipped."""

    world: World
    survey: Survey
    carts: list[SourcingRequest]


def made_up(seed: int, *, scarce: bool = False) -> MadeUp:
    """Return a retailer like no other, the same for a seed.

    Args:
        seed: any number.
        scarce: of many places only few have an article, and vendors take on any order.
    """
    draw = Random(seed)  # noqa: S311 - a repeatable mixture, nothing secret
    size = 30 if scarce else draw.choice([1, 2, 4, 9, 20])
    network = Network(_place(draw, number) for number in range(size))
    goods = [_article(draw, number) for number in range(14)]
    # A ninth of them lets only some places send dangerous goods.
    rules = _rates(draw), _policies(draw, limited=seed % 9 == 0)
    world = World(network, *rules, DispatchDays(), {}, _prices(draw, network, goods))
    for key in [(at.id, day) for at in network.all for day in DAYS if draw.random() < 0.3]:
        world.taken[key] = draw.choice([1, 2, 50, 100])
    if not scarce and draw.random() < 0.4:
        vendors = [at for at in network.all if at.kind == "vendor"]
        world.demanding = {at.id: _vendor(draw, at.id) for at in vendors}
        world.agreed = {(at.id, each.id): 100_000 for at in vendors for each in goods}
    carts = [_cart(draw, goods) for _ in range(6)]
    return MadeUp(world, _survey(draw, network, goods, scarce=scarce), carts)


def _id(draw: Random) -> UUID:
    return UUID(int=draw.getrandbits(128))


def _place(draw: Random, number: int) -> Location:
    kind = draw.choice(["warehouse", "store", "store", "store", "vendor"])
    abilities = ["ship"] if kind != "store" else [a for a in ABILITIES if draw.random() < 0.9]
    spans = [draw.choice([(), ((480, 1200),), ((540, 720), (780, 1080))]) for _ in range(7)]
    since = NOON + timedelta(hours=draw.randint(-50, 50))
    closure = Closure(since, since + timedelta(days=3), "flood") if draw.random() < 0.1 else None
    postcode = draw.choice(POSTCODES)
    hours: Any = Hours(tuple(spans))
    return Location(
        id=_id(draw),
        code=f"S{number:04}",
        kind=kind,
        entity="MF",
        name=f"Place {number}",
        lines=(),
        city="",
        country="GB",
        nation="ENG",
        postcode=postcode,
        phone="",
        point=position_of("GB", postcode),
        abilities=frozenset(abilities),
        timetable=Timetable(
            "Europe/London", "GB", "ENG", hours, 900, draw.choice([0, 120, 3000]), closure
        ),
        handling_hours=2,
        parcels_per_day=draw.choice([*[None] * 6, 0, *[1, 2, 100] * 3]),
        handling_parcel_minor=draw.choice([55, 110]),
        handling_unit_minor=draw.choice([0, 0, 5, 30]),
        active=draw.random() > 0.05,
        version=1,
    )


def _article(draw: Random, number: int) -> Variant:
    category = draw.choice([("home",), ("home", "big"), ("other",)])
    weight, length = draw.choice([0, 100, 900, 5_000, 40_000]), draw.choice([0, 100, 800, 3_000])
    told = (f"A{number:05}", _id(draw), f"P{number}", f"Article {number}", None)
    sizes = (weight, length, 0, 0)
    return Variant(
        _id(draw), *told, *sizes, "standard", category[-1], category, {}, hazardous=number % 7 == 0
    )


def _rates(draw: Random) -> RateBook:
    packed = json.loads(files("crosslane.carriers").joinpath("house_carrier.json").read_text())
    carrier, services = carrier_of(msgspec.convert(packed["carrier"], CarrierDraft), ["house"])
    tariffs = tariffs_of(msgspec.convert(packed["tariff"], TariffDraft), carrier, services)
    sold = [
        msgspec.structs.replace(each, length_max_mm=draw.choice([each.length_max_mm, 500]))
        for each in services
    ]
    return RateBook([carrier], sold, tariffs)


def _policies(draw: Random, *, limited: bool) -> PolicyBook:
    some = {
        "split_milli": [1_000, 300_000],
        "goodwill_milli": [0, 20_000, 300_000, 600_000],
        "full_places_drop": [True],
        "split_quantities": [False],
        "distance_milli_per_km": [0, 1_000],
        "senders": [["store"], ["warehouse", "vendor"]],
        "terms": [sorted(draw.sample(sorted(TERMS), 8))],
    }
    settings = {name: draw.choice(values) for name, values in some.items() if draw.random() < 0.2}
    decided = [("sourcing.settings", Scope("tenant"), settings)]
    if draw.random() < 0.2:
        allowed = {"methods": ["ship", "carry_out"]}
        decided.append(("catalog.fulfillment", Scope("category", "big"), allowed))
    if draw.random() < 0.2:
        saving = {"savings": [{"unit_milli": 10**6, "category": "big"}]}
        decided.append(("sourcing.markdown", Scope("tenant"), saving))
    if limited:
        kind = "sourcing.dangerous_goods"
        decided += [(kind, Scope("tenant"), {"sends": False})]
        decided += [(kind, Scope("location", f"S{n:04}"), {"sends": True}) for n in range(1, 20, 3)]
    return PolicyBook(
        PolicyVersion(
            _id(draw), number, kind, scope, NOON - timedelta(days=9), value, "a:b", "so", NOON
        )
        for number, (kind, scope, value) in enumerate(decided)
    )


def _prices(draw: Random, network: Network, goods: list[Variant]) -> Prices:
    if draw.random() < 0.6:
        return Prices()
    scarcity = {
        each.id: {at.id: draw.choice([1, 50_000]) for at in network.all if draw.random() < 0.5}
        for each in goods
    }
    capacity: dict[tuple[UUID, date], int] = {
        (at.id, day): draw.choice([1, 80_000]) for at in network.all for day in DAYS
    }
    return Prices(scarcity, capacity)


def _vendor(draw: Random, location_id: UUID) -> Vendor:
    least = draw.choice([0, 3]), draw.choice([0, 500])
    return Vendor(location_id, "none", "", "", "", "GBP", True, *least)


def _survey(draw: Random, network: Network, goods: list[Variant], *, scarce: bool) -> Survey:
    lies, units = (0.9, [5, 100]) if draw.random() < 0.7 else (0.3, [1, 2, 5, 100])
    if scarce:
        lies = 0.15
    stock: list[VariantStock] = []
    for each in goods:
        at = [location.id for location in network.all if draw.random() < lies]
        stock.append(VariantStock(each.id, at, [draw.choice(units) for _ in at]))
    reserves = Reserves(lambda variant, at, channel: KeptBack(at.int % 3, at.int % 2))
    return Survey(
        stock,
        at=NOON,
        channel_id=CHANNEL.id,
        reserves=reserves if goods[0].id.int % 3 == 0 else None,
    )


def _cart(draw: Random, goods: list[Variant]) -> SourcingRequest:
    chosen = draw.sample(goods, draw.choice([1, 2, 3, 3, 5, 13]))
    if draw.random() < 0.15:
        chosen.append(chosen[0])
    return SourcingRequest(
        order_id=_id(draw),
        channel=CHANNEL,
        currency="GBP",
        method="ship",
        at=NOON + timedelta(minutes=draw.randint(0, 9_000)),
        lines=[
            LineAsked(key=_id(draw), variant=each, quantity=draw.choice([1, 1, 1, 2, 7]))
            for each in chosen
        ],
        country="GB",
        postcode=draw.choice(POSTCODES),
    )
