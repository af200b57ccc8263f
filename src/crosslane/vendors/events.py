"""What happens to purchase orders. Amounts are minor units of ``currency``."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.platform.log import Event


class PurchaseEvent(Event, frozen=True, kw_only=True):
    """Something that happened to one purchase order.

    Args:
        purchase_order_id: the order, which has the id of the work it asks for.
        order_id: the customer's order.
        location_id: the vendor's location.
    """

    purchase_order_id: UUID
    order_id: UUID
    location_id: UUID

    @property
    def subject(self) -> str:
        """The purchase order."""
        return f"purchase:{self.purchase_order_id}"


class UnitsTold(msgspec.Struct, frozen=True):
    """Units of an order line."""

    line_id: UUID
    quantity: int


class ParcelTold(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of the vendor."""

    parcel_id: UUID
    carrier: str
    tracking_number: str
    tracking_url: str
    units: list[UnitsTold]


class UnitsOwed(msgspec.Struct, frozen=True):
    """Units that are owed for since they left, and what was agreed for them."""

    line_id: UUID
    quantity: int
    cost_minor: int


class PurchaseOrdered(PurchaseEvent, frozen=True, kw_only=True):
    """A vendor is asked to ship units."""

    units: int


class PurchaseAcknowledged(PurchaseEvent, frozen=True, kw_only=True):
    """The vendor takes the order on, or names another day."""

    expected_on: date | None
    occurred_at: datetime


class VendorShort(PurchaseEvent, frozen=True, kw_only=True):
    """The vendor will not ship some units."""

    units: list[UnitsTold]
    reason: str
    occurred_at: datetime


class VendorShipped(PurchaseEvent, frozen=True, kw_only=True):
    """Parcels have left the vendor; what they cost is owed.

    Args:
        entity_id: who owes it.
    """

    entity_id: UUID
    currency: str
    parcels: list[ParcelTold]
    owed: list[UnitsOwed]
    occurred_at: datetime


class VendorDelivered(PurchaseEvent, frozen=True, kw_only=True):
    """A parcel has reached the customer."""

    parcel_id: UUID
    occurred_at: datetime


class VendorSilent(PurchaseEvent, frozen=True, kw_only=True):
    """The vendor has said nothing in the time it has."""


class PurchaseGivenUp(PurchaseEvent, frozen=True, kw_only=True):
    """What is left of the order is not expected of this vendor any more."""

    reason: str


class InvoiceAccepted(PurchaseEvent, frozen=True, kw_only=True):
    """An invoice fits what was ordered and has left, or a person accepted it.

    Args:
        invoice_id: the invoice.
        entity_id: who has to pay it.
        accrued_minor: what was owed for its units until now.
        net_minor: what its goods really cost.
        freight_minor: what sending cost.
        tax_minor: tax on all of it.
    """

    invoice_id: UUID
    entity_id: UUID
    currency: str
    accrued_minor: int
    net_minor: int
    freight_minor: int
    tax_minor: int
    occurred_at: datetime
