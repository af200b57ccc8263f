"""Each legal entity numbers its own documents, whoever takes its goods back."""

import msgspec
import pytest

from crosslane import organization
from crosslane.documents import Document
from crosslane.orders import LineWish, OrderView, PlaceOrder, TenderWish
from crosslane.organization import PutChannel, PutEntity, VatNumber
from crosslane.returns import TakenBack
from tests.documents.conftest import Desk
from tests.orders.world import place, view
from tests.returns.counter import bring, open_counters

FRANCHISE = PutEntity("fr", "Franchise Ltd", "GB", "GBP", (VatNumber("GB", "340712924"),))


@pytest.fixture
async def both(desk: Desk) -> Desk:
    """The retailer, and a franchisee that sells over a till of its own."""
    await open_counters(desk.database, desk.tenant)
    async with desk.transaction() as tx:
        await organization.put_entity(tx, FRANCHISE)
        till = PutChannel("fr-till", "Franchise till", "store", "marlow", "gb", "fr")
        await organization.put_channel(tx, till)
    for channel in ("till", "fr-till"):
        await desk.decide({"issue": "always"}, channel=channel)
    return desk


async def sell(desk: Desk, channel: str, store: str) -> OrderView:
    line = LineWish(sku="MUG", quantity=2, method="carry_out", store=store)
    tenders = [TenderWish(method="cash")]
    placed = await place(
        desk.lanes, desk.tenant, PlaceOrder(channel=channel, lines=[line], tenders=tenders)
    )
    return await view(desk.database, desk.tenant, placed.id)


async def give_back(desk: Desk, order: OrderView, store: str) -> TakenBack:
    taken = await bring(desk.lanes, desk.tenant, order, "MUG", location=store, occurred_at=None)
    assert isinstance(taken, TakenBack), taken
    return taken


def told(papers: list[Document]) -> list[tuple[str, str, str]]:
    return [(one.content.seller.name, one.kind, one.number) for one in papers]


async def test_every_entity_has_series_of_its_own_without_gaps(both: Desk):
    ours, theirs = "Marlow & Finch Ltd", "Franchise Ltd"
    orders = []
    for channel, store in (("till", "S0001"), ("fr-till", "S0003")) * 2:
        orders.append(await sell(both, channel, store))
        await both.issue()
    # Each takes back what the other has sold: the credit note is the seller's.
    for order, store in zip(orders, ("S0003", "S0001", "S0001", "S0003"), strict=True):
        await give_back(both, order, store)
        await both.issue()
    papers = [told(await both.of(order.id)) for order in orders]
    assert papers == [
        [(ours, "invoice", "INV-1"), (ours, "credit_note", "CRN-1")],
        [(theirs, "invoice", "INV-1"), (theirs, "credit_note", "CRN-1")],
        [(ours, "invoice", "INV-2"), (ours, "credit_note", "CRN-2")],
        [(theirs, "invoice", "INV-2"), (theirs, "credit_note", "CRN-2")],
    ]
    for order in orders:
        invoice, credit = await both.of(order.id)
        assert credit.gross_minor == 600
        assert [one.number for one in credit.content.references] == [invoice.number]
        assert msgspec.to_builtins(credit.content.seller) == msgspec.to_builtins(
            invoice.content.seller
        )
    await both.sound()
