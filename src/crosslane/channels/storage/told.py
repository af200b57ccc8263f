"""How far channels have told of things that are no orders."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx

Source = tuple[str, str]
Standing = TypeVar("Standing", bound=msgspec.Struct)

LOCK_TOLD = """
select t.channel, t.source_id, t.standing
from unnest($2::text[], $3::text[]) as w(channel, source_id)
join channels_told t using (channel, source_id)
where t.kind = $1 order by t.channel, t.source_id for update of t
"""


async def lock_told(
    tx: Tx, kind: str, of: type[Standing], sources: Sequence[Source]
) -> dict[Source, Standing]:
    """Lock and return how far channels have told of sources, each as channel and source id."""
    rows = await tx.fetch(LOCK_TOLD, kind, [s[0] for s in sources], [s[1] for s in sources])
    return {
        (row["channel"], row["source_id"]): msgspec.json.decode(row["standing"], type=of)
        for row in rows
    }


LIST_ABOUT = """
select t.channel, t.about, t.source_id, t.standing
from unnest($2::text[], $3::text[]) as w(channel, about)
join channels_told t using (channel, about)
where t.kind = $1 order by t.channel, t.about, t.source_id
"""


async def list_about(
    tx: Tx, kind: str, of: type[Standing], orders: Sequence[Source]
) -> dict[Source, list[tuple[str, Standing]]]:
    """Return what channels have told of orders, each as channel and number: id and standing."""
    found: dict[Source, list[tuple[str, Standing]]] = {}
    for row in await tx.fetch(LIST_ABOUT, kind, [o[0] for o in orders], [o[1] for o in orders]):
        standing = msgspec.json.decode(row["standing"], type=of)
        theirs = found.setdefault((row["channel"], row["about"]), [])
        theirs.append((row["source_id"], standing))
    return found


SAVE_TOLD = """
insert into channels_told (channel, kind, source_id, about, standing)
select channel, $1, source_id, about, standing
from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[])
     as w(channel, source_id, about, standing)
on conflict (channel, kind, source_id)
    do update set about = excluded.about, standing = excluded.standing
"""


async def save_told(
    tx: Tx, kind: str, told: Mapping[Source, Any], about: Mapping[Source, str] | None = None
) -> None:
    """Store how far channels have told of sources.

    Args:
        tx: open transaction.
        kind: of the messages.
        told: standings by channel and source id.
        about: by the same, the channel's number of the order it is of, where it is of one.
    """
    if told:
        await tx.execute(
            SAVE_TOLD,
            kind,
            [channel for channel, _ in told],
            [source_id for _, source_id in told],
            [(about or {}).get(source, "") for source in told],
            [msgspec.json.encode(standing) for standing in told.values()],
        )


LIST_REFUNDED_RETURNS = """
select distinct return_id from channels_message
where return_id = any($1::uuid[]) and kind = 'return' and canonical ->> 'step' = 'refunded'
"""


async def list_refunded_returns(tx: Tx, return_ids: Sequence[UUID]) -> set[UUID]:
    """Return those returns for which their channel has given the money itself."""
    if not return_ids:
        return set()
    rows = await tx.fetch(LIST_REFUNDED_RETURNS, list(return_ids))
    return {row["return_id"] for row in rows}
