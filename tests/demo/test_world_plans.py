"""What the demo's world is made of, before anything is sent."""

from collections import Counter, defaultdict
from datetime import date
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.customers.domain import Address, require_address
from crosslane.demo.goods import gtin_of
from crosslane.demo.streams import Stream
from crosslane.demo.world import goods, organization, people, places, staff, stock
from crosslane.demo.world.nouns import Place
from crosslane.locations.domain import LocationDraft, location_of

ARTICLES = goods.read_articles()
SITES = places.read_places()
ROWS = places.location_rows(SITES)
PLACES = {
    row["code"]: Place(
        code=row["code"],
        id=UUID(int=number),
        kind=row["kind"],
        format=site["format"],
        entity=row["entity"],
        country=row["country"],
        postcode=row["postcode"],
        easting=row["easting"],
        northing=row["northing"],
        abilities=tuple(row["abilities"]),
    )
    for number, (row, site) in enumerate(zip(ROWS, SITES, strict=True))
}
COUNTRIES = ["United Kingdom", "Unspecified", "Channel Islands", *people._invented()["abroad"]]


@pytest.mark.parametrize("country", COUNTRIES)
def test_invented_addresses_hold_by_the_rules_of_their_country(country: str) -> None:
    for number in range(20):
        for who in (people.firm(f"{number}", country), people.shopper(number, country=country)):
            checked = require_address(msgspec.convert(who.address, Address))
            assert checked.country == who.address["country"]


def test_draws_are_repeatable_and_tell_people_apart() -> None:
    drawn = [people.shopper(1, number) for number in range(500)]
    assert drawn == [people.shopper(1, number) for number in range(500)]
    assert len({who.email for who in drawn}) == len(drawn)


def test_every_site_is_a_location_with_hours_by_nation() -> None:
    assert len(ROWS) == 821
    known = {
        row["code"]: location_of(msgspec.convert(row, LocationDraft), UUID(int=1), None)
        for row in ROWS
    }
    formats = Counter(place.format for place in PLACES.values())
    assert (formats["FULL"], formats["FRANCHISE"]) == (318, 209)
    for code, place in PLACES.items():
        assert (place.entity == organization.FRANCHISEE) == (place.format == "FRANCHISE")
        assert known[code].can("ship") == (place.format in ("FULL", "NDC", "RDC", "EFC"))
    english, scottish = (
        next(r for r, s in zip(ROWS, SITES, strict=True) if (s["nation"], s["format"]) == wanted)
        for wanted in (("ENG", "FULL"), ("SCT", "FULL"))
    )
    assert english["hours"]["sunday"] == ["11:00-17:00"]
    assert scottish["hours"]["sunday"] == ["10:00-18:00"]
    assert "holiday" not in english["hours"]
    assert {p.country for p in PLACES.values()} == {"GB", "JE", "GG", "IM"}


def test_every_article_has_prices_a_bar_code_and_a_tax_class() -> None:
    assert len(ARTICLES) == 3_492
    for article in ARTICLES:
        assert article.trade_milli > 0
        assert article.web_milli > 0
        assert article.row["gtin"] == gtin_of(article.sku)
    assert {a.row["tax_class"] for a in ARTICLES} == {"standard", "zero"}


def test_the_price_of_a_pound_leaves_no_remainder_in_euro() -> None:
    assert all(a.trade_milli * 5 % 4 == 0 for a in ARTICLES)


wants = st.builds(
    stock.Demand,
    day=st.dates(date(2010, 12, 1), date(2011, 8, 31)),
    stream=st.sampled_from([Stream.ACCOUNT, Stream.WEB, Stream.MARKETPLACE, Stream.COUNTER]),
    invoice=st.integers(1, 40).map(str),
    sku=st.sampled_from([article.sku for article in ARTICLES[:6]]),
    units=st.integers(1, 3_000),
)


FEW = {code: PLACES[code] for code in (*list(PLACES)[:6], "S0001", "S0210", "S0327")}


@settings(deadline=None, max_examples=50)
@given(st.lists(wants, max_size=60), st.integers(1, 5))
def test_supply_covers_demand_in_all_but_a_stated_part(
    demand: list[stock.Demand], seed: int
) -> None:
    demand = sorted(demand, key=lambda want: want.day)
    supply = stock.plan_supply(demand, ARTICLES[:6], FEW, seed)
    assert supply == stock.plan_supply(demand, ARTICLES[:6], FEW, seed)
    assert all(one.units > 0 for one in supply)
    assert all(PLACES[one.location].format != "RTN" for one in supply)
    # Lines bought to order are there before the day they are wanted, to the unit.
    bought: Counter[str] = Counter()
    bulk: dict[str, int] = defaultdict(int)
    for one in supply:
        bought[one.sku] += one.units
    for want in demand:
        if want.stream is not Stream.COUNTER and want.units >= stock.BULK_UNITS:
            bulk[want.sku] += want.units
    assert all(bought[sku] >= units for sku, units in bulk.items())


def test_receipts_name_each_delivery_once_and_hold_a_bounded_number_of_lines() -> None:
    demand = [stock.Demand(date(2011, 1, 5), Stream.ACCOUNT, "1", ARTICLES[0].sku, 700)]
    supply = stock.plan_supply(demand, ARTICLES, PLACES, 1)
    planned = list(stock.receipts(supply, ARTICLES, "key"))
    assert len({one.key for one in planned}) == len(planned)
    assert sum(len(one.body["lines"]) for one in planned) == len(supply)
    assert max(len(one.body["lines"]) for one in planned) <= stock.LINES_PER_RECEIPT_MAX
    assert [one.at for one in planned] == sorted(one.at for one in planned)


def test_staff_count_what_was_booked_give_or_take_a_unit() -> None:
    demand = [stock.Demand(date(2011, 1, 5), Stream.ACCOUNT, "1", ARTICLES[0].sku, 700)]
    supply = stock.plan_supply(demand, ARTICLES, PLACES, 1)
    booked = {(one.location, one.sku): one.units for one in supply}
    staff = {"DC1": "A-DC1", "DC4": "A-DC4"}
    (counted,) = stock.cycle_counts(supply, staff, 1, "key")
    assert (counted.staff, counted.at) == ("A-DC1", stock.COUNTED_AT)
    lines = counted.body["lines"]
    assert len({line["sku"] for line in lines}) == stock.COUNTED_ARTICLES
    off = [line["quantity"] - booked["DC1", line["sku"]] for line in lines]
    assert 0 < sum(1 for one in off if one) < stock.COUNTED_ARTICLES // 2
    assert {abs(one) for one in off} == {0, 1}


def test_posts_are_few_and_everybody_has_a_place() -> None:
    posts = staff.posts(PLACES)
    assert len(posts) <= 30, "as many as may sign in at once"
    assert all(post.location in PLACES for post in posts if post.role == "associate")
