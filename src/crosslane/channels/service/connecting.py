"""Connecting the systems of channels: who may speak at a channel's webhook, and in which words."""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from crosslane import organization
from crosslane.channels.adapters import FAMILIES, family_of
from crosslane.channels.domain.connection import Connection, Delivery
from crosslane.channels.domain.exchange import Files
from crosslane.channels.errors import (
    AddressUnusable,
    FileNameUnusable,
    NoExchange,
    NotSigned,
    SettingUnknown,
    SignsNothing,
    TellsNoTables,
    TokenNeeded,
)
from crosslane.channels.service import folder, folder_turns, turns
from crosslane.channels.service.mapping import require_tables
from crosslane.channels.storage import connections as storage
from crosslane.platform import facts, outbound
from crosslane.platform.audit import Change, record
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact

OVERLAP_HOURS_MAX = 720
NAMES_MAX = 500
SETTINGS_MAX = 50
TOKEN_CHARACTERS_MAX = 4_000
# What a body is compared with where nobody may send one, so that it takes as long.
NOBODY = Connection(channel="", format="", secret="nobody has this secret")  # noqa: S106

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Names = Annotated[
    dict[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], Code],
    msgspec.Meta(max_length=NAMES_MAX),
]


class PutConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Connect a channel's system, or change how it is connected.

    Args:
        channel: code of the channel.
        format: which format it speaks.
        account: what it calls itself, such as its shop's domain: deliveries of another are refused;
            "" takes those of any that knows the secret.
        secret: what it signs its deliveries with; never shown again. Absent, it stays as it is.
        overlap_hours: how long the secret before is good beside a new one; 0 ends it at once.
        services: our delivery services by the names it has for them; ``*`` is for all others.
        locations: codes of our locations by the names it has for them.
        active: whether its webhook is open, and it is told things.
        base_url: where it is called to be told something, http or https; "" for nowhere.
        token: authorises our calls, and signs documents that are posted to it; never shown again.
            Absent, it stays as it is; "" forgets it.
        settings: what its format needs to know to understand it or tell it something, by the names
            it declares.
        delivery: which way documents go: ``http`` posts them to ``base_url``, ``pull`` lets the
            other side fetch them, ``folder`` puts them into one, and takes files from there;
            ``call`` where there are none.
        files: which files are exchanged, and by which tables it is told things.
    """

    channel: Code
    format: Code
    account: Annotated[str, msgspec.Meta(max_length=200)] = ""
    secret: Annotated[str, msgspec.Meta(min_length=8, max_length=400)] | None = None
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=OVERLAP_HOURS_MAX)] = 72
    services: Names = {}
    locations: Names = {}
    active: bool = True
    base_url: Annotated[str, msgspec.Meta(max_length=400)] = ""
    token: Annotated[str, msgspec.Meta(max_length=TOKEN_CHARACTERS_MAX)] | None = None
    settings: Annotated[
        dict[Code, Annotated[str, msgspec.Meta(max_length=2_000)]],
        msgspec.Meta(max_length=SETTINGS_MAX),
    ] = {}
    delivery: Delivery = "call"
    files: Files = Files()


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel's system is connected, without its secrets.

    Args:
        webhook: where it sends to, "" when its format is not signed.
        signed: it has a secret.
        former_until: until when the secret before is good, None when it is not.
        authorised: our calls have a token.
    """

    channel: str
    format: str
    account: str
    webhook: str
    signed: bool
    former_until: datetime | None
    services: Mapping[str, str]
    locations: Mapping[str, str]
    active: bool
    base_url: str
    authorised: bool
    settings: Mapping[str, str]
    delivery: Delivery
    files: Files


async def _load(tx: Tx) -> dict[str, Connection]:
    return await storage.list_connections(tx)


CONNECTIONS: Fact[dict[str, Connection]] = Fact("channels.connections", _load)


async def connections(tx: Tx) -> dict[str, Connection]:
    """Return every connection by its channel; from memory when nothing has changed."""
    return await facts.get(tx, CONNECTIONS)


async def connection_of(tx: Tx, channel: str) -> Connection:
    """Return how a channel is connected; one that nobody has connected has no words of its own."""
    return (await connections(tx)).get(channel) or Connection(channel=channel, format="")


async def list_connections(tx: Tx) -> list[ConnectionView]:
    """Return how channels are connected, without their secrets."""
    return [_view(one, tx.now) for one in (await connections(tx)).values()]


