"""What channels call our articles: kept as they tell it, and used where they name no SKU."""

from collections.abc import Iterable, Mapping, Sequence

from crosslane import catalog
from crosslane.channels.domain.messages import OrderLine, StockRow
from crosslane.channels.domain.reports import ProductPatch
from crosslane.channels.service.pending import Todo
from crosslane.channels.storage import articles as storage
from crosslane.channels.storage.articles import Named
from crosslane.platform.database import Tx

Skus = Mapping[tuple[str, str], str]
"""What channels mean, by channel and name."""


def name_key(channel: str, name: str) -> str:
    """Return what a message waits for that names an article nobody has told of."""
    return f"name:{channel}/{name}"


async def keep_names(tx: Tx, todo: Sequence[Todo]) -> list[Named]:
    """Keep what channels call articles, whoever is the master of what these are; return it."""
    patches = [(one, m) for one in todo if isinstance(m := one.message, ProductPatch)]
    unnamed = {m.gtin for _, m in patches if m.gtin and not m.sku}
    scanned = await catalog.scan(tx, sorted(unnamed)) if unnamed else {}
    names = [
        named
        for one, m in patches
        for named in _names(one, m, m.sku or (scanned[m.gtin].sku if m.gtin in scanned else ""))
    ]
    await storage.save_names(tx, names)
    return names


def _names(one: Todo, message: ProductPatch, sku: str) -> Iterable[Named]:
    if not sku and not message.gone:
        return
    channel, version = one.pending.channel, message.source_version
    meant = "" if message.gone else sku
    if message.article:
        yield Named(channel, "article", message.article, meant, version)
    if message.stock:
        yield Named(channel, "stock", message.stock, meant, version)


async def skus_of_rows(tx: Tx, rows: Iterable[tuple[str, StockRow | OrderLine]]) -> Skus:
    """Return the SKUs that rows without one mean, by channel and the row's own name or GTIN.

    Args:
        tx: open transaction.
        rows: each with the code of its channel.
    """
    lacking = [(channel, row) for channel, row in rows if not row.sku]
    if not lacking:
        return {}
    found = await storage.find_skus(tx, [(channel, row.article) for channel, row in lacking])
    scanned = await catalog.scan(tx, sorted({row.gtin for _, row in lacking if row.gtin}))
    return found | {
        (channel, row.gtin): scanned[row.gtin].sku
        for channel, row in lacking
        if row.gtin in scanned
    }


def sku_of(row: StockRow | OrderLine, channel: str, skus: Skus) -> str:
    """Return the SKU a row of a channel means, "" when nobody knows."""
    return row.sku or skus.get((channel, row.article), "") or skus.get((channel, row.gtin), "")
