"""Transfers, their lines and pieces, always written under the transfer's lock."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.personal import PersonalColumn
from crosslane.transfers.domain import Deed, Line, Piece, State, Transfer, pieces_of

PERSONAL_COLUMNS = [
    PersonalColumn(
        "transfers_transfer", "note", erased_by="words", reason="what people say of a transfer"
    )
]


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the journal of a transfer.

    Args:
        units: how many; of a surplus written off below zero.
        code: why, "" where nothing is to be said.
        occurred_at: when it happened; ``at`` is when it was recorded.
        actor: who, as ``kind:id``.
    """

    id: UUID
    transfer_id: UUID
    line_id: UUID
    at: datetime
    occurred_at: datetime
    deed: Deed
    units: int
    code: str
    actor: str
    trace: str


NEXT_NUMBER = "select nextval('transfers_number')"


async def next_number(tx: Tx) -> int:
    """Take a number; one that is lost with its transaction leaves a gap, which harms nobody."""
    return await tx.fetchval(NEXT_NUMBER)


INSERT_TRANSFER = """
insert into transfers_transfer
    (id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
     requested_by, requested_at, changed_at, ended_at, version)
select id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
       requested_by, requested_at, changed_at, ended_at, version
from jsonb_populate_record(null::transfers_transfer, $1)
"""


async def insert_transfer(tx: Tx, transfer: Transfer) -> None:
    """Store a new transfer with its lines."""
    await tx.execute(INSERT_TRANSFER, msgspec.json.encode(transfer))
    await _save_lines(tx, [transfer])


SAVE_TRANSFERS = """
update transfers_transfer t
set state = n.state, expected_on = n.expected_on, changed_at = n.changed_at,
    ended_at = n.ended_at, version = n.version
from jsonb_populate_recordset(null::transfers_transfer, $1) n where t.id = n.id
"""


async def save_transfers(tx: Tx, transfers: Sequence[Transfer]) -> None:
    """Store how locked transfers stand now."""
    await tx.execute(SAVE_TRANSFERS, msgspec.json.encode(transfers))
    await _save_lines(tx, transfers)


SAVE_LINES = """
insert into transfers_line
    (id, transfer_id, position, variant_id, sku, requested, withdrawn, sent, received, damaged,
     written_off, incoming_id)
select l.id, t.transfer_id, l.position, l.variant_id, l.sku, l.requested, l.withdrawn, l.sent,
       l.received, l.damaged, l.written_off, l.incoming_id
from jsonb_populate_recordset(null::transfers_line, $1) l
join unnest($2::uuid[], $3::uuid[]) as t(id, transfer_id) on t.id = l.id
on conflict (id) do update
set withdrawn = excluded.withdrawn, sent = excluded.sent, received = excluded.received,
    damaged = excluded.damaged, written_off = excluded.written_off,
    incoming_id = excluded.incoming_id
"""
SAVE_PIECES = """
insert into transfers_piece (id, line_id, no, quantity, cost_milli, arrived, written_off)
select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::bigint[])
on conflict (id) do update
set arrived = excluded.arrived, written_off = excluded.written_off
"""


async def _save_lines(tx: Tx, transfers: Sequence[Transfer]) -> None:
    lines = [(transfer.id, line) for transfer in transfers for line in transfer.lines]
    await tx.execute(
        SAVE_LINES,
        msgspec.json.encode([line for _, line in lines]),
        [line.id for _, line in lines],
        [transfer_id for transfer_id, _ in lines],
    )
    pieces = [pair for transfer in transfers for pair in pieces_of(transfer)]
    if pieces:
        await tx.execute(
            SAVE_PIECES,
            [piece.id for _, piece in pieces],
            [line.id for line, _ in pieces],
            *columns([piece for _, piece in pieces], "no", "quantity", "cost_milli", "arrived"),
            [piece.written_off for _, piece in pieces],
        )


INSERT_MOVEMENTS = """
insert into transfers_movement
    (id, transfer_id, line_id, at, occurred_at, deed, units, code, actor, trace)
select id, transfer_id, line_id, at, occurred_at, deed, units, code, actor, trace
from jsonb_populate_recordset(null::transfers_movement, $1)
"""


async def insert_movements(tx: Tx, movements: Sequence[Movement]) -> None:
    """Add to the journal."""
    await tx.execute(INSERT_MOVEMENTS, msgspec.json.encode(movements))


