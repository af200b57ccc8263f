"""Formats: what is read out of a text, and why a record is not."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest

from crosslane.channels import Context, Reading, errors
from crosslane.channels.adapters import FAMILIES, RECORDS_MAX
from crosslane.channels.domain.mapping import ORDERS
from crosslane.channels.service.reading import together
from crosslane.channels.storage.records import Raw
from crosslane.kernel import Refusal
from tests.channels.bazaar import order, sale, till_batch

CONTEXT = Context(channel="bazaar", currency="GBP")
OWN = ("orders-jsonl", "till-batch", "csv")
HEAD = (
    "order_number,ordered_at,sku,quantity,unit_price,shipping,name,address1,city,postcode,country"
)
ADA = "Ada Brown,12 High Street,Oxford,OX1 4AA,GB"
WHEN = "2011-01-05T10:00:00Z"


def read(format: str, text: str, context: Context = CONTEXT) -> list[Reading]:
    raw = text.encode(context.encoding or "utf-8")
    return list(FAMILIES[format].read(BytesIO(raw), context))


def csv(*rows: str, head: str = HEAD) -> list[Reading]:
    return read("csv", "\n".join((head, *rows)))


def faults(parsed: list[Reading]) -> list[tuple[str, str]]:
    return [(r.fault.code, r.fault.pointer) for r in parsed if r.fault]


def test_rows_of_one_order_are_one_order_wherever_they_stand():
    parsed = csv(
        f"A-1,{WHEN},MUG,2,2.55,3.95,{ADA}",
        f"A-2,{WHEN},LAMP,1,24.99,0,{ADA}",
        f"A-1,{WHEN},SPOON,3,0.125,3.95,{ADA}",
    )
    first, second = (record.messages[0] for record in parsed)
    assert [record.place for record in parsed] == [2, 3]
    assert (first.source_id, first.shipping_minor, first.event_at.year) == ("A-1", 395, 2011)
    assert [(line.sku, line.quantity, line.unit_price_milli) for line in first.lines] == [
        ("MUG", 2, 255_000),
        ("SPOON", 3, 12_500),
    ]
    assert (second.ship_to.city, second.buyer.name) == ("Oxford", "Ada Brown")
    assert second.tenders[0].method == "marketplace"
    assert faults(parsed) == []


@pytest.mark.parametrize(
    ("row", "code", "pointer"),
    [
        (f"A-1,{WHEN},MUG,two,1,0,{ADA}", "not-a-number", "/rows/0/quantity"),
        (f"A-1,{WHEN},MUG,0,1,0,{ADA}", "invalid-field", "/rows/0/quantity"),
        (f"A-1,05/01/2011,MUG,1,1,0,{ADA}", "not-a-time", "/rows/0/ordered_at"),
        (f"A-1,{WHEN},MUG,1,1.000001,0,{ADA}", "bad-amount", "/rows/0/unit_price"),
        (f"A-1,{WHEN},MUG,1,1,0.001,{ADA}", "bad-amount", "/rows/0/shipping"),
        (f",{WHEN},MUG,1,1,0,{ADA}", "invalid-field", "/rows/0/order_number"),
        (f"A-1,{WHEN},MUG,1,1,0", "cells-differ", "/rows/0"),
    ],
)
def test_a_bad_row_is_told_by_row_and_column(row: str, code: str, pointer: str):
    parsed = csv(row, f"A-9,{WHEN},MUG,1,1,0,{ADA}")
    assert faults(parsed) == [(code, pointer)]
    assert parsed[1].messages


def test_rows_of_an_order_that_contradict_each_other_are_no_order():
    parsed = csv(f"A-1,{WHEN},MUG,1,1,0,{ADA}", f"A-1,{WHEN},LAMP,1,1,5,{ADA}")
    assert faults(parsed) == [("rows-differ", "/rows/1/shipping")]


def test_quotes_hold_delimiters_and_line_ends():
    row = f'A-1,{WHEN},MUG,1,1,0,"Brown, Ada","12 ""High""\nStreet",Oxford,OX1 4AA,GB'
    parsed = csv(row, f"A-2,{WHEN},MUG,1,1,0,{ADA}")
    assert parsed[0].messages[0].ship_to.lines == ('12 "High"\nStreet',)
    assert parsed[0].body == row
    assert parsed[1].place == 4


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        ("order_number,sku,quantity", errors.ColumnMissing),
        ("order_number,ordered_at,sku,quantity,sku", errors.ColumnUnknown),
        ('order_number,ordered_at,sku,quantity\n"', errors.BatchMalformed),
    ],
)
def test_what_is_no_such_table_is_refused(head: str, refused: type[Refusal]):
    with pytest.raises(refused):
        csv(head=head)


def test_encodings_and_delimiters_are_declared():
    text = f"{HEAD}\nA-1,{WHEN},MUG,1,1,0,Zoë,Rue 1,Orléans,45000,FR".replace(",", ";")
    context = Context(channel="bazaar", currency="EUR", encoding="cp1252", delimiter=";")
    (reading,) = read("csv", text, context)
    assert reading.messages[0].ship_to.city == "Orléans"


def test_a_text_is_put_together_again_from_its_records():
    texts = {
        "orders-jsonl": "\n".join(json.dumps(order(f"B-{n}")) for n in range(3)) + "\n{",
        "till-batch": till_batch(sale("1", ("MUG", 1, 600)), sale("2", ("MUG", 2, 600))),
        "csv": f"{HEAD}\nA-1,{WHEN},MUG,1,1,0,{ADA}\nA-2,{WHEN},MUG,1,1,0,{ADA}",
    }
    for name, text in texts.items():
        parsed = read(name, text)
        again = together(
            [Raw(place=r.place, head=r.head, body=r.body, tail=r.tail) for r in parsed]
        )
        assert again == text.removesuffix("\n")
        assert read(name, again) == parsed


def test_more_records_than_allowed_are_refused():
    with pytest.raises(errors.TooManyRecords):
        read("orders-jsonl", "{}\n" * (RECORDS_MAX + 1))


def test_every_column_is_documented():
    page = (Path(__file__).parents[2] / "docs/howto/connect-a-channel.md").read_text()
    named = set(re.findall(r"`([a-z_0-9]+)`", page))
    missing = {c for c in ORDERS.columns if c not in named} - {"address2", "address3"}
    assert missing == set()


@pytest.mark.parametrize(
    ("lines", "code", "pointer"),
    [
        ([sale("1", ("MUG", 1, 600)), sale("1", ("MUG", 1, 600))], "receipt-repeated", "/lines"),
        (
            [sale("1", ("MUG", 1, 600), tenders=[{"method": "cash", "minor": 1}])],
            "tenders-differ",
            "/lines/2/tenders",
        ),
        ([sale("1", ("MUG", 1, 600)) | {"when": "now"}], "batch-unreadable", "/lines/2/when"),
    ],
)
def test_a_till_batch_that_contradicts_itself_is_believed_in_nothing(lines, code, pointer):
    parsed = read("till-batch", till_batch(*lines))
    found = {(r.fault.code, r.fault.pointer) for r in parsed if r.messages}
    assert found <= {(code, pointer)}
    assert all(record.fault for record in parsed)


def test_a_till_batch_without_its_end_is_believed_in_nothing():
    text = till_batch(sale("1", ("MUG", 1, 600)))
    cut = text.rstrip("\n").rpartition("\n")[0]
    assert faults(read("till-batch", cut)) == [("batch-cut-off", "/tail")]
