"""What interchanges of all kinds have alike: reading them, instants, units, prices of packs."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from crosslane.channels.adapters.branches import NotReadable, in_utc
from crosslane.channels.adapters.counting import RULE
from crosslane.channels.adapters.family import Context, Reading, as_text, checked_text
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.reports import CONTROL_MAX, PLACE_MAX, Judged, Verdict
from crosslane.kernel import MILLI_PER_MINOR, line_amount, rounded_ratio

UNITS_MAX = 10**9
INSTANTS_KEPT_MAX = 1_000
# What a connection may say of numbers that its partner counts wrongly.
COUNTS = {
    "counts": "ignored: what trailers count and name may be wrong; that something is missing is"
    " seen then only where an end is"
}
MISCOUNTED = frozenset(("segment-count", "control-count", "control-number"))
# The part of a split order whose lines name no place, where nobody has a name for it.
OWN = "*"


class Record(Protocol):
    """What is cut out of a stream."""

    @property
    def body(self) -> str:
        """Its text."""

    @property
    def head(self) -> str:
        """What stands around it before it, as received."""

    @property
    def tail(self) -> str:
        """What must follow it."""

    @property
    def fault(self) -> Fault | None:
        """Why it cannot be read."""


Cut = TypeVar("Cut", bound=Record)


def ignores_counts(context: Context) -> bool:
    """Whether numbers are left alone that do not add up."""
    return context.settings.get("counts", "").strip() == "ignored"


def readings(
    cuts: Iterator[Cut],
    ahead: Callable[[], str],
    understand: Callable[[Cut], tuple[Message, ...]],
    context: Context,
) -> Iterator[Reading]:
    """Read record by record; what is read is forgotten.

    Args:
        cuts: records in their order; raise NotReadable at what is no interchange.
        ahead: the beginning of what was not cut yet.
        understand: what a record says; raises NotReadable.
        context: where they come from.
    """
    if ignores_counts(context):
        cuts = (cut for cut in cuts if cut.fault is None or cut.fault.code not in MISCOUNTED)
    place = 0
    while True:
        place += 1
        try:
            cut = next(cuts, None)
        except NotReadable as refused:
            # What follows whole interchanges; of a body that is none all is kept anyway.
            body = _kept(ahead()) if place > 1 else ""
            yield Reading(place=place, body=body, fault=refused.fault)
            return
        if cut is None:
            return
        fault = cut.fault
        messages: tuple[Message, ...] = ()
        if fault is None:
            try:
                messages = understand(cut)
            except NotReadable as refused:
                fault = refused.fault
        yield Reading(
            place=place,
            body=_kept(cut.body),
            head=cut.head,
            tail=cut.tail,
            messages=messages,
            fault=fault,
        )


def _kept(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    return as_text(text.encode("utf-8", "replace"))


def complete(
    said: tuple[Message, ...], left: dict[str, str], nothing: Fault
) -> tuple[Message, ...]:
    """Return what a record says, held to its limits; the first message keeps what nobody has read.

    Args:
        said: by the record.
        left: what nobody has read of it, by its place.
        nothing: what is wrong with a record that says nothing.

    Raises:
        NotReadable: it says nothing, or more than can be kept.
    """
    if not said:
        raise NotReadable(nothing)
    first, *others = said
    first = msgspec.structs.replace(first, rest=first.rest | left)
    return tuple(map(checked_text, (first, *others)))


@lru_cache(INSTANTS_KEPT_MAX)
def instant(day: str, time: str, zone: str) -> datetime | None:
    """Read a day and a time as interchanges write them, None when they are none.

    Args:
        day: YYMMDD or CCYYMMDD.
        time: HHMM, HHMMSS or finer, "" for midnight.
        zone: IANA zone.
    """
    if len(day) == 6 and day.isdecimal():
        # Of a century that is not told the year is the one that is nearest to the standard's age.
        day = ("19" if day[:2] >= "70" else "20") + day
    if not (len(day) == 8 and day.isdecimal() and (not time or time.isdecimal())):
        return None
    time = (time + "000000")[:6]
    try:
        found = datetime.strptime(day + time, "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone follows
        return in_utc(found.replace(tzinfo=ZoneInfo(zone)))
    except ValueError:
        return None


def whole_units(text: str, each: int = 1) -> int:
    """Read a number of units; half a unit of two pieces is one piece.

    Args:
        text: of it.
        each: pieces of stock that a unit is.

    Raises:
        ValueError: it is none; says what it should be.
    """
    if text.isdecimal() and len(text) < 10:
        return int(text) * each
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number") from None
    if not number.is_finite() or abs(number) > UNITS_MAX:
        raise ValueError("a number of units")
    pieces = number * each
    if pieces != pieces.to_integral_value():
        how = f"{each} to the unit" if each > 1 else f"and {RULE} names no smaller ones"
        raise ValueError(f"a whole number of pieces, {how}")
    return int(pieces)


def milli_of_one(milli: int, per: int, pieces: int) -> int | None:
    """Return what one piece costs, None when what is bought would cost something else by that.

    Args:
        milli: what so many pieces cost, 1/1000 minor unit.
        per: how many.
        pieces: how many are bought.
    """
    each = rounded_ratio(milli, 1, per)
    whole = rounded_ratio(milli * pieces, 1, per * MILLI_PER_MINOR)
    return each if each * per == milli or line_amount(each, pieces) == whole else None


def judged(number: str, place: str, verdict: Verdict) -> Judged | None:
    """Return what a partner makes of something we have sent, None under a number that is not ours.

    Args:
        number: control number of what is answered.
        place: of one message in it, as ours are numbered in their interchange; "" for all of it.
        verdict: what is made of it.
    """
    if not number.isdecimal() or int(number) > CONTROL_MAX:
        return None
    if not place:
        return Judged(number=int(number), verdict=verdict)
    if not place.isdecimal() or not 1 <= int(place) <= PLACE_MAX:
        return None
    return Judged(number=int(number), place=int(place), verdict=verdict)
