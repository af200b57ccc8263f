"""The category tree."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.catalog.domain import Category, CategoryTree
from crosslane.platform.database import Tx

CATEGORIES_MAX = 20_000

LOAD_TREE = """
select c.id, c.code, p.code as parent, coalesce(t.text, c.code) as name
from catalog_category c
left join catalog_category p on p.id = c.parent_id
left join catalog_text t
    on t.owner_id = c.id and t.field = 'title' and t.locale = 'und' and t.channel = ''
order by c.code limit $1
"""


async def load_tree(tx: Tx) -> CategoryTree:
    """Read every category."""
    rows = await tx.fetch(LOAD_TREE, CATEGORIES_MAX)
    return CategoryTree(
        Category(id=row["id"], code=row["code"], name=row["name"], parent=row["parent"])
        for row in rows
    )


UPSERT_CATEGORIES = """
insert into catalog_category (id, code, parent_id)
select id, code, parent_id from unnest($1::uuid[], $2::text[], $3::uuid[])
    as given (id, code, parent_id)
on conflict (code) do update set parent_id = excluded.parent_id
"""


async def upsert_categories(
    tx: Tx, categories: Sequence[Category], parent_ids: Sequence[UUID | None]
) -> None:
    """Store categories under their parents; names are texts."""
    await tx.execute(
        UPSERT_CATEGORIES,
        [category.id for category in categories],
        [category.code for category in categories],
        list(parent_ids),
    )
