"""Messages of channels: what came in, what is kept back and why, trying it again, sending some."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import channels, organization
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.names import names_of
from crosslane.apps.office.raw_marks import marked_json, marked_rows
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

READ, RAW, REPLAY = "channels:read", "channels:raw", "channels:replay"
SUBMIT = "channels:submit"
# A form writes a text up to three times as long as it is.
SENT_BYTES_MAX = 3 << 20
TEXT_CHARACTERS_MAX = 1 << 20
DELIMITERS = ("comma", "semicolon", "tab")
STATES: tuple[str, ...] = get_args(channels.State)

Name = Annotated[str, msgspec.Meta(max_length=100)]


@page("/office/messages", permission=READ)
async def show_inbox(
    caller: Caller,
    request: Request,
    paging: Paging,
    channel: Name = "",
    state: Name = "",
    code: Name = "",
    source: Name = "",
    batch: UUID | None = None,
    untried: UUID | None = None,
) -> Response:
    """Show what is kept back by reason, and messages by what became of them.

    Of a channel and a code, those after the message ``untried`` were not tried again yet.
    """
    caller.require_unbound()
    before: Any = paging.after(datetime, UUID)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        reasons = await channels.list_reasons(tx)
        found = await channels.list_messages(
            tx,
            channel=channel or None,
            state=state if state in STATES else None,
            code=code or None,
            batch_id=batch,
            source_id=source or None,
            before=before,
            limit=paging.limit + 1,
        )
        sent = await channels.batch(tx, batch) if batch else None
        known = sorted((await organization.book(tx)).channels)
    chosen = {"channel": channel, "state": state, "code": code, "source": source}
    return PAGES.answer(
        viewer,
        "inbox.html",
        reasons=reasons,
        shown=paging.page(found, key=lambda one: (one.received_at, one.id)),
        chosen=chosen | {"batch": str(batch) if batch else ""},
        untried=untried if channel and code else None,
        batch=sent,
        channels=known,
        states=STATES,
    )


@page("/office/messages/batches", permission=READ)
async def list_inbox_batches(
    caller: Caller, request: Request, paging: Paging, channel: Name = ""
) -> Response:
    """Show what was sent at once, the latest first, with its messages by state."""
    caller.require_unbound()
    before: Any = paging.after(datetime, UUID)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        found = await channels.list_batches(
            tx, channel=channel or None, before=before, limit=paging.limit + 1
        )
        shown = paging.page(found, key=lambda one: (one.received_at, one.id))
        authors = await names_of(tx, (one.received_by for one in shown.items), PAGES.words(viewer))
        known = sorted((await organization.book(tx)).channels)
    return PAGES.answer(
        viewer,
        "inbox_batches.html",
        shown=shown,
        channel=channel,
        channels=known,
        authors=authors,
        states=STATES,
    )


@page("/office/messages/{message_id}", permission=RAW)
async def show_message(caller: Caller, request: Request, message_id: UUID) -> Response:
    """Show a message as it was received, with the place marked that is at fault."""
    caller.require_unbound()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        return await _message_page(tx, viewer, message_id)


async def _message_page(
    tx: Tx,
    viewer: Viewer,
    message_id: UUID,
    refusal: Refusal | None = None,
    *,
    reason_missing: bool = False,
) -> Response:
    trace = await channels.message(tx, message_id)
    raw, pointer = trace.raw, trace.message.pointer
    is_table = raw is not None and trace.format.endswith("csv")
    rows = marked_rows(raw or "", trace.head, trace.delimiter, pointer) if is_table else None
    return PAGES.answer(
        viewer,
        "inbox_message.html",
        kept_days=channels.RAW_RETENTION_DAYS,
        status=422 if refusal or reason_missing else 200,
        reason_missing=reason_missing,
        trace=trace,
        message=trace.message,
        rows=rows,
        pieces=None if raw is None or is_table else marked_json(raw, pointer),
        canonical=None
        if trace.canonical is None
        else marked_json(bytes(trace.canonical).decode(), ""),
        refusal=refusal,
    )


@form("/office/messages/replay", permission=REPLAY, command=channels.REPLAY)
async def replay_message(caller: Caller, request: Request, data: bytes) -> Response:
    """Try one message again, or all of a channel that were kept back for one reason."""
    caller.require_unbound()
    fields = read_form(data)
    message_id = fields.id("message_id")
    if message_id:
        wish = channels.Replay(message_ids=(message_id,))
        back = f"/office/messages/{message_id}"
    else:
        channel, code = fields.text("channel")[:64], fields.text("code")[:64]
        wish = channels.Replay(channel=channel, code=code, after=fields.id("after"))
        back = "/office/messages"
    try:
        done: channels.Replayed = await caller.submit(channels.REPLAY, wish)
    except Refusal as refusal:
        if message_id is None:
            raise
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            return await _message_page(tx, viewer, message_id, refusal)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    told = [words("%(n)s will be applied in a moment.", n=done.announced)]
    if done.kept_back:
        told.append(words("%(n)s still cannot be read.", n=done.kept_back))
    if done.next_after is not None:
        rest = {"channel": wish.channel, "code": wish.code, "untried": done.next_after}
        back = f"/office/messages?{urlencode(rest)}"
    return see_other(back, toast=" ".join(told))


@form("/office/messages/decline", permission=REPLAY, command=channels.DECLINE)
async def decline_message(caller: Caller, request: Request, data: bytes) -> Response:
    """Keep a quarantined message undone for good, and tell its channel why."""
    caller.require_unbound()
    fields = read_form(data)
    message_id = fields.id("message_id")
    reason = fields.text("reason")[:500]
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        words = PAGES.words(viewer)
        if message_id is None:
            raise channels.NoSuchMessage(message="")
        if not reason:
            return await _message_page(tx, viewer, message_id, reason_missing=True)
    try:
        wish = channels.Decline(message_ids=(message_id,), reason=reason)
        await caller.submit(channels.DECLINE, wish)
    except Refusal as refusal:
        async with caller.read() as tx:
            return await _message_page(tx, viewer, message_id, refusal)
    return see_other(f"/office/messages/{message_id}", toast=words("Declined."))


@page("/office/messages/new", permission=SUBMIT)
async def write_messages(caller: Caller, request: Request, channel: Name = "") -> Response:
    """Show the form that takes in messages of a channel as text."""
    caller.require_unbound()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        return await _new_page(tx, viewer, {"channel": channel})


@form(
    "/office/messages",
    permission=SUBMIT,
    command=channels.RECEIVE,
    body_bytes_max=SENT_BYTES_MAX,
)
async def take_messages(caller: Caller, request: Request, data: bytes) -> Response:
    """Take in messages that were pasted, as if the channel had sent them."""
    caller.require_unbound()
    fields = read_form(data)
    text = fields.text("text")
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        words = PAGES.words(viewer)
        errors = {}
        if not text:
            errors["text"] = words("Paste what the channel has sent")
        elif len(text) > TEXT_CHARACTERS_MAX:
            errors["text"] = words("That is too long; send larger files over the API")
        if errors:
            return await _new_page(tx, viewer, fields.plain(), errors=errors)
        channel = (await organization.book(tx)).channel(fields.text("channel"))
        try:
            mapping = await channels.mapping_of(tx, channel.code, fields.text("mapping"))
        except Refusal as refusal:
            return await _new_page(tx, viewer, fields.plain(), refusal=refusal)
        agreed = await channels.agreed_with(tx, channel, fields.text("format"))
        received_at = tx.now

    try:
        wish = await channels.read_aside(
            text.encode(),
            channel=channel,
            agreed=agreed,
            received_at=received_at,
            format=fields.text("format"),
            delimiter=fields.text("delimiter", "comma"),
            mapping=mapping,
            file_name=fields.text("file_name")[:200],
        )
        received: channels.Received = await caller.submit(channels.RECEIVE, wish)
    except Refusal as refusal:
        async with caller.read() as tx:
            return await _new_page(tx, viewer, fields.plain(), refusal=refusal)
    return see_other(f"/office/messages?batch={received.id}", toast=words("Taken in."))


async def _new_page(
    tx: Tx,
    viewer: Viewer,
    fields: Mapping[str, str],
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    refusal: Refusal | None = None,
) -> Response:
    known = (await organization.book(tx)).channels
    mappings = await channels.list_mappings(tx)
    return PAGES.answer(
        viewer,
        "inbox_new.html",
        status=422 if errors or refusal else 200,
        fields=defaultdict(str, fields),
        errors=defaultdict(str, errors),
        refusal=refusal,
        channels=[(code, f"{code} · {known[code].name}") for code in sorted(known)],
        formats=sorted(channels.FAMILIES),
        mappings=[(name, name) for name in sorted({one.name for one in mappings})],
        delimiters=DELIMITERS,
        characters_max=TEXT_CHARACTERS_MAX,
    )


ROUTES = [
    show_inbox,
    list_inbox_batches,
    show_message,
    replay_message,
    decline_message,
    write_messages,
    take_messages,
]
