"""Quotes: a priced cart that holds until it expires, for exactly the cart it was given for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.pricing.domain.cart import PricedCart, PricedLine, PriceRequest
from crosslane.pricing.domain.promotions import normal_code
from crosslane.pricing.domain.tax import Destination
from crosslane.pricing.errors import QuoteExpired, QuoteMismatch


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a quote was asked for, as far as the price depends on it; line keys do not count.

    A quote given to nobody in particular holds for whoever buys in the same customer group.
    """

    channel: str
    customer_group: str | None
    customer_id: UUID | None
    destination: Destination
    lines: tuple[tuple[UUID, int, Destination | None], ...]
    shipping: tuple[tuple[str, Destination | None], ...]
    coupons: tuple[str, ...]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A promise of prices.

    Args:
        tenant: whose promise it is.
        expires_at: instant from which it does not hold any more.
        asked: the cart it was given for.
        cart: the prices.
    """

    tenant: str
    expires_at: datetime
    asked: Asked
    cart: PricedCart


def asked_of(request: PriceRequest) -> Asked:
    """Return what a request asks for, in the form quotes are compared by.

    Prices a person has set are no part of it: who may set them quotes them, the customer accepts.
    """
    return Asked(
        channel=request.channel,
        customer_group=request.customer_group or None,
        customer_id=request.customer_id,
        destination=request.destination,
        lines=tuple((each.variant.id, each.quantity, each.destination) for each in request.lines),
        shipping=tuple((each.service, each.destination) for each in request.shipping),
        coupons=tuple(dict.fromkeys(map(normal_code, request.coupons))),
    )


def honored(quote: Quote, request: PriceRequest, *, tenant: str, now: datetime) -> PricedCart:
    """Return the prices of a quote for the cart it was given for.

    Args:
        quote: with a signature found good.
        request: the cart that shall be bought; its line keys are put on the priced lines.
        tenant: whose cart it is.
        now: the instant expiry is judged at.

    Raises:
        QuoteExpired: it does not hold any more.
        QuoteMismatch: it was given for another cart or by another tenant, or the cart brings
            prices of its own beside it.
    """
    if now >= quote.expires_at:
        raise QuoteExpired(pointer="/quote", expires_at=quote.expires_at.isoformat())
    if tenant != quote.tenant:
        raise QuoteMismatch(pointer="/quote", what="tenant")
    if any(each.override or each.dictated_unit_price_milli is not None for each in request.lines):
        raise QuoteMismatch(pointer="/quote", what="prices")
    asked = asked_of(request)
    if quote.asked.customer_id is None:
        asked = msgspec.structs.replace(asked, customer_id=None)
    for what in Asked.__struct_fields__:
        if getattr(asked, what) != getattr(quote.asked, what):
            raise QuoteMismatch(pointer="/quote", what=what)
    cart = quote.cart
    return msgspec.structs.replace(
        cart,
        lines=_rekeyed(cart.lines, [each.key for each in request.lines]),
        shipping=_rekeyed(cart.shipping, [each.key for each in request.shipping]),
        quoted_until=quote.expires_at,
    )


def _rekeyed(lines: Sequence[PricedLine], keys: Sequence[str]) -> tuple[PricedLine, ...]:
    return tuple(
        msgspec.structs.replace(line, key=key) for line, key in zip(lines, keys, strict=True)
    )
