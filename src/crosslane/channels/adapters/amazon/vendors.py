"""Vendor Central: what Amazon itself buys of us, for its own stock or for its customers.

A purchase order names an article by our identifier and Amazon's. Places are told by code, unless
their address stands beside it; an order whose goods go nowhere that is known waits.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from crosslane.channels.adapters.amazon.resource import (
    ZONE,
    address,
    currency_told,
    identity,
    milli_of,
    minor_of,
    notice,
    whole_or_near,
)
from crosslane.channels.adapters.amazon.selling import NOTHING_LEFT, noted, off
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.domain.messages import Message, Order, OrderLine
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.customers import Address
from crosslane.orders import BuyerWish, StopWish, TenderWish

ACCOUNT = (TenderWish(method="on_account"),)
CLOSED = StopWish(kind="manual", reason="Amazon has closed it already")
MIXED = StopWish(kind="manual", reason="Its prices are in several currencies")
WEIGHED = StopWish(kind="manual", reason="Its prices are by weight")
CASES = "cases"
CHANGES = ("purchaseOrderChangedDate", "purchaseOrderStateChangedDate")
ON_THE_WAY: Mapping[str, Literal["in_transit", "delivered"]] = {
    "PickedUp": "in_transit",
    "Delivered": "delivered",
}


def purchase_order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say an order of Amazon, for its stock or for one of its customers."""
    number = branch.needed("purchaseOrderNumber")
    details = branch.branch("orderDetails")
    changed = _changed(details)
    parts = details.branches("items")
    state = branch.word("purchaseOrderState") or details.word("orderStatus")
    if not parts:
        yield notice(branch, context, "purchase order", number, title=state, at=changed)
        return
    made = details.moment("purchaseOrderDate", "orderDate", zone=ZONE)
    told = identity(number, changed, made, context)
    currencies = list(dict.fromkeys(c for part in parts if (c := _currency(part))))
    currency = next(iter(currencies), context.currency)
    lines = tuple(_line(part, currency) for part in parts if _amount(part) != 0)
    if not lines:
        yield off(told, NOTHING_LEFT)
        return
    where = _place(details.branch("shipToParty"))
    ship_to, near = whole_or_near(where, "")
    buyer = details.branch("buyingParty")
    name = buyer.branch("address").text("name") or (where.name if where else "")
    shipping = details.branch("shipmentDetails")
    yield Order(
        **told,
        number=number,
        lines=lines,
        ship_to=ship_to,
        ship_near=near,
        bill_to=_place(details.branch("billToParty")),
        buyer=BuyerWish(name=name[:200]) if name else None,
        currency=currency,
        prices_include_tax=False,
        tax_minor=_tax(details.branch("taxTotal"), currency),
        tenders=ACCOUNT,
        stops=tuple(
            stop
            for stop, holds in (
                (CLOSED, state == "Closed"),
                (MIXED, len(currencies) > 1),
                (WEIGHED, any(map(_is_weighed, parts))),
            )
            if holds
        ),
        service=shipping.cut(SERVICE_CHARACTERS_MAX, "shipMethod"),
        note=noted(
            details.branch("importDetails").text("shippingInstructions"),
            shipping.text("messageToCustomer"),
        )[:5_000],
    )
    if state == "CANCELLED":
        yield off(told)


def _changed(details: Branch) -> datetime | None:
    """Return the last instant at which an order was changed, which its parts are left with."""
    plain = details.unread()
    found = (plain.moment(name, zone=ZONE) for name in CHANGES)
    return max((at for at in found if at is not None), default=None)


def _place(party: Branch) -> Address | None:
    """Return where a party is; its address stands in it or is it."""
    return address(party.branch("address")) or (
        address(party) if "countryCode" in party or "addressLine1" in party else None
    )


def _currency(branch: Branch) -> str:
    return currency_told(branch, "netCost") or currency_told(branch, "netPrice")


def _line(branch: Branch, currency: str) -> OrderLine:
    return OrderLine(
        id=branch.needed("itemSequenceNumber"),
        sku=branch.text("vendorProductIdentifier"),
        article=branch.text("amazonProductIdentifier", "buyerProductIdentifier"),
        title=branch.text("title")[:500],
        quantity=_units(branch, "orderedQuantity"),
        unit_price_milli=_price(branch, currency),
        tax_minor=_tax(branch.branch("taxDetails"), currency),
    )


def _price(branch: Branch, currency: str) -> int | None:
    """Return what a unit costs; what is priced by weight costs as much as it will weigh."""
    if _is_weighed(branch):
        return None
    found = milli_of(branch, "netCost", currency)
    return milli_of(branch, "netPrice", currency) if found is None else found


def _is_weighed(branch: Branch) -> bool:
    return any(branch.branch(name).word("unitOfMeasure") for name in ("netCost", "netPrice"))


def _units(branch: Branch, name: str) -> int:
    """Return how many units a quantity is, of which a case may hold several."""
    told = branch.branch(name)
    in_cases = told.word("unitOfMeasure").lower() == CASES
    if in_cases:
        told = told.unread()
    amount = told.whole("amount")
    if amount is None:
        raise branch.missing(name)
    if amount < 0:
        raise told.wrong("amount", "a number of units")
    return amount * (told.whole("unitSize", 1) or 1) if in_cases else amount


def _amount(branch: Branch) -> object:
    told = branch.peek("orderedQuantity")
    return told.get("amount") if isinstance(told, dict) else None


def _tax(branch: Branch, currency: str) -> int | None:
    parts = branch.branches("taxLineItem")
    found = [part for part in parts if part.word("type") in ("TOTAL", "")] or parts
    if not found:
        return None
    return sum(minor_of(part, "taxAmount", currency) or 0 for part in found)


def shipment(branch: Branch, context: Context) -> Iterator[Message]:
    """Say how far a shipment of ours to Amazon has come, order by order."""
    number = branch.needed("vendorShipmentIdentifier")
    state = branch.word("currentShipmentStatus")
    at = branch.moment("currentshipmentStatusDate", "currentShipmentStatusDate", zone=ZONE)
    orders = branch.branches("purchaseOrders")
    if state not in ON_THE_WAY or not orders:
        yield notice(branch, context, "vendor shipment", number, title=state, at=at)
        return
    carrier = branch.branch("transportationDetails")
    tracking = carrier.text("billOfLadingNumber")
    for part in orders:
        order = part.needed("purchaseOrderNumber")
        yield FulfillmentEvent(
            **identity(f"{number}/{order}", at, None, context),
            order=order,
            step=ON_THE_WAY[state],
            lines=tuple(
                MovedGoods(
                    id=one.text("itemSequenceNumber"),
                    sku=one.text("vendorProductIdentifier"),
                    article=one.text("buyerProductIdentifier"),
                    quantity=_units(one, "shippedQuantity"),
                )
                for one in part.branches("items")
            ),
            carrier=carrier.text("carrierScac"),
            tracking=(tracking,) if tracking else (),
        )
