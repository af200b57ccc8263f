"""A sheet of orders: locked, changed in memory by decisions, written once for all of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from crosslane import inventory, locations, pricing
from crosslane.kernel import new_id
from crosslane.orders import events
from crosslane.orders.domain import (
    AT_A_LOCATION,
    HOLDS_STOCK,
    Attribution,
    Charge,
    Move,
    NewLine,
    OrderState,
    Returned,
    Stage,
    Stop,
    StopKind,
    handed_over_units,
    is_ready,
    is_settled,
)
from crosslane.orders.errors import NoSuchOrder
from crosslane.orders.service.freed import NOTHING, Freed
from crosslane.orders.service.settling import RefundPart, settle
from crosslane.orders.storage import states, writing
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.log import Cause


class Doing(msgspec.Struct, frozen=True):
    """On whose behalf and when a change happens.

    Args:
        cause: command or reaction the change is due to.
        occurred_at: business time of the change.
        why: named in the journal, such as ``amendment:3`` or ``fulfillment:018f...``.
    """

    cause: Cause
    occurred_at: datetime
    why: str


class Sheet:
    """Some orders under lock.

    Decisions call the verbs below; :meth:`write` stores everything with a fixed number of
    statements, gives back stock that is no longer wanted, asks payments for what the terms of each
    order want, and announces the events.

    Attributes:
        states: the orders as they stand.
        refunded: once written, what was asked to be given back, by order.
    """

    def __init__(self, loaded: dict[UUID, OrderState]) -> None:
        self.states = loaded
        self._journal: list[writing.JournalMove] = []
        self._units: list[inventory.Release] = []
        self._stops: list[Stop] = []
        self._resolved: list[tuple[UUID, str, str]] = []
        self._expected: list[tuple[UUID, int]] = []
        self._ends: list[tuple[UUID, datetime | None]] = []
        self._amendments: list[writing.Amendment] = []
        self._lines: list[NewLine] = []
        self._attributions: list[Attribution] = []
        self._charges: list[Charge] = []
        self._credits: list[tuple[UUID, Returned]] = []
        self._barred: list[tuple[UUID, UUID, UUID, str]] = []
        self._forgiven: list[UUID] = []
        self._addresses: list[tuple[UUID, UUID]] = []
        self._promises: dict[UUID, datetime | None] = {}
        self._events: list[tuple[events.OrderEvent, Cause]] = []
        self._changed: dict[UUID, Doing] = {}
        self._owing: set[UUID] = set()
        self._kept: set[UUID] = set()
        self._elsewhere: dict[UUID, list[RefundPart]] = {}
        self.refunded: dict[UUID, int] = {}
        self._left: set[tuple[UUID, UUID]] = set()
        self._new: dict[UUID, writing.NewOrder] = {}

    @classmethod
    def begin(cls, placed: Iterable[tuple[OrderState, writing.NewOrder]]) -> Self:
        """Return a sheet of new orders, which it writes together with their first moves."""
        orders = list(placed)
        sheet = cls({state.order.id: state for state, _ in orders})
        sheet._new = {state.order.id: record for state, record in orders}
        return sheet

    @classmethod
    async def open(cls, tx: Tx, order_ids: Iterable[UUID]) -> Self:
        """Lock orders and load everything about them; unknown ids are left out."""
        return cls(await states.lock_orders(tx, list(order_ids)))

    def state(self, order_id: UUID) -> OrderState:
        """Return an order on this sheet.

        Raises:
            NoSuchOrder: it is not there.
        """
        state = self.states.get(order_id)
        if state is None:
            raise NoSuchOrder(order=str(order_id))
        return state

    def move(self, order_id: UUID, moves: Sequence[Move], doing: Doing) -> None:
        """Move units between buckets of one order; stock they no longer need is given back."""
        state = self.states[order_id]
        by = str(doing.cause.actor)
        for move in moves:
            state.buckets.move(move)
            if move.to_stage in (Stage.HANDED_OVER, Stage.CANCELLED):
                self._owing.add(order_id)
            self._journal.append(writing.JournalMove(order_id, move, by, doing.occurred_at))
            if move.from_stage in HOLDS_STOCK and move.to_stage in (Stage.OPEN, Stage.CANCELLED):
                self._left.add((order_id, move.from_location_id))
                self._units.append(
                    inventory.Release(
                        variant_id=state.by_id[move.line_id].variant_id,
                        location_id=move.from_location_id,
                        quantity=move.quantity,
                        cause=inventory.Cause("order", order_id, move.line_id),
                        # Packed units may be on their way to a store: no stock is kept for them.
                        at_most=move.from_stage is Stage.PACKED,
                    )
                )
        if moves:
            self.note(order_id, doing)

    def call_back(self, order_id: UUID, moves: Sequence[Move], reason: str, doing: Doing) -> None:
        """Move units off the work of their locations, which are told of it."""
        self.move(order_id, moves, doing)
        units = [
            events.CancelledUnits(m.line_id, m.from_location_id, m.from_stage, m.quantity)
            for m in moves
        ]
        recalled = events.UnitsRecalled(order_id=order_id, units=units, reason=reason)
        self.announce(recalled, doing)

    def note(self, order_id: UUID, doing: Doing) -> None:
        """Remember that an order has changed."""
        self._changed[order_id] = doing

    def raise_stop(
        self,
        order_id: UUID,
        kind: StopKind,
        reason: str,
        doing: Doing,
        expires_at: datetime | None = None,
        *,
        amendment_no: int = 0,
        cause_id: UUID | None = None,
        expected_minor: int = 0,
        payment_ids: Sequence[UUID] = (),
    ) -> Stop:
        """Hold an order, or the lines of one amendment, back."""
        stop = Stop(
            id=new_id(),
            order_id=order_id,
            kind=kind,
            reason=reason,
            raised_at=doing.occurred_at,
            raised_by=str(doing.cause.actor),
            expires_at=expires_at,
            amendment_no=amendment_no,
            cause_id=cause_id,
            expected_minor=expected_minor,
            payment_ids=tuple(payment_ids),
        )
        self._replace(order_id, stops=(*self.states[order_id].stops, stop))
        self._stops.append(stop)
        self.announce(events.StopRaised(order_id=order_id, stop_id=stop.id, stop_kind=kind), doing)
        return stop

    def resolve_stop(self, order_id: UUID, stop: Stop, resolution: str, doing: Doing) -> None:
        """Lift a stop."""
        by = str(doing.cause.actor)
        lifted = msgspec.structs.replace(
            stop, resolved_at=doing.occurred_at, resolved_by=by, resolution=resolution
        )
        stops = tuple(lifted if s.id == stop.id else s for s in self.states[order_id].stops)
        self._replace(order_id, stops=stops)
        self._resolved.append((stop.id, by, resolution))
        lift = events.StopResolved(order_id=order_id, stop_id=stop.id, stop_kind=stop.kind)
        self.announce(lift, doing)

    def expect_less(self, order_id: UUID, stop: Stop, minor: int) -> Stop:
        """Expect so much less for what a stop waits for: some of it was credited."""
        left = max(0, stop.expected_minor - minor)
        less = msgspec.structs.replace(stop, expected_minor=left)
        stops = tuple(less if s.id == stop.id else s for s in self.states[order_id].stops)
        self._replace(order_id, stops=stops)
        self._expected.append((stop.id, left))
        return less

    def end_stop_at(
        self, order_id: UUID, stop: Stop, expires_at: datetime | None, doing: Doing
    ) -> None:
        """Give an open stop another end, or none."""
        other = msgspec.structs.replace(stop, expires_at=expires_at)
        stops = tuple(other if s.id == stop.id else s for s in self.states[order_id].stops)
        self._replace(order_id, stops=stops)
        self._ends.append((stop.id, expires_at))
        self.note(order_id, doing)

    def add_lines(
        self,
        order_id: UUID,
        lines: Sequence[NewLine],
        attributions: Sequence[Attribution],
        doing: Doing,
    ) -> None:
        """Add lines whose units are all open; the caller moves them on."""
        state = self.states[order_id]
        self._replace(order_id, lines=(*state.lines, *lines))
        for line in lines:
            if not line.is_bundle:
                state.buckets.add_open(line.id, line.quantity)
        self._lines.extend(lines)
        self._attributions.extend(attributions)
        self.note(order_id, doing)

    def add_charge(self, order_id: UUID, charge: Charge, doing: Doing) -> None:
        """Add a charge."""
        self._replace(order_id, charges=(*self.states[order_id].charges, charge))
        self._charges.append(charge)
        self._owing.add(order_id)
        self.note(order_id, doing)

    def credit(self, order_id: UUID, returned: Sequence[Returned], doing: Doing) -> None:
        """Note units that came back with what was credited for them."""
        state = self.states[order_id]
        self._replace(order_id, returned=(*state.returned, *returned))
        self._credits.extend((order_id, one) for one in returned)
        self._owing.add(order_id)
        self.note(order_id, doing)

    def give_elsewhere(self, order_id: UUID, parts: Sequence[RefundPart]) -> None:
        """Let parts of what the order's customer gets back go another way than it came."""
        self._elsewhere.setdefault(order_id, []).extend(parts)

    def keep_money(self, order_id: UUID) -> None:
        """Leave the money of an order to a later change, which settles all of it."""
        self._kept.add(order_id)

    def amend(
        self, order_id: UUID, kind: str, reason: str, lines: Any, gross_delta: int, doing: Doing
    ) -> int:
        """Write an amendment down; return its number on the order."""
        no = self.states[order_id].amendments + 1
        self._replace(order_id, amendments=no)
        self._amendments.append(
            writing.Amendment(
                id=new_id(),
                order_id=order_id,
                no=no,
                kind=kind,
                reason=reason,
                lines=msgspec.json.encode(lines),
                gross_delta_minor=gross_delta,
                actor=str(doing.cause.actor),
            )
        )
        self.note(order_id, doing)
        return no

    def bar(self, order_id: UUID, line_id: UUID, location_id: UUID, reason: str) -> None:
        """Never ask a location for a line again."""
        state = self.states[order_id]
        self._replace(order_id, barred=state.barred | {(line_id, location_id)})
        self._barred.append((order_id, line_id, location_id, reason))

    def forgive(self, order_id: UUID, line_ids: Sequence[UUID]) -> None:
        """Let locations be asked for lines again that had failed them."""
        state = self.states[order_id]
        kept = {(line, at) for line, at in state.barred if line not in set(line_ids)}
        self._replace(order_id, barred=frozenset(kept))
        self._forgiven.extend(line_ids)

    def send_to(self, order_id: UUID, address_id: UUID, doing: Doing) -> None:
        """Send an order somewhere else from now on."""
        order = self.states[order_id].order
        self._replace(order_id, order=msgspec.structs.replace(order, ship_address_id=address_id))
        self._addresses.append((order_id, address_id))
        self.note(order_id, doing)

    def promise(
        self, order_id: UUID, line_id: UUID, promised_at: datetime | None, doing: Doing
    ) -> None:
        """Tell when the customer has a line from now on; None for nobody can say."""
        lines = tuple(
            msgspec.structs.replace(line, promised_at=promised_at) if line.id == line_id else line
            for line in self.states[order_id].lines
        )
        self._replace(order_id, lines=lines)
        self._promises[line_id] = promised_at
        self.note(order_id, doing)

    def announce(self, event: events.OrderEvent, doing: Doing) -> None:
        """Tell of something in the log, in the order of the calls."""
        self._events.append((event, doing.cause))
        self.note(event.order_id, doing)

    def _replace(self, order_id: UUID, **changes: object) -> None:
        self.states[order_id] = msgspec.structs.replace(self.states[order_id], **changes)

    async def write(self, tx: Tx) -> None:
        """Store every change, give stock back, settle the money, announce the events."""
        if not self._changed:
            return
        await writing.insert_lines(tx, self._lines, self._attributions)
        await writing.insert_charges(tx, self._charges)
        await writing.insert_credits(tx, self._credits)
        await writing.insert_stops(tx, self._stops)
        await writing.resolve_stops(tx, *_columns(self._resolved, 3))
        await writing.update_expected(tx, *_columns(self._expected, 2))
        await writing.update_ends(tx, *_columns(self._ends, 2))
        await writing.insert_amendments(tx, self._amendments)
        await writing.delete_barred(tx, self._forgiven)
        await writing.insert_barred(tx, *_columns(self._barred, 4))
        await writing.update_addresses(tx, *_columns(self._addresses, 2))
        await writing.update_promises(tx, list(self._promises), list(self._promises.values()))
        changed = {order_id: self.states[order_id] for order_id in self._changed}
        buckets = [bucket for state in changed.values() for bucket in state.buckets.changed()]
        done = {id: s for id, s in changed.items() if s.order.closed_at is None and is_settled(s)}
        reopened = [id for id, s in changed.items() if s.order.closed_at and not is_settled(s)]
        for order_id, state in changed.items():
            self._announce_progress(order_id, state, closes=order_id in done)
        emptied = [id for id, state in done.items() if not _handed_over(state)]
        if self._new:
            placed = [_closed(one, tx.now) if id in done else one for id, one in self._new.items()]
            await writing.insert_orders(tx, placed, self._journal, buckets)
        else:
            await writing.save_changes(
                tx, self._journal, buckets, list(changed), list(done), reopened, emptied
            )
        if emptied:
            await pricing.release_coupons(tx, emptied)
        await (await self.take_freed(tx)).give_back(tx)
        owing = {id: changed[id] for id in changed if id in self._owing - self._kept}
        whys = {id: doing.why for id, doing in self._changed.items()}
        self.refunded = await settle(
            tx,
            owing,
            whys,
            {id: doing.occurred_at for id, doing in self._changed.items()},
            self._elsewhere,
        )
        await log.append(tx, [event for event, _ in self._events], [c for _, c in self._events])

    async def take_freed(self, tx: Tx) -> Freed:
        """Return what units no longer need; whoever takes it gives it back."""
        if not self._units:
            return NOTHING
        emptied = [(id, at) for id, at in sorted(self._left) if not self._supplied_by(id, at)]
        freed = Freed(self._units, await locations.claims_held(tx, emptied))
        self._units, self._left = [], set()
        return freed

    def _supplied_by(self, order_id: UUID, location_id: UUID) -> int:
        """Return how many units of an order a location supplies or has supplied."""
        state = self.states[order_id]
        return sum(
            state.buckets.units_in(line.id, AT_A_LOCATION, location_id)
            for line in state.stock_lines
        )

    def _announce_progress(self, order_id: UUID, state: OrderState, *, closes: bool) -> None:
        doing = self._changed[order_id]
        if closes:
            self.announce(events.OrderClosed(order_id=order_id), doing)
        elif is_ready(state):
            self.announce(events.OrderReady(order_id=order_id), doing)


def _closed(placed: writing.NewOrder, now: datetime) -> writing.NewOrder:
    """Return a new order that closes at once, as its first change: all of it is carried out."""
    order = msgspec.structs.replace(placed.order, version=placed.order.version + 1, closed_at=now)
    return msgspec.structs.replace(placed, order=order)


def _handed_over(state: OrderState) -> int:
    return sum(handed_over_units(state.buckets, line.id) for line in state.stock_lines)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[n] for row in rows] for n in range(width)]
