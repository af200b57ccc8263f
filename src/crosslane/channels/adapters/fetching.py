"""What every fetcher is: how a family asks its channels what has happened since it asked last.

A fetcher is a generator like a teller: it yields calls and is given answers, and in the end returns
a page: records as the family reads them from files, and the cursor from which to go on. It knows no
clock, no network and no database::

    def orders(cursor, talk):
        answer = yield json_call("GET", f"orders?since={cursor or talk.setting('since')}")
        told = answer.document()
        return Page(records=[encode(one) for one in told["orders"]], cursor=told["now"])

Records and cursor are saved together, so a page that nobody can say was taken is fetched again from
the same cursor. What comes twice is known by its version, so a fetcher rather overlaps than leaves
a gap. :class:`~crosslane.channels.adapters.telling.Busy`, ``Later`` and ``Refused`` are raised as
by tellers.
"""

from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps

import msgspec

from crosslane.channels.adapters.branches import instant_of
from crosslane.channels.adapters.telling import Answer, Call, Document, Later, Rate, Talk

FIRST_HOURS = 24
SINCE = "since"
"""Setting of a connection: from when on it is fetched from for the first time."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What was fetched.

    Args:
        records: each as the family reads one from a file.
        cursor: from where to go on, in the fetcher's own words.
        more: there is more to be had at once.
    """

    records: Sequence[bytes] = ()
    cursor: str
    more: bool = False


Fetch = Callable[[str, Talk], Generator[Call | Document, Answer, Page]]


class Fetching(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How a family fetches.

    Args:
        fetch: makes calls from a cursor, "" for the first time.
        every_seconds: how long after the last page it is asked again.
        rate: how fast it may call, None when nobody says.
        note: what is fetched, for the table of what a family can.
    """

    fetch: Fetch
    every_seconds: float = 300.0
    rate: Rate | None = None
    note: str = ""


def wary_of_pages(fetch: Fetch) -> Fetch:
    """Return a fetcher to which an answer of another shape than documented is one to ask for again.

    As :func:`~crosslane.channels.adapters.telling.wary` for tellers.

    Args:
        fetch: raises LookupError, TypeError, ValueError or AttributeError at such an answer.
    """

    @wraps(fetch)
    def fetched(cursor: str, talk: Talk) -> Generator[Call | Document, Answer, Page]:
        try:
            return (yield from fetch(cursor, talk))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Later("An answer is not of the shape that is documented") from error

    return fetched


def first_instant(talk: Talk) -> datetime:
    """Return from when on a channel is asked for the first time: as its connection says, or a day.

    Raises:
        Later: the connection says no instant.
    """
    if not (since := talk.settings.get(SINCE)):
        return talk.now - timedelta(hours=FIRST_HOURS)
    try:
        found = instant_of(since, "UTC")
    except ValueError:
        found = None
    if found is None:
        raise Later(f"The setting since is no instant: {since[:40]}")
    return found


def instant_text(at: datetime) -> str:
    """Return an instant as ISO 8601 writes it in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def one_line(record: bytes) -> bytes:
    """Return a record of JSON as one line, whatever blanks were written between its parts."""
    return record.replace(b"\r", b" ").replace(b"\n", b" ")
