"""Webhooks: who is told of what happens, what became of it, and telling it again."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response

from crosslane import organization, publishing
from crosslane.apps.office.frame import PAGES, view
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging
from crosslane.publishing import DeliveryState, SubscriptionView

READ, CONFIGURE, REPLAY = "publishing:read", "publishing:configure", "publishing:replay"
LIST = "/office/machine/webhooks"
LAST_PLACE = 2**63 - 1
SHOWN = 20
FIELD_CHARACTERS_MAX = 2_000
NOTHING: Mapping[str, str] = MappingProxyType({})
Told = Annotated[str, msgspec.Meta(max_length=512)]


@page(LIST, permission=READ)
async def list_webhooks(caller: Caller, request: Request) -> Response:
    """Show who is told of public events."""
    async with caller.read() as tx:
        return await _list_page(tx, await view(tx, caller, request))


async def _list_page(
    tx: Tx,
    viewer: Viewer,
    *,
    fields: Mapping[str, str] = NOTHING,
    refusal: Refusal | None = None,
) -> Response:
    book = await organization.book(tx)
    return PAGES.answer(
        viewer,
        "machine_webhooks.html",
        counted_hours=publishing.COUNTED_HOURS,
        status=422 if refusal else 200,
        webhooks=await publishing.list_subscriptions(tx),
        kinds=publishing.PUBLIC,
        channels=sorted(book.channels),
        brands=sorted(book.brands),
        fields=defaultdict(str, fields),
        refusal=refusal,
    )


@form(LIST, permission=CONFIGURE, command=publishing.SUBSCRIBE)
async def create_webhook(caller: Caller, request: Request, data: bytes) -> Response:
    """Have public events sent to an address, and show the secret, this once."""
    fields, secret = read_form(data), publishing.new_secret()
    wish = publishing.Subscribe(id=new_id(), secret=secret, **_wanted(fields))
    try:
        made = await caller.submit(publishing.SUBSCRIBE, wish)
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            return await _list_page(tx, viewer, fields=fields.plain(), refusal=refusal)
    return await _secret_page(caller, request, made, secret if made.id == wish.id else "")


async def _secret_page(
    caller: Caller, request: Request, webhook: SubscriptionView, secret: str
) -> Response:
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
    answer = PAGES.answer(
        viewer, "machine_webhook_secret.html", status=201, webhook=webhook, secret=secret
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@page(f"{LIST}/{{webhook_id}}", permission=READ)
async def show_webhook(
    caller: Caller,
    request: Request,
    paging: Paging,
    webhook_id: UUID,
    state: DeliveryState | None = None,
    since: Told = "",
    until: Told = "",
    after: Told = "",
) -> Response:
    """Show a webhook, how its receiver does, its deliveries, and what is left of a replay."""
    rest = {"since": since, "until": until, "after": after}
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        return await _webhook_page(tx, viewer, webhook_id, paging, state, fields=rest)


async def _webhook_page(
    tx: Tx,
    viewer: Viewer,
    webhook_id: UUID,
    paging: Paging | None = None,
    state: DeliveryState | None = None,
    *,
    fields: Mapping[str, str] = NOTHING,
    refusal: Refusal | None = None,
) -> Response:
    paging = msgspec.structs.replace(paging or Paging(), limit=SHOWN)
    webhook = await publishing.subscription(tx, webhook_id)
    before = (paging.after(int) or (LAST_PLACE,))[0]
    found = await publishing.list_deliveries(
        tx, webhook_id, state=state, before=before, limit=paging.limit + 1
    )
    told = {
        "url": webhook.url,
        "description": webhook.description,
        "kinds": " ".join(webhook.kinds),
        "channels": " ".join(webhook.channels),
        "brands": " ".join(webhook.brands),
    }
    return PAGES.answer(
        viewer,
        "machine_webhook.html",
        counted_hours=publishing.COUNTED_HOURS,
        deliveries_days=publishing.DELIVERIES_DAYS,
        stream_days=publishing.STREAM_DAYS,
        status=422 if refusal else 200,
        webhook=webhook,
        at=f"{LIST}/{webhook_id}",
        deliveries=paging.page(found, key=lambda one: (one.place,)),
        state=state,
        fields=defaultdict(str, {**told, **fields}),
        refusal=refusal,
        now=tx.now,
    )


@page(f"{LIST}/{{webhook_id}}/deliveries/{{delivery_id}}", permission=READ)
async def show_delivery(
    caller: Caller, request: Request, webhook_id: UUID, delivery_id: UUID
) -> Response:
    """Show a delivery with every try, and what it says."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        webhook = await publishing.subscription(tx, webhook_id)
        shown = await publishing.show_delivery(tx, webhook_id, delivery_id)
    payload = msgspec.json.format(msgspec.json.encode(shown.payload)).decode()
    return PAGES.answer(
        viewer,
        "machine_webhook_delivery.html",
        webhook=webhook,
        at=f"{LIST}/{webhook_id}",
        delivery=shown.delivery,
        attempts=shown.attempts,
        payload=payload if shown.payload else "",
    )


@form(f"{LIST}/{{webhook_id}}/change", permission=CONFIGURE, command=publishing.CHANGE)
async def change_webhook(
    caller: Caller, request: Request, webhook_id: UUID, data: bytes
) -> Response:
    """Change where events are sent, which, or what it is for."""
    fields = read_form(data)
    wish = publishing.ChangeSubscription(id=webhook_id, **_wanted(fields))
    return await _carry_out(
        caller, request, webhook_id, publishing.CHANGE, wish, "Saved.", fields.plain()
    )


