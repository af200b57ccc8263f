"""Orders of eBay's Fulfillment API, version 1: goods, people, money, and how far each is.

What a line costs is told for all of its units, before and after the seller's reductions. Taxes that
eBay collects and pays are no money of the seller's: they are kept and are in no sum. Money that was
given back for a line is told by the line, for the order by its payments. Of an order
that goes by way of eBay's shipping hub the address is the hub's, with the reference it wants.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.adapters.shops import settlement
from crosslane.channels.domain.messages import Cancellation, Message, Order, OrderLine, Paid
from crosslane.channels.domain.reports import FulfillmentEvent, MoneyEvent, MovedGoods, Notice
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.customers import Address
from crosslane.kernel import allocate
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
CLOSED_AS_OFF = (
    "CANCEL_CLOSED_WITH_REFUND",
    "CANCEL_CLOSED_NO_REFUND",
    "CANCEL_CLOSED_UNKNOWN_REFUND",
)
BESIDE = ("shippingCost", "handlingCost", "importCharges")
ADDRESS_LINES_MAX = 4


def minor_of(branch: Branch, name: str, currency: str) -> int | None:
    """Return an amount in minor units, None when there is none; another currency's is left over."""
    if branch.value.get(name) is None:
        return None
    part = branch.branch(name)
    told = part.value.get("currency")
    if part.value.get("value") is None or (told != currency and isinstance(told, str) and told):
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
    elif payment == "FULLY_REFUNDED" and sent == "NOT_STARTED":
        yield Cancellation(**told, reason="refunded at eBay before it was sent")
    elif payment == "FAILED":
        yield settlement(number, told["event_at"], context.channel, "refused")
    elif sent == "FULFILLED":
        whole = told | {"source_id": f"shipped/{number}"[:100]}
        yield FulfillmentEvent(**whole, order=number, step="shipped")
    given = branch.branch("paymentSummary").branches("refunds")
    for part in given:
        yield refund(part, told, number, currency)
    names = {part.word("refundId") for part in given} | {""}
    for line in lines:
        for part in line.branches("refunds"):
            if part.word("refundId") not in names:
                one = refund(part, told, number, currency)
                own = f"{one.source_id}/{line.word('lineItemId')}"[:100]
                yield msgspec.structs.replace(one, source_id=own)


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
    told = part.get("currency") if isinstance(part, dict) else None
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
    start = instructions[0] if instructions else Branch.of({})
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
    goods = [line for line in lines if line.peek("quantity") != 0]
    worths = [_worth(line, currency) for line in goods]
    more = _adjusted(summary, currency)
    shares = allocate(-more, worths) if -sum(worths) <= more < 0 else [0] * len(goods)
    beside = _beside(summary, lines, currency) + max(0, more)
    return Order(
        **told,
        number=told["source_id"],
        lines=tuple(
            _line(line, currency, store, worth, share)
            for line, worth, share in zip(goods, worths, shares, strict=True)
        ),
        buyer=_buyer(branch.branch("buyer"), to),
        ship_to=None if picked_up else where,
        currency=currency,
        prices_include_tax=bool(markets) and not markets <= UNTAXED,
        paid=PAID.get(payment, ""),
        total_minor=_total(summary, lines, currency, sum(worths) - sum(shares) + beside),
        shipping_minor=beside,
        service=step.cut(SERVICE_CHARACTERS_MAX, "shippingServiceCode"),
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


def _plain(branch: Branch, name: str, currency: str) -> int:
    """Return an amount that is left over, being told in another way; nought when it is not told."""
    if branch.value.get(name) is None:
        return 0
    return minor_of(branch.unread(), name, currency) or 0


def _beside(summary: Branch, lines: list[Branch], currency: str) -> int:
    """Return what is paid beside the goods, less what is taken off it."""
    found = 0
    for line in lines:
        costs = line.branch("deliveryCost")
        if not costs:
            continue
        # What a line's delivery costs is told with its order's, so its own parts are left over.
        cheaper = _plain(costs, "discountAmount", currency)
        found += sum([_plain(costs, name, currency) for name in BESIDE]) - abs(cheaper)
    off = abs(_plain(summary, "deliveryDiscount", currency))
    if off and found == _plain(summary, "deliveryCost", currency):
        # Only the order tells what is taken off; its own cost is the one before that.
        found -= off
    return max(0, found) + _plain(summary, "fee", currency)


def _adjusted(summary: Branch, currency: str) -> int:
    """Return by how much the seller has changed what the goods cost, once they were bought.

    Which way it goes nobody says: what it costs in all does.
    """
    told = abs(_plain(summary, "adjustment", currency))
    if not told:
        return 0
    parts = ("priceSubtotal", "deliveryCost", "fee", "tax")
    before = sum(_plain(summary, name, currency) for name in parts)
    before -= sum(
        abs(_plain(summary, f"{name}Discount", currency)) for name in ("price", "delivery")
    )
    more = _plain(summary, "total", currency) - before
    return more if abs(more) == told else 0


def _total(summary: Branch, lines: list[Branch], currency: str, paid: int) -> int | None:
    """Return what the buyer pays the seller; eBay's own taxes are in it when they were asked for.

    Args:
        summary: of the order's prices.
        lines: of the order.
        currency: ISO 4217.
        paid: for goods and beside them, minor units.
    """
    total = minor_of(summary.unread(), "total", currency)
    theirs = 0
    for line in lines if total is not None and total > paid else ():
        remitted = line.unread().branches("ebayCollectAndRemitTaxes")
        theirs += sum(minor_of(tax, "amount", currency) or 0 for tax in remitted)
    if total is not None and theirs and total - theirs == paid:
        return paid
    return minor_of(summary, "total", currency)


def _worth(branch: Branch, currency: str) -> int:
    """Return what is paid for all units of a line."""
    # Prices are told for all units and for one of them; the one that is not ours is left over.
    plain = branch.unread()
    worth = minor_of(plain, "discountedLineItemCost", currency)
    full = minor_of(plain, "lineItemCost", currency) if worth is None else worth
    if full is None:
        if "lineItemCost" in branch:
            raise branch.wrong("lineItemCost", f"an amount in {currency}")
        raise branch.missing("lineItemCost")
    return full


def _line(branch: Branch, currency: str, store: str, worth: int, share: int) -> OrderLine:
    quantity = branch.whole("quantity")
    if quantity is None:
        raise branch.missing("quantity")
    if quantity < 0:
        raise branch.wrong("quantity", "a number of units")
    full = _plain(branch, "lineItemCost", currency)
    return OrderLine(
        id=branch.needed("lineItemId"),
        sku=branch.text("sku"),
        article=branch.text("legacyVariationId", default=branch.word("legacyItemId")),
        title=branch.text("title")[:500],
        quantity=quantity,
        unit_price_milli=even_price_milli(worth - share, quantity, branch),
        discount_minor=max(0, full - worth) + share,
        tax_minor=_tax(branch, currency),
        method="pickup" if store else None,
        store=store,
    )


def _tax(branch: Branch, currency: str) -> int | None:
    """Return the tax that is the seller's to pay, None when eBay pays it or nobody tells."""
    if branch.peek("ebayCollectAndRemitTaxes"):
        return None
    taxes = branch.unread().branches("taxes")
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


def cancellation(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that an order is off, as the Post-Order API tells it; while it is asked for, nothing is.

    A request that was closed otherwise, such as for what was sent, leaves the order as it is.
    """
    number, status = branch.needed("cancelId"), branch.word("cancelStatus")
    closed, asked = (instant(branch, name) for name in ("cancelCloseDate", "cancelRequestDate"))
    if status not in CLOSED_AS_OFF:
        told = identity(f"cancellation/{number}", closed, asked, context)
        yield Notice(**told, topic="cancellation", title=status[:500])
        return
    order = branch.needed("legacyOrderId")
    reason = branch.text("cancelReason") or "cancelled at eBay"
    yield Cancellation(**identity(order, closed, closed or asked, context), reason=reason[:500])


def instant(branch: Branch, name: str) -> datetime | None:
    """Return an instant of the Post-Order API, which may stand in an object of its own."""
    told = branch.peek(name)
    if isinstance(told, Mapping):
        return branch.branch(name).moment("value", zone=ZONE)
    return branch.moment(name, zone=ZONE)


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
