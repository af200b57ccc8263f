"""What an order is worth, what of it is earned, and what a hand-over makes due.

A part of a line is worth the rounded share of its total, counted from the first unit, so parts
always add up to the whole whatever order they come in. Charges fall due with the first hand-over.
What was credited for units that came back is neither worth nor earned any more.
"""

from collections.abc import Callable
from uuid import UUID

import msgspec

from crosslane.kernel import rounded_ratio
from crosslane.orders.domain.nouns import OrderLine, OrderState
from crosslane.orders.domain.stages import GONE, SETTLED, Buckets, Stage


class Sum(msgspec.Struct, frozen=True):
    """An amount with its tax, in minor units."""

    net_minor: int = 0
    tax_minor: int = 0

    @property
    def gross_minor(self) -> int:
        """Net plus tax."""
        return self.net_minor + self.tax_minor

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.net_minor + other.net_minor, self.tax_minor + other.tax_minor)

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(self.net_minor - other.net_minor, self.tax_minor - other.tax_minor)


def portion(line: OrderLine, units: int) -> Sum:
    """Return what the first ``units`` of a line are worth."""
    if units == line.quantity:
        return Sum(line.net_minor, line.tax_minor)
    return Sum(
        rounded_ratio(line.net_minor, units, line.quantity),
        rounded_ratio(line.tax_minor, units, line.quantity),
    )


def part_of(whole: Sum, units: int, of: int) -> Sum:
    """Return what some units of a sum are worth, rounded in gross and in tax; all of it is exact.

    Args:
        whole: what all units are worth.
        units: how many are looked at.
        of: how many there are.
    """
    if units == of:
        return whole
    tax_minor = rounded_ratio(whole.tax_minor, units, of)
    return Sum(rounded_ratio(whole.gross_minor, units, of) - tax_minor, tax_minor)


def handed_over_units(buckets: Buckets, line_id: UUID) -> int:
    """Return how many units of a line have left our hands."""
    return buckets.units_in(line_id, GONE)


def worth(state: OrderState) -> Sum:
    """Return what the customer pays in all when everything not cancelled is handed over."""
    units = state.buckets.units
    return _sum(state, lambda line: line.quantity - units(line.id, Stage.CANCELLED))


def earned(state: OrderState) -> Sum:
    """Return what is due for what has been handed over so far, charges included."""
    return _sum(state, lambda line: handed_over_units(state.buckets, line.id))


def _sum(state: OrderState, units_of: Callable[[OrderLine], int]) -> Sum:
    """Return what some units of each line are worth, with the charges once there are any."""
    net_minor = tax_minor = total = 0
    for line in state.stock_lines:
        units = units_of(line)
        if units:
            part = portion(line, units)
            net_minor += part.net_minor
            tax_minor += part.tax_minor
            total += units
    for charge in state.charges if total else ():
        if not charge.cancelled:
            net_minor += charge.net_minor
            tax_minor += charge.tax_minor
    for back in state.returned:
        net_minor -= back.net_minor
        tax_minor -= back.tax_minor
    return Sum(net_minor, tax_minor)


def added_by(line: OrderLine, before: int, units: int) -> Sum:
    """Return what handing over ``units`` more is worth after ``before`` were handed over."""
    return portion(line, before + units) - portion(line, before)


def is_repriced(state: OrderState, line_id: UUID) -> bool:
    """Tell whether amendments have ever changed what the units of a line cost."""
    return line_id in state.prices_of


def changed_price(state: OrderState, line_id: UUID) -> Sum:
    """Return what amendments have changed the price of a line by, for its units not cancelled."""
    total = Sum()
    for charge in state.prices_of.get(line_id, ()):
        total += Sum(charge.net_minor, charge.tax_minor)
    return total


def credited(state: OrderState, line_id: UUID) -> Sum:
    """Return what was credited for units of a line that came back."""
    total = Sum()
    for back in state.returned_of.get(line_id, ()):
        total += Sum(back.net_minor, back.tax_minor)
    return total


def returned_units(state: OrderState, line_id: UUID) -> int:
    """Return how many units of a line came back."""
    return sum(back.quantity for back in state.returned_of.get(line_id, ()))


def kept_units(state: OrderState, line: OrderLine) -> int:
    """Return how many units of a line are neither cancelled nor back."""
    cancelled = state.buckets.units(line.id, Stage.CANCELLED)
    return line.quantity - cancelled - returned_units(state, line.id)


def remaining(state: OrderState, line: OrderLine) -> Sum:
    """Return what the units of a line that are neither cancelled nor back cost the customer."""
    present = line.quantity - state.buckets.units(line.id, Stage.CANCELLED)
    whole = portion(line, present) + changed_price(state, line.id)
    return whole - credited(state, line.id)


def fallen_change(state: OrderState, line: OrderLine, before: Sum, units: int) -> Sum:
    """Return what to change a line's price by when some units of a changed price are cancelled.

    The line is then worth the share of what it was worth before, rounded in gross and in tax.

    Args:
        state: the order after the cancellation, its charges still those of before.
        line: the line.
        before: what its units neither cancelled nor back were worth.
        units: how many those were.
    """
    if not is_repriced(state, line.id):
        return Sum()
    return part_of(before, kept_units(state, line), units) - remaining(state, line)


def expected_credit(state: OrderState) -> int:
    """Return what returns that exchanges wait for will be credited, in minor units.

    The goods that go out for them are on the order already, paid for by that credit.
    """
    units = state.buckets.units_in
    waiting = {
        line.amendment_no for line in state.stock_lines if units(line.id, SETTLED) < line.quantity
    }
    return sum(stop.expected_minor for stop in state.open_stops if stop.amendment_no in waiting)


class Settlement(msgspec.Struct, frozen=True):
    """What must happen to an order's money now.

    Args:
        capture_minor: to take from what is authorised.
        refund_minor: to give back of what was taken.
        closes: nothing more will be taken, what is still authorised is let go.
    """

    capture_minor: int = 0
    refund_minor: int = 0
    closes: bool = False


def settlement(state: OrderState, kept_minor: int, capturable_minor: int) -> Settlement:
    """Return what is to be done about an order's money now.

    What is earned is taken as far as it is authorised; what was taken beyond the worth of the
    order goes back. A prepaid tender is taken by payments itself, so it only ever goes back here.

    Args:
        state: order with its present buckets.
        kept_minor: taken and not given back, whatever is under way counted as done.
        capturable_minor: authorised and neither used nor set aside.
    """
    closes = is_settled(state)
    total = worth(state).gross_minor
    if kept_minor > total:
        return Settlement(refund_minor=kept_minor - max(total, 0), closes=closes)
    due = max(0, earned(state).gross_minor - kept_minor)
    return Settlement(capture_minor=min(due, capturable_minor), closes=closes)


def is_settled(state: OrderState) -> bool:
    """Tell whether every unit is handed over or cancelled."""
    return all(
        state.buckets.units_in(line.id, SETTLED) == line.quantity for line in state.stock_lines
    )
