"""Times at which open orders were decided anew, and the orders in question."""

from uuid import UUID

import msgspec

from crosslane.orders.domain.reoptimising import Figures, Reoptimised
from crosslane.platform.database import Record, Tx

# What is held back longest comes last: it would take the room of those that are new each time.
LIST_HELD_BACK = """
select order_id from orders_stop where resolved_at is null
group by order_id order by max(raised_at) desc, order_id limit $1
"""


async def list_held_back(tx: Tx, limit: int) -> list[UUID]:
    """Return the orders that a stop holds back, those held back last first."""
    return [row["order_id"] for row in await tx.fetch(LIST_HELD_BACK, limit)]


INSERT_RUN = """
insert into orders_reoptimisation (id, asked_at, asked_by, orders_max, seconds, state)
values ($1, $2, $3, $4, $5, 'asked')
"""


async def insert_run(tx: Tx, run: Reoptimised) -> None:
    """Write down that open orders are to be decided anew."""
    await tx.execute(INSERT_RUN, run.id, run.asked_at, run.asked_by, run.orders_max, run.seconds)


SAVE_DECIDED = """
update orders_reoptimisation
set state = case when $4 = 0 then 'done' else 'decided' end, decided = $2, aside = $3::jsonb,
    changed = $4, before_milli = $5, after_milli = $6, bound_milli = $7, took_milliseconds = $8,
    in_time = $9
where id = $1
"""


async def save_decided(tx: Tx, run_id: UUID, figures: Figures) -> None:
    """Save what deciding came to."""
    await tx.execute(
        SAVE_DECIDED,
        run_id,
        figures.decided,
        msgspec.json.encode(figures.aside),
        figures.changed,
        figures.before_milli,
        figures.after_milli,
        figures.bound_milli,
        figures.took_milliseconds,
        figures.in_time,
    )


SAVE_FAILED = "update orders_reoptimisation set state = 'failed', reason = $2 where id = $1"


async def save_failed(tx: Tx, run_id: UUID, reason: str) -> None:
    """Save that deciding was given up."""
    await tx.execute(SAVE_FAILED, run_id, reason)


COUNT_MOVED = """
update orders_reoptimisation
set moved = moved + $2, left_alone = left_alone + $3,
    state = case when moved + $2 + left_alone + $3 >= changed then 'done' else state end
where id = $1
"""


async def count_moved(tx: Tx, run_id: UUID, moved: int, left_alone: int) -> None:
    """Count changes that were made, and such that were not any more."""
    await tx.execute(COUNT_MOVED, run_id, moved, left_alone)


_COLUMNS = """id, asked_at, asked_by, orders_max, seconds, state, decided, aside, changed, moved,
    left_alone, before_milli, after_milli, bound_milli, took_milliseconds, in_time, reason"""
FIND_RUN = f"select {_COLUMNS} from orders_reoptimisation where id = $1"  # noqa: S608
LAST_RUN = f"""
select {_COLUMNS} from orders_reoptimisation order by asked_at desc limit 1
"""  # noqa: S608


async def find_run(tx: Tx, run_id: UUID) -> Reoptimised | None:
    """Return one time, or None."""
    return _run(await tx.fetchrow(FIND_RUN, run_id))


async def find_last_run(tx: Tx) -> Reoptimised | None:
    """Return the last time, or None."""
    return _run(await tx.fetchrow(LAST_RUN))


def _run(row: Record | None) -> Reoptimised | None:
    if row is None:
        return None
    return msgspec.convert(
        {**dict(row), "aside": msgspec.json.decode(row["aside"])}, Reoptimised, strict=False
    )
