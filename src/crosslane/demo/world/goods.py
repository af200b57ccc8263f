"""Products, taxes and prices as rows of imports.

Prices are the recorded ones, without VAT, so every list is net. A list's history follows what was
recorded: where the web shop sold an article at another price than before, a new price begins then.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from crosslane.demo.packaged import SAMPLE_PRODUCTS
from crosslane.demo.raw import RawLine, price_milli, read_rows
from crosslane.demo.selection import Selection
from crosslane.demo.streams import WEB_POSTAGE, Stream
from crosslane.demo.world.nouns import TRADE_IE, WEB
from crosslane.demo.world.organization import LONG_AGO, TRADE, Call
from crosslane.kernel import MILLI_PER_MINOR, rounded_ratio

# The tax rate rose at the beginning of this day, British time, which is UTC in winter.
TAX_CHANGE = "2011-01-04T00:00:00Z"
STANDARD_BP_BEFORE, STANDARD_BP = 1_750, 2_000
# Where an article was never sold to consumers, their price is 1.97 times the trade price.
WEB_PERCENT_OF_TRADE = 197
PRICE_MILLI_DEFAULT = 100_000
ZERO_RATED = ("BABY BIB", "KIDS RAIN MAC", "KIDS RAIN HAT")
"""Words that mark what is zero-rated, found by reading the whole list.

It holds no food and no printed books (its "book" articles are boxes and blank stationery); what is
left are young children's clothes.
"""
EURO_NUMERATOR, EURO_DENOMINATOR = 5, 4
PRICES_PER_IMPORT_MAX = 20_000


class Article(Struct, frozen=True):
    """A product of the list.

    Args:
        sku: its code.
        title: as recorded.
        category: code of the category.
        trade_milli: trade price without VAT in 1/1000 penny.
        web_milli: price of the web shop without VAT in 1/1000 penny.
        row: the row of the product import.
    """

    sku: str
    title: str
    category: str
    trade_milli: int
    web_milli: int
    row: dict[str, Any]


def read_articles() -> list[Article]:
    """Read the packaged product list."""
    return [_article(row) for row in read_rows(SAMPLE_PRODUCTS)]


def categories(articles: Sequence[Article]) -> Call:
    """Return the call that makes the categories."""
    codes = sorted({article.category for article in articles})
    rows = [{"code": code, "name": code.replace("-", " and ").capitalize()} for code in codes]
    return Call("categories", {"categories": rows})


def methods() -> Iterator[Call]:
    """Return how goods may reach people: furniture is not carried to a store for pickup."""
    yield Call(
        "policies",
        {
            "kind": "catalog.fulfillment",
            "value": {"methods": ["ship", "carry_out"]},
            "reason": "Furniture is delivered to the door or carried out",
            "scope": {"type": "category", "code": "furniture-storage"},
            "valid_from": LONG_AGO,
        },
    )


def taxes() -> Iterator[Call]:
    """Return rates and rules: 17.5 % until the change, 20 % since; none beyond Britain."""
    since = ((LONG_AGO, STANDARD_BP_BEFORE), (TAX_CHANGE, STANDARD_BP))
    rates = [
        {"country": "GB", "tax_class": "standard", "rate_bp": bp, "valid_from": at}
        for at, bp in since
    ]
    rates.append({"country": "GB", "tax_class": "zero", "rate_bp": 0, "valid_from": LONG_AGO})
    yield Call("tax-rates", {"rates": rates})
    # The Isle of Man is taxed as Britain is; Jersey and Guernsey are exports, as all the world.
    rules = [("IM", "origin"), ("JE", "zero"), ("GG", "zero")]
    rows = [
        {"seller_country": "GB", "country": c, "treatment": t, "valid_from": LONG_AGO}
        for c, t in rules
    ]
    yield Call("tax-rules", {"rules": rows})


def shipping_prices() -> Call:
    """Return what consumers pay for deliveries; trade orders have theirs as recorded charges."""
    amounts = {
        "STANDARD48": 395,
        "ECONOMY": 295,
        "EXPRESS24": 595,
        "SWIFT24": 695,
        "FREIGHT": 4_900,
    }
    gross = {"currency": "GBP", "basis": "gross", "tax_country": "GB", "valid_from": LONG_AGO}
    rows = [{"service": s, "amount_minor": minor, **gross} for s, minor in amounts.items()]
    abroad = {"service": "EXPORT", "basis": "net", "valid_from": LONG_AGO}
    rows += [
        {**abroad, "currency": "GBP", "amount_minor": 1_200},
        {**abroad, "currency": "EUR", "amount_minor": 1_500},
    ]
    return Call("shipping-prices", {"prices": rows})


def price_lists() -> Iterator[Call]:
    """Return the lists: trade in pounds and euro, the web shop's, and one for everything else."""
    net = {"basis": "net", "valid_from": LONG_AGO}
    pounds, euro = net | {"currency": "GBP"}, net | {"currency": "EUR"}
    yield Call("price-lists", {"code": "retail", "title": "Retail", **pounds})
    yield Call("price-lists", {"code": WEB, "title": "Web shop", "channel": WEB, **pounds})
    group = {"customer_group": TRADE}
    yield Call("price-lists", {"code": TRADE, "title": "Trade", **group, **pounds})
    yield Call("price-lists", {"code": TRADE_IE, "title": "Trade, Ireland", **euro})


