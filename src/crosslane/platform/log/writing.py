"""Appending to the log and reading one subject's history."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from crosslane.platform.actor import Actor
from crosslane.platform.database import Record, Tx
from crosslane.platform.log.events import Event


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


# Subjects are locked in sorted order, so two transactions never wait for each other in a circle.
APPEND = """
with counted as (
    select subject, n from unnest($1::text[], $2::bigint[]) as c(subject, n)
), numbered as (
    insert into platform_log_subject as s (subject, last_no)
    select subject, n from counted order by subject
    on conflict (subject) do update set last_no = s.last_no + excluded.last_no
    returning subject, last_no
)
insert into platform_log (epoch, subject, subject_no, kind, actor, trace, at, body)
select e.epoch, w.subject, n.last_no - c.n + w.position, w.kind, w.actor, w.trace, $3, w.body
from unnest($4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::jsonb[])
     with ordinality as w(subject, position, kind, actor, trace, body, place)
join numbered n using (subject)
join counted c using (subject)
cross join platform_log_epoch e
order by w.place
"""
HISTORY = """
select id, subject, subject_no, kind, actor, trace, at, body
from platform_log where subject = $1 and subject_no > $2
order by subject_no limit $3
"""


async def append(tx: Tx, events: Sequence[Event], causes: Sequence[Cause] | None = None) -> None:
    """Append events to the log of this transaction's tenant, in one statement.

    Args:
        tx: the transaction that does what the events tell.
        events: facts, in the order in which they happened.
        causes: whose doing each event is, one per event; the transaction's actor when absent.
    """
    if not events:
        return
    blamed: Sequence[Cause] = causes if causes is not None else [tx] * len(events)
    subjects = [event.subject for event in events]
    seen: Counter[str] = Counter()
    positions = []
    for subject in subjects:
        seen[subject] += 1
        positions.append(seen[subject])
    counted = sorted(seen.items())
    tx.leaves_work = True
    await tx.execute(
        APPEND,
        [subject for subject, _ in counted],
        [n for _, n in counted],
        tx.now,
        subjects,
        positions,
        [event.kind() for event in events],
        [str(cause.actor) for cause in blamed],
        [cause.trace for cause in blamed],
        [msgspec.json.encode(event) for event in events],
    )


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
    """Return a subject's events in order.

    Args:
        tx: open transaction.
        subject: such as ``order:018f...``.
        after_no: the last ``subject_no`` already known.
        limit: most entries to return.
    """
    return [_entry(row) for row in await tx.fetch(HISTORY, subject, after_no, limit)]


def _entry(row: Record) -> Entry:
    values: dict[str, Any] = dict(row)
    values["body"] = msgspec.Raw(values["body"])
    return Entry(**values)
