"""Tables we write say what was said: they are read again by the mapping they were written by."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from crosslane.channels import Context, Document, Outbound, Outcome, TableMapping, Talk
from crosslane.channels.adapters import FAMILIES, Refused
from crosslane.channels.domain.exchange import ToldTable, WrittenTable
from crosslane.channels.domain.mapping import Column
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    StockRow,
    SupplySnapshot,
    kind_of,
)
from crosslane.channels.domain.own_tables import OWN_TABLES
from crosslane.channels.domain.replies import OrderReply, ReplyLine
from crosslane.channels.domain.reports import FulfillmentEvent, MoneyEvent, MovedGoods, PricePatch
from tests.channels.likely import LIKELY, TEXTS
from tests.channels.telling import outgoing, tell

AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
CSV = FAMILIES["csv"]


def talk_of(kind: str, mapping: TableMapping | None = None, **how: Any) -> Talk:
    table = WrittenTable(how=ToldTable(**how), mapping=mapping or OWN_TABLES[kind])
    return Talk(channel="partner", currency="EUR", timezone="Europe/Berlin", tables={kind: table})


def written(
    *messages: Outbound, mapping: TableMapping | None = None, talk: Talk | None = None, **how: Any
) -> tuple[list[Document], list[Outcome]]:
    """Let messages of one kind be written; return the files and what became of the messages."""
    talk = talk or talk_of(kind_of(messages[0]), mapping, **how)
    told = tell("csv", [outgoing(one, n) for n, one in enumerate(messages, 1)], talk=talk)
    documents = [one for one in told.asked if isinstance(one, Document)]
    assert len(documents) == len(told.asked)
    return documents, list(told.outcomes)


def table(document: Document, mapping: TableMapping | None = None) -> list[list[Any]]:
    """Return the cells of a file as somebody else reads them."""
    if document.media_type == "text/csv":
        encoding = (mapping.encoding if mapping else "") or "utf-8"
        delimiter = (mapping.delimiter if mapping else "") or ","
        text = document.body.decode(encoding)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    book = CalamineWorkbook.from_filelike(io.BytesIO(document.body))
    return book.get_sheet_by_index(0).to_python(skip_empty_area=False)


def read_again(document: Document, talk: Talk, mapping: TableMapping) -> list[Any]:
    context = Context(
        channel=talk.channel, currency=talk.currency, timezone=talk.timezone, mapping=mapping
    )
    readings = list(CSV.read(io.BytesIO(document.body), context))
    assert [one.fault for one in readings] == [None] * len(readings)
    return [message for one in readings for message in one.messages]


def parcel(number: int, **changed: Any) -> FulfillmentEvent:
    told: dict[str, Any] = {
        "source_id": f"P-{number}",
        "event_at": AT,
        "order": f"A-{number}",
        "step": "shipped",
        "carrier": "DHL",
        "tracking": ("JD0146",),
        "lines": (
            MovedGoods(id="1", sku="MUG", quantity=12),
            MovedGoods(id="2", sku="7", quantity=1),
        ),
    }
    return FulfillmentEvent(**(told | changed))


GERMAN = TableMapping(
    brings="fulfillment",
    columns={
        "Bestellung": "order",
        "Sendung": "source_id",
        "Art": Column(field="step", values={"versandt": "shipped", "zugestellt": "delivered"}),
        "Zeit": "event_at",
        "Paketnummer": "tracking/0",
        "Artikel": "lines/sku",
        "Kartons": Column(field="lines/quantity", times=6),
    },
    delimiter=";",
    encoding="cp1252",
    decimal=",",
    dates=("%d.%m.%Y %H:%M",),
    timezone="Europe/Berlin",
)


def test_a_table_has_the_columns_that_were_declared():
    box = (MovedGoods(sku="TASSE-GRÜN", quantity=12), MovedGoods(sku="=1+1", quantity=6))
    (document,), outcomes = written(parcel(1, lines=box), mapping=GERMAN, name="versand")
    assert (document.name, document.media_type) == ("versand-000000001.csv", "text/csv")
    assert document.body.decode("cp1252") == (
        "Bestellung;Sendung;Art;Zeit;Paketnummer;Artikel;Kartons\r\n"
        "A-1;P-1;versandt;29.03.2026 01:30;JD0146;TASSE-GRÜN;2\r\n"
        "A-1;P-1;versandt;29.03.2026 01:30;JD0146;'=1+1;1\r\n"
    )
    assert outcomes == [Outcome()]
    (told,) = read_again(document, talk_of("fulfillment"), GERMAN)
    assert [(line.sku, line.quantity) for line in told.lines] == [("TASSE-GRÜN", 12), ("=1+1", 6)]


def test_a_workbook_holds_texts_and_numbers_and_nothing_that_is_calculated():
    price = PricePatch(
        source_id="007",
        sku="007",
        article="=HYPERLINK(1)",
        event_at=AT,
        unit_price_milli=1_999_500,
        was_milli=2_500_000,
        currency="EUR",
        includes_tax=True,
    )
    (document,), _ = written(price, written="xlsx", name="preise")
    heading, row = table(document)
    told = dict(zip(heading, row, strict=True))
    assert (document.name, told["sku"], told["article"]) == (
        "preise-000000001.xlsx",
        "007",
        "=HYPERLINK(1)",
    )
    assert (told["price"], told["price_before"], told["includes_tax"]) == (19.995, 25.0, "true")
    assert b"<f>" not in document.body
    again, _ = written(price, written="xlsx", name="preise")
    assert again[0].body == document.body


def test_one_file_says_all_that_is_told_together_or_each_message_has_its_own():
    (together,), _ = written(*map(parcel, (1, 2, 3)))
    assert [row[2] for row in table(together)[1:]] == ["A-1", "A-1", "A-2", "A-2", "A-3", "A-3"]
    apart, _ = written(*map(parcel, (1, 2, 3)), each="message")
    assert [one.name for one in apart] == [f"fulfillment-00000000{n}.csv" for n in (1, 2, 3)]


def test_what_would_contradict_itself_in_one_file_stands_in_two():
    later = parcel(1, step="delivered", event_at=AT + timedelta(days=1))
    documents, outcomes = written(parcel(1), parcel(2), later)
    assert [len(table(one)) for one in documents] == [5, 3]
    assert [one.state for one in outcomes] == ["told"] * 3
    # A stock that has no number of its own is all of one moment.
    bare = TableMapping(
        brings="supply_snapshot",
        columns={"at": "event_at", "sku": "rows/sku", "units": "rows/quantity"},
        always={"location": "*"},
    )
    stock = [
        SupplySnapshot(
            source_id=f"offers/{n}",
            event_at=AT,
            location="*",
            rows=(StockRow(sku=f"S{n}", quantity=n),),
        )
        for n in (1, 2)
    ]
    assert len(written(*stock, mapping=bare)[0]) == 1
    stock[1] = msgspec.structs.replace(stock[1], event_at=AT + timedelta(seconds=1))
    assert len(written(*stock, mapping=bare)[0]) == 2


def test_our_own_tables_say_what_becomes_of_an_order():
    lines = (
        ReplyLine(id="1", sku="MUG", quantity=2, unit_price_milli=255_000),
        ReplyLine(id="2", sku="LAMP", quantity=0, backordered=1, due_at=AT + timedelta(days=2)),
    )
    reply = OrderReply(
        source_id="R-1", event_at=AT, order="A-1", ours="000001-Y", outcome="changed", lines=lines
    )
    (document,), _ = written(reply)
    assert document.body.decode().splitlines()[1:] == [
        "R-1,2026-03-29T01:30:00+01:00,A-1,000001-Y,changed,false,,,1,MUG,,,2,0,0,,2.55,",
        "R-1,2026-03-29T01:30:00+01:00,A-1,000001-Y,changed,false,,,2,LAMP,,,0,1,0,"
        "2026-03-31T02:30:00+02:00,,",
    ]
    fewer = Amendment(
        source_id="A-1", source_version=2, event_at=AT, lines=(AmendedLine(id="1", quantity=1),)
    )
    (document,), _ = written(fewer)
    assert document.body.decode().splitlines()[1:] == [
        "A-1,2,2026-03-29T01:30:00+01:00,amended by the channel,1,,1"
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"lines": (MovedGoods(sku="A", quantity=5),)}, "not-whole"),
        ({"order": "注文"}, "not-encodable"),
        ({"step": "collected"}, "value-unknown"),
        ({"lines": ()}, "no-lines"),
    ],
)
def test_what_a_table_cannot_say_is_refused_alone(changed: dict[str, Any], code: str):
    good = parcel(2, lines=(MovedGoods(sku="A", quantity=6),))
    (document,), (bad, fine) = written(parcel(1, **changed), good, mapping=GERMAN)
    assert (bad.state, bad.code, fine.state) == ("refused", code, "told")
    assert len(table(document, GERMAN)) == 2


def test_a_table_that_always_says_one_thing_is_told_nothing_else():
    columns = {name: path for name, path in GERMAN.columns.items() if name != "Art"}
    shipped = msgspec.structs.replace(GERMAN, columns=columns, always={"step": "shipped"})
    box = (MovedGoods(sku="A", quantity=6),)
    messages = (parcel(1, lines=box), parcel(2, lines=box, step="delivered"))
    (document,), (fine, other) = written(*messages, mapping=shipped)
    assert (fine.state, other.state, other.code) == ("told", "unsupported", "said-otherwise")
    assert len(table(document, shipped)) == 2


def test_stock_is_told_in_whole_boxes_and_never_more_than_there_is():
    boxes = TableMapping(
        brings="supply_snapshot",
        columns={"sku": "rows/sku", "boxes": Column(field="rows/quantity", times=12)},
    )
    rows = (StockRow(sku="A", quantity=25), StockRow(sku="B", quantity=11))
    stock = SupplySnapshot(source_id="offers/1", event_at=AT, location="*", rows=rows)
    (document,), _ = written(stock, mapping=boxes)
    assert table(document) == [["sku", "boxes"], ["A", "2"], ["B", "0"]]


def test_amounts_of_a_currency_nobody_would_know_are_not_told():
    refund = MoneyEvent(
        source_id="R-1", event_at=AT, order="A-1", step="refunded", minor=500, currency="JPY"
    )
    (document,), _ = written(refund)
    assert dict(zip(*table(document), strict=True))["amount"] == "500"
    (told,) = read_again(document, talk_of("money"), OWN_TABLES["money"])
    assert (told.minor, told.currency) == (500, "JPY")
    columns = {k: v for k, v in OWN_TABLES["money"].columns.items() if k != "currency"}
    silent = msgspec.structs.replace(OWN_TABLES["money"], columns=columns)
    assert written(refund, mapping=silent)[1][0].code == "currency-differs"


def test_a_place_is_called_as_the_channel_calls_it():
    talk = msgspec.structs.replace(talk_of("fulfillment"), locations={"DC1": "Lager Nord"})
    (document,), _ = written(parcel(1, location="DC1"), talk=talk)
    assert dict(zip(*table(document)[:2], strict=True))["location"] == "Lager Nord"


def test_columns_without_a_header_stand_at_their_places():
    columns = {"#4": "reason", "#1": "source_id", "#2": "event_at"}
    bare = TableMapping(brings="cancellation", columns=columns, header=0, dates=("%Y%m%d",))
    gone = Cancellation(source_id="A-1", event_at=AT, reason="too late")
    (document,), _ = written(gone, mapping=bare)
    assert table(document) == [["A-1", "20260329", "", "too late"]]


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (Talk(), "table-missing"),
        (Talk(tables={"money": WrittenTable(how=ToldTable(), mapping=None)}), "no-such-mapping"),
        (talk_of("money", GERMAN), "mapping-of-others"),
        (
            talk_of(
                "money", msgspec.structs.replace(OWN_TABLES["money"], sheet="a/b"), written="xlsx"
            ),
            "sheet-unusable",
        ),
    ],
)
def test_without_a_usable_table_nothing_is_told_until_somebody_mends_it(talk: Talk, code: str):
    refund = MoneyEvent(
        source_id="R-1", event_at=AT, order="A-1", step="refunded", minor=500, currency="EUR"
    )
    with pytest.raises(Refused) as refused:
        written(refund, talk=talk)
    assert refused.value.code == code


assert LIKELY.keys() == OWN_TABLES.keys() == CSV.tells.keys()


@st.composite
def notations(draw: st.DrawFn, kind: str) -> TableMapping:
    """Any way in which our own table of a kind may be written exactly."""
    own, header = OWN_TABLES[kind], draw(st.integers(0, 3))
    names = {name: f"#{n}" for n, name in enumerate(own.columns, 1)}
    columns = {name if header else names[name]: path for name, path in own.columns.items()}
    return msgspec.structs.replace(
        own,
        columns=columns,
        header=header,
        delimiter=draw(st.sampled_from(",;\t|")),
        encoding=draw(st.sampled_from(("", "utf-8-sig", "utf-16"))),
        decimal=draw(st.sampled_from(".,")),
        dates=draw(st.sampled_from(((), ("%Y%m%d %H%M%S.%f %z",)))),
        days=draw(st.sampled_from(((), ("%d.%m.%Y",)))),
        timezone=draw(st.sampled_from(("", "America/St_Johns", "Asia/Tokyo"))),
        formulas=draw(st.sampled_from(("guarded", "plain"))),
    )


def tidied(value: Any) -> Any:
    """Return what a table keeps of a message: no blanks around texts, one sort of line end."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if isinstance(value, dict):
        return {name: tidied(one) for name, one in value.items()}
    return tuple(map(tidied, value)) if isinstance(value, tuple) else value


