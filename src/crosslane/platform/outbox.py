"""What a transaction leaves behind: events, calls to the outside, answers to commands.

They are collected while it runs and written by one statement as it ends. A batch then costs the
same however many modules took part in it, and the counters of subjects, which every transaction
about them wants, are locked for the shortest time.

Modules that write on the way put what they write beside it (:meth:`Tx.put`): what several of them
put without a look in between is one statement, the last one where nobody looks any more.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from crosslane.kernel import new_id

if TYPE_CHECKING:
    from crosslane.platform.database import Tx

Part = tuple[str, Sequence[Any]]
"""Named queries as ``with`` takes them, with parameters from $1 of their own, and arguments."""

# Beyond this a transaction writes what it has before it goes on, so that memory has a limit.
KEPT_ROWS_MAX = 10_000


class EventRow(msgspec.Struct, frozen=True):
    """An event to be appended to the log."""

    subject: str
    kind: str
    actor: str
    trace: str
    body: bytes


class EffectRow(msgspec.Struct, frozen=True):
    """A call to be made, unless its key was asked for before; due at once when None."""

    key: str
    kind: str
    body: bytes
    trace: str
    due_at: datetime | None


class AnswerRow(msgspec.Struct, frozen=True):
    """What the command with a claimed key was answered, and a digest of what was asked."""

    key: str
    fingerprint: str
    answer: bytes


class Outbox:
    """The rows a transaction has collected so far, in the order in which they came."""

    def __init__(self) -> None:
        self.soon: list[Part] = []
        self.parts: list[Part] = []
        self.events: list[EventRow] = []
        self.effects: list[EffectRow] = []
        self.answers: list[AnswerRow] = []

    @property
    def rows(self) -> int:
        """How many rows wait to be written."""
        return len(self.events) + len(self.effects) + len(self.answers)

    def mark(self) -> tuple[int, int, int, int]:
        """Return a place to go back to when what follows is undone; nothing put waits there."""
        return len(self.events), len(self.effects), len(self.answers), len(self.parts)

    def back_to(self, mark: tuple[int, int, int, int]) -> None:
        """Forget what was collected since a mark."""
        del self.events[mark[0] :], self.effects[mark[1] :], self.answers[mark[2] :]
        del self.parts[mark[3] :]
        self.soon.clear()

    def knows(self, parts: Sequence[Part]) -> bool:
        """Whether one of these queries waits already: no name may come twice in a statement."""
        waiting = {sql for sql, _ in self.soon}
        return any(sql in waiting for sql, _ in parts)

    def take_soon(self) -> list[Part]:
        """Return what was put, no longer kept here, as it has to stand to be run in that order.

        PostgreSQL runs the writing queries of a statement that nobody reads from the last one to
        the first. Nothing that is right hangs on it, only who waits for whom.
        """
        soon, self.soon = self.soon[::-1], []
        return soon

    def add_part(self, sql: str, args: Sequence[Any]) -> None:
        """Let the statement that ends the transaction do something else as well.

        Args:
            sql: named queries as ``with`` takes them, with parameters from $1 of their own; as no
                name may come twice, the same ones are added once.
            args: its arguments.
        """
        self.parts.append((sql, args))


# Subjects are locked in sorted order, and calls asked for by their sorted keys, so two
# transactions never wait for each other in a circle. An event finds its subject's number by rank:
# a join would compare each event with every subject, as nobody can know beforehand how many there
# are. Arrays come by way of "select", so that PostgreSQL does not look at them either: it plans
# once, not each time, which would take as long as the work.
EVENTS = """
numbered as (
    insert into platform_log_subject as s (subject, last_no)
    select subject, n from unnest((select $2::text[]), (select $3::bigint[])) as c(subject, n)
    order by subject
    on conflict (subject) do update set last_no = s.last_no + excluded.last_no
    returning subject, last_no
), numbers as (
    select array_agg(last_no order by subject collate "C") as last_nos from numbered
), told as (
    insert into platform_log (epoch, subject, subject_no, kind, actor, trace, at, body)
    select (select epoch from platform_log_epoch), w.subject,
           (select last_nos from numbers)[w.rank] - w.behind, w.kind, w.actor, w.trace, $1, w.body
    from unnest((select $4::text[]), (select $5::integer[]), (select $6::bigint[]),
                (select $7::text[]), (select $8::text[]), (select $9::text[]),
                (select $10::jsonb[]))
         with ordinality as w(subject, rank, behind, kind, actor, trace, body, place)
    order by w.place
)"""
EFFECTS = """
asked as (
    insert into platform_effect (id, key, kind, body, trace, due_at, created_at)
    select id, key, kind, body, trace, coalesce(due_at, $1), $1
    from unnest((select $2::uuid[]), (select $3::text[]), (select $4::text[]),
                (select $5::jsonb[]), (select $6::text[]), (select $7::timestamptz[]))
         as e(id, key, kind, body, trace, due_at)
    order by key
    on conflict (key) do nothing
)"""
ANSWERS = """
answered as (
    insert into platform_idempotency (key, fingerprint, answer, created_at)
    select key, fingerprint, answer, $1
    from unnest((select $2::text[]), (select $3::text[]), (select $4::jsonb[]))
         as a(key, fingerprint, answer)
)"""
_PARAMETER = re.compile(r"\$(\d+)")


@cache
def joined(*parts: str) -> str:
    """Return one statement of parts that are numbered each for itself; see Outbox.add_part."""
    texts, taken = [], 0
    for part in parts:
        numbers = [int(number) for number in _PARAMETER.findall(part)]
        texts.append(renumbered(part, taken))
        taken += max(numbers)
    return "with " + ",".join(texts) + "\nselect"


def renumbered(sql: str, taken: int) -> str:
    """Return SQL with parameters from $1 as part of a statement that has so many already."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + taken}", sql)


