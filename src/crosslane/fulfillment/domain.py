"""The work of one location on one order, counted in units; pure."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.fulfillment.errors import (
    NoSuchFulfillmentLine,
    NotInState,
    TooManyPacked,
    TooManyPicked,
)
from crosslane.kernel import matching
from crosslane.organization import PolicyKind

State = Literal[
    "offered",
    "accepted",
    "picked",
    "packed",
    "ready",
    "in_transit",
    "shipped",
    "arrived",
    "collected",
    "unclaimed",
    "rejected",
    "cancelled",
]
FulfillmentMethod = Literal["ship", "pickup", "ship_to_store"]
ParcelState = Literal["packed", "shipped", "delivered", "void"]

SIGNED_NAME_CHARACTERS_MAX = 100
STROKES_CHARACTERS_MAX = 16_000
STROKES = r"(?:[ML][0-9]{1,3} [0-9]{1,3})+"

OPEN_STATES: frozenset[State] = frozenset(
    {"offered", "accepted", "picked", "packed", "ready", "in_transit"}
)
# Which state each verb needs the fulfillment order to be in.
NEEDED: dict[str, frozenset[State]] = {
    "accept": frozenset({"offered"}),
    "reject": frozenset({"offered", "accepted"}),
    "pick": frozenset({"accepted", "picked"}),
    "pack": frozenset({"accepted", "picked", "packed"}),
    "collect": frozenset({"ready"}),
}
# The last state of work whose units were not all taken out of it.
DONE: dict[FulfillmentMethod, State] = {
    "ship": "shipped",
    "pickup": "collected",
    "ship_to_store": "arrived",
}


class WorkLine(msgspec.Struct):
    """Units of one order line at this location.

    Args:
        line_id: the order line.
        quantity: units the location was given.
        picked: taken from the shelf and not packed yet.
        packed: in a parcel, or put aside for the customer.
        gone: handed over.
        passed: arrived at the store, where they are work of their own now.
        removed: cancelled, short or rejected.
    """

    id: UUID
    line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    quantity: int
    picked: int = 0
    packed: int = 0
    gone: int = 0
    passed: int = 0
    removed: int = 0

    @property
    def to_pick(self) -> int:
        """Units still on the shelf."""
        done = self.picked + self.packed + self.gone + self.passed + self.removed
        return self.quantity - done


class Parcel(msgspec.Struct, kw_only=True):
    """A parcel.

    Args:
        number: 1 for the first of its fulfillment order.
        lines: units by work line; those cancelled on the way to a store are not counted.
        label_id: its label, None until asked for, and for a parcel of a vendor.
        tracking_url: where a vendor says it can be followed; a label has its own.
        handed_over_at: when the carrier's driver took it, None until the location says so.
    """

    id: UUID
    number: int
    weight_grams: int
    state: ParcelState
    packed_at: datetime
    lines: dict[UUID, int]
    label_id: UUID | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    handed_over_at: datetime | None = None

    @property
    def held_back(self) -> bool:
        """Whether it has its number and its order does not let it go."""
        return self.state == "packed" and bool(self.tracking_number)


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody has signed with at the counter.

    Args:
        name: of who signed.
        strokes: the pen's way on a field of 600 by 200, as a path of SVG made of M and L.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=SIGNED_NAME_CHARACTERS_MAX)]
    strokes: Annotated[str, matching(STROKES, max_length=STROKES_CHARACTERS_MAX)]


class Proof(msgspec.Struct, frozen=True):
    """A signature as it was kept; without strokes once its person is forgotten."""

    name: str
    strokes: str
    signed_at: datetime


class LeavingParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that waits for its carrier's driver.

    Args:
        number: 1 for the first of its fulfillment order ``work_id``.
        tracking_number: "" until the carrier has numbered it.
    """

    id: UUID
    work_id: UUID
    order_number: str
    service: str
    method: FulfillmentMethod
    number: int
    carrier: str
    tracking_number: str
    state: ParcelState
    label_id: UUID | None
    packed_at: datetime

    @property
    def held_back(self) -> bool:
        """Whether it has its number and its order does not let it go."""
        return self.state == "packed" and bool(self.tracking_number)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one owner and cost that a parcel to a store took with it.

    Args:
        no: 1 for the first of its work line in the parcel.
        unit_cost_milli: 1/1000 minor unit of the owner's book currency, None when unknown.
    """

    parcel_id: UUID
    work_line_id: UUID
    no: int
    owner_id: UUID
    unit_cost_milli: int | None
    quantity: int


class Work(msgspec.Struct, dict=True):
    """A fulfillment order: what one location does for one order in one way.

    Args:
        order_id: the order; likewise its number, channel and language.
        location_id: who supplies.
        store_id: where the customer collects, None when it is shipped.
        service: carrier service of its parcels.
        ship_address_id: snapshot of where it goes.
        pickup_code: what the customer shows, None unless it is collected.
        promised_at: when the customer was told to have it.
        placed_at: business time of the order.
        collect_by: until when the goods wait for the customer, None unless they are ready.
    """

    id: UUID
    order_id: UUID
    order_number: str
    channel: str
    locale: str
    location_id: UUID
    method: FulfillmentMethod
    store_id: UUID | None
    service: str
    ship_address_id: UUID | None
    state: State
    placed_at: datetime
    offered_at: datetime
    promised_at: datetime | None = None
    reason: str = ""
    pickup_code: str | None = None
    collect_by: datetime | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 1
    lines: list[WorkLine] = []
    parcels: list[Parcel] = []

    def line(self, line_id: UUID) -> WorkLine:
        """Return the work on an order line.

        Raises:
            NoSuchFulfillmentLine: the order line is not part of this work.
        """
        line = self.by_line.get(line_id)
        if line is None:
            raise NoSuchFulfillmentLine(line=str(line_id))
        return line

    @cached_property
    def by_line(self) -> dict[UUID, WorkLine]:
        """Its lines by order line."""
        return {line.line_id: line for line in self.lines}

    @property
    def units(self) -> int:
        """Units that are not removed."""
        return sum(line.quantity - line.removed for line in self.lines)

    @property
    def waits_for_shelf(self) -> int:
        """Units still to pick."""
        return sum(line.to_pick for line in self.lines)

    @property
    def in_transit(self) -> list[Parcel]:
        """Parcels on their way to the store."""
        if self.method != "ship_to_store":
            return []
        return [parcel for parcel in self.parcels if parcel.state == "shipped"]

    def in_transit_units(self, work_line_id: UUID) -> int:
        """Units of a work line that are on their way to the store and still wanted."""
        return sum(parcel.lines.get(work_line_id, 0) for parcel in self.in_transit)


def require_state(work: Work, verb: str) -> None:
    """Refuse a verb that does not fit the state.

    Raises:
        NotInState: with the states that would fit.
    """
    needed = NEEDED[verb]
    if work.state not in needed:
        raise NotInState(state=work.state, verb=verb, needed=" or ".join(sorted(needed)))


def take(work: Work, line_id: UUID, picked: int, short: int) -> WorkLine:
    """Count units taken from the shelf, and those that were not there.

    Raises:
        NoSuchFulfillmentLine: the order line is not part of this work.
        TooManyPicked: more are reported than are left.
    """
    line = work.line(line_id)
    if picked < 0 or short < 0 or picked + short > line.to_pick:
        raise TooManyPicked(sku=line.sku, units=picked + short, left=line.to_pick)
    line.picked += picked
    line.removed += short
    return line


def pack(work: Work, line_id: UUID, quantity: int) -> WorkLine:
    """Count picked units as packed.

    Raises:
        NoSuchFulfillmentLine: the order line is not part of this work.
        TooManyPacked: fewer are picked.
    """
    line = work.line(line_id)
    if not 0 < quantity <= line.picked:
        raise TooManyPacked(sku=line.sku, units=quantity, left=line.picked)
    line.picked -= quantity
    line.packed += quantity
    return line


def advance(work: Work, at: datetime) -> None:
    """Bring the state in line with the units after some of them moved."""
    gone = sum(line.gone + line.passed for line in work.lines)
    left = work.units - gone
    if not left:
        if work.state not in ("rejected", "cancelled", "unclaimed"):
            work.state = DONE[work.method] if gone else "cancelled"
        work.ended_at = work.ended_at or at
    elif not work.waits_for_shelf and any(line.picked for line in work.lines):
        work.state = "picked"
    elif not work.waits_for_shelf:
        packed = sum(line.packed - work.in_transit_units(line.id) for line in work.lines)
        if work.method == "pickup":
            work.state = "ready"
        else:
            work.state = "packed" if packed else "in_transit"


def remove(
    work: Work, line_id: UUID, stage: str, quantity: int, *, in_transit: bool = False
) -> int:
    """Take cancelled units out of the work; return how many of them were here.

    Args:
        work: the fulfillment order.
        line_id: the order line.
        stage: released, picked or packed: how far the order says they were.
        quantity: units cancelled.
        in_transit: take those on their way to the store instead of those that are here; they
            travel on, and become open stock where they arrive.
    """
    line = work.by_line.get(line_id)
    if line is None:
        return 0
    away = work.in_transit_units(line.id)
    here = {"released": line.to_pick, "picked": line.picked, "packed": line.packed - away}
    if in_transit:
        here = {"packed": away}
    units = min(quantity, here.get(stage, 0))
    if stage == "picked":
        line.picked -= units
    if stage == "packed":
        line.packed -= units
        _unpack(work.parcels, line.id, units, "shipped" if in_transit else "packed")
    line.removed += units
    return units


def _unpack(parcels: Sequence[Parcel], work_line_id: UUID, units: int, state: ParcelState) -> None:
    for parcel in reversed(parcels):
        if parcel.state == state and units:
            taken = min(units, parcel.lines.get(work_line_id, 0))
            if taken:
                parcel.lines[work_line_id] -= taken
                units -= taken
            if state == "packed" and not any(parcel.lines.values()):
                parcel.state = "void"


class Dispatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a location takes on and ends its work.

    Args:
        accepts_by_itself: work needs no accepting; warehouses never need it.
        short_pick_adjusts: units reported short are taken off the books, so that nobody is
            promised them again before they are counted.
        collect_days: days for which goods wait for their customer before they are given up.
    """

    accepts_by_itself: bool = False
    short_pick_adjusts: bool = True
    collect_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 14


DISPATCH = PolicyKind("fulfillment.dispatch", Dispatch, Dispatch(), scopes=("location", "tenant"))
