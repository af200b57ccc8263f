"""What channels were told: how it goes with each, what became of it, telling it again."""

from datetime import datetime
from typing import Annotated, Any, get_args
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import channels, organization
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.inbox import RAW, READ, REPLAY
from crosslane.apps.office.raw_marks import marked_json
from crosslane.apps.office.story import outgoing_kinds
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

STATES: tuple[str, ...] = get_args(channels.OutgoingState)
RESENT = ("refused", "unsupported", "failed")

Name = Annotated[str, msgspec.Meta(max_length=100)]


@page("/office/messages/told", permission=READ)
async def show_told(
    caller: Caller, request: Request, paging: Paging, channel: Name = "", state: Name = ""
) -> Response:
    """Show how telling goes channel by channel, and what was told, the latest first."""
    caller.require_unbound()
    before: Any = paging.after(datetime, UUID)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        standings = await channels.list_standings(tx)
        found = await channels.list_outgoing(
            tx,
            channel=channel or None,
            state=state if state in STATES else None,
            before=before,
            limit=paging.limit + 1,
        )
        known = sorted((await organization.book(tx)).channels)
    return PAGES.answer(
        viewer,
        "told.html",
        standings=standings,
        shown=paging.page(found, key=lambda one: (one.created_at, one.id)),
        chosen={"channel": channel, "state": state},
        channels=known,
        states=STATES,
        kinds=outgoing_kinds(PAGES.words(viewer)),
    )


@page("/office/messages/told/{outgoing_id}", permission=RAW)
async def show_told_message(caller: Caller, request: Request, outgoing_id: UUID) -> Response:
    """Show what a channel was told, in our words and by the calls that were made of it."""
    caller.require_unbound()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        return await _told_page(tx, viewer, outgoing_id)


async def _told_page(
    tx: Tx, viewer: Viewer, outgoing_id: UUID, refusal: Refusal | None = None
) -> Response:
    trace = await channels.told(tx, outgoing_id)
    message = trace.message
    return PAGES.answer(
        viewer,
        "told_message.html",
        kept_days=channels.TOLD_RETENTION_DAYS,
        status=422 if refusal else 200,
        trace=trace,
        one=trace.outgoing,
        canonical=None if message is None else marked_json(bytes(message).decode(), ""),
        kinds=outgoing_kinds(PAGES.words(viewer)),
        resent=trace.outgoing.state in RESENT and message is not None,
        refusal=refusal,
    )


@form("/office/messages/resend", permission=REPLAY, command=channels.RESEND)
async def resend_told(caller: Caller, request: Request, data: bytes) -> Response:
    """Tell one message again, or all that a channel was not told."""
    caller.require_unbound()
    fields = read_form(data)
    outgoing_id = fields.id("outgoing_id")
    if outgoing_id:
        wish = channels.Resend(outgoing_ids=(outgoing_id,))
        back = f"/office/messages/told/{outgoing_id}"
    else:
        wish = channels.Resend(channel=fields.text("channel")[:64])
        back = "/office/messages/told"
    try:
        done: channels.Resent = await caller.submit(channels.RESEND, wish)
    except Refusal as refusal:
        if outgoing_id is None:
            raise
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            return await _told_page(tx, viewer, outgoing_id, refusal)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    return see_other(back, toast=words("%(n)s will be told in a moment.", n=done.messages))


ROUTES = [show_told, show_told_message, resend_told]
