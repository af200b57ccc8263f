from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.carriers.domain.drafts import (
    CarrierDraft,
    PriceDraft,
    ServiceDraft,
    TariffDraft,
    ZoneDraft,
    ZoneRuleDraft,
    carrier_of,
    read_districts,
    show_districts,
    show_weekdays,
    tariffs_of,
)
from crosslane.carriers.domain.rates import RateBook, outward
from crosslane.carriers.errors import ServiceUnknown
from crosslane.kernel import Refusal

DRAFT = CarrierDraft(
    code="swift",
    name="Swift Parcels",
    port="house",
    country="GB",
    nation="ENG",
    zones=(
        ZoneDraft("ISLANDS", "Islands", "GB", "SCT"),
        ZoneDraft("NI", "Northern Ireland", "GB", "NIR"),
        ZoneDraft("JERSEY", "Jersey", "JE"),
        ZoneDraft("MAINLAND", "Mainland", "GB", "ENG"),
        ZoneDraft("EUROPE", "Europe"),
    ),
    zone_rules=(
        ZoneRuleDraft("ISLANDS", "GB", "HS", "1-9"),
        ZoneRuleDraft("ISLANDS", "GB", "KA", "27-28"),
        ZoneRuleDraft("NI", "GB", "BT", "1-94"),
        ZoneRuleDraft("JERSEY", "JE"),
        ZoneRuleDraft("MAINLAND", "GB"),
        ZoneRuleDraft("EUROPE", "FR"),
        ZoneRuleDraft("EUROPE", "DE"),
    ),
    services=(
        ServiceDraft(
            "STANDARD", "Two days", "standard", {"MAINLAND": 2, "ISLANDS": 4, "NI": 3, "EUROPE": 5}
        ),
        ServiceDraft("EXPRESS", "Next day", "express", {"MAINLAND": 1}, weight_max_grams=5_000),
        ServiceDraft(
            "SATURDAY",
            "Saturday",
            "express",
            {"MAINLAND": 1},
            transit_days=frozenset({"friday", "saturday"}),
            delivery_days=frozenset({"saturday"}),
        ),
    ),
)
TARIFF = TariffDraft(
    valid_from=date(2010, 1, 1),
    currency="GBP",
    prices=(
        PriceDraft("STANDARD", "MAINLAND", ((1_000, 300), (5_000, 450), (30_000, 900))),
        PriceDraft("STANDARD", "ISLANDS", ((30_000, 1_500),)),
        PriceDraft("EXPRESS", "MAINLAND", ((2_000, 600), (10_000, 800))),
        PriceDraft("SATURDAY", "MAINLAND", ((30_000, 450),)),
    ),
)
DEARER = TariffDraft(
    valid_from=date(2011, 1, 4),
    currency="GBP",
    prices=(PriceDraft("STANDARD", "MAINLAND", ((1_000, 320), (30_000, 950))),),
)


@pytest.fixture(scope="module")
def book() -> RateBook:
    carrier, services = carrier_of(DRAFT, ["house"])
    tariffs = [
        *tariffs_of(TARIFF, carrier, services),
        *tariffs_of(DEARER, carrier, services),
    ]
    return RateBook([carrier], services, tariffs)


@pytest.mark.parametrize(
    ("country", "postcode", "parts"),
    [
        ("GB", "AB31 4XX", ("AB", 31)),
        ("GB", "ab314xx", ("AB", 31)),
        ("GB", "M1 1AE", ("M", 1)),
        ("GB", "M11AE", ("M", 1)),
        ("GB", "M111AE", ("M", 11)),
        ("GB", "W1A 1HQ", ("W", 1)),
        ("GB", "EC1A", ("EC", 1)),
        ("JE", "JE2 3EA", ("JE", 2)),
        ("GB", "nonsense", ("", -1)),
        ("GB", "", ("", -1)),
        ("FR", "75008", ("", -1)),
    ],
)
def test_outward_code(country, postcode, parts):
    found = outward(country, postcode)
    assert (found.area, found.district) == parts


