"""What happens to orders."""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.log import Event


class OrderEvent(Event):
    """Anything that happens to one order."""

    order_id: UUID

    @property
    def subject(self) -> str:
        """The order, so that its events are handled in order."""
        return f"order:{self.order_id}"


class OrderPlaced(OrderEvent):
    """An order was taken in, its stock allocated or backordered."""

    channel: str
    lines: int
    gross_minor: int
    currency: str


class OrderReady(OrderEvent):
    """No stop is open and there are allocated units: they may be released to their locations."""


class StopRaised(OrderEvent):
    """Something holds the order back."""

    stop_id: UUID
    stop_kind: str


class StopResolved(OrderEvent):
    """A stop was lifted."""

    stop_id: UUID
    stop_kind: str


class MoneyProblemRaised(OrderEvent):
    """A capture or refund was refused, or nobody could tell what became of it."""

    operation_id: UUID
    deed: str
    problem: str
    minor: int
    currency: str


class MoneyProblemResolved(OrderEvent):
    """The money has moved after all, or is not due any more."""

    operation_id: UUID


class LinesBackordered(OrderEvent):
    """Units that no location can supply now wait for stock."""

    line_ids: list[UUID]


class LinesResourced(OrderEvent):
    """Units that were open or backordered were allocated."""

    line_ids: list[UUID]


class MovedPromise(msgspec.Struct, frozen=True):
    """When a line that waits for stock was promised before, and is now; None for no date."""

    line_id: UUID
    before: datetime | None
    after: datetime | None


class PromiseMoved(OrderEvent):
    """Lines that wait for stock are promised for another day: goods are on their way, or not."""

    lines: list[MovedPromise]


class CancelledUnits(msgspec.Struct, frozen=True):
    """Units of one line taken off one location."""

    line_id: UUID
    location_id: UUID
    stage: str
    quantity: int


class LinesCancelled(OrderEvent):
    """Units were cancelled; those released to a location must not be worked on any more.

    ``taken_out``: the location itself gave them up, so its work knows of it already.
    """

    units: list[CancelledUnits]
    reason: str
    amendment_no: int
    taken_out: bool = False


class UnitsRecalled(OrderEvent):
    """Units were called back from their location while the order still wants them.

    Nobody must work on them any more: other stock is looked for, or a stop holds the order back and
    they stay allocated where they are.
    """

    units: list[CancelledUnits]
    reason: str


class OrderAmended(OrderEvent):
    """The order was changed by an amendment other than a cancellation."""

    amendment_no: int
    amendment_kind: str
    gross_delta_minor: int


class OwnedCost(msgspec.Struct, frozen=True):
    """What units have cost the entity that owned them, in minor units of its book currency."""

    owner_id: UUID
    cost_minor: int
    quantity: int = 0


class HandedOverUnits(msgspec.Struct, frozen=True):
    """Units of one line given to the customer or the carrier, with their share of the money."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    tax_class: str
    jurisdiction: str
    costs: list[OwnedCost]


class ChargedSum(msgspec.Struct, frozen=True):
    """A charge that became due with the first hand-over."""

    charge_id: UUID
    charge_kind: str
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    jurisdiction: str


class LinesHandedOver(OrderEvent):
    """Units left our hands: they are sold, and what they cost the customer is due."""

    cause: str
    units: list[HandedOverUnits]
    charges: list[ChargedSum]
    occurred_at: str


class ChargesDue(OrderEvent):
    """Charges were added after the first hand-over, so they are due at once."""

    charges: list[ChargedSum]


class CreditedUnits(msgspec.Struct, frozen=True):
    """Units of one line that came back, with what the customer got credited for them.

    ``location_id`` had handed them over: its sale is undone, wherever they came back to.
    """

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    net_minor: int
    tax_minor: int
    tax_rate_bp: int
    tax_class: str
    jurisdiction: str


class LinesCredited(OrderEvent):
    """Units came back, or money is given back without them: the customer owes less from now on.

    Amounts of units are what was credited. Those of charges are as on the order: negative when the
    customer gets something, and none when nothing was handed over yet, since charges only fall due
    with the first hand-over.
    """

    cause_kind: str
    cause_id: UUID
    units: list[CreditedUnits]
    charges: list[ChargedSum]
    occurred_at: str


class OrderClosed(OrderEvent):
    """Every unit is handed over or cancelled."""
