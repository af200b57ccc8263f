"""Backorders with dates: what waits for stock is promised what is on its way to a location.

Promises follow the units: whenever something waits, waits no more, or supply changes, inventory is
asked once more for exactly what waits. A line all of whose waiting units are on their way is told
for the day on which sourcing would deliver them from where they arrive; any other has no date.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane import inventory, locations, sourcing
from crosslane.kernel import Refusal
from crosslane.locations import Network
from crosslane.orders import events
from crosslane.orders.domain import OrderLine, OrderState, Stage
from crosslane.orders.service.allocating import Search, Wanted, request_of
from crosslane.orders.service.resourcing import (
    find_new_stock,
    searches_of_waiting,
    stock_arrived,
)
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.orders.storage import states
from crosslane.platform.database import Tx
from crosslane.platform.impatience import impatient

DATED_AT_ONCE_MAX = 500


async def serve_arrived(tx: Tx, arrived: Sequence[inventory.PromiseArrived], doing: Doing) -> None:
    """Give units that came in to the lines they are held for, as many as still wait.

    The hold is let go and the units are looked for in the same transaction, so that day, parcel and
    cost are decided as for any other stock, and nobody comes in between. What its line wants no
    more is for others who wait. Their orders, and positions, are out of order by then.

    Raises:
        SerializationError: others have locked them; the transaction has to be run again.
    """
    ours = [each for each in arrived if each.cause_kind == "order"]
    if not ours:
        return
    order_ids = list(dict.fromkeys(each.cause_id for each in ours))
    sheet = await Sheet.open(tx, order_ids)
    held: dict[UUID, int] = {}
    for each in ours:
        held[each.line_id] = held.get(each.line_id, 0) + each.quantity
    before = _backordered(sheet)
    await find_new_stock(tx, sheet, order_ids, doing, at_most=held, arrived=ours)
    after = _backordered(sheet)
    await sheet.write(tx)
    taken = {line_id: units - after[line_id] for line_id, units in before.items()}
    left = {each.variant_id for each in ours if taken.get(each.line_id, 0) < held[each.line_id]}
    if left:
        async with impatient(tx):
            await stock_arrived(tx, sorted(left), doing)


def _backordered(sheet: Sheet) -> dict[UUID, int]:
    return {
        line.id: state.buckets.units(line.id, Stage.BACKORDERED)
        for state in sheet.states.values()
        for line in state.stock_lines
    }


async def date_waiting(
    tx: Tx, order_ids: Iterable[UUID], variant_ids: Iterable[UUID], doing: Doing
) -> None:
    """Promise what is on its way to lines that wait, and tell when their date has moved.

    Args:
        tx: open transaction.
        order_ids: orders in which something began or ceased to wait.
        variant_ids: articles of which more, less or at another time is on its way: everyone who
            waits for them is looked at.
        doing: what it is due to.
    """
    variants = list(variant_ids)
    waiting = await states.list_waiting(tx, variants, DATED_AT_ONCE_MAX) if variants else []
    sheet = await Sheet.open(tx, [*order_ids, *waiting])
    network = await locations.network(tx)
    senders = frozenset(at.id for at in network.able("ship"))
    asked = [
        (state, line, _wait_of(state, line, senders))
        for state in sheet.states.values()
        for line in state.stock_lines
        if line.method != "carry_out"
    ]
    kept = await inventory.keep_promises(tx, [wait for _, _, wait in asked])
    coming = {
        wait.cause.line: promised.slices
        for (_, _, wait), promised in zip(asked, kept, strict=True)
        if wait.quantity and sum(s.quantity for s in promised.slices) == wait.quantity
    }
    dates = await _dates(tx, list(sheet.states.values()), coming, network)
    for state in list(sheet.states.values()):
        _move(sheet, state, dates, doing)
    await sheet.write(tx)


def _wait_of(state: OrderState, line: OrderLine, senders: frozenset[UUID]) -> inventory.Waiting:
    """Return what a line waits for, to arrive where it can be served from."""
    able = frozenset[UUID]() if line.method == "pickup" else senders
    if line.store_id:
        able |= {line.store_id}
    barred = {at for who, at in state.barred if who == line.id}
    return inventory.Waiting(
        variant_id=line.variant_id,
        quantity=state.buckets.units(line.id, Stage.BACKORDERED),
        cause=inventory.Cause("order", state.order.id, line.id),
        location_ids=able - barred if barred else able,
        promised_for=state.order.placed_at,
    )


def _move(sheet: Sheet, state: OrderState, dates: dict[UUID, datetime], doing: Doing) -> None:
    moved = [
        events.MovedPromise(line.id, line.promised_at, dates.get(line.id))
        for line in state.stock_lines
        if state.buckets.units(line.id, Stage.BACKORDERED)
        and line.promised_at != dates.get(line.id)
    ]
    for one in moved:
        sheet.promise(state.order.id, one.line_id, one.after, doing)
    if moved:
        sheet.announce(events.PromiseMoved(order_id=state.order.id, lines=moved), doing)


async def _dates(
    tx: Tx,
    waiting: Sequence[OrderState],
    coming: dict[UUID, tuple[inventory.PromisedSlice, ...]],
    network: Network,
) -> dict[UUID, datetime]:
    """Return when the lines are delivered that wait for nothing but what is coming.

    Each is planned as if the goods lay there on the day the last of them can be had.
    """
    stock: dict[UUID, dict[UUID, int]] = {}
    asked: list[sourcing.SourcingRequest] = []
    for state, search in await searches_of_waiting(tx, waiting):
        for want in search.wanted:
            slices = coming.get(want.line.id, ())
            here = stock.setdefault(want.line.variant_id, {})
            for each in slices:
                here[each.location_id] = here.get(each.location_id, 0) + each.quantity
            # What should have come already is not in sight until somebody says when it comes.
            if slices and all(_is_due(each, network, tx.now) for each in slices):
                asked.append(_request(state, search, want, slices, network))
    survey = inventory.Survey(
        [
            inventory.VariantStock(variant_id, list(there), list(there.values()))
            for variant_id, there in stock.items()
        ],
        at=tx.now,
    )
    found: dict[UUID, datetime] = {}
    for plan in await sourcing.plan_orders(tx, asked, survey):
        if isinstance(plan, Refusal) or plan.unfilled:
            continue
        if plan.promised_at is not None:
            found[plan.request.lines[0].key] = plan.promised_at
    return found


def _is_due(coming: inventory.PromisedSlice, network: Network, now: datetime) -> bool:
    timezone = network.by_id[coming.location_id].timetable.timezone
    return coming.available_on >= now.astimezone(ZoneInfo(timezone)).date()


def _request(
    state: OrderState,
    search: Search,
    want: Wanted,
    slices: Sequence[inventory.PromisedSlice],
    network: Network,
) -> sourcing.SourcingRequest:
    there = {each.location_id for each in slices}
    elsewhere = frozenset(network.by_id) - there
    begins = max(
        datetime.combine(
            each.available_on, time(), ZoneInfo(network.by_id[each.location_id].timetable.timezone)
        )
        for each in slices
    )
    alone = msgspec.structs.replace(want, barred=want.barred | elsewhere)
    at = max(begins.astimezone(UTC), state.order.placed_at)
    return request_of(msgspec.structs.replace(search, wanted=[alone], at=at))
