"""Where the units of new orders come from, and when the customers have them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import inventory, locations
from crosslane.orders.domain import NOWHERE, Buckets, Move, Stage
from crosslane.orders.errors import NotEnoughStock
from crosslane.orders.service import capacity
from crosslane.orders.service.allocating import Found, Result, Search, find_stock, foresee
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.held import Held, held_for, use_holds
from crosslane.orders.service.placing.offered import require_kept, wanted_by
from crosslane.orders.service.placing.resolving import Surroundings
from crosslane.orders.service.placing.searching import search_of, ways_of
from crosslane.platform.database import Tx
from crosslane.platform.impatience import impatient

WHY = "placed"


async def source(tx: Tx, drafts: Sequence[Draft], around: Surroundings) -> None:
    """Allocate the units of orders; what nobody has is backordered, or the order is refused.

    An order that was placed with offers is refused when one of them cannot be kept.
    """
    held = held_for(drafts)
    if held:
        await _protect(tx, drafts, held, around)
        await use_holds(tx, held, around.network)
    found = Counter[UUID]()
    for each in (each for draft in drafts for each in draft.found):
        found[each.line_id] += each.quantity
    searches = [(draft, search) for draft in drafts for search in searches_of(draft, around, found)]
    # What was not foreseen may come before what is held, and days were claimed for that.
    async with impatient(tx) if held and searches else nullcontext():
        results = await find_stock(tx, [search for _, search in searches], confirms=True)
    for draft in drafts:
        draft.buckets = Buckets(())
        for line in draft.stock_lines:
            draft.buckets.add_open(line.id, line.quantity)
    for (draft, search), result in zip(searches, results, strict=True):
        _take(draft, search, result)
    for draft in drafts:
        draft.moves[:0] = [_allocated(found) for found in draft.found]
        _promise(draft)
    require_kept(drafts)


async def _protect(
    tx: Tx, drafts: Sequence[Draft], held: Sequence[Held], around: Surroundings
) -> None:
    """Lock where units are held and where others will be looked for, in the one order of all."""
    found = Counter[UUID]()
    for each in held:
        found[each.line.id] += each.units
    searches = [search for draft in drafts for search in searches_of(draft, around, found)]
    if searches:
        await inventory.protect(tx, {each.place for each in held} | await foresee(tx, searches))


def searches_of(draft: Draft, around: Surroundings, found: Mapping[UUID, int]) -> list[Search]:
    """Return what needs a location, one search per way and store.

    Args:
        draft: an order.
        around: what it is taken in by.
        found: units by line that need not be looked for.
    """
    missing = [line for line in draft.stock_lines if line.quantity > found.get(line.id, 0)]
    return [
        wanted_by(draft, search_of(draft, around, way, lines, found))
        for way, lines in ways_of(missing).items()
    ]


def _take(draft: Draft, search: Search, result: Result) -> None:
    if result.refusal is not None:
        draft.refusal = result.refusal
        return
    draft.receipts.extend(result.receipts)
    draft.unclaimed.extend(result.unclaimed)
    by_line = {want.line.id: want for want in search.wanted}
    missing = {line_id: want.quantity for line_id, want in by_line.items()}
    for found in result.found:
        missing[found.line_id] -= found.quantity
        draft.found.append(found)
    for line_id, quantity in missing.items():
        if quantity and draft.resolved.intake.shortage == "refuse":
            line = by_line[line_id].line
            draft.refusal = NotEnoughStock(
                sku=line.sku,
                quantity=line.quantity,
                available=line.quantity - quantity,
            )
        elif quantity:
            draft.moves.append(
                Move(line_id, NOWHERE, Stage.OPEN, NOWHERE, Stage.BACKORDERED, quantity, WHY)
            )


def _allocated(found: Found) -> Move:
    return Move(
        found.line_id,
        NOWHERE,
        Stage.OPEN,
        found.location_id,
        Stage.ALLOCATED,
        found.quantity,
        WHY,
    )


def _promise(draft: Draft) -> None:
    """Write down when each line is there at the latest; a line partly missing has no promise."""
    latest: dict[UUID, datetime] = {}
    counted: dict[UUID, int] = {}
    for each in draft.found:
        counted[each.line_id] = counted.get(each.line_id, 0) + each.quantity
        if each.promised_at is not None:
            latest[each.line_id] = max(each.promised_at, latest.get(each.line_id, each.promised_at))
    draft.lines = [
        msgspec.structs.replace(line, promised_at=latest[line.id])
        if line.id in latest and counted[line.id] == line.quantity
        else line
        for line in draft.lines
    ]


async def confirm(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Claim the capacity of days that was left until the orders are written."""
    wishes = [wish for draft in drafts for wish in draft.unclaimed]
    if wishes:
        await capacity.confirm(tx, wishes)


async def give_back(tx: Tx, refused: Sequence[Draft]) -> None:
    """Return stock and capacity promised to orders which were refused for another reason."""
    releases = [
        inventory.Release(
            variant_id=line.variant_id,
            location_id=move.to_location_id,
            quantity=move.quantity,
            cause=inventory.Cause("order", draft.id, line.id),
        )
        for draft in refused
        for move in draft.moves
        for line in draft.stock_lines
        if line.id == move.line_id and move.to_stage is Stage.ALLOCATED
    ]
    if releases:
        await inventory.release_allocation(tx, releases)
    held = {(draft.id, found.location_id) for draft in refused for found in draft.found}
    await locations.return_held(tx, sorted(held))
