"""When a location works: hours, holidays, special days, closures, and what follows.

All functions take instants and answer in instants; hours are wall-clock time of the location's
zone. The minute a span ends is outside of it: a shop open 09:00-20:00 is closed at 20:00.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from crosslane.locations.errors import TimeOutOfRange
from crosslane.platform.calendar import public_holidays

MINUTES_PER_DAY = 24 * 60
# A location without an opening in this many days has none that a promise could use.
OPENING_SEARCH_DAYS_MAX = 400
YEAR_FIRST, YEAR_LAST = 1970, 2200

# From-to in minutes after midnight, 0 <= from < to <= 1440, in order and without overlap.
Spans = tuple[tuple[int, int], ...]


class Hours(Struct, frozen=True):
    """Opening hours.

    Args:
        week: spans of Monday to Sunday.
        holiday: spans on a public holiday of the location's nation; empty is closed.
        special: spans on single dates, stronger than both; empty is closed.
    """

    week: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
    holiday: Spans = ()
    special: Mapping[date, Spans] = {}


class Closure(Struct, frozen=True):
    """A temporary closure: from an instant until another one, or until further notice."""

    since: datetime
    until: datetime | None
    reason: str


class Timetable(Struct, frozen=True):
    """All that decides when a location works.

    Args:
        timezone: IANA name.
        country: ISO 3166 alpha-2, whose public holidays are kept.
        nation: part of the country with holidays of its own, such as SCT; "" for the whole.
        hours: opening hours.
        cut_off: minute of the day until which an order still leaves the same day, handling
            included; None stands for the day's last closing.
        handling_minutes: working time from an order's release to its being ready for pickup.
        closure: temporary closure, if any.
    """

    timezone: str
    country: str
    nation: str
    hours: Hours
    cut_off: int | None = None
    handling_minutes: int = 0
    closure: Closure | None = None

    def local_day(self, at: datetime) -> date:
        """Return the date there at an instant."""
        return at.astimezone(ZoneInfo(self.timezone)).date()


def require_usable(moment: datetime, *, pointer: str = "") -> datetime:
    """Return an instant for which calendars can be asked.

    Raises:
        TimeOutOfRange: it lies in another age.
    """
    if not YEAR_FIRST <= moment.year <= YEAR_LAST:
        raise TimeOutOfRange(pointer=pointer, first=YEAR_FIRST, last=YEAR_LAST)
    return moment


def spans_on(timetable: Timetable, day: date) -> Spans:
    """Return the planned spans of one local day; temporary closures are not looked at."""
    special = timetable.hours.special.get(day)
    if special is not None:
        return special
    if day in public_holidays(timetable.country, timetable.nation, day.year):
        return timetable.hours.holiday
    return timetable.hours.week[day.weekday()]


def openings(timetable: Timetable, after: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield from-to of every opening that ends after an instant, in order, closures cut out.

    The first one may have begun before ``after``. Stops OPENING_SEARCH_DAYS_MAX days on.
    """
    closure = timetable.closure
    if closure and closure.since <= after and closure.until and closure.until > after:
        after = closure.until
    first = timetable.local_day(after)
    for offset in range(OPENING_SEARCH_DAYS_MAX):
        for start, end in _openings_on(timetable, first + timedelta(days=offset)):
            if end > after:
                yield start, end


def open_at(timetable: Timetable, at: datetime) -> bool:
    """Say whether the location is open at an instant."""
    return any(start <= at < end for start, end in _openings_on(timetable, timetable.local_day(at)))


def next_opening(timetable: Timetable, at: datetime) -> datetime | None:
    """Return ``at`` itself while open, else the next opening; None when there is none in sight."""
    for start, _ in openings(timetable, at):
        return max(start, at)
    return None


def ready_at(timetable: Timetable, at: datetime) -> datetime | None:
    """Return when goods released at an instant can be collected; None when that is not in sight.

    Handling runs only while the location is open, and the result always lies within an opening:
    work that ends at closing time is ready at the next opening.
    """
    left = timedelta(minutes=timetable.handling_minutes)
    for start, end in openings(timetable, at):
        begin = max(start, at)
        if left < end - begin:
            return begin + left
        left -= end - begin
    return None


def dispatch_day(timetable: Timetable, at: datetime) -> date | None:
    """Return the local day on which goods released at an instant leave; None when not in sight.

    It is the same day when the location still works that day and its cut-off has not passed, else
    the next day on which it works at all.
    """
    today = timetable.local_day(at)
    for start, end in openings(timetable, at):
        day = timetable.local_day(start)
        if day > today or at <= _cut_off(timetable, today, end):
            return day
    return None


def last_dispatch(timetable: Timetable, day: date) -> datetime | None:
    """Return the last instant at which released goods leave on a local day; None when none do."""
    ends = [end for _, end in _openings_on(timetable, day)]
    if not ends:
        return None
    closing = max(ends)
    return min(closing - timedelta.resolution, _cut_off(timetable, day, closing))


def _openings_on(timetable: Timetable, day: date) -> Iterator[tuple[datetime, datetime]]:
    zone, closure = ZoneInfo(timetable.timezone), timetable.closure
    for first, last in spans_on(timetable, day):
        start, end = _instant(day, first, zone), _instant(day, last, zone)
        if closure is None:
            pieces = [(start, end)]
        else:
            pieces = [(start, min(end, closure.since))]
            if closure.until is not None:
                pieces.append((max(start, closure.until), end))
        # A span inside the hour that a clock change skips is empty too.
        yield from (piece for piece in pieces if piece[0] < piece[1])


def _cut_off(timetable: Timetable, day: date, closing: datetime) -> datetime:
    if timetable.cut_off is None:
        return closing
    return _instant(day, timetable.cut_off, ZoneInfo(timetable.timezone))


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock minute; by the old offset when skipped or doubled."""
    return (datetime.combine(day, time(), zone) + timedelta(minutes=minute)).astimezone(UTC)
