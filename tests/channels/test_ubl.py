"""UBL: published documents are read whole, and what partners may write is understood."""

import tracemalloc
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import FAMILIES, Context
from crosslane.channels.adapters import encoded
from crosslane.channels.adapters.ubl import ATTACHMENT_CHARACTERS_MAX, cutting
from crosslane.channels.adapters.ubl.reading import LINES
from crosslane.demo.raw import data_folder
from tests.channels.reading import CANONICAL, Endless, as_lines, forms_of, read

# Garbage that waits to be collected, and what is kept of words that come again.
SLACK_BYTES = 96 << 10
FIXTURES = data_folder() / "fixtures"
# Codes that become words of ours, and of which currency an amount is that is told in it.
MAPPED = {
    *("@currencyID", "AcceptedIndicator", "ChargeIndicator", "InvoiceTypeCode"),
    # Told with their days.
    *("IssueTime", "ActualDeliveryTime"),
}


def published() -> list[Path]:
    return sorted([*FIXTURES.glob("ubl/*/*"), *FIXTURES.glob("en16931/ubl/*")])


def canonical(path: Path) -> Path:
    return CANONICAL / "ubl" / path.parent.name / f"{path.stem}.jsonl"


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_a_published_document_is_read_as_it_was_checked(path):
    readings = read("ubl", path.read_bytes(), currency="EUR")
    assert as_lines(readings, faults=True) == canonical(path).read_text()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_nothing_of_a_published_document_gets_lost(path):
    raw = path.read_bytes()
    (reading,) = read("ubl", raw)
    if reading.fault is not None:
        return
    (message,) = map(msgspec.to_builtins, reading.messages)
    rest = message.pop("rest")
    said = msgspec.json.encode(message).decode().replace('\\"', '"').replace("\\n", "\n")
    lost = [
        (place, text)
        for place, text in leaves(fromstring(raw))
        if rest.get(place, "").strip() != text
        and place.rpartition("/")[2] not in MAPPED
        and text not in said
        and not any(form in said for form in forms_of(text))
    ]
    assert lost == []


def leaves(element, place="") -> Iterator[tuple[str, str]]:
    """Texts and attributes of an element with their places, told by another parser."""

    def short(name):
        uri, _, local = name.removeprefix("{").rpartition("}")
        return ("xsi:" if uri.endswith("XMLSchema-instance") else "") + local

    for name, value in element.attrib.items():
        yield f"{place}/@{short(name)}", value.strip()
    if (element.text or "").strip():
        yield place, element.text.strip()
    counts: dict[str, int] = {}
    for child in element:
        tag = short(child.tag)
        counts[tag] = counts.get(tag, 0) + 1
        several = counts[tag] > 1 or tag in LINES
        yield from leaves(child, f"{place}/{tag}" + (f"[{counts[tag]}]" if several else ""))


SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"


def document(
    name: str, inner: str, *, basic: str = "b", aggregate: str = "a", own: str = ""
) -> str:
    """A document in names without prefix: those of one word are basic unless they hold others."""
    return (
        f'<{own}{name} xmlns{":" + own[:-1] if own else ""}="{SCHEMA}{name}-2"'
        f' xmlns:{basic}="{SCHEMA}CommonBasicComponents-2"'
        f' xmlns:{aggregate}="{SCHEMA}CommonAggregateComponents-2">'
        f"{inner.replace('b:', basic + ':').replace('a:', aggregate + ':')}</{own}{name}>"
    )


