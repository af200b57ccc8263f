"""Where articles lie at a location."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.inventory.domain.bins import BINS_PER_ARTICLE_MAX, Bin
from crosslane.platform.database import Tx

Spot = tuple[UUID, UUID]
"""A location and a variant."""

LOCK_BINS = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '.bins', 0))"


async def lock_bins(tx: Tx) -> None:
    """Let changes of this tenant's bins follow one another."""
    await tx.execute(LOCK_BINS)


LIST_BINS = """
select location_id, variant_id, code, walk from inventory_bin
where variant_id = any ((select $1::uuid[])::uuid[])
  and location_id = any ((select $2::uuid[])::uuid[])
order by location_id, variant_id, place limit $3
"""


async def list_bins(
    tx: Tx, variant_ids: Sequence[UUID], location_ids: Sequence[UUID]
) -> dict[Spot, list[Bin]]:
    """Return the bins of variants at locations, the one to pick from first before the others."""
    limit = len(variant_ids) * len(location_ids) * BINS_PER_ARTICLE_MAX
    rows = await tx.fetch(LIST_BINS, list(variant_ids), list(location_ids), limit)
    found: dict[Spot, list[Bin]] = {}
    for row in rows:
        spot = row["location_id"], row["variant_id"]
        found.setdefault(spot, []).append(Bin(row["code"], row["walk"]))
    return found


LIST_BINS_OF = """
select location_id, code, walk from inventory_bin
where variant_id = $1 order by location_id, place limit $2
"""


async def list_bins_of(tx: Tx, variant_id: UUID, limit: int) -> dict[UUID, list[Bin]]:
    """Return the bins of a variant by location."""
    found: dict[UUID, list[Bin]] = {}
    for row in await tx.fetch(LIST_BINS_OF, variant_id, limit):
        found.setdefault(row["location_id"], []).append(Bin(row["code"], row["walk"]))
    return found


class Lain(msgspec.Struct, frozen=True):
    """A bin of an article, as it stands on the way through a location."""

    variant_id: UUID
    place: int
    code: str
    walk: str


WALK_BINS = """
select variant_id, place, code, walk from inventory_bin
where location_id = $1 and (walk, variant_id, place) > ($2::text collate "C", $3::uuid, $4::int)
order by walk, variant_id, place limit $5
"""


async def walk_bins(
    tx: Tx, location_id: UUID, after: tuple[str, UUID, int], limit: int
) -> list[Lain]:
    """Return the bins of a location in walking order, those behind ``after``."""
    rows = await tx.fetch(WALK_BINS, location_id, *after, limit)
    return [Lain(*row) for row in rows]


DELETE_BINS = """
delete from inventory_bin b
using unnest($1::uuid[], $2::uuid[]) as g (location_id, variant_id)
where b.location_id = g.location_id and b.variant_id = g.variant_id
"""

INSERT_BINS = """
insert into inventory_bin (location_id, variant_id, place, code, walk)
select location_id, variant_id, place, code, walk
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[])
    as g (location_id, variant_id, place, code, walk)
"""


async def delete_bins(tx: Tx, spots: Sequence[Spot]) -> None:
    """Forget where variants lie at locations."""
    await tx.execute(DELETE_BINS, [place for place, _ in spots], [what for _, what in spots])


async def insert_bins(tx: Tx, bins: Mapping[Spot, Sequence[Bin]]) -> None:
    """Tell where variants lie; nothing is told of them yet."""
    rows = [
        (place, what, n, one.code, one.walk)
        for (place, what), those in bins.items()
        for n, one in enumerate(those)
    ]
    await tx.execute(INSERT_BINS, *([row[n] for row in rows] for n in range(5)))
