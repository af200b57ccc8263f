"""One order at a time over arrays, against planners that share no code with it."""

import os
import subprocess
import sys
from itertools import pairwise

import highspy
import numpy as np
import pytest
from tests.sourcing.fields.test_joint import answers_to, random_instance

from crosslane.sourcing import (
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    plan,
)
from crosslane.sourcing.domain import TERMS, problem_of
from crosslane.sourcing.fields import (
    COMPILED,
    EXPRESS,
    LINES_MAX,
    UNSERVED,
    WALK_IN,
    Demand,
    Field,
    Prices,
    State,
    decide,
    decide_pieces,
    desk_for,
    new_tally,
    outcome_of,
    replay,
    room_for_pieces,
)
from crosslane.sourcing.fields.packing import cost_without

World = tuple[Field, State, Prices, Demand]


def decided(world: World, event: int) -> tuple[int, tuple[int, ...]]:
    """Cost and slots of one order on what there is at the start."""
    field, state, prices, demand = world
    begin, end = demand.starts[event], demand.starts[event + 1]
    chosen = np.zeros(end - begin, np.int64)
    cost = decide(
        field,
        desk_for(field),
        state,
        prices,
        demand.day[event],
        demand.place[event],
        demand.kind[event] == EXPRESS,
        demand.variant[begin:end],
        demand.quantity[begin:end],
        chosen,
    )
    return cost, tuple(chosen.tolist())


def orders_of(demand: Demand) -> list[int]:
    return [event for event, kind in enumerate(demand.kind) if kind != WALK_IN]


def best_of_all(world: World, event: int) -> int:
    """The least cost by trying every answer; where a day is full a parcel is late, at no price."""
    field, state, prices, demand = world
    costs = []
    for _, cost, _, parcels in answers_to(field, state, prices, demand, event):
        full = [key for key in parcels if state.sent[key] >= field.capacity[key]]
        costs.append(cost + sum(field.late_milli - prices.capacity_milli[key] for key in full))
    return min(costs)


def by_mip(world: World, event: int) -> int:
    """The least cost by HiGHS: a slot a line or none, one parcel a location in one bracket."""
    field, state, prices, demand = world
    begin, end = int(demand.starts[event]), int(demand.starts[event + 1])
    place, day = demand.place[event], demand.day[event]
    model = highspy.Highs()
    model.silent()
    total, parcels, loads = 0, {}, {}
    for line in range(begin, end):
        variant, quantity = int(demand.variant[line]), int(demand.quantity[line])
        ways = [model.addBinary()]
        total += float(quantity * field.unserved_milli[variant]) * ways[0]
        for slot in range(field.slot_starts[variant], field.slot_starts[variant + 1]):
            if state.stock[slot] < quantity:
                continue
            at = int(field.slot_location[slot])
            if at not in parcels:
                parcels[at] = [model.addBinary() for _ in field.carriage_milli[0]]
            way = model.addBinary()
            each = field.unit_milli[at] + field.extra_milli[slot] + prices.scarcity_milli[slot]
            total += float(quantity * each) * way
            loads.setdefault(at, []).append((way, int(quantity * field.weight[variant])))
            ways.append(way)
        model.addConstr(sum(ways[1:], ways[0]) == 1)
    for at, brackets in parcels.items():
        zone = field.zone[at, place]
        fixed = field.parcel_milli[at]
        if demand.kind[event] == EXPRESS:
            fixed += field.express_milli[zone]
        full = state.sent[at, day] >= field.capacity[at, day]
        fixed += field.late_milli if full else prices.capacity_milli[at, day]
        heaviest = sum(weight for _, weight in loads[at])
        limits = [*field.breaks.tolist(), max(heaviest, field.breaks[-1])]
        for bracket, price in zip(brackets, field.carriage_milli[zone], strict=True):
            total += float(fixed + price) * bracket
        for way, _ in loads[at]:
            model.addConstr(way <= sum(brackets[1:], brackets[0]))
        weight = sum(mass * way for way, mass in loads[at])
        most = sum(float(limit) * each for limit, each in zip(limits, brackets, strict=True))
        model.addConstr(weight <= most)
        model.addConstr(sum(brackets[1:], brackets[0]) <= 1)
        total += float(field.per_kg_milli[zone]) / 1_000_000 * weight
    model.minimize(total)
    return round(model.getObjectiveValue())


