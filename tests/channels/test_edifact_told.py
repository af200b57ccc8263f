"""What we tell by EDIFACT: others' tools find nothing wrong, and read what we have meant."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gs1_128 import validate as gs1

from crosslane.channels.adapters.telling import Outcome
from crosslane.channels.domain.replies import Corrected, Party
from crosslane.channels.domain.reports import MovedGoods
from tests.channels.edi_saying import BOWL, CLIP, MUG, reply, shipped
from tests.channels.edifact_partner import (
    ASKED,
    SUPPLY,
    body,
    invoice,
    ordered,
    segments,
    set_up,
    sound,
    told,
)
from tests.channels.judges import (
    edifact_found_by_bots,
    edifact_read_by_mock,
)
from tests.channels.reading import read


def test_an_order_is_confirmed_in_the_words_in_which_it_was_asked():
    (order,) = ordered()
    assert [(line.id, line.quantity, line.unit_price_milli) for line in order.lines] == [
        ("10", 12, 925_000),
        ("20", 48, 500_000),
        ("3", 3, 12_500),
    ]
    text = sound("order_reply", reply(MUG, BOWL, CLIP), order=order)
    assert text.startswith(
        "UNA:+.? 'UNB+UNOC:3+SELLER:14+BUYER:14+260106:0930+41'UNH+1+ORDRSP:D:96A:UN'"
    )
    assert body(text) == [
        "BGM+231+000001-Y+9+AD",
        "DTM+137:202601060930:203",
        "RFF+ON:PO-1",
        "DTM+4:20260104:102",
        "RFF+VN:000001-Y",
        "NAD+BY+4012345000009::9++Shops",
        "NAD+SU+77::92++Northwind",
        "NAD+DP+4012345000016::9++Shop 1",
        "CUX+2:EUR:9",
        "LIN+10+5+4000862141404:EN",
        "PIA+1+MUG:SA::91+77-1:IN",
        "QTY+21:12:PCE",
        "QTY+113:12:PCE",
        "DTM+67:20260106:102",
        "PRI+AAA:9.25",
        "LIN+20+5+BOWL:SA",
        "QTY+21:2:CT",
        "QTY+113:2:CT",
        "PRI+AAA:120:::1:CT",
        "LIN+3+5+CLIP:SA",
        "QTY+21:3:PCE",
        "QTY+113:3:PCE",
        "PRI+AAB:0.125",
        "UNS+S",
        "CNT+2:3",
    ]
    assert segments(text, "UNT", "UNZ") == ["UNT+27+1", "UNZ+1+41"]
    (read_back,) = edifact_read_by_mock(text.encode("latin-1"))
    assert (read_back.po_number, read_back.seller_order) == ("PO-1", "000001-Y")
    assert [line.confirmed for line in read_back.lines] == [12, 2, 3]


def test_what_is_not_as_asked_is_told_by_line():
    (order,) = ordered()
    fewer = msgspec.structs.replace(MUG, quantity=7, backordered=3, cancelled=2)
    dearer = msgspec.structs.replace(BOWL, unit_price_milli=512_500)
    gone = msgspec.structs.replace(CLIP, quantity=0, cancelled=3)
    said = reply(fewer, dearer, gone, outcome="changed", reason="Nur noch “sieben” übrig + '?")
    text = sound("order_reply", said, order=order)
    assert segments(text, "BGM", "LIN", "QTY", "FTX", "PRI") == [
        "BGM+231+000001-Y+9+AC",
        'FTX+AAO+++Nur noch "sieben" übrig ?+ ?\'??',
        "LIN+10+6+4000862141404:EN",
        "QTY+21:12:PCE",
        "QTY+113:7:PCE",
        "QTY+83:3:PCE",
        "FTX+AAO+++3 of 12 follow, 2 of 12 will not be sent",
        "PRI+AAA:9.25",
        "LIN+20+6+BOWL:SA",
        "QTY+21:2:CT",
        "QTY+113:2:CT",
        "PRI+AAA:123.00:::1:CT",
        "LIN+3+7+CLIP:SA",
        "QTY+21:3:PCE",
        "QTY+113:0:PCE",
        "FTX+AAO+++3 of 3 will not be sent",
        "PRI+AAB:0.125",
    ]
    first, second, third = edifact_read_by_mock(text.encode("latin-1"))[0].lines
    assert (first.confirmed, first.quantity) == (7, 12)
    assert second.price == Decimal("123.00")
    assert (third.confirmed, third.status) == (0, "IR")


def test_packs_that_are_not_whole_are_told_in_pieces():
    (order,) = ordered()
    some = msgspec.structs.replace(BOWL, quantity=25, cancelled=23)
    text = sound("order_reply", reply(MUG, some, CLIP, outcome="changed"), order=order)
    assert segments(text, "QTY")[2:4] == ["QTY+21:2:CT", "QTY+113:25:PCE"]


def test_an_order_refused_as_a_whole_is_refused_by_line():
    (order,) = ordered()
    said = reply(outcome="rejected", reason="No credit")
    text = sound("order_reply", msgspec.structs.replace(said, ours=""), order=order)
    assert segments(text, "BGM", "FTX")[:2] == ["BGM+231+PO-1+9+RE", "FTX+AAO+++No credit"]
    assert [one[:8] for one in segments(text, "LIN")] == ["LIN+10+7", "LIN+20+7", "LIN+3+7+"]


def test_a_later_reply_replaces_the_one_before():
    (order,) = ordered()
    _, (outcome,) = told("order_reply", reply(MUG), order=order)
    text = sound("order_reply", reply(MUG), order=order, known=outcome.learnt)
    assert segments(text, "BGM") == ["BGM+231+000001-Y+5+AD"]
    text = sound("order_reply", reply(MUG, change=True), order=order)
    assert segments(text, "BGM") == ["BGM+231+000001-Y+5+AD"]


def test_a_part_of_an_order_for_a_store_says_which_store():
    split = ASKED.replace(
        "PRI+AAA:9.25", "PRI+AAA:9.25\nLOC+7+S1::92\nQTY+11:5\nLOC+7+4012345000023::9\nQTY+11:7"
    )
    first, second, _ = ordered(split)
    text = sound("order_reply", reply(msgspec.structs.replace(MUG, quantity=5)), order=first)
    assert segments(text, "NAD", "QTY") == [
        "NAD+BY+4012345000009::9++Shops",
        "NAD+SU+77::92++Northwind",
        "NAD+DP+S1::92",
        "QTY+21:5:PCE",
        "QTY+113:5:PCE",
    ]
    text = sound("fulfillment", shipped(MovedGoods(id="10", quantity=7)), order=second)
    assert "NAD+DP+4012345000023::9" in segments(text, "NAD")


def test_a_parcel_is_told_with_its_goods():
    (order,) = ordered()
    notice = shipped(
        MovedGoods(id="10", sku="MUG", quantity=12, title="A mug", lot="L7"),
        MovedGoods(id="20", sku="BOWL", quantity=24),
    )
    text = sound("fulfillment", notice, order=order, talk=set_up(carriers="UPS=UPSN"))
    assert body(text) == [
        "BGM+351+S-1+9",
        "DTM+137:202601060930:203",
        "DTM+11:202601060930:203",
        "DTM+17:20260108:102",
        "RFF+ON:PO-1",
        "DTM+4:20260104:102",
        "RFF+CN:1Z999",
        "NAD+BY+4012345000009::9++Shops",
        "NAD+SU+77::92++Northwind",
        "NAD+DP+4012345000016::9++Shop 1",
        "NAD+SF+LONDON::91++LONDON",
        "TDT+20++++UPSN:::UPS Ground",
        "CPS+1",
        "PAC+1++CT",
        "LIN+1++4000862141404:EN",
        "PIA+1+MUG:SA::91+77-1:IN",
        "PIA+1+L7:NB",
        "IMD+F++:::A mug",
        "QTY+12:12:PCE",
        "QTY+21:12:PCE",
        "RFF+ON:PO-1:10",
        "LIN+2++BOWL:SA",
        "QTY+12:1:CT",
        "QTY+21:2:CT",
        "RFF+ON:PO-1:20",
    ]
    (despatch,) = edifact_read_by_mock(text.encode("latin-1"))
    assert (despatch.scac, despatch.tracking, despatch.po_number) == ("UPSN", "1Z999", "PO-1")
    assert [(item.line, item.quantity) for item in despatch.items] == [("10", 12), ("20", 1)]


def test_a_company_prefix_numbers_parcels():
    (order,) = ordered()
    notice = shipped(MovedGoods(id="10", sku="MUG", quantity=12))
    talk = set_up(company_prefix="4012345")
    text = sound("fulfillment", notice, order=order, talk=talk)
    assert segments(text, "CPS", "PAC", "PCI", "GIN") == [
        "CPS+1",
        "PAC+1++CT",
        "CPS+2+1",
        "PAC+1++CT",
        "PCI+33E",
        "GIN+BJ+040123450000000412",
    ]
    assert gs1("(00)040123450000000412")
    _, (outcome,) = told("fulfillment", notice, order=order, talk=talk)
    assert outcome.learnt == {"fulfillment:S-1": "S-1", "sscc:S-1": "040123450000000412"}


@pytest.mark.parametrize(
    ("more", "state", "pointer"),
    [
        ({"step": "delivered"}, "unsupported", ""),
        ({"tracking": tuple(f"T{n}" for n in range(10))}, "refused", "/tracking/9"),
        ({"tracking": ("東京-1",)}, "refused", "/tracking/0"),
    ],
)
def test_what_a_notice_cannot_say_is_not_told(more, state, pointer):
    (order,) = ordered()
    notice = shipped(MovedGoods(id="10", quantity=1), **more)
    documents, (outcome,) = told("fulfillment", notice, order=order)
    assert (documents, outcome.state) == ([], state)
    assert outcome.detail.startswith(pointer)


def test_names_too_long_for_a_place_give_way_to_a_number_beside_them():
    long = "ITEM-000000001"
    (order,) = ordered(ASKED.replace("LIN+10+", f"LIN+{long}+"))
    line = msgspec.structs.replace(MUG, id=long)
    text = sound("order_reply", reply(line), order=order)
    assert segments(text, "LIN", "RFF")[2:] == ["LIN+1+5+4000862141404:EN", f"RFF+LI:{long}"]
    goods = MovedGoods(id=long, quantity=1)
    text = sound("fulfillment", shipped(goods, source_id="S" * 36), order=order)
    assert segments(text, "BGM") == ["BGM+351+000000041+9"]
    assert segments(text, "RFF")[2:] == ["RFF+ON:PO-1", f"RFF+LI:{long}"]


def test_an_invoice_is_exact_to_the_cent():
    (order,) = ordered()
    text = sound("invoice", invoice(), order=order)
    assert body(text) == [
        "BGM+380+R-2026-1+9",
        "DTM+137:20260107:102",
        "DTM+11:20260106:102",
        "RFF+ON:PO-1",
        "DTM+4:20260104:102",
        "RFF+VN:000001-Y",
        "NAD+SU+77::92++Northwind Ltd+1 Mill Lane+Leeds++LS1 1AA+GB",
        "RFF+VA:GB123456789",
        "NAD+IV+++Shops+1 Mill Lane+Leeds++LS1 1AA+GB",
        "NAD+BY+4012345000009::9++Shops",
        "NAD+DP+4012345000016::9++Shop 1",
        "CUX+2:EUR:4",
        "PAT+3",
        "DTM+13:20260206:102",
        "ALC+C++++FC:::Freight",
        "MOA+8:5.00",
        "TAX+7+VAT+++:::19+S",
        "MOA+124:0.95",
        "LIN+10++4000862141404:EN",
        "PIA+1+MUG:SA::91+77-1:IN",
        "IMD+F++:::A mug",
        "QTY+47:12:PCE",
        "MOA+203:110.00",
        "PRI+AAB:9.25",
        "TAX+7+VAT+++:::19+S",
        "MOA+124:20.90",
        "ALC+A++++DI",
        "MOA+8:1.00",
        "LIN+20++BOWL:SA",
        "IMD+F++:::A bowl",
        "QTY+47:1:CT",
        "MOA+203:120.00",
        "PRI+AAA:120.00:::1:CT",
        "TAX+7+VAT+++:::7+S",
        "MOA+124:8.40",
        "UNS+S",
        "MOA+79:230.00",
        "MOA+131:5.00",
        "MOA+125:235.00",
        "MOA+124:30.25",
        "MOA+77:265.25",
        "MOA+139:265.25",
        "TAX+7+VAT+++:::7+S",
        "MOA+124:8.40",
        "MOA+125:120.00",
        "TAX+7+VAT+++:::19+S",
        "MOA+124:21.85",
        "MOA+125:115.00",
    ]
    (bill,) = edifact_read_by_mock(text.encode("latin-1"))
    assert (bill.subtotal, bill.tax, bill.charges, bill.total) == (
        Decimal("230.00"),
        Decimal("30.25"),
        Decimal("5.00"),
        Decimal("265.25"),
    )


def test_a_credit_note_says_what_it_corrects_and_a_paid_invoice_that_nothing_is_due():
    (order,) = ordered()
    note = invoice(
        kind="credit_note",
        source_id="G-1",
        due_on=None,
        corrects=(Corrected(number="R-2026-1", issued_on=date(2026, 1, 7)),),
        buyer=Party(name="Shops", tax_id="GB999", ids={"0088": "4012345000009"}),
    )
    text = sound("invoice", note, order=order)
    assert segments(text, "BGM") == ["BGM+381+G-1+9"]
    assert "'RFF+IV:R-2026-1'DTM+171:20260107:102'" in text
    assert "NAD+IV+4012345000009::9++Shops" in segments(text, "NAD")
    assert segments(text, "PAT") == []
    text = sound("invoice", invoice(paid=True), order=order)
    assert segments(text, "MOA")[-7:-4] == ["MOA+77:265.25", "MOA+113:265.25", "MOA+139:0.00"]


def test_sums_that_do_not_hold_are_not_told():
    (order,) = ordered()
    documents, (outcome,) = told("invoice", invoice(gross_minor=26_526), order=order)
    assert (documents, outcome.state) == ([], "refused")
    assert outcome.detail.startswith("/gross_minor: It says 26526")


PARTNER = {
    "our_id": "SELLER",
    "our_qualifier": "14",
    "their_id": "4405197800",
    "version": "D:01B",
    "usage": "T",
    "asks": "1",
    "syntax": "UNOB:4",
    "associations": "INVRPT=EAN008",
}


def test_stock_is_told_to_a_partner_the_connection_names():
    talk = msgspec.structs.replace(set_up(**PARTNER), locations={"LONDON": "4012345000016"})
    (raw,), (outcome,) = told("supply_snapshot", SUPPLY, talk=talk)
    assert outcome == Outcome(control=41, place=1)
    # mock-edi knows no INVRPT, and bots none of an association.
    assert edifact_found_by_bots(raw.replace(b":EAN008", b"")) == []
    text = raw.decode()
    assert text.startswith(
        "UNA:+.?*'UNB+UNOB:4+SELLER:14+4405197800+20260106:0930+41++++1++1'"
        "UNH+1+INVRPT:D:01B:UN:EAN008'"
    )
    assert body(text) == [
        "BGM+35+S-77+4",
        "DTM+137:202601060930:203",
        "DTM+366:202601060930:203",
        "NAD+WH+4012345000016::9++LONDON",
        "LIN+1++036000291452:UP",
        "PIA+1+MUG:SA::91+77-1:IN::92",
        "INV++1",
        "QTY+145:9:PCE",
        "LIN+2++4006381333931:EN",
        "PIA+1+BOWL:SA::91",
        "INV++1",
        "QTY+145:0:PCE",
        "LIN+3",
        "PIA+5+CLIP:SA::91",
        "INV++1",
        "QTY+145:0:PCE",
    ]
    ((snapshot,),) = (r.messages for r in read("edifact", raw))
    assert snapshot.location == "4012345000016"
    # Read as a buyer, what is ours is theirs.
    assert [(row.sku, row.article, row.quantity) for row in snapshot.rows] == [
        ("77-1", "MUG", 9),
        ("", "BOWL", 0),
        ("", "CLIP", 0),
    ]


@given(st.text(max_size=120), st.text(max_size=60), st.text(max_size=40))
def test_whatever_people_have_written_the_message_stays_sound(title, reason, name):
    (order,) = ordered()
    goods = MovedGoods(id="10", sku="MUG", quantity=1, title=title)
    notice = shipped(goods, location=name, carrier=reason)
    (raw,), _ = told("fulfillment", notice, order=order)
    assert edifact_found_by_bots(raw) == []
    ((again,),) = (r.messages for r in read("edifact", raw))
    assert [line.quantity for line in again.lines] == [1]


def test_a_shipment_read_again_is_what_was_told():
    (order,) = ordered()
    goods = (MovedGoods(id="10", article="MUG", sku="77-1", gtin="4000862141404", quantity=12),)
    notice = shipped(*goods, to="4012345000016", carrier="UPSN", service="")
    said = msgspec.structs.replace(notice, carrier="UPS", service="Ground")
    (raw,), _ = told("fulfillment", said, order=order, talk=set_up(carriers="UPS=UPSN"))
    ((again,),) = (r.messages for r in read("edifact", raw))
    same = {"rest": {}, "source_version": 1, "channel": ""}
    assert msgspec.structs.replace(again, **same) == notice


def test_what_is_told_is_told_alike_at_every_try():
    (order,) = ordered()
    first, second = (told("order_reply", reply(MUG), order=order) for _ in range(2))
    assert first == second
