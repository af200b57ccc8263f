"""The ways in which a cart could reach its customer, with dates and what the customer pays."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import pricing, sourcing
from crosslane.carts.errors import PlaceMissing
from crosslane.carts.service.checkout import Checkout, open_checkouts
from crosslane.kernel import Refusal
from crosslane.organization import require_country
from crosslane.platform.actor import Actor
from crosslane.platform.database import Tx
from crosslane.pricing import Destination

STORES_OFFERED = 5


class Lacking(msgspec.Struct, frozen=True):
    """Units that a choice leaves out; they would wait for stock."""

    sku: str
    quantity: int


class DeliveryChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Delivery of everything by one service.

    Args:
        service: its code, to be named as the cart's option.
        name: for people.
        speed: economy, standard or express.
        promised_at: when everything that can be sent has arrived.
        net_minor: what the customer pays for it without tax; likewise gross, with tax.
        gross_minor: see there.
        lacking: what cannot be sent now.
        confidence: how sure the date is.
        quote: signed prices of the cart when it goes this way.
        offer: sealed promise of the date; "" when something is lacking.
    """

    service: str
    name: str
    speed: str
    promised_at: datetime
    net_minor: int
    gross_minor: int
    lacking: tuple[Lacking, ...]
    confidence: sourcing.Confidence
    quote: str
    offer: str


class PickupChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Pickup of everything at one store.

    Args:
        store: its code, to be named as the option's store.
        name: for people.
        distance_metres: from where the customer is.
        method: ``pickup`` of what lies there, ``ship_to_store`` when some must be brought.
        service: by which it is brought, the one the cart names, else the cheapest; "" for a pickup.
        ready_at: when everything that can be had is ready.
        lacking: what cannot be had now.
        confidence: how sure the time is.
        offer: sealed promise of the time; "" when something is lacking.
    """

    store: str
    name: str
    distance_metres: int
    method: str
    service: str
    ready_at: datetime
    lacking: tuple[Lacking, ...]
    confidence: sourcing.Confidence
    offer: str


class CartChoices(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, the earliest first, and pickups, the nearest first.

    What was shown holds for orders that are placed with it before ``expires_at``.
    """

    currency: str
    expires_at: datetime
    deliveries: tuple[DeliveryChoice, ...]
    pickups: tuple[PickupChoice, ...]


async def choices(
    tx: Tx, cart_id: UUID, *, actor: Actor, country: str = "", postcode: str = ""
) -> CartChoices:
    """Return the ways in which a cart could go, with signed prices and dates; nothing is held.

    A delivery that has no price in the cart's channel is not offered.

    Args:
        tx: open transaction.
        cart_id: the cart.
        actor: who asks.
        country: where the customer is; likewise postcode. The cart's address when left out.
        postcode: see there.

    Raises:
        NoSuchCart, CartPlaced, EmptyCart, NotOnSale: there is nothing to offer for.
        PlaceMissing: neither the question nor the cart says where the customer is.
        PlaceUnknown: nobody knows where the postcode is.
        ServiceUnknown: no carrier has the service that the cart names.
        SealsOff: this process has no key to sign with.
    """
    (checkout,) = await open_checkouts(tx, [(cart_id, actor)], way="ship")
    if checkout.refusal is not None:
        raise checkout.refusal
    home = None
    if postcode:
        country = require_country(country or checkout.channel.country, pointer="/country")
        home = Destination(country)
    elif checkout.address is not None:
        country, postcode = checkout.address.country, checkout.address.postcode
    else:
        raise PlaceMissing(pointer="/postcode")
    found = await sourcing.options_for(
        tx,
        sourcing.OptionsWanted(
            items=[
                sourcing.ItemAsked(each.variant.sku, each.line.quantity) for each in checkout.lines
            ],
            channel=checkout.channel.code,
            country=country,
            postcode=postcode,
            at=checkout.cart.occurred_at,
            stores=STORES_OFFERED,
            service=checkout.contents.service,
        ),
    )
    deliveries, quoted_until = await _priced(tx, checkout, found.deliveries, home)
    return CartChoices(
        currency=checkout.channel.currency,
        expires_at=min([found.expires_at, *quoted_until]),
        deliveries=deliveries,
        pickups=tuple(
            PickupChoice(
                store=each.location,
                name=each.name,
                distance_metres=each.distance_metres,
                method=each.method,
                service=each.service,
                ready_at=each.ready_at,
                lacking=_lacking(each),
                confidence=each.confidence,
                offer=each.offer,
            )
            for each in found.pickups
        ),
    )


async def _priced(
    tx: Tx,
    checkout: Checkout,
    offered: Sequence[sourcing.DeliveryOption],
    home: Destination | None,
) -> tuple[tuple[DeliveryChoice, ...], list[datetime]]:
    """Price the cart once per service: promotions may make one free and not another.

    Returns:
        The deliveries, and until when their prices hold.
    """
    quoted = await pricing.quotes(
        tx,
        [checkout.price_request(tx.now, service=each.service, home=home) for each in offered],
    )
    choices: list[DeliveryChoice] = []
    until: list[datetime] = []
    for each, quote in zip(offered, quoted, strict=True):
        if isinstance(quote, pricing.DeliveryPriceUnknown):
            continue
        if isinstance(quote, Refusal):
            raise quote
        (shipping,) = quote.cart.shipping
        until.append(quote.expires_at)
        choices.append(
            DeliveryChoice(
                service=each.service,
                name=each.name,
                speed=each.speed,
                promised_at=each.promised_at,
                net_minor=shipping.net_minor,
                gross_minor=shipping.gross_minor,
                lacking=_lacking(each),
                confidence=each.confidence,
                quote=quote.quote,
                offer=each.offer,
            )
        )
    return tuple(choices), until


def _lacking(option: sourcing.DeliveryOption | sourcing.PickupOption) -> tuple[Lacking, ...]:
    return tuple(Lacking(each.sku, each.quantity) for each in option.lacking)
