"""Opening a sheet over protected rows, and saving what was decided on it.

Rows are protected in one order everywhere: positions by key, then costs. A transaction that calls
several doors protects all it will touch by `protect` first, so that no two wait in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause, Position, PositionKey, Reason
from crosslane.inventory.domain.sheet import CLOCK_SKEW_MAX, Doer, Movement, Sheet
from crosslane.inventory.events import (
    DEMANDS_NAMED_MAX,
    MOVEMENTS_NAMED_MAX,
    VARIANTS_NAMED_MAX,
    AverageCost,
    LosingDemand,
    StockAdjusted,
    StockReceived,
    StockShort,
    StockValued,
    ValuedMovement,
)
from crosslane.inventory.service.surroundings import owners_of, reserves_of
from crosslane.inventory.storage import costs, holds, positions
from crosslane.inventory.storage.positions import Place, Protected
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.log import Event

CORRECTIONS = (Reason.ADJUST, Reason.COUNT, Reason.REGRADE)


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
    await log.append(tx, [*_news(sheet), *_valued(sheet), *await _shortages(tx, sheet)])


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


def _news(sheet: Sheet) -> list[Event]:
    """Return what others learn of a sheet: one event per document, location and sort of news."""
    risen: dict[UUID, int] = {}
    for movement in sheet.movements:
        rise = risen.get(movement.position_id, 0) + movement.on_hand_delta
        risen[movement.position_id] = rise
    more: dict[tuple[str, UUID, UUID], set[UUID]] = {}
    corrected: dict[tuple[str, UUID, UUID], set[UUID]] = {}
    for movement in sheet.movements:
        key = sheet.positions[movement.position_id].key
        subject = (movement.cause.kind, movement.cause.id, key.location_id)
        if movement.reason in CORRECTIONS and movement.on_hand_delta:
            corrected.setdefault(subject, set()).add(key.variant_id)
        if movement.on_hand_delta > 0 and risen[movement.position_id] > 0 and key.is_sellable:
            more.setdefault(subject, set()).add(key.variant_id)
    return [*_events(StockAdjusted, corrected), *_events(StockReceived, more)]


def _events(
    sort: type[StockAdjusted] | type[StockReceived],
    news: dict[tuple[str, UUID, UUID], set[UUID]],
) -> list[Event]:
    events: list[Event] = []
    for (kind, cause_id, location_id), variants in news.items():
        listed = sorted(variants)
        for start in range(0, len(listed), VARIANTS_NAMED_MAX):
            events.append(
                sort(
                    cause_kind=kind,
                    cause_id=cause_id,
                    location_id=location_id,
                    variant_ids=tuple(listed[start : start + VARIANTS_NAMED_MAX]),
                )
            )
    return events


def _valued(sheet: Sheet) -> list[Event]:
    """Return what stock is worth more or less, one event per document, place and instant."""
    moved: dict[tuple[Cause, UUID, datetime], list[ValuedMovement]] = {}
    for movement in sheet.movements:
        if not movement.on_hand_delta or movement.reason is Reason.SHIP:
            continue
        key = sheet.positions[movement.position_id].key
        document = Cause(movement.cause.kind, movement.cause.id, movement.cause.id)
        moved.setdefault((document, key.location_id, movement.occurred_at), []).append(
            ValuedMovement(
                variant_id=key.variant_id,
                owner_id=key.owner_id,
                reason=str(movement.reason),
                quantity=movement.on_hand_delta,
                unit_cost_milli=movement.unit_cost_milli,
            )
        )
    averages = {
        (change.variant_id, change.owner_id): AverageCost(
            variant_id=change.variant_id,
            owner_id=change.owner_id,
            change_no=change.change_no,
            average_milli=change.average_after_milli,
        )
        for change in sheet.cost_changes
    }
    events: list[Event] = []
    for (document, location_id, occurred_at), rows in moved.items():
        for start in range(0, len(rows), MOVEMENTS_NAMED_MAX):
            part = tuple(rows[start : start + MOVEMENTS_NAMED_MAX])
            keys = dict.fromkeys((row.variant_id, row.owner_id) for row in part)
            # A cost is told once, with the first movement of its variant.
            told = tuple(average for key in keys if (average := averages.pop(key, None)))
            events.append(
                StockValued(
                    cause_kind=document.kind,
                    cause_id=document.id,
                    location_id=location_id,
                    occurred_at=occurred_at,
                    movements=part,
                    averages=told,
                )
            )
    return events


async def _shortages(tx: Tx, sheet: Sheet) -> list[Event]:
    """Return, for stock that facts took from under promises, who goes without."""
    short = {shortage.position_id: shortage.units for shortage in sheet.shortages()}
    if not short:
        return []
    losing = await positions.list_losing(tx, list(short), DEMANDS_NAMED_MAX * len(short))
    blamed: dict[UUID, Movement] = {m.position_id: m for m in sheet.movements}
    events: list[Event] = []
    for position_id, units in short.items():
        key = sheet.positions[position_id].key
        cause = blamed[position_id].cause
        named = [
            LosingDemand(row.cause_kind, row.cause_id, row.line_id, row.quantity)
            for row in losing
            if row.position_id == position_id
        ]
        events.append(
            StockShort(
                cause_kind=cause.kind,
                cause_id=cause.id,
                variant_id=key.variant_id,
                location_id=key.location_id,
                position_id=position_id,
                units=units,
                losing=tuple(named[:DEMANDS_NAMED_MAX]),
            )
        )
    return events
