"""External Fulfillment: shipments of Amazon's orders that go from our own locations.

A shipment is an order here: it has goods, money and an address of its own, and Amazon wants it
confirmed, packed and sent by its number. Amazon has chosen the location; it is kept.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from crosslane.channels.adapters.amazon.marketplaces import country_of, currency_of
from crosslane.channels.adapters.amazon.resource import (
    ZONE,
    address,
    currency_told,
    identity,
    minor_of,
    whole_or_near,
)
from crosslane.channels.adapters.amazon.selling import stops_of
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.domain.messages import (
    Cancellation,
    Message,
    Order,
    OrderLine,
)
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.orders import BuyerWish

NEW = frozenset({"CREATED", "ACCEPTED", "CONFIRMED", "PACKAGE_CREATED", "PICKUP_SLOT_RETRIEVED"})
LABELED = frozenset({"INVOICE_GENERATED", "SHIPLABEL_GENERATED"})
GONE: Mapping[str, Literal["shipped", "delivered"]] = {
    "SHIPPED": "shipped",
    "DELIVERED": "delivered",
}
STATUSES = NEW | LABELED | GONE.keys() | {"CANCELLED"}
# What is charged for a line, and not for its goods.
EXTRAS = ("GIFT", "SHIPPING", "OTHER")
NET = ("totalCharge", "netAmount")


def shipment(branch: Branch, context: Context) -> Iterator[Message]:
    """Say a shipment that a location of ours is to send."""
    number = branch.needed("id")
    changed = branch.moment("lastUpdatedDateTime", zone=ZONE)
    made = branch.moment("creationDateTime", zone=ZONE)
    told = identity(number, changed, made, context)
    status = branch.word("status")
    if status not in STATUSES:
        raise branch.wrong("status", "a status of a shipment")
    info = branch.branch("shipmentInfo")
    lines = branch.branches("lineItems")
    if lines:
        yield _order(branch, context, told, info, lines, gone=status in GONE)
    if status == "CANCELLED":
        yield Cancellation(**told, reason="cancelled at Amazon")
        return
    if not lines:
        raise branch.missing("lineItems")
    if status in GONE:
        yield from _parcels(branch, told, number, GONE[status])


def _order(
    branch: Branch,
    context: Context,
    told: dict[str, object],
    info: Branch,
    lines: list[Branch],
    *,
    gone: bool,
) -> Order:
    marketplace = branch.branch("marketplaceAttributes").word("marketplaceId")
    charges = branch.branches("charges")
    currency = _currency(charges + [c for line in lines for c in line.branches("charges")])
    currency = currency or currency_of(marketplace, context.currency)
    parties = {part.word("partyType"): part for part in branch.branches("partyInfoList")}
    where = address(branch.branch("shippingInfo").branch("shipToAddress"))
    party = parties.get("SHIP_TO_PARTY")
    ship_to = where or (address(party.branch("address")) if party else None)
    whole, near = whole_or_near(ship_to, country_of(marketplace))
    extras = sum(_charged(line, EXTRAS, currency) for line in lines)
    return Order(
        **told,  # type: ignore[arg-type]
        number=info.text("buyerOrderId", default=str(told["source_id"])),
        lines=tuple(_line(line, currency) for line in lines),
        ship_to=whole,
        ship_near=near,
        stops=stops_of("SHIPPED" if gone else ""),
        buyer=BuyerWish(name=whole.name) if whole and whole.name else None,
        currency=currency,
        prices_include_tax=True,
        shipping_minor=extras + _charged(branch, ("SHIPPING",), currency),
        total_minor=_charged(branch, ("TOTAL",), currency) or None,
        paid="paid",
        service=branch.branch("shippingInfo").cut(SERVICE_CHARACTERS_MAX, "recommendedShipMethod"),
    )


def _currency(charges: list[Branch]) -> str:
    for charge in charges:
        if found := currency_told(charge.branch("totalCharge"), "netAmount"):
            return found
    return ""


def _charged(branch: Branch, kinds: tuple[str, ...], currency: str) -> int:
    """Return what is charged of some kinds, with its tax."""
    # What a line costs is told by its units; how it came about is left over as it was told.
    told = branch.unread().branches("charges")
    theirs = [charge.branch(NET[0]) for charge in told if charge.word("chargeType") in kinds]
    return sum(minor_of(charge, NET[1], currency) or 0 for charge in theirs)


def _line(branch: Branch, currency: str) -> OrderLine:
    quantity = branch.whole("numberOfUnits")
    if quantity is None:
        raise branch.missing("numberOfUnits")
    if quantity < 1:
        raise branch.wrong("numberOfUnits", "a number of units")
    goods = next((c for c in branch.branches("charges") if c.word("chargeType") == "PRODUCT"), None)
    worth = _charged(branch, ("PRODUCT",), currency) if goods else None
    tax = goods.branch("totalTax").branch("charge") if goods else None
    off = goods.branch(NET[0]) if goods else None
    return OrderLine(
        id=branch.needed("shipmentLineItemId"),
        sku=branch.text("merchantSku"),
        quantity=quantity,
        unit_price_milli=None if worth is None else even_price_milli(worth, quantity, branch),
        tax_minor=minor_of(tax, "netAmount", currency) if tax else None,
        discount_minor=(minor_of(off, "discountAmount", currency) or 0) if off else 0,
        note=_wrapping(branch),
    )


def _wrapping(branch: Branch) -> str:
    gift = branch.branch("giftAttributes")
    return gift.text("giftWrapLabel") if gift.word("giftWrapRequirement") == "REQUIRED" else ""


def _parcels(
    branch: Branch, told: dict[str, object], number: str, step: Literal["shipped", "delivered"]
) -> Iterator[FulfillmentEvent]:
    """Yield what has left of a shipment: its packages, or all of it."""
    packages = branch.branches("packages")
    for part in packages:
        own = GONE.get(part.word("status"), step if "status" not in part else None)
        if own is None:
            continue
        yield FulfillmentEvent(
            **{**told, "source_id": f"{number}/{part.needed('id')}"[:100]},  # type: ignore[arg-type]
            order=number,
            step=own,
            lines=tuple(
                MovedGoods(
                    id=one.needed("packageLineItemId"), quantity=one.whole("quantity", 0) or 0
                )
                for one in part.branches("packageLineItems")
            ),
        )
    if not packages:
        yield FulfillmentEvent(
            **{**told, "source_id": f"{step}/{number}"[:100]},  # type: ignore[arg-type]
            order=number,
            step=step,
        )
