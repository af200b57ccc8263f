"""Webhook subscriptions over HTTP: who is told, with which secret, and what became of it."""

import secrets
from base64 import b64encode
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import Page, new_id
from crosslane.platform.outbound import PrivateTarget
from crosslane.platform.web import Answer, Caller, Paging, Version, delete, get, patch, post
from crosslane.publishing import errors
from crosslane.publishing.service import reading, replaying, subscribing
from crosslane.publishing.service.reading import DeliveryShown, DeliveryView
from crosslane.publishing.service.replaying import Replayed
from crosslane.publishing.service.subscribing import (
    OVERLAP_HOURS,
    OVERLAP_HOURS_MAX,
    Codes,
    Description,
    Kinds,
    SubscriptionView,
    Url,
)
from crosslane.publishing.storage.deliveries import DeliveryState

READ = "publishing:read"
CONFIGURE = "publishing:configure"
REPLAY = "publishing:replay"
SECRET_BYTES = 32
LAST_PLACE = 2**63 - 1
REFUSED = (
    errors.BadAddress,
    PrivateTarget,
    errors.UnknownEventKind,
    organization.UnknownChannel,
    organization.UnknownBrand,
)


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A webhook subscription to make.

    Args:
        url: where events are posted to.
        kinds: names or patterns such as ``orders.*``; every public event without any.
        channels: codes; only events that concern them. Likewise brands.
        description: what it is for.
    """

    url: Url
    kinds: Kinds = []
    channels: Codes = []
    brands: Codes = []
    description: Description = ""


class WebhookChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to change; absent fields stay as they are.

    Args:
        active: false pauses it; true lets it go on where it stopped.
        skip_missed: what happened while it was not active is not told.
    """

    url: Url | None = None
    kinds: Kinds | None = None
    channels: Codes | None = None
    brands: Codes | None = None
    description: Description | None = None
    active: bool | None = None
    skip_missed: bool = False


class MadeWebhook(msgspec.Struct, frozen=True):
    """A new webhook subscription.

    Args:
        webhook: what is known of it from now on.
        secret: what its deliveries are signed with. Shown this once; a repeated request gets None.
    """

    webhook: SubscriptionView
    secret: str | None


class NewSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a secret is changed.

    Args:
        overlap_hours: how long the one before is good beside the new one; 0 ends it at once.
    """

    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=OVERLAP_HOURS_MAX)] = OVERLAP_HOURS


class MadeSecret(msgspec.Struct, frozen=True):
    """A new secret.

    Args:
        secret: shown this once; a repeated request gets None.
        hint: its last characters.
        former_until: until when the one before is good, None when it is not.
    """

    secret: str | None
    hint: str
    former_until: datetime | None


class WantedReplay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Events to be told again.

    Args:
        since: recorded from this time on.
        until: recorded before this time.
        kinds: names or patterns; all that the subscription is told of without any.
        after: ``next_after`` of the piece before, for what is left of the same time.
    """

    since: datetime
    until: datetime
    kinds: Kinds = []
    after: Annotated[str, msgspec.Meta(max_length=512)] = ""


