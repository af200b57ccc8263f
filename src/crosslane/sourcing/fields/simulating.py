"""An instance run under a change, beside the same instance as it is.

Both are decided order by order without prices. Locations of an instance have no codes; they are
named by their numbers.
"""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from crosslane.sourcing.fields.field import WALK_IN, Field, Ints, State, no_prices
from crosslane.sourcing.fields.instances import Instance
from crosslane.sourcing.fields.packing import UNSERVED, desk_for
from crosslane.sourcing.fields.replaying import Outcome, new_tally, outcome_of, replay

WHOLE_PERCENT = 100


class FieldTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What is otherwise in an instance.

    Args:
        closed: locations of which nothing is sent or sold.
        parcels_per_day: limit of a location on every day.
        parcel_milli: work of a parcel of a location.
        carriage_percent: of what carriage asks.
        late_milli: cost of a parcel beyond a location's limit; None for the same.
    """

    closed: frozenset[int] = frozenset()
    parcels_per_day: Mapping[int, int] = {}
    parcel_milli: Mapping[int, int] = {}
    carriage_percent: int = WHOLE_PERCENT
    late_milli: int | None = None


class FieldWork(msgspec.Struct, frozen=True):
    """The work of one location, walk-ins aside."""

    location: int
    parcels: int
    simulated_parcels: int
    units: int
    simulated_units: int


class FieldOrder(msgspec.Struct, frozen=True):
    """An event that was decided otherwise.

    Args:
        event: its number.
        recorded: location of each line as it is, UNSERVED for none.
        simulated: the same under the change.
    """

    event: int
    recorded: tuple[int, ...]
    simulated: tuple[int, ...]


class FieldComparison(msgspec.Struct, frozen=True, kw_only=True):
    """An instance beside itself under a change.

    Args:
        recorded: what it comes to as it is.
        simulated: what it comes to under the change.
        orders: events decided otherwise, walk-ins among them, in the order of time.
        locations: those whose work differs.
    """

    recorded: Outcome
    simulated: Outcome
    orders: tuple[FieldOrder, ...]
    locations: tuple[FieldWork, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the change made no difference."""
        return not self.orders and self.recorded == self.simulated


def simulate_instance(instance: Instance, trial: FieldTrial) -> FieldComparison:
    """Run an instance under a change, and as it is.

    Raises:
        ValueError: it names a location that there is not.
    """
    named = {*trial.closed, *trial.parcels_per_day, *trial.parcel_milli}
    unknown = sorted(named - set(range(len(instance.field.parcel_milli))))
    if unknown:
        raise ValueError(f"There is no location {', '.join(map(str, unknown))}.")
    before, sent_before, as_it_is = _run(instance.field, instance.start, instance)
    field, start = _tried(instance, trial)
    after, sent_after, otherwise = _run(field, start, instance)
    units_before, units_after = _units(instance, before), _units(instance, after)
    moved = np.flatnonzero((sent_before != sent_after) | (units_before != units_after))
    return FieldComparison(
        recorded=as_it_is,
        simulated=otherwise,
        orders=tuple(_orders(instance, before, after)),
        locations=tuple(
            FieldWork(number, *(int(each[number]) for each in
                      (sent_before, sent_after, units_before, units_after)))
            for number in moved.tolist()
        ),
    )  # fmt: skip


def _run(field: Field, start: State, instance: Instance) -> tuple[Ints, Ints, Outcome]:
    """Return the slot of each line, the parcels of each location, and what it came to."""
    state, tally = start.copy(), new_tally()
    chosen = np.full(len(instance.demand.variant), UNSERVED, np.int64)
    replay(field, desk_for(field), state, no_prices(field), instance.demand, chosen, tally, False)
    return chosen, state.sent.sum(axis=1), outcome_of(tally)


def _tried(instance: Instance, trial: FieldTrial) -> tuple[Field, State]:
    field, start = instance.field, instance.start.copy()
    capacity, parcel = field.capacity.copy(), field.parcel_milli.copy()
    for location, most in trial.parcels_per_day.items():
        capacity[location] = most
    for location, milli in trial.parcel_milli.items():
        parcel[location] = milli
    for location in trial.closed:
        start.stock[field.slot_location == location] = 0
    late = field.late_milli if trial.late_milli is None else trial.late_milli
    tried = field._replace(
        capacity=capacity,
        parcel_milli=parcel,
        carriage_milli=field.carriage_milli * trial.carriage_percent // WHOLE_PERCENT,
        per_kg_milli=field.per_kg_milli * trial.carriage_percent // WHOLE_PERCENT,
        late_milli=late,
    )
    return tried, start


def _orders(instance: Instance, before: Ints, after: Ints) -> Iterator[FieldOrder]:
    demand, location = instance.demand, instance.field.slot_location
    event = np.repeat(np.arange(len(demand.at)), np.diff(demand.starts))
    at = [np.where(chosen == UNSERVED, UNSERVED, location[chosen]) for chosen in (before, after)]
    for number in np.unique(event[before != after]).tolist():
        lines = slice(demand.starts[number], demand.starts[number + 1])
        yield FieldOrder(number, *(tuple(each[lines].tolist()) for each in at))


def _units(instance: Instance, chosen: Ints) -> Ints:
    """Return the units that each location sends to customers."""
    demand = instance.demand
    kind = np.repeat(demand.kind, np.diff(demand.starts))
    served = (chosen != UNSERVED) & (kind != WALK_IN)
    location = instance.field.slot_location[chosen[served]]
    locations = len(instance.field.parcel_milli)
    return np.bincount(location, demand.quantity[served], locations).astype(np.int64)
