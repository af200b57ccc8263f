"""Looking at offers: what a channel was told of an article, what it would be told now, and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane import catalog, inventory, locations, organization
from crosslane.catalog import UnknownSku, Variant
from crosslane.channels.domain.offering import EVERYWHERE, Offering
from crosslane.channels.errors import NothingOffered
from crosslane.channels.service import offers
from crosslane.channels.service.offer_messages import offered
from crosslane.channels.service.offering import (
    PRICE,
    STOCK,
    Terms,
    needs_of,
    open_terms,
    stock_figures,
    what_is,
)
from crosslane.channels.storage import offers as storage
from crosslane.channels.storage.offers import OfferRow
from crosslane.platform.audit import Change, record
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

LOCATIONS_SHOWN_MAX = 250


class LyingAt(msgspec.Struct, frozen=True, kw_only=True):
    """What could be promised of an article at a location, and its terms.

    ``available`` is on hand less allocated, held, safety stock and what is ring-fenced for other
    channels, not below 0.

    Args:
        sku: the article, or the part of a bundle.
        counts: it counts for the channel, by its policy.
    """

    sku: str
    location: str
    counts: bool
    on_hand: int
    allocated: int
    held: int
    safety: int
    fenced: int
    available: int


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of an article, and how it comes about.

    ``units`` is available less kept, rounded and capped.

    Args:
        location: for which it is told, ``*`` for all together.
        units: what would be told now.
        available: what could be promised to the channel there.
        kept: units kept back from the channel; likewise taken away by rounding, or over the cap.
        told: what was told last, None when nothing was.
        stands: what the channel has as far as anybody knows.
        heard: what it said last that it has.
    """

    location: str
    units: int
    available: int
    kept: int
    rounded: int
    capped: int
    told: int | None
    stands: int | None
    heard: int | None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a channel is told what it is told of an article.

    Args:
        at: when this was so.
        refusal: why it is told of none, "" when it sells the article: not-offered, not-named,
            not-on-sale, channel-closed.
        offering: the policy that decides.
        policy: its version, None for the default.
        figures: what is told, by location.
        lying: what lies where; of a bundle, of its parts.
        price: what it would be told that it costs, None for nothing.
        price_told: what it was told last.
        told_at: when it was told of stock last; likewise when it said itself what it has.
        code: why the last telling was refused.
        waits: something is to be told, or is being told.
    """

    at: datetime
    channel: str
    sku: str
    refusal: str
    offering: Offering
    policy: UUID | None
    figures: tuple[Explained, ...]
    lying: tuple[LyingAt, ...]
    price: dict[str, Any] | None
    price_told: dict[str, Any] | None
    told_at: datetime | None
    heard_at: datetime | None
    code: str
    waits: bool


class TellAll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tell a channel all of its stock again, whatever it stands at.

    Args:
        channel: code of the channel.
    """

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class TellingAll(msgspec.Struct, frozen=True):
    """All of a channel's stock is being told again.

    Args:
        channel: code of the channel.
    """

    channel: str


async def explain(tx: Tx, channel: str, sku: str) -> Why:
    """Say why a channel is told what it is told of an article.

    Raises:
        UnknownChannel, UnknownSku: there is none.
    """
    (await organization.book(tx)).channel(channel, pointer="/code")
    variant = (await catalog.variants_by_sku(tx, [sku])).get(sku)
    if variant is None:
        raise UnknownSku(pointer="/sku", sku=sku[:64])
    terms = await open_terms(tx, channel, [variant])
    rows = await storage.list_offers(
        tx, channel, kind=None, sku=variant.sku, state=None, after=None, limit=2
    )
    known = {row.kind: row for row in rows}
    row, priced = known.get(STOCK), known.get(PRICE)
    figures = (await stock_figures(tx, terms, [variant]))[variant.id]
    price = (await what_is(tx, terms, PRICE, [variant]))[variant.id].values.get(EVERYWHERE)
    offering, version = terms.offering(variant)
    return Why(
        at=tx.now,
        channel=channel,
        sku=variant.sku,
        refusal=terms.refusal(variant),
        offering=offering,
        policy=version,
        figures=tuple(
            Explained(
                location=place,
                **msgspec.structs.asdict(figure),
                told=row.told.get(place) if row else None,
                stands=row.stands.get(place) if row else None,
                heard=row.heard.get(place) if row else None,
            )
            for place, figure in sorted(figures.items())
        ),
        lying=await _lying(tx, terms, variant),
        price=price,
        price_told=priced.told.get(EVERYWHERE) if priced else None,
        told_at=row.told_at if row else None,
        heard_at=row.heard_at if row else None,
        code=row.code if row else "",
        waits=any(one.look_at is not None or one.asked for one in rows),
    )


async def _lying(tx: Tx, terms: Terms, variant: Variant) -> tuple[LyingAt, ...]:
    offering, _ = terms.offering(variant)
    codes: Mapping[UUID, str] = {one.id: one.code for one in (await locations.network(tx)).all}
    parts = list(needs_of(variant))
    names = {one.id: one.sku for one in (await catalog.variants_by_id(tx, parts)).values()}
    found = await inventory.stock_figures(tx, parts, channel_id=terms.channel.id)
    lying = [
        LyingAt(
            sku=names.get(part, ""),
            location=code,
            counts=not offering.locations or code in offering.locations,
            on_hand=figure.on_hand,
            allocated=figure.allocated,
            held=figure.held,
            safety=figure.safety,
            fenced=figure.fenced,
            available=figure.available,
        )
        for part, places in found.items()
        for at, figure in places.items()
        if not figure.is_empty and (code := codes.get(at))
    ]
    lying.sort(key=lambda one: (one.sku, -one.available, one.location))
    return tuple(lying[:LOCATIONS_SHOWN_MAX])


async def list_offers(
    tx: Tx,
    channel: str,
    *,
    kind: storage.Sort | None,
    sku: str | None,
    state: storage.State | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[OfferRow]:
    """Return a page of what a channel is offered, by kind and article.

    Raises:
        UnknownChannel: there is no such channel.
    """
    (await organization.book(tx)).channel(channel, pointer="/channel")
    return await storage.list_offers(
        tx, channel, kind=kind, sku=sku, state=state, after=after, limit=limit
    )


async def tell_all(tx: Tx, wish: TellAll) -> TellingAll:
    """Tell a channel all of its stock again.

    Raises:
        UnknownChannel: there is no such channel.
        NothingOffered: it is told of no stock.
    """
    (await organization.book(tx)).channel(wish.channel, pointer="/channel")
    if STOCK not in (await offered(tx)).get(wish.channel, frozenset()):
        raise NothingOffered(channel=wish.channel)
    await offers.walk(tx, [wish.channel], again=True)
    await record(tx, [Change(action="channels.tell_all", subject=f"channel:{wish.channel}")])
    return TellingAll(wish.channel)


TELL_ALL = one_by_one("channels.tell_all", TellAll, TellingAll, tell_all)