def new_secret() -> str:
    """Return a fresh secret as Standard Webhooks write them."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


@get("/api/v1/webhooks", permission=READ)
async def list_webhooks(caller: Caller) -> list[SubscriptionView]:
    """List webhook subscriptions, without their secrets."""
    async with caller.read() as tx:
        return await subscribing.list_subscriptions(tx)


@get("/api/v1/webhooks/{webhook_id}", permission=READ, raises=(errors.NoSuchSubscription,))
async def show_webhook(caller: Caller, webhook_id: UUID) -> Answer[SubscriptionView]:
    """Show a webhook subscription."""
    async with caller.read() as tx:
        found = await subscribing.subscription(tx, webhook_id)
    return Answer(body=found, version=found.version)


@post(
    "/api/v1/webhooks",
    permission=CONFIGURE,
    command=subscribing.SUBSCRIBE,
    raises=(*REFUSED, errors.TooManySubscriptions),
    example=NewWebhook(url="https://erp.example.com/crosslane", kinds=["orders.*"]),
)
async def create_webhook(caller: Caller, data: NewWebhook) -> MadeWebhook:
    """Have public events posted to an address, signed as Standard Webhooks say.

    The secret is in this answer only. Events from now on are told; earlier ones by a replay.
    """
    secret = new_secret()
    wish = subscribing.Subscribe(
        id=new_id(),
        secret=secret,
        url=data.url,
        description=data.description,
        kinds=data.kinds,
        channels=data.channels,
        brands=data.brands,
    )
    made: SubscriptionView = await caller.submit(subscribing.SUBSCRIBE, wish)
    return MadeWebhook(made, secret if made.id == wish.id else None)


@patch(
    "/api/v1/webhooks/{webhook_id}",
    permission=CONFIGURE,
    command=subscribing.CHANGE,
    raises=(errors.NoSuchSubscription, *REFUSED),
    example=WebhookChange(active=False),
)
async def change_webhook(
    caller: Caller, webhook_id: UUID, data: WebhookChange, version: Version | None = None
) -> SubscriptionView:
    """Change a webhook subscription, pause it or let it go on."""
    told = msgspec.structs.asdict(data)
    wish = subscribing.ChangeSubscription(id=webhook_id, version=version, **told)
    return await caller.submit(subscribing.CHANGE, wish)


@delete(
    "/api/v1/webhooks/{webhook_id}",
    permission=CONFIGURE,
    command=subscribing.REMOVE,
    raises=(errors.NoSuchSubscription,),
)
async def remove_webhook(caller: Caller, webhook_id: UUID) -> None:
    """Remove a webhook subscription with its deliveries."""
    await caller.submit(subscribing.REMOVE, subscribing.RemoveSubscription(webhook_id))


@post(
    "/api/v1/webhooks/{webhook_id}/secret",
    permission=CONFIGURE,
    command=subscribing.ROTATE,
    raises=(errors.NoSuchSubscription,),
    example=NewSecret(overlap_hours=24),
)
async def rotate_secret(caller: Caller, webhook_id: UUID, data: NewSecret) -> MadeSecret:
    """Give a webhook a new secret; for a while deliveries are signed by both.

    At most two are good: changing it again ends the one before the last at once.
    """
    secret = new_secret()
    wish = subscribing.RotateSecret(
        id=webhook_id, secret_id=new_id(), secret=secret, overlap_hours=data.overlap_hours
    )
    rotated: subscribing.Rotated = await caller.submit(subscribing.ROTATE, wish)
    fresh = rotated.secret_id == wish.secret_id
    return MadeSecret(secret if fresh else None, rotated.hint, rotated.former_until)


@post(
    "/api/v1/webhooks/{webhook_id}/pings",
    permission=CONFIGURE,
    command=subscribing.PING,
    raises=(errors.NoSuchSubscription, errors.NotActive),
)
async def ping_webhook(caller: Caller, webhook_id: UUID) -> None:
    """Send a test, ``publishing.ping``; what became of it is in the list of deliveries."""
    await caller.submit(subscribing.PING, subscribing.Ping(webhook_id, new_id()))


@get(
    "/api/v1/webhooks/{webhook_id}/deliveries",
    permission=READ,
    raises=(errors.NoSuchSubscription, errors.UnknownEventKind),
)
async def list_deliveries(
    caller: Caller,
    webhook_id: UUID,
    paging: Paging,
    state: DeliveryState | None = None,
    kinds: list[str] = [],  # noqa: B006 - a default that is read only
) -> Page[DeliveryView]:
    """List deliveries of a webhook, the latest first; they are kept for 30 days."""
    before = paging.after(int) or (LAST_PLACE,)
    async with caller.read() as tx:
        found = await reading.list_deliveries(
            tx,
            webhook_id,
            state=state,
            kinds=kinds,
            before=before[0],
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda one: (one.place,))


@get(
    "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    permission=READ,
    raises=(errors.NoSuchDelivery,),
)
async def show_delivery(caller: Caller, webhook_id: UUID, delivery_id: UUID) -> DeliveryShown:
    """Show a delivery with all its tries and what it says."""
    async with caller.read() as tx:
        return await reading.show_delivery(tx, webhook_id, delivery_id)


@post(
    "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
    permission=REPLAY,
    command=replaying.RESEND,
    raises=(
        errors.NoSuchSubscription,
        errors.NoSuchDelivery,
        errors.NotActive,
        errors.StillWaiting,
    ),
)
async def resend_delivery(caller: Caller, webhook_id: UUID, delivery_id: UUID) -> None:
    """Tell an event once more, by a delivery of its own; its ``webhook-id`` is the same."""
    await caller.submit(replaying.RESEND, replaying.Resend(webhook_id, delivery_id, new_id()))


@post(
    "/api/v1/webhooks/{webhook_id}/replays",
    permission=REPLAY,
    command=replaying.REPLAY,
    raises=(
        errors.NoSuchSubscription,
        errors.NotActive,
        errors.NotAPeriod,
        errors.UnknownEventKind,
        errors.UnknownCursor,
        errors.EventsUndone,
        errors.BacklogFull,
    ),
    example={"since": "2030-05-01T00:00:00Z", "until": "2030-05-02T00:00:00Z"},
)
async def replay_events(caller: Caller, webhook_id: UUID, data: WantedReplay) -> Replayed:
    """Tell the events of a time again, in their order, at most 5,000 at once.

    ``next_after`` tells that there are more: ask again with it as ``after`` and all else the same.
    """
    wish = replaying.Replay(
        subscription_id=webhook_id,
        since=data.since,
        until=data.until,
        kinds=data.kinds,
        after=data.after,
    )
    return await caller.submit(replaying.REPLAY, wish)


ROUTES = [
    list_webhooks,
    show_webhook,
    create_webhook,
    change_webhook,
    remove_webhook,
    rotate_secret,
    ping_webhook,
    list_deliveries,
    show_delivery,
    resend_delivery,
    replay_events,
]
