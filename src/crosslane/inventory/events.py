"""What has happened to stock. Allocations have no events of their own: demand tells of those."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

import msgspec

from crosslane.platform.log import Event

DEMANDS_NAMED_MAX = 250
VARIANTS_NAMED_MAX = 1_000
MOVEMENTS_NAMED_MAX = 1_000


class StockEvent(Event, frozen=True, kw_only=True):
    """Something that happened to stock because of one document.

    Args:
        cause_kind: sort of document.
        cause_id: the document.
    """

    cause_kind: str
    cause_id: UUID

    @property
    def subject(self) -> str:
        """The document, so that stock in many hands shares no row of the log."""
        return f"{self.cause_kind}:{self.cause_id}"


class AvailabilityMoved(Event, frozen=True, kw_only=True):
    """More or less can be promised of some variants than before, now or from a later day.

    Told once for all that was decided together, so that a batch of orders is one event. What can be
    promised now is read from inventory; that holds run out by the clock, or policies change what
    is kept back, is told by nobody.

    Args:
        moved_id: of this event.
        variant_ids: what.
    """

    moved_id: UUID
    variant_ids: tuple[UUID, ...]

    @property
    def subject(self) -> str:
        """Each stands alone: whoever hears of it reads the present state."""
        return f"availability:{self.moved_id}"


class StockAdjusted(StockEvent, frozen=True, kw_only=True):
    """A person or a count corrected stock.

    Args:
        location_id: where.
        variant_ids: what.
    """

    location_id: UUID
    variant_ids: tuple[UUID, ...]


class StockReceived(StockEvent, frozen=True, kw_only=True):
    """More can be promised of some variants: goods arrived, were found or were reported.

    Args:
        location_id: where.
        variant_ids: what there is more of.
    """

    location_id: UUID
    variant_ids: tuple[UUID, ...]


class ValuedMovements(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an owner that came or went at a location, otherwise than by leaving for a customer.

    A feed tells of many articles at once, so these are lists of one length that belong together.

    Args:
        reason: what sort of movement it was.
        variant_ids: of what; an article that moved twice is there twice.
        quantities: units, negative when they went.
        unit_costs_milli: what one of them cost or is worth, 1/1000 minor unit of the owner's book
            currency; None when nobody knows.
    """

    owner_id: UUID
    reason: str
    variant_ids: tuple[UUID, ...]
    quantities: tuple[int, ...]
    unit_costs_milli: tuple[int | None, ...]

    def __iter__(self) -> Iterator[tuple[UUID, int, int | None]]:
        """Go through articles with units and cost."""
        return zip(self.variant_ids, self.quantities, self.unit_costs_milli, strict=True)


class AverageCost(msgspec.Struct, frozen=True, kw_only=True):
    """The average cost of a variant of an owner after a receipt; the greatest number is the last.

    Args:
        change_no: counts up by one with each change.
        average_milli: 1/1000 minor unit of the owner's book currency.
    """

    variant_id: UUID
    owner_id: UUID
    change_no: int
    average_milli: int


class StockValued(StockEvent, frozen=True, kw_only=True):
    """Stock changed in quantity or cost: what the books need to know of it.

    Args:
        location_id: where.
        occurred_at: when, in the business.
        movements: what came and went; units that left for a customer are told by the order.
        averages: costs that moved.
    """

    location_id: UUID
    occurred_at: datetime
    movements: tuple[ValuedMovements, ...]
    averages: tuple[AverageCost, ...]


class LosingDemand(msgspec.Struct, frozen=True):
    """A demand that goes without units it was promised."""

    cause_kind: str
    cause_id: UUID
    line_id: UUID
    quantity: int


class StockShort(StockEvent, frozen=True, kw_only=True):
    """A fact took stock that was promised.

    Args:
        variant_id: what.
        location_id: where.
        position_id: the position that is short.
        units: promised units that no longer lie there.
        losing: who goes without, the latest promise first; at most DEMANDS_NAMED_MAX.
    """

    variant_id: UUID
    location_id: UUID
    position_id: UUID
    units: int
    losing: tuple[LosingDemand, ...]


class PromiseArrived(Event, frozen=True, kw_only=True):
    """Goods arrived that were promised to a demand line; they are held for it.

    Args:
        cause_kind: sort of demand, such as ``order``.
        cause_id: the demand.
        line_id: its line.
        variant_id: what.
        location_id: where.
        hold_id: the hold to confirm.
        fence: its number.
        quantity: units.
    """

    cause_kind: str
    cause_id: UUID
    line_id: UUID
    variant_id: UUID
    location_id: UUID
    hold_id: UUID
    fence: int
    quantity: int

    @property
    def subject(self) -> str:
        """The demand."""
        return f"{self.cause_kind}:{self.cause_id}"


class IncomingChanged(Event, frozen=True, kw_only=True):
    """Promised goods will come on another day, or fewer of them.

    Args:
        incoming_id: the line.
        variant_id: what.
        location_id: where.
        available_on: the day from which they can now be had.
        losing: who goes without, the latest promise first; at most DEMANDS_NAMED_MAX.
    """

    incoming_id: UUID
    variant_id: UUID
    location_id: UUID
    available_on: date
    losing: tuple[LosingDemand, ...]

    @property
    def subject(self) -> str:
        """The line."""
        return f"incoming:{self.incoming_id}"


class IncomingFreed(Event, frozen=True, kw_only=True):
    """Units on their way can be promised that could not before: announced, or given up.

    Args:
        incoming_id: the line.
        variant_id: what.
        location_id: where.
    """

    incoming_id: UUID
    variant_id: UUID
    location_id: UUID

    @property
    def subject(self) -> str:
        """The line."""
        return f"incoming:{self.incoming_id}"


class SupplyReported(Event, frozen=True, kw_only=True):
    """One part of a feed's message was taken in and waits to be applied.

    Args:
        message_id: the message.
        part_no: which part of it.
    """

    message_id: UUID
    part_no: int

    @property
    def subject(self) -> str:
        """The message."""
        return f"supply:{self.message_id}"
