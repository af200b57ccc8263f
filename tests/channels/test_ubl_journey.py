"""A trading partner orders by UBL, and all that becomes of it is told back by valid documents."""

from collections.abc import Iterator

import pytest
from defusedxml.ElementTree import fromstring

from crosslane import documents, organization
from crosslane.channels.service import einvoices, outgoing
from crosslane.organization import PutEntity, VatNumber
from crosslane.platform.database import Database
from tests.channels.bazaar import about
from tests.channels.partner import SECRET
from tests.channels.schemas.ubl import found_by_rules, found_by_schema
from tests.channels.talking import Talking, allowed, open_talking
from tests.channels.ubl import BUYER, HEAD, LINE, document
from tests.orders.world import give_credit, set_policy

network = pytest.fixture(allowed)
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
ORDER = (HEAD + "<b:DocumentCurrencyCode>GBP</b:DocumentCurrencyCode>" + BUYER + LINE).replace(
    "EUR", "GBP"
)
THREE = ORDER.replace(">12<", ">3<").replace("111.00", "27.75").replace("4006381333931", "")
NUMBERS = {"country": "GB", "number": "980780684"}


class Trading(Talking):
    """One tenant whose trade channel speaks UBL."""

    async def order(self, source_id: str, channel: str = "trade"):
        return await super().order(source_id, channel)

    async def hear(self, text: str) -> None:
        """Take a document in, and tell what comes of it."""
        await self.send(text, channel="trade", format="ubl")
        await self.settle()

    async def issued(self, order_id) -> list[documents.Document]:
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return await documents.documents_of_order(tx, order_id)

    async def written(self) -> list[tuple[str, bytes]]:
        """What the partner may fetch: names and bodies of valid documents, in their order."""
        found: list[tuple[str, bytes]] = []
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            heads = await outgoing.list_documents(tx, "trade", SECRET, after=0, limit=100)
            for head in heads:
                kept = await outgoing.document(tx, "trade", SECRET, head.number)
                found.append((head.name.partition("-")[0], kept.body))
        for name, body in found:
            assert found_by_schema(body) == []
            if name in ("Invoice", "CreditNote"):
                assert found_by_rules(body) == []
        return found


@pytest.fixture
async def trading(database: Database, tenant: str, network) -> Iterator[Trading]:
    await open_talking(database, tenant)
    opened = Trading(database, tenant)
    async with database.transaction(tenant) as tx:
        vat = (VatNumber(**NUMBERS),)
        await organization.put_entity(
            tx, PutEntity("mf", "Marlow & Finch Ltd", "GB", "GBP", vat_numbers=vat)
        )
        await set_policy(tx, "documents.issue", {"issue": "always"}, "trade")
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, "trade")
        await set_policy(tx, "orders.intake", {"backdating": True, "bad_address": "stop"}, "trade")
        await give_credit(tx, "77", 100_000)
    await opened.connect(channel="trade", format="ubl", settings={"our_id": "0088:4006381333931"})
    return opened


def said(body: bytes, *path: str) -> list[str]:
    steps = [*(CAC + step for step in path[:-1]), CBC + path[-1]]
    return [found.text for found in fromstring(body).findall("/".join(steps))]


def received(parcel: str, units: int) -> str:
    """A receipt of a parcel, named as we have named it."""
    return document(
        "ReceiptAdvice",
        "<b:ID>RA-1</b:ID><b:IssueDate>2026-01-06</b:IssueDate>"
        "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference>"
        f"<a:DespatchDocumentReference><b:ID>{parcel}</b:ID></a:DespatchDocumentReference>"
        f"<a:ReceiptLine><b:ID>1</b:ID><b:ReceivedQuantity>{units}</b:ReceivedQuantity>"
        "<a:OrderLineReference><b:LineID>1</b:LineID></a:OrderLineReference><a:Item>"
        "<a:SellersItemIdentification><b:ID>MUG</b:ID></a:SellersItemIdentification>"
        "</a:Item></a:ReceiptLine>",
    )


async def test_an_order_goes_in_and_all_that_becomes_of_it_comes_out(trading: Trading):
    await trading.hear(document("Order", THREE))
    await trading.send_off(1, "PO-1")
    await trading.call_off(1, "PO-1")
    await trading.send_off(1, "PO-1")
    shown = await trading.order("PO-1")
    assert shown is not None
    told = await trading.written()
    assert [name for name, _ in told] == [
        *("OrderResponse", "DespatchAdvice", "Invoice"),
        *("OrderResponse", "DespatchAdvice", "Invoice"),
    ]
    (_, reply), (_, parcel), (_, bill), (_, again), *_ = told
    assert said(reply, "OrderResponseCode") == ["AP"]
    assert said(reply, "SalesOrderID") == [shown.number]
    assert said(reply, "OrderLine", "LineItem", "Quantity") == ["3"]
    assert said(reply, "BuyerCustomerParty", "Party", "EndpointID") == ["7300010000001"]
    # One was called off: what is left is told, and that the order is not as it was asked for.
    assert said(again, "OrderResponseCode") == ["CA"]
    assert said(again, "OrderLine", "LineItem", "Quantity") == ["2"]
    assert said(parcel, "DespatchLine", "DeliveredQuantity") == ["1"]
    assert said(parcel, "DespatchLine", "OrderLineReference", "LineID") == ["1"]
    assert said(bill, "OrderReference", "ID") == ["PO-1"]
    assert said(bill, "LegalMonetaryTotal", "TaxExclusiveAmount") == ["9.25"]
    issued = (await trading.issued(shown.id))[0]
    assert said(bill, "ID") == [issued.number]
    assert said(bill, "LegalMonetaryTotal", "TaxInclusiveAmount") == [
        f"{issued.gross_minor // 100}.{issued.gross_minor % 100:02}"
    ]

    await trading.hear(received(said(parcel, "ID")[0], 1))
    assert (await trading.codes(channel="trade"))[-1] == ("applied", "")
    assert await trading.stages("PO-1") == {"cancelled": 1, "delivered": 1, "handed_over": 1}

    back = {"id": "1", "quantity": 1, "reason": "changed_mind", "disposition": "sellable"}
    await trading.tell(
        about("return", "R-1", 1, order="PO-1", step="arrived", location="S0001", lines=[back]),
        channel="trade",
    )
    await trading.settle()
    name, credit = (await trading.written())[-1]
    assert (name, said(credit, "CreditNoteTypeCode")) == ("CreditNote", ["381"])
    assert said(credit, "BillingReference", "InvoiceDocumentReference", "ID")
    assert said(credit, "LegalMonetaryTotal", "TaxExclusiveAmount") == ["9.25"]
    await trading.assert_sound()


async def test_what_a_partner_was_sent_can_be_had_again(trading: Trading):
    await trading.hear(document("Order", THREE))
    await trading.send_off(1, "PO-1")
    _, _, (_, bill) = await trading.written()
    shown = await trading.order("PO-1")
    assert shown is not None
    (issued,) = await trading.issued(shown.id)
    async with trading.database.transaction(trading.tenant, read_only=True) as tx:
        file = await einvoices.written(tx, issued.id)
    assert file.body == bill
