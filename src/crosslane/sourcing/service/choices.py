"""The options of a cart: how and when its goods could reach the customer."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.catalog import Variant, variants_by_id, variants_by_sku
from crosslane.inventory import Survey, survey
from crosslane.kernel import new_id
from crosslane.locations import Near, position_of
from crosslane.organization import book
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.sourcing.domain import (
    Cart,
    DeliveryOption,
    Kept,
    LineAsked,
    PickupOption,
    SourcingRequest,
    World,
    delivery_options,
    fingerprint_of,
    pickup_options,
    stores_near,
    with_history,
)
from crosslane.sourcing.errors import NotOnSale, PlaceUnknown
from crosslane.sourcing.service.history import KEPT
from crosslane.sourcing.service.offers import give_offer, offer_validity
from crosslane.sourcing.service.world import world_for

STORES_OFFERED_MAX = 10


class ItemAsked(msgspec.Struct, frozen=True):
    """Units of a SKU; a bundle stands for its parts."""

    sku: str
    quantity: int


class Options(msgspec.Struct, frozen=True):
    """Every way in which goods could reach a customer, with offers that hold until they expire."""

    expires_at: datetime
    deliveries: list[DeliveryOption]
    pickups: list[PickupOption]


class OptionsFacts(msgspec.Struct, frozen=True):
    """What the options of a cart are decided on.

    Args:
        world: carriers, places and policies.
        request: what is in the cart, to be shipped.
        available: what lies where.
        near: stores at which it could be fetched, with their distance.
        expires_at: until when the offers hold.
        give: signs the offer of an option.
        kept: how often services kept their promises from locations.
    """

    world: World
    request: SourcingRequest
    available: Survey
    near: list[Near]
    expires_at: datetime
    give: Callable[[SourcingRequest, datetime], str]
    kept: Mapping[tuple[str, UUID], Kept]


async def options_for(
    tx: Tx,
    items: Sequence[ItemAsked],
    *,
    channel: str,
    country: str,
    postcode: str,
    at: datetime | None = None,
    stores: int = STORES_OFFERED_MAX,
) -> Options:
    """Return the options of a cart, with offers that placing accepts; nothing is held.

    They are planned as if ordered when the offers expire, so that their dates hold until then.

    Args and raised: as of :func:`load_options`.
    """
    return decide_options(
        await load_options(
            tx,
            items,
            channel=channel,
            country=country,
            postcode=postcode,
            at=at,
            stores=stores,
        )
    )


async def load_options(
    tx: Tx,
    items: Sequence[ItemAsked],
    *,
    channel: str,
    country: str,
    postcode: str,
    at: datetime | None = None,
    stores: int = STORES_OFFERED_MAX,
) -> OptionsFacts:
    """Read what the options of a cart are decided on.

    Args:
        tx: open transaction.
        items: what is in the cart.
        channel: code of the channel.
        country: where the customer is.
        postcode: of the customer; pickups are offered near it.
        at: business time, now when None.
        stores: how many stores at most.

    Raises:
        UnknownChannel: there is none with this code.
        NotOnSale: a SKU does not exist or is retired.
        PlaceUnknown: stores are asked for near a postcode whose position nobody knows.
        SealsOff: this process has no key to seal offers with.
    """
    sold_in = (await book(tx)).channel(channel)
    lines = await _lines(tx, items)
    expires_at = (at or tx.now) + await offer_validity(tx, sold_in)
    available = await survey(tx, [line.variant.id for line in lines], channel_id=sold_in.id)
    request = SourcingRequest(
        order_id=new_id(),
        channel=sold_in,
        currency=sold_in.currency,
        method="ship",
        at=expires_at,
        lines=lines,
        country=country,
        postcode=postcode,
    )
    world = await world_for(tx, [request], available)
    near: list[Near] = []
    if stores:
        point = position_of(country, postcode)
        if point is None:
            raise PlaceUnknown(pointer="/postcode")
        near = stores_near(world.network, point, min(stores, STORES_OFFERED_MAX))
    goods = fingerprint_of((line.variant.id, line.quantity) for line in lines)

    def give(asked: SourcingRequest, promised_at: datetime) -> str:
        return give_offer(tx, asked, goods, promised_at=promised_at, expires_at=expires_at)

    kept = await facts.get(tx, KEPT)
    return OptionsFacts(world, request, available, near, expires_at, give, kept)


def decide_options(known: OptionsFacts) -> Options:
    """Return the options of a cart; pure, and at most some milliseconds of work."""
    cart = Cart(known.world, known.request, known.available)
    return Options(
        known.expires_at,
        with_history(delivery_options(cart, known.give), known.kept),
        pickup_options(cart, known.near, known.give),
    )


async def _lines(tx: Tx, items: Sequence[ItemAsked]) -> list[LineAsked]:
    found = await variants_by_sku(tx, [item.sku for item in items])
    wanted: list[tuple[Variant, int]] = []
    for number, item in enumerate(items):
        variant = found.get(item.sku)
        if variant is None or not variant.active:
            raise NotOnSale(pointer=f"/items/{number}/sku", sku=item.sku)
        wanted.append((variant, item.quantity))
    parts = [part.variant_id for variant, _ in wanted for part in variant.components]
    known = await variants_by_id(tx, parts) if parts else {}
    lines: list[LineAsked] = []
    for variant, quantity in wanted:
        for article, units in _articles(variant, known):
            lines.append(LineAsked(key=new_id(), variant=article, quantity=units * quantity))
    return lines


def _articles(variant: Variant, known: dict) -> list[tuple[Variant, int]]:
    if not variant.components:
        return [(variant, 1)]
    return [(known[part.variant_id], part.quantity) for part in variant.components]
