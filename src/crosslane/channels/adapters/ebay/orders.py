"""Orders of eBay's Fulfillment API, version 1: goods, people, money, and how far each is.

What a line costs is told for all of its units, before and after the seller's reductions. Taxes that
eBay collects and pays are no money of the seller's: they are kept and are in no sum. Of an order
that goes by way of eBay's shipping hub the address is the hub's, with the reference it wants.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.adapters.shops import settlement
from crosslane.channels.domain.messages import Cancellation, Message, Order, OrderLine, Paid
from crosslane.channels.domain.reports import FulfillmentEvent, MoneyEvent, MovedGoods
from crosslane.customers import Address
from crosslane.orders import BuyerWish, StopWish

ZONE = "UTC"
# Marketplaces whose prices are without tax; everywhere else they include it.
UNTAXED = frozenset({"EBAY_US", "EBAY_CA", "EBAY_MOTORS_US"})
UNPAID = StopWish(kind="payment", reason="eBay has not been paid yet")
SENT_ALREADY = StopWish(kind="manual", reason="eBay says it was sent already")
UNWANTED = StopWish(kind="manual", reason="The buyer asks eBay to cancel it")
PAID: Mapping[str, Paid] = {
    "PENDING": "pending",
    "FAILED": "voided",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "partly_refunded",
    "FULLY_REFUNDED": "refunded",
}
FULFILLED = ("NOT_STARTED", "IN_PROGRESS", "FULFILLED")
CANCELLED = ("NONE_REQUESTED", "IN_PROGRESS", "CANCELED")
REFUNDED: Mapping[str, Literal["done", "pending", "failed"]] = {
    "REFUNDED": "done",
    "PENDING": "pending",
    "FAILED": "failed",
}
PICKUP = "PREPARE_FOR_PICKUP"
BESIDE = ("shippingCost", "handlingCost", "importCharges")
ADDRESS_LINES_MAX = 4


def minor_of(branch: Branch, name: str, currency: str) -> int | None:
    """Return an amount in minor units, None when there is none; another currency's is left over."""
    part = branch.branch(name)
    if not part or "value" not in part or part.word("currency") not in ("", currency):
        return None
    part.text("currency")
    return part.rounded_minor("value", currency)


