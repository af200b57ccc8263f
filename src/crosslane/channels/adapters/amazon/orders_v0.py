"""Orders API, version 0: an order, its goods, its address and its buyer are four answers.

An order without its goods waits for them. Amounts of a line are for all of its units. Prices
include tax or not as the marketplace does; what is paid beside the goods, such as for wrapping,
is charged with delivery.
"""

from collections.abc import Iterator
from typing import Any

from crosslane.channels.adapters.amazon.marketplaces import country_of, currency_of, is_taxed
from crosslane.channels.adapters.amazon.resource import (
    ZONE,
    address,
    currency_told,
    identity,
    is_true,
    minor_of,
    notice,
    sum_of,
)
from crosslane.channels.adapters.amazon.selling import (
    OFF,
    STATUSES,
    STORE,
    STUCK,
    course,
    noted,
    off,
    status_of,
    told_order,
)
from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Message,
    OrderLine,
)
from crosslane.channels.domain.reports import ContactEvent
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.orders import BuyerWish

STORE_ID = "StoreChainStoreId"
PLUS = ("ShippingPrice", "CODFee")
MINUS = ("ShippingDiscount", "CODFeeDiscount")


def order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say an order, with its goods where they were fetched with it."""
    number = branch.needed("AmazonOrderId")
    status = status_of(branch.word("OrderStatus"))
    if status not in STATUSES:
        raise branch.wrong("OrderStatus", "a status of an order")
    if branch.word("FulfillmentChannel") == "AFN" or status in STUCK:
        # It lies with Amazon and goes from there.
        at = instant(branch, "LastUpdateDate")
        yield notice(branch, context, "amazon order", number, title=number, at=at)
        return
    changed, made = instant(branch, "LastUpdateDate"), instant(branch, "PurchaseDate")
    told = identity(number, changed, made, context)
    if status in OFF and not branch.peek("OrderItems"):
        yield off(told)
        return
    marketplace = branch.word("MarketplaceId")
    total = currency_told(branch, "OrderTotal")
    currency = total or currency_of(marketplace, context.currency)
    picked_up = is_true(branch, "IsISPU")
    parts = branch.branches("OrderItems")
    note = _replaced(branch)
    lines = tuple(
        _line(part, currency, _store(branch, part, context) if picked_up else "", free=bool(note))
        for part in parts
        if part.peek("QuantityOrdered") != 0
    )
    found = told_order(
        told,
        status=status,
        where=address(branch.branch("ShippingAddress")),
        country=country_of(marketplace),
        unwanted=next((why for part in parts if (why := _unwanted(part)) is not None), None),
        picked_up=picked_up,
        lines=lines,
        buyer=buyer_of(branch.branch("BuyerInfo")) or buyer_of(branch),
        currency=currency,
        prices_include_tax=is_taxed(marketplace),
        service=branch.cut(
            SERVICE_CHARACTERS_MAX, "ShipServiceLevel", "ShipmentServiceLevelCategory"
        ),
        total_minor=minor_of(branch, "OrderTotal", currency),
        shipping_minor=_beside(parts, currency) if lines else None,
        note=note,
    )
    yield from course(found, status)


def instant(branch: Branch, name: str) -> Any:
    """Return an instant of this version, told in UTC."""
    return branch.moment(name, zone=ZONE)


def _replaced(branch: Branch) -> str:
    if not is_true(branch, "IsReplacementOrder"):
        return ""
    before = branch.text("ReplacedOrderId")
    return f"Replaces {before}" if before else "A replacement"


def buyer_of(branch: Branch) -> BuyerWish | None:
    """Return who buys, as far as is told."""
    found = BuyerWish(email=branch.text("BuyerEmail"), name=branch.text("BuyerName")[:200])
    return found if found != BuyerWish() else None


def _beside(parts: list[Branch], currency: str) -> int:
    """Return what is paid beside the goods."""
    paid = sum(sum_of(part, PLUS, MINUS, currency) for part in parts)
    wraps = [part.branch("BuyerInfo") for part in parts]
    return max(0, paid + sum(minor_of(wrap, "GiftWrapPrice", currency) or 0 for wrap in wraps))


def _units(branch: Branch) -> int:
    quantity = branch.whole("QuantityOrdered")
    if quantity is None:
        raise branch.missing("QuantityOrdered")
    if quantity < 0:
        raise branch.wrong("QuantityOrdered", "a number of units")
    return quantity


def _price(branch: Branch, quantity: int, currency: str) -> tuple[int | None, int]:
    """Return the price of one unit with what is taken off, and what is taken off all of them."""
    off = abs(minor_of(branch, "PromotionDiscount", currency) or 0)
    worth = minor_of(branch, "ItemPrice", currency)
    if worth is None or not quantity:
        return None, off
    if off > worth:
        raise branch.wrong("PromotionDiscount", "at most the price of the line")
    return even_price_milli(worth - off, quantity, branch), off


def _store(branch: Branch, part: Branch, context: Context) -> str:
    """Return the store in which goods of an order are collected.

    Raises:
        NotReadable: neither Amazon nor the connection names it.
    """
    source = branch.branch("FulfillmentInstruction").text("FulfillmentSupplySourceId")
    found = part.text(STORE_ID) or source or context.settings.get(STORE, "")
    if not found:
        detail = (
            f"Amazon names no store in which it is collected: say which one by the setting {STORE}"
            " of the connection, and replay it"
        )
        raise NotReadable(Fault("store-unknown", detail, f"{part.at}/{STORE_ID}"))
    return found


def _line(branch: Branch, currency: str, store: str, *, free: bool) -> OrderLine:
    quantity = _units(branch)
    price, less = _price(branch, quantity, currency)
    if price is None and free:
        # A replacement costs nothing, so nobody tells what.
        price = 0
    return OrderLine(
        id=branch.needed("OrderItemId"),
        sku=branch.text("SellerSKU"),
        article=branch.text("ASIN"),
        title=branch.text("Title")[:500],
        quantity=quantity,
        unit_price_milli=price,
        discount_minor=less,
        tax_minor=minor_of(branch, "ItemTax", currency),
        method="pickup" if store else None,
        store=store,
        note=_wanted(branch),
    )


def _wanted(branch: Branch) -> str:
    """Return how a line is to be wrapped, and what is to be written on it."""
    wrap = branch.branch("BuyerInfo")
    level, text = wrap.text("GiftWrapLevel"), wrap.text("GiftMessageText")
    return noted(f"Gift wrap: {level}" if level else "", f"Gift message: {text}" if text else "")[
        :2_000
    ]


def _unwanted(branch: Branch) -> str | None:
    """Return why the buyer wants a line cancelled, None when they do not."""
    asked = branch.branch("BuyerRequestedCancel")
    if not is_true(asked, "IsBuyerRequestedCancel"):
        return None
    return asked.text("BuyerCancelReason")


def items(branch: Branch, context: Context) -> Iterator[Message]:
    """Say the goods of an order that was told without them."""
    parts = branch.branches("OrderItems")
    number = branch.needed("AmazonOrderId")
    if not all("QuantityOrdered" in part for part in parts):
        # Who is to be congratulated on which of them; not the goods themselves.
        yield notice(branch, context, "order items buyer", number, title=number)
        return
    currency = next((c for part in parts if (c := currency_told(part, "ItemPrice"))), "")
    currency = currency or context.currency
    lines: list[AmendedLine] = []
    for part in parts:
        quantity = _units(part)
        # What it is in stands with it, as an amendment has no word for that.
        price, _ = _price(part.unread(), quantity, currency)
        lines.append(
            AmendedLine(
                id=part.needed("OrderItemId"),
                sku=part.text("SellerSKU"),
                quantity=quantity,
                unit_price_milli=price,
                method="pickup" if STORE_ID in part else None,
                store=part.text(STORE_ID),
            )
        )
    told = identity(number, None, None, context)
    yield Amendment(**told, lines=tuple(lines), reason="its goods as Amazon tells them")


def whereabouts(branch: Branch, context: Context) -> Iterator[Message]:
    """Say where an order goes that was told without it."""
    number = branch.needed("AmazonOrderId")
    found = address(branch.branch("ShippingAddress"))
    if found is None or not found.lines:
        yield notice(branch, context, "order address", number, title=number)
        return
    told = identity(number, None, None, context)
    yield Amendment(**told, ship_to=found, reason="its address as Amazon tells it")


def buyer(branch: Branch, context: Context) -> Iterator[Message]:
    """Say who bought an order."""
    number = branch.needed("AmazonOrderId")
    yield ContactEvent(
        **identity(f"buyer/{number}", None, None, context),
        order=number,
        name=branch.text("BuyerName"),
        email=branch.text("BuyerEmail"),
        organization=branch.branch("BuyerTaxInfo").text("CompanyLegalName"),
    )
