"""What vendors' goods do to the books: owed once they leave, settled against the invoice.

Goods that a vendor ships to a customer are never our inventory: their agreed cost goes straight to
cost of goods and stands in ``received_not_invoiced`` until the invoice comes. What the invoice says
beyond or below that is a difference with an account of its own, so that both can be seen.
"""

from crosslane.finance.domain.entries import Cause, Seller, entry_of, posting
from crosslane.finance.domain.sales import COST_OF_GOODS
from crosslane.ledger import Entry
from crosslane.vendors import InvoiceAccepted, VendorShipped

RECEIVED_NOT_INVOICED = "received_not_invoiced"
PRICE_DIFFERENCE = "price_difference"
TAX_RECOVERABLE = "tax_recoverable"
SHIPPING_COST = "shipping_cost"
PAYABLES = "payables"


def supply_entry(cause: Cause, seller: Seller, event: VendorShipped) -> Entry | None:
    """Return what goods that left a vendor do to the books, None when nothing was agreed for them.

    Args:
        cause: the event.
        seller: who sold them; when another entity buys from the vendor, the ledger pairs both.
        event: what has left.
    """
    postings = [
        posting(
            seller,
            account,
            event.currency,
            minor,
            entity_id=entity_id,
            line_id=units.line_id,
            location_id=event.location_id,
        )
        for units in event.owed
        for account, entity_id, minor in (
            (COST_OF_GOODS, seller.entity_id, units.cost_minor),
            (RECEIVED_NOT_INVOICED, event.entity_id, -units.cost_minor),
        )
    ]
    return entry_of(cause, seller.timezone, postings)


def invoice_entry(cause: Cause, seller: Seller, event: InvoiceAccepted) -> Entry | None:
    """Return what an accepted invoice of a vendor does to the books."""
    gross_minor = event.net_minor + event.freight_minor + event.tax_minor
    postings = [
        posting(
            seller,
            account,
            event.currency,
            minor,
            entity_id=event.entity_id,
            line_id=event.invoice_id,
            location_id=event.location_id,
        )
        for account, minor in (
            (RECEIVED_NOT_INVOICED, event.accrued_minor),
            (PRICE_DIFFERENCE, event.net_minor - event.accrued_minor),
            (SHIPPING_COST, event.freight_minor),
            (TAX_RECOVERABLE, event.tax_minor),
            (PAYABLES, -gross_minor),
        )
    ]
    return entry_of(cause, seller.timezone, postings)
