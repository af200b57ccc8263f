"""Refusals of sourcing."""

from crosslane.carriers import ServiceUnknown
from crosslane.kernel import Invalid, NotFound


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


# What a delivery is refused for.
DELIVERY_REFUSALS = (ServiceUnknown, NotDelivered, NoDeliveryService)
