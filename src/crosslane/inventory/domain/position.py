"""Positions: how many units of a variant lie where, in which condition, and whose they are."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec


class Condition(StrEnum):
    """What state units are in; only sellable ones are ever promised.

    What came back waits ``to_grade``; then it is sellable again, is made so (``refurbish``), or
    goes back to whom it was bought from (``to_vendor``).
    """

    SELLABLE = "sellable"
    DAMAGED = "damaged"
    QUARANTINE = "quarantine"
    DISPLAY = "display"
    TO_GRADE = "to_grade"
    REFURBISH = "refurbish"
    TO_VENDOR = "to_vendor"


class Reason(StrEnum):
    """What sort of movement changed a position.

    ``ALREADY_COUNTED`` undoes the on-hand part of a movement that turned up after a count or
    snapshot which had already seen its effect (see `Sheet.change`).
    """

    ALLOCATE = "allocate"
    CONFIRM = "confirm"
    RELEASE = "release"
    TRANSFER = "transfer"
    SHIP = "ship"
    RECEIVE = "receive"
    ADJUST = "adjust"
    REGRADE = "regrade"
    COUNT = "count"
    FEED_SNAPSHOT = "feed_snapshot"
    FEED_DELTA = "feed_delta"
    ALREADY_COUNTED = "already_counted"


class PositionKey(NamedTuple):
    """The place of a position; rows are always protected in the order of this key."""

    variant_id: UUID
    location_id: UUID
    condition: Condition
    owner_id: UUID

    @property
    def is_sellable(self) -> bool:
        """Whether its units may be promised."""
        return self.condition is Condition.SELLABLE


class Cause(msgspec.Struct, frozen=True):
    """Why stock moved: the document and the line of it.

    Args:
        kind: sort of document, such as ``order``, ``transfer``, ``adjustment`` or ``feed``.
        id: the document.
        line: its line; a document without lines repeats its own id.
    """

    kind: str
    id: UUID
    line: UUID


class Baseline(NamedTuple):
    """The latest count or snapshot of a position: later ``at`` wins, then the greater message.

    Args:
        at: when the units were true, not when we heard of it.
        message: id of the count or feed message, so that two of one instant have an order.
    """

    at: datetime
    message: str


class Position(msgspec.Struct):
    """One protected row, as a sheet holds it in memory.

    Args:
        held: units held per minute of expiry (minutes since 1970 UTC).
        safety_stock: units kept back here; None leaves it to the policy.
        own: the stock belongs to the entity that owns the location, so it is used first.
        unit_cost_milli: moving average cost, 1/1000 minor unit of the owner's book currency.
        movement_no: number of the last movement of this position.
    """

    id: UUID
    key: PositionKey
    on_hand: int = 0
    allocated: int = 0
    held: dict[int, int] = {}
    safety_stock: int | None = None
    own: bool = True
    unit_cost_milli: int | None = None
    movement_no: int = 0
    baseline: Baseline | None = None

    def free(self, minute: int) -> int:
        """Return units neither allocated nor held by a hold that outlives this minute."""
        unallocated = self.on_hand - self.allocated
        return unallocated - held_after(self.held, minute) if self.held else unallocated

    def promisable(self, minute: int) -> tuple[int, int | None]:
        """Return all of it that decides how much can be promised."""
        return self.free(minute), self.safety_stock

    def short(self) -> int:
        """Return allocated units that no longer lie here."""
        missing = self.allocated - self.on_hand if self.on_hand > 0 else self.allocated
        return missing if missing > 0 else 0


def held_after(held: Mapping[int, int], minute: int) -> int:
    """Return the units of all holds that expire later than this minute."""
    return sum(units for expires, units in held.items() if expires > minute)


class KeptBack(msgspec.Struct, frozen=True):
    """Units of a variant at a location that a channel's decision may not promise.

    Args:
        safety_units: safety stock, unless the position names its own number.
        fenced_units: ring-fenced for other channels.
        policy_ids: the policies these numbers come from, for explanations.
        withheld: the channel may promise nothing of it, such as of a vendor it does not sell for.
    """

    safety_units: int = 0
    fenced_units: int = 0
    policy_ids: tuple[UUID, ...] = ()
    withheld: bool = False


NOTHING_KEPT_BACK = KeptBack()
KeepsBack = Callable[[UUID, UUID, UUID | None], KeptBack]


class Reserves:
    """What policies keep back where, looked up when a decision asks.

    Args:
        of: answers for (variant, location, channel); None where no policy keeps anything back.
    """

    def __init__(self, of: KeepsBack | None = None) -> None:
        self._of = of

    @property
    def keep_nothing(self) -> bool:
        """Whether no policy keeps anything back anywhere."""
        return self._of is None

    def of(self, variant_id: UUID, location_id: UUID, channel_id: UUID | None) -> KeptBack:
        """Return what is kept back of a variant at a location from a channel."""
        if self._of is None:
            return NOTHING_KEPT_BACK
        return self._of(variant_id, location_id, channel_id)


def available_to_promise(free: int, own_safety: int | None, kept: KeptBack) -> int:
    """Return ATP = on hand − allocated − held − safety stock − ring-fences of other channels.

    Nothing is available of what is withheld from the channel.

    Args:
        free: on hand − allocated − held, summed over the owners' sellable positions.
        own_safety: safety stock set on the positions themselves; it beats the policy's.
        kept: what policies keep back from the channel that asks.

    Returns:
        Units; below zero when facts took more than was free.
    """
    safety = kept.safety_units if own_safety is None else own_safety
    available = free - safety - kept.fenced_units
    return min(available, 0) if kept.withheld else available
