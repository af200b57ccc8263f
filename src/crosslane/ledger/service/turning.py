"""What moved in a location or a channel, and the postings behind it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.ledger import storage
from crosslane.ledger.errors import BadPeriod
from crosslane.platform.database import Tx

TURNOVERS_MAX = 20_000

Side = Literal["debit", "credit"]


class Turnover(msgspec.Struct, frozen=True):
    """What moved on an account in a stretch of days.

    Args:
        opening_minor: debits less credits of all days before.
        debit_minor, credit_minor: what moved, both positive, in minor units of ``currency``.
    """

    entity_id: UUID
    account: str
    currency: str
    channel_id: UUID | None
    opening_minor: int
    debit_minor: int
    credit_minor: int

    def minor(self, side: Side) -> int:
        """Return what moved on one side."""
        return self.debit_minor if side == "debit" else self.credit_minor


class LineView(msgspec.Struct, frozen=True):
    """A posting behind a turnover, with the entry it is of; a debit is positive.

    Args:
        position: which posting of the entry it is, from 1.
        cause_kind, cause_id: what the entry is due to.
        line_id: line of the cause, such as an order line.
        counterparty_id: the other legal entity of an intercompany posting.
    """

    entry_id: UUID
    position: int
    day: date
    occurred_at: datetime
    cause_kind: str
    cause_id: str
    memo: str
    minor: int
    line_id: UUID | None
    location_id: UUID | None
    tax_code: str | None
    counterparty_id: UUID | None


async def turnovers(tx: Tx, *, of_id: UUID, first_day: date, last_day: date) -> list[Turnover]:
    """Return what moved in a location or channel, per entity, account, currency and channel.

    The roll-up and the postings since, read in one statement: true to the moment.

    Args:
        tx: open transaction.
        of_id: the location or channel.
        first_day: first business day; what was before is in ``opening_minor``.
        last_day: last business day, included.

    Raises:
        BadPeriod: the last day is before the first.
    """
    if last_day < first_day:
        raise BadPeriod(pointer="/last_day")
    rows = await storage.list_turnovers(tx, of_id, first_day, last_day, TURNOVERS_MAX)
    return [Turnover(**dict(row)) for row in rows]


async def turnovers_of_lines(
    tx: Tx, line_ids: Sequence[UUID], *, first_day: date, last_day: date
) -> list[Turnover]:
    """Return what lines of orders earned in some days, by revenue and what was taken back of it.

    Raises:
        BadPeriod: the last day is before the first.
    """
    if last_day < first_day:
        raise BadPeriod(pointer="/last_day")
    if not line_ids:
        return []
    rows = await storage.list_line_turnovers(tx, line_ids, first_day, last_day, TURNOVERS_MAX)
    return [Turnover(**dict(row)) for row in rows]


async def list_lines(
    tx: Tx,
    *,
    of: UUID | Sequence[UUID],
    first_day: date,
    last_day: date,
    turned: Turnover,
    side: Side,
    after: tuple[date, UUID, int] | None,
    limit: int,
) -> list[LineView]:
    """Return the postings that one side of a turnover adds up, the earliest business day first.

    Args:
        tx: open transaction.
        of: the location or channel; or lines of orders, of :func:`turnovers_of_lines`.
        first_day: first business day.
        last_day: last business day, included.
        turned: what it names is looked for; its amounts do not matter.
        side: debits or credits.
        after: day, entry and position of the last one already shown.
        limit: most to return.
    """
    named = (turned.account, turned.entity_id, first_day, last_day, turned.currency)
    rest = (named, turned.channel_id, side == "debit", after, limit)
    if isinstance(of, UUID):
        rows = await storage.list_lines(tx, of, *rest)
    else:
        rows = await storage.list_of_lines(tx, of, *rest)
    return [LineView(**dict(row)) for row in rows]
