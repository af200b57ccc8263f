"""What is done with many orders at once: shown before, then done to each order for itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import orders
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order_filters import STATES, STOPS, TONES, address, parameters_of
from crosslane.kernel import Refusal
from crosslane.orders import (
    CANCEL,
    RESOLVE_STOP,
    RESOURCE,
    CancelUnits,
    OrderState,
    ResolveStop,
    Resource,
    Stage,
)
from crosslane.platform.lane import CommandKind
from crosslane.platform.screens import Form, Viewer, form, read_form, see_other
from crosslane.platform.web import Caller

ORDERS_MAX = 100
REASON_CHARACTERS_MAX = 500
TO_CANCEL = (
    Stage.OPEN,
    Stage.BACKORDERED,
    Stage.ALLOCATED,
    Stage.RELEASED,
    Stage.PICKED,
    Stage.PACKED,
)
TO_RESOURCE = (Stage.OPEN, Stage.BACKORDERED, Stage.ALLOCATED)


class Deed(msgspec.Struct, frozen=True):
    """Something that is done to many orders.

    Args:
        title: of its pages, and of the button that does it.
        text: what it does.
        path: where its form is sent to.
        permission: what it takes.
        danger: it cannot be taken back.
    """

    title: str
    text: str
    path: str
    permission: str
    danger: bool = False


DEEDS: Mapping[str, Deed] = {
    "resolve": Deed(
        "Resolve stops",
        "Stops you may resolve are lifted. An order that nothing holds back goes on.",
        "/office/orders/stops",
        "orders:stop",
    ),
    "resource": Deed(
        "Source anew",
        "Where goods come from that nobody works on yet is decided again.",
        "/office/orders/sourcing",
        "orders:amend",
    ),
    "cancel": Deed(
        "Cancel orders",
        "All units that are still here are cancelled, and money paid for them goes back.",
        "/office/orders/cancellations",
        "orders:cancel",
        danger=True,
    ),
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One of the orders something is done to.

    Args:
        order: the order.
        units: how many units it concerns.
        stops: id and kind of the stops it concerns.
        refusal: why it was not done, None before and when it was.
    """

    order: orders.OrderSummary
    units: int = 0
    stops: tuple[tuple[UUID, str], ...] = ()
    refusal: Refusal | None = None

    @property
    def concerned(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.units or self.stops)


