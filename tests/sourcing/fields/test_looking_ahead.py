"""Forecasts, prices and the policy that lives by them."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from crosslane.bench import FAMILIES, Family, made_up, write_instance
from crosslane.sourcing.fields import (
    NO_LIMIT,
    STANDARD,
    WALK_IN,
    Demand,
    Field,
    Forecast,
    Instance,
    State,
    estimated,
    forward_looking,
    load_instance,
    myopic,
    nearest_all,
    no_estimate,
)
from crosslane.sourcing.fields.prices import _worth

FEW = {"variants": 60, "regions": 12, "orders": 400}


def instance_of(tmp_path: Path, family: Family, seed: int = 1) -> Instance:
    file = tmp_path / "instance.npz"
    write_instance(file, made_up(family, seed))
    return load_instance(file)


def shop_and_warehouse(shop_units: int, warehouse_units: int, *, near: int = 0) -> Field:
    """One variant at a store (0) that is a little cheaper for parcels, and at a warehouse (1)."""
    return Field(
        parcel_milli=np.array([100_000, 150_000]),
        unit_milli=np.array([0, 0]),
        zone=np.array([[near], [near]]),
        carriage_milli=np.array([[400_000, 500_000]]),
        per_kg_milli=np.array([0]),
        breaks=np.array([1_000_000]),
        express_milli=np.array([0]),
        late_milli=500_000,
        weight=np.array([200_000]),
        unserved_milli=np.array([3_000_000]),
        margin_milli=np.array([2_000_000]),
        slot_starts=np.array([0, 2]),
        slot_location=np.array([0, 1]),
        extra_milli=np.array([0, 0]),
        capacity=np.array([[NO_LIMIT], [NO_LIMIT]]),
    )


def events(*told: tuple[float, int, int]) -> Demand:
    """Events of one unit of variant 0: (instant, kind, region or location)."""
    at, kind, place = (np.array(column) for column in zip(*told, strict=True))
    ones = np.ones(len(at), np.int64)
    starts = np.arange(len(at) + 1)
    return Demand(at, 0 * ones, place, kind, starts, 0 * ones, ones)


def forecast_of(units_a_day: float, seen: Demand | None = None, until: float = 0.0) -> Forecast:
    forecast = Forecast(np.array([units_a_day]), np.array([1.0]), 2, memory_days=10.0)
    if seen is not None:
        forecast.see(seen, until)
    return forecast


def price_of(field: Field, state: State, forecast: Forecast, until: float = 1.0):
    chance = np.random.default_rng(1)
    known = estimated(field, state, forecast, no_estimate(field), chance, until=until, futures=60)
    return known.prices()


def test_ample_stock_is_worth_nothing():
    state = State(np.array([500, 500]), np.zeros((2, 1), np.int64))
    prices = price_of(shop_and_warehouse(500, 500), state, forecast_of(20.0))
    assert (prices.scarcity_milli == 0).all()
    assert (prices.capacity_milli == 0).all()


def test_a_shelf_that_customers_will_empty_is_worth_their_margin():
    seen = events(*((0.1 * n / 20, WALK_IN, 0) for n in range(20)))
    state = State(np.array([5, 500]), np.zeros((2, 1), np.int64))
    prices = price_of(shop_and_warehouse(5, 500), state, forecast_of(1.0, seen, 0.1))
    shelf, warehouse = prices.scarcity_milli.tolist()
    # Two hundred a day want five units, each of them worth two million milli.
    assert 1_900_000 <= shelf <= 2_000_000
    assert warehouse == 0


def test_stock_that_runs_out_everywhere_is_worth_what_is_lost_with_an_order():
    state = State(np.array([0, 4]), np.zeros((2, 1), np.int64))
    prices = price_of(shop_and_warehouse(0, 4), state, forecast_of(200.0))
    # Three million are lost with an order, 550 thousand are spent on one.
    assert 2_350_000 <= prices.scarcity_milli[1] <= 2_450_000


def test_a_day_that_will_be_full_is_worth_what_lateness_or_the_next_place_costs():
    field = shop_and_warehouse(500, 500)._replace(capacity=np.array([[3], [NO_LIMIT]]))
    state = State(np.array([500, 500]), np.zeros((2, 1), np.int64))
    prices = price_of(field, state, forecast_of(60.0))
    # The warehouse sends at fifty thousand more; nobody waits to be late for five hundred.
    assert 45_000 <= prices.capacity_milli[0, 0] <= 50_000
    assert prices.capacity_milli[1, 0] == 0


def test_a_parcel_of_a_full_day_is_worth_no_more_than_lateness():
    field = shop_and_warehouse(500, 0)._replace(capacity=np.array([[3], [NO_LIMIT]]))
    state = State(np.array([500, 0]), np.zeros((2, 1), np.int64))
    prices = price_of(field, state, forecast_of(60.0))
    # Nobody else has any: all but three parcels are late, for less than to leave them unserved.
    assert 490_000 <= prices.capacity_milli[0, 0] <= field.late_milli


def test_what_the_last_takers_lost_is_their_mean_and_nothing_while_units_remain():
    lost = np.array([[6, 2, 1], [4, 0, 0], [0, 5, 5], [0, 0, 0]])
    assert _worth(lost).tolist() == [3.0, 4.0, 0.0, 0.0]


def test_a_forecast_gives_way_to_what_is_seen():
    chance = np.random.default_rng(3)
    seen = events(*((n / 400, STANDARD, 0) for n in range(400)))
    drawn = [len(forecast_of(100.0).draw(chance, 1.0, 0).at) for _ in range(30)]
    corrected = [len(forecast_of(100.0, seen, 1.0).draw(chance, 2.0, 0).at) for _ in range(30)]
    # Before: a hundred units in orders of one or more lines, of one variant one. After: 400 a day.
    assert 35 <= np.mean(drawn) <= 70
    assert 300 <= np.mean(corrected) <= 400


def test_futures_are_well_formed():
    forecast = Forecast(np.full(50, 4.0), np.full(7, 1 / 7), 3, memory_days=1.0)
    seen = events((0.1, WALK_IN, 2), (0.2, WALK_IN, 2), (0.3, STANDARD, 4))
    forecast.see(seen, 0.5)
    future = forecast.draw(np.random.default_rng(1), 2.5, 1)
    assert (np.diff(future.at) >= 0).all()
    assert ((future.at >= 0.5) & (future.at <= 2.5)).all()
    assert set(future.day.tolist()) == {0, 1}
    assert future.starts[-1] == len(future.variant) == len(future.quantity)
    walks = future.kind == WALK_IN
    assert set(future.place[walks].tolist()) == {2}
    assert (future.place[~walks] < 7).all()
    for event in range(len(future.at)):
        own = future.variant[future.starts[event] : future.starts[event + 1]]
        assert len(set(own.tolist())) == len(own) > 0


def test_without_demand_there_is_no_future_and_no_price():
    forecast = Forecast(np.zeros(1), np.ones(1), 2, memory_days=1.0)
    assert len(forecast.draw(np.random.default_rng(1), 1.0, 0).at) == 0
    state = State(np.array([1, 1]), np.zeros((2, 1), np.int64))
    assert (price_of(shop_and_warehouse(1, 1), state, forecast).scarcity_milli == 0).all()


def test_the_same_question_has_the_same_answer(tmp_path):
    instance = instance_of(tmp_path, Family(**FEW, stores=4, walk_ins=300))
    assert forward_looking(instance).outcome == forward_looking(instance).outcome


def test_nothing_is_known_of_the_future(tmp_path):
    """Whatever happens later, the answers until then stay the same."""
    instance = instance_of(tmp_path, Family(**FEW, stores=4, walk_ins=300))
    demand = instance.demand
    half = len(demand.at) // 2
    later = demand.starts[half]
    changed = msgspec.structs.replace(
        instance,
        demand=demand._replace(
            place=np.concatenate([demand.place[:half], demand.place[half:] * 0]),
            quantity=np.concatenate([demand.quantity[:later], demand.quantity[later:] + 1]),
        ),
    )
    one, other = forward_looking(instance), forward_looking(changed)
    assert (one.chosen[:later] == other.chosen[:later]).all()
    assert (one.chosen[later:] != other.chosen[later:]).any()


@pytest.mark.parametrize("name", FAMILIES)
def test_looking_ahead_is_never_much_dearer_than_each_order_alone(tmp_path, name):
    family = msgspec.structs.replace(FAMILIES[name], orders=1_000, variants=200)
    stores = min(family.stores, 30)
    instance = instance_of(tmp_path, msgspec.structs.replace(family, stores=stores))
    ahead, alone = forward_looking(instance).outcome, myopic(instance).outcome
    assert ahead.cost_milli <= alone.cost_milli * 101 // 100


@pytest.mark.parametrize("off", [0.7, 1.3])
def test_a_forecast_that_is_off_by_a_third_does_little_harm(tmp_path, off):
    instance = instance_of(tmp_path, Family(orders=1_000, variants=200))
    wrong = msgspec.structs.replace(instance, forecast=instance.forecast * off)
    ahead, alone = forward_looking(wrong).outcome, myopic(instance).outcome
    assert ahead.cost_milli <= alone.cost_milli * 101 // 100


def test_the_nearest_places_cost_no_less_than_the_best(tmp_path):
    """With stock for all no order takes what a later one needs."""
    instance = instance_of(tmp_path, Family(**FEW, cover=30.0, stores=0, walk_ins=0))
    assert nearest_all(instance).cost_milli >= myopic(instance).outcome.cost_milli