@form(f"{LIST}/{{webhook_id}}/activity", permission=CONFIGURE, command=publishing.CHANGE)
async def switch_webhook(
    caller: Caller, request: Request, webhook_id: UUID, data: bytes
) -> Response:
    """Pause a webhook, or let it go on."""
    fields = read_form(data)
    active = fields.checked("active")
    wish = publishing.ChangeSubscription(
        id=webhook_id, active=active, skip_missed=fields.checked("skip_missed")
    )
    said = "It goes on." if active else "It is paused."
    return await _carry_out(caller, request, webhook_id, publishing.CHANGE, wish, said)


@form(f"{LIST}/{{webhook_id}}/secret", permission=CONFIGURE, command=publishing.ROTATE)
async def rotate_secret(
    caller: Caller, request: Request, webhook_id: UUID, data: bytes
) -> Response:
    """Give a webhook a new secret and show it, this once."""
    secret = publishing.new_secret()
    hours = read_form(data).number("overlap_hours", 24)
    wish = publishing.RotateSecret(
        id=webhook_id,
        secret_id=new_id(),
        secret=secret,
        overlap_hours=min(max(hours or 0, 0), 720),
    )
    rotated = await caller.submit(publishing.ROTATE, wish)
    async with caller.read() as tx:
        webhook = await publishing.subscription(tx, webhook_id)
    fresh = rotated.secret_id == wish.secret_id
    return await _secret_page(caller, request, webhook, secret if fresh else "")


@form(f"{LIST}/{{webhook_id}}/ping", permission=CONFIGURE, command=publishing.PING)
async def ping_webhook(caller: Caller, request: Request, webhook_id: UUID, data: bytes) -> Response:
    """Send a test."""
    del data
    wish = publishing.Ping(webhook_id, new_id())
    said = "A test is on its way; it stands on top of the deliveries."
    return await _carry_out(caller, request, webhook_id, publishing.PING, wish, said)


@form(f"{LIST}/{{webhook_id}}/replay", permission=REPLAY, command=publishing.REPLAY)
async def replay_webhook(
    caller: Caller, request: Request, webhook_id: UUID, data: bytes
) -> Response:
    """Tell the events of a time again."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        since, until = (_moment(fields, name, viewer) for name in ("since", "until"))
        words = PAGES.words(viewer)
        wish = publishing.Replay(
            subscription_id=webhook_id,
            since=since or tx.now,
            until=until or tx.now,
            after=fields.text("after"),
        )
    try:
        done = await caller.submit(publishing.REPLAY, wish)
    except Refusal as refusal:
        async with caller.read() as tx:
            return await _webhook_page(
                tx, viewer, webhook_id, fields=fields.plain(), refusal=refusal
            )
    toast = words.plural("One event is told again.", "%(n)s events are told again.", done.events)
    if done.next_after is None:
        return see_other(f"{LIST}/{webhook_id}", toast=toast)
    rest = {name: fields.text(name) for name in ("since", "until")} | {"after": done.next_after}
    return see_other(f"{LIST}/{webhook_id}?{urlencode(rest)}", toast=toast)


@form(
    f"{LIST}/{{webhook_id}}/deliveries/{{delivery_id}}/resend",
    permission=REPLAY,
    command=publishing.RESEND,
)
async def resend_delivery(
    caller: Caller, request: Request, webhook_id: UUID, delivery_id: UUID, data: bytes
) -> Response:
    """Tell an event once more."""
    del data
    wish = publishing.Resend(webhook_id, delivery_id, new_id())
    said = "It is sent again, by a delivery of its own."
    return await _carry_out(caller, request, webhook_id, publishing.RESEND, wish, said)


@form(f"{LIST}/{{webhook_id}}/removal", permission=CONFIGURE, command=publishing.REMOVE)
async def remove_webhook(
    caller: Caller, request: Request, webhook_id: UUID, data: bytes
) -> Response:
    """Remove a webhook with its deliveries."""
    del data
    await caller.submit(publishing.REMOVE, publishing.RemoveSubscription(webhook_id))
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    return see_other(LIST, toast=words("The webhook is removed."))


async def _carry_out(
    caller: Caller,
    request: Request,
    webhook_id: UUID,
    command: Any,
    wish: Any,
    said: str,
    fields: Mapping[str, str] = NOTHING,
) -> Response:
    """Submit a command and go back to the webhook; a refusal is told there."""
    try:
        await caller.submit(command, wish)
    except publishing.NoSuchSubscription:
        raise
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            return await _webhook_page(tx, viewer, webhook_id, fields=fields, refusal=refusal)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    return see_other(f"{LIST}/{webhook_id}", toast=words(said))


def _wanted(fields: Form) -> dict[str, Any]:
    """Return what a form says of a webhook; names are separated by blanks or commas."""
    return {
        "url": fields.text("url").strip()[:FIELD_CHARACTERS_MAX],
        "description": fields.text("description")[:200],
        **{
            name: tuple(fields.text(name).replace(",", " ").split())[:100]
            for name in ("kinds", "channels", "brands")
        },
    }


def _moment(fields: Form, name: str, viewer: Viewer) -> datetime | None:
    """Return a time of the form, which is in the viewer's zone; None when it is none."""
    try:
        told = datetime.fromisoformat(fields.text(name))
    except ValueError:
        return None
    return told.replace(tzinfo=ZoneInfo(viewer.timezone))


ROUTES = [
    list_webhooks,
    create_webhook,
    show_webhook,
    show_delivery,
    change_webhook,
    switch_webhook,
    rotate_secret,
    ping_webhook,
    replay_webhook,
    resend_delivery,
    remove_webhook,
]
