"""Finding new locations for units that are open or backordered, and for those that lost theirs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import catalog, customers, inventory, locations, organization
from crosslane.catalog import Variant
from crosslane.customers import AddressSnapshot
from crosslane.locations import Network
from crosslane.orders import events
from crosslane.orders.domain import (
    NOWHERE,
    Bucket,
    Move,
    OrderLine,
    OrderState,
    Stage,
)
from crosslane.orders.service.allocating import Result, Search, Wanted, find_stock
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import states
from crosslane.organization import OrganizationBook
from crosslane.platform.database import Tx

WHY = "resourced"
LOST = "stock was not there"
WAITING = (Stage.OPEN, Stage.BACKORDERED)
WAITING_ORDERS_MAX = 500


async def find_new_stock(
    tx: Tx,
    sheet: Sheet,
    order_ids: Iterable[UUID],
    doing: Doing,
    *,
    of: Collection[UUID] | None = None,
    at_most: Mapping[UUID, int] | None = None,
    arrived: Sequence[inventory.PromiseArrived] = (),
) -> None:
    """Allocate whatever units of some orders on a sheet wait for a location, those freed on it too.

    Units that were open and stay without stock become backordered, and the customer can be told.

    Args:
        tx: open transaction.
        sheet: with the orders on it.
        order_ids: which of them, the first served first.
        doing: what it is due to.
        of: only lines of these variants are looked at, all when None.
        at_most: only these lines, each for so many units; all units of all lines when None.
        arrived: units held for those orders, which may be found like any others.
    """
    states_here = [sheet.states[id] for id in order_ids if id in sheet.states]
    searches = await searches_of_waiting(tx, states_here, of)
    if at_most is not None:
        searches = [(state, less) for state, all in searches if (less := _cut(all, at_most)).wanted]
    freed = msgspec.structs.replace(await sheet.take_freed(tx), arrived=arrived)
    results = await find_stock(tx, [search for _, search in searches], freed=freed)
    for (state, search), result in zip(searches, results, strict=True):
        take_found(sheet, state, search, result, doing)


async def searches_of_waiting(
    tx: Tx, waiting: Sequence[OrderState], of: Collection[UUID] | None = None
) -> list[tuple[OrderState, Search]]:
    """Return what of some orders waits for a location, one search per way and store.

    Args:
        tx: open transaction.
        waiting: the orders, the first served first.
        of: only lines of these variants are looked at, all when None.
    """
    return await searches_of(
        tx,
        [
            (state, {line.id: _waiting(state, line) for line in _lines_waiting(state, of)})
            for state in waiting
        ],
    )


async def searches_of(
    tx: Tx, asked: Sequence[tuple[OrderState, Mapping[UUID, int]]]
) -> list[tuple[OrderState, Search]]:
    """Return some units of lines as what is asked of sourcing, one search per way and store.

    Args:
        tx: open transaction.
        asked: orders, the first served first, with units by line.
    """
    units = {state.order.id: of_lines for state, of_lines in asked if of_lines}
    wanted = [state for state, of_lines in asked if of_lines]
    if not wanted:
        return []
    variants = await catalog.variants_by_id(
        tx, [line.variant_id for state in wanted for line in state.stock_lines]
    )
    addresses = await customers.addresses_by_id(
        tx, [s.order.ship_address_id for s in wanted if s.order.ship_address_id]
    )
    book, network = await organization.book(tx), await locations.network(tx)
    return [
        (state, search)
        for state in wanted
        for search in _searches(
            state, units[state.order.id], variants, addresses, book, network, tx.now
        )
    ]


def _cut(search: Search, at_most: Mapping[UUID, int]) -> Search:
    wanted = [
        msgspec.structs.replace(want, quantity=min(want.quantity, at_most[want.line.id]))
        for want in search.wanted
        if at_most.get(want.line.id)
    ]
    return msgspec.structs.replace(search, wanted=wanted)


def _waiting(state: OrderState, line: OrderLine) -> int:
    return sum(state.buckets.units(line.id, stage) for stage in WAITING)


def _lines_waiting(state: OrderState, of: Collection[UUID] | None) -> Iterator[OrderLine]:
    """Yield the lines with units that wait for a location; what is carried out never does."""
    for line in state.stock_lines:
        wanted = of is None or line.variant_id in of
        if wanted and line.method != "carry_out" and _waiting(state, line):
            yield line


def _searches(
    state: OrderState,
    units: Mapping[UUID, int],
    variants: Mapping[UUID, Variant],
    addresses: Mapping[UUID, AddressSnapshot],
    book: OrganizationBook,
    network: Network,
    now: datetime,
) -> list[Search]:
    grouped: dict[tuple[str, UUID | None], list[OrderLine]] = {}
    for line in state.stock_lines:
        if line.id not in units:
            continue
        grouped.setdefault((line.method, line.store_id), []).append(line)
    snapshot = addresses.get(state.order.ship_address_id) if state.order.ship_address_id else None
    address = snapshot.address if snapshot else None
    at = max(now, state.order.placed_at)
    return [
        Search(
            order_id=state.order.id,
            channel=book.channel(state.order.channel),
            currency=state.order.currency,
            country=address.country if address else "",
            postcode=address.postcode if address else "",
            service=state.order.service,
            at=at,
            wanted_at=_wanted_at(lines, at),
            method=method,
            store=network.by_id[store_id] if store_id else None,
            wanted=[
                Wanted(
                    line=line,
                    variant=variants[line.variant_id],
                    quantity=units[line.id],
                    barred=frozenset(at for who, at in state.barred if who == line.id),
                )
                for line in lines
            ],
        )
        for (method, store_id), lines in grouped.items()
    ]


def _wanted_at(lines: Iterable[OrderLine], at: datetime) -> datetime | None:
    """Return when the first of some lines was promised; days already late cannot be helped."""
    promised = [line.promised_at for line in lines if line.promised_at is not None]
    return max(at, min(promised)) if promised else None


def take_found(
    sheet: Sheet, state: OrderState, search: Search, result: Result, doing: Doing
) -> None:
    """Give an order what a search has found for it; what still waits becomes backordered."""
    order_id = state.order.id
    moves: list[Move] = []
    for found in result.found:
        moves += _from_waiting(
            state, found.line_id, found.location_id, Stage.ALLOCATED, found.quantity, moves
        )
    sheet.move(order_id, moves, doing)
    _promise(sheet, state, search, result, doing)
    if moves:
        lines = list(dict.fromkeys(move.line_id for move in moves))
        sheet.announce(events.LinesResourced(order_id=order_id, line_ids=lines), doing)
    late = [
        Move(want.line.id, NOWHERE, Stage.OPEN, NOWHERE, Stage.BACKORDERED, units, WHY)
        for want in search.wanted
        if (units := state.buckets.units(want.line.id, Stage.OPEN))
    ]
    sheet.move(order_id, late, doing)
    if late:
        for move in late:
            sheet.promise(order_id, move.line_id, None, doing)
        lines = [move.line_id for move in late]
        sheet.announce(events.LinesBackordered(order_id=order_id, line_ids=lines), doing)


def _promise(sheet: Sheet, state: OrderState, search: Search, result: Result, doing: Doing) -> None:
    """Say when lines are there of which nothing waits any more; a date that was told stands."""
    latest: dict[UUID, datetime] = {}
    for found in result.found:
        if found.promised_at is not None:
            known = latest.get(found.line_id, found.promised_at)
            latest[found.line_id] = max(known, found.promised_at)
    for want in search.wanted:
        undated = want.line.promised_at is None and want.line.id in latest
        if undated and not _waiting(state, want.line):
            sheet.promise(state.order.id, want.line.id, latest[want.line.id], doing)


def _from_waiting(
    state: OrderState,
    line_id: UUID,
    location_id: UUID,
    to_stage: Stage,
    quantity: int,
    planned: Sequence[Move],
) -> list[Move]:
    """Return moves that take units from open first, then from backordered."""
    moves: list[Move] = []
    for stage in WAITING:
        used = sum(m.quantity for m in planned if m.line_id == line_id and m.from_stage is stage)
        units = min(quantity, state.buckets.units(line_id, stage) - used)
        if units > 0:
            quantity -= units
            moves.append(Move(line_id, NOWHERE, stage, location_id, to_stage, units, WHY))
    return moves


async def stock_arrived(tx: Tx, variant_ids: Sequence[UUID], doing: Doing) -> None:
    """Give arrived stock to orders that wait for it, the oldest order first."""
    waiting = await states.list_waiting(tx, variant_ids, WAITING_ORDERS_MAX)
    if not waiting:
        return
    sheet = await Sheet.open(tx, waiting)
    await find_new_stock(tx, sheet, waiting, doing, of=frozenset(variant_ids))
    await sheet.write(tx)


async def stock_lost(tx: Tx, shorts: Sequence[inventory.StockShort], doing: Doing) -> None:
    """Find other stock for demand whose units turned out not to be there.

    Units that are allocated or released at the location go back to open with the location barred;
    those already picked are evidently there. What a vendor was asked for stands until the vendor
    says otherwise: its feed tells what it has besides.
    """
    network = await locations.network(tx)
    places = {short.position_id: short.location_id for short in shorts}
    losing = [
        one for one in await inventory.list_losing(tx, sorted(places)) if one.cause_kind == "order"
    ]
    if not losing:
        return
    sheet = await Sheet.open(tx, {one.cause_id for one in losing})
    for one in losing:
        state, location_id = sheet.states.get(one.cause_id), places[one.position_id]
        if state is not None:
            asked = network.by_id[location_id].kind == "vendor"
            stages = (Stage.ALLOCATED,) if asked else (Stage.ALLOCATED, Stage.RELEASED)
            moves = _give_up(state, one.line_id, location_id, one.quantity, stages)
            sheet.move(one.cause_id, moves, doing)
            if moves:
                sheet.bar(one.cause_id, one.line_id, location_id, LOST)
            recalled = [
                events.CancelledUnits(m.line_id, location_id, m.from_stage, m.quantity)
                for m in moves
                if m.from_stage is Stage.RELEASED
            ]
            if recalled:
                told = events.UnitsRecalled(order_id=one.cause_id, units=recalled, reason=LOST)
                sheet.announce(told, doing)
    await find_new_stock(tx, sheet, list(dict.fromkeys(one.cause_id for one in losing)), doing)
    await sheet.write(tx)


def _give_up(
    state: OrderState, line_id: UUID, location_id: UUID, quantity: int, stages: Sequence[Stage]
) -> list[Move]:
    moves: list[Move] = []
    here: list[Bucket] = [b for b in state.buckets.of(line_id) if b.location_id == location_id]
    for stage in stages:
        for bucket in here:
            if bucket.stage is stage and quantity:
                units = min(quantity, bucket.quantity)
                quantity -= units
                moves.append(Move(line_id, location_id, stage, NOWHERE, Stage.OPEN, units, WHY))
    return moves
