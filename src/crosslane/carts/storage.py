"""All SQL of carts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.carts.domain import AnyChange, Cart, Operation
from crosslane.platform.database import Tx, columns

CHANGE = msgspec.json.Decoder(AnyChange)

INSERT_CARTS = """
insert into carts_cart
    (id, channel, locale, owner_id, location_id, begun_by, created_at, updated_at, expires_at,
     source_id, occurred_at)
select * from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[],
    $8::timestamptz[], $9::timestamptz[], $10::text[], $11::timestamptz[]
)
"""


async def insert_carts(tx: Tx, carts: Sequence[Cart]) -> None:
    """Store new carts."""
    names = [name for name in Cart.__struct_fields__ if name != "order_id"]
    await tx.execute(INSERT_CARTS, *columns(carts, *names))


FIND_CARTS = """
select id, channel, locale, owner_id, location_id, begun_by, created_at, updated_at, expires_at,
       source_id, occurred_at, order_id
from carts_cart where id = any($1)
"""


async def find_carts(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """Return carts as they are; unknown ones are left out."""
    return {row["id"]: Cart(**row) for row in await tx.fetch(FIND_CARTS, ids)}


LOCK_CARTS = """
select id, channel, locale, owner_id, location_id, begun_by, created_at, updated_at, expires_at,
       source_id, occurred_at, order_id
from carts_cart where id = any($1) order by id for update
"""


async def lock_carts(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """Return carts so that nobody else edits or places them meanwhile."""
    return {row["id"]: Cart(**row) for row in await tx.fetch(LOCK_CARTS, sorted(set(ids)))}


class Kept(msgspec.Struct, frozen=True):
    """An operation as it is stored, with the digest of the wish it came from."""

    operation: Operation
    digest: bytes


LIST_OPERATIONS = """
select cart_id, id, base_version, actor, change, digest
from carts_operation where cart_id = any($1)
"""


async def list_operations(tx: Tx, cart_ids: Sequence[UUID]) -> dict[UUID, list[Kept]]:
    """Return every operation of carts; to be read after their locks when they are edited."""
    found: dict[UUID, list[Kept]] = {cart_id: [] for cart_id in cart_ids}
    for cart_id, id, base_version, actor, change, digest in await tx.fetch(
        LIST_OPERATIONS, cart_ids
    ):
        operation = Operation(id, base_version, actor, CHANGE.decode(change))
        found[cart_id].append(Kept(operation, digest))
    return found


INSERT_OPERATIONS = """
insert into carts_operation (cart_id, id, base_version, actor, change, digest, recorded_at)
select w.*, $7
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::jsonb[], $6::bytea[]) as w
"""


async def insert_operations(tx: Tx, added: Sequence[tuple[UUID, Kept]], at: datetime) -> None:
    """Add operations to carts that are locked or new."""
    operations = [kept.operation for _, kept in added]
    await tx.execute(
        INSERT_OPERATIONS,
        [cart_id for cart_id, _ in added],
        *columns(operations, "id", "base_version", "actor"),
        [msgspec.json.encode(operation.change) for operation in operations],
        [kept.digest for _, kept in added],
        at,
    )


UPDATE_CARTS = """
update carts_cart c set updated_at = $1, expires_at = w.expires_at
from unnest($2::uuid[], $3::timestamptz[]) as w (id, expires_at) where c.id = w.id
"""


async def update_carts(tx: Tx, carts: Sequence[Cart]) -> None:
    """Store when locked carts were edited, and when they count as abandoned."""
    await tx.execute(UPDATE_CARTS, tx.now, *columns(carts, "id", "expires_at"))


LIST_UNPLACED = """
select id, channel, locale, owner_id, location_id, begun_by, created_at, updated_at, expires_at,
       source_id, occurred_at, order_id
from carts_cart
where order_id is null
  and ($1::text is null or channel = $1)
  and ($2::uuid is null or location_id = $2)
  and ($3::uuid is null or owner_id = $3)
  and ($4::boolean is null or (expires_at <= $5) = $4)
  and ($6::timestamptz is null or (updated_at, id) < ($6, $7))
