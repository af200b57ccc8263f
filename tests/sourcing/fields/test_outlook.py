"""What stock is worth is found out from past demand, and used only when it surely saves."""

import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tidy.tree import REPOSITORY

from crosslane.sourcing.domain.outlook import (
    NO_LIMIT,
    NO_WAY,
    Answer,
    CounterSales,
    PastOrder,
    Question,
    Slot,
    Way,
)
from crosslane.sourcing.domain.problem import Tariff
from crosslane.sourcing.fields import WALK_IN, Demand
from crosslane.sourcing.fields.history import History
from crosslane.sourcing.fields.outlook import answer_to

WEEK_MINUTES = 7 * 1440
WAREHOUSE, STORE = 0, 1
TARIFF = Tariff(weights=(2_000, 10_000), prices_milli=(300_000, 600_000))


def asked(**given: Any) -> Question:
    """One article; a store from which parcels cost 0.50 less, where customers buy it too."""
    usual: dict[str, Any] = {
        "seed": 1,
        "futures": 40,
        "milliseconds_max": 20_000,
        "horizon_days": 7,
        "history_minutes": WEEK_MINUTES,
        "ways": [Way(TARIFF, 100_000), Way(TARIFF, 50_000)],
        "routes": [[0, 1]],
        "unit_milli": [0, 0],
        "late_milli": 300_000,
        "capacity": [[NO_LIMIT] * 7] * 2,
        "known_capacity_milli": [[0] * 7] * 2,
        "weights": [350],
        "unserved_milli": [700_000],
        "margin_milli": [400_000],
        "slots": [[Slot(WAREHOUSE, 500, 0), Slot(STORE, 20, 0)]],
        "orders": [PastOrder(0, n * WEEK_MINUTES // 60, ((0, 1),)) for n in range(60)],
        "sales": [CounterSales(0, STORE, 25)],
    }
    return Question(**(usual | given))


def test_a_unit_in_a_store_that_sells_out_is_worth_its_margin_and_in_the_warehouse_nothing():
    found = answer_to(asked())
    worth = {(variant, location): milli for variant, location, milli in found.scarcity_milli}
    assert found.scale_percent == 50  # all of it would do no better
    assert found.full_milli <= found.half_milli < found.myopic_milli
    assert worth.keys() == {(0, STORE)}
    # Dearer than the half pound that sending from the store saves; never more than a sale.
    assert 50_000 < worth[0, STORE] <= 400_000


def test_nothing_is_worth_anything_where_nobody_buys_and_all_is_left():
    found = answer_to(asked(slots=[[Slot(WAREHOUSE, 500, 0), Slot(STORE, 500, 0)]]))
    assert (found.scarcity_milli, found.capacity_milli, found.scale_percent) == ([], [], 0)
    assert found.myopic_milli == found.full_milli == found.half_milli > 0


def test_prices_that_no_longer_fit_are_not_published_again():
    """Demand has drifted: last week's prices keep stock for customers who do not come any more."""
    slots = [[Slot(WAREHOUSE, 500, 0), Slot(STORE, 500, 0, 400_000)]]
    found = answer_to(asked(slots=slots, sales=[], futures=1))
    assert found.full_milli > found.myopic_milli
    assert (found.scale_percent, found.scarcity_milli) == (0, [])


def test_a_parcel_of_a_full_day_is_worth_what_the_next_one_costs_more():
    capacity = [[NO_LIMIT] * 7, [5] * 7]
    slots = [[Slot(WAREHOUSE, 500, 0), Slot(STORE, 500, 0)]]
    heavy = [PastOrder(0, n * WEEK_MINUTES // 120, ((0, 1),)) for n in range(120)]
    # A second region that the store reaches far more cheaply.
    ways = [Way(TARIFF, 100_000), Way(TARIFF, 50_000), Way(TARIFF, 900_000)]
    orders = [
        msgspec.structs.replace(order, region=number % 2) for number, order in enumerate(heavy)
    ]
    found = answer_to(
        asked(
            capacity=capacity,
            slots=slots,
            sales=[],
            ways=ways,
            routes=[[0, 1], [2, 1]],
            orders=orders,
        )
    )
    days = {day for location, day, _ in found.capacity_milli if location == STORE}
    assert found.scale_percent > 0
    assert len(days) == 7
    assert all(location == STORE for location, _, _ in found.capacity_milli)


def test_where_no_way_leads_nothing_is_sent():
    found = answer_to(asked(routes=[[NO_WAY, NO_WAY]], sales=[]))
    assert found.scale_percent == 0
    # Every unit is left, at what that costs.
    assert found.myopic_milli % 700_000 < found.tried * 700_000
    assert found.myopic_milli > 0


def test_equal_questions_have_equal_answers():
    first, second = answer_to(asked()), answer_to(asked())
    assert msgspec.structs.replace(first, milliseconds=0) == msgspec.structs.replace(
        second, milliseconds=0
    )


def test_the_process_that_the_worker_starts_says_the_same():
    told = subprocess.run(
        [sys.executable, "-m", "crosslane.sourcing.fields.outlook"],
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        input=msgspec.msgpack.encode(asked()),
        capture_output=True,
        check=True,
    )
    found = msgspec.msgpack.decode(told.stdout, type=Answer)
    assert found.scarcity_milli == answer_to(asked()).scarcity_milli


def past(sizes: list[int]) -> Demand:
    orders = len(sizes)
    return Demand(
        at=np.zeros(orders),
        day=np.zeros(orders, np.int64),
        place=np.arange(orders),
        kind=np.zeros(orders, np.int64),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        variant=np.arange(sum(sizes)),
        quantity=np.arange(1, 1 + sum(sizes)),
    )


@settings(max_examples=40)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(0, 1000))
def test_an_order_that_comes_again_is_the_order_it_was(sizes: list[int], seed: int):
    orders = past(sizes)
    history = History(
        orders,
        memory_days=14.0,
        days=1.0,
        sold=np.array([5, 0]),
        slot_variant=np.array([0, 0]),
        slot_location=np.array([0, 1]),
    )
    future = history.draw(np.random.default_rng(seed), 3.0, 1)
    assert (np.diff(future.at) >= 0).all()
    assert future.starts[-1] == len(future.variant) == len(future.quantity)
    assert ((future.day == 0) == (future.at < 1.0)).all()
    for event, (place, kind) in enumerate(zip(future.place, future.kind, strict=True)):
        lines = slice(future.starts[event], future.starts[event + 1])
        if kind == WALK_IN:
            assert future.quantity[lines].tolist() == [1]
            continue
        then = slice(orders.starts[place], orders.starts[place + 1])
        assert (future.variant[lines] == orders.variant[then]).all()
        assert (future.quantity[lines] == orders.quantity[then]).all()


@pytest.mark.parametrize("age", [0.0, 14.0])
def test_as_much_comes_as_came_and_what_is_old_counts_less(age: float):
    orders = past([1] * 200)
    history = History(
        orders._replace(at=np.full(200, age)),
        memory_days=14.0,
        days=28.0,
        sold=np.zeros(1, np.int64),
        slot_variant=np.zeros(1, np.int64),
        slot_location=np.zeros(1, np.int64),
    )
    chance = np.random.default_rng(3)
    came = np.mean([len(history.draw(chance, 7.0, 6).at) for _ in range(200)])
    weighed = 14.0 / np.log(2.0) * 0.75
    assert came == pytest.approx(200 * 0.5 ** (age / 14.0) / weighed * 7.0, rel=0.05)
    assert history.events(7.0) == pytest.approx(came, rel=0.05)
