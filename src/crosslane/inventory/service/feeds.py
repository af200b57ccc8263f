"""Supply feeds: a message is taken in at once, and applied part by part (see `parts`).

Taking in is one transaction that keeps the rows and announces each part; a reaction applies the
parts, one transaction each, so that a message of any size never holds locks for long and a crash
loses nothing. The books are right after every part; only the order of parts is open.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.catalog import shelf_ids
from crosslane.inventory.domain.feeds import (
    MESSAGE_ROWS_MAX,
    SupplyHeader,
    SupplyKind,
    SupplyRow,
    digest_of,
    parts_of,
    rows_by_variant,
)
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.domain.sheet import CLOCK_SKEW_MAX
from crosslane.inventory.errors import MessageNotFound, MessageReused, TimeInFuture
from crosslane.inventory.events import SupplyReported
from crosslane.inventory.service.surroundings import owners_of
from crosslane.inventory.storage import feeds
from crosslane.inventory.storage.feeds import SupplyMessage
from crosslane.kernel import format_instant, new_id
from crosslane.platform import log, upkeep
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule

# To explain a correction, and to be proved against the books.
PART_DAYS = 90
FORGET_EVERY_SECONDS = 86_400.0
KEPT_AT_ONCE_MAX = 1_000


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
    known = await shelf_ids(tx, list(dict.fromkeys(row.sku for row in report.rows)))
    quantities, unknown = rows_by_variant(report.rows, known, report.kind)
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


async def supply_message(tx: Tx, source: str, message: str) -> SupplyMessage:
    """Return a message and how far it is applied.

    Raises:
        MessageNotFound: the source has sent no such message.
    """
    found = await feeds.list_messages(tx, source, message=message, limit=1)
    if not found:
        raise MessageNotFound(source=source, message=message)
    return found[0]


async def forget_parts(tx: Tx) -> bool:
    """Forget a month of parts that were applied long ago; tells whether more may be left.

    What they came to is kept with their messages before. A part that waits so long keeps its time.
    """
    before = tx.now - timedelta(days=PART_DAYS)
    if await feeds.keep_sums(tx, before, KEPT_AT_ONCE_MAX):
        return True
    if await feeds.wait_since(tx, before):
        return False
    return await upkeep.forget_partition(tx, feeds.PARTS, PART_DAYS)


FORGET_PARTS = Schedule("inventory.forget_feed_parts", FORGET_EVERY_SECONDS, forget_parts)


def refuse_future(moment: datetime, now: datetime, *, pointer: str = "/as_of") -> None:
    """Refuse an instant that lies further ahead than clocks may differ.

    Raises:
        TimeInFuture: it does.
    """
    if moment > now + CLOCK_SKEW_MAX:
        minutes = CLOCK_SKEW_MAX // timedelta(minutes=1)
        raise TimeInFuture(pointer=pointer, at=format_instant(moment), minutes=minutes)


async def _known_message(tx: Tx, message: SupplyMessage) -> SupplyMessage:
    header = message.header
    known = await supply_message(tx, header.source, header.message)
    if known.digest != message.digest:
        raise MessageReused(pointer="/message", message=header.message)
    return known