LINE = (
    "<a:OrderLine><b:Note>Blue</b:Note><a:LineItem><b:ID>1</b:ID>"
    '<b:Quantity unitCode="C62">12</b:Quantity>'
    '<b:LineExtensionAmount currencyID="EUR">111.00</b:LineExtensionAmount>'
    '<a:Price><b:PriceAmount currencyID="EUR">9.25</b:PriceAmount></a:Price>'
    "<a:Item><b:Name>A mug</b:Name>"
    "<a:BuyersItemIdentification><b:ID>77-1</b:ID></a:BuyersItemIdentification>"
    "<a:SellersItemIdentification><b:ID>MUG</b:ID></a:SellersItemIdentification>"
    '<a:StandardItemIdentification><b:ID schemeID="0160">4006381333931</b:ID>'
    "</a:StandardItemIdentification></a:Item></a:LineItem></a:OrderLine>"
)
HOME = (
    "<a:PostalAddress><b:StreetName>High St</b:StreetName><b:BuildingNumber>1</b:BuildingNumber>"
    "<b:CityName>Oxford</b:CityName><b:PostalZone>OX1 4AA</b:PostalZone>"
    "<a:Country><b:IdentificationCode>GB</b:IdentificationCode></a:Country></a:PostalAddress>"
)
BUYER = (
    '<a:BuyerCustomerParty><a:Party><b:EndpointID schemeID="0088">7300010000001</b:EndpointID>'
    "<a:PartyIdentification><b:ID>77</b:ID></a:PartyIdentification>"
    f"<a:PartyName><b:Name>Shops</b:Name></a:PartyName>{HOME}</a:Party></a:BuyerCustomerParty>"
)
HEAD = "<b:ID>PO-1</b:ID><b:IssueDate>2026-01-04</b:IssueDate>"
MONEY = "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
ORDER = HEAD + MONEY + BUYER + LINE


def one(inner: str, name: str = "Order", **context):
    (reading,) = read("ubl", document(name, inner).encode(), **context)
    assert reading.fault is None, reading.fault
    (message,) = reading.messages
    return message


def fault(inner: str, name: str = "Order"):
    (reading,) = read("ubl", document(name, inner).encode())
    assert reading.messages == ()
    assert reading.fault is not None
    return reading.fault


def test_an_order_is_as_old_as_its_day_and_names_goods_money_and_people():
    order = one(ORDER, timezone="Europe/Berlin")
    assert (order.source_id, order.number, order.currency) == ("PO-1", "PO-1", "EUR")
    assert order.event_at.isoformat() == "2026-01-03T23:00:00+00:00"
    (line,) = order.lines
    assert (line.sku, line.article, line.gtin) == ("MUG", "77-1", "4006381333931")
    assert (line.quantity, line.unit_price_milli) == (12, 925_000)
    assert (line.title, line.note) == ("A mug", "Blue")
    assert (order.buyer.account_number, order.buyer.name) == ("77", "Shops")
    assert (order.ship_to.lines, order.ship_to.organization) == (("1 High St",), "Shops")
    assert (order.prices_include_tax, order.stops) == (False, ())
    assert order.bill_to == order.ship_to
    # What a reply has to say again stays.
    assert order.rest["/BuyerCustomerParty/Party/EndpointID/@schemeID"] == "0088"


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("09:30:00", "2026-01-04T08:30:00+00:00"),
        ("09:30:00Z", "2026-01-04T09:30:00+00:00"),
        ("09:30:47.0Z", "2026-01-04T09:30:47+00:00"),
        ("09:30:00.000+03:00", "2026-01-04T06:30:00+00:00"),
    ],
)
def test_times_without_zone_are_those_of_the_channel(time, told):
    timed = ORDER.replace("</b:IssueDate>", f"</b:IssueDate><b:IssueTime>{time}</b:IssueTime>")
    assert one(timed, timezone="Europe/Berlin").event_at.isoformat() == told
    zoned = ORDER.replace("2026-01-04<", "2026-01-04+02:00<")
    at = one(zoned, timezone="Europe/Berlin").event_at.isoformat()
    assert at == "2026-01-03T22:00:00+00:00"


