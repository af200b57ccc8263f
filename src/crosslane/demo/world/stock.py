"""Opening stock and replenishment: invented, from a stated generator sized by the replayed demand.

What is assumed, and what comes of it:

- A buyer orders for four weeks at a time and knows the coming demand roughly. Of all articles and
  periods, MISSED_PERCENT in a hundred are forecast far too low, the others up to SPARE_PERCENT_MAX
  percent too high; what is left over is taken off the next order. An order of twenty lines needs
  all of them: of articles that are missed one in a hundred times, it lacks one one in ten times.
- Lines of BULK_UNITS or more are bought to order: they are in the forecast to the unit.
- The national warehouse is deep: it has every article, and all that trade will want of it. The
  e-commerce center has what the web shop and the marketplace sell. Regional warehouses hold the
  REGIONAL_ARTICLES most ordered articles besides, for a share of the trade demand each: what the
  national warehouse was wrong about is often found there.
- Stores with a full range keep a few units of articles drawn from the most ordered, and every store
  with tills has what its tills will sell, some of it too little.
- On the evening before the first orders the staff of warehouses and stores count COUNTED_ARTICLES
  articles each, drawn; MISCOUNTED_PERCENT of them are a unit fewer or more than was booked.
- A unit costs between COST_PERCENT_MIN and _MAX of its trade price, drawn by article.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import Struct

from crosslane.demo.draws import draw
from crosslane.demo.raw import LONDON, RawLine
from crosslane.demo.selection import Selection
from crosslane.demo.streams import WEB_POSTAGE, Stream
from crosslane.demo.world.goods import Article
from crosslane.demo.world.nouns import Place, Planned

OPENING_DAY = date(2010, 11, 29)
PERIOD_DAYS = 28
MISSED_PERCENT = 1
MISSED_SHARE_PERCENT_MAX = 60
SPARE_PERCENT_MAX = 30
BULK_UNITS = 500
REGIONAL_ARTICLES = 800
REGIONAL_PERCENT = 12
IDLE_UNITS = 12
SHELF_ARTICLES, SHELF_DRAWN_FROM = 20, 400
SHELF_UNITS_MAX = 8
TILL_STORES = 24
TILL_PERCENT_MIN, TILL_PERCENT_MAX = 85, 150
COST_PERCENT_MIN, COST_PERCENT_MAX = 45, 60
LINES_PER_RECEIPT_MAX = 1_000
COUNTED_AT = datetime(2010, 11, 30, 19, tzinfo=LONDON)
COUNTED_ARTICLES = 40
MISCOUNTED_PERCENT, FEWER_PERCENT = 10, 70
NATIONAL, ONLINE = "NDC", "EFC"

ONLINE_STREAMS = frozenset({Stream.WEB, Stream.MARKETPLACE})


class Supply(Struct, frozen=True):
    """Units of an article that reach a location on a day."""

    day: date
    location: str
    sku: str
    units: int


class Demand(Struct, frozen=True):
    """Units wanted on a day, by the sort of order that wants them."""

    day: date
    stream: Stream
    invoice: str
    sku: str
    units: int


def list_demand(selection: Selection) -> list[Demand]:
    """Return what the replayed orders want, in the order of time."""
    found = [
        Demand(line.at.date(), invoice.stream, invoice.number, line.sku, line.quantity)
        for invoice in selection.invoices
        if invoice.stream is not None
        for line in goods_of(invoice.order_lines)
    ]
    return sorted(found, key=lambda want: want.day)


def goods_of(lines: Iterable[RawLine]) -> Iterator[RawLine]:
    """Leave out the postage of web batches."""
    return (line for line in lines if line.sku != WEB_POSTAGE)


def till_of(invoice: str, stores: Sequence[str], seed: int) -> str:
    """Return the store at whose till a counter sale is replayed.

    Args:
        invoice: number of the sale.
        stores: those of :func:`till_stores`.
        seed: another seed draws otherwise.
    """
    return stores[draw(len(stores), "till", seed, invoice)]


def till_stores(places: Mapping[str, Place], seed: int) -> list[str]:
    """Return the stores whose tills are replayed: franchise stores are among them."""
    codes = sorted(code for code, place in places.items() if place.kind == "store")
    return sorted(codes, key=lambda code: draw(10**9, "tills", seed, code))[:TILL_STORES]


def plan_supply(
    demand: Sequence[Demand], articles: Sequence[Article], places: Mapping[str, Place], seed: int
) -> list[Supply]:
    """Return what reaches which location when; the first day is the opening stock."""
    wanted = _by_place_and_period(demand, places, seed)
    supply = list(_warehouses(wanted, articles, places, seed))
    supply += _shelves(demand, places, seed)
    return sorted(supply, key=lambda one: (one.day, one.location, one.sku))


def receipts(supply: Sequence[Supply], articles: Sequence[Article], key: str) -> Iterator[Planned]:
    """Return the receipts to be posted, at most LINES_PER_RECEIPT_MAX lines each.

    Args:
        supply: in the order of time.
        articles: for their cost.
        key: begins the idempotency keys.
    """
    costs = {article.sku: unit_cost_milli(article) for article in articles}
    days: dict[date, list[Supply]] = defaultdict(list)
    for one in supply:
        days[one.day].append(one)
    for day, arrived in days.items():
        at = datetime(day.year, day.month, day.day, 6, tzinfo=LONDON).astimezone(UTC)
        for start in range(0, len(arrived), LINES_PER_RECEIPT_MAX):
            lines = [
                {
                    "sku": one.sku,
                    "location": one.location,
                    "quantity": one.units,
                    "unit_cost_milli": costs[one.sku],
                }
                for one in arrived[start : start + LINES_PER_RECEIPT_MAX]
            ]
            body: dict[str, Any] = {"lines": lines, "occurred_at": at.isoformat()}
            yield Planned(at, "inventory/receipts", body, f"{key}/{day}/{start}")


def cycle_counts(
    supply: Sequence[Supply], staff: Mapping[str, str], seed: int, key: str
) -> Iterator[Planned]:
    """Return what is counted before the first orders, a report for each staffed location.

    Args:
        supply: what was booked, the opening stock among it.
        staff: number of the member of staff by location.
        seed: draws what is counted, and where it differs.
        key: begins the idempotency keys.
    """
    booked: dict[str, list[Supply]] = defaultdict(list)
    for one in supply:
        if one.day == OPENING_DAY and one.location in staff:
            booked[one.location].append(one)
    at = COUNTED_AT.astimezone(UTC)
    for location, shelves in sorted(booked.items()):
        shelves.sort(key=lambda one: draw(10**9, "counted", seed, location, one.sku))
        lines = [
            {"sku": one.sku, "location": location, "quantity": _counted(one, seed)}
            for one in shelves[:COUNTED_ARTICLES]
        ]
        body: dict[str, Any] = {"lines": lines, "counted_at": at.isoformat()}
        yield Planned(at, "inventory/counts", body, f"{key}/count/{location}", staff[location])


def _counted(booked: Supply, seed: int) -> int:
    words = (seed, booked.location, booked.sku)
    if draw(100, "miscounted", *words) >= MISCOUNTED_PERCENT:
        return booked.units
    return booked.units + (-1 if draw(100, "fewer", *words) < FEWER_PERCENT else 1)


def unit_cost_milli(article: Article) -> int:
    """Return what a unit costs to buy, in 1/1000 penny."""
    spread = COST_PERCENT_MAX - COST_PERCENT_MIN + 1
    percent = COST_PERCENT_MIN + draw(spread, "cost", article.sku)
    return article.trade_milli * percent // 100


Wanted = dict[tuple[str, str], dict[int, list[int]]]


def _by_place_and_period(
    demand: Sequence[Demand], places: Mapping[str, Place], seed: int
) -> Wanted:
    """Return the quantities wanted by location and article, then period; tills are not in it.

    What a regional warehouse is to hold is wanted of the national one too.
    """
    national, online = _only(places, NATIONAL), _only(places, ONLINE)
    regional = sorted(code for code, place in places.items() if place.format == "RDC")
    orders = Counter(want.sku for want in demand if want.stream is Stream.ACCOUNT)
    spread_out = {sku for sku, _ in orders.most_common(REGIONAL_ARTICLES)}
    wanted: Wanted = defaultdict(lambda: defaultdict(list))
    for want in demand:
        if want.stream is Stream.COUNTER:
            continue
        period = max(0, (want.day - OPENING_DAY).days // PERIOD_DAYS)
        place = online if want.stream in ONLINE_STREAMS else national
        wanted[place, want.sku][period].append(want.units)
        if place == national and want.sku in spread_out and want.units < BULK_UNITS:
            drawn = draw(100, "regional", seed, want.invoice) // REGIONAL_PERCENT
            if drawn < len(regional):
                wanted[regional[drawn], want.sku][period].append(want.units)
    return wanted


def _warehouses(
    wanted: Wanted, articles: Sequence[Article], places: Mapping[str, Place], seed: int
) -> Iterator[Supply]:
    national = _only(places, NATIONAL)
    for article in articles:
        if (national, article.sku) not in wanted:
            yield Supply(OPENING_DAY, national, article.sku, IDLE_UNITS)
    for (place, sku), periods in wanted.items():
        left = 0
        for period in range(max(periods) + 1):
            units = periods.get(period, [])
            forecast = _forecast(units, seed, place, sku, period)
            if not period:
                forecast = max(forecast, IDLE_UNITS)
            if bought := max(0, forecast - left):
                day = OPENING_DAY + timedelta(days=PERIOD_DAYS * period)
                yield Supply(day, place, sku, bought)
            left = left + bought - sum(units)


def _forecast(units: Sequence[int], seed: int, *words: object) -> int:
    if draw(100, "missed", seed, *words) < MISSED_PERCENT:
        percent = draw(MISSED_SHARE_PERCENT_MAX, "share", seed, *words)
    else:
        percent = 100 + draw(SPARE_PERCENT_MAX, "spare", seed, *words)
    to_order = sum(one for one in units if one >= BULK_UNITS)
    return to_order + (sum(units) - to_order) * percent // 100


def _shelves(demand: Sequence[Demand], places: Mapping[str, Place], seed: int) -> Iterator[Supply]:
    """Return the opening stock of stores: what their tills will sell, and a few units besides."""
    units: Counter[tuple[str, str]] = Counter()
    stores = till_stores(places, seed)
    for want in demand:
        if want.stream is Stream.COUNTER:
            units[till_of(want.invoice, stores, seed), want.sku] += want.units
    for key, sold in units.items():
        spread = TILL_PERCENT_MAX - TILL_PERCENT_MIN + 1
        percent = TILL_PERCENT_MIN + draw(spread, "shelf", seed, *key)
        units[key] = sold * percent // 100
    popular = [sku for sku, _ in Counter(want.sku for want in demand).most_common(SHELF_DRAWN_FROM)]
    full = sorted(code for code, place in places.items() if place.format == "FULL")
    for code in full if popular else ():
        for nth in range(SHELF_ARTICLES):
            sku = popular[draw(len(popular), "assortment", seed, code, nth)]
            units[code, sku] += 1 + draw(SHELF_UNITS_MAX, "units", seed, code, nth)
    for (code, sku), stocked in units.items():
        if stocked:
            yield Supply(OPENING_DAY, code, sku, stocked)


def _only(places: Mapping[str, Place], format: str) -> str:
    return next(code for code, place in places.items() if place.format == format)
