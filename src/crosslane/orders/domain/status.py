"""The one word people see for an order, derived from its three axes and stored nowhere."""

from collections import Counter
from collections.abc import Set
from typing import Literal
from uuid import UUID

from crosslane.orders.domain.nouns import ENDS_BY_ITSELF, OrderState, StopKind
from crosslane.orders.domain.stages import Stage

Status = Literal[
    "awaiting_payment",
    "awaiting_return",
    "on_hold",
    "backordered",
    "confirmed",
    "in_progress",
    "partly_handed_over",
    "handed_over",
    "delivered",
    "partly_returned",
    "returned",
    "cancelled",
]


def status(state: OrderState) -> Status:
    """Return the status of an order."""
    units = state.buckets.by_stage(line.id for line in state.stock_lines)
    returned = sum(back.quantity for back in state.returned)
    return status_of(units, {stop.kind for stop in state.open_stops}, returned)


def status_of(units: Counter[Stage], stops: Set[StopKind], returned: int) -> Status:
    """Return the status of an order.

    A stop outweighs progress, and what still has to happen outweighs what has happened.

    Args:
        units: its units in each stage.
        stops: kinds of its open stops.
        returned: units that came back of those handed over.
    """
    stops = stops - set(ENDS_BY_ITSELF)
    gone = units[Stage.HANDED_OVER] + units[Stage.DELIVERED]
    waiting = units.total() - gone - units[Stage.CANCELLED]
    if waiting and stops:
        if stops == {"payment"}:
            return "awaiting_payment"
        return "awaiting_return" if stops == {"exchange"} else "on_hold"
    if not waiting:
        if not gone:
            return "cancelled"
        if returned:
            return "returned" if returned == gone else "partly_returned"
        return "handed_over" if units[Stage.HANDED_OVER] else "delivered"
    if gone:
        return "partly_handed_over"
    if units[Stage.RELEASED] or units[Stage.PICKED] or units[Stage.PACKED]:
        return "in_progress"
    return "confirmed" if units[Stage.ALLOCATED] else "backordered"


def is_ready(state: OrderState) -> bool:
    """Tell whether allocated units may be released to their locations now."""
    return any(
        state.buckets.units(line.id, Stage.ALLOCATED) and not state.is_held(line)
        for line in state.stock_lines
    )


def concerns(state: OrderState, location_id: UUID) -> bool:
    """Tell whether a location has to do with an order: its people may see it.

    Its units lie there, were sent to the customer from there, or are got there: a store knows the
    parcel of its own that is brought back to it. A location that failed its units, or lost them to
    a cancellation, has no more to do with the customer.
    """
    return any(
        line.store_id == location_id
        or any(bucket.location_id == location_id for bucket in state.buckets.of(line.id))
        for line in state.lines
    )
