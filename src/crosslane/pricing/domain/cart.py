"""Carts: what is asked for and what it costs, as frozen values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.platform.actor import Actor
from crosslane.pricing.domain.lists import Buyer, PriceList
from crosslane.pricing.domain.promotions import Discount, Promotion, PromotionOutcome
from crosslane.pricing.domain.shipping import ShippingPrice
from crosslane.pricing.domain.tax import Basis, Destination, Tax, TaxTable

PriceSource = Literal["list", "dictated", "override"]


class Override(msgspec.Struct, frozen=True):
    """A price set by a person who may, with the reason.

    Args:
        unit_price_milli: price of one unit in 1/1000 minor unit, on the cart's basis.
        reason: why, kept with the order.
    """

    unit_price_milli: int
    reason: str


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    """Goods to price.

    Args:
        key: the caller's name of the line, unique in the cart; the priced line carries it.
        variant: what is bought.
        quantity: units, at least one.
        destination: where this line goes when not where the cart goes (a pickup elsewhere).
        dictated_unit_price_milli: price the channel has already agreed with the customer
            (marketplace, till), on the cart's basis; only where the channel's policy allows it and
            from somebody who may.
        override: price set by a person instead.
    """

    key: str
    variant: Variant
    quantity: int
    destination: Destination | None = None
    dictated_unit_price_milli: int | None = None
    override: Override | None = None


class ShippingWish(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to price.

    Args:
        key: the caller's name of the shipping line, unique in the cart.
        service: code of the delivery service.
        destination: where it goes when not where the cart goes.
        dictated_minor: what the channel has already charged, on the cart's basis.
        tax_class: tax class of a dictated delivery.
    """

    key: str
    service: str
    destination: Destination | None = None
    dictated_minor: int | None = None
    tax_class: str = "standard"


class PriceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A cart to price.

    Args:
        channel: code of the selling channel; its currency, market, tax mode and entity hold.
        at: business time; tax, lists and promotions go by it.
        actor: who asks; overrides need the permission ``pricing:override``, dictated prices
            ``pricing:dictate``.
        destination: where the goods go.
        lines: goods.
        shipping: deliveries.
        coupons: codes the customer has typed.
        customer_group: group whose lists and promotions hold, None or "" for the public.
        customer_id: who buys, needed by coupons that are limited per customer.
        quote: signed quote whose prices hold instead of today's.
    """

    channel: str
    at: datetime
    actor: Actor
    destination: Destination
    lines: Sequence[PriceLine]
    shipping: Sequence[ShippingWish] = ()
    coupons: Sequence[str] = ()
    customer_group: str | None = None
    customer_id: UUID | None = None
    quote: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """All that rarely changes: what a tenant sells by."""

    price_lists: tuple[PriceList, ...] = ()
    taxes: TaxTable
    promotions: tuple[Promotion, ...] = ()
    shipping_prices: tuple[ShippingPrice, ...] = ()


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of one sale, derived from its channel.

    Args:
        buyer: what scopes are matched against.
        basis: what amounts the channel shows: gross contain tax, net do not.
        seller_country: country of the selling legal entity.
        may_dictate: whether the channel may bring its own prices.
    """

    buyer: Buyer
    basis: Basis
    seller_country: str
    may_dictate: bool = False


class ListChoice(msgspec.Struct, frozen=True):
    """The price list row behind a price, and why it was taken.

    Args:
        price_list: code of the list.
        specificity: the scopes that made it the most specific list with a price.
        quantity_min: quantity break reached.
        valid_from: first instant of the row.
        unit_price_milli: price in the row, on the list's basis.
        contained_bp: tax rate inside that price, 0 for a net list.
    """

    price_list: str
    specificity: str
    quantity_min: int
    valid_from: datetime
    unit_price_milli: int
    contained_bp: int