LIST_MOVEMENTS = """
select id, transfer_id, line_id, at, occurred_at, deed, units, code, actor, trace
from transfers_movement where transfer_id = $1 and ($2::uuid is null or id > $2)
order by id limit $3
"""


async def list_movements(
    tx: Tx, transfer_id: UUID, after: UUID | None, limit: int
) -> list[Movement]:
    """Return what has happened to a transfer, in the order in which it was told."""
    rows = await tx.fetch(LIST_MOVEMENTS, transfer_id, after, limit)
    return [Movement(**dict(row)) for row in rows]


LOCK_TRANSFERS = """
select id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
       requested_by, requested_at, changed_at, ended_at, version
from transfers_transfer where id = any($1::uuid[]) order by id for update
"""


async def lock_transfers(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Transfer]:
    """Lock transfers in the order of their ids and return them whole."""
    return await _whole(tx, await tx.fetch(LOCK_TRANSFERS, list(set(ids))))


LIST_BY_ID = """
select id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
       requested_by, requested_at, changed_at, ended_at, version
from transfers_transfer where id = any($1::uuid[])
"""


async def transfers_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Transfer]:
    """Return transfers whole, unlocked; unknown ones are left out."""
    return await _whole(tx, await tx.fetch(LIST_BY_ID, list(set(ids))))


FIND_BY_NUMBER = "select id from transfers_transfer where number = $1"


async def find_by_number(tx: Tx, number: str) -> UUID | None:
    """Return the identifier of the transfer with a number, or None."""
    return await tx.fetchval(FIND_BY_NUMBER, number)


LIST_TRANSFERS = """
select id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
       requested_by, requested_at, changed_at, ended_at, version
from transfers_transfer
where ($1::text[] is null or state = any($1))
  and ($2::timestamptz is null or (requested_at, id) < ($2, $3::uuid))
order by requested_at desc, id desc limit $4
"""
LIST_FROM = """
select id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
       requested_by, requested_at, changed_at, ended_at, version
from transfers_transfer
where source_id = $5 and ($1::text[] is null or state = any($1))
  and ($2::timestamptz is null or (requested_at, id) < ($2, $3::uuid))
order by requested_at desc, id desc limit $4
"""
LIST_TO = """
select id, number, source_id, destination_id, owner_id, state, purpose, note, expected_on,
       requested_by, requested_at, changed_at, ended_at, version
from transfers_transfer
where destination_id = $5 and ($1::text[] is null or state = any($1))
  and ($2::timestamptz is null or (requested_at, id) < ($2, $3::uuid))
order by requested_at desc, id desc limit $4
"""


async def list_transfers(
    tx: Tx,
    *,
    states: Sequence[State] | None = None,
    source_id: UUID | None = None,
    destination_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Transfer]:
    """Return transfers, the newest first.

    Args:
        tx: open transaction.
        states: only these; None for all.
        source_id: only from there.
        destination_id: only to there, when no source is named.
        before: request and id of the last one seen.
        limit: most transfers.
    """
    place = source_id or destination_id
    statement = LIST_FROM if source_id else LIST_TO if destination_id else LIST_TRANSFERS
    at, last_id = before or (None, None)
    rows = await tx.fetch(statement, states, at, last_id, limit, *([place] if place else []))
    return list((await _whole(tx, rows)).values())


LIST_LINES = """
select transfer_id, id, position, variant_id, sku, requested, withdrawn, sent, received, damaged,
       written_off, incoming_id
from transfers_line where transfer_id = any($1::uuid[]) order by transfer_id, position
"""
LIST_PIECES = """
select p.line_id, p.id, p.no, p.quantity, p.cost_milli, p.arrived, p.written_off
from transfers_line l join transfers_piece p on p.line_id = l.id
where l.transfer_id = any($1::uuid[]) order by p.line_id, p.no
"""


async def _whole(tx: Tx, heads: Sequence[Record]) -> dict[UUID, Transfer]:
    if not heads:
        return {}
    ids = [head["id"] for head in heads]
    pieces: dict[UUID, list[Piece]] = defaultdict(list)
    for row in await tx.fetch(LIST_PIECES, ids):
        values = dict(row)
        pieces[values.pop("line_id")].append(Piece(**values))
    lines: dict[UUID, list[Line]] = defaultdict(list)
    for row in await tx.fetch(LIST_LINES, ids):
        values = dict(row)
        transfer_id = values.pop("transfer_id")
        lines[transfer_id].append(Line(**values, pieces=pieces[values["id"]]))
    return {head["id"]: Transfer(**dict(head), lines=lines[head["id"]]) for head in heads}
