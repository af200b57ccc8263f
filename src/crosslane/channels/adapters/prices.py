"""What one unit costs once reductions are taken off its line."""

from typing import NamedTuple, Protocol

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.port import Fault
from crosslane.kernel import MILLI_PER_MINOR, line_amount, rounded_ratio


class Placed(Protocol):
    """A part of a record, whatever its format."""

    @property
    def at(self) -> str:
        """Pointer to it."""
        ...


class At(NamedTuple):
    """A part of a record that knows no pointer of its own."""

    at: str


def net_price_milli(price_milli: int, quantity: int, off_minor: int, branch: Branch) -> int:
    """Return the unit price at which a line costs exactly what the buyer pays for it.

    Args:
        price_milli: of one unit before reductions, 1/1000 minor unit.
        quantity: units, at least one.
        off_minor: what is taken off the line, minor units.
        branch: the line, for the pointer of a refusal.

    Raises:
        NotReadable: more is taken off than the line costs, or no price of one unit fits.
    """
    if off_minor == 0:
        return price_milli
    wanted = line_amount(price_milli, quantity) - off_minor
    if wanted < 0:
        detail = f"{off_minor} are taken off a line of {wanted + off_minor} minor units"
        raise NotReadable(Fault("discount-too-large", detail, branch.at))
    return even_price_milli(wanted, quantity, branch)


def even_price_milli(minor: int, quantity: int, part: Placed) -> int:
    """Return the unit price at which units cost exactly so much.

    Args:
        minor: what they cost in all, minor units.
        quantity: units, at least one.
        part: the line, for the pointer of a refusal.

    Raises:
        NotReadable: no price of one unit fits.
    """
    found, left = divmod(minor * MILLI_PER_MINOR, quantity)
    if not left:
        return found
    found = rounded_ratio(minor * MILLI_PER_MINOR, 1, quantity)
    if line_amount(found, quantity) != minor:
        detail = f"No price of one unit makes {quantity} units cost {minor} minor units"
        raise NotReadable(Fault("discount-uneven", detail, part.at))
    return found
