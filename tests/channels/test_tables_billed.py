"""Invoices and credit notes as tables: a row for each line and each charge of the document."""

import csv
import io
from datetime import date
from typing import Any

import msgspec
import pytest
from xlsxwriter import Workbook

from crosslane.channels import Context, TableMapping
from crosslane.channels.domain.mapping import Column
from crosslane.channels.domain.own_tables import OWN_TABLES
from crosslane.channels.domain.replies import Corrected, Invoice, InvoiceCharge, InvoiceLine, Party
from crosslane.customers import Address
from tests.channels.test_tables_told import AT, CSV, read_again, table, talk_of, written

OWN = OWN_TABLES["invoice"]
MUGS = InvoiceLine(
    id="1",
    sku="MUG",
    title="A mug",
    quantity=2,
    unit_price_milli=214_286,
    net_minor=429,
    tax_minor=81,
    tax_rate_bp=1_900,
    jurisdiction="DE",
)
BOOK = InvoiceLine(
    id="2",
    sku="BOOK",
    quantity=1,
    unit_price_milli=1_000_000,
    net_minor=1_000,
    tax_minor=77,
    tax_rate_bp=770,
    jurisdiction="CH",
)
SHIPPING = InvoiceCharge(
    kind="shipping", title="Shipping", net_minor=500, tax_minor=95, tax_rate_bp=1_900
)
REDUCTION = InvoiceCharge(
    kind="adjustment", title="A scratch", net_minor=-100, tax_minor=-19, tax_rate_bp=1_900
)


def bill(number: int = 1, **changed: Any) -> Invoice:
    told: dict[str, Any] = {
        "source_id": f"INV-{number}",
        "event_at": AT,
        "order": f"A-{number}",
        "kind": "invoice",
        "issued_on": date(2026, 3, 29),
        "currency": "EUR",
        "seller": Party(name="Marlow & Finch", tax_id="GB980780684"),
        "buyer": Party(name="Ada Brown"),
        "lines": (MUGS, BOOK),
        "charges": (SHIPPING, REDUCTION),
        "net_minor": 1_829,
        "tax_minor": 234,
        "gross_minor": 2_063,
        "paid": True,
    }
    return Invoice(**(told | changed))


# What a bookkeeper asks for: German marks, days without a time, and words of their own.
LEDGER = TableMapping(
    brings="invoice",
    columns={
        "Beleg": "source_id",
        "Art": Column(field="kind", values={"RE": "invoice", "GS": "credit_note"}),
        "Belegdatum": "issued_on",
        "Leistung": "supplied_on",
        "Zeit": "event_at",
        "Zu Beleg": "corrects/0/number",
        "Vom": "corrects/0/issued_on",
        "Position": Column(field="rows/part", values={"Ware": "goods", "Nebenkosten": "charge"}),
        "Kosten": "rows/charge",
        "Artikel": "rows/sku",
        "Menge": "rows/quantity",
        "Einzelpreis": "rows/unit_price_milli",
        "Netto": "rows/net_minor",
        "Satz": "rows/tax_rate_bp",
        "Steuer": "rows/tax_minor",
        "Brutto": "rows/gross_minor",
        "Summe netto": "net_minor",
        "Summe Steuer": "tax_minor",
        "Summe": "gross_minor",
    },
    delimiter=";",
    decimal=",",
    days=("%d.%m.%Y", "%d.%m.%y"),
    dates=("%d.%m.%Y %H:%M",),
)


def test_each_line_and_charge_of_an_invoice_is_a_row_that_repeats_its_totals():
    (document,), (outcome,) = written(bill())
    assert (document.name, outcome.state) == ("invoice-000000001.csv", "told")
    rows = list(csv.DictReader(io.StringIO(document.body.decode(), newline="")))
    parts = "part", "charge", "sku", "quantity", "unit_price", "net", "tax_rate", "tax", "gross"
    assert [tuple(row[name] for name in parts) for row in rows] == [
        ("goods", "", "MUG", "2", "2.14286", "4.29", "19", "0.81", "5.10"),
        ("goods", "", "BOOK", "1", "10.00", "10.00", "7.7", "0.77", "10.77"),
        ("charge", "shipping", "", "", "", "5.00", "19", "0.95", "5.95"),
        ("charge", "adjustment", "", "", "", "-1.00", "19", "-0.19", "-1.19"),
    ]
    whole = "number", "day", "order_number", "currency", "total_net", "total_tax", "total_gross"
    assert {tuple(row[name] for name in whole) for row in rows} == {
        ("INV-1", "2026-03-29", "A-1", "EUR", "18.29", "2.34", "20.63")
    }


def test_a_credit_note_is_told_in_the_words_days_and_marks_of_who_keeps_the_books():
    note = bill(
        kind="credit_note",
        supplied_on=date(2026, 3, 28),
        lines=(MUGS,),
        charges=(REDUCTION,),
        corrects=(Corrected(number="INV-0", issued_on=date(2026, 3, 1)),),
        net_minor=329,
        tax_minor=62,
        gross_minor=391,
    )
    (document,), _ = written(note, mapping=LEDGER)
    whole = "INV-1;GS;29.03.2026;28.03.2026;29.03.2026 01:30;INV-0;01.03.2026;"
    assert document.body.decode().splitlines()[1:] == [
        f"{whole}Ware;;MUG;2;2,14286;4,29;19;0,81;5,10;3,29;0,62;3,91",
        f"{whole}Nebenkosten;adjustment;;;;-1,00;19;-0,19;-1,19;3,29;0,62;3,91",
    ]
    (told,) = read_again(document, talk_of("invoice"), LEDGER)
    assert told.topic == "invoice"
    said = msgspec.convert(told.rest[""], Invoice)
    assert (said.kind, said.issued_on, said.corrects) == (
        "credit_note",
        note.issued_on,
        note.corrects,
    )


