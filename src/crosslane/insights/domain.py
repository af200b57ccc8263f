"""What lists look for in an order: its facets, and what of it is due when."""

from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.orders import NOWHERE, OrderState, Stage, earned, status, worth
from crosslane.payments import OrderMoney

WAITING = (Stage.OPEN, Stage.BACKORDERED)
UNSENT = (Stage.RELEASED, Stage.PICKED, Stage.PACKED, Stage.ALLOCATED, *WAITING)
SOON = timedelta(hours=24)
"""A promise that ends within this time is soon to be kept."""
FACETS_RARE_FIRST = (
    "stop",
    "money",
    "waiting",
    "promise",
    "touched",
    "returned",
    "split",
    "held",
    "location",
    "status",
    "open",
    "method",
    "channel",
)
"""What facets begin with, those few orders have first: a list walks along the rarest it can."""
COUNTED_APART = "cost"
"""Planned costs by currency: counted, but nothing anybody would list by."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An order as lists know it.

    Args:
        facets: words such as ``channel:web``, sorted.
        due_at: the earliest promise of units that are not handed over, None for none.
        planned_milli: what its first decisions would cost, None where nothing was to be decided.
        touched: somebody changed it by hand.
    """

    order_id: UUID
    placed_at: datetime
    facets: tuple[str, ...]
    due_at: datetime | None
    planned_milli: int | None
    touched: bool


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What other modules know of an order.

    Args:
        money: what was paid and given back.
        problem: money was refused, or nobody knows of it.
        delivered: by line, when the last of its units reached the customer.
        planned_milli: what its first decisions would cost, None for no decision.
        planned_currency: the currency of that.
        touched: somebody changed it by hand.
    """

    money: OrderMoney
    problem: bool = False
    delivered: Mapping[UUID, datetime] = {}
    planned_milli: int | None = None
    planned_currency: str = ""
    touched: bool = False


def listed(state: OrderState, known: Known, codes: Mapping[UUID, str]) -> Listed:
    """Return how lists know an order.

    Args:
        state: the order.
        known: what other modules know of it.
        codes: codes of locations by id.
    """
    order = state.order
    facets = {
        f"channel:{order.channel}",
        f"status:{status(state)}",
        *(f"method:{line.method}" for line in state.stock_lines),
        *(f"location:{codes[at]}" for at in _concerned(state) if at in codes),
        *_money(state, known),
        *_promise(state, known.delivered),
    }
    if order.closed_at is None:
        facets.add("open")
        # What is left open on an order that has ended needs nobody.
        facets |= {f"stop:{stop.kind}" for stop in state.troubles}
        facets |= {"held"} if state.troubles else set()
    if any(_units(state, WAITING)):
        facets.add("waiting")
    if state.returned:
        facets.add("returned")
    if len(_sources(state)) > 1:
        facets.add("split")
    if known.touched:
        facets.add("touched")
    if known.planned_milli is not None:
        facets.add(f"{COUNTED_APART}:{known.planned_currency}")
    return Listed(
        order_id=order.id,
        placed_at=order.placed_at,
        facets=tuple(sorted(facets)),
        due_at=_due_at(state),
        planned_milli=known.planned_milli,
        touched=known.touched,
    )


def rarest(facets: Set[str]) -> str:
    """Return the facet that the fewest orders have, as far as can be said without counting."""
    return min(facets, key=lambda facet: (_place(facet), facet))


def _place(facet: str) -> int:
    kind = facet.partition(":")[0]
    return FACETS_RARE_FIRST.index(kind) if kind in FACETS_RARE_FIRST else -1


def _concerned(state: OrderState) -> set[UUID]:
    """Return the locations whose people see the order, as orders themselves say."""
    lying = {b.location_id for line in state.lines for b in state.buckets.of(line.id)}
    return (lying | {line.store_id for line in state.lines if line.store_id}) - {NOWHERE}


def _sources(state: OrderState) -> set[UUID]:
    """Return from where goods are sent to the customer."""
    return {
        bucket.location_id
        for line in state.stock_lines
        if line.method == "ship"
        for bucket in state.buckets.of(line.id)
        if bucket.location_id != NOWHERE
    }


def _units(state: OrderState, stages: tuple[Stage, ...]) -> list[int]:
    return [state.buckets.units_in(line.id, stages) for line in state.stock_lines]


def _due_at(state: OrderState) -> datetime | None:
    return min(
        (
            line.promised_at
            for line in state.stock_lines
            if line.promised_at and state.buckets.units_in(line.id, UNSENT)
        ),
        default=None,
    )


def _money(state: OrderState, known: Known) -> set[str]:
    money, found = known.money, set[str]()
    paid = money.captured_minor - money.refunded_minor - money.charged_back_minor
    unsettled = any(
        tender.captured_minor - tender.refunded_minor > tender.settled_minor
        for tender in money.tenders
        if tender.method == "on_account"
    )
    if earned(state).gross_minor > paid or unsettled:
        found.add("money:owed")
    if paid > worth(state).gross_minor:
        found.add("money:back")
    if known.problem:
        found.add("money:problem")
    return found


def _promise(state: OrderState, delivered: Mapping[UUID, datetime]) -> set[str]:
    """Tell whether what was sent arrived as promised: missed at once, kept once all is there."""
    if not delivered:
        return set()
    promised = [
        line
        for line in state.stock_lines
        if line.method == "ship"
        and line.promised_at
        and state.buckets.units_in(line.id, (*UNSENT, Stage.HANDED_OVER, Stage.DELIVERED))
    ]
    if any(
        delivered[line.id] > line.promised_at
        for line in promised
        if line.promised_at and line.id in delivered
    ):
        return {"promise:missed"}
    there = all(
        line.id in delivered and not state.buckets.units_in(line.id, (*UNSENT, Stage.HANDED_OVER))
        for line in promised
    )
    return {"promise:kept"} if promised and there else set()
