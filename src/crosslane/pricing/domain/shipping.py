"""Shipping prices: what a customer pays for a delivery, apart from what it costs us.

Of the rows that fit (service, currency, dates and every scope they name) the most specific comes
first: customer group, then channel, then market, then country; then the highest goods value
reached, then the later start.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.pricing.domain.lists import Buyer, runs
from crosslane.pricing.domain.tax import Basis, Destination


class ShippingPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a delivery service for a kind of sale.

    Args:
        id: identifier.
        service: code of the delivery service or method, such as ``standard``.
        currency: ISO 4217 code of the amounts.
        basis: whether ``amount_minor`` is without tax or contains it.
        tax_country: as for a price list: the country whose tax a gross amount contains.
        market: code of the only market, None for any; likewise the scopes below.
        channel: code of the only channel.
        customer_group: the only customer group.
        country: the only destination country.
        goods_from_minor: least value of the goods after promotions, on the cart's basis.
        amount_minor: price in minor units, 0 for free.
        tax_class: tax class of the delivery.
        valid_from: first instant.
        valid_to: instant from which it has ended, None while open.
    """

    id: UUID
    service: str
    currency: str
    basis: Basis
    tax_country: str | None = None
    market: str | None = None
    channel: str | None = None
    customer_group: str | None = None
    country: str | None = None
    goods_from_minor: int = 0
    amount_minor: int
    tax_class: str = "standard"
    valid_from: datetime
    valid_to: datetime | None = None


def choose_shipping_price(
    prices: Iterable[ShippingPrice],
    buyer: Buyer,
    *,
    service: str,
    destination: Destination,
    goods_minor: int,
) -> ShippingPrice | None:
    """Return the price of a service for a cart, None when there is none."""
    fitting = [
        each
        for each in prices
        if each.service == service
        and each.currency == buyer.currency
        and each.goods_from_minor <= goods_minor
        and each.customer_group in (None, buyer.customer_group)
        and each.channel in (None, buyer.channel)
        and each.market in (None, buyer.market)
        and each.country in (None, destination.country)
        and runs(each, buyer.at)
    ]
    return max(fitting, key=_specificity, default=None)


def _specificity(price: ShippingPrice) -> tuple[bool, bool, bool, bool, int, datetime]:
    return (
        price.customer_group is not None,
        price.channel is not None,
        price.market is not None,
        price.country is not None,
        price.goods_from_minor,
        price.valid_from,
    )
