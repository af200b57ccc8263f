"""Appending to the log and reading one subject's history."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from crosslane.platform.actor import Actor
from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.log.events import Event
from crosslane.platform.outbox import EventRow, write, write_when_long


class Cause(Protocol):
    """Whatever an event is due to, usually a command: it has an actor and a trace."""

    @property
    def actor(self) -> Actor:
        """Who did it."""
        ...

    @property
    def trace(self) -> str:
        """Trace id of the request."""
        ...


HISTORY = """
select id, subject, subject_no, kind, actor, trace, at, body
from platform_log where subject = $1 and subject_no > $2
order by subject_no limit $3
"""


async def append(tx: Tx, events: Sequence[Event], causes: Sequence[Cause] | None = None) -> None:
    """Append events to the log of this transaction's tenant, together with all it has as it ends.

    Args:
        tx: the transaction that does what the events tell.
        events: facts, in the order in which they happened.
        causes: whose doing each event is, one per event; the transaction's actor when absent.
    """
    if not events:
        return
    blamed: Sequence[Cause] = causes if causes is not None else [tx] * len(events)
    tx.leaves_work = True
    tx.outbox.events += [
        EventRow(
            event.subject,
            event.kind(),
            str(cause.actor),
            cause.trace,
            msgspec.json.encode(event),
        )
        for event, cause in zip(events, blamed, strict=True)
    ]
    await write_when_long(tx)


class Entry(msgspec.Struct, frozen=True):
    """One line of a subject's history, its body undecoded."""

    id: int
    subject: str
    subject_no: int
    kind: str
    actor: str
    trace: str
    at: datetime
    body: msgspec.Raw


async def history(tx: Tx, subject: str, *, after_no: int = 0, limit: int = 250) -> list[Entry]:
    """Return a subject's events in order, those of this very transaction too.

    Args:
        tx: open transaction.
        subject: such as ``order:018f...``.
        after_no: the last ``subject_no`` already known.
        limit: most entries to return.
    """
    await write(tx)
    return [_entry(row) for row in await tx.fetch(HISTORY, subject, after_no, limit)]


# Each subject is asked for by itself, so that the index gives the latest of each.
HISTORIES = """
select l.id, l.subject, l.subject_no, l.kind, l.actor, l.trace, l.at, l.body
from unnest((select $1::text[])) as s(subject)
cross join lateral (
    select * from platform_log where subject = s.subject order by subject_no desc limit $2
) l
order by l.at desc, l.id desc limit $2
"""


async def histories(tx: Tx, subjects: Sequence[str], *, limit: int) -> list[Entry]:
    """Return the latest events of some subjects as one history, the latest first.

    Args:
        tx: open transaction.
        subjects: such as an order and its returns.
        limit: most entries to return.
    """
    await write(tx)
    return [_entry(row) for row in await tx.fetch(HISTORIES, list(subjects), limit)]


# Each is asked for by itself, so that the index of one partition gives it.
ENTRIES = """
select l.id, l.subject, l.subject_no, l.kind, l.actor, l.trace, l.at, l.body
from unnest((select $1::text[]), (select $2::bigint[]), (select $3::timestamptz[]))
     as w(subject, subject_no, at)
cross join lateral (
    select * from platform_log
    where subject = w.subject and subject_no = w.subject_no and at = w.at limit 1
) l
"""


class Named(Protocol):
    """Whatever names an event of the log."""

    @property
    def subject(self) -> str:
        """What it happened to."""
        ...

    @property
    def subject_no(self) -> int:
        """Which of the subject's events it is."""
        ...

    @property
    def at(self) -> datetime:
        """When it was recorded, to the microsecond."""
        ...


async def entries(tx: Tx, named: Iterable[Named]) -> dict[tuple[str, int], Entry]:
    """Return some events by subject and number; those that are not there are left out."""
    found = await tx.fetch(ENTRIES, *columns(list(named), "subject", "subject_no", "at"))
    return {(row["subject"], row["subject_no"]): _entry(row) for row in found}


EPOCH = "select epoch from platform_log_epoch"


# Nobody may still write to the epoch that ends: its readers go on to the next one when they have
# read all that is there.
KEEP_WRITERS_OUT = "lock table platform_log in exclusive mode"
BEGIN_EPOCH = "update platform_log_epoch set epoch = epoch + 1 returning epoch"


async def begin_epoch(tx: Tx) -> int:
    """Begin a new epoch, as after a backup was restored: return its number.

    What is in the log is read to its end by every reaction, whichever server has written it; what
    comes from now on is read after it.
    """
    await tx.execute(KEEP_WRITERS_OUT)
    return await tx.fetchval(BEGIN_EPOCH)


async def epoch(tx: Tx) -> int:
    """Return the log's epoch: it grows when what was told before may be told otherwise."""
    return await tx.fetchval(EPOCH)


def _entry(row: Record) -> Entry:
    values: dict[str, Any] = dict(row)
    values["body"] = msgspec.Raw(values["body"])
    return Entry(**values)
