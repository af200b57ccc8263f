"""Refusals of sourcing."""

from crosslane.carriers import ServiceUnknown
from crosslane.kernel import Conflict, Gone, Invalid, NotFound
from crosslane.platform.seals import SealsOff


class NotDelivered(Invalid):
    """The delivery service {service} does not go to this address in {country}."""


class NoDeliveryService(Invalid):
    """No carrier delivers to this address in {country}."""


class NotOnSale(Invalid):
    """The article {sku} is not on sale."""


class PlaceUnknown(Invalid):
    """The position of the postcode is not known; ask without stores."""


class UnknownReceipt(NotFound):
    """There is no sourcing receipt {receipt_id}."""


class ReceiptForgotten(Gone):
    """Sourcing receipts are kept for {days} days; this was decided longer ago."""


class OfferForged(Invalid):
    """The offer was not given here or was changed."""


class OfferExpired(Conflict):
    """The offer expired at {expires_at}; ask for a new one."""


class OfferMismatch(Conflict):
    """The offer was given for something else: {what} differs."""


class OfferNotKept(Conflict):
    """The offer cannot be kept any more: nothing brings {units} units by {promised_at}."""


# What an offer is refused for.
OFFER_REFUSALS = (OfferForged, OfferExpired, OfferMismatch, OfferNotKept, SealsOff)


class SettingsRefused(Invalid):
    """The sourcing settings cannot be read: {reason}."""


class PlacesUnknown(Invalid):
    """There is no location {codes}."""


class TooManyDecisions(Invalid):
    """There are more than {most} decisions in this time; take fewer days."""


class TooFewOrders(Conflict):
    """There are too few orders of the last days to tell what later ones will want."""


# What a delivery is refused for.
DELIVERY_REFUSALS = (ServiceUnknown, NotDelivered, NoDeliveryService)