@pytest.mark.parametrize(
    ("unit", "quantity", "price", "base", "units", "milli", "note"),
    [
        ("EA", "12", "9.25", "", 12, 925_000, "Blue"),
        ("NAR", "12.000", "925", '<b:BaseQuantity unitCode="NAR">100</b:BaseQuantity>', 12, 925_000,
         "Blue"),
        ("DZN", "1", "111.00", "", 12, 925_000, "Blue"),
        ("DZN", "1", "9.25", '<b:BaseQuantity unitCode="C62">1</b:BaseQuantity>', 12, 925_000,
         "Blue"),
        ("DZN", "0.5", "111.00", '<b:BaseQuantity unitCode="DZN">1</b:BaseQuantity>', 6, 925_000,
         "Blue"),
        ("CS", "12", "9.25", "", 12, 925_000, "Ordered by unit CS\nBlue"),
        ("XBX", "12", "9.25", "", 12, 925_000, "Ordered by unit XBX\nBlue"),
    ],
)  # fmt: skip
def test_units_are_counted_in_pieces(unit, quantity, price, base, units, milli, note):
    text = ORDER.replace(
        '<b:Quantity unitCode="C62">12<', f'<b:Quantity unitCode="{unit}">{quantity}<'
    )
    text = text.replace('EUR">9.25</b:PriceAmount>', f'EUR">{price}</b:PriceAmount>{base}')
    text = text.replace("111.00</b:Line", f"{units * 9.25}</b:Line")
    order = one(text)
    (line,) = order.lines
    assert (line.quantity, line.unit_price_milli, line.note) == (units, milli, note)
    assert order.stops == ()
    assert order.rest["/OrderLine[1]/LineItem/Quantity/@unitCode"] == unit


def test_measures_stop_an_order_and_parts_of_them_are_not_believed():
    (stop,) = one(ORDER.replace('unitCode="C62"', 'unitCode="KGM"')).stops
    assert stop.reason == "Line 1 is ordered by measure KGM"
    part = ORDER.replace('unitCode="C62">12<', 'unitCode="KGM">1.5<')
    found = fault(part)
    assert (found.code, found.pointer) == ("invalid-field", "/OrderLine[1]/LineItem/Quantity")
    assert "1.5 KGM" in found.detail


def test_reductions_of_a_line_are_in_its_price_and_those_of_the_order_stop_it():
    off = (
        "<a:AllowanceCharge><b:ChargeIndicator>false</b:ChargeIndicator>"
        '<b:Amount currencyID="EUR">11.10</b:Amount></a:AllowanceCharge>'
    )
    reduced = ORDER.replace("111.00<", "99.90<").replace("<a:Price>", off + "<a:Price>")
    (line,) = one(reduced).lines
    assert (line.unit_price_milli, line.discount_minor) == (832_500, 1_110)
    freight = off.replace("false<", "true<").replace(
        "<b:Amount", "<b:AllowanceChargeReasonCode>FC</b:AllowanceChargeReasonCode><b:Amount"
    )
    order = one(ORDER.replace("<a:OrderLine>", off + freight + "<a:OrderLine>"))
    assert (order.shipping_minor, order.discount_minor) == (1_110, 1_110)
    assert "allowances" in order.stops[0].reason


def test_sums_that_do_not_come_to_what_is_told_stop_the_order():
    (stop,) = one(ORDER.replace("111.00<", "91.00<")).stops
    assert stop.reason == "Line 1: 12 at 9.25 do not come to 91.00 EUR"
    # A line that was rounded once more costs what it says.
    (line,) = one(ORDER.replace("111.00<", "110.99<")).lines
    assert line.unit_price_milli * 12 // 1000 == 11_099
    yen = ORDER.replace("EUR", "JPY").replace("9.25", "925.5").replace("111.00", "11106")
    (line,) = one(yen).lines
    assert line.unit_price_milli == 925_500


def test_an_order_for_several_places_is_one_for_each():
    def to(code, units, town):
        return (
            f'<a:Delivery><b:Quantity unitCode="C62">{units}</b:Quantity><a:DeliveryLocation>'
            f"<b:ID>{code}</b:ID><a:Address><b:CityName>{town}</b:CityName><a:Country>"
            "<b:IdentificationCode>GB</b:IdentificationCode></a:Country></a:Address>"
            "</a:DeliveryLocation></a:Delivery>"
        )

    split = ORDER.replace("<a:Price>", to("S1", 5, "Bath") + to("S2", 7, "York") + "<a:Price>")
    (reading,) = read("ubl", document("Order", split).encode())
    first, second = reading.messages
    assert (first.source_id, second.source_id) == ("PO-1/S1", "PO-1/S2")
    assert [(m.lines[0].quantity, m.ship_to.city) for m in reading.messages] == [
        (5, "Bath"),
        (7, "York"),
    ]
    wrong = fault(split.replace(">7<", ">8<"))
    assert (wrong.code, wrong.pointer) == ("delivery-count", "/OrderLine[1]/LineItem/Quantity")


