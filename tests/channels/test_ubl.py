"""UBL: published documents are read whole, and what partners may write is understood."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from defusedxml.ElementTree import fromstring

from crosslane.channels.adapters.ubl.reading import LINES
from tests.channels.reading import CANONICAL, as_lines, forms_of, read
from tests.channels.ubl import CHANGE, HEAD, MONEY, ORDER, document, fault, one, published

# Codes that become words of ours, and of which currency an amount is that is told in it.
MAPPED = {
    *("@currencyID", "AcceptedIndicator", "ChargeIndicator", "InvoiceTypeCode"),
    # Told with their days.
    *("IssueTime", "ActualDeliveryTime"),
}


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

    freight = (
        "<a:AllowanceCharge><b:ChargeIndicator>true</b:ChargeIndicator>"
        "<b:AllowanceChargeReasonCode>FC</b:AllowanceChargeReasonCode>"
        '<b:Amount currencyID="EUR">2.50</b:Amount></a:AllowanceCharge>'
    )
    split = ORDER.replace("<a:Price>", to("S1", 5, "Bath") + to("S2", 7, "York") + "<a:Price>")
    split = split.replace("<a:OrderLine>", freight + "<a:OrderLine>")
    (reading,) = read("ubl", document("Order", split).encode())
    first, second = reading.messages
    assert (first.source_id, second.source_id) == ("PO-1/S1", "PO-1/S2")
    assert [(m.lines[0].quantity, m.ship_to.city) for m in reading.messages] == [
        (5, "Bath"),
        (7, "York"),
    ]
    # Each is answered by itself; what is told of the whole is of no part of it.
    assert first.rest == second.rest
    assert [m.shipping_minor for m in reading.messages] == [250, 0]
    assert [m.total_minor for m in reading.messages] == [None, None]
    wrong = fault(split.replace(">7<", ">8<"))
    assert (wrong.code, wrong.pointer) == ("delivery-count", "/OrderLine[1]/LineItem/Quantity")


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
    # Who must name an order and knows none says so.
    bare = one(billed("12.50").replace("PO-1", "n/a"), "Invoice")
    assert (bare.order, bare.rest["/OrderReference/ID"]) == ("", "n/a")
    # Credits are numbered by themselves.
    assert one(billed("12.50"), "CreditNote").source_id == "CreditNote/I-1"
    wrong = fault(billed("12.505"), "Invoice")
    assert wrong.pointer == "/LegalMonetaryTotal/PayableAmount"


def test_documents_of_other_kinds_are_kept():
    kept = one(HEAD + "<b:Description>x</b:Description>", "TenderReceipt")
    assert (type(kept).__name__, kept.topic) == ("Notice", "tender_receipt")
    assert kept.rest == {"/Description": "x"}


@pytest.mark.parametrize(
    ("kind", "stops"), [("105", 0), ("220", 0), ("226", 0), ("Web", 0), ("221", 1), ("227", 1)]
)
def test_what_is_no_order_for_goods_now_waits_for_somebody(kind, stops):
    order = one(
        ORDER.replace("<b:IssueDate>", f"<b:OrderTypeCode>{kind}</b:OrderTypeCode><b:IssueDate>")
    )
    assert [stop.kind for stop in order.stops] == ["manual"] * stops
    assert order.rest["/OrderTypeCode"] == kind