order by updated_at desc, id desc limit $8
"""


async def list_unplaced(
    tx: Tx,
    *,
    channel: str | None,
    location_id: UUID | None,
    owner_id: UUID | None,
    abandoned: bool | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Cart]:
    """Return carts that became no order, the latest edited first.

    Args:
        tx: open transaction; its time says which are abandoned.
        channel: only of this channel; likewise location and owner.
        location_id: see there.
        owner_id: see there.
        abandoned: only those that are (or are not).
        before: the last one seen.
        limit: most to return.
    """
    edited, cart_id = before or (None, None)
    rows = await tx.fetch(
        LIST_UNPLACED, channel, location_id, owner_id, abandoned, tx.now, edited, cart_id, limit
    )
    return [Cart(**row) for row in rows]


class HeldUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units that inventory holds for a line of a cart.

    Args:
        hold_id: the hold.
        cart_id: the cart.
        line_id: its line.
        variant_id: the goods, or a component of the bundle.
        location_id: where the units lie.
        method: the way of the line they were held for.
        store: its store, "" when shipped.
        quantity: units.
        fence: number of the hold when it was last extended.
        expires_at: until when it holds.
        promised_at: when the customer would have them.
    """

    hold_id: UUID
    cart_id: UUID
    line_id: UUID
    variant_id: UUID
    location_id: UUID
    method: str
    store: str
    quantity: int
    fence: int
    expires_at: datetime
    promised_at: datetime | None


LIST_HELD = """
select hold_id, cart_id, line_id, variant_id, location_id, method, store, quantity, fence,
       expires_at, promised_at
from carts_hold where cart_id = any($1) order by hold_id
"""


async def list_held(tx: Tx, cart_ids: Sequence[UUID]) -> dict[UUID, list[HeldUnits]]:
    """Return the holds of carts, run out ones too."""
    found: dict[UUID, list[HeldUnits]] = {cart_id: [] for cart_id in cart_ids}
    if cart_ids:
        for row in await tx.fetch(LIST_HELD, cart_ids):
            found[row["cart_id"]].append(HeldUnits(**row))
    return found


UPSERT_HELD = """
insert into carts_hold
    (hold_id, cart_id, line_id, variant_id, location_id, method, store, quantity, fence,
     expires_at, promised_at)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::int[],
    $9::int[], $10::timestamptz[], $11::timestamptz[]
)
on conflict (hold_id) do update set fence = excluded.fence, expires_at = excluded.expires_at
"""


async def upsert_held(tx: Tx, held: Sequence[HeldUnits]) -> None:
    """Store holds of carts, or that they last longer."""
    if held:
        await tx.execute(UPSERT_HELD, *columns(held, *HeldUnits.__struct_fields__))


DELETE_HELD = "delete from carts_hold where hold_id = any($1)"


async def delete_held(tx: Tx, hold_ids: Sequence[UUID]) -> None:
    """Forget holds that are no more."""
    if hold_ids:
        await tx.execute(DELETE_HELD, hold_ids)


# A minute more than the hold itself, whose expiry is judged by a later clock.
DELETE_EXPIRED = """
delete from carts_hold where hold_id in (
    select hold_id from carts_hold where expires_at < $1::timestamptz - interval '1 minute' limit $2
)
"""


async def delete_expired(tx: Tx, limit: int) -> None:
    """Forget holds that have run out."""
    await tx.execute(DELETE_EXPIRED, tx.now, limit)


SET_ORDERS = """
update carts_cart c set order_id = w.order_id, updated_at = $1
from unnest($2::uuid[], $3::uuid[]) as w (id, order_id) where c.id = w.id
"""


async def set_orders(tx: Tx, orders: Mapping[UUID, UUID]) -> None:
    """Store which orders locked carts became."""
    if orders:
        await tx.execute(SET_ORDERS, tx.now, list(orders), list(orders.values()))
