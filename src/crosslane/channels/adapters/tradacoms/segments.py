"""Segments of a message, read component by component; what nobody has read is left over.

A place is the number of the segment in its message as MTR counts it, MHD being the first, the
number of the element, and that of the component in it: ``/4/OLD06.1``. What is said by the header
of the file has ``/head`` before it: ``/head/4/CDT02.1``.
"""

import re
from collections.abc import Iterator, Sequence

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi import instant
from crosslane.channels.adapters.edi_stream import BLANKS, cut_at
from crosslane.channels.adapters.edifact import segments as gtdi
from crosslane.channels.adapters.edifact.interchange import Way
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.tradacoms.transmission import BREAKS, Cut, elements_of

VALUES_MAX = 20_000
TAG_CHARACTERS = 3
RELEASED = re.compile(r"\?(.?)", re.S)
WAY = Way()
# What stands before a record is its head, of which the header of a file is the last message.
HEAD = "/head"
# Times, numbers and secrets of a transmission, counted from 0.
OF_THIS_TIME = (3, 4, 5)
# Files of tests have the name of their kind with these letters at its end (ORDTES).
TEST = "TES"


class Segment(gtdi.Segment, eq=False):
    """A segment as EDIFACT has it, which came from the same rules, but for the sign after its code.

    Args:
        within: place of the message that it stands in, "" for the one that is read.
    """

    within: str = ""

    @property
    def elements(self) -> list[list[str]]:
        """The elements, the code first."""
        if self.left is None:
            self.left = [[self.tag], *map(components_of, elements_of(self.text))]
        return self.left

    def at(self, n: int, part: int = 1) -> str:
        """Return the place of a component."""
        return f"{self.within}/{self.number}/{self.tag[:TAG_CHARACTERS]}{n:02d}.{part}"

    def implied(self, n: int, part: int, decimals: int) -> str:
        """Return a number whose last digits are decimals, with its point, "" when it is absent.

        One that is written with a point has it where it stands.
        """
        text = self.take(n, part)
        if not text or "." in text:
            return text
        if not (text.isascii() and text.isdecimal()):
            raise self.wrong(n, part, f"a number of which {decimals} digits are decimals")
        digits = text.rjust(decimals + 1, "0")
        return f"{digits[:-decimals]}.{digits[-decimals:]}"

    def registered(self, n: int) -> Iterator[tuple[str, int]]:
        """Yield the codes of registered texts (RTEX, list 24), each with the part of its text."""
        parts = self.elements[n] if n < len(self.elements) else ()
        for part in range(1, len(parts), 2):
            if self.peek(n, part):
                yield self.peek(n, part), part + 1


class Transmission:
    """What stands around a message.

    Args:
        cut: the message.
        zone: IANA zone of times.

    Raises:
        NotReadable: the header of its file does not add up.
    """

    def __init__(self, cut: Cut, zone: str) -> None:
        self._elements = cut.stx
        stx = [*map(components_of, cut.stx), *([""] for _ in range(8 - len(cut.stx)))]
        self.sender = next((text.strip() for text in stx[1] if text.strip()), "")
        self.reference = stx[4][0].strip()
        self.is_test = stx[6][0].strip()[3:] == TEST
        self.zone = zone
        day, time = (*stx[3], "")[:2]
        self.at = instant(day.strip(), time.strip(), zone)
        self.header = segments_of(cut.header, HEAD) if cut.header else []

    @property
    def between(self) -> dict[str, str]:
        """Who wrote to whom and what for.

        Times, numbers and secrets are left out: sent again in another, a message says the same.
        """
        around = ("" if n in OF_THIS_TIME else text for n, text in enumerate(self._elements))
        return {"/STX": "STX=" + "+".join(around)}


def components_of(element: str) -> list[str]:
    """Return the components of an element."""
    if "?" not in element:
        return element.split(":")
    return [RELEASED.sub(r"\1", one) for one in cut_at(element, ":", "?")]


def segments_of(message: str, within: str = "", *, counted: bool = True) -> list[Segment]:
    """Return the segments of a message.

    Args:
        message: its text.
        within: its place, "" for the message that is read.
        counted: its own number of them must be right.

    Raises:
        NotReadable: its number of segments does not add up.
    """
    found: list[Segment] = []
    for raw in cut_at(message, "'", "?"):
        if text := BREAKS.sub("", raw).strip(BLANKS):
            tag = text.partition("=")[0].strip()
            found.append(Segment(text, len(found) + 1, WAY, tag, within=within))
    if not counted:
        return found
    end = found[-1]
    count = end.take(1)
    if not count.isdecimal() or int(count[:9]) != len(found):
        detail = f"MTR says {count[:40]} segments, there are {len(found)}"
        raise NotReadable(Fault("segment-count", detail, end.at(1)))
    return found


def left_of(segments: Sequence[Segment]) -> dict[str, str]:
    """Return what nobody has read of a message, by its place."""
    found: dict[str, str] = {}
    for one in segments:
        if one.left is None:
            found[f"{one.within}/{one.number}/{one.tag[:TAG_CHARACTERS]}"] = one.text
            continue
        for n, components in enumerate(one.left[1:], 1):
            for part, text in enumerate(components, 1):
                if text.strip():
                    found[one.at(n, part)] = text
    if len(found) > VALUES_MAX:
        detail = f"More than {VALUES_MAX} values are not known"
        raise NotReadable(Fault("too-much", detail, "/1/MHD"))
    return found
