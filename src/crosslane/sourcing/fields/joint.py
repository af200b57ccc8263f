"""Open orders decided together: column generation over the exact method, then whole answers.

The master program says what scarce units and parcels are worth; at those prices each order is asked
alone for its best answer (the exact kernel), which becomes a column; until no order has a better
one. The prices that are asked at lie between the master's and the best so far, because the
master's alone jump about. Whatever the prices are, answers at them prove a bound (Lagrange's).
Then whole answers are chosen among the columns, and every event may change its mind on what the
others leave, or have its first answer again where that costs no more. The best answer found so far
is always at hand, so time may run out anywhere.
"""

from time import monotonic

import msgspec
import numpy as np

from crosslane.sourcing.fields.answering import (
    Standing,
    answer_all,
    costs_of,
    entries_of,
    improve,
    moved,
    serve_in_turn,
    stay,
    take_all,
)
from crosslane.sourcing.fields.field import LINES_MAX, Demand, Field, Ints, Prices, State
from crosslane.sourcing.fields.master import Master
from crosslane.sourcing.fields.packing import Desk, desk_for
from crosslane.sourcing.fields.replaying import new_tally, replay

GAP = 1e-3
PPM = 1_000_000
SECONDS = 60.0
ROUNDS_MAX = 200
# How far the prices asked at stay with the best ones so far; halved when that finds nothing.
KEPT = 0.5
KEPT_LEAST = 0.1
# Whole answers get at least this share of the time.
CHOOSING_SHARE = 0.4
PASSES_MAX = 20
# Whole answers need more choices than shares of answers: those at so many times the best prices.
WIDENED = ((1, 4), (1, 2), (3, 4), (5, 4), (3, 2), (2, 1))


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """Answers to events that were decided together.

    Args:
        chosen: slot of each line, UNSERVED for none.
        cost_milli: of all answers, prices of what is left and lateness included.
        start_milli: of the answers it began with.
        bound_milli: nothing costs less.
        seconds: it took.
        rounds: of asking all orders.
        columns: answers that were known in the end.
        in_time: no limit of time cut it short; then equal questions have equal answers.
    """

    chosen: Ints
    cost_milli: int
    start_milli: int
    bound_milli: int
    seconds: float
    rounds: int
    columns: int
    in_time: bool

    @property
    def gap_ppm(self) -> int:
        """How far the cost is above the bound, in millionths of the bound."""
        return (self.cost_milli - self.bound_milli) * PPM // max(1, abs(self.bound_milli))


def reoptimise(
    field: Field,
    state: State,
    prices: Prices,
    demand: Demand,
    start: Ints | None = None,
    *,
    moving_milli: int = 0,
    seconds: float = SECONDS,
    gap: float = GAP,
) -> Joint:
    """Decide open orders together.

    Orders of more than LINES_MAX lines keep their answers, and the bound is one for the others
    beside them. Customers who walk in are decided too; that they come is then known beforehand,
    which gives the bound of perfect hindsight.

    Args:
        field: what lies where.
        state: what the events may use, all together; not changed.
        prices: what is left is worth so much to later orders.
        demand: the events.
        start: slot of each line to begin with, which must be there; None for one order after the
            other.
        moving_milli: orders leave the answers they begin with only where that saves more for each
            that does, all together; it is no part of any cost that is told.
        seconds: of wall-clock time there are, checked between steps and kept by the solver; that
            loops are compiled at their first use is not counted.
        gap: stop at this relative distance from the bound.

    Raises:
        ValueError: what the events begin with is not there.
    """
    # Whoever finds a day full may be late: no parcel is worth more than that.
    parcels = np.minimum(prices.capacity_milli, field.late_milli)
    prices = Prices(prices.scarcity_milli, parcels)
    desk = desk_for(field)
    _compile(field, state, prices, demand, desk)
    begun = monotonic()
    if start is None:
        start = np.zeros(len(demand.variant), np.int64)
        replay(field, desk, state.copy(), prices, demand, start, new_tally(), False)
    left = state.copy()
    start_milli = take_all(field, left, prices, demand, start)
    if (left.stock < 0).any():
        raise ValueError("the answers to begin with take more than there is")
    movable = np.diff(demand.starts) <= LINES_MAX
    lines = np.repeat(movable, np.diff(demand.starts))
    beside = state.copy()
    kept_milli = take_all(field, beside, prices, demand.only(~movable), start[~lines])
    standing = Standing(start[lines].copy(), moving_milli)
    search = _Search(field, beside, prices, demand.only(movable), desk, standing)
    in_time = search.run(begun + seconds, seconds, gap)
    chosen = start.copy()
    chosen[lines] = search.best
    left = state.copy()
    take_all(field, left, prices, demand, chosen)
    stay(field, left, prices, demand, Standing(start, moving_milli), chosen)
    return Joint(
        chosen=chosen,
        cost_milli=take_all(field, state.copy(), prices, demand, chosen),
        start_milli=start_milli,
        bound_milli=kept_milli + search.proven_milli,
        seconds=monotonic() - begun,
        rounds=search.rounds,
        columns=search.master.columns,
        in_time=in_time,
    )


