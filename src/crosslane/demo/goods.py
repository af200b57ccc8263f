"""Weights, sizes and bar codes of the demo's products, which the order lines do not tell.

A product takes after a real product of a like category (a donor), drawn by hash of its SKU: the
same SKU always has the same donor, whatever else is in the list.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from stdnum import ean

from crosslane.demo.draws import draw

MM_PER_CM = 10
# What parcel carriers commonly take at most.
UNIT_GRAMS_MAX = 30_000
UNIT_LENGTH_MM_MAX = 1_500
DRAWS_MAX = 64


class Dimensions(Struct, frozen=True):
    """Weight in grams and sides in millimetres, the longest side first."""

    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int


def donors_by_category(rows: Iterable[Mapping[str, str]]) -> dict[str, list[Dimensions]]:
    """Read donor rows (grams, centimetres); rows with a missing or zero measure are left out."""
    donors = defaultdict(list)
    for row in rows:
        grams, *sides = (
            int(row[name] or 0) for name in ("weight_g", "length_cm", "width_cm", "height_cm")
        )
        if grams > 0 and min(sides) > 0:
            sides_mm = sorted((side * MM_PER_CM for side in sides), reverse=True)
            donors[row["category"]].append(Dimensions(grams, *sides_mm))
    return dict(donors)


def draw_dimensions(sku: str, pieces: int, donors: Sequence[Dimensions]) -> Dimensions:
    """Draw a product's weight and size.

    A donor that would make a unit no carrier takes as a parcel is drawn again, some times; where
    none fits, the lightest donor is taken.

    Args:
        sku: decides which donor is drawn.
        pieces: how many pieces one unit holds (a set of six: 6).
        donors: products of a like category, at least one.
    """
    for attempt in range(DRAWS_MAX):
        unit = stack(donors[draw(len(donors), "dimensions", sku, attempt)], pieces)
        if unit.weight_grams <= UNIT_GRAMS_MAX and unit.length_mm <= UNIT_LENGTH_MM_MAX:
            return unit
    return stack(min(donors, key=lambda donor: donor.weight_grams), pieces)


def stack(piece: Dimensions, pieces: int) -> Dimensions:
    """Weight and size of several pieces: the shortest side is doubled until all have room."""
    sides = sorted((piece.length_mm, piece.width_mm, piece.height_mm))
    room = 1
    while room < pieces:
        sides = sorted((sides[0] * 2, *sides[1:]))
        room *= 2
    return Dimensions(piece.weight_grams * pieces, *reversed(sides))


def gtin_of(sku: str) -> str:
    """The bar code of a product: a GTIN-13 of the range 20-29, which is for internal use."""
    digits = f"2{draw(10**11, 'gtin', sku):011d}"
    return digits + ean.calc_check_digit(digits)
