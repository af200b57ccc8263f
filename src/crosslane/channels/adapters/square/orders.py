"""Orders of a till: baskets that were paid and taken along, and orders that are fetched or sent.

An order without fulfillments goes over the counter. While it is open and nothing was paid it is a
basket somebody is still filling, and a draft is no order at all: both are notices. What a line
costs is told before and after reductions; taxes are added to it or lie in it, as its taxes say. An
amount that was keyed in, or a gift card, is no article of a catalog and is called by its type.
"""

from collections.abc import Iterator
from typing import Any, Literal

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.adapters.shops import settlement
from crosslane.channels.adapters.square.resource import (
    address,
    amount,
    currency_of,
    full_name,
    identity,
    notice,
    pieces,
    times,
    units,
    when,
)
from crosslane.channels.domain.messages import (
    Cancellation,
    Message,
    Method,
    Order,
    OrderLine,
    Paid,
    ReturnedGoods,
    ReturnEvent,
)
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.customers import Address
from crosslane.orders import BuyerWish, StopWish

Step = Literal["packed", "ready", "shipped", "delivered", "collected", "failed", "cancelled"]
STATES = ("DRAFT", "OPEN", "COMPLETED", "CANCELED")
UNPAID = StopWish(kind="payment", reason="Square has not been paid yet")
SENT_ALREADY = StopWish(kind="manual", reason="Square says it was handed over already")
DETAILS = {
    "PICKUP": "pickup_details",
    "SHIPMENT": "shipment_details",
    "DELIVERY": "delivery_details",
    "IN_STORE": "in_store_details",
    "DIGITAL": "digital_details",
}
STEPS: dict[tuple[str, str], Step] = {
    ("PICKUP", "PREPARED"): "ready",
    ("PICKUP", "COMPLETED"): "collected",
    ("SHIPMENT", "PREPARED"): "packed",
    ("SHIPMENT", "COMPLETED"): "shipped",
    ("DELIVERY", "PREPARED"): "packed",
    ("DELIVERY", "COMPLETED"): "delivered",
}
NO_ARTICLES = ("CUSTOM_AMOUNT", "GIFT_CARD")
SENT = ("shipment_details", "delivery_details")


