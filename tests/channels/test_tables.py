"""Tables: what somebody else's columns mean is declared, and nothing of them gets lost."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import Context, Reading, TableMapping, errors
from crosslane.channels.adapters import FAMILIES
from crosslane.channels.adapters.tables.cells import CellWrong, Notation
from crosslane.channels.domain.mapping import Column, rules_of
from crosslane.platform.web import decode_json

SENT_AT = datetime(2026, 7, 1, 6, tzinfo=UTC)
GERMAN: dict[str, Any] = {
    "brings": "order",
    "columns": {
        "Bestell-Nr.": "source_id",
        "Datum": "event_at",
        "Artikel": "lines/sku",
        "Menge": {"field": "lines/quantity", "times": 6},
        "Preis": "lines/unit_price_milli",
        "Versand": "shipping_minor",
        "Art": {"field": "lines/method", "values": {"Paket": "ship", "Abholung": "pickup"}},
        "Filiale": "lines/store",
        "Kunde": {"field": "buyer/name", "also": ["ship_to/name"]},
        "Straße": "ship_to/lines/0",
        "PLZ": "ship_to/postcode",
        "Ort": "ship_to/city",
    },
    "always": {"ship_to/country": "DE", "tenders/0/method": "marketplace"},
    "delimiter": ";",
    "encoding": "cp1252",
    "decimal": ",",
    "thousands": ".",
    "dates": ["%d.%m.%Y %H:%M"],
    "timezone": "Europe/Berlin",
    "currency": "EUR",
}
HEADER = "Bestell-Nr.;Datum;Artikel;Menge;Preis;Versand;Art;Filiale;Kunde;Straße;PLZ;Ort;Bemerkung"
FIRST = "B-1;28.03.2026 23:30;MUG;2;1.234,56;4,90;Paket;;Jörg Weiß;Am Markt 1;04109;Leipzig;leise!"
SECOND = "B-1;28.03.2026 23:30;LAMP;1;0,005;4,90;Abholung;S7;Jörg Weiß;Am Markt 1;04109;Leipzig;"


def mapping(**changed: Any) -> TableMapping:
    return decode_json(json.dumps(GERMAN | changed).encode(), TableMapping)


def read(raw: bytes | str, declared: TableMapping | None, **where: Any) -> list[Reading]:
    raw = raw.encode() if isinstance(raw, str) else raw
    context = Context(channel="shop", received_at=SENT_AT, mapping=declared, **where)
    return list(FAMILIES["csv"].read(io.BytesIO(raw), context))


def german(*rows: str, **changed: Any) -> list[Reading]:
    return read("\r\n".join((HEADER, *rows)).encode("cp1252"), mapping(**changed))


def test_a_table_is_read_by_its_mapping():
    (reading,) = german(FIRST, SECOND)
    assert reading.fault is None
    (order,) = reading.messages
    assert order.event_at == datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    assert (order.source_id, order.shipping_minor, order.buyer.name) == ("B-1", 490, "Jörg Weiß")
    assert [
        (line.sku, line.quantity, line.unit_price_milli, line.method, line.store)
        for line in order.lines
    ] == [("MUG", 12, 123_456_000, "ship", ""), ("LAMP", 6, 500, "pickup", "S7")]
    address = order.ship_to
    assert (address.name, address.lines, address.postcode, address.city, address.country) == (
        "Jörg Weiß",
        ("Am Markt 1",),
        "04109",
        "Leipzig",
        "DE",
    )
    assert order.rest == {"/rows/0/bemerkung": "leise!"}


def test_a_record_read_again_says_the_same():
    rows = german(FIRST, SECOND, FIRST.replace("B-1", "B-2"))
    again = [
        read(one.head + one.body + one.tail, mapping(), encoding="utf-8")[0].messages
        for one in rows
    ]
    assert again == [one.messages for one in rows]
    # Lines before the header keep their place, so it is found again.
    told = "Export of today\n\n" + HEADER + "\n" + FIRST
    (one,) = read(told, mapping(header=3, encoding=""))
    assert one.place == 4
    again = read(one.head + one.body, mapping(header=3), encoding="utf-8")
    assert again[0].messages == one.messages


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("1.234,56", "1,234.56", "not-a-number", "preis"),
        ("1.234,56", "2.55", "not-a-number", "preis"),
        ("1.234,56", "1e3", "not-a-number", "preis"),
        ("4,90", "4,905", "bad-amount", "versand"),
        (";2;", ";2,5;", "not-whole", "menge"),
        ("28.03.2026 23:30", "31.02.2026 10:00", "not-a-time", "datum"),
        ("Paket", "Kurier", "value-unknown", "art"),
        ("B-1", "", "invalid-field", "bestell-nr."),
        (";2;", ";;", "invalid-field", "menge"),
        (";leise!", "", "cells-differ", None),
    ],
)
def test_what_a_cell_may_not_be_is_told_by_its_column(
    old: str, new: str, code: str, column: str | None
):
    wrong, right = german(FIRST.replace(old, new), FIRST.replace("B-1", "B-9"))
    assert wrong.fault is not None
    assert (wrong.fault.code, wrong.messages) == (code, ())
    assert wrong.fault.pointer == ("/rows/0" if column is None else f"/rows/0/{column}")
    assert right.messages


def test_stock_of_several_places_is_a_message_each():
    declared = TableMapping(
        brings="supply_snapshot",
        columns={"where": "location", "item": "rows/sku", "units": "rows/quantity"},
    )
    readings = read("where\titem\tunits\nS1\tMUG\t3\nS2\tMUG\t-1\nS1\tLAMP\t0\n", declared)
    told = [
        (m.location, m.source_id, m.event_at, [(row.sku, row.quantity) for row in m.rows])
        for reading in readings
        for m in reading.messages
    ]
    assert told == [
        ("S1", "S1", SENT_AT, [("MUG", 3), ("LAMP", 0)]),
        ("S2", "S2", SENT_AT, [("MUG", -1)]),
    ]
    assert {m.source_version for r in readings for m in r.messages} == {
        round(SENT_AT.timestamp() * 1_000)
    }


def test_a_row_can_be_a_message():
    declared = TableMapping(
        brings="product",
        columns={
            "SKU": "sku",
            "Name": "title",
            "Colour": "options/colour",
            "Photo": "pictures/0",
            "Photo 2": "pictures/1",
            "Live": "on_sale",
            "Cost": Column(field="cost_milli", minor=True),
        },
        always={"currency": "GBP"},
    )
    (first, second) = read(
        "SKU|Name|Colour|Photo|Photo 2|Live|Cost|Gone\n"
        "MUG|Mug|green||https://x.example/2.png|yes|250|\nLAMP|Lamp|||||7|x\n",
        declared,
    )
    (mug,), (lamp,) = first.messages, second.messages
    assert (mug.sku, mug.title, mug.options, mug.pictures) == (
        "MUG",
        "Mug",
        {"colour": "green"},
        ("https://x.example/2.png",),
    )
    assert (mug.on_sale, mug.cost_milli, mug.currency) == (True, 250_000, "GBP")
    assert (lamp.on_sale, lamp.rest) == (None, {"/rows/0/gone": "x"})


def test_a_table_without_a_header_is_mapped_by_places():
    declared = TableMapping(
        brings="price", columns={"#2": "unit_price_milli", "#1": "sku"}, header=0, decimal=","
    )
    (one, two) = read("MUG,'\nLAMP,9", declared, currency="GBP") or (None, None)
    assert (one.fault.code, two.fault) == ("not-a-number", None)
    assert (two.messages[0].sku, two.messages[0].unit_price_milli) == ("LAMP", 900_000)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"columns": {"A": "colour"}}, "/columns/A"),
        ({"columns": {"A": "source_id", "a ": "event_at"}}, "/columns/a "),
        ({"columns": {"A": "source_id", "B": "source_id"}}, "/columns/B"),
        ({"columns": {"A": {"field": "source_id", "times": 2}}}, "/columns/A/times"),
        ({"columns": {"A": {"field": "source_id", "minor": True}}}, "/columns/A/minor"),
        ({"columns": {"A/B": {"field": "source_id", "also": ["x"]}}}, "/columns/A~1B/also"),
        ({"columns": {"A": "source_id"}, "header": 0}, "/columns/A"),
        ({"always": {"colour": "red"}}, "/always/colour"),
        ({"always": {"source_id": "1"}}, "/always/source_id"),
        ({"thousands": ","}, "/thousands"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(changed: dict[str, Any], pointer: str):
    with pytest.raises(errors.MappingUnusable) as refused:
        rules_of(mapping(**changed))
    assert refused.value.pointer == pointer


def test_a_column_that_every_message_needs_must_be_there():
    with pytest.raises(errors.ColumnMissing, match="Menge"):
        read(HEADER.replace("Menge", "Anzahl") + "\n", mapping(encoding=""))
    del (without := dict(GERMAN["columns"]))["Datum"]
    with pytest.raises(errors.ColumnMissing, match="event_at"):
        german(FIRST, columns=without)


def workbook(*rows: tuple[Any, ...], name: str = "Orders") -> bytes:
    """Return a workbook as office programs write it, as small as they are read."""

    def cell(place: int, number: int, value: Any) -> str:
        at = f'r="{chr(65 + place)}{number}"'
        if isinstance(value, (int, float)):
            return f"<c {at}><v>{value!r}</v></c>"
        return f'<c {at} t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else ""

    sheet = "".join(
        f'<row r="{n}">{"".join(cell(p, n, value) for p, value in enumerate(row))}</row>'
        for n, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{name}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData>'
        "</worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in parts.items():
            archive.writestr(path, text)
    return out.getvalue()


def test_a_workbook_is_a_table_too():
    header = tuple(HEADER.split(";"))
    order, to = ("B-1", "2026-03-28T23:30"), (4.9, "Paket", "", "J", "A 1", "04109", "Leipzig")
    raw = workbook(header, (*order, "MUG", 2, 1234.56, *to), (), (*order, 4711, 1, 0.1, *to))
    (reading,) = read(raw, mapping())
    assert reading.fault is None
    assert [(line.sku, line.unit_price_milli) for line in reading.messages[0].lines] == [
        ("MUG", 123_456_000),
        ("4711", 10_000),
    ]
    again = read(reading.head + reading.body, mapping(), encoding="utf-8")
    assert again[0].messages == reading.messages
    with pytest.raises(errors.BatchMalformed, match="no sheet 'July'"):
        read(raw, mapping(sheet="July"))


def test_a_workbook_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crosslane.channels.adapters.tables.rows.UNPACKED_BYTES_MAX", 10_000)
    with pytest.raises(errors.BatchMalformed, match="unpacked"):
        read(workbook(("x" * 20_000,)), mapping())
    with pytest.raises(errors.BatchMalformed, match="no workbook"):
        read(workbook(("x",))[:200], mapping())
    with pytest.raises(errors.BatchMalformed, match="no workbook"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, mapping())


@given(st.integers(-(10**12), 10**12), st.sampled_from([(",", "."), (".", ","), (",", " ")]))
def test_numbers_are_what_was_written(number: int, marks: tuple[str, str]):
    decimal, thousands = marks
    notation = Notation(decimal, thousands, (), "UTC", "EUR")
    whole = f"{abs(number) // 100:,}".replace(",", thousands)
    text = f"{'-' if number < 0 else ''}{whole}{decimal}{abs(number) % 100:02}"
    value = notation.value(text, "minor", Column(field="minor"))
    assert value == number


@given(st.text("0123456789.,' -+e", max_size=12))
def test_a_number_is_read_one_way_or_not_at_all(text: str):
    """What is read is what remains when the marks are taken away; nothing is guessed."""
    notation = Notation(",", ".", (), "UTC", "EUR")
    try:
        number = notation.number(text)
    except CellWrong:
        return
    assert number.lstrip("-").replace(".", "").isdigit()
    assert "." not in text or all(len(g.split(",")[0]) == 3 for g in text.split(".")[1:])


def test_the_command_shows_what_a_table_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from crosslane.cli.channel import parse

    table, declared = tmp_path / "orders.csv", tmp_path / "mapping.json"
    table.write_bytes(f"{HEADER}\n{FIRST}\n{FIRST.replace('B-1', '')}\n".encode("cp1252"))
    declared.write_text(json.dumps(GERMAN))
    with pytest.raises(SystemExit) as ended:
        parse(table, adapter="csv", json=True, mapping=declared)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ended.value.code == 2
    assert [one["fault"] and one["fault"]["pointer"] for one in told] == [
        None,
        "/rows/0/bestell-nr.",
    ]
