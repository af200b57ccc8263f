"""Pictures, and the files they are shown from."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.catalog.domain import (
    Picture,
    PictureOwner,
    PictureState,
    Rendered,
    Rendition,
    picture_address,
)
from crosslane.platform.database import Record, Tx


class PictureRow(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as it is written.

    Args:
        id: identifier.
        owner_id: product or variant.
        owner_kind: which of the two.
        place: where it stands among those of its owner.
        source: address to fetch it from, "" when it was sent.
        alt: what it shows, by locale.
        shown: digest of the file to look at, None while it is wanted.
        thumb: likewise of the small one.
        width: in pixels, 0 while it is wanted.
        height: likewise.
    """

    id: UUID
    owner_id: UUID
    owner_kind: PictureOwner
    place: int
    source: str
    alt: Mapping[str, str]
    shown: str | None
    thumb: str | None
    width: int
    height: int


class Standing(msgspec.Struct, frozen=True):
    """What is known of a picture when another one is to stand beside it."""

    id: UUID
    owner_id: UUID
    place: int
    source: str
    shown: str | None


INSERT_FILES = """
insert into catalog_picture_file (digest, content)
select digest, content from unnest($1::text[], $2::bytea[]) as g (digest, content)
on conflict (digest) do nothing
"""


async def insert_files(tx: Tx, files: Sequence[Rendition]) -> None:
    """Keep files; one that is there already is the same."""
    by_digest = {file.digest: file.content for file in files}
    digests = sorted(by_digest)
    await tx.execute(INSERT_FILES, digests, [by_digest[digest] for digest in digests])


INSERT_PICTURES = """
insert into catalog_picture
    (id, owner_id, owner_kind, place, state, source, alt, shown, thumb, width, height)
select id, owner_id, owner_kind, place, case when shown is null then 'wanted' else 'stored' end,
       source, alt::jsonb, shown, thumb, width, height
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[],
            $8::text[], $9::int[], $10::int[])
    as g (id, owner_id, owner_kind, place, source, alt, shown, thumb, width, height)
"""


async def insert_pictures(tx: Tx, rows: Sequence[PictureRow]) -> None:
    """Keep new pictures; their files are there."""
    await tx.execute(
        INSERT_PICTURES,
        [row.id for row in rows],
        [row.owner_id for row in rows],
        [row.owner_kind for row in rows],
        [row.place for row in rows],
        [row.source for row in rows],
        [msgspec.json.encode(row.alt).decode() for row in rows],
        [row.shown for row in rows],
        [row.thumb for row in rows],
        [row.width for row in rows],
        [row.height for row in rows],
    )


LIST_STANDING = """
select id, owner_id, place, source, shown from catalog_picture
where owner_id = any ($1::uuid[]) order by owner_id, place
"""


async def list_standing(tx: Tx, owner_ids: Sequence[UUID]) -> dict[UUID, list[Standing]]:
    """Return what stands already, by owner and in order; the catalog is locked."""
    found: dict[UUID, list[Standing]] = {one: [] for one in owner_ids}
    for row in await tx.fetch(LIST_STANDING, list(owner_ids)):
        found[row["owner_id"]].append(Standing(**row))
    return found


STORE_FETCHED = """
update catalog_picture p set state = 'stored', reason = '', shown = g.shown, thumb = g.thumb,
    width = g.width, height = g.height
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[])
    as g (id, shown, thumb, width, height)
where p.id = g.id and p.state <> 'stored'
"""


async def store_fetched(tx: Tx, fetched: Mapping[UUID, Rendered]) -> None:
    """Tell that wanted pictures have come; their files are there."""
    await tx.execute(
        STORE_FETCHED,
        list(fetched),
        [both.shown.digest for both in fetched.values()],
        [both.thumb.digest for both in fetched.values()],
        [both.shown.width for both in fetched.values()],
        [both.shown.height for both in fetched.values()],
    )


REFUSE_WANTED = """
update catalog_picture p set state = 'refused', reason = g.reason
from unnest($1::uuid[], $2::text[]) as g (id, reason) where p.id = g.id and p.state = 'wanted'
"""


async def refuse_wanted(tx: Tx, picture_ids: Sequence[UUID], reasons: Sequence[str]) -> None:
    """Tell why wanted pictures could not be had."""
    await tx.execute(REFUSE_WANTED, list(picture_ids), list(reasons))


