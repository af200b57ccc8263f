"""Refusals of sourcing."""

from crosslane.kernel import Invalid, NotFound


class NotDelivered(Invalid):
    """The delivery service {service} does not go to this address in {country}."""


class NoDeliveryService(Invalid):
    """No carrier delivers to this address in {country}."""


class UnknownReceipt(NotFound):
    """There is no sourcing receipt {receipt_id}."""
