"""What a run of the past under a change comes to, beside what was recorded."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from crosslane.sourcing.domain.carriage import travels
from crosslane.sourcing.domain.planning import PlannedParcel
from crosslane.sourcing.domain.problem import NO_CARRIAGE, Place, SourcingProblem
from crosslane.sourcing.domain.simulating import Answered, Decided, Simulation


class Figures(msgspec.Struct, kw_only=True):
    """What decisions came to.

    Args:
        costs_milli: of all plans by currency, by the costs that each was decided by.
        parcels: that locations send.
        split_parcels: those beyond the first of a decision.
        late_parcels: beyond what a location can send on the day, or after the wanted instant.
        units: that were placed.
        unfilled_units: that waited for stock in the end.
    """

    costs_milli: dict[str, int] = {}
    parcels: int = 0
    split_parcels: int = 0
    late_parcels: int = 0
    units: int = 0
    unfilled_units: int = 0

    def add(self, answered: Answered) -> None:
        """Count a decision; what waits is counted in the end."""
        parcels = answered.parcels.total()
        costs, currency = self.costs_milli, answered.problem.currency
        costs[currency] = costs.get(currency, 0) + answered.plan.cost_milli
        self.parcels += parcels
        self.split_parcels += max(0, parcels - 1)
        self.late_parcels += late_parcels(answered)
        self.units += sum(given.quantity for given in answered.plan.assignments)


class Work(msgspec.Struct, kw_only=True):
    """What a location had to do."""

    parcels: int = 0
    units: int = 0


class LocationDifference(msgspec.Struct, frozen=True):
    """The work of one location."""

    location: str
    recorded: Work
    simulated: Work


class OrderDifference(msgspec.Struct, kw_only=True):
    """An order on which something was decided otherwise.

    Args:
        order_id: the order.
        recorded: figures of all decisions on it.
        simulated: the same in the run.
        recorded_units: units by SKU and location, of all decisions.
        simulated_units: the same in the run.
    """

    order_id: UUID
    recorded: Figures
    simulated: Figures
    recorded_units: Mapping[str, Mapping[str, int]]
    simulated_units: Mapping[str, Mapping[str, int]]

    @property
    def more_milli(self) -> dict[str, int]:
        """What the run costs more, by currency."""
        before, after = self.recorded.costs_milli, self.simulated.costs_milli
        return {each: after.get(each, 0) - before.get(each, 0) for each in sorted(before | after)}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded decisions beside those of a run under a change.

    Args:
        decisions: that were made again.
        left_out: decisions on orders that were refused in the end.
        orders: that they were on.
        recorded: figures of the record.
        simulated: figures of the run.
        locations: work of every location that has any, by code.
        differences: orders decided otherwise, the largest change of cost first.
        overdrawn_units: units that the run promised and somebody else took in fact, such as a
            till; they would have been looked for anew.
    """

    decisions: int
    left_out: int
    orders: int
    recorded: Figures
    simulated: Figures
    locations: tuple[LocationDifference, ...]
    differences: tuple[OrderDifference, ...]
    overdrawn_units: int

    @property
    def is_empty(self) -> bool:
        """Whether the run decided everything as it was recorded."""
        return not self.differences


class _Sides:
    """Both figures of one order, and what was placed where."""

    def __init__(self) -> None:
        self.figures = Figures(), Figures()
        self.units: tuple[Any, Any] = ({}, {})
        self.differs = False


class Comparing:
    """Adds up decisions as they are made.

    Attributes:
        left_out: see :class:`Comparison`; counted by the caller.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._decisions = 0
        self._totals = Figures(), Figures()
        self._orders: dict[UUID, _Sides] = defaultdict(_Sides)
        self._work: dict[str, tuple[Work, Work]] = defaultdict(lambda: (Work(), Work()))

    def add(self, decided: Decided) -> None:
        """Count a decision on both sides."""
        self._decisions += 1
        sides = self._orders[decided.kept.order_id]
        both = decided.recorded, decided.simulated
        for number, answered in enumerate(both):
            self._totals[number].add(answered)
            sides.figures[number].add(answered)
            for code, parcels in answered.parcels.items():
                self._work[code][number].parcels += parcels
            for sku, places in answered.placed.items():
                here = sides.units[number].setdefault(sku, {})
                for code, units in places.items():
                    here[code] = here.get(code, 0) + units
                    self._work[code][number].units += units
        recorded, simulated = (answered.plan for answered in both)
        sides.differs |= recorded.encode() != simulated.encode()

    def result(self, simulation: Simulation) -> Comparison:
        """Return the comparison."""
        divergence = simulation.divergence
        waits = divergence.recorded_waiting, divergence.waiting
        for number, waiting in enumerate(waits):
            for demand, units in waiting.items():
                self._totals[number].unfilled_units += units
                if demand.order_id in self._orders:
                    sides = self._orders[demand.order_id]
                    sides.figures[number].unfilled_units += units
        return Comparison(
            decisions=self._decisions,
            left_out=self.left_out,
            orders=len(self._orders),
            recorded=self._totals[0],
            simulated=self._totals[1],
            locations=tuple(
                LocationDifference(code, *self._work[code]) for code in sorted(self._work)
            ),
            differences=tuple(self._differences()),
            overdrawn_units=sum(simulation.overdrawn.values()),
        )

    def _differences(self) -> list[OrderDifference]:
        found = [
            OrderDifference(
                order_id=order_id,
                recorded=sides.figures[0],
                simulated=sides.figures[1],
                recorded_units=sides.units[0],
                simulated_units=sides.units[1],
            )
            for order_id, sides in self._orders.items()
            if sides.differs
        ]
        return sorted(found, key=_change_of_cost)


def _change_of_cost(difference: OrderDifference) -> tuple[int, UUID]:
    return -sum(map(abs, difference.more_milli.values())), difference.order_id


def late_parcels(answered: Answered) -> int:
    """Return how many parcels are sent by full places or arrive after the wanted instant."""
    late = _late_places(answered.problem)
    return sum(
        _late_of(answered.problem, late[parcel.place], parcel)
        for parcel in answered.plan.parcels
        if parcel.place in late
    )


def _late_of(problem: SourcingProblem, place: Place, parcel: PlannedParcel) -> int:
    if place.is_full or place.tariff == NO_CARRIAGE:
        return parcel.parcels
    return sum(way.overdue_days > 0 for _, way in travels(problem, place, parcel.weight_grams))


def _late_places(problem: SourcingProblem) -> dict[str, Place]:
    return {place.code: place for place in problem.places if place.overdue_days or place.is_full}