def order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say an order, and what became of it: paid, handed over, off, and goods that came back."""
    number, state = branch.word("id"), branch.word("state")
    if state and state not in STATES:
        raise branch.wrong("state", f"one of {', '.join(STATES)}")
    currency = currency_of(branch, "total_money") or context.currency
    lines = [one for one in branch.branches("line_items") if one.peek("quantity") != "0"]
    parts = branch.branches("fulfillments")
    paid = _paid(branch, state, currency)
    basket = not parts and state != "COMPLETED" and paid != "paid"
    if not number or state == "DRAFT" or (basket and state != "CANCELED"):
        yield notice(branch, context, f"order {state.lower() or 'calculated'}", number)
        return
    changed, made = times(branch)
    told = identity(branch.needed("id"), changed, made, context)
    back = list(_returned(branch, told))
    if back and not lines:
        # Of what only came back the return is told, by a name of its own.
        branch.leave("id")
    if lines and not basket:
        yield _order(branch, told, lines, parts, currency, paid, state)
        if paid == "paid":
            yield settlement(number, told["event_at"], context.channel, "paid")
    if state == "CANCELED" and not basket:
        yield Cancellation(**told, reason="cancelled at Square")
    for part in parts:
        yield from _handed_over(part, told, number)
    yield from back
    if basket or not (lines or back):
        yield notice(branch, context, f"order {state.lower()}", number)


def _paid(branch: Branch, state: str, currency: str) -> Paid:
    """Return how far it is paid: what is due says so, else whether it is completed."""
    due = amount(branch.unread(), "net_amount_due_money", currency)
    if state == "COMPLETED" or (due == 0 and branch.peek("tenders")):
        return "paid"
    return "pending"


def _order(
    branch: Branch,
    told: dict[str, Any],
    lines: list[Branch],
    parts: list[Branch],
    currency: str,
    paid: Paid,
    state: str,
) -> Order:
    first = parts[0] if parts else Branch.of({})
    kind = first.word("type")
    details = first.branch(DETAILS.get(kind, "pickup_details"))
    who = details.branch("recipient")
    ship_to = _where(who) if DETAILS.get(kind) in SENT else None
    method: Method | None = None
    if not parts:
        method = "carry_out"
    elif ship_to is None:
        method = "pickup"
    stops = [] if paid == "paid" else [UNPAID]
    if parts and state == "COMPLETED":
        stops.append(SENT_ALREADY)
    store = branch.text("location_id") if method else ""
    tip = amount(branch.unread(), "total_tip_money", currency) or 0
    total = _plain(branch, "total_money", currency)
    return Order(
        **told,
        number=told["source_id"],
        lines=tuple(_line(one, currency, method, store) for one in lines),
        buyer=_buyer(who),
        ship_to=ship_to,
        service=details.cut(SERVICE_CHARACTERS_MAX, "shipping_type"),
        currency=currency,
        prices_include_tax=_includes_tax(branch),
        paid=paid,
        shipping_minor=amount(branch, "total_service_charge_money", currency) or 0,
        total_minor=None if total is None else max(0, total - tip),
        tax_minor=amount(branch, "total_tax_money", currency),
        discount_minor=amount(branch, "total_discount_money", currency),
        stops=tuple(stops),
        note=branch.text("note")[:5_000],
    )


def _where(who: Branch) -> Address | None:
    return address(who.branch("address"), who)


def _plain(branch: Branch, name: str, currency: str) -> int | None:
    """Return an amount that is left over as well, being said in another way."""
    return amount(branch.unread(), name, currency)


def _includes_tax(branch: Branch) -> bool | None:
    """Return whether taxes lie in the prices, None when none is told."""
    kinds = {one.word("type") for one in branch.branches("taxes")}
    if "ADDITIVE" in kinds:
        return False
    return True if "INCLUSIVE" in kinds else None


def _buyer(who: Branch) -> BuyerWish | None:
    found = BuyerWish(
        email=who.text("email_address"),
        name=full_name(who)[:200],
        phone=who.text("phone_number"),
    )
    return found if found != BuyerWish() else None


def _line(branch: Branch, currency: str, method: Method | None, store: str) -> OrderLine:
    quantity = pieces(branch)
    if quantity < 0:
        raise branch.wrong("quantity", "a number of units")
    gross = _plain(branch, "gross_sales_money", currency)
    if gross is None:
        each = _plain(branch, "base_price_money", currency)
        if each is None:
            raise branch.missing("base_price_money")
        gross = each * quantity
    off = amount(branch, "total_discount_money", currency) or 0
    if gross == _plain(branch, "base_price_money", currency) and quantity == 1:
        amount(branch, "base_price_money", currency)
    title = " ".join(filter(None, (branch.text("name"), branch.text("variation_name"))))
    return OrderLine(
        id=branch.needed("uid"),
        article=branch.text("catalog_object_id", default=_type(branch)),
        title=title[:500],
        quantity=quantity,
        unit_price_milli=even_price_milli(gross - off, quantity, branch),
        discount_minor=off,
        tax_minor=amount(branch, "total_tax_money", currency),
        method=method,
        store=store,
        note=branch.text("note")[:2_000],
    )


def _type(branch: Branch) -> str:
    """Return what a line is that is no article."""
    told = branch.word("item_type")
    return told if told in NO_ARTICLES else ""


def _handed_over(branch: Branch, told: dict[str, Any], number: str) -> Iterator[Message]:
    """Say how far a fulfillment is; one that only was proposed says nothing yet."""
    kind, state = branch.word("type"), branch.word("state")
    step: Step | None = STEPS.get((kind, state))
    if state in ("CANCELED", "FAILED"):
        step = "cancelled" if state == "CANCELED" else "failed"
    if step is None:
        return
    details = branch.branch(DETAILS.get(kind, "pickup_details"))
    at = when(details, "picked_up_at", "delivered_at", "shipped_at", "ready_at", "packaged_at")
    name = f"{number}/{branch.needed('uid')}"[:100]
    tracking, link = details.text("tracking_number"), details.text("tracking_url")
    yield FulfillmentEvent(
        **told | {"source_id": name, "event_at": at or told["event_at"]},
        order=number,
        step=step,
        lines=tuple(
            MovedGoods(id=one.needed("line_item_uid"), quantity=units(one))
            for one in branch.branches("entries")
        ),
        carrier=details.text("carrier"),
        tracking=(tracking,) if tracking else (),
        links=(link,) if link else (),
        reason=details.text("cancel_reason", "failure_reason")[:500],
    )


def _returned(branch: Branch, told: dict[str, Any]) -> Iterator[Message]:
    """Say goods that came back over the counter; their money is told by the refund."""
    for part in branch.branches("returns"):
        lines = tuple(
            ReturnedGoods(id=uid, quantity=pieces(one))
            for one in part.branches("return_line_items")
            if (uid := one.text("source_line_item_uid"))
        )
        source = part.text("source_order_id")
        if source and lines:
            name = f"return/{part.text('uid') or told['source_id']}"
            yield ReturnEvent(
                **told | {"source_id": name[:100]},
                order=source,
                step="arrived",
                lines=lines,
                method="counter",
                location=branch.word("location_id"),
            )
