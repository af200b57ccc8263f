"""What systems say: supply messages, and goods on their way."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.catalog import UnknownSku
from crosslane.inventory.domain.feeds import SupplyRow
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.errors import (
    BundleHasNoStock,
    ForeignLocation,
    IncomingNotFound,
    MessageReused,
    OnATransfer,
    RowRepeated,
    TimeInFuture,
)
from crosslane.inventory.service.codes import codes_of
from crosslane.inventory.service.corrections import Code, Sku
from crosslane.inventory.service.reporting import (
    RECEIVE_INCOMING,
    REPORT_INCOMING,
    REPORT_SUPPLY,
    ArrivedLine,
    IncomingRow,
    IncomingTaken,
    IncomingView,
    MessageView,
    ReceiveIncoming,
    ReportIncoming,
    ReportSupply,
    Source,
    incoming_views,
    view_of,
)
from crosslane.inventory.storage import feeds, incoming
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown, network
from crosslane.organization import UnknownEntity, book
from crosslane.platform.web import Caller, Paging, get, post

MESSAGE_BYTES_MAX = 12 << 20
SKUS_MAX = 50
NOON = datetime(2030, 1, 4, 12, 0, tzinfo=UTC)


class FeedView(msgspec.Struct, frozen=True):
    """How far a source has told of a location.

    Args:
        as_of: instant of its latest message.
        complete_at: instant of its latest complete snapshot.
        parts_waiting: parts of messages not applied yet.
    """

    source: str
    location: str
    condition: Condition
    owner: str | None
    as_of: datetime
    received_at: datetime
    complete_at: datetime | None
    messages: int
    parts_waiting: int


@post(
    "/api/v1/inventory/supply-messages",
    permission="inventory:feed",
    command=REPORT_SUPPLY,
    status=202,
    body_bytes_max=MESSAGE_BYTES_MAX,
    raises=(
        LocationUnknown,
        UnknownEntity,
        ForeignLocation,
        RowRepeated,
        MessageReused,
        TimeInFuture,
    ),
    example=ReportSupply(
        source="wms",
        message="2030-01-04-0007",
        kind="snapshot",
        location="DC1",
        as_of=NOON,
        rows=(SupplyRow("MUG-1", 480), SupplyRow("BOWL-2", 0)),
    ),
)
async def report_supply(caller: Caller, data: ReportSupply) -> MessageView:
    """Take in what a source says lies somewhere, or came and went.

    The rows are applied in the background, part by part; the message tells how far. The order in
    which messages arrive does not matter and a repeated one changes nothing. A snapshot never
    undoes what happened after its ``as_of``. SKUs nobody knows are listed, the rest is applied.
    """
    return await caller.submit(REPORT_SUPPLY, data)


@get("/api/v1/inventory/supply-messages", permission="inventory:read")
async def list_messages(
    caller: Caller,
    paging: Paging,
    source: Source,
    message: Annotated[str, Meta(max_length=120)] | None = None,
) -> Page[MessageView]:
    """List the messages of a source with what they corrected, the latest first."""
    async with caller.read() as tx:
        found = await feeds.list_messages(
            tx,
            source,
            message=message,
            before=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
        page = paging.page(found, key=lambda one: (one.received_at, one.header.id))
        known = await network(tx)
    return Page([view_of(one, known) for one in page.items], page.next_cursor)


@get("/api/v1/inventory/supply-feeds", permission="inventory:read")
async def list_feeds(caller: Caller, paging: Paging) -> Page[FeedView]:
    """List which source tells of which location, and how far."""
    async with caller.read() as tx:
        found = await feeds.list_feeds(tx, paging.after(str, UUID, str, UUID), paging.limit + 1)
        page = paging.page(
            found, key=lambda one: (one.source, one.location_id, one.condition, one.owner_id)
        )
        known = (await network(tx)).by_id
        owners = {entity.id: entity.code for entity in (await book(tx)).entities.values()}
    views = [
        FeedView(
            source=one.source,
            location=known[one.location_id].code,
            condition=one.condition,
            owner=owners.get(one.owner_id),
            as_of=one.as_of,
            received_at=one.received_at,
            complete_at=one.complete_at,
            messages=one.messages,
            parts_waiting=one.parts_waiting,
        )
        for one in page.items
    ]
    return Page(views, page.next_cursor)


@post(
    "/api/v1/inventory/incoming-reports",
    permission="inventory:feed",
    command=REPORT_INCOMING,
    raises=(
        UnknownSku,
        BundleHasNoStock,
        LocationUnknown,
        UnknownEntity,
        ForeignLocation,
        OnATransfer,
        TimeInFuture,
    ),
    example=ReportIncoming(
        source="erp",
        message="PO-7-1",
        as_of=NOON,
        lines=(
            IncomingRow(
                reference="PO-7/10",
                sku="MUG-1",
                location="DC1",
                quantity=96,
                available_on=date(2030, 1, 20),
            ),
        ),
    ),
)
async def report_incoming(caller: Caller, data: ReportIncoming) -> IncomingTaken:
    """Say what is on its way and from which day it can be promised out."""
    return await caller.submit(REPORT_INCOMING, data)


@post(
    "/api/v1/inventory/arrivals",
    permission="inventory:receive",
    command=RECEIVE_INCOMING,
    raises=(IncomingNotFound, ForeignLocation, OnATransfer, TimeInFuture),
    example=ReceiveIncoming(
        lines=(ArrivedLine(incoming_id=UUID(int=7), quantity=90, unit_cost_milli=185_000),)
    ),
)
async def receive_incoming(caller: Caller, data: ReceiveIncoming) -> IncomingTaken:
    """Record goods that arrived; what was promised of them is held for those who wait."""
    return await caller.submit(RECEIVE_INCOMING, data)


@get(
    "/api/v1/inventory/incoming", permission="inventory:read", raises=(UnknownSku, LocationUnknown)
)
async def list_incoming(
    caller: Caller,
    paging: Paging,
    sku: Annotated[list[Sku], Meta(max_length=SKUS_MAX)] | None = None,
    location: Code | None = None,
    reference: Annotated[str, Meta(max_length=120)] | None = None,
) -> Page[IncomingView]:
    """List goods still to come, the earliest first; with a reference also those that came."""
    async with caller.read() as tx:
        codes = await codes_of(tx, sku or ())
        found = await incoming.list_incoming(
            tx,
            variant_ids=None
            if sku is None
            else [codes.variant(one, pointer="/sku").id for one in sku],
            location_id=location and codes.location(location, pointer="/location").id,
            reference=reference,
            after=paging.after(date, UUID),
            limit=paging.limit + 1,
        )
        page = paging.page(found, key=lambda one: (one.available_on, one.id))
        return Page(list(await incoming_views(tx, page.items)), page.next_cursor)


ROUTES = [
    report_supply,
    list_messages,
    list_feeds,
    report_incoming,
    receive_incoming,
    list_incoming,
]
