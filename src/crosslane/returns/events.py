"""What happens to returns."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.platform.log import Event

# What a person gave in place of what was wished in exchange, "" for what was wished.
Otherwise = Literal["", "goods", "money"]


class ReturnEvent(Event, kw_only=True):
    """Something that happened to one return.

    Args:
        order_id: the order the goods belong to, None when nobody knows.
        channel_id: the channel that had sold them.
    """

    return_id: UUID
    order_id: UUID | None
    channel_id: UUID

    @property
    def subject(self) -> str:
        """The return."""
        return f"return:{self.return_id}"


class ReturnRequested(ReturnEvent, kw_only=True):
    """Somebody wants to bring goods back, or claims money or others for them."""

    number: str
    method: str
    units: int


class ReturnAuthorized(ReturnEvent, kw_only=True):
    """The goods may come; they are given up when they have not by ``expires_at``.

    Args:
        instead: what goes out in place of what was wished in exchange, "" for that.
    """

    method: str
    expires_at: datetime | None
    instead: Otherwise = ""


class ReturnDeclined(ReturnEvent, kw_only=True):
    """The goods may not come."""

    reason: str


class ReturnCancelled(ReturnEvent, kw_only=True):
    """The goods will not come after all."""

    reason: str


class ReturnDispatched(ReturnEvent, kw_only=True):
    """The goods are on their way to us."""

    occurred_at: datetime


class ReceivedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units that came; ``wrong`` are of an article nobody had announced."""

    line_id: UUID
    order_line_id: UUID | None
    variant_id: UUID
    quantity: int
    wrong: bool = False


class ReturnReceived(ReturnEvent, kw_only=True):
    """Goods came back to a location, all or some; ``awaited`` when more are to come."""

    location_id: UUID
    units: list[ReceivedUnits]
    awaited: bool
    occurred_at: datetime


class GradedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were looked at, and what becomes of them."""

    line_id: UUID
    variant_id: UUID
    disposition: str
    quantity: int


class ReturnGraded(ReturnEvent, kw_only=True):
    """Somebody looked at goods; ``complete`` when nothing of the return waits for it any more."""

    location_id: UUID
    units: list[GradedUnits]
    complete: bool
    occurred_at: datetime


class ReturnHeld(ReturnEvent, kw_only=True):
    """A person has to look at the return before it is settled."""

    reason: str


class ReturnCleared(ReturnEvent, kw_only=True):
    """A person has let the return go on.

    Args:
        instead: what goes out in place of what was wished in exchange, "" for that.
    """

    reason: str
    instead: Otherwise = ""


class SettledLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were credited, with what they were sold for.

    Args:
        order_line_id: the order line, None for a blind one.
        sold_at: the location that had sold them, None when nobody knows.
        received_at: where they came back, None when nothing came.
    """

    order_line_id: UUID | None
    variant_id: UUID
    sku: str
    sold_at: UUID | None
    received_at: UUID | None
    quantity: int
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    jurisdiction: str


class ReturnSettled(ReturnEvent, kw_only=True):
    """Money or other goods were given for what came back.

    Args:
        selling_entity: code of the entity that had sold the goods.
        received_at: location that took them back, None when nothing came.
        fee_minor: kept back, gross.
        delivery_minor: given back of the delivery charge, gross.
        refund_minor: credited in all, gross; fee and delivery included.
        staff: code of the member of staff at the desk, "" for none.
        actor: who did it, as ``kind:id``.
        exchange: other goods were taken in exchange.
    """

    return_kind: str
    selling_entity: str
    received_at: UUID | None
    currency: str
    lines: list[SettledLine]
    fee_minor: int
    delivery_minor: int
    refund_minor: int
    customer_id: UUID | None
    staff: str
    actor: str
    exchange: bool
    occurred_at: datetime


class BlindUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units credited whose order nobody knows; ``location_id`` is where they came back."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    tax_class: str
    jurisdiction: str


class BlindCharge(msgspec.Struct, frozen=True, kw_only=True):
    """Money of a blind return that is not goods; negative when the customer gets it."""

    charge_id: UUID
    charge_kind: str
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    jurisdiction: str


class BlindUnitsCredited(ReturnEvent, kw_only=True):
    """Units were credited whose order nobody knows: what the books need to know of it."""

    selling_entity: str
    currency: str
    units: list[BlindUnits]
    charges: list[BlindCharge]
    occurred_at: datetime


class ReturnExpired(ReturnEvent, kw_only=True):
    """Nothing has come in time; ``credited_minor`` had been given already."""

    credited_minor: int


class ReturnClosed(ReturnEvent, kw_only=True):
    """Nothing is left to do."""


class HandlingCredited(ReturnEvent, kw_only=True):
    """A location was credited for taking back what others had sold, or has lost such a credit.

    Args:
        credit_id: its row.
        location_id: which location.
        minor: minor units of ``currency``; negative when an earlier credit is taken back.
    """

    credit_id: UUID
    location_id: UUID
    minor: int
    currency: str
    occurred_at: datetime