def test_numbers_of_a_workbook_can_be_summed():
    (document,), _ = written(bill(), written="xlsx")
    heading, *rows = table(document)
    column = {name: [row[at] for row in rows] for at, name in enumerate(heading)}
    assert sum(column["gross"]) == pytest.approx(column["total_gross"][0])
    assert column["tax_rate"] == [19.0, 7.7, 19.0, 19.0]
    (told,) = read_again(document, talk_of("invoice"), OWN)
    assert told.rest[""] == msgspec.to_builtins(bill())


def test_invoices_stand_in_one_file_and_one_without_a_line_in_none():
    empty = bill(3, lines=(), charges=(), net_minor=0, tax_minor=0, gross_minor=0)
    (document,), outcomes = written(bill(1), bill(2), empty)
    assert len(table(document)) == 1 + 2 * 4
    assert [one.code for one in outcomes] == ["", "", "no-lines"]


def test_somebody_is_told_with_an_address_and_one_name():
    home = Address(
        country="GB", lines=("12 High Street", "Flat 2"), city="York", postcode="YO1 1AA"
    )
    shop = Address(country="FR", lines=("1 Rue A",), city="Paris", name="Jo", phone="+33 1")
    told = bill(buyer=Party(name="Shops Ltd", address=home), ship_to=Party(name="Jo", address=shop))
    (document,), _ = written(told)
    (again,) = read_again(document, talk_of("invoice"), OWN)
    said = msgspec.convert(again.rest[""], Invoice)
    assert said.buyer == told.buyer
    assert said.ship_to == Party(address=Address(country="FR", lines=(), city=""))


READ = TableMapping(
    brings="invoice",
    columns={
        "no": "source_id",
        "day": "issued_on",
        "charge": "rows/charge",
        "sku": "rows/sku",
        "units": "rows/quantity",
        "price": "rows/unit_price_milli",
        "net": "rows/net_minor",
        "rate": "rows/tax_rate_bp",
        "tax": "rows/tax_minor",
        "gross": "rows/gross_minor",
        "total": "gross_minor",
    },
    always={
        "kind": "invoice",
        "event_at": "2026-03-29T12:00:00Z",
        "net_minor": "0",
        "tax_minor": "0",
    },
    days=("%d/%m/%Y",),
)
HEADING = "no,day,charge,sku,units,price,net,rate,tax,gross,total"


def read(*rows: str) -> list[Any]:
    body = "\n".join((HEADING, *rows)).encode()
    return list(CSV.read(io.BytesIO(body), Context(currency="GBP", timezone="UTC", mapping=READ)))


def test_a_row_that_names_a_charge_is_one():
    (reading,) = read(
        "7,29/03/2026,,MUG,1,5,5,20 %,1,6,9", "7,29/03/2026,shipping,,,,2.50,20,0.5,3,9"
    )
    (told,) = reading.messages
    said = msgspec.convert(told.rest[""], Invoice)
    assert ([one.sku for one in said.lines], [one.kind for one in said.charges]) == (
        ["MUG"],
        ["shipping"],
    )
    assert said.lines[0].tax_rate_bp == said.charges[0].tax_rate_bp == 2_000


@pytest.mark.parametrize(
    ("row", "pointer", "code"),
    [
        ("7,2026-03-29,,MUG,1,5,5,20.005,1,6,6", "/rows/0/rate", "not-a-rate"),
        ("7,2026-03-29,,MUG,1,5,5,a fifth,1,6,6", "/rows/0/rate", "not-a-number"),
        ("7,2026-03-29T10:00:00,,MUG,1,5,5,20,1,6,6", "/rows/0/day", "not-a-day"),
        ("7,31/02/2026,,MUG,1,5,5,20,1,6,6", "/rows/0/day", "not-a-day"),
        ("7,2026-03-29,,MUG,,5,5,20,1,6,6", "/rows/0", "invalid-field"),
        ("7,2026-03-29,,MUG,1,,5,20,1,6,6", "/rows/0", "invalid-field"),
        ("7,2026-03-29,shipping,MUG,,,5,20,1,6,6", "/rows/0", "invalid-field"),
        ("7,2026-03-29,,MUG,1,5,5,20,1,7,7", "/rows/0", "invalid-field"),
        ("7,2026-03-29,,MUG,1,5,,20,1,6,6", "/rows/0/net", "invalid-field"),
    ],
)
def test_a_row_that_is_neither_goods_nor_a_charge_is_kept_back(row: str, pointer: str, code: str):
    (reading,) = read(row)
    assert reading.fault is not None
    assert (reading.fault.pointer, reading.fault.code) == (pointer, code)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-03-29T00:00:00", "29/03/2026", "20260329"])
def test_a_day_is_read_as_it_is_declared_or_by_iso_8601(day: str):
    (reading,) = read(f"7,{day},,MUG,1,5,5,20,1,6,6")
    (told,) = reading.messages
    assert told.rest[""]["issued_on"] == "2026-03-29"


def test_a_day_of_a_workbook_is_one():
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADING.split(","))
        sheet.write_row(1, 0, ["7", date(2026, 3, 29), "", "MUG", 1, 5, 5, 7.7, 1, 6, 6])
    context = Context(currency="GBP", timezone="UTC", mapping=READ)
    (reading,) = CSV.read(io.BytesIO(out.getvalue()), context)
    (told,) = reading.messages
    assert told.rest[""]["issued_on"] == "2026-03-29"
    assert told.rest[""]["lines"][0]["tax_rate_bp"] == 770
