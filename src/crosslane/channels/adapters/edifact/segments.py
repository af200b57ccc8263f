"""Segments of a message, read component by component; what nobody has read is left over.

A place is the number of the segment as CONTRL counts it, UNH being the first, the number of the
element, and that of the component in it: ``/12/QTY01.2``. In an element that is repeated those
after the first are ``/8/COM01*2.1``. A segment that nobody has read is left as a whole:
``/13/FTX``.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from crosslane.channels.adapters.branches import NotReadable, in_utc
from crosslane.channels.adapters.edi import instant, milli_of_one, whole_units
from crosslane.channels.adapters.edi_stream import BLANKS, cut_at
from crosslane.channels.adapters.edifact.interchange import Cut, Way
from crosslane.channels.adapters.port import Fault
from crosslane.kernel import Invalid, milli_price, parse_minor

VALUES_MAX = 20_000
TAG_CHARACTERS = 3
PRICES_KEPT_MAX = 10_000
# Offsets of CCYYMMDDHHMM with a zone, as far as they are told by a number or are universal time.
ZONED = re.compile(r"(\d{12}|\d{14})(?:(?P<utc>Z|UTC|GMT)|(?P<sign>[+-])(?P<h>\d\d):?(?P<m>\d\d)?)")
LENGTHS = {"101": 6, "102": 8, "201": 10, "202": 12, "203": 12, "204": 14}
ZONES = ("205", "303", "304")
_SMALL_CODE = re.compile(r"(?<![^\W_])(?<!\s)[a-z]{1,3}(?![\w\s])")
PERIODS = {"717": 6, "718": 8, "719": 12}


class Segment(msgspec.Struct, eq=False):
    """A segment. Elements and components are counted from 1; what is read of them is taken out.

    Args:
        text: as received, without what ends it.
        number: in its message, from 1.
        way: how it is written.
        tag: its name.
        left: elements less what was read, None as long as nobody has looked at them; the components
            of each, those of repetitions after the first in ``again`` by element and repetition.
    """

    text: str
    number: int
    way: Way
    tag: str
    left: list[list[str]] | None = None
    again: dict[tuple[int, int], list[str]] = {}

    @property
    def elements(self) -> list[list[str]]:
        """The elements, the tag first."""
        if self.left is None:
            self.left, again = _elements(self.text, self.way)
            if again:
                self.again = again
        return self.left

    def without(self, n: int) -> str:
        """Return the segment as received, without an element."""
        told = cut_at(self.text, self.way.element, self.way.release)
        return self.way.element.join("" if place == n else one for place, one in enumerate(told))

    def stay(self) -> None:
        """Be left as a whole, whatever was read of it: an answer has to say it again."""
        self.left = None

    def peek(self, n: int, part: int = 1) -> str:
        """Return a component without having read it, "" when it is absent."""
        found = self.elements
        if n < len(found) and part <= len(found[n]):
            return found[n][part - 1].strip()
        return ""

    def take(self, n: int, part: int = 1) -> str:
        """Return a component, "" when it is absent."""
        text = self.peek(n, part)
        if text:
            self.elements[n][part - 1] = ""
        return text

    def words(self, n: int, first: int, most: int, *, last: int | None = None) -> str:
        """Return the texts of some components of an element, if they have no more characters."""
        count = len(self.elements[n]) if n < len(self.elements) else 0
        parts = range(first, min(count, last or count) + 1)
        said = " ".join(text for part in parts if (text := self.peek(n, part)))
        if not said or len(said) > most:
            return ""
        for part in parts:
            self.take(n, part)
        return said

    def at(self, n: int, part: int = 1) -> str:
        """Return the place of a component."""
        return f"/{self.number}/{self.tag}{n:02d}.{part}"

    def wrong(self, n: int, part: int, wanted: str) -> NotReadable:
        """Return the refusal of a component."""
        named = f"{self.tag}{n:02d}.{part}"
        return NotReadable(Fault("invalid-field", f"{named} is not {wanted}", self.at(n, part)))

    def needed(self, n: int, part: int = 1) -> str:
        """Return a component that must be there."""
        found = self.take(n, part)
        if not found:
            named = f"{self.tag}{n:02d}.{part}"
            raise NotReadable(Fault("field-missing", f"{named} is missing", self.at(n, part)))
        return found

    def units(self, n: int, part: int = 1, each: int = 1) -> int:
        """Return a number of units, as pieces where one is several."""
        try:
            return whole_units(_pointed(self.needed(n, part)), each)
        except ValueError as wanted:
            raise self.wrong(n, part, str(wanted)) from None

    def milli_each(self, n: int, part: int, currency: str, per: int, pieces: int) -> int:
        """Return what one piece costs in 1/1000 minor units.

        Args:
            n: element of the price.
            part: component of it.
            currency: ISO 4217.
            per: how many pieces the price is for.
            pieces: how many are bought: what they cost must not change by the division.
        """
        try:
            milli = _priced(_pointed(self.needed(n, part)), currency)
        except Invalid:
            raise self.wrong(n, part, f"a price in {currency}") from None
        if milli < 0:
            raise self.wrong(n, part, "at least nothing")
        each = milli if per == 1 else milli_of_one(milli, per, pieces)
        if each is None:
            raise self.wrong(n, part, f"a price of which a piece is a {per}th part")
        return each

    def minor(self, n: int, part: int, currency: str) -> int:
        """Return an amount in minor units."""
        try:
            return parse_minor(_pointed(self.needed(n, part)), currency)
        except Invalid:
            raise self.wrong(n, part, f"an amount in {currency}") from None

    def instant(self, zone: str) -> datetime | None:
        """Return what DTM says, None when it is no instant we know; of a period the last day."""
        found = moment(self.peek(1, 2), self.peek(1, 3), zone)
        if found is not None:
            for part in (1, 2, 3):
                self.take(1, part)
        return found


# The same prices come again and again.
_priced = lru_cache(PRICES_KEPT_MAX)(milli_price)


def _pointed(text: str) -> str:
    """Return a number with a point before its decimals: either mark may stand there."""
    if text.count(",") + text.count(".") > 1 or "E" in text.upper():
        return "none"
    return text.replace(",", ".")


def _elements(text: str, way: Way) -> tuple[list[list[str]], dict[tuple[int, int], list[str]]]:
    if text[:3].islower():
        # Who writes tags in small letters writes codes so.
        text = _SMALL_CODE.sub(lambda one: one[0].upper(), text)
    release, found = way.release, list[list[str]]()
    again: dict[tuple[int, int], list[str]] = {}
    for n, element in enumerate(cut_at(text, way.element, release)):
        first = element
        if n and way.repetition and way.repetition in element:
            first, *others = cut_at(element, way.repetition, release)
            for which, other in enumerate(others, 2):
                again[n, which] = _components(other, way)
        found.append(_components(first, way))
    return found, again


def _components(text: str, way: Way) -> list[str]:
    found = cut_at(text, way.component, way.release)
    if way.release and way.release in text:
        return [_released(way.release).sub(r"\1", one) for one in found]
    return found


@lru_cache(16)
def _released(release: str) -> re.Pattern[str]:
    return re.compile(re.escape(release) + "(.?)", re.S)


@lru_cache(1_000)
def moment(text: str, form: str, zone: str) -> datetime | None:
    """Read a date, time or period as DTM writes it (element 2379), None when it is none.

    Args:
        text: what is written.
        form: code of how it is written, "" when that is left open.
        zone: IANA zone of times that name none.
    """
    if form in PERIODS:
        length = PERIODS[form]
        digits = text.replace("-", "")
        text, form = (digits[length:], "") if len(digits) == 2 * length else ("", form)
    if form in ZONES:
        return _zoned(text)
    if form and len(text) != LENGTHS.get(form):
        return None
    # YYMMDDHHMM and YYMMDDHHMMSS have no century, so that their day is shorter.
    length = 6 if form in ("101", "201", "202") or (not form and len(text) in (6, 10)) else 8
    return instant(text[:length], text[length:], zone)


def _zoned(text: str) -> datetime | None:
    found = ZONED.fullmatch(text)
    at = instant(found[1][:8], found[1][8:], "UTC") if found else None
    if found is None or at is None or found["utc"]:
        return at
    ahead = timedelta(hours=int(found["h"]), minutes=int(found["m"] or 0))
    try:
        return in_utc(at - ahead if found["sign"] == "+" else at + ahead)
    except (ValueError, OverflowError):
        return None


class Envelope:
    """What stands around a message.

    Args:
        cut: the message.
        zone: IANA zone of times.
    """

    def __init__(self, cut: Cut, zone: str) -> None:
        parts = [_components(text, cut.way) for text in cut.unb]
        unb = [*parts, *([""] for _ in range(12 - len(parts)))]
        self.sender, self.receiver = unb[2][0].strip(), unb[3][0].strip()
        self.interchange = unb[5][0].strip()
        self.group = cut.ung[5] if cut.ung else ""
        self.is_test = unb[11][0].strip() == "1"
        self.zone = zone
        day, time = (*unb[4], "")[:2]
        self.at = instant(day.strip(), time.strip(), zone)
        self._cut = cut

    @property
    def answerable(self) -> dict[str, str]:
        """What an answer needs of it: who wrote to whom, and how.

        Secrets, times and numbers are left out: sent again in another, a message says the same.
        """
        between = self._cut.way.element
        around = ["" if n in (4, 5, 6) else text for n, text in enumerate(self._cut.unb)]
        found = {
            "/UNA": "UNA" + "".join(mark or " " for mark in self._cut.way),
            "/UNB": between.join(around),
        }
        if self._cut.ung:
            group = ["" if n in (4, 5, 8) else text for n, text in enumerate(self._cut.ung)]
            found["/UNG"] = between.join(group)
        return found


def segments_of(cut: Cut, *, counted: bool = True) -> list[Segment]:
    """Return the segments of a message.

    Args:
        cut: the message.
        counted: its own numbers must add up.

    Raises:
        NotReadable: its numbers do not add up.
    """
    way = cut.way
    found: list[Segment] = []
    for raw in cut_at(cut.body, way.segment, way.release):
        if text := raw.strip(BLANKS):
            tag = text.partition(way.element)[0].partition(way.component)[0].strip().upper()
            found.append(Segment(text, len(found) + 1, way, tag))
    begin, end = found[0], found[-1]
    if not counted:
        return found
    count, control = end.take(1), end.take(2)
    if not count.isdecimal() or int(count[:9]) != len(found):
        detail = f"UNT says {count[:40]} segments, there are {len(found)}"
        raise NotReadable(Fault("segment-count", detail, end.at(1)))
    if control != begin.peek(1):
        detail = f"UNT names {control[:40]}, the message is {begin.peek(1)[:40]}"
        raise NotReadable(Fault("control-number", detail, end.at(2)))
    return found


def require_count(segments: Sequence[Segment], found: int) -> None:
    """Refuse a message that does not have as many lines as its CNT says."""
    for one in segments:
        if one.tag == "CNT" and one.peek(1) == "2":
            one.take(1)
            count = one.take(1, 2)
            if not count.isdecimal() or int(count[:9]) != found:
                detail = f"CNT says {count[:40]} lines, there are {found}"
                raise NotReadable(Fault("line-count", detail, one.at(1, 2)))


def left_of(segments: Sequence[Segment]) -> dict[str, str]:
    """Return what nobody has read of a message, by its place."""
    found: dict[str, str] = {}
    for one in segments:
        if one.left is None:
            found[f"/{one.number}/{one.tag[:TAG_CHARACTERS]}"] = one.text
            continue
        for n, components in enumerate(one.left[1:], 1):
            for part, text in enumerate(components, 1):
                if text.strip():
                    found[one.at(n, part)] = text
        for (n, which), components in one.again.items():
            for part, text in enumerate(components, 1):
                if text.strip():
                    found[f"/{one.number}/{one.tag}{n:02d}*{which}.{part}"] = text
    if len(found) > VALUES_MAX:
        detail = f"More than {VALUES_MAX} values are not known"
        raise NotReadable(Fault("too-much", detail, "/1/UNH"))
    return found