def order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say an order, and what became of it: paid, sent, off, and money that was given back."""
    number = branch.needed("orderId")
    made = branch.moment("creationDate", zone=ZONE)
    changed = branch.moment("lastModifiedDate", zone=ZONE)
    told = identity(number, changed, made, context)
    payment = _word(branch, "orderPaymentStatus", PAID)
    sent = _word(branch, "orderFulfillmentStatus", FULFILLED)
    off = _word(branch.branch("cancelStatus"), "cancelState", CANCELLED)
    summary = branch.branch("pricingSummary")
    currency = _currency(summary, "total") or context.currency
    lines = branch.branches("lineItems")
    if lines:
        yield _order(branch, told, lines, currency, payment, sent, off)
    if payment in ("PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"):
        yield settlement(number, told["event_at"], context.channel, "paid")
    if off == "CANCELED":
        yield Cancellation(**told, reason="cancelled at eBay")
    elif payment == "FAILED":
        yield settlement(number, told["event_at"], context.channel, "refused")
    elif sent == "FULFILLED":
        whole = told | {"source_id": f"shipped/{number}"[:100]}
        yield FulfillmentEvent(**whole, order=number, step="shipped")
    for part in branch.branch("paymentSummary").branches("refunds"):
        yield refund(part, told, number, currency)


def identity(
    number: str, changed: datetime | None, made: datetime | None, context: Context
) -> dict[str, Any]:
    """Return what every message says of what it speaks of; eBay counts no versions."""
    then = changed or made or context.said_at or context.received_at
    return {
        "source_id": number[:100],
        "source_version": version_of(then),
        "event_at": made or then,
        "channel": context.channel,
    }


def _word(branch: Branch, name: str, known: Any) -> str:
    """Return a word of a list, left over as it is told."""
    word = branch.word(name)
    if word and word not in known:
        raise branch.wrong(name, f"one of {', '.join(sorted(known))}")
    return word


def _currency(branch: Branch, name: str) -> str:
    part = branch.peek(name)
    told = part.get("currency") if isinstance(part, Mapping) else None
    return told if isinstance(told, str) else ""


def _order(
    branch: Branch,
    told: dict[str, Any],
    lines: list[Branch],
    currency: str,
    payment: str,
    sent: str,
    off: str,
) -> Order:
    instructions = branch.branches("fulfillmentStartInstructions")
    start = instructions[0] if instructions else Branch({})
    step = start.branch("shippingStep")
    pickup = start.branch("pickupStep").text("merchantLocationKey")
    picked_up = start.word("fulfillmentInstructionsType") == PICKUP
    markets = {line.word("listingMarketplaceId") for line in lines}
    to = step.branch("shipTo")
    where = address(to, reference=step.text("shipToReferenceId"))
    stops = [UNPAID] if payment in ("PENDING", "FAILED") else []
    if sent == "FULFILLED":
        stops.append(SENT_ALREADY)
    elif off == "IN_PROGRESS":
        stops.append(UNWANTED)
    summary = branch.branch("pricingSummary")
    store = pickup if picked_up else ""
    return Order(
        **told,
        number=told["source_id"],
        lines=tuple(_line(line, currency, store) for line in lines if line.peek("quantity") != 0),
        buyer=_buyer(branch.branch("buyer"), to),
        ship_to=None if picked_up else where,
        currency=currency,
        prices_include_tax=bool(markets) and not markets <= UNTAXED,
        paid=PAID.get(payment, ""),
        total_minor=minor_of(summary, "total", currency),
        shipping_minor=_beside(lines, currency),
        service=step.text("shippingServiceCode"),
        stops=tuple(stops),
        note=branch.text("buyerCheckoutNotes")[:5_000],
    )


def _buyer(buyer: Branch, to: Branch) -> BuyerWish | None:
    registered = buyer.branch("buyerRegistrationAddress")
    found = BuyerWish(
        email=registered.text("email") or to.text("email"),
        name=(registered.text("fullName") or to.text("fullName"))[:200],
        phone=registered.branch("primaryPhone").text("phoneNumber"),
    )
    return found if found != BuyerWish() else None


def address(branch: Branch, *, reference: str = "") -> Address | None:
    """Return where something goes, None when that is not told.

    Args:
        branch: who gets it.
        reference: that the label has to show.
    """
    where = branch.branch("contactAddress")
    if not where:
        return None
    lines = [where.text("addressLine1"), where.text("addressLine2"), reference]
    return Address(
        country=where.text("countryCode"),
        lines=tuple(filter(None, lines))[:ADDRESS_LINES_MAX],
        city=where.text("city"),
        postcode=where.text("postalCode"),
        region=where.text("stateOrProvince"),
        name=branch.text("fullName"),
        organization=branch.text("companyName"),
        phone=branch.branch("primaryPhone").text("phoneNumber"),
    )


def _beside(lines: list[Branch], currency: str) -> int:
    """Return what is paid beside the goods, less what is taken off it."""
    found = 0
    for line in lines:
        costs = line.branch("deliveryCost")
        # What a line's delivery costs is told with its order's, so its own parts are left over.
        plain = Branch(costs.value, costs.at)
        cheaper = minor_of(plain, "discountAmount", currency) or 0
        found += sum(minor_of(plain, name, currency) or 0 for name in BESIDE) - abs(cheaper)
    return max(0, found)


def _line(branch: Branch, currency: str, store: str) -> OrderLine:
    quantity = branch.whole("quantity")
    if quantity is None:
        raise branch.missing("quantity")
    if quantity < 0:
        raise branch.wrong("quantity", "a number of units")
    # Prices are told for all units and for one of them; the one that is not ours is left over.
    plain = Branch(branch.value, branch.at)
    full = minor_of(plain, "lineItemCost", currency)
    worth = minor_of(plain, "discountedLineItemCost", currency)
    paid = full if worth is None else worth
    if paid is None:
        raise branch.missing("lineItemCost")
    return OrderLine(
        id=branch.needed("lineItemId"),
        sku=branch.text("sku"),
        article=branch.text("legacyVariationId", default=branch.word("legacyItemId")),
        title=branch.text("title")[:500],
        quantity=quantity,
        unit_price_milli=even_price_milli(paid, quantity, branch.at),
        discount_minor=max(0, (full or 0) - paid),
        tax_minor=_tax(branch, currency),
        method="pickup" if store else None,
        store=store,
    )


def _tax(branch: Branch, currency: str) -> int | None:
    """Return the tax that is the seller's to pay, None when eBay pays it or nobody tells."""
    if branch.peek("ebayCollectAndRemitTaxes"):
        return None
    taxes = Branch(branch.value, branch.at).branches("taxes")
    return sum(minor_of(tax, "amount", currency) or 0 for tax in taxes) if taxes else None


def refund(branch: Branch, told: dict[str, Any], number: str, currency: str) -> MoneyEvent:
    """Return money that was given back."""
    status = _word(branch, "refundStatus", REFUNDED)
    at = branch.moment("refundDate", zone=ZONE) or told["event_at"]
    minor = minor_of(branch, "amount", currency)
    if minor is None:
        raise branch.missing("amount")
    return MoneyEvent(
        **{
            **told,
            "source_id": f"refund/{branch.needed('refundId')}"[:100],
            "event_at": at,
        },
        order=number,
        step="refunded",
        outcome=REFUNDED.get(status, "done"),
        minor=minor,
        currency=currency,
        reference=branch.text("refundReferenceId"),
    )


def parcel(branch: Branch, context: Context, number: str) -> FulfillmentEvent:
    """Return a parcel of an order that eBay knows to have left."""
    at = branch.moment("shippedDate", zone=ZONE)
    tracking = branch.text("shipmentTrackingNumber", "trackingNumber")
    return FulfillmentEvent(
        **identity(f"{number}/{branch.needed('fulfillmentId')}", at, at, context),
        order=number,
        step="shipped",
        lines=tuple(
            MovedGoods(id=one.needed("lineItemId"), quantity=one.whole("quantity", 1) or 1)
            for one in branch.branches("lineItems")
        ),
        carrier=branch.text("shippingCarrierCode"),
        tracking=(tracking,) if tracking else (),
    )
