"""Files of channels: looked at as they would be taken in, then taken in.

Nothing of a file that is only looked at is kept here: the page that shows it carries it, and sends
it along when it is to be taken in. One that is too large for that is laid into the folder of its
channel, and taken from there.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated

import msgspec
from litestar import Request, Response

from crosslane import channels, organization
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.inbox import DELIMITERS, SUBMIT
from crosslane.channels import Preview, Receive, look_at, previewed
from crosslane.kernel import Refusal
from crosslane.platform.screens import Form, Viewer, page, see_other, upload
from crosslane.platform.web import Arriving, Caller

FILE_BYTES_MAX = channels.BODY_BYTES_MAX
# A file that is carried along is a third longer than it is.
SENT_BYTES_MAX = 2 * FILE_BYTES_MAX
NAME_CHARACTERS_MAX = 200
ADDRESS = "/office/messages/upload"

Name = Annotated[str, msgspec.Meta(max_length=100)]


class Sent(msgspec.Struct, frozen=True):
    """A file that was chosen, or is carried along."""

    name: str
    content: bytes


@page(ADDRESS, permission=SUBMIT)
async def choose_file(
    caller: Caller, request: Request, channel: Name = "", format: Name = ""
) -> Response:
    """Show the form that takes a file of a channel."""
    caller.require_unbound()
    return await _answer(caller, request, {"channel": channel, "format": format})


@upload(ADDRESS, permission=SUBMIT, command=channels.RECEIVE, bytes_max=SENT_BYTES_MAX)
async def take_file(caller: Caller, request: Request, data: Form) -> Response:
    """Show what a file would do; or take it in, when that was looked at."""
    caller.require_unbound()
    fields, sent = data.plain(), _sent(data)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    if not sent.content:
        return await _answer(caller, request, fields, error=words("Choose a file"))
    if len(sent.content) > FILE_BYTES_MAX:
        told = words(
            "It has more than %(size)s MiB; lay it into the folder of the channel",
            size=FILE_BYTES_MAX >> 20,
        )
        return await _answer(caller, request, fields, error=told)
    try:
        wish = await _read(caller, data, sent)
        if data.text("act") == "take":
            received: channels.Received = await caller.submit(channels.RECEIVE, wish)
            known = set(received.counts) == {"repeated"}
            toast = words("All of it was known already.") if known else words("Taken in.")
            return see_other(f"/office/messages?batch={received.id}", toast=toast)
        tried = await caller.preview(channels.RECEIVE, wish, look_at(wish.channel))
    except Refusal as refusal:
        return await _answer(caller, request, fields, refusal=refusal)
    async with caller.read() as tx:
        connection = await channels.connection_of(tx, wish.channel)
    shown = previewed(wish, tried.outcome, tried.after, connection)
    return await _answer(caller, request, fields, sent=sent, preview=shown, wish=wish)


@upload(
    f"{ADDRESS}/folder",
    permission=SUBMIT,
    command=channels.LAY,
    bytes_max=channels.LAID_BYTES_MAX,
)
async def lay_file(caller: Caller, request: Request, data: Arriving) -> Response:
    """Lay a file that is too large to be looked at into the folder of a channel."""
    caller.require_unbound()
    sent = await data.form()
    channel, name = sent.form.text("channel"), channels.safe_name(sent.name)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    submit = partial(caller.submit, channels.LAY)
    try:
        async with caller.read() as tx:
            await channels.require_folder(tx, channel, name)
        await channels.lay_arriving(caller.tenant, channel, name, sent.content, submit)
    except Refusal as refusal:
        return await _answer(caller, request, {"channel": channel}, refusal=refusal)
    toast = words("It lies in the folder, and is taken in a moment.")
    return see_other(f"/office/messages/batches?channel={channel}", toast=toast)


async def _read(caller: Caller, data: Form, sent: Sent) -> Receive:
    """Take a file apart.

    Raises:
        Refusal: it is nothing of its format, or nobody knows how it is meant.
    """
    async with caller.read() as tx:
        channel = (await organization.book(tx)).channel(data.text("channel"), pointer="/channel")
        mapping = await channels.mapping_of(tx, channel.code, data.text("mapping"))
        agreed = await channels.agreed_with(tx, channel, data.text("format"))
        received_at = tx.now
    return await channels.read_aside(
        sent.content,
        channel=channel,
        agreed=agreed,
        received_at=received_at,
        format=data.text("format"),
        delimiter=data.text("delimiter", "comma"),
        mapping=mapping,
        file_name=sent.name,
    )


def _sent(data: Form) -> Sent:
    """Return the file that was chosen, else the one that is carried along."""
    file = data.file("file")
    if file is not None and file.content:
        return Sent(file.name[:NAME_CHARACTERS_MAX], file.content)
    try:
        content = base64.b64decode(data.text("content"), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    return Sent(data.text("file_name")[:NAME_CHARACTERS_MAX], content)


async def _answer(
    caller: Caller,
    request: Request,
    fields: Mapping[str, str],
    *,
    error: str = "",
    refusal: Refusal | None = None,
    sent: Sent | None = None,
    preview: Preview | None = None,
    wish: Receive | None = None,
) -> Response:
    async with caller.read() as tx:
        viewer: Viewer = await view(tx, caller, request)
        known = (await organization.book(tx)).channels
        mappings = await channels.list_mappings(tx)
        folders = await channels.list_folders(tx)
    bad = bool(error or refusal)
    return PAGES.answer(
        viewer,
        "inbox_upload.html",
        status=422 if bad else 200,
        fields=defaultdict(str, fields),
        errors=defaultdict(str, {"file": error} if error else MappingProxyType({})),
        refusal=refusal,
        channels=[(code, f"{code} · {known[code].name}") for code in sorted(known)],
        formats=[(name, name) for name in sorted(channels.FAMILIES)],
        mappings=[(name, name) for name in sorted({one.name for one in mappings})],
        delimiters=DELIMITERS,
        mebibytes=FILE_BYTES_MAX >> 20,
        folders=[(code, f"{code} · {known[code].name}") for code in folders],
        folder_mebibytes=channels.LAID_BYTES_MAX >> 20,
        preview=preview,
        wish=wish,
        content=base64.b64encode(sent.content).decode() if sent and preview else "",
    )


ROUTES = [choose_file, take_file, lay_file]
