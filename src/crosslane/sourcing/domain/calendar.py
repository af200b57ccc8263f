"""Days of dispatch and instants of arrival."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from crosslane.locations import Timetable, dispatch_day, last_dispatch, openings, ready_at

STRETCHES_MAX = 40
ENDS_REMEMBERED_MAX = 4_096
# A thousand stores, each today and on some days on which goods are brought there.
OPENINGS_REMEMBERED_MAX = 16_384


class DispatchDays:
    """Days of dispatch, and openings in which goods are made ready, remembered.

    The day only moves on as time does. So every instant from one that was asked for until the last
    one of its day has the same day, and the calendar need not be asked again. Likewise every
    instant until an opening ends has that opening before it.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Stretches] = {}
        # By day too: goods are fetched where they lie today, and brought to the same stores later.
        self._openings: dict[tuple[int, date], _Openings] = {}

    def ready(self, timetable: Timetable, at: datetime) -> datetime | None:
        """Return when goods released at an instant can be collected; None when not in sight."""
        key = id(timetable), at.date()
        known = self._openings.get(key)
        if known is None or known.timetable is not timetable or not known.since <= at < known.end:
            known = _openings_from(timetable, at)
            if known is None:
                return None
            if len(self._openings) >= OPENINGS_REMEMBERED_MAX:
                self._openings.clear()
            self._openings[key] = known
        left = known.work
        for start, end in known.spans:
            begin = max(start, at)
            if left < end - begin:
                return begin + left
            left -= end - begin
        return ready_at(timetable, at)

    def of(self, timetable: Timetable, at: datetime) -> date | None:
        """Return the day on which goods released at an instant leave; None when not in sight."""
        known = self._known.get(id(timetable))
        if known is None or known.timetable is not timetable:  # its number was used again
            known = self._known[id(timetable)] = _Stretches(timetable)
        return known.day(at)


class _Openings(NamedTuple):
    """Openings in which goods are made ready that are released between two instants.

    The first of ``spans`` is the first to end after any instant from ``since`` on until its
    ``end``; those after it may be needed as well.
    """

    timetable: Timetable
    since: datetime
    end: datetime
    spans: Sequence[tuple[datetime, datetime]]
    work: timedelta


def _openings_from(timetable: Timetable, at: datetime) -> _Openings | None:
    """Return the first opening to end after an instant and those that follow; None without one."""
    work = left = timedelta(minutes=timetable.handling_minutes)
    spans: list[tuple[datetime, datetime]] = []
    for start, end in openings(timetable, at):
        spans.append((start, end))
        if len(spans) == 1 and work:
            continue  # nothing of the first may be left
        if left < end - start:
            break
        left -= end - start
    return _Openings(timetable, at, spans[0][1], spans, work) if spans else None


class _Stretches:
    """Stretches of time in which goods leave on the same day, by one timetable, in order."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable
        self._firsts: list[datetime] = []
        self._lasts: list[datetime] = []
        self._days: list[date] = []

    def day(self, at: datetime) -> date | None:
        place = bisect_right(self._firsts, at) - 1
        if place >= 0 and at <= self._lasts[place]:
            return self._days[place]
        day = dispatch_day(self.timetable, at)
        if day is not None:
            self._remember(place + 1, at, day)
        return day

    def _remember(self, place: int, at: datetime, day: date) -> None:
        """Let the stretch at a place begin at an instant, or begin one there."""
        if place < len(self._days) and self._days[place] == day:
            self._firsts[place] = at
            return
        self._firsts.insert(place, at)
        self._lasts.insert(place, last_dispatch(self.timetable, day) or at)
        self._days.insert(place, day)
        if len(self._days) > STRETCHES_MAX:
            del self._firsts[0], self._lasts[0], self._days[0]


class DaysAt:
    """The days on which goods released at one instant leave, each timetable asked once."""

    def __init__(self, days: DispatchDays, at: datetime) -> None:
        self._days = days
        self._at = at
        self._known: dict[int, date | None] = {}

    def of(self, timetable: Timetable) -> date | None:
        """Return the day by a timetable, which must outlive this object; None when not in sight."""
        try:
            return self._known[id(timetable)]
        except KeyError:
            day = self._known[id(timetable)] = self._days.of(timetable, self._at)
            return day


@lru_cache(maxsize=ENDS_REMEMBERED_MAX)
def end_of(day: date, timezone: str) -> datetime:
    """Return the instant at which a local day ends."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)
