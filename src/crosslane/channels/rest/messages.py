"""Messages over HTTP: in, what became of them, trying again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request

from crosslane import locations, organization
from crosslane.channels import errors
from crosslane.channels.adapters import CSV, FAMILIES, JSON, LINES, WORKBOOKS, Package
from crosslane.channels.adapters.port import BODY_BYTES_MAX
from crosslane.channels.service import reading
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.connecting import connection_of
from crosslane.channels.service.declining import DECLINE, Decline, Declined
from crosslane.channels.service.intake import RECEIVE, Receive, Received, read_aside, stores_of
from crosslane.channels.service.mapping import mapping_of
from crosslane.channels.service.previewing import Preview, look_at, previewed
from crosslane.channels.service.reading import BatchView, MessageView
from crosslane.channels.service.replaying import REPLAY, Replay, Replayed
from crosslane.channels.storage.messages import State
from crosslane.kernel import Page
from crosslane.platform.web import Caller, Document, OtherLocation, Paging, get, post

INSTEAD = "lay it into the channel's folder (POST /api/v1/channels/{code}/files), or send parts"

Name = Annotated[str, msgspec.Meta(max_length=64)]
FileName = Annotated[str, msgspec.Meta(max_length=200)]


# What a body is refused with that is nothing of its format, or that nobody knows how to read.
UNREADABLE = (
    organization.UnknownChannel,
    errors.UnknownFormat,
    errors.WrongMediaType,
    errors.UnknownEncoding,
    errors.UnknownDelimiter,
    errors.NotText,
    errors.NothingSent,
    errors.TooManyRecords,
    errors.TextTooLarge,
    errors.BatchMalformed,
    errors.NoSuchMapping,
    errors.MappingUnusable,
    errors.ColumnMissing,
    errors.ColumnUnknown,
    OtherLocation,
)
EXAMPLE = (
    '{"type": "order", "source_id": "MP-1001", "event_at": "2030-01-04T12:00:00Z",'
    ' "buyer": {"name": "Ada Brown", "email": "ada.brown@example.com"},'
    ' "ship_to": {"name": "Ada Brown", "lines": ["12 High Street"], "city": "Oxford",'
    ' "postcode": "OX1 4AA", "country": "GB"},'
    ' "lines": [{"sku": "MUG-1", "quantity": 2, "unit_price_milli": 600000}]}'
)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How a body was sent."""

    format: str
    encoding: str
    delimiter: str
    mapping: str
    file_name: str


async def _read(caller: Caller, request: Request, code: str, data: bytes, sent: Sent) -> Receive:
    """Take a body apart, as far as the caller may speak for what it says.

    Raises:
        Refusal: it is nothing of its format, or of a store that is not the caller's.
    """
    async with caller.read() as tx:
        channel = (await organization.book(tx)).channel(code, pointer="/code")
        network = await locations.network(tx)
        meant = await mapping_of(tx, code, sent.mapping)
        agreed = await agreed_with(tx, channel, sent.format)
        received_at = tx.now
    wish = await read_aside(
        data,
        media_type=request.headers["content-type"].partition(";")[0].strip().lower(),
        channel=channel,
        agreed=agreed,
        format=sent.format,
        received_at=received_at,
        encoding=sent.encoding,
        delimiter=sent.delimiter,
        mapping=meant,
        file_name=sent.file_name,
        headers=request.headers,
    )
    if caller.actor.location_id is not None:
        for store in stores_of(wish):
            place = network.by_code.get(store)
            caller.require_location(place and place.id)
    return wish


@post(
    "/api/v1/channels/{code}/messages",
    permission="channels:submit",
    command=RECEIVE,
    status=202,
    consumes=LINES,
    also_consumes=(CSV, JSON, *WORKBOOKS),
    body_bytes_max=BODY_BYTES_MAX,
    instead=INSTEAD,
    raises=UNREADABLE,
    example=EXAMPLE,
)
async def receive_messages(
    caller: Caller,
    request: Request,
    code: str,
    data: bytes,
    format: Name,
    encoding: Name = "",
    delimiter: Name = "comma",
    mapping: Name = "",
    file_name: FileName = "",
) -> Received:
    """Take in what a channel says: a file of orders, a till's batch, supply.

    Every record is kept as it was received and applied in the background; the batch tells how far.
    A record that cannot be taken stops no other. A record that was sent before changes nothing.
    ``application/json`` is one message, however many lines it has. A key that acts for one
    location sends the batches of its tills and nothing else.
    """
    sent = Sent(
        format=format,
        encoding=encoding,
        delimiter=delimiter,
        mapping=mapping,
        file_name=file_name,
    )
    return await caller.submit(RECEIVE, await _read(caller, request, code, data, sent))


@post(
    "/api/v1/channels/{code}/previews",
    permission="channels:submit",
    command=RECEIVE,
    key_required=False,
    status=200,
    consumes=LINES,
    also_consumes=(CSV, JSON, *WORKBOOKS),
    body_bytes_max=BODY_BYTES_MAX,
    instead=INSTEAD,
    raises=UNREADABLE,
    example=EXAMPLE,
)
async def preview_messages(
    caller: Caller,
    request: Request,
    code: str,
    data: bytes,
    format: Name,
    encoding: Name = "",
    delimiter: Name = "comma",
    mapping: Name = "",
    file_name: FileName = "",
) -> Preview:
    """Show what would become of what a channel says, without taking it in.

    Of each message it tells what was understood, in our words, or why it would be quarantined and
    where in its record that is; those that would be quarantined come first, at most 100 of either.
    What was sent before is told as ``repeated``. Whether an understood message can be applied is
    seen only when it is.
    """
    sent = Sent(
        format=format,
        encoding=encoding,
        delimiter=delimiter,
        mapping=mapping,
        file_name=file_name,
    )
    wish = await _read(caller, request, code, data, sent)
    async with caller.read() as tx:
        connection = await connection_of(tx, code)
    tried = await caller.preview(RECEIVE, wish, look_at(code))
    return previewed(wish, tried.outcome, tried.after, connection)


