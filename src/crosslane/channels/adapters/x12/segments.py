"""Segments of a set, read element by element; what nobody has read is left over.

A place is the number of the segment as 997 counts it, ST being the first, and the name of the
element: ``/12/PO104``. A segment that nobody has read is left as a whole: ``/13/PKG``.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from crosslane.channels.adapters.amounts import MILLI, MINOR
from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi import instant, milli_of_one, whole_units
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.interchange import BLANKS, ISA_ELEMENTS, Cut, Way
from crosslane.kernel import Invalid, currency_exponent

VALUES_MAX = 20_000
IMPLIED_DECIMALS = 2
ELEMENTS_MAX = 200
ELEMENTS = [f"{n:02d}" for n in range(ELEMENTS_MAX + 1)]
ENVELOPES_KEPT_MAX = 16


class Segment(msgspec.Struct, eq=False):
    """A segment. Elements are counted from 1; what is read of them is taken out.

    Args:
        text: as received.
        number: in its set, from 1.
        between: what stands between its elements.
        tag: its first element.
        left: its elements less what was read, None as long as nobody has looked at them.
    """

    text: str
    number: int
    between: str
    tag: str
    left: list[str] | None = None

    @property
    def elements(self) -> list[str]:
        """The elements, the tag first."""
        found = self.left
        if found is None:
            found = self.left = self.text.split(self.between, ELEMENTS_MAX)
        return found

    def stay(self) -> None:
        """Be left as a whole, whatever was read of it: an answer has to say it again."""
        self.left = None

    def peek(self, n: int) -> str:
        """Return an element without having read it."""
        found = self.left or self.elements
        return found[n].strip() if n < len(found) else ""

    def take(self, n: int) -> str:
        """Return an element, "" when it is absent."""
        found = self.left or self.elements
        if n >= len(found):
            return ""
        text, found[n] = found[n], ""
        return text.strip()

    def within(self, most: int, n: int) -> str:
        """Return an element of at most so many characters; a longer one is left over."""
        found = self.left or self.elements
        return self.take(n) if n < len(found) and len(found[n]) <= most else ""

    def at(self, n: int) -> str:
        """Return the place of an element."""
        return f"/{self.number}/{self.tag}{n:02d}"

    def wrong(self, n: int, wanted: str) -> NotReadable:
        """Return the refusal of an element."""
        named = f"{self.tag}{n:02d}"
        return NotReadable(Fault("invalid-field", f"{named} is not {wanted}", self.at(n)))

    def needed(self, n: int) -> str:
        """Return an element that must be there."""
        found = self.take(n)
        if not found:
            named = f"{self.tag}{n:02d}"
            raise NotReadable(Fault("field-missing", f"{named} is missing", self.at(n)))
        return found

    def units(self, n: int, each: int = 1) -> int:
        """Return a number of units, as pieces where one is several."""
        found = self.left or self.elements
        text = found[n] if n < len(found) else ""
        if text.isdecimal() and len(text) < 10:
            found[n] = ""
            return int(text) * each
        try:
            return whole_units(self.needed(n), each)
        except ValueError as wanted:
            raise self.wrong(n, str(wanted)) from None

    def milli(self, n: int, currency: str) -> int | None:
        """Return a price in 1/1000 minor units, None when it is absent."""
        text = self.take(n)
        if not text:
            return None
        try:
            return MILLI[text, currency]
        except Invalid:
            raise self.wrong(n, f"a price in {currency}") from None

    def milli_each(self, n: int, currency: str, per: int, pieces: int) -> int | None:
        """Return what one piece costs in 1/1000 minor units, None when no price is told.

        Args:
            n: number of the element.
            currency: ISO 4217.
            per: how many pieces the price is for.
            pieces: how many are bought: what they cost must not change by the division.
        """
        milli = self.milli(n, currency)
        if milli is None or per == 1:
            return milli
        each = milli_of_one(milli, per, pieces)
        if each is None:
            raise self.wrong(n, f"a price of which a piece is a {per}th part")
        return each

    def minor(self, n: int, currency: str) -> int | None:
        """Return an amount with its decimals told, in minor units."""
        text = self.take(n)
        if not text:
            return None
        try:
            return MINOR[text, currency]
        except Invalid:
            raise self.wrong(n, f"an amount in {currency}") from None

    def implied(self, n: int, currency: str) -> int | None:
        """Return an amount whose last two digits are decimals, in minor units."""
        text = self.take(n)
        if not text:
            return None
        digits = text.removeprefix("-").removeprefix("+")
        if not digits.isdecimal() or len(digits) > 15:
            raise self.wrong(n, "an amount of which two digits are decimals")
        scale = 10 ** currency_exponent(currency)
        minor, left = divmod(int(text) * scale, 10**IMPLIED_DECIMALS)
        if left:
            raise self.wrong(n, f"an amount in {currency}")
        return minor


class Envelope:
    """What stands around a set.

    Args:
        cut: the set.
        zone: IANA zone of times.
    """

    def __init__(self, cut: Cut, zone: str) -> None:
        self.sender = cut.gs[2] if cut.gs else cut.isa[6]
        self.receiver = cut.gs[3] if cut.gs else cut.isa[8]
        self.group = cut.gs[6] if cut.gs else ""
        self.interchange = cut.isa[13]
        self.zone = zone
        self.is_test = cut.isa[15] == "T"
        self._cut = cut
        day, time = (cut.gs[4], cut.gs[5]) if cut.gs else (cut.isa[9], cut.isa[10])
        self.at = instant(day, time, zone)

    @property
    def answerable(self) -> dict[str, str]:
        """What an answer needs of it: who wrote to whom, how, and by which version.

        Secrets, times and numbers are left out: sent again in another, a set says the same.
        """
        return dict(_answerable(self._cut.way, tuple(self._cut.isa), tuple(self._cut.gs)))


@lru_cache(ENVELOPES_KEPT_MAX)
def _answerable(way: Way, isa: tuple[str, ...], gs: tuple[str, ...]) -> dict[str, str]:
    between, component, end = way
    around = ["" if n in (2, 4, 9, 10, 13) else text for n, text in enumerate(isa[:ISA_ELEMENTS])]
    group = ["" if n in (4, 5, 6) else text for n, text in enumerate(gs[:9])]
    return {"/ISA": between.join([*around, component + end]), "/GS": between.join(group)}


def segments_of(cut: Cut, *, counted: bool = True) -> list[Segment]:
    """Return the segments of a set.

    Args:
        cut: the set.
        counted: its own numbers must add up.

    Raises:
        NotReadable: its numbers do not add up.
    """
    between = cut.way.element
    texts = [text for raw in cut.body.split(cut.way.segment) if (text := raw.strip(BLANKS))]
    found = [
        Segment(text, n, between, text.partition(between)[0]) for n, text in enumerate(texts, 1)
    ]
    begin, end = found[0], found[-1]
    end.elements.extend([""] * 3)
    if not counted:
        return found
    count, control = end.take(1), end.take(2)
    if not count.isdecimal() or int(count[:9]) != len(found):
        detail = f"SE says {count[:40]} segments, there are {len(found)}"
        raise NotReadable(Fault("segment-count", detail, end.at(1)))
    if control != begin.peek(2):
        detail = f"SE names {control[:40]}, the set is {begin.peek(2)[:40]}"
        raise NotReadable(Fault("control-number", detail, end.at(2)))
    return found


def require_count(segments: Sequence[Segment], found: int, what: str, *others: int) -> None:
    """Refuse a set that does not have as many lines as its CTT says.

    Args:
        segments: of the set.
        found: how many there are.
        what: what is counted.
        others: how many partners find that count something else.
    """
    for one in reversed(segments):
        if one.tag == "CTT":
            count = one.take(1)
            if count and (not count.isdecimal() or int(count[:9]) not in (found, *others)):
                detail = f"CTT says {count[:40]} {what}, there are {found}"
                raise NotReadable(Fault("line-count", detail, one.at(1)))
            return


def left_of(segments: Sequence[Segment]) -> dict[str, str]:
    """Return what nobody has read of a set, by its place."""
    found: dict[str, str] = {}
    for one in segments:
        elements = one.left
        if elements is None:
            found[f"/{one.number}/{one.tag}"] = one.text
        elif any(elements[1:]):
            before = f"/{one.number}/{one.tag}"
            for n, text in enumerate(elements):
                if text and n and not text.isspace():
                    found[before + ELEMENTS[n]] = text
    if len(found) > VALUES_MAX:
        detail = f"More than {VALUES_MAX} values are not known"
        raise NotReadable(Fault("too-much", detail, "/1/ST"))
    return found