CHANGE = (
    "<b:ID>C-9</b:ID><b:IssueDate>2026-01-04</b:IssueDate>{more}"
    "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
    "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference>" + LINE
)


def test_a_change_of_the_same_day_comes_after_its_order_and_in_its_sequence():
    timed = ORDER.replace("</b:IssueDate>", "</b:IssueDate><b:IssueTime>23:30:00</b:IssueTime>")
    sequence = "<b:SequenceNumberID>{}</b:SequenceNumberID>"
    first, second = (one(CHANGE.format(more=sequence.format(n)), "OrderChange") for n in (1, 2))
    assert one(timed).source_version < first.source_version < second.source_version
    assert (first.source_id, first.rest["/ID"]) == ("PO-1", "C-9")
    assert [(line.id, line.quantity, line.unit_price_milli) for line in first.lines] == [
        ("1", 12, 925_000)
    ]


@pytest.mark.parametrize(
    ("status", "units"),
    [("Cancelled", 0), ("2", 0), ("Revised", 12), ("Added", 12), ("3", 12), ("4", None)],
)
def test_a_change_says_of_each_line_what_becomes_of_it(status, units):
    text = CHANGE.format(more="").replace(
        "<b:Quantity", f"<b:LineStatusCode>{status}</b:LineStatusCode><b:Quantity"
    )
    change = one(text, "OrderChange")
    assert [line.quantity for line in change.lines] == ([] if units is None else [units])


def test_an_order_is_off():
    off = one(
        "<b:ID>X-1</b:ID><b:IssueDate>2026-01-05</b:IssueDate>"
        "<b:CancellationNote>By phone</b:CancellationNote>"
        "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference>",
        "OrderCancellation",
    )
    assert (off.source_id, off.reason, off.rest["/ID"]) == ("PO-1", "By phone", "X-1")


def test_stock_is_told_by_place_and_by_who_reports():
    def line(n, sku, units, where="", day=""):
        place = f"<a:InventoryLocation><b:ID>{where}</b:ID></a:InventoryLocation>" if where else ""
        ready = f"<b:AvailabilityDate>{day}</b:AvailabilityDate>" if day else ""
        return (
            f"<a:InventoryReportLine><b:ID>{n}</b:ID><b:Quantity>{units}</b:Quantity>{ready}"
            f"<a:Item><a:BuyersItemIdentification><b:ID>{sku}</b:ID></a:BuyersItemIdentification>"
            f"<a:SellersItemIdentification><b:ID>V-{sku}</b:ID></a:SellersItemIdentification>"
            f"</a:Item>{place}</a:InventoryReportLine>"
        )

    def party(role, name):
        inner = f"<a:PartyIdentification><b:ID>{name}</b:ID></a:PartyIdentification>"
        return (
            f"<a:{role}>{inner}</a:{role}>"
            if role == "InventoryReportingParty"
            else f"<a:{role}><a:Party>{inner}</a:Party></a:{role}>"
        )

    head = "<b:ID>INV-1</b:ID><b:IssueDate>2026-01-05</b:IssueDate>"
    roles = party("RetailerCustomerParty", "R") + party("SellerSupplierParty", "S")
    lines = line(1, "MUG", 9) + line(2, "BOWL", 0, "W2") + line(3, "CUP", 5, "", "2026-02-01")
    text = head + roles + party("InventoryReportingParty", "S") + lines
    (reading,) = read("ubl", document("InventoryReport", text).encode())
    here, there = reading.messages
    assert (here.location, there.location) == ("S", "W2")
    assert [(row.sku, row.article, row.quantity) for row in here.rows] == [("MUG", "V-MUG", 9)]
    assert [(row.sku, row.quantity) for row in there.rows] == [("BOWL", 0)]
    assert here.rest["/InventoryReportLine[3]/Quantity"] == "5"
    theirs = text.replace(party("InventoryReportingParty", "S"), "")
    (reading,) = read("ubl", document("InventoryReport", theirs).encode())
    assert reading.messages[0].rows[0].sku == "V-MUG"


