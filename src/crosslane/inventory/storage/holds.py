"""Holds, always written under the lock of their position."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec import Struct

from crosslane.inventory.domain.sheet import HeldBy, Hold, Sheet
from crosslane.platform.database import Record, Tx

LIST_HOLD_LOCATIONS = """
select h.id, p.location_id
from inventory_hold h join inventory_position p on p.id = h.position_id
where h.id = any($1::uuid[])
"""


async def list_hold_locations(tx: Tx, hold_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return at which location each of some holds is; a hold never moves."""
    rows = await tx.fetch(LIST_HOLD_LOCATIONS, hold_ids)
    return {row["id"]: row["location_id"] for row in rows}


LIST_HOLDS = """
select id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state
from inventory_hold where id = any($1::uuid[])
"""


async def list_holds(tx: Tx, hold_ids: Sequence[UUID]) -> list[Hold]:
    """Return holds as they are; true until commit once their positions are protected."""
    return [_hold(row) for row in await tx.fetch(LIST_HOLDS, hold_ids)]


LIST_BY_HOLDER = """
select id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state
from inventory_hold where holder_id = $1 and holder_kind = $2 order by id limit $3
"""


async def list_by_holder(tx: Tx, holder: HeldBy, limit: int) -> list[Hold]:
    """Return the holds of a cart, order or till, the oldest first."""
    rows = await tx.fetch(LIST_BY_HOLDER, holder.id, holder.kind, limit)
    return [_hold(row) for row in rows]


LIST_OF_POSITION = """
select id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state
from inventory_hold
where position_id = $1 and ($2::uuid is null or id > $2) and ($3 or expires_minute > $4)
  and ($3 or state = 'active')
order by id limit $5
"""


async def list_of_position(
    tx: Tx, position_id: UUID, *, minute: int, ended: bool, after: UUID | None, limit: int
) -> list[Hold]:
    """Return the holds of a position, oldest first; those that ended only when asked for."""
    rows = await tx.fetch(LIST_OF_POSITION, position_id, after, ended, minute, limit)
    return [_hold(row) for row in rows]


class _Row(Struct):
    """A hold as JSON."""

    id: UUID
    position_id: UUID
    holder_kind: str
    holder_id: UUID
    fence: int
    quantity: int
    taken: int
    expires_minute: int
    state: str


_ROWS = msgspec.json.Decoder(list[_Row])


def holds_in(rows: bytes | None) -> list[Hold]:
    """Return the holds in a JSON list of rows, None standing for an empty one."""
    return [
        Hold(
            row.id,
            row.position_id,
            HeldBy(row.holder_kind, row.holder_id),
            row.fence,
            row.quantity,
            row.taken,
            row.expires_minute,
            row.state,
        )
        for row in (_ROWS.decode(rows) if rows else ())
    ]


def _hold(row: Record) -> Hold:
    return Hold(
        id=row["id"],
        position_id=row["position_id"],
        holder=HeldBy(row["holder_kind"], row["holder_id"]),
        fence=row["fence"],
        quantity=row["quantity"],
        taken=row["taken"],
        expires_minute=row["expires_minute"],
        state=row["state"],
    )


MARK_EXPIRED = """
update inventory_hold set state = 'expired', changed_at = $3
where position_id = any($1::uuid[]) and state = 'active' and expires_minute <= $2
"""


async def mark_expired(tx: Tx, sheet: Sheet, positions: Sequence[UUID]) -> None:
    """Mark the holds of protected positions that have run out by the sheet's clock."""
    await tx.execute(MARK_EXPIRED, positions, sheet.minute, sheet.now)


DELETE_ENDED = """
delete from inventory_hold
where id in (
    select id from inventory_hold
    where state <> 'active' and changed_at < clock_timestamp() - make_interval(days => $1)
    order by changed_at limit $2
)
"""


async def delete_ended(tx: Tx, days: int, limit: int) -> None:
    """Forget holds that ended long ago."""
    await tx.execute(DELETE_ENDED, days, limit)
