"""What channels are told over HTTP: looked at, told again, and fetched by who is told."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request

from crosslane import organization
from crosslane.channels import errors
from crosslane.channels.domain.outgoing import State
from crosslane.channels.service import outgoing
from crosslane.channels.service.outgoing import (
    RESEND,
    ChannelStanding,
    DocumentHead,
    OutgoingTrace,
    OutgoingView,
    Resend,
    Resent,
)
from crosslane.kernel import Page
from crosslane.platform.web import PUBLIC, Caller, Document, OtherLocation, Paging, get, post

TOKEN = "x-channel-token"  # noqa: S105
ANY = "application/octet-stream"

Name = Annotated[str, msgspec.Meta(max_length=64)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


@get("/api/v1/channel-outgoing", permission="channels:read", raises=(OtherLocation,))
async def list_outgoing(
    caller: Caller,
    paging: Paging,
    channel: Name | None = None,
    state: State | None = None,
    kind: Name | None = None,
    code: Name | None = None,
    order_id: UUID | None = None,
) -> Page[OutgoingView]:
    """List what channels are told and what became of it, the latest first."""
    caller.require_unbound()
    async with caller.read() as tx:
        found = await outgoing.list_outgoing(
            tx,
            channel=channel,
            state=state,
            kind=kind,
            code=code,
            order_id=order_id,
            before=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda one: (one.created_at, one.id))


@get(
    "/api/v1/channel-outgoing/{outgoing_id}",
    permission="channels:raw",
    raises=(errors.NoSuchOutgoing, OtherLocation),
)
async def show_outgoing(caller: Caller, outgoing_id: UUID) -> OutgoingTrace:
    """Show what a channel is told, whole: in our words, and the calls that were made of it."""
    caller.require_unbound()
    async with caller.read() as tx:
        return await outgoing.told(tx, outgoing_id)


@get("/api/v1/channel-standings", permission="channels:read", raises=(OtherLocation,))
async def list_standings(caller: Caller) -> list[ChannelStanding]:
    """List how telling goes, channel by channel: what waits, and why one is left alone."""
    caller.require_unbound()
    async with caller.read() as tx:
        return await outgoing.list_standings(tx)


@post(
    "/api/v1/channel-resends",
    permission="channels:replay",
    command=RESEND,
    raises=(
        errors.ReplayUnclear,
        errors.NoSuchOutgoing,
        errors.NotResendable,
        organization.UnknownChannel,
        OtherLocation,
    ),
    example=Resend(channel="shop", code="answer-422"),
)
async def resend(caller: Caller, data: Resend) -> Resent:
    """Tell channels again what they were not told, after what was wrong has been mended.

    It keeps its keys and numbers, so a channel that had it after all is told nothing twice.
    """
    caller.require_unbound()
    return await caller.submit(RESEND, data)


@get(
    "/api/v1/channels/{code}/documents",
    permission=PUBLIC,
    raises=(errors.NothingToFetch,),
)
async def list_documents(
    caller: Caller, request: Request, code: str, paging: Paging, after: Number = 0
) -> list[DocumentHead]:
    """List the documents a channel's system may fetch, after the last one it has.

    For a connection of delivery ``pull``; its token is sent as ``X-Channel-Token``. Documents are
    numbered from 1 and none comes in before another, so the last number is all one has to keep.
    """
    async with caller.read() as tx:
        return await outgoing.list_documents(
            tx, code, request.headers.get(TOKEN, ""), after=after, limit=paging.limit
        )


@get(
    "/api/v1/channels/{code}/documents/{number}",
    permission=PUBLIC,
    raises=(errors.NothingToFetch, errors.NoSuchOutgoing),
    produces=ANY,
)
async def show_document(caller: Caller, request: Request, code: str, number: int) -> Document:
    """Fetch a document as it is handed over."""
    async with caller.read() as tx:
        found = await outgoing.document(tx, code, request.headers.get(TOKEN, ""), number)
    return Document(content=found.body, media_type=found.media_type, filename=found.name)


ROUTES = [
    list_outgoing,
    show_outgoing,
    list_standings,
    resend,
    list_documents,
    show_document,
]
