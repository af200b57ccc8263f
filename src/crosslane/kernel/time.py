"""Instants: always aware, always UTC inside, RFC 3339 at the edge. Nothing here reads a clock."""

from datetime import UTC, datetime

from crosslane.kernel.errors import Invalid


class BadInstant(Invalid):
    """The time {text} is not RFC 3339 with an offset, such as 2011-01-04T09:30:00Z."""


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