@form("/office/orders/deeds", permission="orders:read", command=None)
async def preview_order_deed(caller: Caller, request: Request, data: bytes) -> Response:
    """Show what would be done to the orders that were picked."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        name = fields.text("deed")
        picked = _picked(fields)
        if name not in DEEDS or not viewer.may(DEEDS[name].permission) or not picked:
            return see_other(_back(fields), toast=PAGES.words(viewer)("Pick orders first."))
        states = await orders.list_states(tx, picked)
        parts = _parts(name, viewer, states, await orders.list_summaries(tx, list(states)))
    return _answer(viewer, name, fields, parts)


@form("/office/orders/stops", permission="orders:stop", command=RESOLVE_STOP)
async def resolve_stops_of_orders(caller: Caller, request: Request, data: bytes) -> Response:
    """Resolve the open stops of several orders."""
    shown = set(read_form(data).texts("stop"))

    def wishes(state: OrderState, reason: str) -> list[Any]:
        # Those that were shown, resolved by now or not: sent again, a form asks the same.
        return [
            ResolveStop(state.order.id, stop.id, reason)
            for stop in state.stops
            if str(stop.id) in shown
        ]

    return await _do("resolve", RESOLVE_STOP, caller, request, data, wishes)


@form("/office/orders/cancellations", permission="orders:cancel", command=CANCEL)
async def cancel_orders(caller: Caller, request: Request, data: bytes) -> Response:
    """Cancel what is left of several orders."""

    def wishes(state: OrderState, reason: str) -> list[Any]:
        return [CancelUnits(order_id=state.order.id, reason=reason)]

    return await _do("cancel", CANCEL, caller, request, data, wishes)


@form("/office/orders/sourcing", permission="orders:amend", command=RESOURCE)
async def resource_orders(caller: Caller, request: Request, data: bytes) -> Response:
    """Decide anew where the goods of several orders come from."""

    def wishes(state: OrderState, reason: str) -> list[Any]:
        return [Resource(order_id=state.order.id, reason=reason)]

    return await _do("resource", RESOURCE, caller, request, data, wishes)


async def _do(
    name: str,
    kind: CommandKind,
    caller: Caller,
    request: Request,
    data: bytes,
    wishes: Callable[[OrderState, str], list[Any]],
) -> Response:
    """Submit a command for each order, or for each stop of it, and tell what came of each."""
    fields = read_form(data)
    picked, reason = _picked(fields), fields.text("reason")[:REASON_CHARACTERS_MAX]
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        states = await orders.list_states(tx, picked)
        parts = _parts(name, viewer, states, await orders.list_summaries(tx, list(states)))
    if not reason:
        words = PAGES.words(viewer)
        return _answer(viewer, name, fields, parts, status=422, error=words("Say why."))
    bodies = {
        f"{order_id}/{number}": wish
        for order_id, state in states.items()
        for number, wish in enumerate(wishes(state, reason))
    }
    outcomes = await caller.submit_each(kind, bodies)
    refused = {
        UUID(key.partition("/")[0]): outcome
        for key, outcome in outcomes.items()
        if isinstance(outcome, Refusal)
    }
    tried = {UUID(key.partition("/")[0]) for key in outcomes}
    async with caller.read() as tx:
        now = {one.id: one for one in await orders.list_summaries(tx, list(states))}
    done = [
        msgspec.structs.replace(part, order=now[part.order.id], refusal=refused.get(part.order.id))
        for part in parts
        if part.order.id in tried
    ]
    left = [part for part in parts if part.order.id not in tried]
    return _answer(viewer, name, fields, done, left=left, done=True)


def _picked(fields: Form) -> list[UUID]:
    picked = []
    for text in fields.texts("order")[:ORDERS_MAX]:
        try:
            picked.append(UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(picked))


def _back(fields: Form) -> str:
    return address(parameters_of(fields.text("back")))


def _parts(
    name: str,
    viewer: Viewer,
    states: Mapping[UUID, OrderState],
    summaries: Sequence[orders.OrderSummary],
) -> list[Part]:
    stages = {"cancel": TO_CANCEL, "resource": TO_RESOURCE}.get(name, ())
    return [
        Part(
            order=one,
            units=sum(
                states[one.id].buckets.units_in(line.id, stages)
                for line in states[one.id].stock_lines
            ),
            stops=tuple(
                (stop.id, stop.kind)
                for stop in states[one.id].troubles
                if name == "resolve" and viewer.may(f"orders:resolve_{stop.kind}")
            ),
        )
        for one in summaries
    ]


def _answer(
    viewer: Viewer,
    name: str,
    fields: Form,
    parts: Sequence[Part],
    *,
    left: Sequence[Part] = (),
    done: bool = False,
    status: int = 200,
    error: str = "",
) -> Response:
    concerned = parts if done else [part for part in parts if part.concerned]
    return PAGES.answer(
        viewer,
        "order_deeds.html",
        status=status,
        deed=DEEDS[name],
        name=name,
        parts=concerned,
        left=left if done else [part for part in parts if not part.concerned],
        done=done,
        error=error,
        reason=fields.text("reason"),
        back=_back(fields),
        back_query=fields.text("back"),
        states=STATES,
        tones=TONES,
        stops=STOPS,
        orders_max=ORDERS_MAX,
    )


ROUTES = [
    preview_order_deed,
    resolve_stops_of_orders,
    cancel_orders,
    resource_orders,
]
