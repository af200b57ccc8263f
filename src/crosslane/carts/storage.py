"""All SQL of carts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.carts.domain import AnyChange, Cart, Operation
from crosslane.platform.database import Tx, columns

CHANGE = msgspec.json.Decoder(AnyChange)

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


# One statement: that an operation's cart is there is checked as it ends.
SAVE_EDITS = """
with begun as (
    insert into carts_cart
        (id, channel, locale, owner_id, location_id, begun_by, created_at, updated_at, expires_at,
         source_id, occurred_at)
    select * from unnest(
        $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::timestamptz[],
        $9::timestamptz[], $10::timestamptz[], $11::text[], $12::timestamptz[]
    )
), edited as (
    update carts_cart c set updated_at = $1, expires_at = w.expires_at
    from unnest($13::uuid[], $14::timestamptz[]) as w (id, expires_at) where c.id = w.id
)
insert into carts_operation (cart_id, id, base_version, actor, change, digest, recorded_at)
select w.*, $1
from unnest($15::uuid[], $16::uuid[], $17::int[], $18::text[], $19::jsonb[], $20::bytea[]) as w
"""


async def save_edits(
    tx: Tx, begun: Sequence[Cart], edited: Sequence[Cart], added: Sequence[tuple[UUID, Kept]]
) -> None:
    """Store new carts, when locked ones were edited and count as abandoned, and operations.

    Args:
        tx: open transaction.
        begun: new carts.
        edited: carts that are locked.
        added: operations of either, by the cart's id.
    """
    names = [name for name in Cart.__struct_fields__ if name != "order_id"]
    operations = [kept.operation for _, kept in added]
    await tx.execute(
        SAVE_EDITS,
        tx.now,
        *columns(begun, *names),
        *columns(edited, "id", "expires_at"),
        [cart_id for cart_id, _ in added],
        *columns(operations, "id", "base_version", "actor"),
        [msgspec.json.encode(operation.change) for operation in operations],
        [kept.digest for _, kept in added],
    )


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


LIST_CONTENTS = """
select cart_id, id, base_version, actor, change, digest, null::uuid as line_id,
       null::uuid as variant_id, null::uuid as location_id, null as store, null::int as quantity,
       null::timestamptz as expires_at, null::timestamptz as promised_at
from carts_operation where cart_id = any($1)
union all
select cart_id, hold_id, fence, method, null, null, line_id, variant_id, location_id, store,
       quantity, expires_at, promised_at
from carts_hold where cart_id = any($1)
order by id
"""


async def list_contents(
    tx: Tx, cart_ids: Sequence[UUID]
) -> tuple[dict[UUID, list[Kept]], dict[UUID, list[HeldUnits]]]:
    """Return every operation of carts, and their holds by id, run out ones too.

    To be read after the carts' locks when they are edited, held or placed.
    """
    kept: dict[UUID, list[Kept]] = {cart_id: [] for cart_id in cart_ids}
    held: dict[UUID, list[HeldUnits]] = {cart_id: [] for cart_id in cart_ids}
    if not cart_ids:
        return kept, held
    for cart_id, id, number, word, change, digest, *units in await tx.fetch(
        LIST_CONTENTS, cart_ids
    ):
        if change is not None:
            kept[cart_id].append(Kept(Operation(id, number, word, CHANGE.decode(change)), digest))
            continue
        line_id, variant_id, location_id, store, quantity, expires_at, promised_at = units
        held[cart_id].append(
            HeldUnits(
                hold_id=id,
                cart_id=cart_id,
                line_id=line_id,
                variant_id=variant_id,
                location_id=location_id,
                method=word,
                store=store,
                quantity=quantity,
                fence=number,
                expires_at=expires_at,
                promised_at=promised_at,
            )
        )
    return kept, held


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
with placed as (
    update carts_cart c set order_id = w.order_id, updated_at = $1
    from unnest($2::uuid[], $3::uuid[]) as w (id, order_id) where c.id = w.id
)
delete from carts_hold where hold_id = any($4)
"""


async def set_orders(tx: Tx, orders: Mapping[UUID, UUID], used: Sequence[UUID]) -> None:
    """Store which orders locked carts became, and forget the holds that these have used up."""
    if orders:
        await tx.execute(SET_ORDERS, tx.now, list(orders), list(orders.values()), used)
