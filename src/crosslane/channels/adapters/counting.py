"""How many units of stock one is of what a line is ordered or told in, whatever its format.

A code may be a word for a number of pieces, a line may say what its pack holds, and the partners
may have agreed on it (:class:`crosslane.channels.domain.packs.Packs`). What the line says goes
first, since it is the newest; where that is not what was agreed on, a person has to look at it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.port import Fault

RULE = "the channel's rule “What a channel orders in”"


class Each(NamedTuple):
    """How many units of stock something is.

    Args:
        pieces: so many.
        agreed: only what was agreed on says so; an answer could not learn it from the message.
        doubt: what does not fit, "" for nothing.
    """

    pieces: int
    agreed: bool = False
    doubt: str = ""


ONE = Each(1)
# Below the segment that names a unit: how many pieces it was agreed to be, for answers.
EACH_KEPT = "each"
THOUSAND = 1_000


def each_of(unit: str, *, usual: int | None, told: int | None, agreed: int | None) -> Each | None:
    """Return how many units of stock a unit is, None when nobody says.

    Args:
        unit: code of it.
        usual: what the code means by itself, None when that is open.
        told: what the line says its pack holds, where the code leaves that open.
        agreed: what was agreed on, None when nothing was; goes before what the code means.
    """
    if usual is None and told is not None:
        if agreed in (None, told):
            return Each(told)
        return Each(told, doubt=f"A {unit} is {told} pieces here, {agreed} by {RULE}")
    if agreed is not None:
        return Each(agreed, agreed=True)
    return None if usual is None else Each(usual)


def agreed_on(rest: Mapping[str, object], place: str) -> int | None:
    """Return how many pieces a unit was agreed to be as it was ordered, None when it was not.

    Args:
        rest: of the order.
        place: of the segment or element that names the unit.
    """
    told = rest.get(f"{place}/{EACH_KEPT}")
    return int(told) if isinstance(told, str) and told.isdecimal() else None


def counted(pieces: int, unit: str, each: int, *, has_parts: bool, piece: str) -> tuple[str, str]:
    """Return a number of pieces in a unit, or in pieces where it is no whole one.

    Args:
        pieces: how many.
        unit: code of the unit, "" for none.
        each: how many pieces it is.
        has_parts: there are parts of it, down to a thousandth.
        piece: the code to tell where none was.
    """
    units, left = divmod(pieces, each)
    if not left:
        return str(units), unit or piece
    thousandths, left = divmod(pieces * THOUSAND, each)
    if left or not has_parts:
        return str(pieces), piece
    return f"{(Decimal(thousandths) / THOUSAND).normalize():f}", unit


def unknown(unit: str, silent: str, at: str) -> NotReadable:
    """Return the refusal of a unit of which nobody says how many pieces it is.

    Args:
        unit: code of it.
        silent: what of the line could have said it.
        at: pointer to the unit.
    """
    detail = f"How many pieces a {unit} is, neither it nor {silent} says, nor {RULE}"
    return NotReadable(Fault("unit-unknown", detail, at))


def settled(each: Each, at: str) -> int:
    """Return how many units of stock something is, where nothing can wait for a person.

    Args:
        each: as it was found.
        at: pointer to the unit.

    Raises:
        NotReadable: the line says something else than was agreed on.
    """
    if each.doubt:
        raise NotReadable(Fault("unit-in-doubt", each.doubt, at))
    return each.pieces
