"""Returns under lock: loading them whole, and saving what they have become with their journal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from crosslane.platform.database import Overtaken, Tx, columns
from crosslane.returns.domain import Return

Deed = Literal[
    "request",
    "authorize",
    "decline",
    "cancel",
    "dispatch",
    "receive",
    "grade",
    "settle",
    "expire",
    "close",
    "hold",
    "clear",
    "credit",
]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a return, or to units of one of its lines."""

    return_id: UUID
    return_line_id: UUID | None = None
    deed: Deed
    quantity: int = 0
    net_minor: int = 0
    tax_minor: int = 0
    location_id: UUID | None = None
    actor: str
    occurred_at: datetime


TAKE_NUMBERS = "select nextval('returns_number') as taken from generate_series(1, $1::int)"


async def take_numbers(tx: Tx, count: int) -> list[int]:
    """Return fresh sequence numbers; gaps are no harm."""
    return [row["taken"] for row in await tx.fetch(TAKE_NUMBERS, count)]


LOCK_RETURNS = """
select id from returns_return where id = any((select $1::uuid[])::uuid[]) order by id for update
"""


async def lock_returns(tx: Tx, return_ids: Sequence[UUID]) -> dict[UUID, Return]:
    """Lock returns in the order of their ids, then return them whole; unknown ids are left out."""
    if not return_ids:
        return {}
    await tx.execute(LOCK_RETURNS, sorted(set(return_ids)))
    return await list_returns(tx, return_ids)


LIST_RETURNS = """
select to_json(s) as one from (
    select r.*, (
        select coalesce(json_agg(k order by k.position), '[]') from (
            select l.*, (
                select coalesce(json_agg(u order by u.received_at, u.id), '[]')
                from returns_unit u where u.return_line_id = l.id
            ) as units
            from returns_line l where l.return_id = r.id
        ) k
    ) as lines
    from returns_return r where r.id = any((select $1::uuid[])::uuid[]) order by r.id
) s
"""
_RETURN = msgspec.json.Decoder(Return)


async def list_returns(tx: Tx, return_ids: Sequence[UUID]) -> dict[UUID, Return]:
    """Return some returns whole, in the order of their ids, unlocked."""
    rows = await tx.fetch(LIST_RETURNS, list(set(return_ids))) if return_ids else []
    found = [_RETURN.decode(row["one"]) for row in rows]
    return {one.id: one for one in found}


# What is new is inserted, what is known is written over: its row is locked.
SAVE_RETURNS = """
with heads as (
    insert into returns_return as r
    select * from jsonb_populate_recordset(null::returns_return, $1)
    on conflict (id) do update set
        state = excluded.state, location_id = excluded.location_id,
        refund_method = excluded.refund_method, refund_account = excluded.refund_account,
        instant = excluded.instant, awaited = excluded.awaited,
        exchange = excluded.exchange, exchange_minor = excluded.exchange_minor,
        paid_minor = excluded.paid_minor, exchange_wish = excluded.exchange_wish,
        fee_minor = excluded.fee_minor, delivery_minor = excluded.delivery_minor,
        refund_minor = excluded.refund_minor, held = excluded.held,
        hold_reason = excluded.hold_reason, reason = excluded.reason,
        authorized_at = excluded.authorized_at, dispatched_at = excluded.dispatched_at,
        received_at = excluded.received_at, graded_at = excluded.graded_at,
        cleared_at = excluded.cleared_at, settled_at = excluded.settled_at,
        ended_at = excluded.ended_at, expires_at = excluded.expires_at, version = r.version + 1
), lines as (
    insert into returns_line as l
    select * from jsonb_populate_recordset(null::returns_line, $2)
    on conflict (id) do update set
        received = excluded.received, credited = excluded.credited,
        net_minor = excluded.net_minor, tax_minor = excluded.tax_minor
), units as (
    insert into returns_unit as u
    select * from jsonb_populate_recordset(null::returns_unit, $3)
    on conflict (id) do update set
        quantity = excluded.quantity, disposition = excluded.disposition,
        graded_at = excluded.graded_at
)
insert into returns_event (
    return_id, return_line_id, deed, quantity, net_minor, tax_minor, location_id, actor,
    occurred_at, at
)
select e.*, $13
from unnest($4::uuid[], $5::uuid[], $6::text[], $7::int[], $8::bigint[], $9::bigint[],
            $10::uuid[], $11::text[], $12::timestamptz[]) as e
"""


async def save_returns(tx: Tx, returns: Sequence[Return], journal: Sequence[Entry]) -> None:
    """Store returns, new ones and locked ones, with what has happened to them.

    Args:
        tx: open transaction.
        returns: what is new or has changed, each once.
        journal: what has happened, in order.

    Raises:
        Overtaken: somebody else has told of the same source meanwhile.
    """
    if not returns:
        return
    lines = [line for one in returns for line in one.lines]
    units = [unit for line in lines for unit in line.units]
    try:
        await tx.execute(
            SAVE_RETURNS,
            *(msgspec.json.encode(rows) for rows in (returns, lines, units)),
            *columns(journal, "return_id", "return_line_id", "deed", "quantity", "net_minor"),
            *columns(journal, "tax_minor", "location_id", "actor", "occurred_at"),
            tx.now,
        )
    except asyncpg.UniqueViolationError:
        raise Overtaken from None
