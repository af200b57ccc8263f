"""Price lists: which list's price a line gets.

The order is stated once, here. Of the lists that fit (currency, dates, and every scope the list
names), the most specific comes first: one that names the customer group before one that does not,
then channel, then market; among equals the higher priority, then the later start, then the code.
The first list with a price for the line decides. Inside a list the largest quantity break reached
decides, and of several rows for that break the one that began last among those still running.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import require_instant
from crosslane.pricing.domain.tax import Basis
from crosslane.pricing.errors import BadValidity


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """A set of unit prices for a kind of sale.

    Args:
        id: identifier.
        code: name people use.
        title: what it is for.
        currency: ISO 4217 code of all its prices.
        basis: net (trade) or gross (consumer) prices.
        tax_country: for a gross list, the country whose tax the prices contain: sold elsewhere,
            that tax is taken out and the destination's put in. None keeps the gross price as it is
            wherever the goods go.
        market: code of the only market it is for, None for any.
        channel: code of the only channel it is for, None for any.
        customer_group: the only customer group it is for, None for everybody.
        priority: decides between lists of equal scope, higher first.
        valid_from: first instant at which it is offered.
        valid_to: instant from which it is not offered any more, None while open.
    """

    id: UUID
    code: str
    title: str
    currency: str
    basis: Basis
    tax_country: str | None = None
    market: str | None = None
    channel: str | None = None
    customer_group: str | None = None
    priority: int = 0
    valid_from: datetime
    valid_to: datetime | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A unit price of a list from a quantity and an instant on.

    Args:
        price_list_id: the list.
        variant_id: what is priced.
        quantity_min: least quantity of the variant in the cart for this price.
        unit_price_milli: price of one unit in 1/1000 minor unit, on the list's basis.
        valid_from: first instant of the price.
        valid_to: instant from which it does not hold any more, None while open.
    """

    price_list_id: UUID
    variant_id: UUID
    quantity_min: int
    unit_price_milli: int
    valid_from: datetime
    valid_to: datetime | None = None


class Buyer(msgspec.Struct, frozen=True):
    """Who buys where: all that the scopes of lists and promotions are matched against."""

    channel: str
    market: str
    customer_group: str | None
    currency: str
    at: datetime


def runs(row: Any, at: datetime) -> bool:
    """Tell whether a row with ``valid_from`` and ``valid_to`` holds at an instant."""
    return row.valid_from <= at and (row.valid_to is None or at < row.valid_to)


def require_validity(valid_from: datetime, valid_to: datetime | None, pointer: str) -> None:
    """Refuse a row that would not begin before it ends, or at an instant nobody can mean.

    Raises:
        BadValidity, InstantOutOfRange: with the pointer to the field below ``pointer``.
    """
    require_instant(valid_from, pointer=f"{pointer}/valid_from")
    if valid_to is not None:
        require_instant(valid_to, pointer=f"{pointer}/valid_to")
        if valid_to <= valid_from:
            raise BadValidity(pointer=f"{pointer}/valid_to")


def refuse_list(price_list: PriceList, buyer: Buyer) -> str | None:
    """Return why a list is not offered to a buyer, None when it is."""
    if price_list.currency != buyer.currency:
        return "other-currency"
    if not runs(price_list, buyer.at):
        return "not-in-force"
    if price_list.customer_group not in (None, buyer.customer_group):
        return "other-customer-group"
    if price_list.channel not in (None, buyer.channel):
        return "other-channel"
    if price_list.market not in (None, buyer.market):
        return "other-market"
    return None


def offered_lists(price_lists: Iterable[PriceList], buyer: Buyer) -> list[PriceList]:
    """Return the lists offered to a buyer, most specific first."""
    offered = [each for each in price_lists if refuse_list(each, buyer) is None]
    offered.sort(key=lambda each: each.code)
    offered.sort(key=_specificity, reverse=True)
    return offered


def choose_price(prices: Iterable[Price], quantity: int, at: datetime) -> Price | None:
    """Return the price one list has for a quantity at an instant, None when it has none."""
    reached = [each for each in prices if each.quantity_min <= quantity and runs(each, at)]
    return max(reached, key=lambda each: (each.quantity_min, each.valid_from), default=None)


def specificity(price_list: PriceList) -> str:
    """Return in words what makes a list specific, for explanations."""
    named = [name for name in ("customer_group", "channel", "market") if getattr(price_list, name)]
    return "+".join(named) or "general"


def _specificity(price_list: PriceList) -> tuple[bool, bool, bool, int, datetime]:
    return (
        price_list.customer_group is not None,
        price_list.channel is not None,
        price_list.market is not None,
        price_list.priority,
        price_list.valid_from,
    )
