"""What the segments of a message have in common: its lines, dates, references and quantities."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.counting import ONE, Each, each_of, settled, unknown
from crosslane.channels.adapters.edifact.parties import Article
from crosslane.channels.adapters.edifact.segments import Envelope, Segment
from crosslane.channels.adapters.edifact.units import PIECES, packed, usual
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.packs import Packs

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


class Counting(NamedTuple):
    """In what a line is counted.

    Args:
        loop: its segments, which may say how many a pack holds.
        packs: what was agreed on.
        article: which one it is about.
    """

    loop: Sequence[Segment]
    packs: Packs
    article: Article

    def pieces(self, one: Segment, *, signed: bool = False) -> int:
        """Return how many pieces a segment QTY says; it is read by that.

        Args:
            one: the segment.
            signed: whether less than none may be told.

        Raises:
            NotReadable: it is no such number, or nobody says how many pieces its unit is.
        """
        units = one.units(1, 2, self.each(one, 1, 3).pieces)
        if units < 0 and not signed:
            raise one.wrong(1, 2, "at least none")
        return units

    def sure(self, one: Segment, *, signed: bool = False) -> int:
        """Do what :meth:`pieces` does, where nothing can wait for a person.

        Raises:
            NotReadable: likewise, or the line says something else than was agreed on.
        """
        settled(self.each(one, 1, 3), one.at(1, 3))
        return self.pieces(one, signed=signed)

    def each(self, one: Segment, n: int, part: int) -> Each:
        """Return how many pieces the unit of a quantity or price is."""
        unit = one.peek(n, part)
        agreed = self.packs.pieces(unit, self.article.sku, self.article.theirs, self.article.gtin)
        if unit in PIECES and agreed is None:
            return ONE
        found = each_of(unit, usual=usual(unit), told=self._held, agreed=agreed)
        if found is None:
            raise unknown(unit, "QTY 59 or 52", one.at(n, part))
        return found

    @property
    def _held(self) -> int | None:
        told = (
            one
            for kind in PACKED
            for one in self.loop
            if one.tag == "QTY" and one.peek(1) == kind and one.peek(1, 3) in PIECES
        )
        pack = next(told, None)
        return packed(pack.peek(1, 2)) if pack else None
