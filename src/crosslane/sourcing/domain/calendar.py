"""Days of dispatch and instants of arrival."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crosslane.locations import Timetable, dispatch_day

STRETCHES_MAX = 40


class DispatchDays:
    """Days of dispatch, remembered.

    The day only moves on as time does. So when two instants have the same day, every instant
    between them has it too, and the calendar need not be asked again.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Timetable, list[tuple[datetime, datetime, date]]]] = {}

    def of(self, timetable: Timetable, at: datetime) -> date | None:
        """Return the day on which goods released at an instant leave; None when not in sight."""
        kept, stretches = self._known.setdefault(id(timetable), (timetable, []))
        if kept is not timetable:  # its number was used again for another one
            stretches = []
            self._known[id(timetable)] = (timetable, stretches)
        for first, last, day in stretches:
            if first <= at <= last:
                return day
        day = dispatch_day(timetable, at)
        if day is not None:
            _remember(stretches, at, day)
        return day


def _remember(stretches: list[tuple[datetime, datetime, date]], at: datetime, day: date) -> None:
    for number, (first, last, known) in enumerate(stretches):
        if known == day:
            stretches[number] = (min(first, at), max(last, at), day)
            return
    if len(stretches) >= STRETCHES_MAX:
        del stretches[0]
    stretches.append((at, at, day))


def end_of(day: date, timezone: str) -> datetime:
    """Return the instant at which a local day ends."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)
