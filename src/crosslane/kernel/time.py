"""Instants: always aware, always UTC inside, RFC 3339 at the edge. Nothing here reads a clock."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from crosslane.kernel.errors import Invalid

# Annotates an instant in a request: one without an offset is refused as it is read.
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

# Far beyond what a retailer records or plans, and away from the ends of the type: the very first
# and last instants are infinities to the database.
YEAR_MIN, YEAR_MAX = 1900, 2199


class BadInstant(Invalid):
    """The time {text} is not RFC 3339 with an offset, such as 2011-01-04T09:30:00Z."""


class InstantOutOfRange(Invalid):
    """The time {instant} is not between the years {first} and {last}."""


def require_instant(moment: datetime, *, pointer: str = "") -> datetime:
    """Return an instant that can be kept and computed with.

    Raises:
        BadInstant: it says no offset.
        InstantOutOfRange: it lies before YEAR_MIN or after YEAR_MAX.
    """
    if moment.tzinfo is None:
        raise BadInstant(pointer=pointer, text=moment.isoformat())
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise InstantOutOfRange(
            pointer=pointer, instant=moment.isoformat(), first=YEAR_MIN, last=YEAR_MAX
        )
    return moment


def parse_instant(text: str, *, pointer: str = "") -> datetime:
    """Read an RFC 3339 time as an aware UTC instant.

    Raises:
        BadInstant: the text is malformed or says no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInstant(pointer=pointer, text=text[:40]) from None
    if moment.tzinfo is None:
        raise BadInstant(pointer=pointer, text=text[:40])
    return moment.astimezone(UTC)


def format_instant(moment: datetime) -> str:
    """Write an aware instant as RFC 3339 in UTC, to the microsecond when it has one."""
    if moment.tzinfo is None:
        raise ValueError("an instant must be aware")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def minute_of(moment: datetime) -> int:
    """Return the whole minutes since 1970-01-01 UTC, the grain in which holds expire."""
    return int(moment.timestamp()) // 60
