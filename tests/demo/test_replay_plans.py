"""The pure half of the replay: order of time, accounts of lines, parcels, business time."""

from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.demo.lines import line

from crosslane.demo import Stream, select
from crosslane.demo.raw import LONDON
from crosslane.demo.replay.bodies import reason_code
from crosslane.demo.replay.calendars import (
    CarrierDays,
    Hours,
    LocationHours,
    Rounds,
    ServiceDays,
    ZoneRule,
)
from crosslane.demo.replay.outcome import LineBook
from crosslane.demo.replay.parcels import as_packs, split_by_weight
from crosslane.demo.replay.taxes import Taxes
from crosslane.demo.replay.timeline import (
    MarketplaceFile,
    Reversal,
    StockNote,
    TillBatch,
    list_steps,
    sales_of,
)
from crosslane.demo.selection import Selection
from crosslane.demo.streams import Invoice, SortedLine
from crosslane.demo.world.goods import read_articles
from crosslane.kernel import MILLI_PER_MINOR, line_amount

STORES = ["S0001", "S0002", "S0003"]
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")


@pytest.fixture(scope="module")
def chosen(sample) -> Selection:
    return select(sample, 5_000, seed=1)


@pytest.fixture(scope="module")
def steps(chosen: Selection):
    return list_steps(chosen, STORES, {"22423"}, seed=1)


def test_everything_happens_once_in_the_order_of_time(chosen, steps):
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    sales = sales_of(steps)
    assert len(sales) == chosen.orders
    kinds = Counter(type(step) for step in steps)
    assert kinds[Reversal] == sum(1 for i in chosen.invoices if i.cancels)
    notes = [e for i in chosen.invoices for e in i.lines if e.stream is Stream.ADJUSTMENT]
    assert kinds[StockNote] == len(notes)
    assert kinds[MarketplaceFile]
    assert kinds[TillBatch]
    used = Counter(one.number for sale in sales for one in (*sale.lines, *sale.carriage))
    assert set(used.values()) == {1}


def test_the_postage_of_a_batch_is_charged_to_the_penny_for_what_is_delivered(chosen, steps):
    charged: Counter[str] = Counter()
    for sale in sales_of(steps):
        charged[sale.invoice] += sale.delivery_minor
        assert sale.way == "ship" or sale.delivery_minor == 0
        assert sale.way == "ship" or all(one.sku != "22423" for one in sale.lines)
    for number, baskets in chosen.baskets.items():
        assert charged[number] == sum(basket.postage_minor for basket in baskets)
    ways = {sale.way for sale in sales_of(steps) if sale.stream is Stream.WEB}
    assert ways == {"ship", "pickup", "ship_to_store"}


def test_the_sales_of_the_default_are_worth_what_was_recorded(chosen, steps):
    recorded = sum(
        entry.line.amount_milli
        for invoice in chosen.invoices
        for entry in invoice.lines
        if entry.stream in (Stream.ACCOUNT, Stream.WEB, Stream.MARKETPLACE, Stream.COUNTER)
    )
    sold = sum(
        sum(one.amount_milli for one in sale.lines) + sale.delivery_milli
        for sale in sales_of(steps)
    )
    carriage = sum(one.amount_milli for sale in sales_of(steps) for one in sale.carriage)
    assert sold - carriage == recorded


@given(st.integers(1, 10**7), st.integers(1, 5_000), st.sampled_from([0, 1_750, 2_000]))
def test_a_price_with_tax_gives_back_the_recorded_amount(pence, units, rate_bp):
    net_milli = pence * MILLI_PER_MINOR
    gross_milli, rest = divmod(net_milli * (10_000 + rate_bp), 10_000)
    assert rest == 0
    gross_minor = line_amount(gross_milli, units)
    assert round(gross_minor * 10_000 / (10_000 + rate_bp)) == pence * units


def test_taxes_go_by_article_country_and_time():
    articles = {article.sku: article for article in read_articles()}
    zero = next(sku for sku, one in articles.items() if one.row["tax_class"] == "zero")
    taxes = Taxes(articles)
    before, after = (datetime(2011, 1, day, 12, tzinfo=UTC) for day in (3, 4))
    assert [taxes.rate_bp("22423", "GB", at) for at in (before, after)] == [1_750, 2_000]
    assert [taxes.rate_bp(*of, after) for of in ((zero, "GB"), ("22423", "JE"))] == [0, 0]


