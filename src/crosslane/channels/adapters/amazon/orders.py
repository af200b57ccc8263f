"""Orders API, version 2026-01-01: an order with its goods, people, money and parcels at once.

What an order brings in is told as parts of its proceeds, which add up to its total; taxes and
reductions are parts of their own, and tell of what they are.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from crosslane.channels.adapters.amazon.marketplaces import country_of, currency_of, is_taxed
from crosslane.channels.adapters.amazon.resource import (
    ZONE,
    address,
    currency_told,
    identity,
    milli_of,
    minor_of,
    notice,
)
from crosslane.channels.adapters.amazon.selling import (
    NOTHING_LEFT,
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
from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.domain.messages import Message, OrderLine
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.kernel import line_amount
from crosslane.orders import BuyerWish

IN_STORE = "IN_STORE_PICK_UP"
BESIDE = ("SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER")
STEPS: Mapping[str, Literal["shipped", "in_transit", "delivered", "failed", "cancelled"]] = {
    "SHIPPED": "shipped",
    "IN_TRANSIT": "in_transit",
    "DELIVERED": "delivered",
    "UNDELIVERABLE": "failed",
    "CANCELLED": "cancelled",
}

Parts = dict[tuple[str, str], int]
"""Amounts in minor units by what they are: ``(ITEM, "")``, ``(TAX, SHIPPING)`` and so on."""


def order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say an order."""
    number = branch.needed("orderId")
    changed = branch.moment("lastUpdatedTime", zone=ZONE)
    work = branch.branch("fulfillment")
    status = status_of(work.word("fulfillmentStatus"))
    if status and status not in STATUSES:
        raise work.wrong("fulfillmentStatus", "a status of an order")
    if work.word("fulfilledBy") == "AMAZON" or status in STUCK:
        # It lies with Amazon and goes from there.
        yield notice(branch, context, "amazon order", number, title=number, at=changed)
        return
    told = identity(number, changed, branch.moment("createdTime", zone=ZONE), context)
    channel, proceeds = branch.branch("salesChannel"), branch.branch("proceeds")
    marketplace = channel.word("marketplaceId")
    currency = currency_told(proceeds, "grandTotal") or currency_of(marketplace, context.currency)
    taxed = is_taxed(marketplace)
    recipient = branch.branch("recipient")
    items = branch.branches("orderItems")
    parts = [part for part in items if part.peek("quantityOrdered") != 0 and not _is_off(part)]
    if status in OFF and not parts:
        yield off(told)
        return
    if items and not parts:
        yield off(told, NOTHING_LEFT)
        return
    replaced = list(_replaced(branch))
    picked_up = IN_STORE in (branch.peek("programs") or ())
    store = context.settings.get(STORE, "") if picked_up else ""
    # Which store it is only items of the older API tell: its goods come with them.
    told_apart = picked_up and not store
    plain = [part.unread() if told_apart else part for part in parts]
    worths = [_parts(part.branch("proceeds"), currency) for part in plain]
    beside = sum(_beside(worth, taxed=taxed is True) for worth in worths)
    tip = _tip(proceeds, currency)
    found = told_order(
        told,
        status=status,
        where=address(recipient.branch("deliveryAddress")),
        country=country_of(marketplace),
        unwanted=next((why for part in parts if (why := _unwanted(part)) is not None), None),
        picked_up=picked_up,
        lines=tuple(
            _line(part, worth, currency, store, taxed=taxed is True, free=bool(replaced))
            for part, worth in zip(() if told_apart else parts, worths, strict=not told_apart)
        ),
        buyer=_buyer(branch.branch("buyer")),
        currency=currency,
        prices_include_tax=taxed,
        service=work.cut(SERVICE_CHARACTERS_MAX, "fulfillmentServiceLevel"),
        total_minor=minor_of(proceeds, "grandTotal", currency),
        tax_minor=sum(_all(worth, "TAX") for worth in worths) if any(worths) else None,
        shipping_minor=max(0, beside + tip) if any(worths) else None,
        note=noted(*replaced, _told_driver(recipient)),
    )
    yield from course(found, status, list(_parcels(branch, told, number)))


def _buyer(branch: Branch) -> BuyerWish | None:
    found = BuyerWish(email=branch.text("buyerEmail"), name=branch.text("buyerName")[:200])
    return found if found != BuyerWish() else None


def _replaced(branch: Branch) -> Iterator[str]:
    for part in branch.branches("associatedOrders"):
        if part.word("associationType") == "REPLACEMENT_ORIGINAL_ID":
            part.text("associationType")
            yield f"Replaces {part.text('orderId')}"


def _told_driver(recipient: Branch) -> str:
    wish = recipient.branch("deliveryPreference")
    return noted(wish.text("dropOffLocation"), wish.text("addressInstruction"))[:2_000]


