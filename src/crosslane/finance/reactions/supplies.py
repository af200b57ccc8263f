"""Entries of what vendors are owed and have invoiced."""

from collections.abc import Mapping
from uuid import UUID

from crosslane import ledger, orders, vendors
from crosslane.finance import domain
from crosslane.finance.reactions.sellers import cause_of, seller_of
from crosslane.organization import OrganizationBook
from crosslane.platform.log import Logged

Supplies = vendors.VendorShipped | vendors.InvoiceAccepted


def of_supplies(
    entry: Logged[Supplies], book: OrganizationBook, heads: Mapping[UUID, orders.Order]
) -> ledger.Entry | None:
    """Return the entry of what vendors are owed for goods that left, or what an invoice makes."""
    event = entry.event
    seller = seller_of(book, heads[event.order_id].channel_id)
    cause = cause_of(entry)
    if isinstance(event, vendors.VendorShipped):
        return domain.supply_entry(cause, seller, event)
    return domain.invoice_entry(cause, seller, event)
