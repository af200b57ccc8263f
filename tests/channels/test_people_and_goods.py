"""What channels say of people and articles, in any order; only a master decides on articles."""

import itertools
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane import catalog, customers
from crosslane.channels.domain.registers import (
    FieldsStanding,
    PriceStanding,
    ToldPrice,
    news,
    prices_with,
    rows_of,
)
from crosslane.channels.service.contacts import MARKETING
from crosslane.kernel import format_instant
from crosslane.platform.database import Database
from tests.channels.bazaar import AT, order
from tests.channels.market import SHOP_PRICES, Market, contact, open_market, price, product

HOME = {
    "name": "Ada Brown",
    "country": "GB",
    "lines": ["12 High Street"],
    "city": "Oxford",
    "postcode": "OX1 4AA",
}
DAYS = [datetime.fromisoformat(f"2011-01-{day:02}T00:00:00+00:00") for day in range(1, 9)]
told_prices = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(DAYS[:6]), st.sampled_from([None, *DAYS[6:]])),
    min_size=1,
    max_size=6,
)


@pytest.fixture
async def market(database: Database, tenant: str) -> Market:
    return await open_market(database, tenant)


@given(told=told_prices, data=st.data())
def test_prices_hold_as_the_newest_version_says_whatever_came_first(told: list, data: Any):
    prices = [
        ToldPrice(version=version, milli=milli, starts_at=starts, ends_at=ends)
        for version, (milli, starts, ends) in enumerate(told, 1)
    ]
    found = []
    for sequence in (prices, data.draw(st.permutations(prices))):
        standing = PriceStanding()
        for one in sequence:
            standing = prices_with(standing, one)
        found.append(rows_of(standing))
    assert found[0] == found[1]
    for at in DAYS:
        newest = max((p for p in prices if p.runs(at)), key=lambda p: p.version, default=None)
        begun = [row for row in found[0] if row.runs(at)]
        listed = max(begun, key=lambda row: row.starts_at, default=None)
        assert (listed and listed.milli) == (newest and newest.milli), at


@given(
    said=st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 3)), max_size=5),
    data=st.data(),
)
def test_a_field_keeps_what_the_highest_version_said(said: list[dict], data: Any):
    messages = list(enumerate(said, 1))
    kept: dict[str, object] = {}
    standing = FieldsStanding()
    for version, fields in data.draw(st.permutations(messages)):
        fresh, standing = news(standing, version, fields)
        kept |= fresh
    assert kept == {name: value for _, fields in messages for name, value in fields.items()}


async def people(market: Market) -> list[customers.Customer]:
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        return await customers.list_customers(tx, after=None, limit=50)


async def test_a_person_told_of_in_any_order_is_who_was_told_last(market: Market):
    for number, sequence in enumerate(itertools.permutations(range(3))):
        mail = f"ada{number}@example.com"
        messages = [
            contact(1, f"C-{number}", name="Ada B", email=mail, marketing=True, addresses=[HOME]),
            contact(2, f"C-{number}", name="Ada Brown", email=mail, locale="en-GB"),
            contact(3, f"C-{number}", marketing=False, phone="+442079460958" if number else "x"),
        ]
        buyer = {"name": "A. Brown", "email": mail}
        if number % 2:
            await market.tell(order(f"B-{number}", ("SPOON", 1), buyer=buyer))
        for place in sequence:
            await market.tell(messages[place], messages[place])
        if not number % 2:
            await market.tell(order(f"B-{number}", ("SPOON", 1), buyer=buyer))
    known = await people(market)
    assert [(one.name, one.locale) for one in known] == [("Ada Brown", "en-GB")] * 6
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        for one in known:
            allowed = await customers.consenting(
                tx, [one.id], purpose=MARKETING, channel="bazaar", brand="marlow"
            )
            assert not allowed
            (saved,) = await customers.list_addresses(tx, one.id)
            assert (saved.label, saved.address.postcode) == ("bazaar", "OX1 4AA")
    # A telephone number is whose it was first.
    assert sum(i.kind == "phone" for one in known for i in one.identities) == 1
    assert set(await market.states()) <= {"applied", "outdated", "repeated"}
    await market.assert_sound()


