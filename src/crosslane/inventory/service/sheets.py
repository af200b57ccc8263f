"""Opening a sheet over protected rows, and saving what was decided on it.

Rows are protected in one order everywhere: positions by key, then costs. A transaction that calls
several doors protects all it will touch by `protect` first, so that no two wait in a circle; what
it cannot know beforehand it hardly waits for (:mod:`crosslane.platform.impatience`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause, Position, PositionKey
from crosslane.inventory.domain.sheet import CLOCK_SKEW_MAX, Doer, Sheet
from crosslane.inventory.service.news import news_of
from crosslane.inventory.service.surroundings import owners_of, reserves_of
from crosslane.inventory.storage import costs, holds, positions
from crosslane.inventory.storage.positions import Place, Protected
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx


class Caused(Protocol):
    """A request that names the document it is due to."""

    @property
    def cause(self) -> Cause:
        """The document."""
        ...


class Fact(msgspec.Struct, frozen=True):
    """Where a fact happened: its position is made when there is none yet.

    Args:
        place: where.
        owner_id: whose stock; None for the entity that owns the location.
    """

    place: Place
    owner_id: UUID | None = None


async def protect(tx: Tx, places: Iterable[Place]) -> None:
    """Lock positions ahead of several doors called in one transaction."""
    await positions.lock_positions(tx, places, await owners_of(tx))


async def open_sheet(
    tx: Tx,
    places: Iterable[Place] = (),
    *,
    facts: Sequence[Fact] = (),
    lines: Iterable[UUID] = (),
    hold_ids: Sequence[UUID] = (),
    decides: bool = False,
    doers: Mapping[UUID, Doer] | None = None,
) -> Sheet:
    """Protect the rows a batch may touch and return them as a sheet.

    Args:
        tx: open transaction.
        places: where decisions look for stock.
        facts: where something happened.
        lines: demand lines that give back or use up what they have.
        hold_ids: holds that change.
        decides: whether ATP is asked for, so that policies must be known.
        doers: who does what in this batch, by document; the transaction's actor does the rest.
    """
    wanted = {*places, *(fact.place for fact in facts)}
    protected = await _lock(tx, wanted, facts, hold_ids, set(lines))
    variants = {position.key.variant_id for position in protected.positions}
    return Sheet(
        protected.positions,
        now=protected.now,
        doers=doers,
        otherwise=Doer(str(tx.actor), tx.trace),
        reserves=await reserves_of(tx, variants) if decides else None,
        slices=protected.slices,
        holds=protected.holds,
    )


async def save_sheet(tx: Tx, sheet: Sheet) -> None:
    """Write what was decided on a sheet and tell of it."""
    if sheet.touched:
        await positions.save(tx, sheet)
    if lapsed := [p for p in sheet.touched if p in sheet.lapsed]:
        await holds.mark_expired(tx, sheet, lapsed)
    if sheet.cost_changes:
        await costs.save_costs(tx, sheet)
    await log.append(tx, await news_of(tx, sheet))


def doers_of(requests: Sequence[Caused], causes: Sequence[log.Cause] | None) -> dict[UUID, Doer]:
    """Return who does what, by document, when a batch is due to several commands."""
    return {
        request.cause.id: Doer(str(cause.actor), cause.trace)
        for request, cause in zip(requests, causes or (), strict=causes is not None)
    }


async def load_costs(tx: Tx, sheet: Sheet, received: Iterable[Position]) -> None:
    """Protect the average costs that receipts into these positions will move."""
    keys = {(position.key.variant_id, position.key.owner_id) for position in received}
    if keys:
        sheet.costs.update(await costs.lock_costs(tx, keys))


async def load_moved_after(tx: Tx, sheet: Sheet, instants: Iterable[tuple[UUID, datetime]]) -> None:
    """Tell a sheet what moved after the instants of counts and snapshots."""
    wanted = sorted(set(instants))
    if wanted:
        sheet.expect_later(await positions.list_moved_after(tx, wanted, CLOCK_SKEW_MAX))


async def _lock(
    tx: Tx,
    wanted: set[Place],
    facts: Sequence[Fact],
    hold_ids: Sequence[UUID],
    lines: set[UUID],
) -> Protected:
    if not wanted and not hold_ids:
        return Protected([], tx.now, [], {})
    owners = await owners_of(tx)
    needed = {
        PositionKey(*fact.place, fact.owner_id or owners[fact.place.location_id]) for fact in facts
    }
    found = await positions.lock_positions(tx, wanted, owners, hold_ids=hold_ids, lines=lines)
    missing = needed.difference(position.key for position in found.positions)
    if missing:
        await positions.insert_positions(tx, {key: new_id() for key in missing})
        found = await positions.lock_positions(tx, wanted, owners, hold_ids=hold_ids, lines=lines)
    return found
