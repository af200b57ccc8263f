"""Invoices of vendors, matched against what was ordered and what has left."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.vendors.domain.order import PurchaseOrder

InvoiceState = Literal["waiting", "disputed", "accepted", "rejected"]
BP_PER_ONE = 10_000


class InvoiceLine(msgspec.Struct, frozen=True):
    """Units invoiced, and what they cost together without tax."""

    line_id: UUID
    quantity: int
    net_minor: int


class Invoice(msgspec.Struct, kw_only=True):
    """What a vendor wants to be paid.

    Args:
        state: waiting for its goods to leave, disputed because of its price, accepted, rejected.
        accrued_minor: what was expected for its units when they left, once it is accepted.
    """

    id: UUID
    location_id: UUID
    purchase_order_id: UUID
    number: str
    currency: str
    freight_minor: int
    tax_minor: int
    due_on: date | None
    occurred_at: datetime
    received_at: datetime
    state: InvoiceState = "waiting"
    accrued_minor: int = 0
    lines: list[InvoiceLine] = []

    @property
    def net_minor(self) -> int:
        """What its goods cost, without freight and tax."""
        return sum(line.net_minor for line in self.lines)

    @property
    def gross_minor(self) -> int:
        """What is to be paid."""
        return self.net_minor + self.freight_minor + self.tax_minor


def decide(order: PurchaseOrder, invoice: Invoice, difference_bp_max: int) -> InvoiceState:
    """Return what becomes of an open invoice: does it fit what was ordered and what has left?"""
    if any(line.quantity > _open_units(order, line.line_id) for line in invoice.lines):
        return "waiting"
    agreed = expected_minor(order, invoice.lines)
    difference = abs(invoice.net_minor - agreed)
    return "disputed" if difference * BP_PER_ONE > agreed * difference_bp_max else "accepted"


def settle(order: PurchaseOrder, invoice: Invoice) -> None:
    """Accept an invoice: its units count as invoiced, at what was expected for them."""
    invoice.accrued_minor = expected_minor(order, invoice.lines)
    invoice.state = "accepted"
    for each in invoice.lines:
        line = order.line(each.line_id)
        if line is not None:
            line.invoiced += each.quantity


def expected_minor(order: PurchaseOrder, lines: Sequence[InvoiceLine]) -> int:
    """Return what the units that are invoiced next were expected to cost."""
    expected = 0
    for each in lines:
        line = order.line(each.line_id)
        if line is not None:
            upto = line.invoiced + each.quantity
            expected += line.cost_minor(upto) - line.cost_minor(line.invoiced)
    return expected


def _open_units(order: PurchaseOrder, line_id: UUID) -> int:
    line = order.line(line_id)
    return line.owed - line.invoiced if line else 0
