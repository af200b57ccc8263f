"""Stops: holding an order back, and letting it go again.

A stop that is raised after the release recalls the work: what is not packed yet is allocated again,
so that nobody can pick or pack it, and is offered anew when the stop is resolved. What is packed
does not leave while the stop is open. A payment stop concerns units not released yet and recalls
none; nor can work be recalled that a vendor does in a house of its own.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane import locations
from crosslane.kernel import Refusal
from crosslane.locations import Network
from crosslane.orders.domain import (
    HOLDS_WORK,
    RECALLED,
    Move,
    OrderState,
    RaisedKind,
    Stage,
    Stop,
    StopKind,
    is_settled,
)
from crosslane.orders.errors import NoSuchOrder, NoSuchStop, OrderClosed, StopNotYours
from crosslane.orders.service.naming import OfOrder
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import states
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

REASON_CHARACTERS_MAX = 500


class RaiseStop(OfOrder, frozen=True):
    """Hold an order back.

    Args:
        order_id: the order.
        kind: who may let it go again depends on it.
        reason: for the people who look at it.
    """

    kind: RaisedKind
    reason: str


class ResolveStop(OfOrder, frozen=True):
    """Let an order go.

    Args:
        order_id: the order.
        stop_id: the stop on it.
        resolution: what was found, for the record.
    """

    stop_id: UUID
    resolution: str


class StopAnswer(msgspec.Struct, frozen=True):
    """The stop that was raised or resolved, and how many still hold the order back."""

    stop_id: UUID
    open_stops: int


def permission_to_resolve(kind: StopKind) -> str:
    """Return the permission that resolving a stop of this kind takes."""
    return f"orders:resolve_{kind}"


async def raise_stops(tx: Tx, commands: Sequence[Command[RaiseStop]]) -> list[StopAnswer | Refusal]:
    """Raise stops and recall the work on their orders; refused when the order is closed."""
    network = await locations.network(tx)
    sheet = await Sheet.open(tx, {c.body.order_id for c in commands})
    outcomes: list[StopAnswer | Refusal] = []
    for command in commands:
        wish = command.body
        state = sheet.states.get(wish.order_id)
        if state is None:
            outcomes.append(NoSuchOrder(order=str(wish.order_id)))
        elif is_settled(state):
            outcomes.append(OrderClosed())
        else:
            doing = Doing(command, tx.now, "stop")
            stop = sheet.raise_stop(wish.order_id, wish.kind, wish.reason, doing)
            if wish.kind in HOLDS_WORK:
                _recall(sheet, state, stop, network, doing)
            open_stops = len(sheet.states[wish.order_id].open_stops)
            outcomes.append(StopAnswer(stop.id, open_stops))
    await sheet.write(tx)
    return outcomes


def _recall(sheet: Sheet, state: OrderState, stop: Stop, network: Network, doing: Doing) -> None:
    moves = [
        Move(line.id, b.location_id, b.stage, b.location_id, Stage.ALLOCATED, b.quantity, doing.why)
        for line in state.stock_lines
        for b in state.buckets.of(line.id)
        if b.stage in RECALLED and network.by_id[b.location_id].kind != "vendor"
    ]
    if moves:
        sheet.call_back(state.order.id, moves, f"{stop.kind} stop", doing)


async def lock_stopped(tx: Tx, order_ids: Sequence[UUID]) -> set[UUID]:
    """Lock orders, and return those whose goods may not leave because a stop is open."""
    await states.lock_heads(tx, order_ids)
    return await states.list_stopped(tx, order_ids, HOLDS_WORK)


async def resolve_stops(
    tx: Tx, commands: Sequence[Command[ResolveStop]]
) -> list[StopAnswer | Refusal]:
    """Resolve stops; an order without any goes on by itself."""
    sheet = await Sheet.open(tx, {c.body.order_id for c in commands})
    outcomes: list[StopAnswer | Refusal] = []
    for command in commands:
        outcomes.append(_resolve(tx, sheet, command))
    await sheet.write(tx)
    return outcomes


def _resolve(tx: Tx, sheet: Sheet, command: Command[ResolveStop]) -> StopAnswer | Refusal:
    wish = command.body
    state = sheet.states.get(wish.order_id)
    if state is None:
        return NoSuchOrder(order=str(wish.order_id))
    stop = next((s for s in state.open_stops if s.id == wish.stop_id), None)
    if stop is None:
        return NoSuchStop(stop=str(wish.stop_id))
    permission = permission_to_resolve(stop.kind)
    if not command.actor.may(permission):
        return StopNotYours(kind=stop.kind, permission=permission)
    doing = Doing(command, tx.now, "stop")
    sheet.resolve_stop(wish.order_id, stop, wish.resolution, doing)
    return StopAnswer(stop.id, len(sheet.states[wish.order_id].open_stops))


RAISE_STOP = CommandKind("orders.raise_stop", RaiseStop, StopAnswer, raise_stops)
RESOLVE_STOP = CommandKind("orders.resolve_stop", ResolveStop, StopAnswer, resolve_stops)
