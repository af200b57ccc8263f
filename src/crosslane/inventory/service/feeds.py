"""Supply feeds: take a message in at once, apply it part by part, each part exactly once.

Taking in is one transaction that keeps the rows and announces each part; a reaction applies the
parts, one transaction each, so that a message of any size never holds locks for long and a crash
loses nothing. The books are right after every part; only the order of parts is open.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.inventory.domain import supply
from crosslane.inventory.domain.feeds import (
    MESSAGE_ROWS_MAX,
    SupplyHeader,
    SupplyKind,
    SupplyPart,
    SupplyRow,
    counts_of,
    deltas_of,
    digest_of,
    parts_of,
    rows_by_variant,
)
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.domain.sheet import CLOCK_SKEW_MAX
from crosslane.inventory.errors import MessageNotFound, MessageReused, TimeInFuture
from crosslane.inventory.events import SupplyReported
from crosslane.inventory.service.codes import codes_of
from crosslane.inventory.service.sheets import Fact, load_moved_after, open_sheet, save_sheet
from crosslane.inventory.service.surroundings import owners_of
from crosslane.inventory.storage import feeds
from crosslane.inventory.storage.feeds import SupplyMessage
from crosslane.inventory.storage.positions import Place
from crosslane.kernel import format_instant, new_id
from crosslane.platform import log
from crosslane.platform.database import Tx


class SupplyReport(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a source about one location.

    Args:
        source: who sends it.
        message: the source's own id of it; the same id again changes nothing.
        kind: snapshot or delta.
        location_id: where.
        as_of: instant at which it was true.
        rows: what it says.
        complete: a snapshot that names everything there is.
        condition: of which condition it speaks.
        owner_id: of whose stock; None for the location's own.
    """

    source: str
    message: str
    kind: SupplyKind
    location_id: UUID
    as_of: datetime
    rows: Sequence[SupplyRow]
    complete: bool = False
    condition: Condition = Condition.SELLABLE
    owner_id: UUID | None = None


async def report_supply(tx: Tx, report: SupplyReport) -> SupplyMessage:
    """Take a message in.

    Returns:
        What was taken in; a message that was known is answered as it stands now.

    Raises:
        MessageReused: the source used the id for another content before.
        RowRepeated: a snapshot names a variant twice.
        TimeInFuture: it claims to be true at an instant that is yet to come.
    """
    refuse_future(report.as_of, tx.now)
    owner = report.owner_id or (await owners_of(tx))[report.location_id]
    header = SupplyHeader(
        id=new_id(),
        source=report.source,
        message=report.message,
        kind=report.kind,
        complete=report.complete and report.kind == "snapshot",
        location_id=report.location_id,
        condition=report.condition,
        owner_id=owner,
        as_of=report.as_of,
    )
    known = await codes_of(tx, [row.sku for row in report.rows])
    quantities, unknown = rows_by_variant(report.rows, known.on_shelves(), report.kind)
    stocked = (
        await feeds.list_stocked(tx, header, limit=MESSAGE_ROWS_MAX) if header.complete else []
    )
    parts = parts_of(quantities, stocked)
    message = SupplyMessage(
        header=header,
        digest=digest_of(header, report.rows),
        rows_in=len(report.rows),
        unknown_skus=unknown,
        parts=len(parts),
        received_at=tx.now,
    )
    if not await feeds.insert_message(tx, message):
        return await _known_message(tx, message)
    await feeds.insert_parts(tx, message, parts)
    await log.append(
        tx, [SupplyReported(message_id=header.id, part_no=part.part_no) for part in parts]
    )
    return message


async def apply_part(tx: Tx, message_id: UUID, part_no: int) -> None:
    """Apply one part of a message, unless that was done."""
    found = await feeds.get_unapplied(tx, message_id, part_no)
    if found is None:
        return
    header, part = found
    if header.kind == "snapshot":
        drifts = await _apply_snapshot(tx, header, part)
    else:
        drifts = await _apply_delta(tx, header, part)
    await feeds.mark_applied(tx, message_id, part_no, drifts, tx.now)


async def supply_message(tx: Tx, source: str, message: str) -> SupplyMessage:
    """Return a message and how far it is applied.

    Raises:
        MessageNotFound: the source has sent no such message.
    """
    found = await feeds.list_messages(tx, source, message=message, limit=1)
    if not found:
        raise MessageNotFound(source=source, message=message)
    return found[0]


def refuse_future(moment: datetime, now: datetime, *, pointer: str = "/as_of") -> None:
    """Refuse an instant that lies further ahead than clocks may differ.

    Raises:
        TimeInFuture: it does.
    """
    if moment > now + CLOCK_SKEW_MAX:
        minutes = CLOCK_SKEW_MAX // timedelta(minutes=1)
        raise TimeInFuture(pointer=pointer, at=format_instant(moment), minutes=minutes)


async def _apply_snapshot(tx: Tx, header: SupplyHeader, part: SupplyPart) -> list[int | None]:
    unnamed: list[UUID] = []
    if header.complete:
        await feeds.raise_watermark(tx, header)
        stocked = await feeds.list_stocked(
            tx,
            header,
            from_variant=part.from_variant,
            to_variant=part.to_variant,
            limit=MESSAGE_ROWS_MAX,
        )
        named = set(part.variant_ids)
        unnamed = [variant_id for variant_id in stocked if variant_id not in named]
    counts = counts_of(header, part, unnamed)
    sheet = await open_sheet(tx, facts=list(_facts(header, [c.variant_id for c in counts])))
    instants = [(supply.position_of(sheet, counted).id, header.as_of) for counted in counts]
    await load_moved_after(tx, sheet, instants)
    drifts = [supply.count(sheet, counted).drift for counted in counts]
    await save_sheet(tx, sheet)
    return drifts


async def _apply_delta(tx: Tx, header: SupplyHeader, part: SupplyPart) -> list[int | None]:
    deltas = deltas_of(header, part)
    sheet = await open_sheet(tx, facts=list(_facts(header, [d.variant_id for d in deltas])))
    overtaken = [
        sheet.has_counted(supply.position_of(sheet, delta), header.as_of) for delta in deltas
    ]
    for delta in deltas:
        supply.adjust(sheet, delta)
    await save_sheet(tx, sheet)
    return [None if late else 0 for late in overtaken]


def _facts(header: SupplyHeader, variant_ids: Sequence[UUID]) -> Iterator[Fact]:
    for variant_id in variant_ids:
        yield Fact(Place(variant_id, header.location_id, header.condition), header.owner_id)


async def _known_message(tx: Tx, message: SupplyMessage) -> SupplyMessage:
    header = message.header
    known = await supply_message(tx, header.source, header.message)
    if known.digest != message.digest:
        raise MessageReused(pointer="/message", message=header.message)
    return known
