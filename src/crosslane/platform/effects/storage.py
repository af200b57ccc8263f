"""The SQL of effects."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.effects.nouns import EffectCall


class Unknown(Exception):
    """The other workers do not know of this one: they believe that it died."""


# A claim commits while its worker is known or not at all: whoever buries a worker locks its row
# before they look for its claims.
CLAIM = """
with claimed as (
    update platform_effect
    set attempt = attempt + 1, tries = tries + 1, claimed_by = $4,
        due_at = clock_timestamp() + make_interval(secs => $3)
    where id in (
        select id from (
            select id, kind, row_number() over (partition by kind order by due_at) as place
            from (
                select id, kind, due_at from platform_effect
                where state = 'due' and due_at <= clock_timestamp() and kind = any($1::text[])
                order by due_at limit $2 for update skip locked
            ) as next
        ) as counted
        where place <= coalesce(($6::integer[])[array_position($5::text[], kind)], $2)
    )
    returning id, key, kind, body, trace, attempt, tries
), known as (
    select from control.worker where number = $4 and exists (select from claimed)
    for key share skip locked
)
select claimed.*, $4::integer is null or exists (select from known) as is_known from claimed
"""


async def claim(
    tx: Tx,
    kinds: list[str],
    limit: int,
    lease_seconds: float,
    worker: int | None,
    rooms: Mapping[str, int],
) -> list[Record]:
    """Take due effects under a lease; another worker passes over them.

    Args:
        tx: open transaction.
        kinds: those that are taken.
        limit: most of all of them.
        lease_seconds: how long they are taken for.
        worker: its number, None for somebody whom nobody will miss.
        rooms: most of some kinds; what is beyond stays due.

    Raises:
        Unknown: nobody would miss this worker, so that it must claim nothing.
    """
    limits = list(rooms), list(rooms.values())
    rows = await tx.fetch(CLAIM, kinds, limit, lease_seconds, worker, *limits)
    if rows and not rows[0]["is_known"]:
        raise Unknown
    return rows


REQUIRE_NO_CLAIM = "select from control.worker where number = $1 for update nowait"


async def require_no_claim(tx: Tx, worker: int) -> None:
    """See to it that no claim of a worker is about to commit, nor will be before this one is.

    Raises:
        LockNotAvailableError: one is, in a transaction that nobody knows the end of.
    """
    await tx.execute(REQUIRE_NO_CLAIM, worker)


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


# In the order of their ids, so that two who save at once never wait for each other in a circle.
END = """
with mine as (
    select e.id, w.state, w.reason
    from platform_effect e
    join unnest($1::uuid[], $2::integer[], $3::text[], $4::text[])
         as w(id, attempt, state, reason) using (id, attempt)
    where e.state = 'due' order by e.id for update of e
)
update platform_effect e
set state = mine.state, reason = mine.reason, finished_at = clock_timestamp()
from mine where e.id = mine.id
returning e.id
"""


async def end(
    tx: Tx, calls: Sequence[EffectCall], states: Sequence[str], reasons: Sequence[str]
) -> set[UUID]:
    """Mark effects done or dead and return which they are: those whose lease was not lost."""
    rows = await tx.fetch(END, *columns(calls, "id", "attempt"), states, reasons)
    return {row["id"] for row in rows}


LOCK_CLAIMED = """
select true from platform_effect where id = $1 and attempt = $2 and state = 'due' for update
"""


async def lock_claimed(tx: Tx, call: EffectCall) -> bool:
    """Lock an effect; False when its lease was lost."""
    return await tx.fetchrow(LOCK_CLAIMED, call.id, call.attempt) is not None


POSTPONE = """
update platform_effect
set due_at = clock_timestamp() + make_interval(secs => $2), reason = $3, tries = $4,
    claimed_by = null
where id = $1 and attempt = $5 and state = 'due'
"""


async def postpone(tx: Tx, call: EffectCall, seconds: float, reason: str, tries: int) -> None:
    """Make an effect due again later, unless its lease was lost."""
    await tx.execute(POSTPONE, call.id, seconds, reason, tries, call.attempt)


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
set state = 'due', due_at = clock_timestamp(), tries = 0, finished_at = null, claimed_by = null
where id = $1 and state = 'dead'
"""


async def replay(tx: Tx, effect_id: UUID) -> bool:
    """Make a dead letter due again; False when it is not dead."""
    return await tx.execute(REPLAY, effect_id) != "UPDATE 0"


REPLAY_KEYS = """
update platform_effect
set state = 'due', due_at = clock_timestamp(), tries = 0, finished_at = null, claimed_by = null
where key = any($1::text[]) and state = 'dead'
"""


async def replay_keys(tx: Tx, keys: Sequence[str]) -> None:
    """Make dead letters with these keys due again."""
    await tx.execute(REPLAY_KEYS, list(keys))


# By index each: those that are done are many, and only the latest of them are counted.
COUNT_KINDS = """
select kind,
       count(*) filter (where state = 'due' and claimed_by is null and tries = 0) as waiting,
       count(*) filter (where state = 'due' and claimed_by is null and tries > 0) as retrying,
       count(*) filter (where state = 'due' and claimed_by is not null) as under_way,
       count(*) filter (where state = 'dead') as dead,
       count(*) filter (where state = 'done') as done,
       min(due_at) filter (where state = 'due' and claimed_by is null) as next_due_at
from (
    select kind, state, claimed_by, tries, due_at from platform_effect where state = 'due'
    union all
    select kind, state, claimed_by, tries, due_at from platform_effect where state = 'dead'
    union all
    select kind, state, claimed_by, tries, due_at from platform_effect
    where state = 'done' and finished_at > clock_timestamp() - make_interval(secs => $1)
) as counted
group by kind order by kind
"""


async def count_kinds(tx: Tx, done_seconds: float) -> list[Record]:
    """Return how the calls of each kind stand, and how many were done lately."""
    return await tx.fetch(COUNT_KINDS, done_seconds)


LIST_DUE = """
select id, key, kind, tries, reason, due_at, claimed_by is not null as under_way, created_at
from platform_effect
where state = 'due' and ($1::text is null or kind = $1)
order by due_at, id limit $2
"""


async def list_due(tx: Tx, kind: str | None, limit: int) -> list[Record]:
    """Return calls that are due or under way, the next first."""
    return await tx.fetch(LIST_DUE, kind, limit)


REPLAY_KIND = """
update platform_effect
set state = 'due', due_at = clock_timestamp(), tries = 0, finished_at = null, claimed_by = null
where id in (
    select id from platform_effect
    where state = 'dead' and kind = $1 order by finished_at, id limit $2 for update
)
"""


async def replay_kind(tx: Tx, kind: str, limit: int) -> int:
    """Make dead letters of a kind due again, oldest first; return how many."""
    tag = await tx.execute(REPLAY_KIND, kind, limit)
    return int(tag.rpartition(" ")[2])


DELETE_DONE = """
delete from platform_effect where id in (
    select id from platform_effect
    where state = 'done' and finished_at < clock_timestamp() - make_interval(days => $1)
    limit $2
)
"""


async def delete_done(tx: Tx, older_than_days: int, limit: int) -> bool:
    """Forget finished effects, whose bodies may name people; tell whether some may be left."""
    return await tx.execute(DELETE_DONE, older_than_days, limit) == f"DELETE {limit}"
