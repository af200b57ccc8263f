"""All SQL of carts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.carts.domain import Cart, Operation
from crosslane.platform.database import Tx, columns
from crosslane.platform.idempotency import Look


class Kept(msgspec.Struct, frozen=True):
    """An operation as it is stored, with the digest of the wish it came from."""

    operation: Operation
    digest: bytes


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
        draft_id: the decision of sourcing that chose them, None where there was nothing to choose.
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
    draft_id: UUID | None = None


class StoredCart(msgspec.Struct, frozen=True):
    """A cart with all that is stored of it.

    Args:
        cart: the cart itself.
        kept: its operations.
        held: units held for it, run out or not.
        written_by: the transaction that wrote it last.
    """

    cart: Cart
    kept: tuple[Kept, ...] = ()
    held: tuple[HeldUnits, ...] = ()
    written_by: str = ""


class _Read(msgspec.Struct, frozen=True):
    changed: bool
    written_by: str
    cart: Cart
    kept: tuple[Kept, ...] | None
    held: tuple[HeldUnits, ...] | None


READ = msgspec.json.Decoder(_Read)
READ_ALL = msgspec.json.Decoder(list[_Read])

# An array comes by way of "select": PostgreSQL then plans once, and not each time for the number of
# carts it sees.
_PARTS = """
    (select to_json(h) from (
        select c.id, c.channel, c.locale, c.owner_id, c.location_id, c.begun_by, c.created_at,
               c.updated_at, c.expires_at, c.source_id, c.occurred_at, c.order_id
    ) h) as cart,
    (select json_agg(json_build_object(
        'operation', json_build_object(
            'id', id, 'base_version', base_version, 'actor', actor, 'change', change
        ),
        'digest', encode(digest, 'base64')
    )) from carts_operation where cart_id = c.id) as kept,
    (select json_agg(to_json(h) order by h.hold_id)
     from carts_hold h where h.cart_id = c.id) as held