def sent(order, line, units, sku):
    reference = (
        f"<a:OrderLineReference><b:LineID>{line}</b:LineID><a:OrderReference><b:ID>{order}</b:ID>"
        "</a:OrderReference></a:OrderLineReference>"
    )
    return (
        f"<a:DespatchLine><b:ID>{units}</b:ID><b:DeliveredQuantity>{units}</b:DeliveredQuantity>"
        f"{reference}<a:Item><a:BuyersItemIdentification><b:ID>{sku}</b:ID>"
        "</a:BuyersItemIdentification></a:Item></a:DespatchLine>"
    )


def test_a_despatch_says_what_was_sent_of_each_order():
    text = (
        "<b:ID>SH-1</b:ID><b:IssueDate>2026-01-05</b:IssueDate>"
        "<a:DespatchSupplierParty><a:Party><a:PartyIdentification><b:ID>M1</b:ID>"
        "</a:PartyIdentification></a:Party></a:DespatchSupplierParty>"
        "<a:Shipment><b:ID>1</b:ID><a:Consignment><b:ID>1</b:ID><a:CarrierParty><a:PartyName>"
        "<b:Name>UPS</b:Name></a:PartyName></a:CarrierParty></a:Consignment><a:Delivery>"
        "<b:TrackingID>1Z999</b:TrackingID><a:EstimatedDeliveryPeriod>"
        "<b:EndDate>2026-01-07</b:EndDate></a:EstimatedDeliveryPeriod><a:Despatch>"
        "<b:ActualDespatchDate>2026-01-05</b:ActualDespatchDate>"
        "<b:ActualDespatchTime>08:00:00</b:ActualDespatchTime></a:Despatch></a:Delivery>"
        "<a:TransportHandlingUnit><b:ID>00340001</b:ID></a:TransportHandlingUnit></a:Shipment>"
    )
    text += sent("PO-9", "1", 5, "MUG") + sent("PO-10", "2", 1, "BOWL")
    (reading,) = read("ubl", document("DespatchAdvice", text).encode())
    first, second = reading.messages
    assert (first.order, second.order) == ("PO-9", "PO-10")
    assert (first.step, first.location, first.carrier) == ("shipped", "M1", "UPS")
    assert first.tracking == ("1Z999", "00340001")
    assert first.event_at.isoformat() == "2026-01-05T08:00:00+00:00"
    assert first.due_at.isoformat() == "2026-01-07T00:00:00+00:00"
    (goods,) = first.lines
    assert (goods.id, goods.sku, goods.quantity) == ("1", "MUG", 5)


def billed(amount, kind=""):
    return (
        f"<b:ID>I-1</b:ID><b:IssueDate>2026-01-05</b:IssueDate>{kind}{MONEY}"
        "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference><a:LegalMonetaryTotal>"
        f'<b:PayableAmount currencyID="EUR">{amount}</b:PayableAmount></a:LegalMonetaryTotal>'
    )


def test_bills_are_money_a_supplier_wants_or_gives_back():
    credit = "<b:InvoiceTypeCode>381</b:InvoiceTypeCode>"
    for text, name, step in (
        (billed("12.50"), "Invoice", "invoiced"),
        (billed("12.50", credit), "Invoice", "credited"),
        (billed("-12.50"), "Invoice", "credited"),
        (billed("12.50"), "CreditNote", "credited"),
        (billed("-12.50"), "CreditNote", "invoiced"),
    ):
        money = one(text, name)
        assert (money.step, money.minor, money.order) == (step, 1_250, "PO-1")
    wrong = fault(billed("12.505"), "Invoice")
    assert wrong.pointer == "/LegalMonetaryTotal/PayableAmount"


def test_documents_of_other_kinds_are_kept():
    kept = one(HEAD + "<b:Description>x</b:Description>", "TenderReceipt")
    assert (type(kept).__name__, kept.topic) == ("Notice", "tender_receipt")
    assert kept.rest == {"/Description": "x"}


@pytest.mark.parametrize("basic", ["cbc", "ns1"])
@pytest.mark.parametrize("own", ["", "ord:"])
def test_prefixes_and_ways_of_writing_say_the_same(basic, own):
    text = document("Order", ORDER, basic=basic, aggregate="x", own=own)
    declared = '<?xml version="1.0" encoding="ISO-8859-1"?><!-- an order -->\n' + text
    plain = one(ORDER)
    for raw in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        declared.replace("A mug", "A mug").encode("latin-1"),
        text.encode("utf-16"),
    ):
        (reading,) = read("ubl", raw)
        assert reading.messages == (plain,)
        (again,) = read("ubl", (reading.head + reading.body + reading.tail).encode())
        assert again.messages == (plain,)


