"""A purchase order and what messages do to it; pure.

Figures are added up as they are told: the same messages in any order end in the same order. What
does not go together (more shipped than was wanted) is a problem for people, never a lost fact.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.kernel import format_instant, line_amount
from crosslane.vendors.domain.messages import (
    Acknowledge,
    Deliver,
    LineUnits,
    SendInvoice,
    SentParcel,
    Ship,
    Short,
    VendorMessage,
)

Delivery = Literal["waiting", "sent", "refused", "undelivered"]
Problem = Literal["undelivered", "refused", "silent", "surplus", "no_cost"]


class PurchaseLine(msgspec.Struct, kw_only=True):
    """Units of an order line that a vendor is to ship.

    Args:
        line_id: the order line.
        position: 1 for the first of the purchase order.
        unit_cost_milli: agreed cost in 1/1000 minor unit, None when nothing was agreed.
        withdrawn: units we took back.
        short: units the vendor will not ship.
        shipped: units that are in its parcels.
        invoiced: units on accepted invoices.
    """

    line_id: UUID
    position: int
    variant_id: UUID
    sku: str
    vendor_sku: str
    title: str
    quantity: int
    unit_cost_milli: int | None
    withdrawn: int = 0
    short: int = 0
    shipped: int = 0
    invoiced: int = 0

    @property
    def wanted(self) -> int:
        """Units neither withdrawn nor short."""
        return max(0, self.quantity - self.withdrawn - self.short)

    @property
    def left(self) -> int:
        """Units still to be shipped."""
        return max(0, self.wanted - self.shipped)

    @property
    def surplus(self) -> int:
        """Units shipped that were not wanted any more, or never."""
        return max(0, self.shipped - self.wanted)

    @property
    def owed(self) -> int:
        """Units that are to be paid for: nobody owes for more than was ordered."""
        return min(self.shipped, self.quantity)

    def cost_minor(self, units: int) -> int:
        """Return what the first units of the line cost; parts always add up."""
        return line_amount(self.unit_cost_milli or 0, units)


class PurchaseOrder(msgspec.Struct, kw_only=True):
    """What one vendor is asked to ship for one order.

    Args:
        id: that of the work it asks for.
        location_id: the vendor's location.
        entity_id: the legal entity that buys.
        order_id: the customer's order.
        reference: number of the customer's order, printed on the parcel.
        service: how fast the customer was promised it.
        ship_address_id: snapshot of where it goes.
        version: 1 at first, then counting up whenever we change it.
        answer_due_at: until when the vendor must have said anything.
        answered_at: business time of its earliest message.
        silent_at: when it was found to be silent.
        expected_on: day on which the goods leave.
        expected_by: which acknowledgement said so.
        settled: problems that a person has dealt with.
    """

    id: UUID
    location_id: UUID
    entity_id: UUID
    order_id: UUID
    reference: str
    currency: str
    service: str
    ship_address_id: UUID
    promised_at: datetime | None
    made_at: datetime
    answer_due_at: datetime
    version: int = 1
    delivery: Delivery = "waiting"
    delivery_reason: str = ""
    answered_at: datetime | None = None
    silent_at: datetime | None = None
    expected_on: date | None = None
    expected_by: str = ""
    settled: list[str] = []
    problems: list[str] = []
    lines: list[PurchaseLine] = []

    def line(self, line_id: UUID) -> PurchaseLine | None:
        """Return a line, or None."""
        return next((line for line in self.lines if line.line_id == line_id), None)

    @property
    def left(self) -> list[LineUnits]:
        """Units still to be shipped, by line."""
        return [LineUnits(line.line_id, line.left) for line in self.lines if line.left]


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel a vendor has sent, with its units by order line."""

    id: UUID
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime
    units: dict[UUID, int]
    arrived_at: datetime | None = None


class Supplied(msgspec.Struct, frozen=True):
    """Units that are owed for from now on, in minor units of the order's currency."""

    line_id: UUID
    quantity: int
    cost_minor: int


def fault_of(order: PurchaseOrder, message: VendorMessage) -> str:
    """Return why a message cannot be about this order, "" when it can."""
    match message:
        case Short():
            told: Iterable[UUID] = [line.line_id for line in message.lines]
        case Ship():
            told = [line.line_id for parcel in message.parcels for line in parcel.lines]
        case SendInvoice():
            told = [line.line_id for line in message.lines]
            if message.currency != order.currency:
                return f"the order is in {order.currency}"
            if len(set(told)) < len(message.lines):
                return "a line is invoiced twice"
        case Acknowledge() | Deliver():
            told = []
    known = {line.line_id for line in order.lines}
    strange = next((line_id for line_id in told if line_id not in known), None)
    return f"line {strange} is not on this order" if strange else ""


def acknowledge(order: PurchaseOrder, message: Acknowledge) -> bool:
    """Note when the goods will leave; the latest word counts. Tell whether the day is news."""
    said = f"{format_instant(message.occurred_at)} {message.id}"
    if message.expected_on is None or said <= order.expected_by:
        return False
    changed = message.expected_on != order.expected_on
    order.expected_on, order.expected_by = message.expected_on, said
    return changed


def answer(order: PurchaseOrder, at: datetime) -> None:
    """Note that the vendor has said anything at all."""
    order.answered_at = min(at, order.answered_at or at)


def short(order: PurchaseOrder, lines: Sequence[LineUnits]) -> None:
    """Count units that the vendor will not ship."""
    for units in lines:
        _line(order, units.line_id).short += units.quantity


def withdraw(order: PurchaseOrder, lines: Sequence[LineUnits]) -> None:
    """Count units that we do not want any more; the order has a new version to be sent."""
    for units in lines:
        line = _line(order, units.line_id)
        line.withdrawn = min(line.quantity, line.withdrawn + units.quantity)
    order.version += 1


def ship(order: PurchaseOrder, parcels: Sequence[Parcel]) -> list[Supplied]:
    """Count units that have left, and return those that are owed for from now on."""
    units: Counter[UUID] = Counter()
    for parcel in parcels:
        units.update(parcel.units)
    supplied: list[Supplied] = []
    for line_id, quantity in units.items():
        line = _line(order, line_id)
        before = line.owed
        line.shipped += quantity
        if line.owed > before:
            cost = line.cost_minor(line.owed) - line.cost_minor(before)
            supplied.append(Supplied(line_id, line.owed - before, cost))
    return supplied


def units_of(parcel: SentParcel) -> dict[UUID, int]:
    """Return the units in a parcel by order line."""
    units: Counter[UUID] = Counter()
    for line in parcel.lines:
        units[line.line_id] += line.quantity
    return dict(units)


def problems_of(order: PurchaseOrder) -> list[Problem]:
    """Return what a person should look at, without what a person has dealt with."""
    held: dict[Problem, bool] = {
        "undelivered": order.delivery == "undelivered",
        "refused": order.delivery == "refused",
        "silent": order.silent_at is not None and order.answered_at is None,
        "surplus": any(line.surplus for line in order.lines),
        "no_cost": any(line.shipped and line.unit_cost_milli is None for line in order.lines),
    }
    return [name for name, holds in held.items() if holds and name not in order.settled]


def _line(order: PurchaseOrder, line_id: UUID) -> PurchaseLine:
    line = order.line(line_id)
    if line is None:
        raise LookupError(f"line {line_id} is not on the order")
    return line
