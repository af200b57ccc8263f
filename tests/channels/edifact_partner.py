"""Telling partners by EDIFACT: an order as they ask for it, and what is said of it."""

from datetime import date

import msgspec

from crosslane.channels import FAMILIES
from crosslane.channels.adapters.edi_stream import cut_at
from crosslane.channels.domain.messages import StockRow, SupplySnapshot
from crosslane.channels.domain.replies import (
    Invoice,
    InvoiceCharge,
    InvoiceLine,
    Party,
)
from crosslane.customers import Address
from tests.channels.edi_saying import NOW, TALK, documents_of
from tests.channels.edifact import wrapped
from tests.channels.judges import edifact_found_by_bots, edifact_found_by_mock
from tests.channels.reading import read

EDIFACT = FAMILIES["edifact"]

ASKED = """ORDERS
BGM+220+PO-1+9
DTM+137:20260104:102
NAD+BY+4012345000009::9++Shops
NAD+SU+77::92++Northwind
NAD+DP+4012345000016::9++Shop 1+1 High St+Town++44139+DE
CUX+2:EUR:9
LIN+10++4000862141404:EN
PIA+1+MUG:SA::91+77-1:IN
QTY+21:12:PCE
PRI+AAA:9.25
LIN+20++BOWL:SA
QTY+21:2:CT
QTY+59:24
PRI+AAA:120
LIN+++CLIP:SA
QTY+21:3
PRI+AAB:0.125
UNS+S
CNT+2:3"""


def set_up(**settings: str):
    return msgspec.structs.replace(TALK, settings=settings)


def ordered(text: str = ASKED, release: str = "D:96A", **how):
    raw = wrapped(text, **how).replace("D:01B:UN:EAN010", f"{release}:UN")
    readings = read("edifact", raw.encode())
    assert [reading.fault for reading in readings] == [None]
    return readings[0].messages


def told(kind: str, *messages, **how):
    """Tell messages; returns the documents as bytes, and what became of each message."""
    return documents_of("edifact", ".edi", kind, *messages, **how)


def sound(kind: str, *messages, **how) -> str:
    """Tell messages in one document that others find nothing wrong with."""
    (raw,), outcomes = told(kind, *messages, **how)
    assert {one.state for one in outcomes} == {"told"}
    assert edifact_found_by_bots(raw) == []
    assert edifact_found_by_mock(raw) == []
    return raw.decode("latin-1")


def segments(text: str, *tags: str) -> list[str]:
    return [one for one in cut_at(text, "'", "?") if one.split("+")[0] in tags]


def body(text: str) -> list[str]:
    """The segments between those of the envelope."""
    all_of_it = cut_at(text, "'", "?")
    start = next(n for n, one in enumerate(all_of_it) if one.startswith("UNH"))
    return all_of_it[start + 1 : -3]


HOME = Address(country="GB", lines=("1 Mill Lane",), city="Leeds", postcode="LS1 1AA", name="")


def invoice(**more) -> Invoice:
    said = {
        "source_id": "R-2026-1",
        "event_at": NOW,
        "order": "PO-1",
        "ours": "000001-Y",
        "kind": "invoice",
        "issued_on": date(2026, 1, 7),
        "due_on": date(2026, 2, 6),
        "supplied_on": date(2026, 1, 6),
        "currency": "EUR",
        "seller": Party(name="Northwind Ltd", tax_id="GB123456789", address=HOME),
        "buyer": Party(name="Shops", address=HOME),
        "lines": (
            InvoiceLine(
                id="10",
                sku="MUG",
                title="A mug",
                quantity=12,
                unit_price_milli=925_000,
                net_minor=11_000,
                tax_minor=2_090,
                tax_rate_bp=1_900,
            ),
            InvoiceLine(
                id="20",
                sku="BOWL",
                title="A bowl",
                quantity=24,
                unit_price_milli=500_000,
                net_minor=12_000,
                tax_minor=840,
                tax_rate_bp=700,
            ),
        ),
        "charges": (
            InvoiceCharge(
                kind="shipping", title="Freight", net_minor=500, tax_minor=95, tax_rate_bp=1_900
            ),
        ),
        "net_minor": 23_500,
        "tax_minor": 3_025,
        "gross_minor": 26_525,
    }
    return Invoice(**{**said, **more})


SUPPLY = SupplySnapshot(
    source_id="S-77",
    event_at=NOW,
    location="LONDON",
    rows=(
        StockRow(sku="MUG", gtin="036000291452", article="77-1", quantity=9),
        StockRow(sku="BOWL", gtin="4006381333931", quantity=0),
        StockRow(sku="CLIP", quantity=-2),
    ),
)
