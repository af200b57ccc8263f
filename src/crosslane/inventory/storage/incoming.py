"""Incoming lines and the promises made against them, always written under the line's lock."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from crosslane.inventory.domain.incoming import (
    IncomingKey,
    IncomingLine,
    IncomingReport,
    IncomingSheet,
    Promise,
)
from crosslane.inventory.domain.position import Cause
from crosslane.platform.database import Record, Tx, columns

INSERT_INCOMING = """
insert into inventory_incoming
    (id, source, reference, variant_id, location_id, owner_id, quantity, available_on, as_of,
     message)
select id, source, reference, variant_id, location_id, owner_id, 0, available_on, as_of, message
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::date[],
            $8::timestamptz[], $9::text[])
    as i(id, source, reference, variant_id, location_id, owner_id, available_on, as_of, message)
order by source, reference, variant_id, location_id
on conflict do nothing
"""


async def insert_incoming(
    tx: Tx, reports: Mapping[UUID, IncomingReport], owners: Mapping[UUID, UUID]
) -> None:
    """Make lines, of no units yet, where there are none."""
    said = list(reports.values())
    keys = [report.key for report in said]
    await tx.execute(
        INSERT_INCOMING,
        list(reports),
        *columns(keys, "source", "reference", "variant_id", "location_id"),
        [report.owner_id or owners[report.key.location_id] for report in said],
        *columns(said, "available_on", "as_of", "message"),
    )


LOCK_INCOMING = """
select i.* from inventory_incoming i
where (i.source, i.reference, i.variant_id, i.location_id) in (
    select * from unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[])
)
order by i.id for no key update of i
"""


async def lock_incoming(tx: Tx, keys: Sequence[IncomingKey]) -> list[IncomingLine]:
    """Protect lines by their keys."""
    wanted = columns(keys, "source", "reference", "variant_id", "location_id")
    return [_line(row) for row in await tx.fetch(LOCK_INCOMING, *wanted)]


LOCK_BY_ID = """
select i.* from inventory_incoming i where i.id = any($1::uuid[])
order by i.id for no key update of i
"""


async def lock_by_id(tx: Tx, ids: Sequence[UUID]) -> list[IncomingLine]:
    """Protect lines by their ids."""
    return [_line(row) for row in await tx.fetch(LOCK_BY_ID, ids)]


LIST_BY_ID = "select i.* from inventory_incoming i where i.id = any($1::uuid[])"


async def list_by_id(tx: Tx, ids: Sequence[UUID]) -> list[IncomingLine]:
    """Return lines as they are; what tells a line from others never changes."""
    return [_line(row) for row in await tx.fetch(LIST_BY_ID, ids)]


LOCK_OPEN = """
select i.* from inventory_incoming i
where i.variant_id = any($1::uuid[]) and (i.received < i.quantity or i.promised > 0)
order by i.id for no key update of i
"""


async def lock_open(tx: Tx, variant_ids: Sequence[UUID]) -> list[IncomingLine]:
    """Protect every line of some variants that is still to come."""
    return [_line(row) for row in await tx.fetch(LOCK_OPEN, variant_ids)]


LIST_PROMISES = """
select line_id, incoming_id, cause_kind, cause_id, quantity, promised_for
from inventory_promise where incoming_id = any($1::uuid[])
"""


async def list_promises(tx: Tx, incoming_ids: Sequence[UUID]) -> list[Promise]:
    """Return the promises made against protected lines."""
    return [
        Promise(
            row["incoming_id"],
            Cause(row["cause_kind"], row["cause_id"], row["line_id"]),
            row["quantity"],
            row["promised_for"],
        )
        for row in await tx.fetch(LIST_PROMISES, incoming_ids)
    ]


SAVE_INCOMING = """
update inventory_incoming i
set quantity = s.quantity, received = s.received, promised = s.promised,
    available_on = s.available_on, as_of = s.as_of, message = s.message
from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::date[], $6::timestamptz[],
            $7::text[]) as s(id, quantity, received, promised, available_on, as_of, message)
where i.id = s.id
"""


async def save_lines(tx: Tx, lines: Sequence[IncomingLine]) -> None:
    """Save protected lines."""
    await tx.execute(
        SAVE_INCOMING,
        *columns(lines, "id", "quantity", "received", "promised"),
        *columns(lines, "available_on", "as_of", "message"),
    )


SAVE_PROMISES = """
with kept as (
    insert into inventory_promise
        (line_id, incoming_id, cause_kind, cause_id, quantity, promised_for)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[],
                         $6::timestamptz[]) as p(line_id, incoming_id, cause_kind, cause_id,
                                                 quantity, promised_for)
    where quantity > 0
    on conflict (line_id, incoming_id) do update
    set quantity = excluded.quantity, promised_for = excluded.promised_for
)
delete from inventory_promise p
using unnest($1::uuid[], $2::uuid[], $5::bigint[]) as g(line_id, incoming_id, quantity)
where (p.line_id, p.incoming_id) = (g.line_id, g.incoming_id) and g.quantity = 0
"""


async def save(tx: Tx, sheet: IncomingSheet) -> None:
    """Save the lines a sheet has touched and the promises it has changed."""
    touched = [sheet.lines[line_id] for line_id in sheet.touched]
    if touched:
        await save_lines(tx, touched)
    changed = [sheet.promises[key] for key in sheet.changed & sheet.promises.keys()]
    if changed:
        await tx.execute(
            SAVE_PROMISES,
            [promise.cause.line for promise in changed],
            [promise.incoming_id for promise in changed],
            [promise.cause.kind for promise in changed],
            [promise.cause.id for promise in changed],
            *columns(changed, "quantity", "promised_for"),
        )


LIST_INCOMING = """
select i.* from inventory_incoming i
where ($1::uuid[] is null or i.variant_id = any($1))
  and ($2::uuid is null or i.location_id = $2)
  and ($3::text is null or i.reference = $3)
  and ($4::date is null or (i.available_on, i.id) > ($4, $5::uuid))
  and (i.received < i.quantity or i.promised > 0 or $3 is not null)
order by i.available_on, i.id limit $6
"""


async def list_incoming(
    tx: Tx,
    *,
    variant_ids: Sequence[UUID] | None,
    location_id: UUID | None,
    reference: str | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[IncomingLine]:
    """Return lines still to come, the earliest first; with a reference also those that came."""
    day, last_id = after or (None, None)
    rows = await tx.fetch(LIST_INCOMING, variant_ids, location_id, reference, day, last_id, limit)
    return [_line(row) for row in rows]


def _line(row: Record) -> IncomingLine:
    return IncomingLine(
        id=row["id"],
        key=IncomingKey(row["source"], row["reference"], row["variant_id"], row["location_id"]),
        owner_id=row["owner_id"],
        quantity=row["quantity"],
        available_on=row["available_on"],
        as_of=row["as_of"],
        message=row["message"],
        received=row["received"],
        promised=row["promised"],
    )
