"""Reactions: what a module does when it reads others' events; each event once, in subject order."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import asyncpg
import msgspec

from crosslane.kernel import NotFound
from crosslane.platform import faults
from crosslane.platform.database import CONNECTION_LOST, Database, Record, Tx
from crosslane.platform.log import cursors
from crosslane.platform.log.events import Event, Logged

TRIES_MAX = 8
BATCH_ROWS_MAX = 500
RETRY_SECONDS_FIRST = 1
RETRY_SECONDS_MAX = 300
REASON_CHARACTERS_MAX = 500
REPLAYED_AT_ONCE_MAX = 1_000
LAG_ROWS_MAX = 2_000
WAITS_FOR_EARLIER = "waits for an earlier event of its subject"

# The whole transaction is lost or would be: no fault of the event, so it is not counted as a try.
TRANSIENT = (
    *CONNECTION_LOST,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)


class NotParked(NotFound):
    """Event {log_id} is not parked for {reaction}."""


class Reaction(msgspec.Struct, frozen=True, eq=False):
    """One thing a module does with events.

    Args:
        name: ``<module>.<what it does>``, stable, because its cursor is stored under it.
        events: classes of events it reads.
        handle: gets open transaction and events; what it writes is saved together with the cursor.
        batch_max: most events handed over at once.
        awaited: tells whether anything waits for its events; while nothing does, and none of them
            was kept back, they are passed over unread. None where events always matter.
        patient: nobody acts on what it does, so it gives way while others have something to read.
        unread: those of its events of which it is enough that they happened, and to what: their
            bodies are left where they are, and it gets None for them.
    """

    name: str
    events: tuple[type[Event], ...]
    handle: Callable[[Tx, Sequence[Logged[Any]]], Awaitable[None]]
    batch_max: int = BATCH_ROWS_MAX
    awaited: Callable[[Tx], Awaitable[bool]] | None = None
    patient: bool = False
    unread: tuple[type[Event], ...] = ()

    @property
    def kinds(self) -> list[str]:
        """The names its events have in the log."""
        return list(_decoders(self))

    @property
    def kinds_unread(self) -> list[str]:
        """The names of those whose bodies it leaves where they are."""
        return [kind for kind, decoder in _decoders(self).items() if decoder is None]


@cache
def _decoders(reaction: Reaction) -> dict[str, msgspec.json.Decoder[Any] | None]:
    """Return what reads each kind of event of a reaction, by its name; None for what is unread."""
    return {
        event.kind(): None if event in reaction.unread else msgspec.json.Decoder(event)
        for event in reaction.events
    }


async def reactions_with_work(tx: Tx, reactions: Sequence[Reaction]) -> list[Reaction]:
    """Return the reactions that have something to read now, by one statement."""
    names = await cursors.list_with_work(tx, {r.name: r.kinds for r in reactions})
    return [reaction for reaction in reactions if reaction.name in names]


async def run_reaction(database: Database, tenant: str, reaction: Reaction) -> int:
    """Read and handle one batch of events for a reaction.

    Returns:
        How many events were taken over, 0 when there were none or another worker is at it.
    """
    try:
        return await _take_turn(database, tenant, reaction, carefully=False)
    except _BatchFailed:
        return await _take_turn(database, tenant, reaction, carefully=True)


class _BatchFailed(Exception):
    """A handler raised something; which event it was is found out by handling each alone."""


async def _take_turn(
    database: Database, tenant: str, reaction: Reaction, *, carefully: bool
) -> int:
    handled = 0
    async with database.transaction(tenant) as tx:
        if not carefully and await _pass_over(tx, reaction):
            return 0
        turn = await cursors.take(
            tx, reaction.name, reaction.kinds, reaction.batch_max, reaction.kinds_unread
        )
        if turn is None:
            return 0
        if turn.has_backlog:
            handled = await _work_off_backlog(tx, reaction, turn.cursor)
        if turn.rows:
            await _handle_fresh(tx, reaction, turn, carefully=carefully)
            await cursors.update_cursor(tx, reaction.name, turn.after)
        else:
            await cursors.move_on_when_idle(tx, reaction.name, turn)
        faults.reach("reaction.before_commit")
    faults.reach("reaction.after_commit")
    return handled + len(turn.rows)


async def _pass_over(tx: Tx, reaction: Reaction) -> bool:
    """Read on past events that nothing waits for; tell whether that was so.

    How far is settled before it is asked what waits, as where a handler asks: whoever looks for
    them in vain after that, and waits, waits for later ones.
    """
    if reaction.awaited is None:
        return False
    turn = await cursors.take(tx, reaction.name, reaction.kinds, 0)
    if turn is None or turn.has_backlog or turn.cursor.epoch < turn.current_epoch:
        return False
    try:
        awaited = await reaction.awaited(tx)
    except TRANSIENT:
        raise
    # Whatever it raised: the events are handled one by one without asking, and tell the reason.
    except Exception as error:
        raise _BatchFailed from error
    if not awaited:
        await cursors.update_cursor(tx, reaction.name, turn.cursor.at(turn.horizon))
    return not awaited


async def _handle_fresh(tx: Tx, reaction: Reaction, turn: cursors.Turn, *, carefully: bool) -> None:
    by_subject: dict[str, list[Record]] = defaultdict(list)
    for row in turn.rows:
        by_subject[row["subject"]].append(row)
    # All of a subject's events up to some number: none of a lower one can lie beyond them.
    doubtful = [
        subject
        for subject, theirs in by_subject.items()
        if max(row["subject_no"] for row in theirs) > len(theirs)
    ]
    barriers = await cursors.list_barriers(tx, reaction.name, reaction.kinds, doubtful, turn)
    ready, kept = [], []
    for subject, theirs in by_subject.items():
        if len(theirs) > 1:
            theirs.sort(key=lambda row: row["subject_no"])
        barrier = barriers.get(subject)
        if barrier is None:
            ready += theirs
            continue
        for row in theirs:
            (kept if row["subject_no"] > barrier else ready).append(row)
    if kept:
        await cursors.insert_backlog(tx, reaction.name, kept, 0, tx.now, WAITS_FOR_EARLIER)
    if carefully:
        await _handle_singly(tx, reaction, ready)
    elif ready:
        await _handle_together(tx, reaction, ready)


async def _handle_together(tx: Tx, reaction: Reaction, rows: Sequence[Record]) -> None:
    try:
        await reaction.handle(tx, [_logged(reaction, row) for row in rows])
    except TRANSIENT:
        raise
    # Whatever the handler raised: it is found again, with its reason, one event at a time.
    except Exception as error:
        raise _BatchFailed from error


async def _handle_singly(tx: Tx, reaction: Reaction, rows: Sequence[Record]) -> None:
    stuck: set[str] = set()
    for row in rows:
        if row["subject"] in stuck:
            await cursors.insert_backlog(tx, reaction.name, [row], 0, tx.now, WAITS_FOR_EARLIER)
            continue
        reason = await _failure_of(tx, reaction, row)
        if reason:
            stuck.add(row["subject"])
            due_at = tx.now + timedelta(seconds=RETRY_SECONDS_FIRST)
            await cursors.insert_backlog(tx, reaction.name, [row], 1, due_at, reason)


async def _failure_of(tx: Tx, reaction: Reaction, row: Record) -> str:
    """Handle one event; return why it failed, or "" when it did not."""
    try:
        async with tx.savepoint():
            await reaction.handle(tx, [_logged(reaction, row)])
    except TRANSIENT:
        raise
    # A handler's defect must park its own event and nothing else, whatever it raises.
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
    return ""


async def _work_off_backlog(tx: Tx, reaction: Reaction, cursor: cursors.Cursor) -> int:
    rows = await cursors.list_due_backlog(
        tx, reaction.name, reaction.kinds, cursor, reaction.batch_max
    )
    for row in rows:
        reason = await _failure_of(tx, reaction, row)
        if not reason:
            await cursors.delete_backlog(tx, reaction.name, row["id"])
            continue
        attempts = row["attempts"] + 1
        wait = min(RETRY_SECONDS_FIRST * 2**attempts, RETRY_SECONDS_MAX)
        await cursors.update_backlog(
            tx,
            reaction.name,
            row["id"],
            attempts,
            tx.now + timedelta(seconds=wait),
            attempts >= TRIES_MAX,
            reason,
        )
    return len(rows)


def _logged(reaction: Reaction, row: Record) -> Logged[Any]:
    decoder = _decoders(reaction)[row["kind"]]
    return Logged(
        row["id"],
        row["subject"],
        row["subject_no"],
        row["at"],
        row["actor"],
        row["trace"],
        decoder.decode(row["body"]) if decoder else None,
        (row["epoch"], row["txid"]),
        row["kind"],
    )


class Parked(msgspec.Struct, frozen=True):
    """An event that a reaction could not handle, waiting for a person."""

    reaction: str
    log_id: int
    subject: str
    subject_no: int
    attempts: int
    reason: str


async def list_parked(tx: Tx, *, limit: int = 250) -> list[Parked]:
    """Return parked events, oldest first."""
    return [Parked(**dict(row)) for row in await cursors.list_parked(tx, limit)]


async def replay_parked(tx: Tx, reaction: str, log_id: int) -> None:
    """Let a reaction try a parked event again, with all its tries.

    Raises:
        NotParked: there is no such parked event.
    """
    if not await cursors.unpark(tx, reaction, log_id):
        raise NotParked(reaction=reaction, log_id=log_id)
    tx.leaves_work = True


async def replay_all_parked(tx: Tx, reaction: str) -> int:
    """Let a reaction try its parked events again, the oldest, so many at once.

    Returns:
        How many, REPLAYED_AT_ONCE_MAX when there may be more.
    """
    replayed = await cursors.unpark_all(tx, reaction, REPLAYED_AT_ONCE_MAX)
    tx.leaves_work = tx.leaves_work or replayed > 0
    return replayed


class Lag(msgspec.Struct, frozen=True):
    """How far a reaction is behind.

    Args:
        reaction: its name.
        unread: events it has not read yet, among the next LAG_ROWS_MAX of the log.
        oldest_at: when the oldest of them was appended, None when it has read all.
        more: there may be more than were looked at.
        kept_back: events that wait for another try, or for an earlier one of their subject.
        parked: events that wait for a person.
    """

    reaction: str
    unread: int
    oldest_at: datetime | None
    more: bool
    kept_back: int
    parked: int


async def list_lags(tx: Tx, reactions: Sequence[Reaction]) -> list[Lag]:
    """Return how far reactions are behind, by name."""
    kinds = {reaction.name: reaction.kinds for reaction in reactions}
    return [Lag(**dict(row)) for row in await cursors.list_lags(tx, kinds, LAG_ROWS_MAX)]


async def latest_at(tx: Tx) -> datetime | None:
    """Return when the last event was appended, None when the log is empty."""
    return await cursors.latest_at(tx)
