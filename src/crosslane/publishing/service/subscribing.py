"""Who is told of public events by webhook: subscriptions, their secrets, and a test of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.kernel import Stale, matching
from crosslane.platform import audit, outbound
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one
from crosslane.publishing import errors
from crosslane.publishing.domain import catalogue
from crosslane.publishing.domain import stream as positions
from crosslane.publishing.service.turns import advance
from crosslane.publishing.storage import deliveries, stream, subscriptions
from crosslane.publishing.storage.subscriptions import SUBSCRIPTIONS_MAX, State, Subscription

URL_CHARACTERS_MAX = 2_000
NAMES_MAX = 100
OVERLAP_HOURS = 24
OVERLAP_HOURS_MAX = 720
COUNTED_HOURS = 24

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=URL_CHARACTERS_MAX)]
Description = Annotated[str, msgspec.Meta(max_length=200)]
Pattern = Annotated[str, matching(r"[a-z_.*]+", max_length=100)]
Kinds = Annotated[list[Pattern], msgspec.Meta(max_length=NAMES_MAX)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Codes = Annotated[list[Code], msgspec.Meta(max_length=NAMES_MAX)]


class Subscribe(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription to make.

    Args:
        id: what it is to be called.
        secret: what its deliveries are signed with.
    """

    id: UUID
    secret: str
    url: str
    description: str
    kinds: Sequence[str]
    channels: Sequence[str]
    brands: Sequence[str]


class ChangeSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """What to change about a subscription; what is absent stays as it is.

    Args:
        version: the version that is meant, None for any.
        active: pause it, or let it go on where it stopped.
        skip_missed: of one that goes on: what happened meanwhile is not told.
    """

    id: UUID
    version: int | None = None
    url: str | None = None
    description: str | None = None
    kinds: Sequence[str] | None = None
    channels: Sequence[str] | None = None
    brands: Sequence[str] | None = None
    active: bool | None = None
    skip_missed: bool = False


class RemoveSubscription(msgspec.Struct, frozen=True):
    """A subscription to remove."""

    id: UUID


class RotateSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret for a subscription.

    Args:
        id: whose.
        secret_id: what it is to be called.
        overlap_hours: how long the one before is good beside it; 0 ends it at once.
    """

    id: UUID
    secret_id: UUID
    secret: str
    overlap_hours: int = OVERLAP_HOURS


class Rotated(msgspec.Struct, frozen=True):
    """What is known of a new secret.

    Args:
        secret_id: what it is called; by that a repeated request is told from the first.
        hint: its last characters.
        former_until: until when the one before is good, None when it is not.
    """

    secret_id: UUID
    hint: str
    former_until: datetime | None


class Ping(msgspec.Struct, frozen=True):
    """A test to be sent.

    Args:
        subscription_id: to whom.
        delivery_id: what the delivery is to be called.
    """

    subscription_id: UUID
    delivery_id: UUID


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook subscription, without its secrets.

    Args:
        url: where they are sent, without the values of its query, which may be secrets.
        kinds: names or patterns of events; every public event without any.
        channels: codes; only what concerns them. Likewise brands.
        state: active; paused by a person; disabled because its receiver takes nothing.
        cause: why it is disabled: gone (it said 410) or failing (it took nothing for 72 hours).
        failing_since: the first failure since it took something last.
        rest_until: nothing is sent before, since the receiver is down.
        behind: events of the stream it has not been looked through for yet.
        waiting: deliveries that wait to be sent.
        delivered: taken in the last 24 hours; likewise failed, given up in that time.
        former_secret_until: until when the secret before is good, None when it is not.
    """

    id: UUID
    url: str
    description: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    brands: tuple[str, ...]
    state: State
    cause: Literal["", "gone", "failing"]
    failing_since: datetime | None
    rest_until: datetime | None
    behind: int
    waiting: int
    delivered: int
    failed: int
    former_secret_until: datetime | None
    created_at: datetime
    changed_at: datetime
    version: int