ADDRESSES = [
    ("GB", "HS1 2AA", "ISLANDS"),
    ("GB", "KA27 8AA", "ISLANDS"),
    ("GB", "KA26 9AA", "MAINLAND"),
    ("GB", "KA29 0AA", "MAINLAND"),
    ("GB", "BT94 1AA", "NI"),
    ("GB", "B9 4AA", "MAINLAND"),
    ("GB", "a bad postcode", "MAINLAND"),
    ("JE", "JE2 3EA", "JERSEY"),
    ("FR", "75008", "EUROPE"),
    ("US", "10001", None),
]


@pytest.mark.parametrize(("country", "postcode", "zone"), ADDRESSES)
def test_services_that_reach_an_address_are_told_with_its_zone(book, country, postcode, zone):
    zones = [(each, book.zone(each.code, country, postcode)) for each in book.services()]
    assert zone in [each for _, each in zones]
    for _ in range(2):  # found, and remembered
        reaching = book.services_to(country, postcode)
        assert list(reaching) == [(each, found) for each, found in zones if found is not None]


@pytest.mark.parametrize(("country", "postcode", "zone"), ADDRESSES)
def test_the_first_rule_that_matches_gives_the_zone(book, country, postcode, zone):
    assert book.zone("STANDARD", country, postcode) == zone


@pytest.mark.parametrize(
    ("weight", "on", "price"),
    [
        (1, date(2010, 12, 1), 300),
        (1_000, date(2010, 12, 1), 300),
        (1_001, date(2010, 12, 1), 450),
        (30_000, date(2010, 12, 1), 900),
        (30_001, date(2010, 12, 1), None),
        (1_000, date(2009, 12, 31), None),
        (1_000, date(2011, 1, 3), 300),
        (1_000, date(2011, 1, 4), 320),
        (1_001, date(2011, 1, 4), 950),
    ],
)
def test_prices_by_weight_and_day(book, weight, on, price):
    assert book.price_minor("STANDARD", "MAINLAND", weight, on) == price


def test_a_service_limits_the_weight_below_its_tariff(book):
    assert book.price_minor("EXPRESS", "MAINLAND", 5_000, date(2011, 1, 5)) == 800
    assert book.price_minor("EXPRESS", "MAINLAND", 5_001, date(2011, 1, 5)) is None
    with pytest.raises(ServiceUnknown):
        book.price_minor("DRONE", "MAINLAND", 1, date(2011, 1, 5))


@pytest.mark.parametrize(
    ("service", "zone", "shipped", "arrives"),
    [
        ("STANDARD", "MAINLAND", date(2011, 1, 5), date(2011, 1, 7)),
        ("STANDARD", "MAINLAND", date(2011, 1, 6), date(2011, 1, 10)),  # over a weekend
        ("STANDARD", "MAINLAND", date(2011, 1, 8), date(2011, 1, 12)),  # waits for Monday
        ("STANDARD", "MAINLAND", date(2010, 12, 24), date(2010, 12, 30)),  # Christmas
        ("STANDARD", "ISLANDS", date(2011, 7, 26), date(2011, 8, 2)),  # Scottish holiday
        ("STANDARD", "NI", date(2011, 7, 7), date(2011, 7, 13)),  # twelfth of July
        ("EXPRESS", "MAINLAND", date(2011, 1, 5), date(2011, 1, 6)),
        ("EXPRESS", "MAINLAND", date(2011, 1, 7), date(2011, 1, 10)),
        ("SATURDAY", "MAINLAND", date(2011, 1, 6), date(2011, 1, 8)),
        ("SATURDAY", "MAINLAND", date(2011, 1, 7), date(2011, 1, 8)),
        ("EXPRESS", "ISLANDS", date(2011, 1, 5), None),
        ("EXPRESS", "NOWHERE", date(2011, 1, 5), None),
    ],
)
def test_delivery_day(book, service, zone, shipped, arrives):
    assert book.delivery_day(service, zone, shipped) == arrives


@given(st.dates(date(2010, 1, 1), date(2013, 1, 1)), st.integers(0, 30))
def test_shipping_later_never_arrives_earlier(book, shipped, days):
    for service in ("STANDARD", "EXPRESS", "SATURDAY"):
        first = book.delivery_day(service, "MAINLAND", shipped)
        second = book.delivery_day(service, "MAINLAND", shipped + timedelta(days=days))
        assert shipped < first <= second


