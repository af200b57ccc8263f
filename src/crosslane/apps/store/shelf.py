"""Lines to pick as hands need them: in walking order, with what a scanner reads of each."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane import catalog
from crosslane.catalog import BarcodeRow, Variant
from crosslane.fulfillment import WorkView
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer

TONES = 6

_DIGITS = re.compile(r"([0-9]+)")


class Wanted(NamedTuple):
    """Units of an article that some work, or a transfer, wants.

    Args:
        number: what people call the work, such as an order number.
        title: of the article, where the catalog does not know it any more.
    """

    work_id: UUID
    number: str
    line_id: UUID
    sku: str
    title: str
    units: int


class ShelfLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units to take from the shelf for one order.

    Args:
        category: where they lie, as far as the catalog knows.
        units: still to pick.
        codes: what a scanner may read of the article, with the units each stands for.
        letters: for the picture, of which the catalog has none.
        tone: likewise, 0 to TONES - 1; the same for all of a category.
    """

    work_id: UUID
    order_number: str
    line_id: UUID
    sku: str
    title: str
    category: str
    units: int
    codes: dict[str, int]
    letters: str
    tone: int

    @property
    def field(self) -> str:
        """Name of the field that tells how many were found."""
        return f"found.{self.work_id}.{self.line_id}"


async def shelf_lines(tx: Tx, viewer: Viewer, works: Sequence[WorkView]) -> list[ShelfLine]:
    """Return what is to pick for some work, in walking order: by category, then by article number.

    The catalog knows no aisles; goods of a category lie together.

    Args:
        tx: open transaction.
        viewer: in whose language titles are.
        works: what is picked for.
    """
    wanted = [
        Wanted(work.id, work.order_number, line.line_id, line.sku, line.title, line.to_pick)
        for work in works
        for line in work.lines
        if line.to_pick
    ]
    return await walk(tx, viewer, wanted)


async def walk(tx: Tx, viewer: Viewer, wanted: Sequence[Wanted]) -> list[ShelfLine]:
    """Return what is wanted as lines of a shelf, in walking order; arguments as above."""
    skus = sorted({one.sku for one in wanted})
    variants = await catalog.variants_by_sku(tx, skus, locale=viewer.language)
    packs = await catalog.barcodes_of(tx, [variant.id for variant in variants.values()])
    lines = [_shelf_line(one, variants.get(one.sku), packs) for one in wanted]
    return sorted(lines, key=_way(variants))


def letters_of(title: str, sku: str) -> str:
    """Return two letters that stand for an article where there is no picture of it."""
    words = [word for word in re.findall(r"[^\W\d_]+", title) if len(word) > 1]
    return "".join(word[0] for word in words[:2]).upper() or sku[:2].upper()


def tone_of(category: str) -> int:
    """Return the tone of a category, the same wherever it is shown."""
    return sum(category.encode()) % TONES


def codes_of(sku: str, variant: Variant | None, packs: Iterable[BarcodeRow]) -> dict[str, int]:
    """Return what a scanner may read of an article, with the units each stands for."""
    codes = {sku.upper(): 1}
    if variant is not None and variant.gtin:
        codes[variant.gtin.lstrip("0")] = 1
    return codes | {pack.barcode.lstrip("0"): pack.units for pack in packs}


def _shelf_line(one: Wanted, variant: Variant | None, packs) -> ShelfLine:
    category = variant.category if variant else ""
    title = variant.title if variant else one.title
    return ShelfLine(
        work_id=one.work_id,
        order_number=one.number,
        line_id=one.line_id,
        sku=one.sku,
        title=title,
        category=category,
        units=one.units,
        codes=codes_of(one.sku, variant, packs.get(variant.id, ()) if variant else ()),
        letters=letters_of(title, one.sku),
        tone=tone_of(category),
    )


def _way(variants):
    def key(line: ShelfLine):
        variant = variants.get(line.sku)
        path = variant.category_path if variant else ()
        # Article numbers as people count: 9 before 10.
        parts = [(p.zfill(12) if p.isdigit() else p) for p in _DIGITS.split(line.sku.lower())]
        return path, parts, line.order_number

    return key