async def views(tx: Tx, found: Sequence[Subscription]) -> list[SubscriptionView]:
    """Return subscriptions as they are shown."""
    ids = [one.id for one in found]
    since = tx.now - timedelta(hours=COUNTED_HOURS)
    counts = await deliveries.count_lately(tx, ids, since)
    former = await subscriptions.list_former(tx, ids)
    last = positions.end(await stream.list_heads(tx)).place
    return [
        SubscriptionView(
            id=one.id,
            url=shown_url(one.url),
            description=one.description,
            kinds=one.kinds,
            channels=one.channels,
            brands=one.brands,
            state=one.state,
            cause=one.cause,  # type: ignore[arg-type]
            failing_since=one.failing_since,
            rest_until=one.rest_until,
            behind=max(0, last - one.place),
            waiting=counts[one.id].get("waiting", 0),
            delivered=counts[one.id].get("delivered", 0),
            failed=counts[one.id].get("failed", 0),
            former_secret_until=former.get(one.id),
            created_at=one.created_at,
            changed_at=one.changed_at,
            version=one.version,
        )
        for one in found
    ]


async def list_subscriptions(tx: Tx) -> list[SubscriptionView]:
    """Return every subscription, the oldest first."""
    return await views(tx, await subscriptions.list_subscriptions(tx))


async def subscription(tx: Tx, subscription_id: UUID) -> SubscriptionView:
    """Return one subscription.

    Raises:
        NoSuchSubscription: there is none with this identifier.
    """
    found = await subscriptions.find_subscriptions(tx, [subscription_id])
    if subscription_id not in found:
        raise errors.NoSuchSubscription(id=subscription_id)
    return (await views(tx, [found[subscription_id]]))[0]


async def lock(tx: Tx, subscription_id: UUID) -> Subscription:
    """Lock a subscription and return it.

    Raises:
        NoSuchSubscription: there is none with this identifier.
    """
    found = await subscriptions.lock_subscriptions(tx, [subscription_id])
    if subscription_id not in found:
        raise errors.NoSuchSubscription(id=subscription_id)
    return found[subscription_id]


async def _subscribe(tx: Tx, wish: Subscribe) -> SubscriptionView:
    await _require_possible(tx, wish.url, wish.kinds, wish.channels, wish.brands)
    if await subscriptions.lock_count(tx) >= SUBSCRIPTIONS_MAX:
        raise errors.TooManySubscriptions(most=SUBSCRIPTIONS_MAX)
    here = positions.end(await stream.list_heads(tx)).place
    made = Subscription(
        id=wish.id,
        url=wish.url,
        description=wish.description,
        kinds=tuple(wish.kinds),
        channels=tuple(wish.channels),
        brands=tuple(wish.brands),
        since_place=here,
        place=here,
        created_at=tx.now,
        changed_at=tx.now,
    )
    await subscriptions.insert_subscription(tx, made)
    await subscriptions.add_secret(tx, made.id, wish.secret, tx.now)
    return await _audited(tx, "publishing.subscribe", None, made)


async def _change(tx: Tx, wish: ChangeSubscription) -> SubscriptionView:
    before = await lock(tx, wish.id)
    if wish.version not in (None, before.version):
        raise Stale(present=before.version, given=wish.version)
    names = ("url", "description", "kinds", "channels", "brands")
    told = {name: value for name in names if (value := getattr(wish, name)) is not None}
    if told.get("url") == shown_url(before.url):
        # Who was shown it and sends it back means the one that is there.
        del told["url"]
    told |= {n: tuple(told[n]) for n in ("kinds", "channels", "brands") if n in told}
    after = msgspec.structs.replace(before, **told, changed_at=tx.now, version=before.version + 1)
    if told:
        await _require_possible(tx, after.url, after.kinds, after.channels, after.brands)
        # What it wants from now on, it has not been looked through for before.
        after = msgspec.structs.replace(after, since_place=after.place)
    if wish.active is False:
        after = msgspec.structs.replace(after, state="paused", cause="")
    elif wish.active and before.state != "active":
        after = await _let_go_on(tx, after, skip_missed=wish.skip_missed)
    await subscriptions.change_subscription(tx, after)
    await advance(tx, [after])
    return await _audited(tx, "publishing.change_subscription", before, after)


async def _let_go_on(tx: Tx, one: Subscription, *, skip_missed: bool) -> Subscription:
    """Return a subscription that is active again, its receiver believed to do well."""
    await deliveries.hurry(tx, [one.id])
    here = positions.end(await stream.list_heads(tx)).place if skip_missed else one.place
    return msgspec.structs.replace(
        one,
        state="active",
        cause="",
        since_place=here if skip_missed else one.since_place,
        place=here,
        failures=0,
        failing_since=None,
        rest_until=None,
    )