async def write(tx: "Tx") -> None:
    """Write what a transaction has collected, in one statement."""
    last = take(tx)
    if last is not None:
        sql, args = last
        await tx.execute(sql, *args)


def take(tx: "Tx") -> tuple[str, list[Any]] | None:
    """Return the statement that writes what a transaction has collected, None for nothing."""
    box = tx.outbox
    parts: list[Part] = list(box.parts)
    if box.events:
        parts.append((EVENTS, (tx.now, *_numbered(box.events))))
    if box.effects:
        ids = [new_id() for _ in box.effects]
        columns = _columns(box.effects, "key", "kind", "body", "trace", "due_at")
        parts.append((EFFECTS, (tx.now, ids, *columns)))
    if box.answers:
        columns = _columns(box.answers, "key", "fingerprint", "answer")
        parts.append((ANSWERS, (tx.now, *columns)))
    parts += box.take_soon()
    if not parts:
        return None
    tx.outbox = Outbox()
    return statement_of(parts)


def statement_of(parts: Sequence[Part]) -> tuple[str, list[Any]]:
    """Return parts as one statement, with its arguments."""
    return joined(*(sql for sql, _ in parts)), [arg for _, args in parts for arg in args]


def _numbered(events: Sequence[EventRow]) -> list[list[Any]]:
    left = Counter(event.subject for event in events)
    counted = sorted(left.items())
    rank = {subject: place for place, (subject, _) in enumerate(counted, 1)}
    behind = []
    for event in events:
        left[event.subject] -= 1
        behind.append(left[event.subject])
    return [
        [subject for subject, _ in counted],
        [n for _, n in counted],
        [event.subject for event in events],
        [rank[event.subject] for event in events],
        behind,
        *_columns(events, "kind", "actor", "trace", "body"),
    ]


async def write_when_long(tx: "Tx") -> None:
    """Write what a transaction has collected when that is a lot."""
    if tx.outbox.rows > KEPT_ROWS_MAX:
        await write(tx)


def _columns(rows: Sequence[Any], *names: str) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names]