def _parts(proceeds: Branch, currency: str) -> Parts:
    """Return what a line brings in, part by part."""
    found: Parts = {}
    for part in proceeds.branches("breakdowns"):
        kind = part.text("type")
        details = part.branches("detailedBreakdowns")
        whole = minor_of(part, "subtotal", currency) or 0
        for detail in details:
            amount = minor_of(detail, "value", currency) or 0
            of = (kind, detail.text("subtype"))
            found[of] = found.get(of, 0) + amount
            whole -= amount
        # Of what tells no more of itself: taxes and reductions are those of the goods.
        of = (kind, "ITEM" if kind in ("TAX", "DISCOUNT") else "")
        found[of] = found.get(of, 0) + whole
    return found


def _all(parts: Parts, kind: str) -> int:
    return sum(amount for (one, _), amount in parts.items() if one == kind)


def _off(parts: Parts, of: str) -> int:
    return abs(parts.get(("DISCOUNT", of), 0))


def _beside(parts: Parts, *, taxed: bool) -> int:
    """Return what is paid beside the goods of a line, with its tax where prices include it."""
    paid = 0
    for (kind, of), amount in parts.items():
        if kind in BESIDE and not of:
            paid += amount
        elif of in BESIDE and kind == "DISCOUNT":
            paid -= abs(amount)
        elif of in BESIDE and kind == "TAX" and taxed:
            paid += amount
    return paid


def _tip(proceeds: Branch, currency: str) -> int:
    """Return what is paid for the order as a whole, such as a tip for its driver."""
    return sum(
        minor_of(part, "subtotal", currency) or 0
        for part in proceeds.branches("breakdowns")
        if part.word("type") == "DELIVERY_TIP"
    )


def _is_off(item: Branch) -> bool:
    """Whether a line was cancelled before any of it was sent."""
    told = item.peek("cancellation")
    if not isinstance(told, dict) or not told.get("cancellationExecution"):
        return False
    work = item.unread().branch("fulfillment")
    return work.peek("quantityFulfilled") == 0 == work.peek("quantityUnfulfilled")


def _line(
    branch: Branch, parts: Parts, currency: str, store: str, *, taxed: bool, free: bool
) -> OrderLine:
    quantity = branch.whole("quantityOrdered")
    if quantity is None:
        raise branch.missing("quantityOrdered")
    if quantity < 1:
        raise branch.wrong("quantityOrdered", "a number of units")
    product = branch.branch("product")
    unit = milli_of(product.branch("price"), "unitPrice", currency)
    less = _off(parts, "ITEM")
    # Reductions take tax off as well, which is told apart.
    tax = sum(parts.get(("TAX", of), 0) for of in ("ITEM", "DISCOUNT"))
    worth = parts.get(("ITEM", ""))
    if worth is None and unit is not None:
        worth = line_amount(unit, quantity)
    if worth is None and free:
        # A replacement costs nothing, so nobody tells what.
        worth = 0
    if worth is not None and less > worth:
        raise branch.wrong("proceeds", "a reduction of at most the price")
    paid = None if worth is None else worth - less + (tax if taxed else 0)
    same = unit is not None and paid == line_amount(unit, quantity)
    return OrderLine(
        id=branch.needed("orderItemId"),
        sku=product.text("sellerSku"),
        article=product.text("asin"),
        title=product.text("title")[:500],
        quantity=quantity,
        unit_price_milli=unit if same or paid is None else even_price_milli(paid, quantity, branch),
        discount_minor=less,
        tax_minor=tax if parts else None,
        method="pickup" if store else None,
        store=store,
        note=_wanted(branch),
    )


def _wanted(branch: Branch) -> str:
    """Return how a line is to be wrapped, and what is to be written on it."""
    gift = branch.branch("fulfillment").branch("packing").branch("giftOption")
    if not gift:
        return ""
    level, text = gift.text("giftWrapLevel"), gift.text("giftMessage")
    words = (f"Gift wrap: {level}" if level else "", f"Gift message: {text}" if text else "")
    return noted(*words)[:2_000]


def _unwanted(branch: Branch) -> str | None:
    """Return why the buyer wants a line cancelled, None when they do not."""
    if branch.peek("cancellation") is None:
        return None
    asked = branch.branch("cancellation").branch("cancellationRequest")
    if asked.word("requester") != "BUYER":
        return None
    asked.text("requester")
    return asked.text("cancelReason")


def _parcels(branch: Branch, told: dict[str, object], number: str) -> Iterator[FulfillmentEvent]:
    """Yield the parcels that Amazon knows to have left."""
    for part in branch.branches("packages"):
        state = part.branch("packageStatus")
        step = STEPS.get(state.word("status"))
        if step is None:
            continue
        state.text("status")
        sent = part.moment("shipTime", zone=ZONE)
        tracking = part.text("trackingNumber")
        yield FulfillmentEvent(
            **{  # type: ignore[arg-type]
                **told,
                "source_id": f"{number}/{part.needed('packageReferenceId')}"[:100],
                "event_at": sent or part.moment("createdTime", zone=ZONE) or told["event_at"],
            },
            order=number,
            step=step,
            lines=tuple(
                MovedGoods(id=one.needed("orderItemId"), quantity=one.whole("quantity", 0) or 0)
                for one in part.branches("packageItems")
            ),
            carrier=part.text("carrier"),
            service=part.text("shippingService"),
            tracking=(tracking,) if tracking else (),
        )
