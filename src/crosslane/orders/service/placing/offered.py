"""Offers of new orders: a way and a date that were shown, and are kept or refused."""

from collections.abc import Sequence
from uuid import UUID

from crosslane import sourcing
from crosslane.kernel import Refusal
from crosslane.orders.domain import OrderLine
from crosslane.orders.service.allocating import Search, request_of
from crosslane.orders.service.placing.draft import Draft
from crosslane.orders.service.placing.resolving import Surroundings
from crosslane.orders.service.placing.searching import search_of, ways_of
from crosslane.platform.database import Tx


def read_offers(drafts: Sequence[Draft]) -> None:
    """Read the offers that orders are placed with; one that is not ours refuses its order."""
    for draft in drafts:
        try:
            draft.shown = [
                sourcing.read_offer(text, pointer=_pointer(number))
                for number, text in enumerate(draft.wish.offers)
            ]
        except Refusal as refusal:
            draft.refusal = refusal


def take_offers(tx: Tx, drafts: Sequence[Draft], around: Surroundings) -> None:
    """Take the offers that were read; one that does not fit refuses the order."""
    for draft in drafts:
        for number, offer in enumerate(draft.shown):
            try:
                _take_offer(tx, draft, around, offer, _pointer(number))
            except Refusal as refusal:
                draft.refusal = refusal
                break


def _pointer(number: int) -> str:
    return f"/offers/{number}"


def _take_offer(
    tx: Tx, draft: Draft, around: Surroundings, offer: sourcing.Offer, pointer: str
) -> None:
    ways, stores = ways_of(draft.stock_lines), around.network.by_id
    named = {(way[0], stores[way[1]].code if way[1] else ""): way for way in ways}
    way = named.get((offer.terms.method, offer.terms.store))
    if way is None or way in draft.offers:
        raise sourcing.OfferMismatch(pointer=pointer, what="method")
    lines = ways[way]
    request = request_of(search_of(draft, around, way, lines, {}))
    goods = sourcing.fingerprint_of((line.variant_id, line.quantity) for line in lines)
    sourcing.require_fitting(
        offer,
        sourcing.terms_of(request, goods),
        tenant=tx.tenant,
        at=draft.order.placed_at,
        pointer=pointer,
    )
    draft.offers[way] = offer


def require_kept(drafts: Sequence[Draft]) -> None:
    """Refuse orders that do not have everything by the date of their offers."""
    for draft in drafts:
        for way, offer in draft.offers.items():
            late = _missing(draft, ways_of(draft.stock_lines)[way], offer)
            if late and draft.refusal is None:
                draft.refusal = sourcing.OfferNotKept(
                    pointer="/offers", units=late, promised_at=offer.promised_at.isoformat()
                )


def _missing(draft: Draft, lines: Sequence[OrderLine], offer: sourcing.Offer) -> int:
    """Return how many units would not be there in time."""
    wanted: dict[UUID, int] = {line.id: line.quantity for line in lines}
    for found in draft.found:
        in_time = found.promised_at is not None and found.promised_at <= offer.promised_at
        if in_time and found.line_id in wanted:
            wanted[found.line_id] -= found.quantity
    return sum(wanted.values())


def wanted_by(draft: Draft, search: Search) -> Search:
    """Return a search that finds nothing too late for the offer it was placed with."""
    offer = draft.offers.get((search.method, search.store.id if search.store else None))
    if offer is not None:
        search.wanted_at, search.in_time = offer.promised_at, True
    return search
