"""Vendors: who ships our orders from stock of its own, what it is asked for, what it is owed.

Nouns: :class:`Vendor` (how a location of kind vendor is spoken to), :class:`Term` (what a unit
costs from a day on), :class:`PurchaseOrder` (what one vendor is to ship for one order; it has the
id of the work it stands for), message (what a vendor says), :class:`Invoice`. A vendor is spoken to
through a port: ``http`` posts signed JSON; ``python -m crosslane.vendors.port.fake`` is a strict
vendor to try it with; with ``none`` people pass orders and answers on.

Doors: :func:`place_orders` and :func:`withdraw` for fulfillment; :func:`demanding` and
:func:`agreed_costs` for sourcing. A vendor's messages (acknowledge,
short, ship, deliver, invoice) come by a key that is bound to its location or signed by it.

Invariants: an order is sent under one key per version, so there is never a second one; a message
counts once by its id, a parcel by its number, an invoice by its number; figures are added up as
told, so the order of messages makes no difference; what does not fit together is a problem or in
quarantine, never lost. A vendor is owed at most for what was ordered, once it has left; an invoice
is accepted once its goods have left and its price is near what was agreed. Nothing here is stock of
ours: a vendor's units are its own until the customer has them.

Events: PurchaseOrdered, PurchaseAcknowledged, VendorShort, VendorShipped, VendorDelivered,
VendorSilent, PurchaseGivenUp, InvoiceAccepted. Policies: vendors.ordering.
Facts: ``vendors.vendors``. Effects: ``vendors.send``.
Tables: vendors_vendor (both secrets are secret), vendors_term, vendors_order, vendors_order_line,
vendors_parcel, vendors_parcel_line, vendors_message (body is personal, kept 400 days),
vendors_invoice, vendors_invoice_line.
"""

from crosslane.vendors.domain import (
    ORDERING,
    Acknowledge,
    Deliver,
    Invoice,
    InvoicedLine,
    LineUnits,
    Ordering,
    PurchaseOrder,
    SendInvoice,
    SentParcel,
    Ship,
    Short,
    Term,
    Vendor,
    VendorMessage,
)
from crosslane.vendors.errors import BadVendorSettings, NotAVendor, VendorCurrencyFixed
from crosslane.vendors.events import (
    InvoiceAccepted,
    ParcelTold,
    PurchaseAcknowledged,
    PurchaseEvent,
    PurchaseGivenUp,
    PurchaseOrdered,
    UnitsOwed,
    UnitsTold,
    VendorDelivered,
    VendorShipped,
    VendorShort,
    VendorSilent,
)
from crosslane.vendors.rest import ROUTES
from crosslane.vendors.service.commands import COMMANDS
from crosslane.vendors.service.ordering import (
    FIND_SILENT,
    LineWish,
    OrderWish,
    place_orders,
    withdraw,
)
from crosslane.vendors.service.receiving import FORGET_BODIES
from crosslane.vendors.service.sending import SEND
from crosslane.vendors.service.settings import (
    PutTerms,
    PutVendor,
    TermRow,
    agreed_costs,
    demanding,
    put_terms,
    put_vendor,
)
from crosslane.vendors.storage.messages import PERSONAL_COLUMNS

EFFECTS = [SEND]
POLICIES = [ORDERING]
SCHEDULES = [FIND_SILENT, FORGET_BODIES]

__all__ = [
    "COMMANDS",
    "EFFECTS",
    "ORDERING",
    "PERSONAL_COLUMNS",
    "POLICIES",
    "ROUTES",
    "SCHEDULES",
    "Acknowledge",
    "BadVendorSettings",
    "Deliver",
    "Invoice",
    "InvoiceAccepted",
    "InvoicedLine",
    "LineUnits",
    "LineWish",
    "NotAVendor",
    "OrderWish",
    "Ordering",
    "ParcelTold",
    "PurchaseAcknowledged",
    "PurchaseEvent",
    "PurchaseGivenUp",
    "PurchaseOrder",
    "PurchaseOrdered",
    "PutTerms",
    "PutVendor",
    "SendInvoice",
    "SentParcel",
    "Ship",
    "Short",
    "Term",
    "TermRow",
    "UnitsOwed",
    "UnitsTold",
    "Vendor",
    "VendorCurrencyFixed",
    "VendorDelivered",
    "VendorMessage",
    "VendorShipped",
    "VendorShort",
    "VendorSilent",
    "agreed_costs",
    "demanding",
    "place_orders",
    "put_terms",
    "put_vendor",
    "withdraw",
]
