"""Stops over HTTP."""

from uuid import UUID

import msgspec

from crosslane.orders import errors
from crosslane.orders.domain import RaisedKind
from crosslane.orders.service.placing.wishes import Reason
from crosslane.orders.service.stops import (
    RAISE_STOP,
    RESOLVE_STOP,
    RaiseStop,
    ResolveStop,
    StopAnswer,
)
from crosslane.platform.web import Caller, post


class NewStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds an order back."""

    kind: RaisedKind
    reason: Reason


@post(
    "/api/v1/orders/{order_id}/stops",
    permission="orders:stop",
    command=RAISE_STOP,
    raises=(errors.NoSuchOrder, errors.OrderClosed),
    example=NewStop("fraud", "the card's country differs from the address"),
)
async def raise_stop(caller: Caller, order_id: UUID, data: NewStop) -> StopAnswer:
    """Hold an order back."""
    return await caller.submit(RAISE_STOP, RaiseStop(order_id, data.kind, data.reason))


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found, for the record."""

    resolution: Reason


@post(
    "/api/v1/orders/{order_id}/stops/{stop_id}/resolution",
    permission="orders:stop",
    command=RESOLVE_STOP,
    raises=(errors.NoSuchOrder, errors.NoSuchStop, errors.StopNotYours),
    example=Resolution("the customer confirmed the order by telephone"),
)
async def resolve_stop(
    caller: Caller, order_id: UUID, stop_id: UUID, data: Resolution
) -> StopAnswer:
    """Let an order go; resolving a kind of stop takes a permission of its own."""
    return await caller.submit(RESOLVE_STOP, ResolveStop(order_id, stop_id, data.resolution))


ROUTES = [raise_stop, resolve_stop]
