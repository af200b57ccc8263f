"""Holds, always written under the lock of their position."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from crosslane.inventory.domain.sheet import HeldBy, Hold, Sheet
from crosslane.inventory.storage.positions import Place
from crosslane.platform.database import Record, Tx, columns

LIST_HOLD_PLACES = """
select distinct p.variant_id, p.location_id, p.condition
from inventory_hold h join inventory_position p on p.id = h.position_id
where h.id = any($1::uuid[])
"""


async def list_hold_places(tx: Tx, hold_ids: Sequence[UUID]) -> list[Place]:
    """Return where the stock of some holds lies; a hold never moves."""
    return [Place(*row) for row in await tx.fetch(LIST_HOLD_PLACES, hold_ids)]


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


SAVE_HOLDS = """
insert into inventory_hold
    (id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state,
     created_at, changed_at)
select id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state,
       $1, $1
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::integer[], $7::bigint[],
            $8::bigint[], $9::integer[], $10::text[])
    as h(id, position_id, holder_kind, holder_id, fence, quantity, taken, expires_minute, state)
on conflict (id) do update
set fence = excluded.fence, quantity = excluded.quantity, state = excluded.state,
    expires_minute = excluded.expires_minute, changed_at = excluded.changed_at
"""


async def save_holds(tx: Tx, sheet: Sheet, hold_ids: Iterable[UUID]) -> None:
    """Save new and changed holds of a sheet."""
    changed = [sheet.holds[hold_id] for hold_id in hold_ids]
    await tx.execute(
        SAVE_HOLDS,
        sheet.now,
        *columns(changed, "id", "position_id"),
        [hold.holder.kind for hold in changed],
        [hold.holder.id for hold in changed],
        *columns(changed, "fence", "quantity", "taken", "expires_minute", "state"),
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