async def _remove(tx: Tx, wish: RemoveSubscription) -> None:
    before = await lock(tx, wish.id)
    await subscriptions.remove_subscription(tx, wish.id)
    await audit.record(
        tx,
        [
            Change(
                action="publishing.remove_subscription",
                subject=before.subject,
                before=_told(before),
            )
        ],
    )


async def _rotate(tx: Tx, wish: RotateSecret) -> Rotated:
    before = await lock(tx, wish.id)
    until = tx.now + timedelta(hours=wish.overlap_hours)
    await subscriptions.add_secret(tx, wish.id, wish.secret, until)
    former_until = until if wish.overlap_hours else None
    rotated = Rotated(wish.secret_id, hint_of(wish.secret), former_until)
    change = Change(action="publishing.rotate_secret", subject=before.subject, after=rotated)
    await audit.record(tx, [change])
    return rotated


async def _ping(tx: Tx, wish: Ping) -> None:
    one = await lock(tx, wish.subscription_id)
    require_active(one)
    name = f"ping_{wish.delivery_id.hex}"
    await deliveries.insert_ping(tx, wish.delivery_id, one.id, name, catalogue.PING, one.subject)
    await advance(tx, [one])
    await audit.record(tx, [Change(action="publishing.ping", subject=one.subject)])


def require_active(one: Subscription) -> None:
    """Refuse to send anything to a subscription that is not active.

    Raises:
        NotActive: it is paused or disabled.
    """
    if one.state != "active":
        raise errors.NotActive(state=one.state)


def hint_of(secret: str) -> str:
    """Return the end of a secret, by which people tell it from another."""
    return secret.rstrip("=")[-4:]


def shown_url(url: str) -> str:
    """Return an address as it is shown to people: what its query says may be a secret.

    What stands for a value is no part of an address, so that nothing is ever sent to what is shown.
    """
    told = urlsplit(url)
    parts = (
        part.partition("=")[0] if "=" in part else "" for part in told.query.split("&") if part
    )
    return urlunsplit(told._replace(query="&".join(f"{name}=…" if name else "…" for name in parts)))


async def _require_possible(
    tx: Tx, url: str, kinds: Sequence[str], channels: Sequence[str], brands: Sequence[str]
) -> None:
    told = urlsplit(url) if url.isascii() and url.isprintable() and " " not in url else None
    try:
        fits = told is not None and told.port != 0
    except ValueError:
        fits = False
    if not fits or told is None or told.scheme not in ("http", "https") or not told.hostname:
        raise errors.BadAddress(pointer="/url")
    if told.username is not None or told.fragment:
        raise errors.BadAddress(pointer="/url")
    outbound.require_public(url, pointer="/url")
    if strange := catalogue.unknown(kinds):
        raise errors.UnknownEventKind(pointer=f"/kinds/{list(kinds).index(strange)}", kind=strange)
    book = await organization.book(tx)
    for place, code in enumerate(channels):
        book.channel(code, pointer=f"/channels/{place}")
    for place, code in enumerate(brands):
        if code not in book.brands:
            raise organization.UnknownBrand(pointer=f"/brands/{place}", code=code)


async def _audited(
    tx: Tx, action: str, before: Subscription | None, after: Subscription
) -> SubscriptionView:
    change = Change(
        action=action,
        subject=after.subject,
        before=_told(before) if before else None,
        after=_told(after),
    )
    await audit.record(tx, [change])
    return (await views(tx, [after]))[0]


def _told(one: Subscription) -> dict[str, object]:
    names = ("url", "description", "kinds", "channels", "brands", "state")
    return {name: getattr(one, name) for name in names} | {"url": shown_url(one.url)}


SUBSCRIBE = one_by_one("publishing.subscribe", Subscribe, SubscriptionView, _subscribe)
CHANGE = one_by_one("publishing.change_subscription", ChangeSubscription, SubscriptionView, _change)
REMOVE = one_by_one("publishing.remove_subscription", RemoveSubscription, None, _remove)
ROTATE = one_by_one("publishing.rotate_secret", RotateSecret, Rotated, _rotate)
PING = one_by_one("publishing.ping", Ping, None, _ping)