CHANGE_ALT = "update catalog_picture set alt = $2::text::jsonb where id = $1"


async def change_alt(tx: Tx, picture_id: UUID, alt: Mapping[str, str]) -> None:
    """Say anew what a picture shows."""
    await tx.execute(CHANGE_ALT, picture_id, msgspec.json.encode(alt).decode())


PUT_FIRST = """
update catalog_picture set place = (
    select min(other.place) - 1 from catalog_picture other
    where other.owner_id = catalog_picture.owner_id
)
where id = $1
"""


async def put_first(tx: Tx, picture_id: UUID) -> None:
    """Let a picture stand before the others of its owner."""
    await tx.execute(PUT_FIRST, picture_id)


DELETE_PICTURES = """
with gone as (
    delete from catalog_picture where id = any ($1::uuid[]) returning id, shown, thumb
), files as (
    delete from catalog_picture_file f
    where f.digest in (select shown from gone union select thumb from gone)
      and not exists (
          select from catalog_picture p
          where p.shown = f.digest and p.id <> all ($1::uuid[]))
      and not exists (
          select from catalog_picture p
          where p.thumb = f.digest and p.id <> all ($1::uuid[]))
)
select id from gone
"""


async def delete_pictures(tx: Tx, picture_ids: Sequence[UUID]) -> None:
    """Remove pictures, and files no other picture is shown from; the catalog is locked."""
    await tx.fetch(DELETE_PICTURES, list(picture_ids))


_PICTURES = """pic.id, pic.owner_id, pic.owner_kind as owner, coalesce(v.sku, p.code) as code,
       pic.place, pic.state, pic.reason, pic.source, pic.shown, pic.thumb, pic.width, pic.height,
       pic.alt, coalesce(v.product_id, p.id) as product_id
from catalog_picture pic
left join catalog_variant v on pic.owner_kind = 'variant' and v.id = pic.owner_id
left join catalog_product p on pic.owner_kind = 'product' and p.id = pic.owner_id"""

LIST_OF_OWNERS = f"""
select {_PICTURES}
where pic.owner_id = any ($1::uuid[])
order by pic.owner_kind desc, pic.owner_id, pic.place limit $2
"""


async def list_of_owners(tx: Tx, owner_ids: Sequence[UUID], limit: int) -> list[Picture]:
    """Return the pictures of products and variants in order, those of variants first."""
    rows = await tx.fetch(LIST_OF_OWNERS, list(owner_ids), limit)
    return [_picture(tx, row) for row in rows]


LIST_BY_STATE = f"""
select {_PICTURES}
where pic.state = $1 and pic.state <> 'stored' and pic.id > $2
order by pic.id limit $3
"""


async def list_by_state(tx: Tx, state: PictureState, after: UUID, limit: int) -> list[Picture]:
    """Return pictures that are wanted or refused, in the order they were asked for."""
    return [_picture(tx, row) for row in await tx.fetch(LIST_BY_STATE, state, after, limit)]


PICTURES_BY_ID = f"""
select {_PICTURES}
where pic.id = any ($1::uuid[])
"""


class Owned(msgspec.Struct, frozen=True):
    """A picture with whose it is."""

    picture: Picture
    owner_id: UUID
    product_id: UUID


async def pictures_by_id(tx: Tx, picture_ids: Sequence[UUID]) -> dict[UUID, Owned]:
    """Return pictures with their owners; unknown ones are left out."""
    rows = await tx.fetch(PICTURES_BY_ID, list(picture_ids))
    return {row["id"]: Owned(_picture(tx, row), row["owner_id"], row["product_id"]) for row in rows}


FIND_FILE = "select content from catalog_picture_file where digest = $1"


async def find_file(tx: Tx, digest: str) -> bytes | None:
    """Return the content of a file, None when there is none of this name."""
    return await tx.fetchval(FIND_FILE, digest)


def _picture(tx: Tx, row: Record) -> Picture:
    shown, thumb = row["shown"], row["thumb"]
    return Picture(
        id=row["id"],
        owner=row["owner"],
        code=row["code"],
        place=row["place"],
        state=row["state"],
        reason=row["reason"],
        source=row["source"],
        address=picture_address(tx.tenant, shown) if shown else "",
        thumb=picture_address(tx.tenant, thumb) if thumb else "",
        width=row["width"],
        height=row["height"],
        alt=msgspec.json.decode(row["alt"], type=dict[str, str]),
    )
