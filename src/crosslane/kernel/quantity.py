"""Quantities: whole units of a variant. Packs become units at the edge, fractions never exist."""

from crosslane.kernel.errors import Invalid

# Fits a 4-byte integer with room for sums; the largest line ever seen was 80,995 units.
QUANTITY_MAX = 10_000_000


class QuantityOutOfRange(Invalid):
    """A quantity must be between 1 and {most}, not {quantity}."""


def require_quantity(quantity: int, *, pointer: str = "") -> int:
    """Return the quantity when it is a whole number of units that can be bought.

    Raises:
        QuantityOutOfRange: it is below one or above QUANTITY_MAX.
    """
    if not 1 <= quantity <= QUANTITY_MAX:
        raise QuantityOutOfRange(pointer=pointer, quantity=quantity, most=QUANTITY_MAX)
    return quantity
