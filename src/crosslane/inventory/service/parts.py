"""Applying the parts of supply messages: each exactly once, one transaction each."""

from collections.abc import Sequence
from itertools import compress
from uuid import UUID

from crosslane.inventory.domain.feeds import SupplyHeader
from crosslane.inventory.domain.position import Condition, Reason
from crosslane.inventory.domain.sheet import CLOCK_SKEW_MAX
from crosslane.inventory.events import StockReceived, ValuedMovements
from crosslane.inventory.service.news import Lacking, availability, changes, shortages, valued
from crosslane.inventory.storage import feeds, parts
from crosslane.inventory.storage.parts import PartApplied, PartAsked
from crosslane.kernel import new_ids
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.log import Event

# Whoever made a position meanwhile has committed it, so that the next try protects that one too.
TRIES_MAX = 5


class PositionsInFlux(Exception):
    """Others kept making positions that a part speaks of; its event is read again later."""


class _Overlooked(Exception):
    """Undoes what was written while somebody else made a position."""


async def apply_part(tx: Tx, message_id: UUID, part_no: int) -> None:
    """Apply one part of a message, unless that was done or somebody else is at it.

    Who is at it reads the event again if it comes to nothing, so nobody else need remember it.
    """
    part = await parts.take_unapplied(tx, message_id, part_no)
    if part is None:
        return
    if part.header.complete:
        await feeds.raise_watermark(tx, part.header)
    for _ in range(TRIES_MAX):
        applied = await _try(tx, part)
        if applied is not None:
            break
    else:
        raise PositionsInFlux
    await parts.mark_applied(tx, part, applied, tx.now)
    await log.append(tx, [*_news(part.header, applied), *await _shortages(tx, part, applied)])


async def _try(tx: Tx, part: PartAsked) -> PartApplied | None:
    try:
        async with tx.savepoint():
            found, now = await parts.lock_named(tx, part)
            lacking = part.named if found < part.named or part.header.complete else 0
            applied = await parts.apply_named(
                tx,
                part,
                found=found,
                ids=new_ids(lacking),
                now=now,
                clock_skew=CLOCK_SKEW_MAX,
            )
            if applied is None:
                raise _Overlooked
            return applied
    except _Overlooked:
        return None


def _news(header: SupplyHeader, applied: PartApplied) -> list[Event]:
    """Return what others learn: what there is more of, and what to value."""
    ids, units, costs = applied.variant_ids, applied.units, applied.costs_milli
    reason = Reason.FEED_SNAPSHOT if header.kind == "snapshot" else Reason.FEED_DELTA
    moved = [_movements(header, reason, ids, units, costs)]
    differs, rises = ids, units
    if any(applied.undone):
        rows = zip(ids, units, applied.undone, costs, strict=True)
        back = [(variant_id, -n, cost) for variant_id, n, undone, cost in rows if undone]
        moved.append(_movements(header, Reason.ALREADY_COUNTED, *zip(*back, strict=True)))
        stays = [not undone for undone in applied.undone]
        differs, rises = list(compress(ids, stays)), list(compress(units, stays))
    more = [variant_id for variant_id, n in zip(differs, rises, strict=True) if n > 0]
    cause = header.cause.kind, header.cause.id
    sellable = header.condition is Condition.SELLABLE
    return [
        *(changes(StockReceived, cause, header.location_id, more) if sellable else ()),
        *(availability(differs) if sellable else ()),
        *valued(cause, header.location_id, header.as_of, moved, {}),
    ]


def _movements(
    header: SupplyHeader,
    reason: Reason,
    variant_ids: Sequence[UUID],
    units: Sequence[int],
    costs_milli: Sequence[int | None],
) -> ValuedMovements:
    return ValuedMovements(
        owner_id=header.owner_id,
        reason=str(reason),
        variant_ids=tuple(variant_ids),
        quantities=tuple(units),
        unit_costs_milli=tuple(costs_milli),
    )


async def _shortages(tx: Tx, part: PartAsked, applied: PartApplied) -> list[Event]:
    short = zip(applied.short_ids, applied.short_variants, applied.short_units, strict=True)
    header = part.header
    return await shortages(
        tx,
        [
            Lacking(position_id, variant_id, header.location_id, units, header.cause)
            for position_id, variant_id, units in short
        ],
    )
