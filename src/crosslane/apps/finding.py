"""Finding articles as people name them: by scan, number or words."""

import msgspec

from crosslane import catalog
from crosslane.catalog import Variant
from crosslane.platform.database import Tx


class FoundArticle(msgspec.Struct, frozen=True):
    """An article, and how many units of it what was scanned stands for."""

    variant: Variant
    units: int = 1


async def find_articles(tx: Tx, wanted: str, *, language: str, most: int) -> list[FoundArticle]:
    """Return the article of a number or barcode, else active ones whose titles have the words.

    Args:
        tx: open transaction.
        wanted: what was scanned or typed.
        language: of their titles.
        most: most articles.
    """
    if named := (await catalog.variants_by_sku(tx, [wanted], locale=language)).get(wanted):
        return [FoundArticle(named)]
    if scanned := (await catalog.scan(tx, [wanted])).get(wanted):
        known = await catalog.variants_by_id(tx, [scanned.variant_id], locale=language)
        return [FoundArticle(known[scanned.variant_id], scanned.units)]
    found = await catalog.list_variants(
        tx, after="", limit=most, query=wanted, active=True, locale=language
    )
    return [FoundArticle(variant) for variant in found]
