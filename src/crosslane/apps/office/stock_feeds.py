"""Feeds: how far each source has told of each location, and where it differed from the books."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, inventory, locations, organization
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.stock import READ
from crosslane.catalog import Variant
from crosslane.inventory import Feed, MovementRow
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.screens import page
from crosslane.platform.web import Caller, NoSuchAddress, Paging

# A source that was silent for longer is told as late, for longer still as silent.
LATE_HOURS, SILENT_HOURS = 26, 72


class FeedRow(msgspec.Struct, frozen=True):
    """A feed, how old what it said is, and whose stock it is about."""

    feed: Feed
    place: Location
    owner: str
    age: str


class CorrectedRow(msgspec.Struct, frozen=True):
    """Units of an article that a message corrected."""

    movement: MovementRow
    variant: Variant
    place: Location

    @property
    def before(self) -> int:
        """Units the books had."""
        return self.movement.on_hand_after - self.movement.on_hand_delta


@page("/office/stock/feeds", permission=READ)
async def show_feeds(
    caller: Caller, request: Request, paging: Paging, location: str = ""
) -> Response:
    """Show which source tells of which location, how far, and how old that is."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        network, book = await locations.network(tx), await organization.book(tx)
        own = viewer.actor.location_id
        chosen = network.by_code.get(location)
        feeds = await inventory.list_feeds(
            tx,
            paging.after(str, UUID, str, UUID),
            paging.limit + 1,
            location_id=own or (chosen and chosen.id),
        )
        now = tx.now
    found = paging.page(
        feeds, key=lambda one: (one.source, one.location_id, one.condition, one.owner_id)
    )
    owners = {entity.id: entity.name for entity in book.entities.values()}
    return PAGES.answer(
        viewer,
        "stock_feeds.html",
        rows=[
            FeedRow(
                feed,
                network.by_id[feed.location_id],
                owners.get(feed.owner_id, network.by_id[feed.location_id].name),
                _age(now, feed.as_of),
            )
            for feed in found.items
        ],
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        location=location,
        places=[network.by_id[own]] if own else network.all,
        **ways(viewer),
    )


@page("/office/stock/feeds/messages", permission=READ)
async def show_feed_messages(
    caller: Caller, request: Request, paging: Paging, source: str, location: str = ""
) -> Response:
    """Show the messages of a source with what they corrected, the latest first."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        network = await locations.network(tx)
        chosen = network.by_code.get(location)
        messages = await inventory.list_messages(
            tx,
            source,
            before=paging.after(datetime, UUID),
            location_id=viewer.actor.location_id or (chosen and chosen.id),
            limit=paging.limit + 1,
        )
    found = paging.page(messages, key=lambda one: (one.received_at, one.header.id))
    return PAGES.answer(
        viewer,
        "stock_feed_messages.html",
        source=source,
        rows=[(one, network.by_id[one.header.location_id]) for one in found.items],
        place=chosen,
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
        **ways(viewer),
    )


@page("/office/stock/feeds/messages/{message_id}", permission=READ)
async def show_feed_message(
    caller: Caller, request: Request, paging: Paging, message_id: UUID
) -> Response:
    """Show what a message said that differed from the books."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        message = await inventory.find_message(tx, message_id)
        network = await locations.network(tx)
        own = viewer.actor.location_id
        if message is None or own not in (None, message.header.location_id):
            raise NoSuchAddress
        movements = await inventory.list_of_cause(
            tx, message_id, after=paging.after(datetime, UUID, int), limit=paging.limit + 1
        )
        found = paging.page(movements, key=lambda row: (row.at, row.position_id, row.movement_no))
        rows = await _corrected(tx, found.items, viewer.language)
    return PAGES.answer(
        viewer,
        "stock_feed_message.html",
        message=message,
        place=network.by_id[message.header.location_id],
        rows=rows,
        next=address(viewer, cursor=found.next_cursor) if found.next_cursor else "",
    )


async def _corrected(tx: Tx, movements: Sequence[MovementRow], language: str) -> list[CorrectedRow]:
    positions = await inventory.positions_by_id(tx, list({row.position_id for row in movements}))
    ids = list({position.variant_id for position in positions.values()})
    variants = await catalog.variants_by_id(tx, ids, locale=language)
    known = (await locations.network(tx)).by_id
    return [
        CorrectedRow(
            row,
            variants[positions[row.position_id].variant_id],
            known[positions[row.position_id].location_id],
        )
        for row in movements
    ]


def _age(now: datetime, as_of: datetime) -> str:
    """Say how old what a source told is: fresh, late or silent."""
    if now - as_of > timedelta(hours=SILENT_HOURS):
        return "silent"
    return "late" if now - as_of > timedelta(hours=LATE_HOURS) else "fresh"


ROUTES = [show_feeds, show_feed_messages, show_feed_message]