def _compile(field: Field, state: State, prices: Prices, demand: Demand, desk: Desk) -> None:
    """Have all loops compiled, by running them over no orders."""
    nobody = demand.only(np.zeros(len(demand.at), bool))
    none, left = np.zeros(0, np.int64), state.copy()
    standing = Standing(none, 0)
    replay(field, desk, left, prices, nobody, none, new_tally(), False)
    answer_all(field, desk, left, prices, nobody, standing, none)
    serve_in_turn(field, desk, left, prices, nobody, standing, none, none)
    improve(field, desk, left, prices, nobody, standing, none, none)
    stay(field, left, prices, nobody, standing, none)
    moved(nobody, standing, none)
    take_all(field, left, prices, nobody, none)
    costs_of(field, left, prices, nobody, none, none, none.copy())
    entries_of(field, nobody, none, none, none, left.sent, none, none, none)


class _Search:
    """The best answers and the best bound so far, and the steps that better them.

    What moving costs is part of all costs here, and of the bound they are compared with; what is
    proven holds where moving is free.
    """

    def __init__(
        self,
        field: Field,
        state: State,
        prices: Prices,
        demand: Demand,
        desk: Desk,
        standing: Standing,
    ) -> None:
        self.field, self.state, self.prices, self.demand = field, state, prices, demand
        self.desk, self.standing = desk, standing
        self.turns = np.arange(len(demand.at))
        self.best = standing.slots
        self.best_milli = self._cost(standing.slots)
        self.master = Master(field, state, prices, demand, standing)
        self.duals = Prices(np.zeros_like(prices.scarcity_milli), np.zeros_like(self.master.room))
        self.bound_milli = self.proven_milli = -(2**62)
        self.rounds = 0

    def run(self, deadline: float, seconds: float, gap: float) -> bool:
        """Better answers and bound until the gap is closed; return whether time sufficed."""
        self.master.add(self.best)
        self._ask(self.duals)
        self._settle(self.best)
        pricing_until = deadline - CHOOSING_SHARE * seconds
        in_time = self._generate(pricing_until, gap)
        self._guide()
        if not self._is_close(gap):
            self._widen()
            left = deadline - monotonic()
            found = self.master.choose(left, gap / 2, self.best)
            if found is not None:
                self._settle(found)
            in_time = in_time and monotonic() < deadline
        return in_time

    def _widen(self) -> None:
        """Add answers at prices around the best: what the others' whole answers may leave."""
        for part, whole in WIDENED:
            self._ask(Prices(*(dual * part // whole for dual in self.duals)))

    def _is_close(self, gap: float) -> bool:
        return self.best_milli - self.bound_milli <= gap * abs(self.bound_milli)

    def _generate(self, until: float, gap: float) -> bool:
        """Add columns until the master is close to the bound; return whether time sufficed."""
        for _ in range(ROUNDS_MAX):
            duals = self.master.solve(until - monotonic())
            if duals is None:
                return False
            if self.master.value_milli - self.bound_milli <= gap * abs(self.bound_milli):
                return True
            if not self._ask_between(duals):
                return True
            if self.rounds & (self.rounds - 1) == 0:
                self._guide()
            if monotonic() > until:
                return False
        return True

    def _ask_between(self, duals: Prices) -> bool:
        """Ask at prices between the best so far and the master's; return whether that helped."""
        kept, before = KEPT, self.bound_milli
        center = self.duals
        while True:
            if kept < KEPT_LEAST:
                kept = 0.0
            mixed = [
                np.rint(kept * old + (1 - kept) * new).astype(np.int64)
                for old, new in zip(center, duals, strict=True)
            ]
            if self._ask(Prices(*mixed)) or self.bound_milli > before:
                return True
            if not kept:
                return False
            kept /= 2

    def _ask(self, duals: Prices) -> int:
        """Ask all orders at some prices beside those of what is left; return the new answers.

        A parcel is worth no more than being late costs more: beyond it the bound would not hold.
        """
        master, demand = self.master, self.demand
        parcels = np.minimum(duals.capacity_milli, master.late_milli)
        duals = Prices(duals.scarcity_milli, parcels)
        prices = Prices(*(a + b for a, b in zip(self.prices, duals, strict=True)))
        chosen = np.zeros(len(demand.variant), np.int64)
        cost, free = answer_all(
            master.roomy, self.desk, master.full, prices, demand, self.standing, chosen
        )
        held = int((duals.scarcity_milli * master.full.stock).sum())
        held += int((duals.capacity_milli * master.room).sum())
        self.proven_milli = max(self.proven_milli, int(free) - held)
        bound = int(cost) - held
        if bound > self.bound_milli:
            self.bound_milli, self.duals = bound, duals
        self.rounds += 1
        return master.add(chosen)

    def _guide(self) -> None:
        """Answer one after the other at the best prices so far."""
        guide = Prices(*(a + b for a, b in zip(self.prices, self.duals, strict=True)))
        chosen, left = np.zeros_like(self.best), self.state.copy()
        serve_in_turn(
            self.field, self.desk, left, guide, self.demand, self.standing, self.turns, chosen
        )
        self._settle(chosen)

    def _settle(self, chosen: Ints) -> None:
        """Let every event change its mind while that helps, and keep what is better."""
        chosen, left = chosen.copy(), self.state.copy()
        take_all(self.field, left, self.prices, self.demand, chosen)
        if (left.stock < 0).any():
            return
        for _ in range(PASSES_MAX):
            if not improve(
                self.field,
                self.desk,
                left,
                self.prices,
                self.demand,
                self.standing,
                self.turns,
                chosen,
            ):
                break
        self.master.add(chosen)
        cost = self._cost(chosen)
        if cost < self.best_milli:
            self.best, self.best_milli = chosen, cost

    def _cost(self, chosen: Ints) -> int:
        cost = take_all(self.field, self.state.copy(), self.prices, self.demand, chosen)
        return cost + self.standing.moving_milli * moved(self.demand, self.standing, chosen)