@given(st.integers(1, 30_000), st.integers(1, 30_000))
def test_heavier_never_costs_less(book, one, other):
    light, heavy = sorted([one, other])
    prices = [book.price_minor("STANDARD", "MAINLAND", w, date(2011, 1, 5)) for w in (light, heavy)]
    assert prices[0] <= prices[1]


def test_quotes_come_cheapest_first_then_earliest(book):
    found = book.quotes("GB", "LS1 4AP", 1_500, date(2011, 1, 6))
    assert [(q.service, q.price_minor, q.delivery_on) for q in found] == [
        ("SATURDAY", 450, date(2011, 1, 8)),
        ("EXPRESS", 600, date(2011, 1, 7)),
        ("STANDARD", 950, date(2011, 1, 10)),
    ]
    assert [q.service for q in book.quotes("GB", "HS1 2AA", 1_500, date(2011, 1, 6))] == [
        "STANDARD"
    ]
    assert book.quotes("US", "10001", 1_500, date(2011, 1, 6)) == []
    assert book.quotes("GB", "LS1 4AP", 1_500, date(2011, 1, 6), length_mm=1_201) == []
    only = book.quotes("GB", "LS1 4AP", 1_500, date(2011, 1, 6), speed="standard")
    assert [q.service for q in only] == ["STANDARD"]


def test_retired_services_are_known_but_not_offered():
    carrier, services = carrier_of(DRAFT, ["house"])
    retired = [msgspec.structs.replace(s, active=s.code == "EXPRESS") for s in services]
    book = RateBook([carrier], retired, [])
    assert [s.code for s in book.services()] == ["EXPRESS"]
    assert book.service("STANDARD").active is False
    asleep = RateBook([msgspec.structs.replace(carrier, active=False)], services, [])
    assert asleep.services() == ()


def test_districts_read_back():
    for text in ("*", "1-9", "31-38,40-56", "1-28,30-32,36"):
        assert show_districts(read_districts(text)) == text
    for text in ("", "a", "9-1", "1-", "1,,2", "100"):
        with pytest.raises(Refusal):
            read_districts(text)
    assert show_weekdays(frozenset({5, 0})) == ["monday", "saturday"]


def changed(**changes):
    return msgspec.structs.replace(DRAFT, **changes)


@pytest.mark.parametrize(
    ("draft", "code", "pointer"),
    [
        (changed(code="a b"), "bad-carrier-code", "/code"),
        (changed(port="pigeon"), "port-unknown", "/port"),
        (changed(nation="COR"), "nation-unknown", "/nation"),
        (changed(zones=(*DRAFT.zones, ZoneDraft("NI", "Again"))), "defined-twice", "/zones/5"),
        (changed(zones=(ZoneDraft("X", "X", "GB", "X"),)), "nation-unknown", "/zones/0/nation"),
        (changed(zone_rules=(ZoneRuleDraft("MOON"),)), "zone-undefined", "/zone_rules/0/zone"),
        (
            changed(zone_rules=(ZoneRuleDraft("NI", "GB", "BT", "x"),)),
            "bad-districts",
            "/zone_rules/0/districts",
        ),
        (
            changed(services=(ServiceDraft("S", "S", "express", {"MOON": 1}),)),
            "zone-undefined",
            "/services/0/transit/MOON",
        ),
        (
            changed(services=(DRAFT.services[0], DRAFT.services[0])),
            "defined-twice",
            "/services/1",
        ),
    ],
)
def test_a_wrong_carrier_is_refused_with_its_field(draft, code, pointer):
    with pytest.raises(Refusal) as refused:
        carrier_of(draft, ["house"])
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("price", "code", "pointer"),
    [
        (PriceDraft("DRONE", "NI", ((1, 1),)), "service-unknown", "/prices/0/service"),
        (PriceDraft("STANDARD", "MOON", ((1, 1),)), "zone-undefined", "/prices/0/zone"),
        (
            PriceDraft("STANDARD", "NI", ((2, 1), (2, 2))),
            "brackets-unordered",
            "/prices/0/brackets",
        ),
    ],
)
def test_a_wrong_tariff_is_refused_with_its_field(price, code, pointer):
    carrier, services = carrier_of(DRAFT, ["house"])
    tariff = msgspec.structs.replace(TARIFF, prices=(price,))
    with pytest.raises(Refusal) as refused:
        tariffs_of(tariff, carrier, services)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)