@pytest.mark.parametrize("kind", OWN_TABLES)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_what_is_written_by_a_mapping_is_read_by_it(kind: str, form: str, data: st.DataObject):
    mapping = data.draw(notations(kind))
    messages = data.draw(st.lists(LIKELY[kind], min_size=1, max_size=3))
    how = {"written": form, "quotes": data.draw(st.sampled_from(("needed", "all")))}
    how |= {"line_end": data.draw(st.sampled_from(("crlf", "lf")))}
    talk = talk_of(kind, mapping, **how)
    documents, outcomes = written(*messages, talk=talk)
    assert {one.state for one in outcomes} == {"told"}
    found = [one for document in documents for one in read_again(document, talk, mapping)]
    told = [one.rest.get("", msgspec.to_builtins(one)) for one in found]
    # A price is called by its article, and is as new as it is.
    ours = {"source_id", "source_version"} if kind == "price" else set()
    said = [tidied(msgspec.to_builtins(one)) for one in messages]
    assert [without(one, ours) for one in told] == [without(one, ours) for one in said]


def without(told: dict[str, Any], names: set[str]) -> dict[str, Any]:
    # Versions of stock are told by its time.
    ours = names | ({"source_version"} if told["type"] == "supply_snapshot" else set())
    return {name: value for name, value in told.items() if name not in ours}


@given(TEXTS)
def test_nothing_a_spreadsheet_would_calculate_begins_a_cell(text: str):
    gone = Cancellation(source_id="A-1", event_at=AT, reason=text or "-")
    (document,), _ = written(gone)
    assert table(document)[1][3][:1] not in ("=", "+", "-", "@", "\t", "\r")