async def put_connection(tx: Tx, wish: PutConnection) -> ConnectionView:
    """Connect a channel's system, or change how it is connected.

    Raises:
        UnknownChannel, UnknownFormat: there is no such channel, or format.
        SignsNothing: it is to have a secret, and senders of its format do not sign.
        SettingUnknown: its format knows no such setting.
        AddressUnusable, PrivateTarget: nobody can be called there, or nobody may.
        TokenNeeded: its token would go to another host than whoever gave it had in mind.
        NoExchange, FileNameUnusable: no files are exchanged here, or not by such names.
        TellsNoTables, NoSuchMapping, MappingUnusable: it cannot be told things by such tables.
    """
    (await organization.book(tx)).channel(wish.channel, pointer="/channel")
    family = family_of(wish.format)
    if wish.secret is not None and family.verify is None:
        raise SignsNothing(pointer="/secret", format=wish.format)
    for name in wish.settings:
        if name not in family.settings:
            known = ", ".join(sorted(family.settings)) or "none"
            raise SettingUnknown(pointer=f"/settings/{name}", name=name, known=known)
    _require_callable(wish.base_url)
    if wish.delivery == "folder" and folder.root() is None:
        raise NoExchange(pointer="/delivery")
    if not wish.files.is_usable:
        raise FileNameUnusable(pointer="/files/name")
    if wish.files.told and not family.mapped:
        raise TellsNoTables(pointer="/files/told", format=wish.format)
    await require_tables(tx, wish.channel, wish.files)
    await facts.touch(tx, CONNECTIONS.topic)
    before = (await storage.list_connections(tx)).get(wish.channel)
    if before is not None:
        _require_token_meant(before, wish)
    after = _changed(before or Connection(channel=wish.channel, format=wish.format), wish, tx.now)
    await storage.save_connection(tx, after)
    if after.is_told:
        await turns.wake(tx, [wish.channel])
    if after.has_folder:
        await folder_turns.ROUNDS.begin(tx, [wish.channel])
        if before is None or not before.has_folder:
            await folder_turns.skip_documents(tx, wish.channel)
    view = _view(after, tx.now)
    await record(
        tx,
        [
            Change(
                action="channels.put_connection",
                subject=f"channel:{wish.channel}",
                before=_view(before, tx.now) if before else None,
                after=view,
            )
        ],
    )
    return view


def _require_callable(base_url: str) -> None:
    """Refuse an address that cannot be called, or that shows a password."""
    if not base_url:
        return
    try:
        url = urlsplit(base_url)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable or url.username is not None or url.query or url.fragment:
        raise AddressUnusable(pointer="/base_url")
    outbound.require_public(base_url, pointer="/base_url")


def _require_token_meant(before: Connection, wish: PutConnection) -> None:
    """Refuse a new host for a token that is kept, as who names it may not know the token."""
    kept = before.token and wish.token is None and wish.base_url
    if kept and _origin(wish.base_url) != _origin(before.base_url):
        raise TokenNeeded(pointer="/token")


def _origin(base_url: str) -> tuple[str, str | None, int | None]:
    url = urlsplit(base_url)
    return url.scheme, url.hostname, url.port


def _changed(before: Connection, wish: PutConnection, now: datetime) -> Connection:
    told = {
        "format": wish.format,
        "account": wish.account,
        "services": wish.services,
        "locations": wish.locations,
        "active": wish.active,
        "base_url": wish.base_url.rstrip("/"),
        "settings": wish.settings,
        "delivery": wish.delivery,
        "files": wish.files,
    }
    if wish.token is not None:
        told["token"] = wish.token
    if wish.secret not in (None, before.secret):
        until = now + timedelta(hours=wish.overlap_hours) if wish.overlap_hours else None
        told |= {
            "secret": wish.secret,
            "former_secret": before.secret if until else "",
            "former_until": until if before.secret else None,
        }
    return msgspec.structs.replace(before, **told)


def require_signed(
    connection: Connection | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """Refuse a delivery that its sender has not signed, always alike and in the same time.

    Raises:
        NotSigned: nobody may send here, the signature is wrong, or it is of another account.
    """
    known = connection if connection and connection.active else NOBODY
    family = FAMILIES.get(known.format)
    secrets = known.secrets(now) or NOBODY.secrets(now)
    if family and family.verify:
        signed = family.is_signed(headers, body, secrets, known.settings)
    else:
        signed = _in_vain(body, secrets)
    account = family.envelope(headers).account if family else ""
    at_home = known.account in ("", account)
    if not (signed and at_home and known is not NOBODY and known.secrets(now)):
        raise NotSigned


def _in_vain(body: bytes, secrets: list[str]) -> bool:
    return all(not hmac.digest(secret.encode(), body, "sha256") for secret in secrets)


def _view(connection: Connection, now: datetime) -> ConnectionView:
    family = FAMILIES.get(connection.format)
    former = len(connection.secrets(now)) > 1
    return ConnectionView(
        channel=connection.channel,
        format=connection.format,
        account=connection.account,
        webhook=f"/api/v1/channels/{connection.channel}/webhook"
        if family and family.verify
        else "",
        signed=bool(connection.secret),
        former_until=connection.former_until if former else None,
        services=connection.services,
        locations=connection.locations,
        active=connection.active,
        base_url=connection.base_url,
        authorised=bool(connection.token),
        settings=connection.settings,
        delivery=connection.delivery,
        files=connection.files,
    )
