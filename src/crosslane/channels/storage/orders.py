"""How far channels have told of their orders."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.channels.domain.messages import Amendment, Order
from crosslane.channels.domain.standing import Standing
from crosslane.platform.database import Tx

Source = tuple[str, str]

LIST_STANDINGS = """
select o.channel, o.source_id, o.order_id, o.standing
from unnest($1::text[], $2::text[]) as w(channel, source_id)
join channels_order o using (channel, source_id)
"""


async def list_standings(tx: Tx, sources: Sequence[Source]) -> dict[Source, tuple[UUID, Standing]]:
    """Return order and standing of sources, each given as channel and source id."""
    rows = await tx.fetch(LIST_STANDINGS, [s[0] for s in sources], [s[1] for s in sources])
    return {
        (row["channel"], row["source_id"]): (
            row["order_id"],
            msgspec.json.decode(row["standing"], type=Standing),
        )
        for row in rows
    }


LIST_KEPT = """
select distinct m.channel, m.source_id
from unnest($1::text[], $2::text[]) as w(channel, source_id)
join channels_message m using (channel, source_id)
where m.kind = 'order' and m.state = 'kept' and m.code = $3
"""


async def list_kept(tx: Tx, sources: Sequence[Source], code: str) -> set[Source]:
    """Return those sources whose order was kept for a reason, each as channel and source id."""
    rows = await tx.fetch(LIST_KEPT, [s[0] for s in sources], [s[1] for s in sources], code)
    return {(row["channel"], row["source_id"]) for row in rows}


SAVE_STANDINGS = """
insert into channels_order (channel, source_id, order_id, standing)
select channel, source_id, order_id, standing
from unnest($1::text[], $2::text[], $3::uuid[], $4::jsonb[])
     as w(channel, source_id, order_id, standing)
on conflict (channel, source_id) do update set standing = excluded.standing
"""


async def save_standings(tx: Tx, told: Mapping[Source, tuple[UUID, Standing]]) -> None:
    """Store how far channels have told of orders."""
    if told:
        await tx.execute(
            SAVE_STANDINGS,
            [channel for channel, _ in told],
            [source_id for _, source_id in told],
            [order_id for order_id, _ in told.values()],
            [msgspec.json.encode(standing) for _, standing in told.values()],
        )


LIST_PARTS = """
select o.channel, o.part_of, o.source_id, o.order_id, o.standing
from unnest($1::text[], $2::text[]) as w(channel, part_of)
join channels_order o on o.channel = w.channel and o.part_of = w.part_of
order by o.channel, o.part_of, o.source_id
"""


async def list_parts(
    tx: Tx, wholes: Sequence[Source]
) -> dict[Source, list[tuple[str, UUID, Standing]]]:
    """Return number, order and standing of the parts of orders that came in parts.

    Args:
        tx: open transaction.
        wholes: orders, each as channel and the number of the whole.
    """
    found: dict[Source, list[tuple[str, UUID, Standing]]] = {}
    for row in await tx.fetch(LIST_PARTS, [w[0] for w in wholes], [w[1] for w in wholes]):
        standing = msgspec.json.decode(row["standing"], type=Standing)
        theirs = found.setdefault((row["channel"], row["part_of"]), [])
        theirs.append((row["source_id"], row["order_id"], standing))
    return found


LIST_WHOLES = """
select distinct channel, part_of from channels_order
where order_id = any($1::uuid[]) and part_of is not null
"""


async def list_wholes(tx: Tx, order_ids: Sequence[UUID]) -> list[Source]:
    """Return what orders are parts of, each as channel and the number of the whole."""
    rows = await tx.fetch(LIST_WHOLES, list(order_ids))
    return [(row["channel"], row["part_of"]) for row in rows]


LIST_OF_ORDERS = """
select channel, source_id, order_id, standing from channels_order
where order_id = any($1::uuid[]) and channel = any($2::text[])
"""


async def list_of_orders(
    tx: Tx, order_ids: Sequence[UUID], channels: Sequence[str]
) -> dict[UUID, tuple[Source, Standing]]:
    """Return source and standing of those orders that came by messages of some channels."""
    rows = await tx.fetch(LIST_OF_ORDERS, list(order_ids), list(channels))
    return {
        row["order_id"]: (
            (row["channel"], row["source_id"]),
            msgspec.json.decode(row["standing"], type=Standing),
        )
        for row in rows
    }


LIST_SAID = """
select m.channel, m.source_id, m.canonical
from unnest($1::text[], $2::text[]) as w(channel, source_id)
join channels_message m using (channel, source_id)
where m.kind in ('order', 'amendment') and m.owns and m.canonical is not null
  and m.state in ('applied', 'outdated', 'quarantined')
order by m.channel, m.source_id, m.source_version
"""
_said: msgspec.json.Decoder[Order | Amendment] = msgspec.json.Decoder(Order | Amendment)


async def list_said(tx: Tx, sources: Sequence[Source]) -> dict[Source, list[Order | Amendment]]:
    """Return what channels have said of orders, by version; nothing of those that were erased."""
    found: dict[Source, list[Order | Amendment]] = {}
    for row in await tx.fetch(LIST_SAID, [s[0] for s in sources], [s[1] for s in sources]):
        theirs = found.setdefault((row["channel"], row["source_id"]), [])
        theirs.append(_said.decode(row["canonical"]))
    return found
