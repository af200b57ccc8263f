"""Goods that come: parcels on their way to stores, and what suppliers and transfers bring."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, fulfillment, inventory, locations
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock import READ
from crosslane.apps.office.wishes import wish_of
from crosslane.catalog import Variant
from crosslane.fulfillment import ARRIVE, Arrive, WorkView
from crosslane.inventory import RECEIVE_INCOMING, IncomingLine, ReceiveIncoming
from crosslane.kernel import Refusal
from crosslane.locations import Location, Network
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

PARCELS = "/office/stock/parcels"
COMING = "/office/stock/incoming"
# Work without a promise stands at the end of a list.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

State = Literal["in_transit", "arrived"]


class ParcelsRow(msgspec.Struct, frozen=True):
    """Parcels of an order from one location to the store it is collected at."""

    work: WorkView
    source: Location
    store: Location | None

    @property
    def sent_at(self) -> datetime | None:
        """When its first parcel left."""
        left = [parcel.shipped_at for parcel in self.work.parcels if parcel.shipped_at]
        return min(left, default=None)

    @property
    def units(self) -> int:
        """Units that were sent and are still wanted."""
        return sum(line.packed + line.passed for line in self.work.lines)


class ComingRow(msgspec.Struct, frozen=True):
    """A line of goods on their way."""

    line: IncomingLine
    variant: Variant
    place: Location


@page(PARCELS, permission="fulfillment:read")
async def show_store_parcels(
    caller: Caller,
    request: Request,
    paging: Paging,
    state: State = "in_transit",
    store: str = "",
) -> Response:
    """Show parcels on their way to stores, and those that have arrived."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await _parcels(tx, viewer, paging, state, store)
    return PAGES.answer(viewer, "stock_parcels.html", **told)


@form(
    "/office/stock/parcels/{work_id}/arrival",
    permission="fulfillment:work",
    command=ARRIVE,
)
async def take_store_parcels(
    caller: Caller, request: Request, work_id: UUID, data: bytes
) -> Response:
    """Say that parcels have reached their store."""
    del data
    try:
        arrived = await caller.submit(ARRIVE, Arrive(work_id))
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            told = await _parcels(tx, viewer, Paging(), "in_transit", "")
        told["refusal"] = refusal
        return PAGES.answer(viewer, "stock_parcels.html", status=422, **told)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    said = words("Arrived. The customer is told that the goods are ready.")
    if arrived.pickup is None:
        said = words("Arrived. Nobody waits for these goods any more: they are stock of the store.")
    return see_other(PARCELS, toast=said)


@page(COMING, permission=READ)
async def show_coming(
    caller: Caller,
    request: Request,
    paging: Paging,
    location: str = "",
    reference: str = "",
) -> Response:
    """Show goods that suppliers and our own locations have on their way, the earliest first."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await _coming(tx, viewer, paging, location, reference)
    return PAGES.answer(viewer, "stock_incoming.html", **told)


@form(
    "/office/stock/incoming/{line_id}/arrival",
    permission="inventory:receive",
    command=RECEIVE_INCOMING,
)
async def take_coming(caller: Caller, request: Request, line_id: UUID, data: bytes) -> Response:
    """Record units that have arrived of a line."""
    fields = read_form(data)
    try:
        arrived = {"incoming_id": line_id, "quantity": fields.number("units")}
        await caller.submit(RECEIVE_INCOMING, wish_of(ReceiveIncoming, {"lines": [arrived]}))
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            told = await _coming(tx, viewer, Paging(), "", "")
        told |= {"refusal": refusal, "asked": line_id, "fields": fields.plain()}
        return PAGES.answer(viewer, "stock_incoming.html", status=422, **told)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    return see_other(COMING, toast=words("Received."))


async def _parcels(
    tx: Tx, viewer: Viewer, paging: Paging, state: State, store: str
) -> dict[str, Any]:
    network = await locations.network(tx)
    chosen = network.by_code.get(store)
    works = await fulfillment.list_queue(
        tx,
        location_id=None,
        state=state,
        order_id=None,
        store_id=viewer.actor.location_id or (chosen and chosen.id),
        after=paging.after(datetime, UUID),
        limit=paging.limit + 1,
    )
    found = paging.page(works, key=lambda work: (work.promised_at or NEVER, work.id))
    return {
        "rows": [_parcels_row(work, network) for work in found.items],
        "next": address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        "state": state,
        "store": store,
        "stores": [one for one in network.all if "ship_to_store" in one.abilities],
        "may_arrive": viewer.may("fulfillment:work"),
        "refusal": None,
        **ways(viewer),
    }


def _parcels_row(work: WorkView, network: Network) -> ParcelsRow:
    store = network.by_id.get(work.store_id) if work.store_id else None
    return ParcelsRow(work, network.by_id[work.location_id], store)


async def _coming(
    tx: Tx, viewer: Viewer, paging: Paging, location: str, reference: str
) -> dict[str, Any]:
    network = await locations.network(tx)
    own = viewer.actor.location_id
    chosen = network.by_code.get(location)
    lines = await inventory.list_incoming(
        tx,
        variant_ids=None,
        location_id=own or (chosen and chosen.id),
        reference=reference.strip() or None,
        after=paging.after(date, UUID),
        limit=paging.limit + 1,
    )
    found = paging.page(lines, key=lambda line: (line.available_on, line.id))
    return {
        "rows": await _named(tx, viewer, found.items, network),
        "next": address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        "location": location,
        "reference": reference,
        "places": [network.by_id[own]] if own else network.all,
        "today": tx.now.date(),
        "may_receive": viewer.may("inventory:receive"),
        "refusal": None,
        "asked": None,
        "fields": {},
        **ways(viewer),
    }


async def _named(
    tx: Tx, viewer: Viewer, lines: Sequence[IncomingLine], network: Network
) -> list[ComingRow]:
    ids = list({line.key.variant_id for line in lines})
    variants = await catalog.variants_by_id(tx, ids, locale=viewer.language)
    return [
        ComingRow(line, variants[line.key.variant_id], network.by_id[line.key.location_id])
        for line in lines
    ]


ROUTES = [show_store_parcels, take_store_parcels, show_coming, take_coming]
