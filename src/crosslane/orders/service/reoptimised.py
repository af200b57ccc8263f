"""Serving orders otherwise, as they were decided anew together: each whole, or left alone."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.orders.domain import NOWHERE, Move, OrderState, Stage
from crosslane.orders.domain.reoptimising import Change, movable, promised
from crosslane.orders.service.allocating import Result, Search, find_stock
from crosslane.orders.service.resourcing import searches_of, take_found
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform.database import Tx

TRIES_MAX = 5


class _Lost(Exception):
    """Some orders of a group could not be served as decided."""

    def __init__(self, order_ids: set[UUID]) -> None:
        super().__init__(len(order_ids))
        self.order_ids = order_ids


async def serve_otherwise(tx: Tx, changes: Sequence[Change], doing: Doing) -> int:
    """Move the allocated units of orders to where a joint decision wants them.

    An order that has changed meanwhile is left alone, and so is one whose units are not there any
    more or would come later than the customer was told; then it keeps what it has, and the others
    are tried without it.

    Args:
        tx: open transaction.
        changes: one may need the units that another gives up.
        doing: what it is due to.

    Returns:
        How many orders were moved.
    """
    left = list(changes)
    for _ in range(TRIES_MAX):
        if not left:
            break
        try:
            async with tx.savepoint():
                return await _move(tx, left, doing)
        except _Lost as lost:
            left = [change for change in left if change.order_id not in lost.order_ids]
    return 0


async def _move(tx: Tx, changes: Sequence[Change], doing: Doing) -> int:
    sheet = await Sheet.open(tx, [change.order_id for change in changes])
    stale = {change.order_id for change in changes if not _fits(sheet, change)}
    if stale:
        raise _Lost(stale)
    for change in changes:
        back = [
            Move(
                line.line_id,
                line.from_id,
                Stage.ALLOCATED,
                NOWHERE,
                Stage.OPEN,
                line.quantity,
                doing.why,
            )
            for line in change.lines
        ]
        sheet.move(change.order_id, back, doing)
    by_order = {change.order_id: change for change in changes}
    searches = [
        (state, _search(state, search, by_order[state.order.id]))
        for state, search in await searches_of(
            tx,
            [
                (sheet.states[change.order_id], {m.line_id: m.quantity for m in change.lines})
                for change in changes
            ],
        )
    ]
    freed = await sheet.take_freed(tx)
    results = await find_stock(tx, [search for _, search in searches], freed=freed)
    found = list(zip(searches, results, strict=True))
    lost = {state.order.id for (state, search), result in found if not _is_whole(search, result)}
    if lost:
        raise _Lost(lost)
    for (state, search), result in found:
        take_found(sheet, state, search, result, doing)
    await sheet.write(tx)
    return len(changes)


def _fits(sheet: Sheet, change: Change) -> bool:
    """Tell whether an order is still what was decided on."""
    state = sheet.states.get(change.order_id)
    if state is None or state.order.version != change.version:
        return False
    there = {line.line_id: (line.from_id, line.quantity) for line in change.lines}
    return movable(state) == there


def _search(state: OrderState, search: Search, change: Change) -> Search:
    """Return a search that finds nothing but what was decided, and nothing that comes too late."""
    to = {line.line_id: line.to_id for line in change.lines}
    told = promised(state, list(to))
    return msgspec.structs.replace(
        search,
        wanted=[msgspec.structs.replace(want, only=to[want.line.id]) for want in search.wanted],
        wanted_at=told,
        in_time=told is not None,
        before_milli=change.before_milli,
    )


def _is_whole(search: Search, result: Result) -> bool:
    found = {(one.line_id, one.location_id): one.quantity for one in result.found}
    return found == {(want.line.id, want.only): want.quantity for want in search.wanted}