def enveloped(*documents: str) -> str:
    uri = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    header = (
        "<sh:StandardBusinessDocumentHeader><sh:HeaderVersion>1.0</sh:HeaderVersion><sh:Sender>"
        '<sh:Identifier Authority="iso6523-actorid-upis">0088:7300010000001</sh:Identifier>'
        "</sh:Sender></sh:StandardBusinessDocumentHeader>"
    )
    return (
        f'<?xml version="1.0"?><sh:StandardBusinessDocument xmlns:sh="{uri}">{header}'
        f"{''.join(documents)}</sh:StandardBusinessDocument>"
    )


def test_an_envelope_holds_documents_and_its_header_is_kept():
    text = enveloped(
        document("Order", ORDER), "\n", document("OrderChange", CHANGE.format(more=""))
    )
    readings = read("ubl", text.encode())
    assert [type(m).__name__ for r in readings for m in r.messages] == ["Order", "Amendment"]
    for reading in readings:
        sender = "/StandardBusinessDocumentHeader/Sender/Identifier"
        assert reading.messages[0].rest[sender] == "0088:7300010000001"
        (again,) = read("ubl", (reading.head + reading.body + reading.tail).encode())
        assert again.messages == reading.messages


def test_a_stream_holds_several_documents_and_a_broken_one_does_no_harm():
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    whole = declared + document("Order", ORDER)
    broken = declared + document("Order", ORDER).replace("</b:ID>", "", 1)
    stream = whole + "\r\n" + broken + enveloped(document("Order", ORDER)) + whole[:-9]
    readings = read("ubl", stream.encode())
    assert [r.fault.code if r.fault else len(r.messages) for r in readings] == [
        1,
        "malformed-xml",
        1,
        "record-cut-off",
    ]
    assert [r.place for r in readings] == [1, 2, 3, 4]


def test_what_is_attached_is_kept_but_not_carried_about():
    def attached(text):
        return ORDER + (
            "<a:AdditionalDocumentReference><b:ID>D</b:ID><a:Attachment>"
            f'<b:EmbeddedDocumentBinaryObject mimeCode="application/pdf">{text}'
            "</b:EmbeddedDocumentBinaryObject></a:Attachment></a:AdditionalDocumentReference>"
        )

    place = "/AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject"
    assert one(attached("UjBs")).rest[place] == "UjBs"
    long = "UjBs" * ATTACHMENT_CHARACTERS_MAX
    (reading,) = read("ubl", document("Order", attached(long)).encode())
    assert reading.messages[0].rest[place] == f"({len(long)} characters, kept with the record)"
    assert long in reading.body


@pytest.mark.parametrize(
    ("old", "new", "code", "pointer"),
    [
        ("<b:ID>PO-1</b:ID>", "", "field-missing", "/ID"),
        ("<b:ID>PO-1</b:ID>", "<b:ID/>", "field-missing", "/ID"),
        ("2026-01-04", "2026-13-04", "invalid-field", "/IssueDate"),
        (LINE, "", "field-missing", "/OrderLine"),
        (">12<", ">x<", "invalid-field", "/OrderLine[1]/LineItem/Quantity"),
        (">12<", ">0<", "invalid-field", "/OrderLine[1]/LineItem/Quantity"),
        (">12<", ">1e99<", "invalid-field", "/OrderLine[1]/LineItem/Quantity"),
        (">12<", "><", "field-missing", "/OrderLine[1]/LineItem/Quantity"),
        (">9.25<", ">NaN<", "invalid-field", "/OrderLine[1]/LineItem/Price/PriceAmount"),
        (">9.25<", ">-1<", "invalid-field", "/OrderLine[1]/LineItem/Price/PriceAmount"),
        (
            'EUR">9.25',
            'USD">9.25',
            "invalid-field",
            "/OrderLine[1]/LineItem/Price/PriceAmount/@currencyID",
        ),
        (">111.00<", ">111.005<", "bad-amount", "/OrderLine[1]/LineItem/LineExtensionAmount"),
        ("MUG", "M" * 99, "invalid-field", "/lines/0/sku"),
    ],
)
def test_what_does_not_add_up_is_pointed_at(old, new, code, pointer):
    assert old in ORDER
    found = fault(ORDER.replace(old, new, 1))
    assert (found.code, found.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (b"", []),
        (b"  \r\n", []),
        (b"{}", ["malformed-xml"]),
        (b"UNB+UNOA:1", ["malformed-xml"]),
        (b"\x00" * 99, []),
        (b"<a/>", ["not-ubl"]),
        (b"<Order/>", ["not-ubl"]),
        (b"<a>", ["record-cut-off"]),
        (b'<?xml version="1.0" encoding="EBCDIC"?><a/>', ["encoding-unknown"]),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', ["doctype-refused"]),
        (b"<a>" * 999, ["not-ubl"]),
        (b"<a>\xff</a>", ["malformed-xml"]),
    ],
)
def test_what_is_no_document_of_ubl_is_refused(raw, codes):
    assert [reading.fault.code for reading in read("ubl", raw)] == codes


