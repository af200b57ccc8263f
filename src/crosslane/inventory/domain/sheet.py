"""The stock sheet: protected positions in memory, changed by pure decisions, saved as one.

A sheet is opened with every row a batch may touch locked, so what it says is true until commit.
Each change makes movements of the journal; a counter is never set without one. Refused requests
undo their marks, so a batch of many commands costs the same few statements as one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from crosslane.inventory.domain.costs import Cost, CostChange, count_units, moving_average
from crosslane.inventory.domain.position import (
    Baseline,
    Cause,
    Condition,
    Position,
    Reason,
    Reserves,
    available_to_promise,
)
from crosslane.kernel import minute_of

INSTANT = timedelta(microseconds=1)
CLOCK_SKEW_MAX = timedelta(minutes=5)


class Doer(NamedTuple):
    """Whose doing something is.

    Args:
        actor: as ``kind:id``.
        trace: trace id of the request.
    """

    actor: str
    trace: str


NOBODY = Doer("", "")


class Movement(msgspec.Struct, frozen=True):
    """One entry of the journal of a position.

    Args:
        movement_no: counts up by one per position, so a lost entry shows.
        on_hand_after, allocated_after: the counters once this movement has happened.
        code: why an adjustment was made, such as ``damaged``.
        unit_cost_milli: cost of one unit moved, when known.
        occurred_at: when it happened in the world.
        doer: who did it.
    """

    position_id: UUID
    movement_no: int
    on_hand_delta: int
    allocated_delta: int
    on_hand_after: int
    allocated_after: int
    reason: Reason
    cause: Cause
    occurred_at: datetime
    doer: Doer
    code: str | None = None
    unit_cost_milli: int | None = None


class HeldBy(msgspec.Struct, frozen=True):
    """Who holds stock: a cart, an order, a till."""

    kind: str
    id: UUID


class Hold(msgspec.Struct, frozen=True):
    """A soft claim on units of one position until a minute.

    Args:
        fence: counts up whenever the hold is extended; an older number is refused.
        quantity: units left in it.
        taken: units it was taken for.
        expires_minute: first minute (since 1970 UTC) in which it no longer holds.
        state: active, expired, released or confirmed (used up).
    """

    id: UUID
    position_id: UUID
    holder: HeldBy
    fence: int
    quantity: int
    taken: int
    expires_minute: int
    state: str = "active"

    @property
    def expires_at(self) -> datetime:
        """First instant at which it no longer holds."""
        return datetime.fromtimestamp(self.expires_minute * 60, UTC)


class Shortage(msgspec.Struct, frozen=True):
    """A position that has less on hand than is allocated, and by how many units."""

    position_id: UUID
    units: int


class Sheet:
    """The protected rows of one transaction.

    Args:
        positions: every position that may be touched, in the order of their keys.
        now: clock read after the rows were protected; expiry is judged by it.
        reserves: what policies keep back from decisions.
        slices: units allocated per (demand line, position), for doors that give them back.
        holds: holds that may be touched.
        costs: average costs that may move, per (variant, owner).
        later: units moved after an instant, per (position, instant), for counts and snapshots.
        doers: who does what is done in this batch, by document.
        otherwise: who does the rest.

    Attributes:
        touched: positions to save, with the shortage each had before.
        before: the same with what could be promised of them.
        lapsed: positions that dropped buckets of expired holds.
    """

    def __init__(
        self,
        positions: Iterable[Position],
        *,
        now: datetime,
        reserves: Reserves | None = None,
        slices: Mapping[tuple[UUID, UUID], int] | None = None,
        holds: Iterable[Hold] = (),
        costs: Mapping[tuple[UUID, UUID], Cost] | None = None,
        later: Mapping[tuple[UUID, datetime], int] | None = None,
        doers: Mapping[UUID, Doer] | None = None,
        otherwise: Doer = NOBODY,
    ) -> None:
        self.now = now
        self.minute = minute_of(now)
        self.reserves = reserves or Reserves()
        self.positions = {position.id: position for position in positions}
        self.slices = dict(slices or {})
        self.holds = {hold.id: self._judged(hold) for hold in holds}
        self.costs = dict(costs or {})
        self.movements: list[Movement] = []
        self._moved: dict[UUID, list[Movement]] = {}
        self.cost_changes: list[CostChange] = []
        self.promised_for: dict[tuple[UUID, UUID], datetime | None] = {}
        self.touched: dict[UUID, int] = {}
        self.before: dict[UUID, tuple[int, int | None]] = {}
        self.changed_holds: set[UUID] = set()
        self._later = dict(later or {})
        self._doers, self._otherwise = doers or {}, otherwise
        # What takes a change back, with its arguments. None of it knows the sheet: whatever points
        # at itself in a circle stays in memory until the garbage collector comes by, and a batch
        # is thousands of objects.
        self._undo: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self.lapsed = self._drop_lapsed()
        self._places: dict[tuple[UUID, UUID, Condition], list[Position]] = {}
        for position in sorted(self.positions.values(), key=lambda p: not p.own):
            self._places.setdefault(position.key[:3], []).append(position)

    def at(
        self,
        variant_id: UUID,
        location_id: UUID,
        condition: Condition = Condition.SELLABLE,
        owner_id: UUID | None = None,
    ) -> list[Position]:
        """Return the positions of a variant at a location, the location's own stock first."""
        positions = self._places.get((variant_id, location_id, condition), [])
        if owner_id is None:
            return positions
        return [position for position in positions if position.key.owner_id == owner_id]

    def available(self, variant_id: UUID, location_id: UUID, channel_id: UUID | None = None) -> int:
        """Return ATP of a variant at a location for a channel, all owners together."""
        positions = self.at(variant_id, location_id)
        if not positions:
            return 0
        named = [p.safety_stock for p in positions if p.safety_stock is not None]
        return available_to_promise(
            sum(position.free(self.minute) for position in positions),
            sum(named) if named else None,
            self.reserves.of(variant_id, location_id, channel_id),
        )

    def mark(self) -> int:
        """Return a point to come back to with :meth:`undo`."""
        return len(self._undo)

    def undo(self, mark: int) -> None:
        """Take back every change since the mark."""
        while len(self._undo) > mark:
            take_back, args = self._undo.pop()
            take_back(*args)

    def change(
        self,
        position: Position,
        *,
        reason: Reason,
        cause: Cause,
        on_hand: int = 0,
        allocated: int = 0,
        occurred_at: datetime | None = None,
        code: str | None = None,
        unit_cost_milli: int | None = None,
    ) -> None:
        """Move units of a position and journal it.

        What a count or snapshot already saw cannot change on hand once more: a movement that
        occurred at or before the position's baseline is journaled together with its opposite,
        so facts and snapshots end in the same state in whatever order they become known.

        Args:
            position: one of this sheet's.
            reason: what sort of movement it is.
            cause: the document it is due to.
            on_hand: units that came, negative when they left.
            allocated: units promised, negative when given back.
            occurred_at: when it happened; absent: now, and after any count. A clock may run ahead
                by CLOCK_SKEW_MAX, no more.
            code: why an adjustment was made.
            unit_cost_milli: cost of one unit; the present average when absent.
        """
        cost = self.unit_cost(position) if unit_cost_milli is None else unit_cost_milli
        moment = self._moment(position, occurred_at)
        self._journal(position, on_hand, allocated, reason, cause, moment, code, cost)
        if on_hand and self.has_counted(position, occurred_at):
            self._journal(position, -on_hand, 0, Reason.ALREADY_COUNTED, cause, moment, code, cost)

    def has_counted(self, position: Position, occurred_at: datetime | None) -> bool:
        """Return whether a count or snapshot has already seen what occurred then."""
        if position.baseline is None:
            return False
        return self._moment(position, occurred_at) <= position.baseline.at

    def _moment(self, position: Position, occurred_at: datetime | None) -> datetime:
        if occurred_at is not None:
            return min(occurred_at, self.now + CLOCK_SKEW_MAX)
        if position.baseline is None:
            return self.now
        return max(self.now, position.baseline.at + INSTANT)

    def rebase(
        self,
        position: Position,
        *,
        baseline: Baseline,
        reported: int,
        reason: Reason,
        cause: Cause,
    ) -> int | None:
        """Let a count or snapshot decide on hand as of its instant.

        on hand := reported + everything that moved after the instant. With the sum S of the
        movements after it, the books said ``on hand − S`` at that instant; the difference to
        what was reported becomes one movement, dated at the instant. A newer baseline stands.

        Returns:
            Units the books were corrected by (the drift), or None when a newer baseline stands.
        """
        if position.baseline is not None and baseline < position.baseline:
            return None
        drift = reported - (position.on_hand - self._moved_after(position.id, baseline.at))
        self._undo.append((setattr, (position, "baseline", position.baseline)))
        self._touch(position)
        position.baseline = baseline
        if drift or reason is Reason.COUNT:
            self._journal(
                position, drift, 0, reason, cause, baseline.at, None, self.unit_cost(position)
            )
        return drift

    def expect_later(self, later: Mapping[tuple[UUID, datetime], int]) -> None:
        """Tell the sheet what moved after the instants that :meth:`rebase` will ask for."""
        self._later.update(later)

    def set_held(self, position: Position, minute: int, delta: int) -> None:
        """Change the units held until a minute."""
        units = position.held.get(minute, 0) + delta
        if units < 0:
            raise ValueError("more would be let go than is held")
        before = position.held
        self._undo.append((setattr, (position, "held", before)))
        self._touch(position)
        position.held = {**before, minute: units}
        if not units:
            del position.held[minute]

    def set_hold(self, hold: Hold) -> None:
        """Keep a new or changed hold; its position is saved with it."""
        self._touch(self.positions[hold.position_id])
        before = self.holds.get(hold.id)
        if before is None:
            self._undo.append((self.holds.pop, (hold.id,)))
        else:
            self._undo.append((self.holds.__setitem__, (hold.id, before)))
        self.holds[hold.id] = hold
        self.changed_holds.add(hold.id)

    def set_safety_stock(self, position: Position, units: int | None) -> None:
        """Let a position name its own safety stock, or leave it to the policy again."""
        self._undo.append((setattr, (position, "safety_stock", position.safety_stock)))
        self._touch(position)
        position.safety_stock = units

    def unit_cost(self, position: Position) -> int | None:
        """Return the present average cost of a unit of this position."""
        cost = self.costs.get((position.key.variant_id, position.key.owner_id))
        return position.unit_cost_milli if cost is None else cost.average_milli

    def move_average(
        self, position: Position, *, units: int, unit_cost_milli: int, cause: Cause, counted: bool
    ) -> None:
        """Blend the cost of units about to come in into the moving average.

        Args:
            position: where they come in.
            units: how many.
            unit_cost_milli: what one of them cost.
            cause: the receipt.
            counted: a count has seen these units, so they are among those on hand already.
        """
        key = (position.key.variant_id, position.key.owner_id)
        cost = self.costs[key]
        units_before = cost.units - (units if counted else 0)
        after = moving_average(units_before, cost.average_milli, units, unit_cost_milli)
        self.cost_changes.append(
            CostChange(
                variant_id=key[0],
                owner_id=key[1],
                change_no=cost.change_no + 1,
                units_before=units_before,
                average_before_milli=cost.average_milli,
                units_in=units,
                unit_cost_milli=unit_cost_milli,
                average_after_milli=after,
                cause=cause,
            )
        )
        self._undo.append((_move_back, (self.cost_changes, cost, cost.average_milli)))
        cost.average_milli = after
        cost.change_no += 1

    def shortages(self) -> list[Shortage]:
        """Return positions whose shortage this sheet has made worse."""
        return [
            Shortage(position_id, self.positions[position_id].short())
            for position_id, before in self.touched.items()
            if self.positions[position_id].short() > before
        ]

    def _judged(self, hold: Hold) -> Hold:
        if hold.state == "active" and hold.expires_minute <= self.minute:
            return msgspec.structs.replace(hold, state="expired")
        return hold

    def _drop_lapsed(self) -> set[UUID]:
        """Forget buckets of holds that have run out; say which positions had some.

        Whoever saves such a position must mark its holds expired in the same transaction, so
        that a clock set back can never bring their claim on the reused units to life again.
        """
        lapsed: set[UUID] = set()
        for position in self.positions.values():
            if any(minute <= self.minute for minute in position.held):
                position.held = {m: u for m, u in position.held.items() if m > self.minute}
                lapsed.add(position.id)
        return lapsed

    def _moved_after(self, position_id: UUID, instant: datetime) -> int:
        here = self._moved.get(position_id, ())
        units = sum(m.on_hand_delta for m in here if m.occurred_at > instant)
        return self._later.get((position_id, instant), 0) + units

    def _touch(self, position: Position) -> None:
        if position.id not in self.touched:
            self.touched[position.id] = position.short()
            self.before[position.id] = position.promisable(self.minute)

    def _journal(
        self,
        position: Position,
        on_hand: int,
        allocated: int,
        reason: Reason,
        cause: Cause,
        moment: datetime,
        code: str | None,
        cost_milli: int | None,
    ) -> None:
        self._touch(position)
        position.on_hand += on_hand
        position.allocated += allocated
        position.movement_no += 1
        if on_hand:
            count_units(self.costs, position, on_hand)
        if allocated:
            key = cause.line, position.id
            self.slices[key] = self.slices.get(key, 0) + allocated
        movement = Movement(
            position_id=position.id,
            movement_no=position.movement_no,
            on_hand_delta=on_hand,
            allocated_delta=allocated,
            on_hand_after=position.on_hand,
            allocated_after=position.allocated,
            reason=reason,
            cause=cause,
            occurred_at=moment,
            doer=self._doers.get(cause.id, self._otherwise),
            code=code,
            unit_cost_milli=cost_milli,
        )
        self.movements.append(movement)
        if on_hand:
            self._moved.setdefault(position.id, []).append(movement)
        known = self.movements, self._moved, self.slices, self.costs
        self._undo.append((_strike, (position, *known)))


