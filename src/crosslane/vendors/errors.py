"""What vendors refuse."""

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound


class NotAVendor(Invalid):
    """The location {code} is no vendor."""


class BadVendorSettings(Invalid):
    """The address is no http(s) URL, or a vendor that is sent orders lacks its secrets."""


class VendorCurrencyFixed(Conflict):
    """Orders were placed in {currency}, so the vendor's currency cannot change."""


class NoSuchVendor(NotFound):
    """There are no settings of the vendor {code}."""


class NoSuchPurchaseOrder(NotFound):
    """There is no purchase order {id}."""


class NoSuchProblem(Conflict):
    """The purchase order has no problem {problem}."""


class NothingLeft(Conflict):
    """Nothing of the purchase order is still to be shipped."""


class NoSuchInvoice(NotFound):
    """There is no invoice {id}."""


class InvoiceNotOpen(Conflict):
    """The invoice is {state}; only a disputed one can be decided on, or a waiting one rejected."""


class NoSuchVendorMessage(NotFound):
    """There is no message {id} in quarantine."""


class MessageIdReused(Conflict):
    """The message {message} came before with other content."""


class BadVendorSignature(Forbidden):
    """The signature is not the vendor's, or too old."""
