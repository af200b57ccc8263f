"""How channels' systems are connected over HTTP, and the door at which they deliver."""

from typing import Literal
from uuid import UUID

import msgspec
from litestar import Request

from crosslane import organization
from crosslane.channels import errors
from crosslane.channels.adapters import CSV, FORM, JSON, LINES, is_ping
from crosslane.channels.adapters.port import BODY_BYTES_MAX
from crosslane.channels.service import connecting
from crosslane.channels.service.connecting import ConnectionView, PutConnection
from crosslane.channels.service.deliveries import DELIVERIES, Delivery
from crosslane.channels.service.intake import RECEIVE, Received, read_aside
from crosslane.channels.service.joining import CONNECT
from crosslane.platform import outbound
from crosslane.platform.web import PUBLIC, Caller, get, post

CONFIGURE = "channels:configure"
XML = "application/xml"


class Delivered(msgspec.Struct, frozen=True):
    """What became of a delivery.

    Args:
        state: taken in now, known already, or a question whether somebody is there.
        batch_id: the batch it is, None of such a question.
    """

    state: Literal["taken", "known", "heard"]
    batch_id: UUID | None = None


@get("/api/v1/channel-connections", permission=CONFIGURE)
async def list_connections(caller: Caller) -> list[ConnectionView]:
    """List how channels' systems are connected, without their secrets."""
    async with caller.read() as tx:
        return await connecting.list_connections(tx)


@post(
    "/api/v1/channel-connections",
    permission=CONFIGURE,
    command=CONNECT,
    raises=(
        organization.UnknownChannel,
        errors.UnknownFormat,
        errors.SignsNothing,
        errors.SettingUnknown,
        errors.AddressUnusable,
        outbound.PrivateTarget,
        errors.TokenNeeded,
        errors.NoExchange,
        errors.FileNameUnusable,
        errors.TellsNoTables,
        errors.NoSuchMapping,
        errors.MappingUnusable,
    ),
    example=PutConnection(
        channel="shop",
        format="shopify",
        account="example.myshopify.com",
        secret="the secret of the app",  # noqa: S106
        services={"Express": "express", "*": "standard"},
        locations={"655441491": "S0001"},
    ),
)
async def put_connection(caller: Caller, data: PutConnection) -> ConnectionView:
    """Connect a channel's system, or change how it is connected.

    A new secret is good at once, the one before for ``overlap_hours`` more. Its deliveries go to
    ``/api/v1/channels/{channel}/webhook``.
    """
    return await caller.submit(CONNECT, data)


@post(
    "/api/v1/channels/{code}/webhook",
    permission=PUBLIC,
    command=RECEIVE,
    key_required=False,
    status=200,
    consumes=JSON,
    also_consumes=(LINES, CSV, XML, FORM),
    body_bytes_max=BODY_BYTES_MAX,
    raises=(errors.NotSigned, errors.NothingSent, errors.TooManyRecords),
)
async def receive_delivery(caller: Caller, request: Request, code: str, data: bytes) -> Delivered:
    """Take in what a channel's system delivers, signed as its format says.

    It is answered as soon as it is stored, and applied in the background. A delivery that comes
    again is known by the sender's own name of it. Who signs wrongly is not told what is wrong. What
    only asks whether somebody is there is answered at every channel, so nobody learns which exist.
    """
    if is_ping(data):
        return Delivered("heard")
    delivery = Delivery(code, request.headers, data)
    sender = await DELIVERIES.ask(caller.tenant, caller.read, delivery)
    if sender.known is not None:
        return Delivered("known", sender.known)

    wish = await read_aside(
        data,
        channel=sender.channel,
        agreed=sender.agreed,
        format=sender.format,
        received_at=sender.received_at,
        headers=request.headers,
        sender=f"channel:{code}",
    )
    received: Received = await caller.submit(RECEIVE, wish)
    return Delivered("taken" if received.counts else "known", received.id)


ROUTES = [list_connections, put_connection, receive_delivery]
