"""How many pieces those are that a line is counted in: by its code, by PO401, as agreed on."""

from collections.abc import Sequence

from crosslane.channels.adapters.counting import ONE, Each, each_of, unknown
from crosslane.channels.adapters.x12.segments import Segment
from crosslane.channels.adapters.x12.units import MEASURES, PIECES, PRICED_BY, PRICED_FOR, usual
from crosslane.channels.adapters.x12.units import packed as held
from crosslane.channels.domain.packs import Packs

Names = tuple[str, str, str]


def packed(head: Segment, n: int, loop: Sequence[Segment], packs: Packs, names: Names) -> Each:
    """Return how many pieces a unit is.

    Args:
        head: the segment that names it.
        n: its element.
        loop: segments of the line, which may say how many a pack holds.
        packs: what was agreed on.
        names: numbers of the article: ours, that of the other side, that of GS1.

    Raises:
        NotReadable: nobody says.
    """
    unit = head.peek(n)
    agreed = packs.pieces(unit, *names)
    if unit in PIECES and agreed is None:
        return ONE
    pack = pack_of(loop)
    found = each_of(
        unit, usual=usual(unit), told=held(pack.peek(1)) if pack else None, agreed=agreed
    )
    if found is None:
        raise unknown(unit, "PO401", head.at(n))
    return found


def pack_of(loop: Sequence[Segment]) -> Segment | None:
    """Return the segment of a line that says how many its pack holds."""
    return next((one for one in loop if one.tag == "PO4"), None)


def priced_for(head: Segment, n: int, unit: str, each: int) -> int:
    """Return how many pieces a price is for; one by weight is only for what is ordered so.

    Args:
        head: the segment that names what it is for.
        n: its element.
        unit: code of the unit that is ordered.
        each: pieces that unit is.
    """
    basis = head.peek(n)
    if basis in PRICED_BY:
        measure, many = PRICED_BY[basis]
        if unit != measure:
            raise head.wrong(n, f"a price of the unit that is ordered, {unit or 'pieces'}")
        return many * each
    many = PRICED_FOR.get(basis)
    if many is None:
        return each
    # Of what is weighed or measured each one is a unit of measure.
    return many * each if unit in MEASURES else many
