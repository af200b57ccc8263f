"""Orders of a shop: goods, people, money, and what happened to them so far."""

from collections.abc import Iterator

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.prices import net_price_milli
from crosslane.channels.adapters.shopify.goods import fulfillment
from crosslane.channels.adapters.shopify.money import refund
from crosslane.channels.adapters.shopify.people import notice
from crosslane.channels.adapters.shopify.resource import identity
from crosslane.channels.adapters.shops import (
    SETTLED,
    UNPAID,
    address,
    full_name,
    settlement,
)
from crosslane.channels.domain.messages import (
    Cancellation,
    Message,
    Order,
    OrderLine,
    Paid,
)
from crosslane.orders import BuyerWish

PAID: dict[str, Paid] = {
    "pending": "pending",
    "authorized": "authorized",
    "partially_paid": "partly_paid",
    "paid": "paid",
    "partially_refunded": "partly_refunded",
    "refunded": "refunded",
    "voided": "voided",
    "expired": "voided",
}


def order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what an order says: itself, that it is off, and its fulfillments and refunds."""
    if branch.flag("test"):
        yield from notice("test_order")(branch, context)
        return
    told = identity(branch, context)
    currency = branch.text("currency") or context.currency
    lines = tuple(
        line
        for part in branch.branches("line_items")
        if (line := order_line(part, currency)) is not None
    )
    shipping = branch.branches("shipping_lines")
    status = branch.text("financial_status")
    paid = PAID.get(status, "")
    if status and not paid:
        raise branch.wrong("financial_status", f"one of {', '.join(sorted(PAID))}")
    if lines:
        yield Order(
            **told,  # type: ignore[arg-type]
            lines=lines,
            number=branch.text("name", "order_number"),
            currency=currency,
            buyer=_buyer(branch),
            ship_to=address(branch.branch("shipping_address")),
            bill_to=address(branch.branch("billing_address")),
            service=next((code for one in shipping if (code := one.text("code", "title"))), ""),
            shipping_minor=sum(_charged(one, currency) for one in shipping),
            prices_include_tax=branch.flag("taxes_included"),
            paid=paid,
            total_minor=branch.minor("total_price", currency),
            tax_minor=branch.minor("total_tax", currency),
            discount_minor=branch.minor("total_discounts", currency),
            stops=(UNPAID,) if paid == "pending" else (),
            locale=branch.text("customer_locale"),
            note=branch.text("note"),
        )
        if paid in SETTLED:
            # Said again with every version of the order, and the same each time.
            yield settlement(
                str(told["source_id"]),
                told["event_at"],  # type: ignore[arg-type]
                context.channel,
                SETTLED[paid],
            )
    cancelled_at = branch.moment("cancelled_at", zone=context.timezone)
    if cancelled_at is not None:
        yield Cancellation(
            source_id=str(told["source_id"]),
            source_version=version_of(cancelled_at),
            event_at=cancelled_at,
            channel=context.channel,
            reason=branch.text("cancel_reason") or "cancelled by the shop",
        )
    elif not lines:
        raise branch.missing("line_items")
    for part in branch.branches("fulfillments"):
        yield from fulfillment(part, context)
    for part in branch.branches("refunds"):
        yield from refund(part, context)


def order_line(branch: Branch, currency: str) -> OrderLine | None:
    """Return goods of an order, None when an edit has taken all of them off."""
    ordered = branch.whole("quantity")
    present = branch.whole("current_quantity", ordered)
    if present is None:
        raise branch.missing("quantity")
    if present == 0:
        for name in ("id", "sku", "title", "price"):
            branch.take(name)
        return None
    price = branch.milli("price", currency)
    if price is None:
        raise branch.missing("price")
    off = sum(
        part.minor("amount", currency, 0) or 0 for part in branch.branches("discount_allocations")
    )
    off = branch.minor("total_discount", currency, 0) or off
    if ordered and present != ordered:
        off = off * present // ordered
    return OrderLine(
        id=branch.text("id"),
        sku=branch.text("sku")[:64],
        article=branch.text("variant_id", "product_id"),
        title=branch.text("title", "name"),
        quantity=present,
        unit_price_milli=net_price_milli(price, present, off, branch),
        discount_minor=off,
        tax_minor=_taxes(branch, currency),
        note=_wanted(branch),
    )


def _taxes(branch: Branch, currency: str) -> int | None:
    found = [part.minor("price", currency, 0) or 0 for part in branch.branches("tax_lines")]
    return sum(found) if found else None


def _wanted(branch: Branch) -> str:
    """Return what the buyer wants of a line, such as an engraving, one wish a line."""
    wishes = [(part.text("name"), part.take("value")) for part in branch.branches("properties")]
    return "\n".join(f"{name}: {value}" for name, value in wishes)


def _charged(branch: Branch, currency: str) -> int:
    """Return what delivery cost after reductions."""
    full = branch.minor("price", currency, 0) or 0
    reduced = branch.minor("discounted_price", currency)
    if reduced is not None:
        return reduced
    parts = branch.branches("discount_allocations")
    return full - sum(part.minor("amount", currency, 0) or 0 for part in parts)


def _buyer(branch: Branch) -> BuyerWish | None:
    person = branch.branch("customer")
    name = full_name(person)
    found = BuyerWish(
        email=branch.text("email", "contact_email") or person.text("email"),
        phone=branch.text("phone") or person.text("phone"),
        name=name[:200],
    )
    return found if found != BuyerWish() else None


__all__ = ["PAID", "order", "order_line"]
