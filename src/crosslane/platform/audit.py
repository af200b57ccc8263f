"""The audit journal: every change a person makes, with what was before, what came after, and why.

A service that knows before and after records them by :func:`record`. The lane sees to it that a
command of a member of staff leaves at least one row, its body standing for what came after.

Table: platform_audit (before and after are personal; kept for AUDIT_DAYS and the rest of that
month).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx

JOURNAL = "platform_audit"
# Ten full calendar years after the one in which something was done, the longest that tax law wants
# of what explains the books.
AUDIT_DAYS = 11 * 366


class Cause(Protocol):
    """Whatever a change is due to, usually a command."""

    @property
    def key(self) -> str:
        """Key of the command."""
        ...

    @property
    def actor(self) -> Actor:
        """Who did it."""
        ...

    @property
    def trace(self) -> str:
        """Trace id of the request."""
        ...


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change.

    Args:
        action: what was done, as ``module.verb``.
        subject: what it was done to, such as ``account:018f...``; "" when it is many things.
        before: the values that changed, as they were; None when it is new.
        after: the values that changed, as they are now; None when it is gone.
        reason: why, in the person's words.
    """

    action: str
    subject: str = ""
    before: Any = None
    after: Any = None
    reason: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One line of the journal."""

    id: UUID
    at: datetime
    actor: str
    trace: str
    action: str
    subject: str
    before: msgspec.Raw
    after: msgspec.Raw
    reason: str


INSERT = """
insert into platform_audit (id, at, actor, trace, action, subject, before, after, reason)
select id, $2, actor, trace, action, subject, before, after, reason
from unnest($1::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::jsonb[],
    $9::text[]) as c(id, actor, trace, action, subject, before, after, reason)
"""


async def record(tx: Tx, changes: Sequence[Change], causes: Sequence[Cause] | None = None) -> None:
    """Write changes into the journal, in one statement.

    Args:
        tx: the transaction that makes the changes.
        changes: what was changed.
        causes: whose doing each is, one per change; the transaction's actor when absent.
    """
    if not changes:
        return
    tx.audited.update([cause.key for cause in causes] if causes is not None else [""])
    blamed: Sequence[Any] = causes if causes is not None else [tx] * len(changes)
    await tx.execute(
        INSERT,
        [new_id() for _ in changes],
        tx.now,
        [str(cause.actor) for cause in blamed],
        [cause.trace for cause in blamed],
        [change.action for change in changes],
        [change.subject for change in changes],
        [_json(change.before) for change in changes],
        [_json(change.after) for change in changes],
        [change.reason for change in changes],
    )


async def cover(tx: Tx, action: str, causes: Sequence[Any]) -> None:
    """Write a row for each command of a member of staff that recorded no change itself.

    What it was done to is the ``subject`` of its body, where that has one.

    Args:
        tx: the transaction that carried the commands out.
        action: name of their kind.
        causes: commands that were not refused.
    """
    people = [cause for cause in causes if cause.actor.kind == "staff"]
    if not people or "" in tx.audited:
        return
    uncovered = [cause for cause in people if cause.key not in tx.audited]
    await record(tx, [_covering(action, cause.body) for cause in uncovered], uncovered)


def _covering(action: str, body: Any) -> Change:
    return Change(action=action, subject=getattr(body, "subject", ""), after=body)


LIST = """
select id, at, actor, trace, action, subject, before, after, reason from platform_audit
where ($1 = '' or subject = $1) and ($2 = '' or actor = $2)
  and ($3::timestamptz is null or (at, id) < ($3, $4))
  and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
order by at desc, id desc limit $7
"""


async def list_entries(
    tx: Tx,
    *,
    subject: str = "",
    actor: str = "",
    before: tuple[datetime, UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return entries, newest first.

    Args:
        tx: open transaction.
        subject: only what was done to this, "" for all.
        actor: only what this one did, as ``kind:id``, "" for all.
        before: time and id of the last entry already seen.
        since: only what was done from then on.
        until: only what was done before then.
        limit: most entries to return.
    """
    at, last_id = before or (None, None)
    rows = await tx.fetch(LIST, subject, actor, at, last_id, since, until, limit)
    return [
        Entry(
            **{
                **dict(row),
                "before": msgspec.Raw(row["before"] or b"null"),
                "after": msgspec.Raw(row["after"] or b"null"),
            }
        )
        for row in rows
    ]


# Whoever tells of a change in the log writes its row here in the same transaction.
LIST_ACTIONS = """
select distinct actor, trace, action from platform_audit
where actor = any($1::text[]) and at >= $3 and at <= $4 and trace = any($2::text[])
"""


async def list_actions(
    tx: Tx, deeds: Iterable[tuple[str, str]], at: Sequence[datetime]
) -> set[tuple[tuple[str, str], str]]:
    """Return what people did by some requests, as ((actor, trace), action).

    Args:
        tx: open transaction.
        deeds: actor and trace of each.
        at: when they were recorded.
    """
    wanted = set(deeds)
    if not wanted:
        return set()
    actors, traces = {actor for actor, _ in wanted}, {trace for _, trace in wanted}
    rows = await tx.fetch(LIST_ACTIONS, list(actors), list(traces), min(at), max(at))
    return {((row["actor"], row["trace"]), row["action"]) for row in rows}


def _json(value: Any) -> bytes | None:
    return None if value is None else msgspec.json.encode(value)