def test_every_line_ends_once_and_none_is_forgotten():
    streams = [Stream.WEB, Stream.WEB, Stream.CREDIT, Stream.CHARGE, Stream.REJECTED]
    lines = [line("7", code, number=n) for n, code in enumerate(["22423", "DOT", *"ABC"], 1)]
    entries = [SortedLine(*pair) for pair in zip(lines, streams, strict=True)]
    entries[4] = SortedLine(lines[4], Stream.REJECTED, "no price")
    selection = Selection((Invoice("7", tuple(entries)),), {"7": []})
    book = LineBook(selection)
    book.end(lines[:1], "placed")
    with pytest.raises(ValueError, match="used twice"):
        book.end(lines[:1], "rejected", "again")
    ends = [(fate.number, fate.fate, fate.reason) for fate in book.close(selection)]
    assert ends == [
        (1, "placed", ""),
        (2, "postage", ""),
        (3, "rejected", "no answer"),
        (4, "charged", ""),
        (5, "rejected", "no price"),
    ]
    unanswered = {(fate.fate, fate.reason) for fate in LineBook(selection).close(selection)[:2]}
    assert unanswered == {("rejected", "no answer")}


PICKED = st.lists(
    st.tuples(st.uuids(), st.integers(1, 300), st.integers(0, 40_000)),
    min_size=1,
    unique_by=lambda picked: picked[0],
)


@given(PICKED, st.integers(1_000, 50_000))
def test_parcels_hold_everything_and_none_is_too_heavy(units, weight_max):
    parcels = split_by_weight(units, weight_max)
    packed: Counter[UUID] = Counter()
    for parcel in parcels:
        packed.update(parcel)
        assert all(count > 0 for count in parcel.values())
        grams = sum(parcel.get(id, 0) * weight for id, _, weight in units)
        assert grams <= weight_max or sum(parcel.values()) == 1
    assert packed == {id: count for id, count, _ in units}
    packs = as_packs(UUID(int=1), parcels, datetime(2011, 1, 18, tzinfo=UTC))
    assert sum(len(pack.parcels) for pack in packs) == len(parcels)
    assert max(len(pack.parcels) for pack in packs) <= 100


def shop(**changes: object) -> Hours:
    told = {
        "id": "",
        "code": "DC1",
        "country": "GB",
        "nation": "ENG",
        "timezone": "Europe/London",
        "hours": {day: ["08:00-18:00"] for day in WEEK},
        "special_days": {},
        "cut_off": "15:00",
    }
    return Hours(LocationHours(**told | changes))


@pytest.mark.parametrize(
    ("came", "minutes", "done"),
    [
        ("2011-01-18 10:00", 30, "2011-01-18 10:30"),
        ("2011-01-18 17:50", 30, "2011-01-19 08:20"),
        ("2011-01-21 20:00", 5, "2011-01-24 08:05"),
        ("2010-12-24 17:59", 5, "2010-12-29 08:04"),
    ],
)
def test_people_work_in_the_hours_of_their_location(came, minutes, done):
    moment = datetime.fromisoformat(came).replace(tzinfo=LONDON)
    assert shop().after(moment, minutes).strftime("%Y-%m-%d %H:%M") == done


@pytest.mark.parametrize(
    ("packed", "leaves"),
    [
        ("2011-01-18 17:30", "2011-01-18 17:30"),
        ("2011-01-18 17:31", "2011-01-19 17:30"),
        ("2011-01-21 17:31", "2011-01-24 17:30"),
    ],
)
def test_a_parcel_leaves_with_the_next_van(packed, leaves):
    van = shop().leaves_at(datetime.fromisoformat(packed).replace(tzinfo=LONDON))
    assert van.strftime("%Y-%m-%d %H:%M") == leaves


def test_the_van_comes_before_closing_time():
    packed = datetime(2011, 1, 18, 9, tzinfo=LONDON)
    for cut_off in ("16:00", None):
        assert shop(cut_off=cut_off).leaves_at(packed) == packed.replace(hour=18)


def test_carriers_need_the_days_of_the_zone():
    service = ServiceDays("S48", WEEK, WEEK, (*WEEK, "saturday"), {"MAIN": 2, "ISLE": 3}, 30_000)
    rules = [ZoneRule("ISLE", "GB", "KW", "15-17"), ZoneRule("MAIN", "GB", "*", "*")]
    rounds = Rounds([CarrierDays("house", "GB", "ENG", rules, [service])])
    wednesday = date(2011, 1, 19)
    assert rounds.delivered_on("S48", "GB", "OX1 4AA", wednesday) == date(2011, 1, 21)
    assert rounds.delivered_on("S48", "GB", "KW15 1AA", wednesday) == date(2011, 1, 24)
    assert rounds.delivered_on("S48", "GB", "KW1 4AA", wednesday) == date(2011, 1, 21)
    assert rounds.delivered_on("S48", "GB", "OX1 4AA", wednesday, 2) == date(2011, 1, 24)


@pytest.mark.parametrize(
    ("note", "code"),
    [("damages", "damages"), ("?", "note"), ("21/5/10 reverse", "note_21_5_10_reverse")],
)
def test_a_stock_note_becomes_a_code(note, code):
    assert reason_code(note) == code
