"""What the segments of a message have in common: its lines, dates, references and quantities."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edifact.segments import Envelope, Segment
from crosslane.channels.adapters.edifact.units import PIECES, pieces_in
from crosslane.channels.adapters.port import Fault

# How many pieces a pack holds, of quantities (element 6063).
PACKED = ("59", "52")
TITLED = "AFM"
TITLE_CHARACTERS_MAX = 500


def beginning(segments: Sequence[Segment]) -> Segment:
    """Return the segment BGM.

    Raises:
        NotReadable: it is missing.
    """
    if segments[1].tag != "BGM":
        raise NotReadable(Fault("field-missing", "BGM is missing", "/2/BGM"))
    return segments[1]


def lines_of(segments: Sequence[Segment]) -> tuple[Sequence[Segment], list[Sequence[Segment]]]:
    """Return the segments before the lines, and those of each line.

    What closes the message (UNS, CNT), and in DESADV packages (CPS), belongs to no line.
    """
    starts = [n for n, one in enumerate(segments) if one.tag in ("LIN", "CPS")]
    if not starts:
        return segments, []
    end = next(
        (n for n in range(starts[-1], len(segments)) if segments[n].tag in ("UNS", "CNT")),
        len(segments) - 1,
    )
    loops = [segments[a:b] for a, b in pairwise([*starts, end])]
    return segments[: starts[0]], [loop for loop in loops if loop[0].tag == "LIN"]


def said_at(
    segments: Sequence[Segment], kinds: Sequence[str], envelope: Envelope
) -> datetime | None:
    """Return what DTM says of the first of some kinds that it is told of."""
    for kind in kinds:
        for one in segments:
            if one.tag == "DTM" and one.peek(1) == kind and (at := one.instant(envelope.zone)):
                return at
    return None


def referred(segments: Sequence[Segment], kind: str) -> tuple[str, str]:
    """Return a reference of a kind, and the line of it, "" where there is none."""
    for one in segments:
        if one.tag == "RFF" and one.peek(1) == kind and one.peek(1, 2):
            one.take(1)
            return one.take(1, 2), one.take(1, 3)
    return "", ""


def title_of(loop: Sequence[Segment]) -> str:
    """Return what a line calls its article."""
    for one in loop:
        if one.tag == "IMD" and (said := one.words(3, 4, TITLE_CHARACTERS_MAX, last=5)):
            return said
    for one in loop:
        is_title = one.tag == "FTX" and one.peek(1) == TITLED
        if is_title and (said := one.words(4, 1, TITLE_CHARACTERS_MAX)):
            one.take(1)
            return said
    return ""


def pieces(one: Segment, loop: Sequence[Segment], *, signed: bool = False) -> int:
    """Return how many pieces a segment QTY says; it is read by that.

    Args:
        one: the segment.
        loop: those of its line, which may say how many a pack holds.
        signed: whether less than none may be told.

    Raises:
        NotReadable: it is no such number, or nobody says how many pieces its unit is.
    """
    each = each_of(one, 1, 3, loop)
    units = one.units(1, 2) * each
    if units < 0 and not signed:
        raise one.wrong(1, 2, "at least none")
    return units


def each_of(one: Segment, n: int, part: int, loop: Sequence[Segment]) -> int:
    """Return how many pieces the unit of a quantity or price is."""
    unit = one.peek(n, part)
    pack = next(
        (two for kind in PACKED for two in loop if two.tag == "QTY" and two.peek(1) == kind), None
    )
    counted = pack is not None and pack.peek(1, 3) in PIECES and pack.peek(1, 2).isdecimal()
    each = pieces_in(unit, int(pack.peek(1, 2)[:9]) if pack and counted else None)
    if each is None:
        detail = f"How many pieces a {unit} is, neither it nor QTY 59 or 52 says"
        raise NotReadable(Fault("unit-unknown", detail, one.at(n, part)))
    return each