class FormatView(msgspec.Struct, frozen=True, kw_only=True):
    """A format that channels may speak.

    Args:
        media_types: in which it is sent.
        brings: kinds of messages it can bring.
        package: distribution it comes from, with its version; "" for one of the house.
        problem: why it cannot be used, "" when it can.
    """

    name: str
    media_types: list[str]
    brings: list[str]
    package: str = ""
    problem: str = ""


@get("/api/v1/channel-formats", permission="channels:read")
async def list_formats(caller: Caller) -> list[FormatView]:
    """List the formats that channels may speak, and what each can say.

    Those of installed packages are among them; one that cannot be used says why.
    """
    del caller
    known = {one.family: one for one in FAMILIES.packages if not one.problem}
    return [
        FormatView(
            name=family.name,
            media_types=list(family.media_types),
            brings=sorted(family.brings),
            package=_called(known.get(family.name)),
        )
        for family in FAMILIES.values()
    ] + [
        FormatView(
            name=one.family, media_types=[], brings=[], package=_called(one), problem=one.problem
        )
        for one in FAMILIES.packages
        if one.problem
    ]


def _called(package: Package | None) -> str:
    return f"{package.package} {package.version}".strip() if package else ""


@get("/api/v1/channel-batches", permission="channels:read")
async def list_batches(
    caller: Caller, paging: Paging, channel: Name | None = None
) -> Page[BatchView]:
    """List what was sent at once, with its messages by state, the latest first."""
    async with caller.read() as tx:
        found = await reading.list_batches(
            tx, channel=channel, before=paging.after(datetime, UUID), limit=paging.limit + 1
        )
    return paging.page(found, key=lambda batch: (batch.received_at, batch.id))


@get(
    "/api/v1/channel-batches/{batch_id}",
    permission="channels:read",
    raises=(errors.NoSuchBatch,),
)
async def show_batch(caller: Caller, batch_id: UUID) -> BatchView:
    """Show what was sent at once, and how many of its messages are in which state."""
    async with caller.read() as tx:
        return await reading.batch(tx, batch_id)


@get(
    "/api/v1/channel-batches/{batch_id}/raw",
    permission="channels:raw",
    raises=(errors.NoSuchBatch, errors.RawGone, OtherLocation),
    produces="text/plain; charset=utf-8",
)
async def show_raw_batch(caller: Caller, batch_id: UUID) -> Document:
    """Show what was received, record by record; rows of one order stand together."""
    caller.require_unbound()
    async with caller.read() as tx:
        text = await reading.raw_batch(tx, batch_id)
    return Document(content=text.encode(), media_type="text/plain; charset=utf-8")


@get("/api/v1/channel-messages", permission="channels:read", raises=(OtherLocation,))
async def list_messages(
    caller: Caller,
    paging: Paging,
    channel: Name | None = None,
    state: State | None = None,
    code: Name | None = None,
    batch_id: UUID | None = None,
    source_id: Annotated[str, msgspec.Meta(max_length=100)] | None = None,
) -> Page[MessageView]:
    """List messages and what became of them, the latest first."""
    caller.require_unbound()
    async with caller.read() as tx:
        found = await reading.list_messages(
            tx,
            channel=channel,
            state=state,
            code=code,
            batch_id=batch_id,
            source_id=source_id,
            before=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda message: (message.received_at, message.id))


@get(
    "/api/v1/channel-messages/{message_id}",
    permission="channels:raw",
    raises=(errors.NoSuchMessage, OtherLocation),
)
async def show_message(caller: Caller, message_id: UUID) -> reading.MessageTrace:
    """Show a message whole: as received, in our words, and what it has made."""
    caller.require_unbound()
    async with caller.read() as tx:
        return await reading.message(tx, message_id)


@post(
    "/api/v1/channel-replays",
    permission="channels:replay",
    command=REPLAY,
    raises=(
        errors.ReplayUnclear,
        errors.NoSuchMessage,
        errors.NotReplayable,
        errors.RawGone,
        OtherLocation,
    ),
    example=Replay(channel="bazaar", code="sku-not-on-sale"),
)
async def replay_messages(caller: Caller, data: Replay) -> Replayed:
    """Try messages again, some or all of one reason, after what was wrong has been mended."""
    caller.require_unbound()
    return await caller.submit(REPLAY, data)


@post(
    "/api/v1/channel-declines",
    permission="channels:replay",
    command=DECLINE,
    raises=(errors.NoSuchMessage, errors.NotDeclinable, OtherLocation),
    example=Decline(
        message_ids=(UUID("018f0000-0000-7000-8000-000000000001"),), reason="We do not sell it"
    ),
)
async def decline_messages(caller: Caller, data: Decline) -> Declined:
    """Say that quarantined messages are not done, now or later, and tell their channel.

    They are kept from then on, with the code ``declined``. A later version of the same order is
    taken in as any other.
    """
    caller.require_unbound()
    return await caller.submit(DECLINE, data)


ROUTES = [
    receive_messages,
    preview_messages,
    list_formats,
    list_batches,
    show_batch,
    show_raw_batch,
    list_messages,
    show_message,
    replay_messages,
    decline_messages,
]
