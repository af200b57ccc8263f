"""What interchanges of all kinds tell alike: instants, numbers of units, prices of packs."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from crosslane.kernel import MILLI_PER_MINOR, line_amount, rounded_ratio

UNITS_MAX = 10**9
INSTANTS_KEPT_MAX = 1_000
# The part of a split order whose lines name no place, where nobody has a name for it.
OWN = "*"


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
        return found.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole_units(text: str) -> int:
    """Read a number of units.

    Raises:
        ValueError: it is none; says what it should be.
    """
    if text.isdecimal() and len(text) < 10:
        return int(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number") from None
    if not number.is_finite() or abs(number) > UNITS_MAX:
        raise ValueError("a number of units")
    if number != number.to_integral_value():
        raise ValueError("a whole number of units")
    return int(number)


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
