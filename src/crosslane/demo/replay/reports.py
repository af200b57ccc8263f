"""What staff report of their work, as the API takes it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Rejection(Struct, frozen=True):
    """Work that is turned down."""

    fulfillment_order: UUID
    reason: str
    occurred_at: datetime


class PickedLine(Struct, frozen=True):
    """Units taken from the shelf, and those that were not there."""

    line_id: UUID
    picked: int
    short: int


class Pick(Struct, frozen=True, omit_defaults=True):
    """What was taken for one fulfillment order; no lines stand for everything."""

    fulfillment_order: UUID
    occurred_at: datetime
    lines: tuple[PickedLine, ...] = ()


class PackedUnits(Struct, frozen=True):
    """Units in a parcel."""

    line_id: UUID
    quantity: int


class PackedParcel(Struct, frozen=True):
    """One parcel."""

    lines: tuple[PackedUnits, ...]


class Pack(Struct, frozen=True, omit_defaults=True):
    """Parcels of one fulfillment order; none named is one with everything that was picked."""

    fulfillment_order: UUID
    occurred_at: datetime
    parcels: tuple[PackedParcel, ...] = ()


class Arrival(Struct, frozen=True):
    """Parcels that have reached their store."""

    fulfillment_order: UUID
    occurred_at: datetime


class Collection(Struct, frozen=True):
    """Goods handed to the customer who shows the code."""

    fulfillment_order: UUID
    pickup_code: str
    occurred_at: datetime
