"""The decision: a cart, the terms and the prices in, a priced cart out.

A cart is priced on the basis its channel shows (gross when prices include tax, else net):

1. every unit price is brought to that basis in 1/1000 minor units;
2. every line is its unit price × quantity, rounded once;
3. promotions on goods reduce the lines;
4. shipping is priced by what is left of the goods, then promotions on shipping reduce it;
5. each line splits into net and tax, and a bundle's line into its components' shares.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.catalog import Variant
from crosslane.kernel import MILLI_PER_MINOR, allocate, line_amount, require_quantity
from crosslane.pricing.domain.cart import (
    ComponentShare,
    ListChoice,
    PricedCart,
    PricedLine,
    PriceLine,
    PriceRequest,
    PriceSource,
    Sale,
    ShippingWish,
    Terms,
)
from crosslane.pricing.domain.lists import (
    Price,
    PriceList,
    choose_price,
    offered_lists,
    specificity,
)
from crosslane.pricing.domain.promotions import (
    Coupon,
    Discountable,
    PromotionOutcome,
    apply_promotions,
    normal_code,
    refuse_coupon,
)
from crosslane.pricing.domain.shipping import ShippingPrice, choose_shipping_price
from crosslane.pricing.domain.tax import Amounts, Basis, Destination, Tax, converted, split
from crosslane.pricing.errors import (
    CartTooLarge,
    DeliveryPriceUnknown,
    DictatedPriceNotAllowed,
    DictatingNotAllowed,
    DuplicateLineKey,
    OverrideNotAllowed,
    OverrideReasonMissing,
    PriceOutOfRange,
    PriceUnknown,
)

LINES_MAX = 2_000
SHIPPING_LINES_MAX = 20
CART_COUPONS_MAX = 10
UNIT_PRICE_MILLI_MAX = 10**11
OVERRIDE = "pricing:override"
DICTATE = "pricing:dictate"

PricesByVariant = Mapping[UUID, Mapping[UUID, Sequence[Price]]]


class _Frame(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """All that is the same for every line of one cart."""

    request: PriceRequest
    sale: Sale
    terms: Terms
    lists: list[PriceList]
    prices: PricesByVariant
    units: Mapping[UUID, int]


class _Draft(msgspec.Struct, kw_only=True, eq=False):
    """A line between its unit price and its tax."""

    key: str
    source: PriceSource
    unit_price_milli: int
    listed_unit_price_milli: int | None
    quantity: int
    tax: Tax
    line: Discountable
    variant: Variant | None = None
    choice: ListChoice | None = None
    reason: str = ""


def price_cart(
    request: PriceRequest,
    *,
    sale: Sale,
    terms: Terms,
    prices: PricesByVariant,
    coupons: Mapping[str, Coupon],
) -> PricedCart:
    """Price a cart.

    Args:
        request: what is asked for.
        sale: the frame of the sale, derived from the channel.
        terms: lists, taxes, promotions and shipping prices.
        prices: rows of the offered lists, by variant and list.
        coupons: the coupons known among those typed, by normal code.

    Raises:
        CartTooLarge, DuplicateLineKey, QuantityOutOfRange: the cart is malformed.
        PriceUnknown: an offered list has no price for a line that brings none.
        TaxRateUnknown: tax is due but its rate is not known.
        DeliveryPriceUnknown: a delivery has no price.
        DictatedPriceNotAllowed, DictatingNotAllowed, OverrideNotAllowed, OverrideReasonMissing,
            PriceOutOfRange: a price was brought that may not be.
    """
    _refuse_shape(request)
    units = Counter[UUID]()
    for line in request.lines:
        units[line.variant.id] += line.quantity
    frame = _Frame(
        request=request,
        sale=sale,
        terms=terms,
        lists=offered_lists(terms.price_lists, sale.buyer),
        prices=prices,
        units=units,
    )
    goods = [
        _draft_goods(frame, line, f"/lines/{place}") for place, line in enumerate(request.lines)
    ]
    valid, refused = _sort_coupons(request, sale, coupons)
    goods_lines = [each.line for each in goods]
    outcomes = apply_promotions(
        terms.promotions,
        sale.buyer,
        target="goods",
        goods=goods_lines,
        lines=goods_lines,
        coupons=valid,
    )
    goods_minor = sum(each.left_minor for each in goods_lines)
    shipping = [
        _draft_shipping(frame, wish, f"/shipping/{place}", goods_minor)
        for place, wish in enumerate(request.shipping)
    ]
    outcomes += apply_promotions(
        terms.promotions,
        sale.buyer,
        target="shipping",
        goods=goods_lines,
        lines=[each.line for each in shipping],
        coupons=valid,
    )
    return _finish(sale, request.channel, goods, shipping, tuple(outcomes + refused))


def brought_to_basis(
    unit_price_milli: int, *, contained_bp: int, rate_bp: int, basis: Basis
) -> int:
    """Return a listed unit price on the cart's basis.

    Args:
        unit_price_milli: price in the list, in 1/1000 minor unit.
        contained_bp: tax rate inside it, 0 for a net list.
        rate_bp: tax rate the line bears.
        basis: the cart's basis.
    """
    return converted(unit_price_milli, contained_bp, rate_bp if basis == "gross" else 0)


def _refuse_shape(request: PriceRequest) -> None:
    for what, most in (
        ("lines", LINES_MAX),
        ("shipping", SHIPPING_LINES_MAX),
        ("coupons", CART_COUPONS_MAX),
    ):
        if len(getattr(request, what)) > most:
            raise CartTooLarge(pointer=f"/{what}", most=most, what=what)
    seen: set[str] = set()
    for what in ("lines", "shipping"):
        for place, line in enumerate(getattr(request, what)):
            if line.key in seen:
                raise DuplicateLineKey(pointer=f"/{what}/{place}/key", key=line.key)
            seen.add(line.key)
    for place, line in enumerate(request.lines):
        require_quantity(line.quantity, pointer=f"/lines/{place}/quantity")


def _draft_goods(frame: _Frame, line: PriceLine, pointer: str) -> _Draft:
    variant = line.variant
    tax = _tax(frame, line.destination, variant.tax_class)
    choice = _choose(frame, variant, tax)
    listed = choice and brought_to_basis(
        choice.unit_price_milli,
        contained_bp=choice.contained_bp,
        rate_bp=tax.rate_bp,
        basis=frame.sale.basis,
    )
    source, unit_price = _decide_source(frame, line, listed, pointer)
    return _Draft(
        key=line.key,
        source=source,
        unit_price_milli=unit_price,
        listed_unit_price_milli=listed,
        quantity=line.quantity,
        tax=tax,
        line=Discountable(
            sku=variant.sku,
            categories=frozenset(variant.category_path),
            quantity=line.quantity,
            left_minor=line_amount(unit_price, line.quantity),
            final=source != "list",
        ),
        variant=variant,
        choice=choice,
        reason=line.override.reason if line.override else "",
    )


def _tax(frame: _Frame, destination: Destination | None, tax_class: str) -> Tax:
    return frame.terms.taxes.tax(
        frame.sale.seller_country,
        destination or frame.request.destination,
        tax_class,
        frame.sale.buyer.at,
    )


def _choose(frame: _Frame, variant: Variant, tax: Tax) -> ListChoice | None:
    prices = frame.prices.get(variant.id, {})
    for price_list in frame.lists:
        rows = prices.get(price_list.id, ())
        price = choose_price(rows, frame.units[variant.id], frame.sale.buyer.at)
        if price is not None:
            return ListChoice(
                price_list.code,
                specificity(price_list),
                price.quantity_min,
                price.valid_from,
                price.unit_price_milli,
                _contained_bp(frame, price_list, tax),
            )
    return None


def _contained_bp(frame: _Frame, priced: PriceList | ShippingPrice, tax: Tax) -> int:
    if priced.basis == "net":
        return 0
    if priced.tax_country is None:
        return tax.rate_bp
    at_home = Destination(priced.tax_country)
    return frame.terms.taxes.rate(at_home, tax.tax_class, frame.sale.buyer.at).rate_bp


def _decide_source(
    frame: _Frame, line: PriceLine, listed: int | None, pointer: str
) -> tuple[PriceSource, int]:
    if line.override is not None:
        if not frame.request.actor.may(OVERRIDE):
            raise OverrideNotAllowed(pointer=f"{pointer}/override")
        if not line.override.reason.strip():
            raise OverrideReasonMissing(pointer=f"{pointer}/override/reason")
        where = f"{pointer}/override/unit_price_milli"
        return "override", _require_unit_price(line.override.unit_price_milli, where)
    if line.dictated_unit_price_milli is not None:
        _refuse_dictated(frame, pointer)
        where = f"{pointer}/dictated_unit_price_milli"
        return "dictated", _require_unit_price(line.dictated_unit_price_milli, where)
    if listed is None:
        currency = frame.sale.buyer.currency
        raise PriceUnknown(pointer=pointer, sku=line.variant.sku, currency=currency)
    return "list", listed


def _refuse_dictated(frame: _Frame, pointer: str) -> None:
    if not frame.sale.may_dictate:
        raise DictatedPriceNotAllowed(pointer=pointer, channel=frame.request.channel)
    if not frame.request.actor.may(DICTATE):
        raise DictatingNotAllowed(pointer=pointer)


def _require_unit_price(unit_price_milli: int, pointer: str) -> int:
    if not 0 <= unit_price_milli <= UNIT_PRICE_MILLI_MAX:
        raise PriceOutOfRange(pointer=pointer, most=UNIT_PRICE_MILLI_MAX)
    return unit_price_milli


def _draft_shipping(frame: _Frame, wish: ShippingWish, pointer: str, goods_minor: int) -> _Draft:
    destination = wish.destination or frame.request.destination
    price = choose_shipping_price(
        frame.terms.shipping_prices,
        frame.sale.buyer,
        service=wish.service,
        destination=destination,
        goods_minor=goods_minor,
    )
    tax = _tax(frame, destination, price.tax_class if price else wish.tax_class)
    listed = price and brought_to_basis(
        price.amount_minor * MILLI_PER_MINOR,
        contained_bp=_contained_bp(frame, price, tax),
        rate_bp=tax.rate_bp,
        basis=frame.sale.basis,
    )
    source: PriceSource = "list"
    unit_price = listed
    if wish.dictated_minor is not None:
        _refuse_dictated(frame, pointer)
        where = f"{pointer}/dictated_minor"
        source = "dictated"
        unit_price = _require_unit_price(wish.dictated_minor * MILLI_PER_MINOR, where)
    if unit_price is None:
        raise DeliveryPriceUnknown(
            pointer=f"{pointer}/service",
            service=wish.service,
            destination=str(destination),
            currency=frame.sale.buyer.currency,
        )
    left = line_amount(unit_price, 1)
    return _Draft(
        key=wish.key,
        source=source,
        unit_price_milli=unit_price,
        listed_unit_price_milli=listed,
        quantity=1,
        tax=tax,
        line=Discountable(sku=wish.service, left_minor=left, final=source != "list"),
    )


def _sort_coupons(
    request: PriceRequest, sale: Sale, coupons: Mapping[str, Coupon]
) -> tuple[dict[UUID, Coupon], list[PromotionOutcome]]:
    valid: dict[UUID, Coupon] = {}
    refused: list[PromotionOutcome] = []
    for typed in dict.fromkeys(map(normal_code, request.coupons)):
        coupon = coupons.get(typed)
        if coupon is None:
            refused.append(PromotionOutcome("", refused="coupon-unknown", coupon=typed))
            continue
        reason = refuse_coupon(
            coupon, sale.buyer.at, customer_known=request.customer_id is not None
        )
        if reason is None and coupon.promotion_id in valid:
            reason = "promotion-already-opened"
        if reason is None:
            valid[coupon.promotion_id] = coupon
        else:
            refused.append(PromotionOutcome("", refused=reason, coupon=typed, coupon_id=coupon.id))
    return valid, refused


def _finish(
    sale: Sale,
    channel: str,
    goods: Iterable[_Draft],
    shipping: Iterable[_Draft],
    outcomes: tuple[PromotionOutcome, ...],
) -> PricedCart:
    lines = tuple(_priced(each, sale.basis) for each in goods)
    deliveries = tuple(_priced(each, sale.basis) for each in shipping)
    every = (*lines, *deliveries)
    return PricedCart(
        channel=channel,
        currency=sale.buyer.currency,
        basis=sale.basis,
        at=sale.buyer.at,
        lines=lines,
        shipping=deliveries,
        net_minor=sum(each.net_minor for each in every),
        tax_minor=sum(each.tax_minor for each in every),
        gross_minor=sum(each.gross_minor for each in every),
        promotions=outcomes,
    )


def _priced(draft: _Draft, basis: Basis) -> PricedLine:
    amounts = split(draft.line.left_minor, draft.tax.rate_bp, basis)
    variant = draft.variant
    return PricedLine(
        key=draft.key,
        variant_id=variant.id if variant else None,
        sku=draft.line.sku,
        quantity=draft.quantity,
        source=draft.source,
        unit_price_milli=draft.unit_price_milli,
        listed_unit_price_milli=draft.listed_unit_price_milli,
        amount_minor=line_amount(draft.unit_price_milli, draft.quantity),
        discounts=tuple(draft.line.discounts),
        net_minor=amounts.net_minor,
        tax_minor=amounts.tax_minor,
        gross_minor=amounts.gross_minor,
        tax=draft.tax,
        choice=draft.choice,
        reason=draft.reason,
        shares=component_shares(variant, draft.quantity, amounts) if variant else (),
    )


def component_shares(
    variant: Variant, quantity: int, amounts: Amounts
) -> tuple[ComponentShare, ...]:
    """Share a bundle line's net and tax over its components by their weights, exactly.

    The line bears the bundle's own tax class; components never change the tax of the whole.
    """
    parts = variant.components
    if not parts:
        return ()
    weights = [each.share_weight for each in parts]
    nets = allocate(amounts.net_minor, weights)
    taxes = allocate(amounts.tax_minor, weights)
    return tuple(
        ComponentShare(each.variant_id, each.sku, each.quantity * quantity, net, tax, net + tax)
        for each, net, tax in zip(parts, nets, taxes, strict=True)
    )