def as_problem(world: World, event: int, *, whole: bool) -> SourcingProblem:
    """The same question as the planner of single orders is asked it.

    When lines are not broken here, places that hold a part of one are left out there.
    """
    field, state, prices, demand = world
    begin, end = int(demand.starts[event]), int(demand.starts[event + 1])
    region, day = demand.place[event], demand.day[event]
    zones = len(field.per_kg_milli)
    ends = (*(int(limit) // 1000 for limit in field.breaks), 2**40)
    tariffs = [
        Tariff(ends, tuple(field.carriage_milli[zone].tolist()), int(field.per_kg_milli[zone]))
        for zone in range(zones)
    ]
    places = []
    for at in range(len(field.parcel_milli)):
        zone = int(field.zone[at, region])
        own = field.parcel_milli[at]
        if demand.kind[event] == EXPRESS:
            own += field.express_milli[zone]
        full = state.sent[at, day] >= field.capacity[at, day]
        if full:
            own += field.late_milli
        places.append(
            Place(
                f"{at:03}",
                frozenset({"ship"}),
                zone,
                handling_parcel_milli=int(own),
                handling_unit_milli=int(field.unit_milli[at]),
                capacity_milli=0 if full else int(prices.capacity_milli[at, day]),
            )
        )
    lines = []
    for line in range(begin, end):
        variant, quantity = int(demand.variant[line]), int(demand.quantity[line])
        found = [
            Candidate(
                f"{field.slot_location[slot]:03}",
                int(state.stock[slot]),
                extra_milli=int(field.extra_milli[slot]),
                scarcity_milli=int(prices.scarcity_milli[slot]),
            )
            for slot in range(field.slot_starts[variant], field.slot_starts[variant + 1])
            if state.stock[slot] >= (quantity if whole else 1)
        ]
        lines.append(
            Line(
                f"{line:04}",
                f"v{variant}",
                quantity,
                tuple(found),
                weight_grams=int(field.weight[variant]) // 1000,
                methods=frozenset({"ship"}),
                margin_milli=int(field.unserved_milli[variant]),
            )
        )
    settings = SourcingSettings(terms=TERMS, goodwill_milli=0)
    return problem_of("ship", "GBP", lines, places, tariffs, settings)


def world_of(seed: int, **sizes: int) -> World:
    """A random world in which lines never travel cheaper apart, of goods that weigh whole grams."""
    field, *rest = random_instance(seed, **sizes)
    light, heavy = field.carriage_milli.T
    carriage = np.stack([light, np.minimum(heavy, 2 * light)], axis=1)
    weight = field.weight // 1000 * 1000
    return field._replace(carriage_milli=carriage, weight=weight), *rest


@pytest.mark.parametrize("seed", range(40))
def test_no_answer_is_cheaper(seed):
    world = world_of(seed, orders=12, locations=4, variants=5, lines_max=4)
    for event in orders_of(world[3]):
        cost, slots = decided(world, event)
        assert cost == best_of_all(world, event)
        assert slots in [answer[0] for answer in answers_to(*world, event)]


@pytest.mark.parametrize("lines_max", [1, 5])
@pytest.mark.parametrize("seed", range(20))
def test_what_an_order_costs_without_a_slot_is_known_when_it_is_decided(seed, lines_max):
    world = world_of(seed, orders=20, locations=6, variants=8, lines_max=lines_max)
    field, state, prices, demand = world
    told = 0
    for event in orders_of(demand):
        begin, end = int(demand.starts[event]), int(demand.starts[event + 1])
        desk, chosen = desk_for(field), np.zeros(end - begin, np.int64)
        where = demand.day[event], demand.place[event], demand.kind[event] == EXPRESS
        wanted = demand.variant[begin:end], demand.quantity[begin:end]
        decide(field, desk, state, prices, *where, *wanted, chosen)
        for line, slot in enumerate(chosen.tolist()):
            if slot == UNSERVED:
                continue
            stock = state.stock.copy()
            stock[slot] = 0
            without, _ = decided((field, state._replace(stock=stock), prices, demand), event)
            location = int(field.slot_location[slot])
            assert cost_without(desk, end - begin, line, location) == without
            told += 1
    assert told


@pytest.mark.parametrize("seed", range(10))
def test_the_solver_of_whole_programs_agrees(seed):
    world = world_of(seed, orders=12, locations=12, variants=12, lines_max=7)
    field = world[0]._replace(per_kg_milli=np.zeros_like(world[0].per_kg_milli))
    world = (field, *world[1:])
    for event in orders_of(world[3]):
        assert decided(world, event)[0] == by_mip(world, event)


def asked_to_plan(world: World, event: int, *, whole: bool) -> int:
    """What the planner of single orders says, and what the units cost that nobody has."""
    problem = as_problem(world, event, whole=whole)
    found = plan(problem)
    margins = {line.key: line.margin_milli for line in problem.lines}
    short = [(left.line, left.quantity) for left in found.unfilled if left.reason == "short"]
    return found.cost_milli + sum(margins[line] * quantity for line, quantity in short)


def decided_in_pieces(world: World, event: int) -> tuple[int, list[tuple[int, int]]]:
    """Cost, and the slot and quantity of each piece."""
    field, state, prices, demand = world
    lines = slice(demand.starts[event], demand.starts[event + 1])
    where = demand.day[event], demand.place[event], demand.kind[event] == EXPRESS
    wanted, pieces = (demand.variant[lines], demand.quantity[lines]), room_for_pieces()
    desk = desk_for(field)
    count, cost = decide_pieces(field, desk, state, prices, *where, *wanted, True, pieces)
    given = zip(pieces.slot[:count].tolist(), pieces.quantity[:count].tolist(), strict=True)
    assert pieces.quantity[:count].sum() == wanted[1].sum()
    return cost, list(given)


@pytest.mark.parametrize("seed", range(10))
def test_the_planner_of_single_orders_agrees(seed):
    world = world_of(seed, orders=20, locations=9, variants=9, lines_max=6)
    for event in orders_of(world[3]):
        assert decided(world, event)[0] == asked_to_plan(world, event, whole=True)


@pytest.mark.parametrize("seed", range(20))
def test_lines_that_no_slot_holds_are_broken_as_the_planner_of_single_orders_does(seed):
    field, state, prices, demand = world_of(seed, orders=20, locations=5, variants=6, lines_max=4)
    world = field, State(state.stock % 2, state.sent), prices, demand
    broken = 0
    for event in orders_of(demand):
        cost, given = decided_in_pieces(world, event)
        assert cost == asked_to_plan(world, event, whole=False)
        taken = np.zeros_like(state.stock)
        for slot, quantity in given:
            if slot != UNSERVED:
                taken[slot] += quantity
        assert (taken <= world[1].stock).all()
        broken += len(given) > demand.starts[event + 1] - demand.starts[event]
    assert broken


@pytest.mark.soak
def test_no_answer_is_cheaper_for_long():
    for seed in range(9_000):
        world = world_of(seed, orders=15, locations=4, variants=4)
        for event in orders_of(world[3]):
            assert decided(world, event)[0] == best_of_all(world, event)


@pytest.mark.soak
def test_the_solver_of_whole_programs_agrees_for_long():
    for seed in range(100, 250):
        world = world_of(seed, orders=12, locations=15, variants=15, lines_max=8)
        field = world[0]._replace(per_kg_milli=np.zeros_like(world[0].per_kg_milli))
        for event in orders_of(world[3]):
            assert decided((field, *world[1:]), event)[0] == by_mip((field, *world[1:]), event)


def test_nothing_is_used_up_by_deciding():
    world = world_of(3, orders=6)
    before = world[1].copy()
    for event in orders_of(world[3]):
        decided(world, event)
    assert (world[1].stock == before.stock).all()
    assert (world[1].sent == before.sent).all()


def test_an_order_beyond_the_exact_method_is_decided_in_parts():
    field, state, prices, _ = world_of(5, locations=6, variants=30)
    variants, ones, pieces = np.arange(30), np.ones(30, np.int64), room_for_pieces()
    where = 0, 0, False
    count, cost = decide_pieces(
        field, desk_for(field), state, prices, *where, variants, ones, True, pieces
    )
    parts = 0
    for begin, end in pairwise((0, LINES_MAX, 2 * LINES_MAX, 30)):
        part = np.zeros(end - begin, np.int64)
        asked = variants[begin:end], ones[begin:end]
        parts += decide(field, desk_for(field), state, prices, *where, *asked, part)
        assert (pieces.slot[begin:end] == part).all()
    assert (count, cost) == (30, parts)


def played(seed: int, *, split: bool = False) -> tuple[list[int], list[int]]:
    field, state, prices, demand = world_of(seed, orders=60, locations=8, variants=12, lines_max=5)
    chosen, tally = np.zeros(len(demand.variant), np.int64), new_tally()
    replay(field, desk_for(field), state, prices, demand, chosen, tally, split)
    return chosen.tolist(), tally.tolist()


@pytest.mark.skipif(not COMPILED, reason="numba is not installed: nothing is compiled")
def test_a_loop_is_compiled_once_for_all_fields_and_ways():
    for split in (False, True):
        played(0, split=split)
    # For arrays of another layout, or a constant in place of a value, it takes seconds anew.
    assert [len(loop.signatures) for loop in (replay, decide_pieces)] == [1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_a_replay_counts_what_its_answers_take_and_cost(seed):
    field, state, _, demand = world_of(seed, orders=60, locations=8, variants=12, lines_max=4)
    prices = Prices(np.zeros_like(state.stock), np.zeros_like(state.sent))
    left, chosen, tally = state.copy(), np.zeros(len(demand.variant), np.int64), new_tally()
    replay(field, desk_for(field), left, prices, demand, chosen, tally, False)
    expected, stock, sent = 0, state.stock.copy(), state.sent.copy()
    for event in range(len(demand.at)):
        mine = tuple(chosen[demand.starts[event] : demand.starts[event + 1]].tolist())
        answers = answers_to(field, State(stock, sent), prices, demand, event)
        cost, units, parcels = next(rest for slots, *rest in answers if slots == mine)
        expected += cost
        for slot, quantity in units.items():
            stock[slot] -= quantity
        for key in parcels:
            expected += field.late_milli * int(sent[key] >= field.capacity[key])
            sent[key] += 1
    assert outcome_of(tally).cost_milli == expected
    assert (left.stock == stock).all()
    assert (left.sent == sent).all()
    assert (stock >= 0).all()


@pytest.mark.skipif(not COMPILED, reason="numba is not installed: there is one way only")
def test_compiled_or_not_the_answers_are_the_same():
    seed = 7
    code = f"from tests.sourcing.fields.test_packing import played; print(played({seed}))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(played(seed))
