"""What a channel asked for last, of all it has said of an order; pure."""

from collections.abc import Iterable

from crosslane.channels.domain.messages import Amendment, Order, OrderLine
from crosslane.channels.domain.standing import names_of

Said = Order | Amendment


def newest_order(said: Iterable[Said]) -> Order | None:
    """Return the whole order of the highest version, None when none was said or it is erased."""
    whole = [one for one in said if isinstance(one, Order)]
    return max(whole, key=lambda one: one.source_version, default=None)


def asked_units(said: Iterable[Said]) -> dict[str, int]:
    """Return how many units of each line are wanted, by what the channel calls the lines.

    As in ``standing.py``, each line is what the highest version says; a whole order says all lines.
    """
    units: dict[str, int] = {}
    for one in sorted(said, key=lambda one: (one.source_version, isinstance(one, Amendment))):
        if isinstance(one, Order):
            units = dict.fromkeys(units, 0)
            units |= {
                name: line.quantity for name, line in zip(names_of(one), one.lines, strict=True)
            }
        else:
            told = {line.id: line.quantity for line in one.lines if line.quantity is not None}
            units |= told
    return units


def lines_by_name(said: Iterable[Said]) -> dict[str, OrderLine]:
    """Return the lines of whole orders by name, each as the highest version that has it says."""
    whole = [one for one in said if isinstance(one, Order)]
    return {
        name: line
        for one in sorted(whole, key=lambda one: one.source_version)
        for name, line in zip(names_of(one), one.lines, strict=True)
    }
