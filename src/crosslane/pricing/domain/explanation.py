"""Explanations: every list that was looked at for a line, and the whole story in sentences."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.kernel import MILLI_PER_MINOR, Money, rounded_ratio
from crosslane.pricing.domain.cart import PricedCart, PricedLine, Sale
from crosslane.pricing.domain.lists import (
    Price,
    PriceList,
    choose_price,
    offered_lists,
    refuse_list,
    specificity,
)

REASONS = {
    "not-in-force": "it does not hold at that time",
    "other-currency": "it is for another currency",
    "other-channel": "it is for other channels",
    "other-market": "it is for other markets",
    "other-customer-group": "it is for another customer group",
    "needs-coupon": "it needs a coupon",
    "no-eligible-line": "no line of the cart is eligible, or another promotion has them for itself",
    "threshold-not-reached": "the eligible goods are worth less than its threshold",
    "quantity-not-reached": "there are fewer eligible units than it asks for",
    "nothing-to-reduce": "there is nothing left to reduce",
    "coupon-unknown": "there is no such coupon",
    "coupon-not-in-force": "the coupon does not hold at that time",
    "coupon-used-up": "the coupon has been used as often as it may be",
    "coupon-needs-customer": "the coupon is limited per customer and the customer is not known",
    "coupon-used-up-by-customer": "the customer has used the coupon as often as one may",
    "promotion-already-opened": "another coupon of the cart opens the same promotion",
    "no-price": "it has no price for the goods in this quantity at that time",
    "less-specific": "a more specific list has a price",
}


class ListCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A price list that was looked at for a line.

    Args:
        price_list: code of the list.
        specificity: scopes that make it specific.
        refused: why it did not decide, None for the one that did.
        unit_price_milli: its price for the quantity, on its own basis, None when it has none.
    """

    price_list: str
    specificity: str
    refused: str | None
    unit_price_milli: int | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A priced cart with every list that was looked at and the story in sentences.

    Args:
        cart: the result.
        candidates: by line key, the lists in the order in which they are asked; refused ones last.
        story: one paragraph per line and one for the promotions, for people.
    """

    cart: PricedCart
    candidates: dict[str, tuple[ListCandidate, ...]]
    story: tuple[str, ...]


def list_candidates(
    price_lists: Sequence[PriceList],
    sale: Sale,
    prices: Mapping[UUID, Sequence[Price]],
    units: int,
) -> tuple[ListCandidate, ...]:
    """Return every list with what it says for one variant and why it did or did not decide.

    Args:
        price_lists: all lists.
        sale: the frame of the sale.
        prices: rows of the variant by list.
        units: units of the variant in the whole cart.
    """
    offered = offered_lists(price_lists, sale.buyer)
    others = [each for each in price_lists if refuse_list(each, sale.buyer) is not None]
    candidates: list[ListCandidate] = []
    decided = False
    for each in (*offered, *others):
        price = choose_price(prices.get(each.id, ()), units, sale.buyer.at)
        refused = refuse_list(each, sale.buyer)
        if refused is None and price is None:
            refused = "no-price"
        elif refused is None and decided:
            refused = "less-specific"
        decided = decided or refused is None
        candidates.append(
            ListCandidate(
                price_list=each.code,
                specificity=specificity(each),
                refused=refused,
                unit_price_milli=price.unit_price_milli if price else None,
            )
        )
    return tuple(candidates)


def tell(cart: PricedCart) -> tuple[str, ...]:
    """Return the story of a priced cart: one paragraph per line, then the promotions."""
    told = [_tell_line(cart, line) for line in (*cart.lines, *cart.shipping)]
    return (*told, *_tell_promotions(cart))


def shown_milli(unit_price_milli: int, currency: str) -> str:
    """Write a unit price with as many decimals as it needs, such as ``17.02128 GBP``."""
    minor, rest = divmod(unit_price_milli, MILLI_PER_MINOR)
    whole, _, code = str(Money(minor, currency)).partition(" ")
    if rest:
        point = "" if "." in whole else "."
        whole += point + f"{rest:03}".rstrip("0")
    return f"{whole} {code}"


def _tell_line(cart: PricedCart, line: PricedLine) -> str:
    def shown(minor: int) -> str:
        return str(Money(minor, cart.currency))

    parts = [f"{line.quantity} × {line.sku}: {_tell_source(cart, line)}"]
    parts.append(f"The line is {shown(line.amount_minor)} {_inclusion(cart)}.")
    parts.extend(
        f"Promotion {each.promotion} takes off {shown(each.minor)}." for each in line.discounts
    )
    tax = line.tax
    because = {
        "destination": f"the rate of {tax.jurisdiction}, where the goods go",
        "origin": f"the rate of {tax.jurisdiction}, where the seller is",
        "zero": f"sales to {tax.jurisdiction} are exports",
    }[tax.treatment]
    parts.append(
        f"Tax class {tax.tax_class} bears {_percent(tax.rate_bp)}, {because}:"
        f" {shown(line.net_minor)} + {shown(line.tax_minor)} = {shown(line.gross_minor)}."
    )
    return " ".join(parts)


def _tell_source(cart: PricedCart, line: PricedLine) -> str:
    unit = shown_milli(line.unit_price_milli, cart.currency)
    if line.source == "override":
        return f"{unit} each, set by hand: {line.reason}."
    if line.source == "dictated":
        listed = line.listed_unit_price_milli
        if listed is None:
            return f"{unit} each, dictated by channel {cart.channel}; no list of ours has a price."
        difference = rounded_ratio(
            (line.unit_price_milli - listed) * line.quantity, 1, MILLI_PER_MINOR
        )
        ours = shown_milli(listed, cart.currency)
        return (
            f"{unit} each, dictated by channel {cart.channel}; ours is {ours},"
            f" a difference of {Money(difference, cart.currency)}."
        )
    choice = line.choice
    if choice is None:
        return f"{unit} by the table of shipping prices."
    listed = shown_milli(choice.unit_price_milli, cart.currency)
    told = f"{unit} each from list {choice.price_list} ({choice.specificity})"
    if choice.quantity_min > 1:
        told += f", from {choice.quantity_min} units"
    if choice.unit_price_milli != line.unit_price_milli:
        told += f", where it stands as {listed} with {_percent(choice.contained_bp)} tax inside"
    return told + "."


def _tell_promotions(cart: PricedCart) -> Iterable[str]:
    for each in cart.promotions:
        name = f"Coupon {each.coupon}" if not each.promotion else f"Promotion {each.promotion}"
        if each.refused is not None:
            yield f"{name} gave nothing: {REASONS[each.refused]}."
        else:
            by = f" by coupon {each.coupon}" if each.coupon else ""
            yield f"{name} gave {Money(each.minor, cart.currency)}{by}."


def _inclusion(cart: PricedCart) -> str:
    return "with tax" if cart.basis == "gross" else "without tax"


def _percent(rate_bp: int) -> str:
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}" + (f".{rest:02}".rstrip("0") if rest else "") + " %"
