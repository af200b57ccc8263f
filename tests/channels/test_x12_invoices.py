"""Invoices by X12 are exact to the cent, and what cannot be written is refused with its place."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from crosslane.channels.domain.replies import Corrected, Invoice, InvoiceCharge, InvoiceLine, Party
from crosslane.customers import Address
from tests.channels.edi_saying import NOW
from tests.channels.judges import read_by_mock
from tests.channels.reading import read
from tests.channels.x12_partner import ASKED, ordered, segments, sound, told


def party(name: str, **more) -> Party:
    address = Address(
        country="GB",
        lines=("1 High Street", "Floor 2", "c/o Gray"),
        city="York",
        postcode="YO1 1AA",
    )
    return Party(name=name, address=address, **more)


def bill(kind="invoice", **more) -> Invoice:
    lines = (
        InvoiceLine(
            id="10",
            sku="MUG",
            title="A mug: blue*",
            quantity=12,
            unit_price_milli=925_000,
            net_minor=10_000,
            tax_minor=2_000,
            tax_rate_bp=2_000,
        ),
        InvoiceLine(
            id="20",
            sku="BOWL",
            quantity=48,
            unit_price_milli=500_000,
            net_minor=24_000,
            tax_minor=1_200,
            tax_rate_bp=500,
        ),
    )
    charges = (
        InvoiceCharge(
            kind="shipping", title="Shipping", net_minor=500, tax_minor=100, tax_rate_bp=2_000
        ),
    )
    told = {
        "source_id": "INV-1",
        "event_at": NOW,
        "order": "PO-1-R7",
        "ours": "000001-Y",
        "kind": kind,
        "issued_on": date(2026, 1, 6),
        "due_on": date(2026, 2, 5),
        "supplied_on": date(2026, 1, 6),
        "ordered_on": date(2026, 1, 4),
        "currency": "EUR",
        "seller": party("Märlow & Finch", ids={"0088": "4012345000009"}),
        "buyer": party("Shops"),
        "lines": lines,
        "charges": charges,
        "net_minor": 34_500,
        "tax_minor": 3_300,
        "gross_minor": 37_800,
    }
    return Invoice(**{**told, **more})


def test_an_invoice_is_exact_to_the_cent():
    (order,) = ordered()
    text = sound("invoice", bill(), order=order)
    assert text.split("~")[3:-4] == [
        "BIG*20260106*INV-1*20260104*PO-1*R7**DI",
        "CUR*SE*EUR",
        "REF*VN*000001-Y",
        "N1*SE*Marlow & Finch*UL*4012345000009",
        "N3*1 High Street*Floor 2",
        "N3*c/o Gray",
        "N4*York**YO1 1AA*GB",
        "N1*BT*Shops",
        "N3*1 High Street*Floor 2",
        "N3*c/o Gray",
        "N4*York**YO1 1AA*GB",
        "N1*ST*Shop 1*92*0001",
        "N1*BY*Shops*92*77",
        "ITD*05*3****20260205",
        "DTM*011*20260106",
        "IT1*10*12*EA*9.25*PE*VP*MUG*UP*036000291452*IN*77-1",
        "PID*F****A mug: blue",
        "SAC*A*C310***1100",
        "IT1*20*2*CA*120.00*UM*VP*BOWL*BP*77-2",
        "TDS*37800",
        "TXI*TX*21.00*20",
        "TXI*TX*12.00*5",
        "SAC*C*G830***500**********Shipping",
        "CTT*2",
    ]
    (invoice,) = read_by_mock(text)
    assert invoice.total == invoice.line_total + invoice.charges + invoice.tax == Decimal("378.00")
    assert invoice.charges_known


def test_an_invoice_of_a_part_for_a_store_names_the_store():
    split = ASKED.replace("PID", "SDQ*EA*92*0001*5*0002*7\nPID")
    split = split.replace("PO4*24", "PO4*24\nSDQ*CA*92*0002*2")
    first, second = ordered(split.replace("CTT", "SDQ*EA*92*0001*3\nCTT"))
    for order, store in ((first, "0001"), (second, "0002")):
        text = sound("invoice", bill(), order=order)
        assert f"N1*ST**92*{store}" in segments(text, "N1")


def test_a_credit_memo_names_what_it_corrects():
    (order,) = ordered()
    corrects = (Corrected(number="INV-0", issued_on=date(2026, 1, 1)),)
    text = sound("invoice", bill("credit_note", corrects=corrects, due_on=None), order=order)
    assert segments(text, "BIG", "REF") == [
        "BIG*20260106*INV-1*20260104*PO-1*R7**CR",
        "REF*VN*000001-Y",
        "REF*IV*INV-0",
    ]
    ((money,),) = (r.messages for r in read("x12", text.encode()))
    assert (money.step, money.minor, money.order) == ("credited", 37_800, "PO-1")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"gross_minor": 37_801}, "/gross_minor"),
        ({"net_minor": 34_501, "gross_minor": 37_801}, "/net_minor"),
        ({"source_id": "N" * 23}, "/source_id"),
        ({"source_id": "A*B"}, "/source_id"),
        ({"source_id": "Ä1"}, "/source_id"),
        ({"currency": "KWD"}, "/charges/0/net_minor"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_place(change, pointer):
    (order,) = ordered()
    if change.get("currency") == "KWD":
        # Three decimals, of which an implied amount has two.
        charge = msgspec.structs.replace(bill().charges[0], net_minor=501)
        change |= {"charges": (charge,), "net_minor": 34_501, "gross_minor": 37_801 - 1}
        change |= {"tax_minor": 3_299, "lines": bill().lines}
        charge = msgspec.structs.replace(charge, tax_minor=99)
        change |= {"charges": (charge,)}
    documents, (outcome,) = told("invoice", bill(**change), order=order)
    assert (documents, outcome.state, outcome.code) == ([], "refused", "not-writable")
    assert outcome.detail.startswith(f"{pointer}: "), outcome.detail
