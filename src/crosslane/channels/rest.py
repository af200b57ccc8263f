"""Channels over HTTP: messages in, what became of them, trying again."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.channels import errors
from crosslane.channels.service import reading
from crosslane.channels.service.intake import RECEIVE, Received, read_body
from crosslane.channels.service.reading import BatchView, MessageView
from crosslane.channels.service.replaying import REPLAY, Replay, Replayed
from crosslane.channels.storage.messages import State
from crosslane.kernel import Page
from crosslane.platform.web import Caller, Document, Paging, get, post

BODY_BYTES_MAX = 8 << 20
# Larger bodies are read in a thread, so that one file does not hold up every other request.
INLINE_BYTES_MAX = 64 << 10

Name = Annotated[str, msgspec.Meta(max_length=64)]
FileName = Annotated[str, msgspec.Meta(max_length=200)]


@post(
    "/api/v1/channels/{code}/messages",
    permission="channels:submit",
    command=RECEIVE,
    status=202,
    consumes="application/x-ndjson",
    also_consumes=("text/csv", "application/json"),
    body_bytes_max=BODY_BYTES_MAX,
    raises=(
        organization.UnknownChannel,
        errors.UnknownFormat,
        errors.UnknownEncoding,
        errors.UnknownDelimiter,
        errors.NotText,
        errors.NothingSent,
        errors.TooManyRecords,
        errors.BatchMalformed,
        errors.ColumnMissing,
        errors.ColumnUnknown,
    ),
    example=(
        '{"type": "order", "source_id": "MP-1001", "event_at": "2030-01-04T12:00:00Z",'
        ' "buyer": {"name": "Ada Brown", "email": "ada.brown@example.com"},'
        ' "ship_to": {"name": "Ada Brown", "lines": ["12 High Street"], "city": "Oxford",'
        ' "postcode": "OX1 4AA", "country": "GB"},'
        ' "lines": [{"sku": "MUG-1", "quantity": 2, "unit_price_milli": 600000}]}'
    ),
)
async def receive_messages(
    caller: Caller,
    code: str,
    data: bytes,
    format: Name,
    encoding: Name = "utf-8",
    delimiter: Name = "comma",
    file_name: FileName = "",
) -> Received:
    """Take in what a channel says: a file of orders, a till's batch, supply.

    Every record is kept as it was received and applied in the background; the batch tells how far.
    A record that cannot be taken stops no other. A record that was sent before changes nothing.
    """
    async with caller.read() as tx:
        channel = (await organization.book(tx)).channel(code, pointer="/code")

    def read() -> object:
        return read_body(
            data,
            channel=channel.code,
            currency=channel.currency,
            format=format,
            encoding=encoding,
            delimiter=delimiter,
            file_name=file_name,
        )

    wish = read() if len(data) <= INLINE_BYTES_MAX else await asyncio.to_thread(read)
    return await caller.submit(RECEIVE, wish)


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
    raises=(errors.NoSuchBatch, errors.RawGone),
    produces="text/plain; charset=utf-8",
)
async def show_raw_batch(caller: Caller, batch_id: UUID) -> Document:
    """Show what was received, record by record; rows of one order stand together."""
    async with caller.read() as tx:
        text = await reading.raw_batch(tx, batch_id)
    return Document(content=text.encode(), media_type="text/plain; charset=utf-8")


@get("/api/v1/channel-messages", permission="channels:read")
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
    raises=(errors.NoSuchMessage,),
)
async def show_message(caller: Caller, message_id: UUID) -> reading.MessageTrace:
    """Show a message whole: as received, in our words, and what it has made."""
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
    ),
    example=Replay(channel="bazaar", code="sku-not-on-sale"),
)
async def replay_messages(caller: Caller, data: Replay) -> Replayed:
    """Try messages again, some or all of one reason, after what was wrong has been mended."""
    return await caller.submit(REPLAY, data)


ROUTES = [
    receive_messages,
    list_batches,
    show_batch,
    show_raw_batch,
    list_messages,
    show_message,
    replay_messages,
]