"""
LIST_CARTS = f"""
select to_json(s) as cart from (
    select false as changed, c.xmin::text as written_by, {_PARTS}
    from carts_cart c where id = any((select $1::uuid[])::uuid[])
) s
"""  # noqa: S608 - only constants of this file are put together


async def list_carts(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, StoredCart]:
    """Return carts as they are; unknown ones are left out."""
    return _carts(await _read(tx, LIST_CARTS, ids)) if ids else {}


LOOK = f"select json_agg(cart) from ({LIST_CARTS}) each"  # noqa: S608 - see there


def look(ids: Sequence[UUID]) -> Look:
    """Return what :func:`list_carts` reads, for the statement that opens a transaction."""
    return LOOK, (ids,)


def looked(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, StoredCart]:
    """Return carts that were read as the transaction was opened."""
    found = tx.opened["looked"] if ids else None
    return _carts(READ_ALL.decode(found)) if found else {}


# What hangs on a cart is read as of the statement's begin: where somebody has written the cart
# since then, it shows. So whoever changes operations or holds of a cart writes its row too.
LOCK_CARTS = f"""
with locked as materialized (
    select *, xmin as written_by from carts_cart where id = any((select $1::uuid[])::uuid[])
    order by id for update
)
select to_json(s) as cart from (
    select (select xmin <> c.written_by from carts_cart where id = c.id) as changed,
           c.written_by::text, {_PARTS}
    from locked c
) s
"""  # noqa: S608 - only constants of this file are put together


async def lock_carts(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, StoredCart]:
    """Return carts so that nobody else edits, holds or places them meanwhile."""
    if not ids:
        return {}
    read = await _read(tx, LOCK_CARTS, ids)
    return _carts(read) | await list_carts(tx, [each.cart.id for each in read if each.changed])


async def _read(tx: Tx, sql: str, *wanted: object) -> list[_Read]:
    return [READ.decode(row["cart"]) for row in await tx.fetch(sql, *wanted)]


def _carts(read: Sequence[_Read]) -> dict[UUID, StoredCart]:
    return {
        each.cart.id: StoredCart(each.cart, each.kept or (), each.held or (), each.written_by)
        for each in read
    }


# Parts of one statement: that the cart of an operation or a hold is there is checked as it ends.
_BEGUN = """
begun as (
    insert into carts_cart
        (id, channel, locale, owner_id, location_id, begun_by, created_at, updated_at, expires_at,
         source_id, occurred_at)
    select * from unnest(
        (select $1::uuid[]), (select $2::text[]), (select $3::text[]), (select $4::uuid[]),
        (select $5::uuid[]), (select $6::text[]), (select $7::timestamptz[]),
        (select $8::timestamptz[]), (select $9::timestamptz[]), (select $10::text[]),
        (select $11::timestamptz[])
    )
)"""
_EDITED = """
changed as (
    update carts_cart c
    set updated_at = w.updated_at, expires_at = w.expires_at, order_id = w.order_id
    from unnest(
        (select $1::uuid[]), (select $2::timestamptz[]), (select $3::timestamptz[]),
        (select $4::uuid[]), (select $5::text[])
    ) as w (id, updated_at, expires_at, order_id, written_by)
    where c.id = w.id and (w.written_by is null or c.xmin = w.written_by::xid)
    returning c.id
), added as (
    insert into carts_operation (cart_id, id, base_version, actor, change, digest, recorded_at)
    select w.*, $6
    from unnest(
        (select $7::uuid[]), (select $8::uuid[]), (select $9::int[]), (select $10::text[]),
        (select $11::jsonb[]), (select $12::bytea[])
    ) as w
    where (select platform_still(count(*) = $13) from changed)
)"""
_HELD = """
gone as (
    delete from carts_hold where hold_id = any((select $1::uuid[])::uuid[])
), held as (
    insert into carts_hold
        (hold_id, cart_id, line_id, variant_id, location_id, method, store, quantity, fence,
         expires_at, promised_at, draft_id)
    select * from unnest(
        (select $2::uuid[]), (select $3::uuid[]), (select $4::uuid[]), (select $5::uuid[]),
        (select $6::uuid[]), (select $7::text[]), (select $8::text[]), (select $9::int[]),
        (select $10::int[]), (select $11::timestamptz[]), (select $12::timestamptz[]),
        (select $13::uuid[])
    )
    on conflict (hold_id) do update set fence = excluded.fence, expires_at = excluded.expires_at
)"""


async def save(
    tx: Tx,
    *,
    begun: Sequence[Cart] = (),
    changed: Sequence[Cart] = (),
    added: Sequence[tuple[UUID, Kept]] = (),
    held: Sequence[HeldUnits] = (),
    gone: Sequence[UUID] = (),
    written_by: Mapping[UUID, str] | None = None,
) -> None:
    """Store what has become of carts, with what else is put.

    Args:
        tx: open transaction.
        begun: new carts.
        changed: carts with another time or order, and all that operations are added to or whose
            holds change.
        added: operations of either, by the cart's id.
        held: holds that are new or last longer.
        gone: holds that are no more.
        written_by: for carts that are not locked: who wrote them last when they were read. They
            are stored as the transaction ends, and all of it fails when one has changed since.
    """
    parts: list[tuple[str, Sequence[Any]]] = []
    if begun:
        names = [name for name in Cart.__struct_fields__ if name != "order_id"]
        parts.append((_BEGUN, columns(begun, *names)))
    if changed or added:
        operations = [kept.operation for _, kept in added]
        edited = [
            *columns(changed, "id", "updated_at", "expires_at", "order_id"),
            [written_by[cart.id] if written_by else None for cart in changed],
            tx.now,
            [cart_id for cart_id, _ in added],
            *columns(operations, "id", "base_version", "actor"),
            [msgspec.json.encode(operation.change) for operation in operations],
            [kept.digest for _, kept in added],
            len(changed),
        ]
        parts.append((_EDITED, edited))
    if held or gone:
        parts.append((_HELD, [gone, *columns(held, *HeldUnits.__struct_fields__)]))
    if written_by is not None:
        for sql, args in parts:
            tx.outbox.add_part(sql, args)
    else:
        await tx.put(*parts)


LIST_UNPLACED = f"""
select to_json(s) as cart from (
    select false as changed, c.xmin::text as written_by, {_PARTS}
    from carts_cart c
    where order_id is null
      and ($1::text is null or channel = $1)
      and ($2::uuid is null or location_id = $2)
      and ($3::uuid is null or owner_id = $3)
      and ($4::boolean is null or (expires_at <= $5) = $4)
      and ($6::timestamptz is null or (updated_hour <= $6 and (updated_at, id) < ($6, $7)))
    order by updated_hour desc, updated_at desc, id desc limit $8
) s
"""  # noqa: S608 - only constants of this file are put together


async def list_unplaced(
    tx: Tx,
    *,
    channel: str | None,
    location_id: UUID | None,
    owner_id: UUID | None,
    abandoned: bool | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredCart]:
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
    wanted = (channel, location_id, owner_id, abandoned, tx.now, edited, cart_id, limit)
    return list(_carts(await _read(tx, LIST_UNPLACED, *wanted)).values())


# A minute more than the hold itself, whose expiry is judged by a later clock.
DELETE_EXPIRED = """
delete from carts_hold where hold_id in (
    select hold_id from carts_hold where expires_at < $1::timestamptz - interval '1 minute' limit $2
)
"""


async def delete_expired(tx: Tx, limit: int) -> None:
    """Forget holds that have run out."""
    await tx.execute(DELETE_EXPIRED, tx.now, limit)
