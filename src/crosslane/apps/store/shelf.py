"""Lines to pick as hands need them: in walking order, with what a scanner reads of each.

People walk along the bins of the store, aisle by aisle. What nobody has told a bin of comes last,
by category and article number: goods of a category lie together.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from crosslane import catalog, inventory
from crosslane.catalog import BarcodeRow, Shown, Variant
from crosslane.fulfillment import WorkView
from crosslane.inventory import Bin
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer

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
        category: of the article, "" when the catalog does not know it.
        units: still to pick.
        codes: what a scanner may read of the article, with the units each stands for.
        bins: where they lie, the one to pick from first; empty when nobody knows.
        picture: of the article, if there is one.
    """

    work_id: UUID
    order_number: str
    line_id: UUID
    sku: str
    title: str
    category: str
    units: int
    codes: dict[str, int]
    bins: Sequence[Bin]
    picture: Shown | None

    @property
    def aisle(self) -> str:
        """Where to go first, "" when nobody knows."""
        return self.bins[0].aisle if self.bins else ""

    @property
    def field(self) -> str:
        """Name of the field that tells how many were found."""
        return f"found.{self.work_id}.{self.line_id}"


async def shelf_lines(
    tx: Tx, viewer: Viewer, place: Location, works: Sequence[WorkView]
) -> list[ShelfLine]:
    """Return what is to pick for some work, in walking order.

    Args:
        tx: open transaction.
        viewer: in whose language titles are.
        place: whose shelves they are.
        works: what is picked for.
    """
    wanted = [
        Wanted(work.id, work.order_number, line.line_id, line.sku, line.title, line.to_pick)
        for work in works
        for line in work.lines
        if line.to_pick
    ]
    return await walk(tx, viewer, place, wanted)


async def walk(
    tx: Tx, viewer: Viewer, place: Location, wanted: Sequence[Wanted]
) -> list[ShelfLine]:
    """Return what is wanted as lines of a shelf, in walking order; arguments as above."""
    skus = sorted({one.sku for one in wanted})
    variants = await catalog.variants_by_sku(tx, skus, locale=viewer.language)
    ids = [variant.id for variant in variants.values()]
    packs = await catalog.barcodes_of(tx, ids)
    bins = await inventory.bins_here(tx, place.id, ids)
    lines = [_shelf_line(one, variants.get(one.sku), packs, bins) for one in wanted]
    return sorted(lines, key=_way(variants))


def codes_of(sku: str, variant: Variant | None, packs: Iterable[BarcodeRow]) -> dict[str, int]:
    """Return what a scanner may read of an article, with the units each stands for."""
    codes = {sku.upper(): 1}
    if variant is not None and variant.gtin:
        codes[variant.gtin.lstrip("0")] = 1
    return codes | {pack.barcode.lstrip("0"): pack.units for pack in packs}


def _shelf_line(one: Wanted, variant: Variant | None, packs, bins) -> ShelfLine:
    return ShelfLine(
        work_id=one.work_id,
        order_number=one.number,
        line_id=one.line_id,
        sku=one.sku,
        title=variant.title if variant else one.title,
        category=variant.category if variant else "",
        units=one.units,
        codes=codes_of(one.sku, variant, packs.get(variant.id, ()) if variant else ()),
        bins=bins.get(variant.id, ()) if variant else (),
        picture=variant.picture if variant else None,
    )


def _way(variants):
    def key(line: ShelfLine):
        variant = variants.get(line.sku)
        path = variant.category_path if variant else ()
        # Article numbers as people count: 9 before 10.
        parts = [(p.zfill(12) if p.isdigit() else p) for p in _DIGITS.split(line.sku.lower())]
        return not line.bins, line.bins[0].walk if line.bins else "", path, parts, line.order_number

    return key
