"""The joint problem as a linear program over whole answers, solved by HiGHS.

A column is one answer to one order; each order has a row that its answers share, each slot that
could run out a row, each location's day that could fill up a row with a late parcel as its way out.
Customers who walk in have no rows: those who want as much from the same shelf are one column.
"""

from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from crosslane.sourcing.fields.answering import Standing, costs_of, entries_of, moves
from crosslane.sourcing.fields.field import (
    LINES_MAX,
    NO_LIMIT,
    WALK_IN,
    Demand,
    Field,
    Ints,
    Prices,
    State,
)
from crosslane.sourcing.fields.packing import UNSERVED
from crosslane.sourcing.fields.replaying import slot_at

Floats = NDArray[np.float64]

# HiGHS works with floats around one: costs are brought to currency units, only to be ranked.
SCALE = 1e-5
NODES_MAX = 1_000
HALF = 0.5
SOLVED = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)


class Master:
    """The linear program of some events that share a state.

    Args:
        field: what lies where.
        state: what the events may use, all together.
        prices: what is left is worth so much; part of every cost.
        demand: the events, orders of up to LINES_MAX lines.
        standing: answers that cost something to leave.

    Attributes:
        late_milli: what a parcel beyond a location's day costs more than one within it.
    """

    def __init__(
        self, field: Field, state: State, prices: Prices, demand: Demand, standing: Standing
    ) -> None:
        self.field, self.prices, self.demand = field, prices, demand
        self._standing = standing
        self.roomy = field._replace(capacity=np.full_like(field.capacity, NO_LIMIT))
        self.full = State(np.maximum(state.stock, 0), np.zeros_like(state.sent))
        self.room = np.maximum(field.capacity - state.sent, 0)
        self.late_milli = field.late_milli - prices.capacity_milli
        self.orders = np.flatnonzero(demand.kind != WALK_IN)
        self._order_row = np.full(len(demand.at), UNSERVED)
        self._order_row[self.orders] = np.arange(len(self.orders))
        self._known: dict[tuple[int, bytes], int] = {}
        self._answers: list[tuple[int, Ints]] = []
        self._solver = _solver()
        self.value_milli = 0
        self._add_rows()
        self._add_late()
        self._add_shelves()

    def _add_rows(self) -> None:
        field, demand, orders = self.field, self.demand, len(self.orders)
        variant = np.repeat(np.arange(len(field.weight)), np.diff(field.slot_starts))
        wanted = np.bincount(demand.variant, demand.quantity, len(field.weight))
        self.slots = np.flatnonzero((wanted[variant] > self.full.stock) & (self.full.stock > 0))
        days = np.bincount(demand.day[self.orders], minlength=self.room.shape[1])
        self.days = np.nonzero(self.room < days[None, :])
        self.slot_row = np.full(len(variant), UNSERVED)
        self.slot_row[self.slots] = orders + np.arange(len(self.slots))
        self.parcel_row = np.full(self.room.shape, UNSERVED)
        first = orders + len(self.slots)
        self.parcel_row[self.days] = first + np.arange(len(self.days[0]))
        most = [np.ones(orders), self.full.stock[self.slots], self.room[self.days]]
        least = [np.ones(orders), np.full(len(self.slots) + len(self.days[0]), -np.inf)]
        upper, lower = np.concatenate(most).astype(float), np.concatenate(least)
        nothing = np.zeros(0, np.int32)
        empty = np.zeros(len(upper), np.int32)
        self._solver.addRows(len(upper), lower, upper, 0, empty, nothing, nothing.astype(float))

    def _add_late(self) -> None:
        rows = self.parcel_row[self.days]
        cost = self.late_milli[self.days] * SCALE
        self._add(cost, np.full(len(rows), np.inf), np.arange(len(rows)), rows, -np.ones(len(rows)))
        self._late_columns = len(rows)

    def _add_shelves(self) -> None:
        """Add a column for all who want as much from the same shelf; others have no choice."""
        demand, field = self.demand, self.field
        lines = np.repeat(demand.kind == WALK_IN, np.diff(demand.starts)).nonzero()[0]
        place = np.repeat(demand.place, np.diff(demand.starts))[lines]
        variant, quantity = demand.variant[lines], demand.quantity[lines]
        slot = np.array(
            [slot_at(field, *pair) for pair in zip(variant, place, strict=True)], np.int64
        )
        limited = (slot != UNSERVED) & (self.slot_row[slot] != UNSERVED)
        there = (slot != UNSERVED) & (quantity <= self.full.stock[slot])
        limited &= there
        self.shelf_lines = lines[limited]
        asked = np.stack([slot[limited], quantity[limited]], axis=1)
        shelves, self.shelf_of, count = np.unique(
            asked, axis=0, return_inverse=True, return_counts=True
        )
        self.shelf_of = self.shelf_of.reshape(-1)
        self.shelf_slot, units = shelves[:, 0], shelves[:, 1]
        lost = quantity * field.margin_milli[variant]
        sold = np.where(there, quantity * self.prices.scarcity_milli[slot], lost)
        self._constant_milli = int(np.where(limited, lost, np.minimum(lost, sold)).sum())
        gain = np.zeros(len(shelves))
        gain[self.shelf_of] = field.margin_milli[variant[limited]]
        gain = units * (gain - self.prices.scarcity_milli[self.shelf_slot])
        rows = self.slot_row[self.shelf_slot]
        self._add(-gain * SCALE, count, np.arange(len(rows)), rows, units)
        self._first_answer = self._late_columns + len(rows)

    def _add(self, cost: Any, most: Any, starts: Any, rows: Any, values: Any) -> None:
        if len(cost):
            self._solver.addCols(
                len(cost),
                np.asarray(cost, float),
                np.zeros(len(cost)),
                np.asarray(most, float),
                len(rows),
                np.asarray(starts, np.int32),
                np.asarray(rows, np.int32),
                np.asarray(values, float),
            )

    @property
    def columns(self) -> int:
        """Answers that are known."""
        return len(self._answers)

    def add(self, chosen: Ints) -> int:
        """Add the answers of all orders as columns; return how many were not known."""
        starts, new = self.demand.starts, []
        for event in self.orders.tolist():
            answer = chosen[starts[event] : starts[event + 1]]
            key = event, answer.tobytes()
            if key not in self._known:
                self._known[key] = self._first_answer + len(self._answers)
                self._answers.append((event, answer.copy()))
                new.append(event)
        if new:
            self._add_answers(np.array(new), chosen)
        return len(new)

    def _add_answers(self, events: Ints, chosen: Ints) -> None:
        cost = np.zeros(len(events), np.int64)
        costs_of(self.roomy, self.full.copy(), self.prices, self.demand, events, chosen, cost)
        leaving = [moves(self.demand, event, self._standing, chosen) for event in events]
        cost += self._standing.moving_milli * np.array(leaving, np.int64)
        longest = 2 * LINES_MAX * len(events)
        starts = np.zeros(len(events), np.int64)
        rows, values = np.zeros(longest, np.int64), np.zeros(longest, np.int64)
        count = entries_of(
            self.field,
            self.demand,
            events,
            chosen,
            self.slot_row,
            self.parcel_row,
            starts,
            rows,
            values,
        )
        rows = np.insert(rows[:count], starts, self._order_row[events])
        values = np.insert(values[:count], starts, 1)
        starts += np.arange(len(starts))
        most = np.full(len(events), np.inf)
        self._add(cost * SCALE, most, starts, rows, values)

    def solve(self, seconds: float) -> Prices | None:
        """Solve the program as it stands.

        Returns:
            What a unit of each slot and a parcel of each day are worth; None when there was not
            enough time.
        """
        if not self._run(seconds):
            return None
        self.value_milli = self._constant_milli + round(
            self._solver.getInfo().objective_function_value / SCALE
        )
        dual = -np.array(self._solver.getSolution().row_dual) / SCALE
        units = np.zeros(len(self.slot_row))
        units[self.slots] = np.maximum(dual[self.slot_row[self.slots]], 0)
        parcels = np.zeros(self.room.shape)
        parcels[self.days] = np.clip(
            dual[self.parcel_row[self.days]], 0, self.late_milli[self.days]
        )
        return Prices(np.rint(units).astype(np.int64), np.rint(parcels).astype(np.int64))

    def _run(self, seconds: float) -> bool:
        if seconds <= 0:
            return False
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + seconds)
        self._solver.run()
        return self._solver.getModelStatus() in SOLVED

    def choose(self, seconds: float, gap: float, best: Ints) -> Ints | None:
        """Choose one whole answer for each order among the columns.

        Args:
            seconds: time there is.
            gap: stop at this relative distance to the best that could be.
            best: an answer to begin with.

        Returns:
            The slot of each line, None when nothing better was found.
        """
        solver = self._solver
        count = solver.getNumCol()
        whole = np.arange(self._late_columns, count, dtype=np.int32)
        solver.setOptionValue("presolve", "on")
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_max_nodes", NODES_MAX)
        solver.changeColsIntegrality(len(whole), whole, np.ones(len(whole), np.uint8))
        begin = highspy.HighsSolution()
        begin.col_value = list(self._values_of(best, count))
        solver.setSolution(begin)
        self._run(seconds)
        values = np.array(solver.getSolution().col_value)
        return self._chosen_of(values, best) if len(values) == count else None

    def _values_of(self, chosen: Ints, count: int) -> Floats:
        values = np.zeros(count)
        starts = self.demand.starts
        for event in self.orders.tolist():
            values[self._known[event, chosen[starts[event] : starts[event + 1]].tobytes()]] = 1
        served = chosen[self.shelf_lines] != UNSERVED
        shelves = np.bincount(self.shelf_of[served], minlength=len(self.shelf_slot))
        values[self._late_columns : self._first_answer] = shelves
        return values

    def _chosen_of(self, values: Floats, best: Ints) -> Ints:
        chosen = best.copy()
        chosen[self.shelf_lines] = UNSERVED
        starts = self.demand.starts
        for column in np.flatnonzero(values[self._first_answer :] > HALF).tolist():
            event, answer = self._answers[column]
            chosen[starts[event] : starts[event + 1]] = answer
        left = np.rint(values[self._late_columns : self._first_answer]).astype(np.int64)
        for line, shelf in zip(self.shelf_lines.tolist(), self.shelf_of.tolist(), strict=True):
            if left[shelf]:
                left[shelf] -= 1
                chosen[line] = self.shelf_slot[shelf]
        return chosen


def _solver() -> highspy.Highs:
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
        solver.setOptionValue(option, value)
    return solver
