"""Texts by owner, field, locale and channel."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane.catalog.domain import OwnerKind, Text
from crosslane.platform.database import Record, Tx


class OwnedText(msgspec.Struct, frozen=True):
    """A text and whose it is."""

    owner_id: UUID
    owner_kind: OwnerKind
    text: Text


UPSERT_TEXTS = """
insert into catalog_text as t (owner_id, owner_kind, field, locale, channel, text)
select owner_id, owner_kind, field, locale, channel, text
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    as given (owner_id, owner_kind, field, locale, channel, text)
where text <> ''
on conflict (owner_id, field, locale, channel) do update set text = excluded.text
    where t.text <> excluded.text
returning owner_id
"""


async def upsert_texts(tx: Tx, texts: Sequence[OwnedText]) -> set[UUID]:
    """Store texts that are not empty; tell whose were new or different."""
    return {row["owner_id"] for row in await tx.fetch(UPSERT_TEXTS, *_text_columns(texts))}


DELETE_TEXTS = """
delete from catalog_text t
using unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    as given (owner_id, owner_kind, field, locale, channel, text)
where given.text = '' and (t.owner_id, t.field, t.locale, t.channel)
    = (given.owner_id, given.field, given.locale, given.channel)
returning t.owner_id
"""


async def delete_texts(tx: Tx, texts: Sequence[OwnedText]) -> set[UUID]:
    """Remove the texts that are given as empty; tell whose were removed."""
    return {row["owner_id"] for row in await tx.fetch(DELETE_TEXTS, *_text_columns(texts))}


PICK_TEXTS = """
select distinct on (owner_id) owner_id, text
from catalog_text
where owner_id = any ($1::uuid[]) and field = $2 and channel in ('', $4)
order by owner_id, coalesce(array_position($3::text[], locale), 100), locale, channel = ''
"""


async def pick_texts(
    tx: Tx, owner_ids: Sequence[UUID], field: str, *, locales: Sequence[str], channel: str
) -> dict[UUID, str]:
    """Return one text per owner, by the stated fallback; owners without any are left out."""
    rows = await tx.fetch(PICK_TEXTS, list(owner_ids), field, list(locales), channel)
    return {row["owner_id"]: row["text"] for row in rows}


LIST_TEXTS = """
select owner_id, field, locale, channel, text from catalog_text
where owner_id = any ($1::uuid[]) order by owner_id, field, locale, channel limit $2
"""


async def list_texts(tx: Tx, owner_ids: Sequence[UUID], *, limit: int) -> dict[UUID, list[Text]]:
    """Return every text of the owners."""
    found: dict[UUID, list[Text]] = {owner_id: [] for owner_id in owner_ids}
    for row in await tx.fetch(LIST_TEXTS, list(owner_ids), limit):
        found[row["owner_id"]].append(
            Text(row["field"], row["text"], row["locale"], row["channel"])
        )
    return found


LIST_TEXT_GAPS = """
select distinct t.owner_kind, coalesce(v.sku, p.code, c.code) as code, t.field
from catalog_text t
left join catalog_variant v on v.id = t.owner_id
left join catalog_product p on p.id = t.owner_id
left join catalog_category c on c.id = t.owner_id
where not exists (
    select from catalog_text s
    where s.owner_id = t.owner_id and s.field = t.field and s.locale = any ($1::text[])
)
  and (t.owner_kind, coalesce(v.sku, p.code, c.code), t.field) > ($2, $3, $4)
order by t.owner_kind, code, t.field limit $5
"""


async def list_text_gaps(
    tx: Tx, locales: Sequence[str], *, after: tuple[str, str, str], limit: int
) -> list[Record]:
    """Return owner_kind, code and field of texts that exist, but in none of these locales."""
    return await tx.fetch(LIST_TEXT_GAPS, list(locales), *after, limit)


def _text_columns(texts: Sequence[OwnedText]) -> list[list[object]]:
    return [
        [owned.owner_id for owned in texts],
        [owned.owner_kind for owned in texts],
        [owned.text.field for owned in texts],
        [owned.text.locale for owned in texts],
        [owned.text.channel for owned in texts],
        [owned.text.text for owned in texts],
    ]
