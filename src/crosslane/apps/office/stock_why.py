"""Why this number: everything a stock figure of an article at a location is the sum of."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import inventory, locations, organization
from crosslane.apps.office.addresses import address, ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.names import names_of
from crosslane.apps.office.stock import READ
from crosslane.apps.office.stock_article import article
from crosslane.apps.office.stock_causes import CauseShown, causes_of
from crosslane.apps.office.wishes import wrong_of
from crosslane.catalog import UnknownSku, Variant
from crosslane.inventory import (
    AllocationRow,
    Condition,
    Explained,
    Hold,
    IncomingLine,
    MovementRow,
    Proof,
)
from crosslane.kernel import Page
from crosslane.locations import Location, LocationUnknown
from crosslane.organization import UnknownChannel
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, page
from crosslane.platform.web import Caller, Paging

Number = Literal["available", "on_hand", "allocated", "held", "safety", "incoming"]
LISTED_MAX = 200
CONDITIONS = tuple(Condition)


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures of a position are made of.

    Args:
        explained: the position, with what policies keep back.
        proof: what its journals add up to.
        movements: a page of them, the latest first; likewise the demands that have units.
        holds: those that have not run out.
        incoming: what is still to come to the location.
        causes: what movements, demands and holds are due to, by document.
        names: who did it, by actor.
    """

    explained: Explained | None
    proof: Proof | None
    movements: list[MovementRow] = []
    demands: list[AllocationRow] = []
    holds: list[Hold] = []
    incoming: list[IncomingLine] = []
    causes: dict[UUID, CauseShown] = {}
    names: dict[str, str] = {}
    next_cursor: str | None = None


@page(
    "/office/stock/{variant_id}/{place}",
    permission=READ,
    raises=(UnknownSku, LocationUnknown, UnknownChannel),
)
async def show_why(
    caller: Caller,
    request: Request,
    paging: Paging,
    variant_id: UUID,
    place: str,
    number: Number = "available",
    position: UUID | None = None,
    channel: str = "",
) -> Response:
    """Show why a figure of an article at a location is what it is, with proof."""
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        told = await why_page(
            tx,
            viewer,
            paging,
            variant_id=variant_id,
            place=place,
            number=number,
            position=position,
            channel=channel,
        )
    return PAGES.answer(viewer, "stock_why.html", **told)


async def why_page(
    tx: Tx,
    viewer: Viewer,
    paging: Paging,
    *,
    variant_id: UUID,
    place: str,
    number: Number,
    position: UUID | None = None,
    channel: str = "",
) -> dict[str, Any]:
    """Return all the page of an article at a location shows."""
    variant = await article(tx, variant_id, viewer.language)
    location = (await locations.network(tx)).require(place)
    book = await organization.book(tx)
    positions = await inventory.positions_at(tx, variant_id, location.id)
    positions.sort(key=lambda one: (CONDITIONS.index(one.condition), one.owner_id))
    chosen = _chosen(positions, position)
    why = await _why(tx, viewer, paging, chosen, (variant, location), number, channel)
    mine = viewer.actor.location_id in (None, location.id)
    return {
        "variant": variant,
        "place": location,
        "positions": positions,
        "owners": {entity.id: entity.name for entity in book.entities.values()},
        "channels": sorted((one.code, one.name) for one in book.channels.values()),
        "channel": channel,
        "number": number,
        "why": why,
        "next": address(viewer, cursor=why.next_cursor) if why.next_cursor else "",
        "may_count": mine and viewer.may("inventory:count"),
        "may_adjust": mine and viewer.may("inventory:adjust"),
        **ways(viewer),
        "refusal": None,
        "wrong": wrong_of(None),
        "fields": {},
        "asked": "",
    }


def _chosen(
    positions: Sequence[inventory.PositionRow], wanted: UUID | None
) -> inventory.PositionRow | None:
    """Return the position that is asked for, else the sellable one, else any."""
    for one in positions:
        if one.id == wanted:
            return one
    sellable = [one for one in positions if one.condition == "sellable"]
    return (sellable or list(positions) or [None])[0]


async def _why(
    tx: Tx,
    viewer: Viewer,
    paging: Paging,
    chosen: inventory.PositionRow | None,
    where: tuple[Variant, Location],
    number: Number,
    channel: str,
) -> Why:
    variant, location = where
    coming = await inventory.incoming_at(tx, variant.id, location.id, LISTED_MAX)
    if chosen is None:
        return Why(explained=None, proof=None, incoming=coming)
    explained = await inventory.explain_position(tx, chosen.id, channel=channel or None)
    movements: Page[MovementRow] = Page([])
    demands: list[AllocationRow] = []
    holds: list[Hold] = []
    if number in ("available", "on_hand", "allocated"):
        movements = await _movements(tx, paging, chosen.id, number)
    if number == "allocated":
        demands = await inventory.list_allocations(tx, chosen.id, after=None, limit=LISTED_MAX)
    if number == "held":
        holds = await inventory.active_holds(tx, chosen.id, LISTED_MAX)
    rows = [(row.cause_kind, row.cause_id) for row in (*movements.items, *demands)]
    return Why(
        explained=explained,
        proof=await inventory.prove(tx, chosen.id),
        movements=movements.items,
        demands=demands,
        holds=holds,
        incoming=coming,
        # The orders of another store are none of an associate's business.
        causes=await causes_of(
            tx,
            rows + [(h.holder.kind, h.holder.id) for h in holds],
            named=viewer.actor.location_id in (None, location.id),
        ),
        names=await names_of(tx, [row.actor for row in movements.items], PAGES.words(viewer)),
        next_cursor=movements.next_cursor,
    )


async def _movements(
    tx: Tx, paging: Paging, position_id: UUID, number: Number
) -> Page[MovementRow]:
    after = paging.after(int)
    rows = await inventory.list_movements(
        tx,
        position_id,
        number=None if number == "available" else number,
        before_no=after and after[0],
        limit=paging.limit + 1,
    )
    return paging.page(rows, key=lambda row: (row.movement_no,))


ROUTES = [show_why]