def test_wherever_a_document_is_cut_off_it_is_pointed_at():
    raw = document("Order", ORDER).encode()
    (whole,) = read("ubl", raw)
    for at in range(1, len(raw), 7):
        (reading,) = read("ubl", raw[:at])
        assert reading.fault is not None
    assert whole.messages


def test_a_document_is_read_alike_in_whatever_parts_it_comes(monkeypatch):
    raw = (enveloped(document("Order", ORDER)) + enveloped(document("Order", ORDER))).encode()
    whole = read("ubl", raw)
    for size in (1, 7, 64, 500):
        monkeypatch.setattr(encoded, "CHUNK_BYTES", size)
        assert [r.messages for r in read("ubl", raw)] == [r.messages for r in whole]


@given(st.binary(max_size=60), st.integers(0, 2_000), st.integers(0, 40))
def test_damage_is_a_fault_and_never_an_exception(damage, at, gone):
    raw = document("Order", ORDER).encode()
    for reading in read("ubl", raw[:at] + damage + raw[at + gone :]):
        assert reading.fault is not None or reading.messages
        reading.body.encode()


@given(st.sampled_from(published()), st.data())
def test_wrong_values_are_faults_and_never_exceptions(path, data):
    raw = path.read_text(encoding="utf-8-sig")
    starts = [n for n in range(len(raw)) if raw.startswith(">", n)]
    at = data.draw(st.sampled_from(starts)) + 1
    end = raw.find("<", at)
    wrong = data.draw(st.sampled_from(["", "-1", "x", "9" * 40, "1e9", "NaN", "é" * 600, "  "]))
    changed = raw[:at] + wrong + raw[end if end >= 0 else at :]
    for reading in read("ubl", changed.encode()):
        assert reading.fault is not None or reading.messages


@pytest.mark.parametrize(
    ("opening", "part"),
    [
        pytest.param("", document("Order", ORDER), id="documents without end"),
        pytest.param(enveloped("")[:-30], document("Order", ORDER), id="in one envelope"),
        pytest.param(f'<Order xmlns="{SCHEMA}Order-2">', "<x>1</x>", id="a document without end"),
        pytest.param(f'<Order xmlns="{SCHEMA}Order-2" x="', "y" * 999, id="a tag without end"),
        pytest.param("<a>", "<b/>", id="elements without end"),
        pytest.param("{", "x" * 999, id="nothing of it"),
    ],
)
def test_memory_does_not_grow_with_the_stream(opening, part, monkeypatch):
    monkeypatch.setattr(encoded, "CHUNK_BYTES", 4 << 10)
    monkeypatch.setattr(cutting, "DOCUMENT_BYTES_MAX", 16 << 10)
    monkeypatch.setattr(cutting, "HEAD_BYTES_MAX", 4 << 10)

    def peak(size):
        stream = Endless(chain([opening.encode()], repeat(part.encode())), size)
        tracemalloc.start()
        for _ in FAMILIES["ubl"].read(stream, Context()):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(32 << 10)
    assert peak(256 << 10) < peak(64 << 10) + SLACK_BYTES
