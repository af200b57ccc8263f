"""UBL that we write, held to OASIS's schemas and to the rules of EN 16931 and Peppol."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from crosslane.channels import Talk
from crosslane.channels.adapters.ubl.stock import report
from crosslane.channels.domain.messages import StockRow, SupplySnapshot
from crosslane.channels.domain.replies import (
    Corrected,
    Invoice,
    InvoiceCharge,
    InvoiceLine,
    OrderReply,
    Party,
    ReplyLine,
)
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.customers import Address
from tests.channels.reading import read
from tests.channels.schemas.ubl import found_by_rules, found_by_schema
from tests.channels.telling import outgoing, tell
from tests.channels.ubl import ORDER, document, one, published

AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
HOME = Address(country="GB", lines=("1 High St",), city="Oxford", postcode="OX1 4AA")
SELLER = Party(
    name="Marlow & Finch Ltd",
    tax_id="GB980780684",
    address=Address(country="GB", lines=("7 Wharf Road", "Derby", "DE1 2AA"), city=""),
)
BUYER = Party(name="Shops", address=HOME, email="ap@shops.example")
PARTNERS = Talk(settings={"our_id": "0088:4006381333931", "their_id": "0088:7300010000001"})


def said_by(message, *, order=None, talk=None):
    told = tell("ubl", [outgoing(message, 7, order=order)], talk=talk or Talk())
    assert [outcome.state for outcome in told.outcomes] == ["told"], told.outcomes
    (file,) = told.asked
    assert found_by_schema(file.body) == []
    return file


def text(raw, path):
    steps = [(CBC if n == len(path.split("/")) - 1 else CAC) + s for n, s in
             enumerate(path.split("/"))]  # fmt: skip
    return [found.text for found in fromstring(raw).findall("/".join(steps))]


def reply(outcome="accepted", *lines: ReplyLine, **more):
    return OrderReply(
        source_id="order_reply:1",
        event_at=AT,
        order="PO-1",
        ours="CL-9",
        outcome=outcome,
        currency="EUR",
        lines=lines or (ReplyLine(id="1", sku="MUG", article="77-1", quantity=12),),
        **more,
    )


def test_an_order_is_answered_in_the_names_of_who_ordered():
    order = one(ORDER)
    line = ReplyLine(
        id="1",
        sku="MUG",
        article="77-1",
        gtin="4006381333931",
        quantity=5,
        backordered=4,
        cancelled=3,
        due_at=AT,
        unit_price_milli=925_000,
    )
    file = said_by(reply("changed", line, reason="3 are gone"), order=order)
    assert file.name == "OrderResponse-PO-1-7.xml"
    told = {
        "OrderReference/ID": ["PO-1"],
        "OrderResponseCode": ["CA"],
        "SalesOrderID": ["CL-9"],
        "BuyerCustomerParty/Party/EndpointID": ["7300010000001"],
        "BuyerCustomerParty/Party/PartyIdentification/ID": ["77"],
        "OrderLine/LineItem/LineStatusCode": ["3"],
        "OrderLine/LineItem/Quantity": ["5"],
        "OrderLine/LineItem/MaximumBackorderQuantity": ["4"],
        "OrderLine/LineItem/Delivery/PromisedDeliveryPeriod/EndDate": ["2026-01-05"],
        "OrderLine/LineItem/Price/PriceAmount": ["9.25"],
        "OrderLine/LineItem/Item/Name": ["A mug"],
        "OrderLine/OrderLineReference/LineID": ["1"],
    }
    assert {path: text(file.body, path) for path in told} == told


@pytest.mark.parametrize(
    ("line", "outcome", "code", "status"),
    [
        (ReplyLine(id="1", quantity=12), "accepted", "AP", "5"),
        (ReplyLine(id="1", quantity=0, backordered=12), "changed", "CA", "3"),
        (ReplyLine(id="1", quantity=0, cancelled=12), "rejected", "RE", "7"),
    ],
)
def test_outcomes_are_told_by_published_codes(line, outcome, code, status):
    body = said_by(reply(outcome, line)).body
    assert text(body, "OrderResponseCode") == [code]
    assert text(body, "OrderLine/LineItem/LineStatusCode") == [status]


def test_units_are_those_of_the_order_unless_pieces_are_meant():
    for unit, told in (("CS", "CS"), ("DZN", "C62"), ("STK", "C62"), ("C62", "C62")):
        order = one(ORDER.replace('unitCode="C62"', f'unitCode="{unit}"'))
        body = said_by(reply(), order=order).body
        quantity = fromstring(body).find(f"{CAC}OrderLine/{CAC}LineItem/{CBC}Quantity")
        assert quantity.get("unitCode") == told


def test_who_orders_by_peppol_is_answered_by_it():
    profile = "<b:ProfileID>urn:fdc:peppol.eu:poacc:bis:ordering:3</b:ProfileID>"
    body = said_by(reply(), order=one(profile + ORDER)).body
    assert text(body, "CustomizationID") == ["urn:fdc:peppol.eu:poacc:trns:order_response:3"]


def shipped(step="shipped"):
    return FulfillmentEvent(
        source_id="019b8f2e-0000-7000-8000-000000000001",
        event_at=AT,
        order="PO-1",
        step=step,
        carrier="UPS",
        tracking=("1Z999",),
        due_at=AT + timedelta(days=2),
        lines=(MovedGoods(id="1", sku="MUG", article="77-1", quantity=5, title="A mug"),),
    )


def test_a_parcel_is_a_despatch_advice_that_a_receipt_can_name():
    file = said_by(shipped(), order=one(ORDER))
    told = {
        "ID": ["019b8f2e-0000-7000-8000-000000000001"],
        "Shipment/Delivery/TrackingID": ["1Z999"],
        "Shipment/Delivery/DeliveryAddress/CityName": ["Oxford"],
        "Shipment/Consignment/CarrierParty/PartyName/Name": ["UPS"],
        "DespatchLine/OrderLineReference/LineID": ["1"],
        "DespatchLine/DeliveredQuantity": ["5"],
    }
    assert {path: text(file.body, path) for path in told} == told
    # Who reads it by the same rules understands what was said.
    (reading,) = read("ubl", file.body)
    (parcel,) = reading.messages
    assert (parcel.order, parcel.step, parcel.tracking) == ("PO-1", "shipped", ("1Z999",))
    assert (parcel.lines[0].id, parcel.lines[0].quantity) == ("1", 5)


def test_other_steps_of_goods_have_no_document():
    told = tell("ubl", [outgoing(shipped("delivered"))])
    assert [(one.state, one.code) for one in told.outcomes] == [("unsupported", "step-unsupported")]


def test_stock_is_reported_so_that_a_partner_reads_it_by_its_own_names():
    rows = (
        StockRow(sku="MUG", article="77-1", gtin="4006381333931", quantity=9),
        StockRow(sku="BOWL", quantity=0),
    )
    snapshot = SupplySnapshot(source_id="offer", event_at=AT, location="DC1", rows=rows)
    talk = Talk(channel="trade", locations={"DC1": "W1"}, settings=PARTNERS.settings)
    (reading,) = read("ubl", said_by(snapshot, talk=talk).body)
    (read_back,) = reading.messages
    assert read_back.location == "W1"
    told = [(row.sku, row.article, row.gtin, row.quantity) for row in read_back.rows]
    assert told == [("77-1", "MUG", "4006381333931", 9), ("", "BOWL", "", 0)]
    whole = msgspec.structs.replace(snapshot, location="*")
    assert text(said_by(whole, talk=talk).body, "InventoryReportLine/InventoryLocation/ID") == []
    empty = outgoing(msgspec.structs.replace(snapshot, rows=()))
    with pytest.raises(StopIteration) as ended:
        next(report([empty], talk))
    assert [one.state for one in ended.value.value] == ["needless"]


def line(net, tax, rate=2_000, quantity=1, **more):
    given = {"id": "1", "sku": "MUG", "title": "A mug", "jurisdiction": "GB"} | more
    return InvoiceLine(
        quantity=quantity,
        unit_price_milli=abs(net) * 1_000 // max(quantity, 1),
        net_minor=net,
        tax_minor=tax,
        tax_rate_bp=rate,
        **given,
    )


def bill(*lines, charges=(), kind="invoice", **more):
    both = (*lines, *charges)
    net, tax = sum(x.net_minor for x in both), sum(x.tax_minor for x in both)
    given = {"seller": SELLER, "buyer": BUYER, "due_on": date(2026, 2, 4)} | more
    return Invoice(
        source_id="MF-1",
        event_at=AT,
        order="PO-1",
        ours="CL-9",
        kind=kind,
        issued_on=date(2026, 1, 5),
        supplied_on=date(2026, 1, 5),
        currency="GBP",
        lines=lines,
        charges=charges,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        **given,
    )


SHIPPING = InvoiceCharge(
    kind="shipping", title="Shipping", net_minor=416, tax_minor=83, tax_rate_bp=2_000
)
REDUCTION = InvoiceCharge(kind="discount", net_minor=-100, tax_minor=-20, tax_rate_bp=2_000)


def judged(message, **how):
    """The document of a message, which holds to all rules its profile has."""
    body = said_by(message, **how).body
    is_core = text(body, "CustomizationID") == ["urn:cen.eu:en16931:2017"]
    assert found_by_rules(body, core=is_core) == []
    return body


def test_an_invoice_holds_to_the_rules_and_says_what_was_issued():
    message = bill(
        line(1_667, 333, quantity=3),
        line(500, 0, rate=0, sku="BOOK", title="A book"),
        charges=(SHIPPING, REDUCTION),
    )
    body = judged(message, order=one(ORDER), talk=PARTNERS)
    told = {
        "CustomizationID": [
            "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
        ],
        "OrderReference/ID": ["PO-1"],
        "LegalMonetaryTotal/TaxExclusiveAmount": ["24.83"],
        "LegalMonetaryTotal/TaxInclusiveAmount": ["28.79"],
        "LegalMonetaryTotal/PayableAmount": ["28.79"],
        "LegalMonetaryTotal/ChargeTotalAmount": ["4.16"],
        "LegalMonetaryTotal/AllowanceTotalAmount": ["1.00"],
        "TaxTotal/TaxAmount": ["3.96"],
        "TaxTotal/TaxSubtotal/TaxableAmount": ["19.83", "5.00"],
        "TaxTotal/TaxSubtotal/TaxCategory/ID": ["S", "Z"],
    }
    assert {path: text(body, path) for path in told} == told


def test_a_credit_note_names_what_it_corrects():
    message = bill(
        line(1_667, 333, quantity=3),
        kind="credit_note",
        corrects=(Corrected(number="MF-0", issued_on=date(2026, 1, 2)),),
    )
    body = judged(message, order=one(ORDER), talk=PARTNERS)
    assert text(body, "CreditNoteTypeCode") == ["381"]
    assert text(body, "BillingReference/InvoiceDocumentReference/ID") == ["MF-0"]
    assert text(body, "PaymentTerms/Note") == ["Due on 2026-02-04"]


def test_what_is_paid_is_not_to_be_paid():
    body = judged(bill(line(1_000, 200), paid=True, due_on=None))
    assert text(body, "LegalMonetaryTotal/PrepaidAmount") == ["12.00"]
    assert text(body, "LegalMonetaryTotal/PayableAmount") == ["0.00"]
    assert text(body, "PaymentTerms/Note") == []


def test_money_is_asked_for_by_the_account_that_is_set():
    settings = {**PARTNERS.settings, "iban": "GB33 BUKB 2020 1555 5555 55", "bic": "BUKBGB22"}
    body = judged(bill(line(1_000, 200)), talk=Talk(settings=settings))
    assert text(body, "PaymentMeans/PayeeFinancialAccount/ID") == ["GB33BUKB20201555555555"]
    body = judged(bill(line(1_000, 200), due_on=None), talk=Talk(settings=settings))
    assert text(body, "PaymentTerms/Note") == ["Due on receipt"]


def test_who_has_no_address_is_invoiced_by_the_core_alone():
    nobody = Party(name="Ada Brown", address=None)
    body = judged(bill(line(1_000, 200), buyer=nobody))
    assert text(body, "CustomizationID") == ["urn:cen.eu:en16931:2017"]
    at = "AccountingCustomerParty/Party/PostalAddress/Country/IdentificationCode"
    assert text(body, at) == ["GB"]


def at_home(country, tax_id=""):
    return Party(name="Shops", address=Address(country=country, lines=("1",), city="X"),
                 tax_id=tax_id)  # fmt: skip


@pytest.mark.parametrize(
    ("seller", "buyer", "category"),
    [
        (SELLER, at_home("GB"), "Z"),
        (SELLER, at_home("IM"), "Z"),
        (SELLER, at_home("JE"), "G"),
        (at_home("DE", "DE123456788"), at_home("FR", "FR40303265045"), "K"),
        (at_home("DE", "DE123456788"), at_home("FR"), "Z"),
        (at_home("DE", "DE123456788"), at_home("US"), "G"),
        (at_home("GB"), at_home("GB"), "O"),
    ],
)
def test_what_bears_no_tax_says_why(seller, buyer, category):
    body = judged(bill(line(1_000, 0, rate=0), seller=seller, buyer=buyer))
    assert text(body, "TaxTotal/TaxSubtotal/TaxCategory/ID") == [category]


def test_charges_without_goods_and_goods_that_count_for_less_have_their_lines():
    body = judged(bill(charges=(SHIPPING,)), talk=PARTNERS)
    assert text(body, "InvoiceLine/Item/Name") == ["Shipping"]
    body = judged(bill(line(2_000, 400), line(-500, -100, quantity=1)), talk=PARTNERS)
    assert text(body, "InvoiceLine/InvoicedQuantity") == ["1", "-1"]
    body = judged(bill(line(300, 60, quantity=0), kind="credit_note"), talk=PARTNERS)
    assert text(body, "CreditNoteLine/CreditedQuantity") == ["1"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"buyer": Party(name="")}, "buyer-unnamed"),
        ({"seller": at_home("GB")}, "seller-tax-number-missing"),
    ],
)
def test_what_an_invoice_lacks_is_refused(wrong, code):
    told = tell("ubl", [outgoing(bill(line(1_000, 200), **wrong))])
    assert [(one.state, one.code) for one in told.outcomes] == [("refused", code)]


prices = st.integers(1, 100_000)
rates = st.sampled_from([0, 500, 1_750, 2_000])


@given(st.lists(st.tuples(prices, rates, st.integers(1, 1_200)), min_size=1, max_size=6), prices)
def test_sums_hold_whatever_is_sold(sold, shipping):
    def taxed(net, rate):
        return (net * rate + 5_000) // 10_000

    lines = [
        line(net, taxed(net, rate), rate=rate, quantity=quantity, id=str(n))
        for n, (net, rate, quantity) in enumerate(sold)
    ]
    charge = msgspec.structs.replace(SHIPPING, net_minor=shipping, tax_minor=taxed(shipping, 2_000))
    judged(bill(*lines, charges=(charge,)), talk=PARTNERS)


@given(st.text(max_size=40))
def test_texts_are_written_so_that_they_can_be_read(words):
    message = bill(line(1_000, 200, title=words))
    body = said_by(message, talk=PARTNERS).body
    (told,) = text(body, "InvoiceLine/Item/Name")
    kept = "".join(x for x in words if x in "\t\n\r" or " " <= x < "\ud800" or x > "\udfff")
    kept = kept.replace("\ufffe", "").replace("\uffff", "").strip()
    assert told.replace("\r", "\n").split() == (kept or "MUG").replace("\r", "\n").split()


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_published_orders_are_answered_by_their_own_names(path):
    (reading,) = read("ubl", path.read_bytes())
    for message in reading.messages:
        if type(message).__name__ == "Order":
            lines = [ReplyLine(id=x.id, sku=x.sku, quantity=x.quantity) for x in message.lines]
            said_by(reply("accepted", *lines), order=message)


def test_schemas_and_rules_find_what_is_wrong():
    body = judged(bill(line(1_000, 200)), talk=PARTNERS)
    assert found_by_schema(body.replace(b"IssueDate>2026", b"IssueDate>x026"))
    assert found_by_schema(document("OrderResponse", "<b:ID>1</b:ID>").encode())
    assert any("BR-CO-15" in x for x in found_by_rules(body.replace(b">12.00<", b">12.01<", 1)))