class ComponentShare(msgspec.Struct, frozen=True):
    """The part of a bundle line's money that one component carries; shares add up exactly.

    Args:
        variant_id: the component.
        sku: its SKU.
        quantity: units of it in the whole line.
        net_minor: share of the line's net amount; likewise tax and gross.
        tax_minor: share of the tax.
        gross_minor: net plus tax.
    """

    variant_id: UUID
    sku: str
    quantity: int
    net_minor: int
    tax_minor: int
    gross_minor: int


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a line costs and why. A shipping line has no variant; its ``sku`` is the service.

    Args:
        key: the caller's name of the line.
        variant_id: what is bought, None for shipping.
        sku: its SKU, or the delivery service.
        quantity: units.
        source: where the unit price comes from.
        unit_price_milli: price of one unit in 1/1000 minor unit, on the cart's basis.
        listed_unit_price_milli: what our own lists say, None when they say nothing.
        amount_minor: unit price × quantity rounded once, before discounts, on the cart's basis.
        discounts: what promotions took off, on the cart's basis.
        net_minor: without tax, after discounts; net + tax = gross.
        tax_minor: the tax.
        gross_minor: what the customer pays for the line.
        tax: jurisdiction, class, rate and rule.
        choice: the price list row, None for shipping and where no list has a price.
        reason: why the price was overridden, else "".
        shares: a bundle's components with their exact shares.
    """

    key: str
    variant_id: UUID | None
    sku: str
    quantity: int
    source: PriceSource
    unit_price_milli: int
    listed_unit_price_milli: int | None
    amount_minor: int
    discounts: tuple[Discount, ...]
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax: Tax
    choice: ListChoice | None = None
    reason: str = ""
    shares: tuple[ComponentShare, ...] = ()

    @property
    def discount_minor(self) -> int:
        """What promotions took off in all, on the cart's basis."""
        return sum(each.minor for each in self.discounts)


class TaxTotal(msgspec.Struct, frozen=True):
    """The lines of one jurisdiction and rate together, as an invoice lists them."""

    jurisdiction: str
    rate_bp: int
    net_minor: int
    tax_minor: int


class PricedCart(msgspec.Struct, frozen=True, kw_only=True):
    """What a cart costs and why. All amounts are sums of lines; nothing is rounded again.

    Args:
        channel: code of the selling channel.
        currency: ISO 4217 code of all amounts.
        basis: what ``unit_price_milli``, ``amount_minor`` and discounts are: net or gross.
        at: business time it was priced for.
        lines: goods, in the order asked.
        shipping: deliveries, in the order asked.
        net_minor: goods and shipping without tax; net + tax = gross.
        tax_minor: all tax.
        gross_minor: what the customer pays.
        promotions: what became of every promotion in force and every coupon.
        quoted_until: when the quote the prices come from expires, None for fresh prices.
    """

    channel: str
    currency: str
    basis: Basis
    at: datetime
    lines: tuple[PricedLine, ...]
    shipping: tuple[PricedLine, ...]
    net_minor: int
    tax_minor: int
    gross_minor: int
    promotions: tuple[PromotionOutcome, ...] = ()
    quoted_until: datetime | None = None

    @property
    def discount_minor(self) -> int:
        """What promotions took off goods and shipping, on the cart's basis."""
        return sum(each.discount_minor for each in (*self.lines, *self.shipping))

    @property
    def coupon_ids(self) -> list[UUID]:
        """Coupons that took effect: to be redeemed when the order is placed."""
        return [
            each.coupon_id for each in self.promotions if each.coupon_id and each.refused is None
        ]

    @property
    def taxes(self) -> list[TaxTotal]:
        """The tax per jurisdiction and rate, highest rate first."""
        sums: dict[tuple[str, int], list[int]] = {}
        for line in (*self.lines, *self.shipping):
            total = sums.setdefault((line.tax.jurisdiction, line.tax.rate_bp), [0, 0])
            total[0] += line.net_minor
            total[1] += line.tax_minor
        ordered = sorted(sums, key=lambda place: (-place[1], place[0]))
        return [TaxTotal(*place, *sums[place]) for place in ordered]