def prices(articles: Sequence[Article], selection: Selection) -> Iterator[Call]:
    """Return the price imports."""
    known = {article.sku: article for article in articles}
    plain = {
        "retail": [(a.sku, a.web_milli) for a in articles],
        TRADE: [(a.sku, a.trade_milli) for a in articles],
        TRADE_IE: [
            (a.sku, rounded_ratio(a.trade_milli, EURO_NUMERATOR, EURO_DENOMINATOR))
            for a in articles
        ],
    }
    for code, listed in plain.items():
        rows = [{"sku": sku, "unit_price_milli": milli} for sku, milli in listed]
        yield Call("price-imports", {"price_list": code, "rows": rows, "valid_from": LONG_AGO})
    rows = [{"sku": a.sku, "unit_price_milli": a.web_milli} for a in articles]
    rows += web_history({sku: a.web_milli for sku, a in known.items()}, selection)
    for start in range(0, len(rows), PRICES_PER_IMPORT_MAX):
        some = rows[start : start + PRICES_PER_IMPORT_MAX]
        yield Call("price-imports", {"price_list": WEB, "rows": some, "valid_from": LONG_AGO})


def web_history(before: dict[str, int], selection: Selection) -> list[dict[str, Any]]:
    """Return a row for each time at which the web shop was seen to sell at another price.

    Of several prices of an article in one batch the last stands; the others are told by the replay
    where they are used.
    """
    now, rows = dict(before), []
    for invoice in selection.invoices:
        if invoice.stream is not Stream.WEB:
            continue
        seen = {line.sku: line for line in invoice.order_lines if line.sku != WEB_POSTAGE}
        for sku, line in seen.items():
            if sku in now and now[sku] != line.price_milli:
                now[sku] = line.price_milli
                rows.append(_from_then_on(line, invoice.at))
    return rows


def _from_then_on(line: RawLine, at: datetime) -> dict[str, Any]:
    since = at.astimezone(UTC).isoformat()
    return {"sku": line.sku, "unit_price_milli": line.price_milli, "valid_from": since}


def _article(row: dict[str, str]) -> Article:
    trade, web = row["trade_price"], row["dotcom_price"]
    trade_milli = price_milli(trade) if trade else 0
    web_milli = price_milli(web) if web else 0
    if not web_milli:
        pennies = rounded_ratio(trade_milli, WEB_PERCENT_OF_TRADE, 100 * MILLI_PER_MINOR)
        web_milli = pennies * MILLI_PER_MINOR or PRICE_MILLI_DEFAULT
    if not trade_milli:
        pennies = rounded_ratio(web_milli, 100, WEB_PERCENT_OF_TRADE * MILLI_PER_MINOR)
        trade_milli = max(1, pennies) * MILLI_PER_MINOR
    title = row["description"] or row["sku"]
    zero = any(words in title for words in ZERO_RATED)
    measures = ("weight_grams", "length_mm", "width_mm", "height_mm")
    return Article(
        row["sku"],
        title,
        row["category"],
        trade_milli,
        web_milli,
        {
            "sku": row["sku"],
            "category": row["category"],
            "title": title,
            "tax_class": "zero" if zero else "standard",
            "gtin": row["gtin"],
            **{name: int(row[name]) for name in measures},
        },
    )