async def test_a_request_about_data_waits_for_a_person_and_nobody_is_forgotten(market: Market):
    await market.tell(contact(1, "7", name="Ada Brown", email="ada@example.com"))
    asked = contact(2, "request/7", topic="data_request", email="ada@example.com")
    gone = contact(3, "7", gone=True)
    letter = contact(1, "8", topic="message", text="Where is it?")
    await market.tell(asked, gone, letter)
    assert (await market.codes())[1:] == [
        ("quarantined", "data-requested"),
        ("quarantined", "erasure-requested"),
        ("kept", "not-answered-here"),
    ]
    assert [one.erased for one in await people(market)] == [False]
    for code in ("data-requested", "erasure-requested"):
        await market.replay(channel="bazaar", code=code)
    known = [("kept", "answered"), ("quarantined", "erasure-requested")]
    assert (await market.codes())[1:3] == known
    (person,) = await people(market)
    async with market.database.transaction(market.tenant) as tx:
        await customers.erase(tx, customers.EraseCustomer(person.id, "asked by the channel"))
    assert (await market.codes())[2] == ("kept", "forgotten")
    await market.assert_sound()


async def listed(market: Market, sku: str) -> list[tuple[str, int]]:
    """What the shop's list says an article costs, from when on."""
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        rows = await tx.fetch(
            "select p.valid_from, p.unit_price_milli from pricing_price p"
            " join pricing_price_list l on l.id = p.price_list_id"
            " join catalog_variant v on v.id = p.variant_id"
            " where l.code = $1 and v.sku = $2 order by 1",
            SHOP_PRICES,
            sku,
        )
    return [(format_instant(row[0])[:10], row[1]) for row in rows]


async def test_a_master_says_what_articles_are_and_cost_in_any_order(market: Market):
    await market.master(articles=True, category="home", price_list=SHOP_PRICES)
    starts = "2011-02-01T00:00:00Z"
    for number, sequence in enumerate(itertools.permutations(range(4))):
        sku = f"NEW-{number}"
        messages = [
            product(1, sku, title="A cup", weight_grams=300, on_sale=True),
            product(2, sku, title="A blue cup", options={"colour": "blue"}, on_sale=False),
            price(700_000, 1, sku),
            price(650_000, 2, sku, starts_at=starts),
        ]
        for place in sequence:
            await market.tell(messages[place])
        async with market.database.transaction(market.tenant, read_only=True) as tx:
            found = (await catalog.variants_by_sku(tx, [sku]))[sku]
        told = (found.title, found.weight_grams, dict(found.options), found.active)
        assert told == ("A blue cup", 300, {"colour": "blue"}, False), sequence
        assert await listed(market, sku) == [(AT[:10], 700_000), (starts[:10], 650_000)], sequence
    assert set(await market.states()) == {"applied"}
    await market.assert_sound()


async def test_an_article_stays_dangerous_goods_whatever_its_master_says_of_it(market: Market):
    await market.master(articles=True, category="home")
    async with market.database.transaction(market.tenant) as tx:
        row = catalog.ProductRow("PAINT", "home", hazardous=True)
        await catalog.import_products(tx, catalog.ImportProducts((row,)))
    await market.tell(product(1, "PAINT", title="Red paint", weight_grams=900))
    assert await market.states() == ["applied"]
    async with market.database.transaction(market.tenant, read_only=True) as tx:
        found = (await catalog.variants_by_sku(tx, ["PAINT"]))["PAINT"]
    assert (found.weight_grams, found.hazardous) == (900, True)


async def test_what_a_channel_is_no_master_of_is_kept(market: Market):
    notice = {"type": "notice", "source_id": "N", "event_at": AT, "topic": "tariffs"}
    await market.tell(product(title="Mine"), price(1_000), notice)
    assert await market.codes() == [
        ("kept", "not-master"),
        ("kept", "not-master"),
        ("kept", "notice"),
    ]
    await market.master(articles=True, price_list=SHOP_PRICES)
    await market.tell(
        product(1, "STRANGE", title="Not here"),
        product(1, "", article="77", title="Which?"),
        product(2, "MUG", gtin="123"),
        price(1_000, 2, "MUG") | {"currency": "EUR"},
        price(1_000, 1, "LAMP", includes_tax=False),
    )
    assert (await market.codes())[3:] == [
        ("kept", "article-unknown"),
        ("quarantined", "article-unknown"),
        ("quarantined", "bad-gtin"),
        ("quarantined", "currency-differs"),
        ("quarantined", "tax-mode-differs"),
    ]
    await market.assert_sound()