def _strike(
    position: Position,
    movements: list[Movement],
    moved: Mapping[UUID, list[Movement]],
    slices: dict[tuple[UUID, UUID], int],
    costs: Mapping[tuple[UUID, UUID], Cost],
) -> None:
    """Take back the last movement of a journal, which is this position's."""
    movement = movements.pop()
    on_hand, allocated = movement.on_hand_delta, movement.allocated_delta
    position.on_hand -= on_hand
    position.allocated -= allocated
    position.movement_no -= 1
    if allocated:
        slices[movement.cause.line, position.id] -= allocated
    if on_hand:
        moved[position.id].pop()
        count_units(costs, position, -on_hand)


def _move_back(changes: list[CostChange], cost: Cost, before: int | None) -> None:
    """Take back the last change of an average cost, which was another before."""
    cost.average_milli = before
    cost.change_no -= 1
    changes.pop()


def net_allocations(movements: Sequence[Movement]) -> dict[tuple[UUID, UUID], tuple[Cause, int]]:
    """Return the change per (demand line, position) that a run of movements adds up to."""
    net: dict[tuple[UUID, UUID], tuple[Cause, int]] = {}
    for movement in movements:
        if movement.allocated_delta:
            key = (movement.cause.line, movement.position_id)
            so_far = net.get(key, (movement.cause, 0))[1]
            net[key] = (movement.cause, so_far + movement.allocated_delta)
    return net
