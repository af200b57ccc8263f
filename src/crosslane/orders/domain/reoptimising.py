"""Open orders that are decided anew together: which units may move, and where they go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.orders.domain.nouns import OrderLine, OrderState
from crosslane.orders.domain.stages import AT_A_LOCATION, Stage

UNDER_WAY = AT_A_LOCATION - {Stage.ALLOCATED}
RunState = Literal["asked", "decided", "done", "failed"]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding open orders anew came to.

    Args:
        decided: orders that were decided.
        aside: orders that were not, by reason.
        changed: orders that would be served otherwise.
        before_milli: what the decided orders cost as they were, in 1/1000 minor unit.
        after_milli: what they cost with all changes.
        bound_milli: they cannot cost less.
        took_milliseconds: time it took to decide.
        in_time: no limit of time cut it short.
    """

    decided: int = 0
    aside: Mapping[str, int] = {}
    changed: int = 0
    before_milli: int = 0
    after_milli: int = 0
    bound_milli: int = 0
    took_milliseconds: int = 0
    in_time: bool = True


class Reoptimised(Figures, frozen=True, kw_only=True):
    """One time at which open orders were decided anew: what was asked for, and what came of it.

    Args:
        id: identifier.
        asked_at: when it was asked for.
        asked_by: who asked; the clock as nobody in person.
        orders_max: how many orders it looks at.
        seconds: for how long it may be thought about.
        state: asked, decided (changes are under way), done, failed.
        moved: of the changed orders, those that were moved.
        left_alone: of those, the ones that something else had happened to meanwhile.
        reason: why it failed.
    """

    id: UUID
    asked_at: datetime
    asked_by: str
    orders_max: int
    seconds: int
    state: RunState = "asked"
    moved: int = 0
    left_alone: int = 0
    reason: str = ""


class LineMove(msgspec.Struct, frozen=True):
    """Allocated units of a line, where they are and where they are to be; often the same place."""

    line_id: UUID
    quantity: int
    from_id: UUID
    to_id: UUID


class Change(msgspec.Struct, frozen=True):
    """An order that is to be served otherwise.

    Args:
        order_id: the order.
        version: it must still be at it.
        lines: all its allocated units.
        before_milli: what serving them costs as it is.
    """

    order_id: UUID
    version: int
    lines: Sequence[LineMove]
    before_milli: int


def movable(state: OrderState) -> dict[UUID, tuple[UUID, int]]:
    """Return the units of an order that may be served otherwise: location and quantity by line.

    Only goods that are shipped home: for the others the customer has named the place. Nothing
    when any of them is worked on already, or a line comes from several places.
    """
    found: dict[UUID, tuple[UUID, int]] = {}
    for line in shipped(state):
        buckets = state.buckets.of(line.id)
        if any(bucket.stage in UNDER_WAY for bucket in buckets):
            return {}
        allocated = [bucket for bucket in buckets if bucket.stage is Stage.ALLOCATED]
        if len(allocated) > 1:
            return {}
        for bucket in allocated:
            found[line.id] = bucket.location_id, bucket.quantity
    return found


def shipped(state: OrderState) -> list[OrderLine]:
    """Return the lines that are shipped home."""
    return [line for line in state.stock_lines if line.method == "ship"]


def promised(state: OrderState, line_ids: Sequence[UUID]) -> datetime | None:
    """Return when the customer was told to have the first of some lines; None for no date."""
    told = [state.by_id[line_id].promised_at for line_id in line_ids]
    return min((at for at in told if at is not None), default=None)
