"""The stream of public events over HTTP, for those who ask instead of being told."""

import time
from typing import Annotated, Any

import msgspec

from crosslane import organization
from crosslane.kernel import PAGE_ITEMS_MAX, decode_cursor
from crosslane.platform.web import Caller, get
from crosslane.publishing import errors
from crosslane.publishing.domain.catalogue import PUBLIC
from crosslane.publishing.domain.envelope import schema_of
from crosslane.publishing.rest.waiting import wait_beyond
from crosslane.publishing.service import reading
from crosslane.publishing.service.reading import EventPage

CONSUME = "publishing:consume"
WAIT_SECONDS_MAX = 20
LIMIT = 100

After = Annotated[str, msgspec.Meta(max_length=512)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE_ITEMS_MAX)]
Wait = Annotated[int, msgspec.Meta(ge=0, le=WAIT_SECONDS_MAX)]


class EventKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of public event.

    Args:
        name: its name.
        version: of its schema.
        summary: what has happened.
        channel: it tells which channel it concerns, so that it can be asked for by channel.
        withheld: fields of our own that it does not tell.
        dataschema: address of the schema of ``data``.
    """

    name: str
    version: int
    summary: str
    channel: bool
    withheld: tuple[str, ...]
    dataschema: str


@get(
    "/api/v1/events",
    permission=CONSUME,
    raises=(
        errors.UnknownEventKind,
        errors.UnknownCursor,
        errors.EventsForgotten,
        errors.EventsUndone,
        errors.TooManyWaiting,
        organization.UnknownChannel,
    ),
)
async def read_events(
    caller: Caller,
    after: After = "",
    kinds: list[str] = [],  # noqa: B006 - a default that is read only
    channels: list[str] = [],  # noqa: B006
    limit: Limit = LIMIT,
    wait: Wait = 0,
) -> EventPage:
    """Read public events in their order, from a cursor on.

    ``after`` is the ``next_cursor`` of the page before: keep it with what was read. Without it the
    stream begins at the oldest event kept (90 days); ``latest`` begins with what comes from now on.
    Nothing is left out and nothing comes twice, and the events of one subject come in their order.
    Where a cursor leads nowhere any more, 410 tells why, and from which cursor to go on.
    ``kinds`` are names or patterns such as ``orders.*``. ``wait`` is for how many seconds an empty
    answer is held back. Events appear a moment after they are recorded.
    """
    page = await _read(caller, after, kinds, channels, limit)
    until = time.monotonic() + wait
    # What others are told of moves the stream too.
    while not page.items and not page.more and (left := until - time.monotonic()) > 0:
        known = decode_cursor(page.next_cursor, int, int)
        await wait_beyond(caller, (known[0], known[1]), left)
        page = await _read(caller, page.next_cursor, kinds, channels, limit)
    return page


async def _read(
    caller: Caller, after: str, kinds: list[str], channels: list[str], limit: int
) -> EventPage:
    async with caller.read() as tx:
        return await reading.read(tx, after=after, kinds=kinds, channels=channels, limit=limit)


@get("/api/v1/event-kinds", permission=CONSUME)
async def list_event_kinds(caller: Caller) -> list[EventKind]:
    """List the kinds of public events."""
    del caller
    return [
        EventKind(
            name=kind.name,
            version=kind.version,
            summary=kind.summary,
            channel=bool(kind.channel_field),
            withheld=kind.withheld,
            dataschema=schema_of(kind.name, kind.version),
        )
        for kind in PUBLIC
    ]


ROUTES: list[Any] = [read_events, list_event_kinds]
