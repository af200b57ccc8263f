"""Requesting effects, and looking after dead letters."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.kernel import NotFound
from crosslane.platform.database import Tx
from crosslane.platform.effects import storage
from crosslane.platform.effects.nouns import Effect
from crosslane.platform.outbox import EffectRow, write_when_long

DONE_LATELY_SECONDS = 3_600.0
REPLAYED_AT_ONCE_MAX = 1_000


class NoSuchDeadLetter(NotFound):
    """There is no dead letter {id}."""


class DeadLetter(msgspec.Struct, frozen=True):
    """An effect that was given up."""

    id: UUID
    key: str
    kind: str
    tries: int
    reason: str
    finished_at: datetime


class KindCount(msgspec.Struct, frozen=True):
    """How the calls of one kind stand; a schedule is the kind ``schedule:<name>``.

    Args:
        kind: name of the kind.
        waiting: never tried yet.
        retrying: have failed and will be tried again.
        under_way: a worker is at it.
        dead: were given up.
        done: succeeded within the last DONE_LATELY_SECONDS.
        next_due_at: when the next one is due, None when none waits.
    """

    kind: str
    waiting: int
    retrying: int
    under_way: int
    dead: int
    done: int
    next_due_at: datetime | None


class DueCall(msgspec.Struct, frozen=True):
    """A call that is due, will be, or is under way.

    Args:
        key: what the counterpart is given.
        tries: how often it was tried.
        reason: why the last try failed, "" for none.
        due_at: when it is due; the end of the lease while it is under way.
        under_way: a worker is at it.
    """

    id: UUID
    key: str
    kind: str
    tries: int
    reason: str
    due_at: datetime
    under_way: bool
    created_at: datetime


async def request(tx: Tx, effects: Sequence[Effect]) -> None:
    """Write down calls to be made once this transaction has committed, with all it has as it ends.

    A key that was asked for before is left as it is.
    """
    if effects:
        tx.leaves_work = True
        tx.outbox.effects += [
            EffectRow(
                effect.key,
                effect.kind,
                msgspec.json.encode(effect.body),
                effect.trace or tx.trace,
                effect.due_at,
            )
            for effect in effects
        ]
        await write_when_long(tx)


async def release_claims(tx: Tx, worker: int, lease_seconds: float) -> int:
    """Make the calls due that a dead worker had under way; a result of its own comes too late.

    Args:
        tx: open transaction.
        worker: its number.
        lease_seconds: longest lease it may have taken.

    Returns:
        How many there were.
    """
    released = await storage.release(tx, worker, lease_seconds)
    tx.leaves_work = tx.leaves_work or released > 0
    return released


async def list_dead(tx: Tx, *, limit: int = 250) -> list[DeadLetter]:
    """Return dead letters, oldest first."""
    return [DeadLetter(**dict(row)) for row in await storage.list_dead(tx, limit)]


async def count_kinds(tx: Tx) -> list[KindCount]:
    """Return how the calls of each kind stand, by kind; kinds without calls are left out."""
    return [KindCount(**dict(row)) for row in await storage.count_kinds(tx, DONE_LATELY_SECONDS)]


async def list_due(tx: Tx, *, kind: str | None = None, limit: int = 250) -> list[DueCall]:
    """Return calls that are due or under way, the next first.

    Args:
        tx: open transaction.
        kind: only of this kind.
        limit: most to return.
    """
    return [DueCall(**dict(row)) for row in await storage.list_due(tx, kind, limit)]


async def replay_kind(tx: Tx, kind: str) -> int:
    """Make dead letters of a kind due again, with all their tries; the oldest, so many at once.

    Returns:
        How many, REPLAYED_AT_ONCE_MAX when there may be more.
    """
    replayed = await storage.replay_kind(tx, kind, REPLAYED_AT_ONCE_MAX)
    tx.leaves_work = tx.leaves_work or replayed > 0
    return replayed


async def replay_keys(tx: Tx, keys: Sequence[str]) -> None:
    """Make dead letters due again by their keys, with all their tries; others are left alone."""
    if keys:
        await storage.replay_keys(tx, keys)
        tx.leaves_work = True


async def replay_dead(tx: Tx, effect_id: UUID) -> None:
    """Make a dead letter due again, with all its tries.

    Raises:
        NoSuchDeadLetter: the effect is not dead.
    """
    if not await storage.replay(tx, effect_id):
        raise NoSuchDeadLetter(id=effect_id)
    tx.leaves_work = True
