"""What others learn when stock has changed: what there is more of, what it is worth, what lacks."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Cause, Reason
from crosslane.inventory.domain.sheet import Movement, Sheet
from crosslane.inventory.events import (
    DEMANDS_NAMED_MAX,
    MOVEMENTS_NAMED_MAX,
    VARIANTS_NAMED_MAX,
    AvailabilityMoved,
    AverageCost,
    LosingDemand,
    StockAdjusted,
    StockReceived,
    StockShort,
    StockValued,
    ValuedMovements,
)
from crosslane.inventory.storage import positions
from crosslane.kernel import new_id
from crosslane.platform.database import Tx
from crosslane.platform.log import Event

Valued = tuple[UUID, int, int | None]
"""Variant, units, and what one of them costs."""
CORRECTIONS = (Reason.ADJUST, Reason.COUNT, Reason.REGRADE)


class Lacking(msgspec.Struct, frozen=True):
    """A position that has less than is promised of it.

    Args:
        units: how many units lack.
        cause: what took them.
    """

    position_id: UUID
    variant_id: UUID
    location_id: UUID
    units: int
    cause: Cause


async def news_of(tx: Tx, sheet: Sheet) -> list[Event]:
    """Return what others learn of a sheet."""
    return [
        *_changes(sheet),
        *_valued(sheet),
        *availability(_moved(sheet)),
        *await shortages(tx, _lacking(sheet)),
    ]


def availability(variant_ids: Collection[UUID]) -> list[Event]:
    """Return events that name variants of which more or less can be promised."""
    listed = sorted(variant_ids)
    return [
        AvailabilityMoved(
            moved_id=new_id(), variant_ids=tuple(listed[start : start + VARIANTS_NAMED_MAX])
        )
        for start in range(0, len(listed), VARIANTS_NAMED_MAX)
    ]


def changes(
    sort: type[StockAdjusted] | type[StockReceived],
    cause: tuple[str, UUID],
    location_id: UUID,
    variant_ids: Collection[UUID],
) -> list[Event]:
    """Return events that name variants of a place, as many as they need.

    Args:
        sort: what happened to them.
        cause: kind and id of the document.
        location_id: where.
        variant_ids: which.
    """
    kind, cause_id = cause
    listed = sorted(variant_ids)
    return [
        sort(
            cause_kind=kind,
            cause_id=cause_id,
            location_id=location_id,
            variant_ids=tuple(listed[start : start + VARIANTS_NAMED_MAX]),
        )
        for start in range(0, len(listed), VARIANTS_NAMED_MAX)
    ]


def valued(
    cause: tuple[str, UUID],
    location_id: UUID,
    occurred_at: datetime,
    moved: Iterable[ValuedMovements],
    averages: Mapping[tuple[UUID, UUID], AverageCost],
) -> list[Event]:
    """Return events that tell what came and went at a place, as many as they need.

    Args:
        cause: kind and id of the document.
        location_id: where.
        occurred_at: when, in the business.
        moved: what came and went.
        averages: costs that moved, by variant and owner; each is told with its first movement.
    """
    kind, cause_id = cause
    untold = dict(averages)
    events: list[Event] = []
    for page in _pages(moved):
        named = ((variant_id, one.owner_id) for one in page for variant_id in one.variant_ids)
        keys = dict.fromkeys(named) if untold else ()
        events.append(
            StockValued(
                cause_kind=kind,
                cause_id=cause_id,
                location_id=location_id,
                occurred_at=occurred_at,
                movements=page,
                averages=tuple(average for key in keys if (average := untold.pop(key, None))),
            )
        )
    return events


def _pages(moved: Iterable[ValuedMovements]) -> Iterator[tuple[ValuedMovements, ...]]:
    """Cut movements into as many as one event tells."""
    page: list[ValuedMovements] = []
    room = MOVEMENTS_NAMED_MAX
    for one in moved:
        start, count = 0, len(one.variant_ids)
        while start < count:
            cut = slice(start, start + room)
            part = ValuedMovements(
                owner_id=one.owner_id,
                reason=one.reason,
                variant_ids=one.variant_ids[cut],
                quantities=one.quantities[cut],
                unit_costs_milli=one.unit_costs_milli[cut],
            )
            page.append(part)
            start += room
            room -= len(part.variant_ids)
            if not room:
                yield tuple(page)
                page, room = [], MOVEMENTS_NAMED_MAX
    if page:
        yield tuple(page)


async def shortages(tx: Tx, lacking: Sequence[Lacking]) -> list[Event]:
    """Return, for stock that facts took from under promises, who goes without."""
    if not lacking:
        return []
    ids = [one.position_id for one in lacking]
    named: dict[UUID, list[LosingDemand]] = {position_id: [] for position_id in ids}
    for row in await positions.list_losing(tx, ids, DEMANDS_NAMED_MAX * len(ids)):
        demand = LosingDemand(row.cause_kind, row.cause_id, row.line_id, row.quantity)
        named[row.position_id].append(demand)
    return [
        StockShort(
            cause_kind=one.cause.kind,
            cause_id=one.cause.id,
            variant_id=one.variant_id,
            location_id=one.location_id,
            position_id=one.position_id,
            units=one.units,
            losing=tuple(named[one.position_id][:DEMANDS_NAMED_MAX]),
        )
        for one in lacking
    ]


def _moved(sheet: Sheet) -> set[UUID]:
    """Return of which variants more or less can be promised than before."""
    return {
        position.key.variant_id
        for position_id, before in sheet.before.items()
        if (position := sheet.positions[position_id]).key.is_sellable
        and before != position.promisable(sheet.minute)
    }


def _changes(sheet: Sheet) -> list[Event]:
    """Return what changed: one event per document, location and sort of news."""
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
    return [
        event
        for sort, told in ((StockAdjusted, corrected), (StockReceived, more))
        for (kind, cause_id, location_id), variants in told.items()
        for event in changes(sort, (kind, cause_id), location_id, variants)
    ]


def _valued(sheet: Sheet) -> list[Event]:
    """Return what stock is worth more or less, one event per document, place and instant."""
    moved: dict[tuple[Cause, UUID, datetime], dict[tuple[UUID, Reason], list[Valued]]] = {}
    for movement in sheet.movements:
        if not movement.on_hand_delta or movement.reason is Reason.SHIP:
            continue
        key = sheet.positions[movement.position_id].key
        document = Cause(movement.cause.kind, movement.cause.id, movement.cause.id)
        told = moved.setdefault((document, key.location_id, movement.occurred_at), {})
        told.setdefault((key.owner_id, movement.reason), []).append(
            (key.variant_id, movement.on_hand_delta, movement.unit_cost_milli)
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
    for (document, location_id, occurred_at), told in moved.items():
        keys = ((row[0], owner_id) for (owner_id, _), rows in told.items() for row in rows)
        theirs = {key: averages.pop(key) for key in dict.fromkeys(keys) if key in averages}
        rows_of = (
            ValuedMovements(
                owner_id=owner_id,
                reason=str(reason),
                variant_ids=variant_ids,
                quantities=quantities,
                unit_costs_milli=costs_milli,
            )
            for (owner_id, reason), rows in told.items()
            for variant_ids, quantities, costs_milli in (zip(*rows, strict=True),)
        )
        cause = document.kind, document.id
        events += valued(cause, location_id, occurred_at, rows_of, theirs)
    return events


def _lacking(sheet: Sheet) -> list[Lacking]:
    blamed: dict[UUID, Movement] = {m.position_id: m for m in sheet.movements}
    return [
        Lacking(
            position.id,
            position.key.variant_id,
            position.key.location_id,
            shortage.units,
            blamed[position.id].cause,
        )
        for shortage in sheet.shortages()
        for position in (sheet.positions[shortage.position_id],)
    ]
