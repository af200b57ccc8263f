"""An instance beside itself under a change."""

import numpy as np
import pytest

from crosslane.sourcing.fields import (
    NO_LIMIT,
    STANDARD,
    UNSERVED,
    Demand,
    Field,
    FieldTrial,
    Instance,
    State,
    simulate_instance,
)


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.fixture
def instance() -> Instance:
    """Two locations hold three units each of one variant; four orders want one each."""
    field = Field(
        parcel_milli=ints(100, 200),
        unit_milli=ints(0, 0),
        zone=np.zeros((2, 1), np.int64),
        carriage_milli=np.full((1, 1), 1000, np.int64),
        per_kg_milli=ints(0),
        breaks=ints(),
        express_milli=ints(0),
        late_milli=50,
        weight=ints(1000),
        unserved_milli=ints(9000),
        margin_milli=ints(500),
        slot_starts=ints(0, 2),
        slot_location=ints(0, 1),
        extra_milli=ints(0, 0),
        capacity=np.full((2, 1), NO_LIMIT, np.int64),
    )
    demand = Demand(
        at=np.arange(4, dtype=np.float64),
        day=ints(0, 0, 0, 0),
        place=ints(0, 0, 0, 0),
        kind=np.full(4, STANDARD, np.int64),
        starts=np.arange(5),
        variant=ints(0, 0, 0, 0),
        quantity=ints(1, 1, 1, 1),
    )
    return Instance(
        field=field,
        start=State(ints(3, 3), np.zeros((2, 1), np.int64)),
        demand=demand,
        days=1,
        forecast=np.zeros(1),
        region_share=np.ones(1),
        distance_km=np.zeros((2, 1)),
        location_kind=ints(0, 1),
    )


def test_without_a_change_nothing_differs(instance: Instance):
    assert simulate_instance(instance, FieldTrial()).is_empty


def test_a_closed_location_sends_nothing(instance: Instance):
    found = simulate_instance(instance, FieldTrial(closed=frozenset({0})))
    assert (found.recorded.cost_milli, found.simulated.cost_milli) == (4500, 12_600)
    assert [order.recorded for order in found.orders] == [(0,), (0,), (0,), (1,)]
    assert [order.simulated for order in found.orders] == [(1,), (1,), (1,), (UNSERVED,)]
    assert [(at.parcels, at.simulated_parcels) for at in found.locations] == [(3, 0), (1, 3)]
    assert [(at.units, at.simulated_units) for at in found.locations] == [(3, 0), (1, 3)]
    assert instance.start.stock.tolist() == [3, 3]


def test_capacity_costs_and_carriage_are_tried(instance: Instance):
    tight = simulate_instance(instance, FieldTrial(parcels_per_day={0: 1}))
    assert (tight.simulated.late_parcels, tight.simulated.parcels) == (2, 4)
    strict = simulate_instance(instance, FieldTrial(parcels_per_day={0: 1}, late_milli=500))
    assert strict.simulated.late_parcels == 0
    dear = simulate_instance(instance, FieldTrial(parcel_milli={0: 900}))
    assert dear.simulated.sent_milli == 3 * 1200 + 1900
    carried = simulate_instance(instance, FieldTrial(carriage_percent=150))
    assert not carried.orders
    assert not carried.is_empty
    with pytest.raises(ValueError, match="no location 7"):
        simulate_instance(instance, FieldTrial(closed=frozenset({7})))
