"""The nouns and pure decisions of vendors."""

from crosslane.vendors.domain.invoice import Invoice, InvoiceLine, InvoiceState, decide, settle
from crosslane.vendors.domain.messages import (
    Acknowledge,
    Deliver,
    InvoicedLine,
    LineUnits,
    SendInvoice,
    SentParcel,
    Ship,
    Short,
    VendorMessage,
)
from crosslane.vendors.domain.order import (
    Delivery,
    Parcel,
    Problem,
    PurchaseLine,
    PurchaseOrder,
    acknowledge,
    fault_of,
    problems_of,
    ship,
    short,
    withdraw,
)
from crosslane.vendors.domain.policy import ORDERING, Ordering
from crosslane.vendors.domain.terms import Term, Vendor

__all__ = [
    "ORDERING",
    "Acknowledge",
    "Deliver",
    "Delivery",
    "Invoice",
    "InvoiceLine",
    "InvoiceState",
    "InvoicedLine",
    "LineUnits",
    "Ordering",
    "Parcel",
    "Problem",
    "PurchaseLine",
    "PurchaseOrder",
    "SendInvoice",
    "SentParcel",
    "Ship",
    "Short",
    "Term",
    "Vendor",
    "VendorMessage",
    "acknowledge",
    "decide",
    "fault_of",
    "problems_of",
    "settle",
    "ship",
    "short",
    "withdraw",
]
