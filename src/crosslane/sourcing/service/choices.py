"""The options of a cart: how and when its goods could reach the customer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.carriers import rate_book
from crosslane.catalog import Variant, variants_by_id, variants_by_sku
from crosslane.inventory import Survey, survey
from crosslane.kernel import Refusal
from crosslane.locations import Near, position_of
from crosslane.organization import book
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.platform.gathering import Gathering
from crosslane.sourcing.domain import (
    Cart,
    DeliveryOption,
    Giver,
    Kept,
    LineAsked,
    PickupOption,
    SourcingRequest,
    World,
    delivery_options,
    fingerprint_of,
    pickup_options,
    stores_near,
)
from crosslane.sourcing.errors import NotOnSale, PlaceUnknown
from crosslane.sourcing.service.history import KEPT
from crosslane.sourcing.service.offers import giver_of, offer_validity
from crosslane.sourcing.service.world import world_for

STORES_OFFERED_MAX = 10
NOBODYS = UUID(int=0)
"""Stands for the order and the lines that there may be some day; no option tells of them."""


class ItemAsked(msgspec.Struct, frozen=True):
    """Units of a SKU; a bundle stands for its parts."""

    sku: str
    quantity: int


class OptionsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Goods, and where a customer is who asks how to get them.

    Args:
        items: what is in the cart.
        channel: code of the channel.
        country: where the customer is.
        postcode: of the customer; pickups are offered near it.
        at: business time, now when None.
        stores: how many stores at most.
        service: code of the delivery service by which goods would be brought to a store, where the
            order will name one; the cheapest that goes there when empty.
    """

    items: Sequence[ItemAsked]
    channel: str
    country: str
    postcode: str
    at: datetime | None = None
    stores: int = STORES_OFFERED_MAX
    service: str = ""


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
    give: Giver
    kept: Mapping[tuple[str, UUID], Kept]


async def options_for(tx: Tx, wanted: OptionsWanted) -> Options:
    """Return the options of a cart, with offers that placing accepts; nothing is held.

    They are planned as if ordered when the offers expire, so that their dates hold until then.

    Raises:
        UnknownChannel: there is none with this code.
        NotOnSale: a SKU does not exist or is retired.
        PlaceUnknown: stores are asked for near a postcode whose position nobody knows.
        ServiceUnknown: no carrier has the service that is named.
        SealsOff: this process has no key to seal offers with.
    """
    (found,) = await load_options(tx, [wanted])
    if isinstance(found, Refusal):
        raise found
    return decide_options(found)


async def load_options(tx: Tx, carts: Sequence[OptionsWanted]) -> list[OptionsFacts | Refusal]:
    """Read what the options of many carts are decided on, by one read for each channel.

    Each is found or refused by itself, as of :func:`options_for`.
    """
    found: list[OptionsFacts | Refusal | None] = [None] * len(carts)
    asked: dict[UUID, list[tuple[int, SourcingRequest]]] = {}
    channels, carried = await book(tx), await rate_book(tx)
    goods = await _Goods.read(tx, carts)
    for number, wanted in enumerate(carts):
        try:
            channel = channels.channel(wanted.channel)
            if wanted.service:
                carried.service(wanted.service)
            request = SourcingRequest(
                order_id=NOBODYS,
                channel=channel,
                currency=channel.currency,
                method="ship",
                at=(wanted.at or tx.now) + await offer_validity(tx, channel),
                lines=goods.lines(wanted.items),
                country=wanted.country,
                postcode=wanted.postcode,
                service=wanted.service,
            )
        except Refusal as refusal:
            found[number] = refusal
            continue
        asked.setdefault(channel.id, []).append((number, request))
    kept = await facts.get(tx, KEPT)
    for channel_id, requests in asked.items():
        articles = [line.variant.id for _, request in requests for line in request.lines]
        available = await survey(tx, articles, channel_id=channel_id)
        world = await world_for(tx, [request for _, request in requests], available)
        for number, request in requests:
            found[number] = _facts(tx, world, request, available, carts[number], kept)
    return [each for each in found if each is not None]


def _facts(
    tx: Tx,
    world: World,
    request: SourcingRequest,
    available: Survey,
    wanted: OptionsWanted,
    kept: Mapping[tuple[str, UUID], Kept],
) -> OptionsFacts | Refusal:
    near: list[Near] = []
    if wanted.stores:
        point = position_of(wanted.country, wanted.postcode)
        if point is None:
            return PlaceUnknown(pointer="/postcode")
        near = stores_near(world.network, point, min(wanted.stores, STORES_OFFERED_MAX))
    expires_at = request.at
    goods = fingerprint_of((line.variant.id, line.quantity) for line in request.lines)
    give = giver_of(tx, request, goods, expires_at=expires_at)
    return OptionsFacts(world, request, available, near, expires_at, give, kept)


GATHERING = Gathering(load_options)


def decide_options(known: OptionsFacts) -> Options:
    """Return the options of a cart; pure, and at most some milliseconds of work."""
    cart = Cart(known.world, known.request, known.available)
    return Options(
        known.expires_at,
        delivery_options(cart, known.give, known.kept),
        pickup_options(cart, known.near, known.give),
    )


class _Goods(msgspec.Struct, frozen=True):
    """The variants of many carts, and the parts of those that are bundles."""

    by_sku: Mapping[str, Variant]
    by_id: Mapping[UUID, Variant]

    @classmethod
    async def read(cls, tx: Tx, carts: Sequence[OptionsWanted]) -> "_Goods":
        skus = {item.sku for wanted in carts for item in wanted.items}
        found = await variants_by_sku(tx, sorted(skus))
        parts = {part.variant_id for variant in found.values() for part in variant.components}
        return cls(found, await variants_by_id(tx, sorted(parts)) if parts else {})

    def lines(self, items: Sequence[ItemAsked]) -> list[LineAsked]:
        """Return the articles of a cart.

        Raises:
            NotOnSale: a SKU does not exist or is retired.
        """
        lines: list[LineAsked] = []
        for number, item in enumerate(items):
            variant = self.by_sku.get(item.sku)
            if variant is None or not variant.active:
                raise NotOnSale(pointer=f"/items/{number}/sku", sku=item.sku)
            for article, units in self._articles(variant):
                lines.append(
                    LineAsked(key=NOBODYS, variant=article, quantity=units * item.quantity)
                )
        return lines

    def _articles(self, variant: Variant) -> list[tuple[Variant, int]]:
        if not variant.components:
            return [(variant, 1)]
        return [(self.by_id[part.variant_id], part.quantity) for part in variant.components]
