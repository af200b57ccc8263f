"""What happens to fulfillment orders and parcels."""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.log import Event


class FulfillmentEvent(Event):
    """Something that happened to one fulfillment order."""

    fulfillment_order_id: UUID
    order_id: UUID
    location_id: UUID

    @property
    def subject(self) -> str:
        """The fulfillment order."""
        return f"fulfillment:{self.fulfillment_order_id}"


class FulfillmentOffered(FulfillmentEvent):
    """A location was given units of an order to supply."""

    units: int


class FulfillmentAccepted(FulfillmentEvent):
    """The location took the work on."""


class FulfillmentRejected(FulfillmentEvent):
    """The location turned the work down; its units are looked for elsewhere."""

    reason: str


class UnitsPicked(FulfillmentEvent):
    """Units were taken from the shelf; short ones are looked for elsewhere."""

    picked: int
    short: int


class ParcelUnits(msgspec.Struct, frozen=True):
    """Units of an order line in a parcel."""

    line_id: UUID
    quantity: int


class ParcelPacked(FulfillmentEvent):
    """A parcel was closed; its label is on the way."""

    parcel_id: UUID
    units: list[ParcelUnits]


class ParcelShipped(FulfillmentEvent):
    """A parcel was numbered and handed to its carrier; a vendor's may say where to follow it."""

    parcel_id: UUID
    carrier: str
    tracking_number: str
    units: list[ParcelUnits]
    occurred_at: datetime
    tracking_url: str = ""


class ParcelHandedOver(FulfillmentEvent):
    """The carrier's driver has taken a parcel away, as the location says."""

    parcel_id: UUID
    occurred_at: datetime


class TransferSent(FulfillmentEvent):
    """A parcel left for the store where the customer will collect its goods."""

    parcel_id: UUID
    store_id: UUID
    carrier: str
    tracking_number: str
    units: list[ParcelUnits]
    occurred_at: datetime


class TransferArrived(FulfillmentEvent):
    """Parcels have reached the store.

    Args:
        pickup_id: the store's own fulfillment order that waits for the customer, None when all
            units were cancelled on the way.
        open_units: units cancelled on the way, which are stock of the store now.
    """

    store_id: UUID
    parcel_ids: list[UUID]
    pickup_id: UUID | None
    open_units: int
    occurred_at: datetime


class ParcelDelivered(FulfillmentEvent):
    """The carrier reports that a parcel has arrived."""

    parcel_id: UUID
    occurred_at: datetime


class PickupReady(FulfillmentEvent):
    """Goods lie ready for the customer at the store."""

    occurred_at: datetime


class PickupUnclaimed(FulfillmentEvent):
    """Nobody collected the goods in time: they were cancelled, and are stock of the store."""

    units: int


class PickupCollected(FulfillmentEvent):
    """The customer has collected the goods."""

    occurred_at: datetime


class FulfillmentCancelled(FulfillmentEvent):
    """Nothing is left to supply: the order's units were cancelled."""
