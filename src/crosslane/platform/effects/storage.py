"""The SQL of effects."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.platform.database import Record, Tx

CLAIM = """
update platform_effect
set attempt = attempt + 1, tries = tries + 1, claimed_by = $4,
    due_at = clock_timestamp() + make_interval(secs => $3)
where id in (
    select id from platform_effect
    where state = 'due' and due_at <= clock_timestamp() and kind = any($1::text[])
    order by due_at limit $2 for update skip locked
)
returning id, key, kind, body, trace, attempt, tries
"""


async def claim(
    tx: Tx, kinds: list[str], limit: int, lease_seconds: float, worker: int | None
) -> list[Record]:
    """Take due effects under a lease; another worker passes over them."""
    return await tx.fetch(CLAIM, kinds, limit, lease_seconds, worker)


RELEASE = """
update platform_effect set due_at = clock_timestamp(), claimed_by = null
where state = 'due' and claimed_by = $1 and id <> all($3::uuid[])
  and due_at <= clock_timestamp() + make_interval(secs => $2)
returning id
"""


async def release(tx: Tx, worker: int, lease_seconds: float, known: Sequence[UUID] = ()) -> int:
    """Make due what stands as claimed by a worker, but for what it knows that it has.

    Returns:
        How many effects that were.
    """
    return len(await tx.fetch(RELEASE, worker, lease_seconds, known))


LOCK_CLAIMED = """
select true from platform_effect where id = $1 and attempt = $2 and state = 'due' for update
"""


async def still_mine(tx: Tx, effect_id: UUID, attempt: int) -> bool:
    """Tell whether the lease was not lost; if so the row is locked."""
    return bool(await tx.fetchval(LOCK_CLAIMED, effect_id, attempt))


FINISH = """
update platform_effect set state = $2, reason = $3, finished_at = clock_timestamp() where id = $1
"""


async def finish(tx: Tx, effect_id: UUID, state: str, reason: str) -> None:
    """Mark an effect done or dead."""
    await tx.execute(FINISH, effect_id, state, reason)


POSTPONE = """
update platform_effect
set due_at = clock_timestamp() + make_interval(secs => $2), reason = $3, tries = $4,
    claimed_by = null
where id = $1
"""


async def postpone(tx: Tx, effect_id: UUID, seconds: float, reason: str, tries: int) -> None:
    """Make an effect due again later."""
    await tx.execute(POSTPONE, effect_id, seconds, reason, tries)


NEXT_DUE = """
select min(due_at) from platform_effect where state = 'due' and kind = any($1::text[])
"""


async def next_due(tx: Tx, kinds: list[str]):
    """Return when the next effect is due, or None."""
    return await tx.fetchval(NEXT_DUE, kinds)


LIST_DEAD = """
select id, key, kind, tries, reason, finished_at from platform_effect
where state = 'dead' order by finished_at, id limit $1
"""


async def list_dead(tx: Tx, limit: int) -> list[Record]:
    """Return dead letters, oldest first."""
    return await tx.fetch(LIST_DEAD, limit)


REPLAY = """
update platform_effect
set state = 'due', due_at = clock_timestamp(), tries = 0, finished_at = null
where id = $1 and state = 'dead'
"""


async def replay(tx: Tx, effect_id: UUID) -> bool:
    """Make a dead letter due again; False when it is not dead."""
    return await tx.execute(REPLAY, effect_id) != "UPDATE 0"


REPLAY_KEYS = """
update platform_effect
set state = 'due', due_at = clock_timestamp(), tries = 0, finished_at = null
where key = any($1::text[]) and state = 'dead'
"""


async def replay_keys(tx: Tx, keys: Sequence[str]) -> None:
    """Make dead letters with these keys due again."""
    await tx.execute(REPLAY_KEYS, list(keys))


DELETE_DONE = """
delete from platform_effect where id in (
    select id from platform_effect
    where state = 'done' and finished_at < clock_timestamp() - make_interval(days => $1)
    limit $2
)
"""


async def delete_done(tx: Tx, older_than_days: int, limit: int) -> None:
    """Forget finished effects, whose bodies may name people, after their retention."""
    await tx.execute(DELETE_DONE, older_than_days, limit)
