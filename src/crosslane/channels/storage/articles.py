"""What channels call articles, and the stock of them."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from crosslane.platform.database import Tx, columns

Part = Literal["article", "stock"]


class Named(NamedTuple):
    """A name of a channel, and what it means.

    Args:
        channel: code of the channel.
        part: whether it is a name of the article, or of its stock.
        name: as the channel says.
        sku: the article, "" when the name means none any more.
        version: of what was said.
    """

    channel: str
    part: Part
    name: str
    sku: str
    version: int


# Of two things said of one version, the greater word stands, in whatever order they come.
SAVE_NAMES = """
insert into channels_article as a (channel, part, name, sku, version)
select distinct on (channel, part, name) channel, part, name, sku, version
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    as w(channel, part, name, sku, version)
order by channel, part, name, version desc, sku collate "C" desc
on conflict (channel, part, name) do update set sku = excluded.sku, version = excluded.version
where (a.version, a.sku collate "C") < (excluded.version, excluded.sku collate "C")
"""


async def save_names(tx: Tx, names: Iterable[Named]) -> None:
    """Store what channels call articles, as far as it is newer than what is known."""
    told = sorted(set(names))
    if told:
        await tx.execute(SAVE_NAMES, *columns(told, *Named._fields))


FIND_SKUS = """
select distinct on (a.channel, a.name) a.channel, a.name, a.sku
from (select distinct channel, name from unnest($1::text[], $2::text[]) as u(channel, name)) w
join channels_article a using (channel, name)
where a.sku <> '' order by a.channel, a.name, a.part desc
"""


async def find_skus(tx: Tx, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return what names of channels mean, by channel and name; of stock before of articles."""
    asked = sorted(set(names))
    if not asked:
        return {}
    rows = await tx.fetch(FIND_SKUS, [one[0] for one in asked], [one[1] for one in asked])
    return {(row["channel"], row["name"]): row["sku"] for row in rows}


LIST_NAMES = """
select distinct on (w.sku, a.part) w.sku, a.part, a.name
from unnest($2::text[]) as w(sku)
join channels_article a on a.channel = $1 and a.sku <> ''
    and lower(a.sku) collate "C" = lower(w.sku) collate "C"
order by w.sku, a.part, a.version desc, a.name
"""


async def list_names(tx: Tx, channel: str, skus: Sequence[str]) -> dict[str, dict[Part, str]]:
    """Return what a channel calls articles, by SKU as asked; the name it gave last, of several."""
    found: dict[str, dict[Part, str]] = {}
    for row in await tx.fetch(LIST_NAMES, channel, skus):
        found.setdefault(row["sku"], {})[row["part"]] = row["name"]
    return found


LIST_NAMED = """
select distinct lower(sku) collate "C" as sku from channels_article
where channel = $1 and sku <> '' and lower(sku) collate "C" > $2 order by 1 limit $3
"""


async def list_named(tx: Tx, channel: str, after: str, limit: int) -> list[str]:
    """Return a page of the articles a channel has names of, by SKU in lower case."""
    return [row["sku"] for row in await tx.fetch(LIST_NAMED, channel, after, limit)]
