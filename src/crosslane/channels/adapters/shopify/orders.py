"""Orders of a shop: goods, people, money, and what happened to them so far.

A tip is a line of its own and no goods; it is left over and in no sum.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.prices import net_price_milli
from crosslane.channels.adapters.shopify.goods import fulfillment
from crosslane.channels.adapters.shopify.money import NEVER_LEFT, NO_RESTOCK, refund
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
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.kernel import line_amount
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
# A line that has it, though it be null, is a tip; no other line has it.
TIP = "tip_payment_gateway"
REMOVED = "is_removed"
CHARGES = ("original_total_duties_set", "original_total_additional_fees_set")
ARTICLE_CHARACTERS_MAX = 100
NOTHING_LEFT = "the shop wants none of it any more"
# States of a fulfillment whose units are sent, or about to be.
UNDER_WAY = ("pending", "open", "success")
NOTE_CHARACTERS_MAX = 5_000
WISH_CHARACTERS_MAX = 2_000


def order(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what an order says: itself, that it is off, and its fulfillments and refunds."""
    if branch.flag("test"):
        yield from notice("test_order")(branch, context)
        return
    told = identity(branch, context)
    currency = branch.text("currency") or context.currency
    parts = branch.branches("line_items")
    tips = [part for part in parts if part.has(TIP)]
    goods = [part for part in parts if not part.has(TIP)] if tips else parts
    kept = _kept_units(branch, goods)
    lines = tuple(
        [line for part in goods if (line := order_line(part, currency, kept)) is not None]
    )
    shipping = [one for one in branch.branches("shipping_lines") if one.peek(REMOVED) is not True]
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
            service=_service(shipping),
            shipping_minor=sum(_charged(one, currency) for one in shipping)
            + _besides(branch, currency),
            prices_include_tax=branch.flag("taxes_included"),
            paid=paid,
            total_minor=_owed(branch, tips, currency),
            tax_minor=branch.minor("total_tax", currency),
            discount_minor=branch.minor("total_discounts", currency),
            stops=(UNPAID,) if paid == "pending" else (),
            locale=branch.text("customer_locale"),
            note=branch.cut(NOTE_CHARACTERS_MAX, "note"),
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
    elif not lines and goods:
        # An edit or refunds have taken all of them off; the order itself stays open there.
        yield Cancellation(**told, reason=NOTHING_LEFT)  # type: ignore[arg-type]
    elif not lines:
        raise branch.missing("line_items")
    for part in branch.branches("fulfillments"):
        yield from fulfillment(part, context)
    for part in branch.branches("refunds"):
        yield from refund(part, context, currency=currency)


def _kept_units(branch: Branch, goods: Sequence[Branch]) -> Counter[str]:
    """Return units by line that the shop counts as refunded and that are not off: they were sent.

    A shop has but one number of units for what was taken off an order and for what came back.
    Without its word of what is left to send, units that it did not restock may be either.
    """
    kept: Counter[str] = Counter()
    if not branch.peek("refunds"):
        return kept
    less = [
        part for part in goods if part.peek("current_quantity") not in (None, part.peek("quantity"))
    ]
    if not less:
        return kept
    plain = branch.unread()
    sent, back, untold = Counter[str](), Counter[str](), Counter[str]()
    for part in plain.branches("fulfillments"):
        for line in part.branches("line_items") if part.word("status") in UNDER_WAY else ():
            sent[line.text("id")] += line.whole("quantity", 0) or 0
    for part in plain.branches("refunds"):
        for line in part.branches("refund_line_items"):
            how = line.word("restock_type")
            if how != NEVER_LEFT:
                found = untold if how in ("", NO_RESTOCK) else back
                found[line.text("line_item_id")] += line.whole("quantity", 0) or 0
    for part in less:
        line = part.unread()
        number = line.text("id")
        present = line.whole("current_quantity", 0) or 0
        units = back[number] + min(untold[number], max(0, sent[number] - back[number]))
        left = line.whole("fulfillable_quantity")
        if sent[number] and left is not None:
            units = min(units, max(0, sent[number] + left - present))
        kept[number] = min(units, max(0, (line.whole("quantity", 0) or 0) - present))
    return kept


def order_line(branch: Branch, currency: str, kept: Counter[str]) -> OrderLine | None:
    """Return goods of an order, None when an edit has taken all of them off.

    Args:
        branch: the line.
        currency: of the order.
        kept: units by line that were refunded and are not off.
    """
    ordered = branch.whole("quantity")
    present = branch.whole("current_quantity", ordered)
    if present is None:
        raise branch.missing("quantity")
    if kept:
        present += kept[branch.text("id")]
    if present == 0:
        branch.leave("id", "quantity", "current_quantity")
        return None
    price = branch.milli("price", currency)
    if price is None:
        raise branch.missing("price")
    off = _off(branch, currency)
    # What is taken off is told for all units that were ever ordered.
    of = ordered or present
    sku, title = branch.text("sku"), branch.text("title", "name")
    article = branch.text("variant_id", "product_id")
    return OrderLine(
        id=branch.text("id"),
        sku=sku,
        # What was written into an order by hand has no name but its title.
        article=article if article or sku else title[:ARTICLE_CHARACTERS_MAX],
        title=title,
        quantity=present,
        unit_price_milli=net_price_milli(price, of, off, branch),
        discount_minor=off * present // of,
        tax_minor=_taxes(branch, currency),
        note=_wanted(branch),
    )


def _off(branch: Branch, currency: str) -> int:
    """Return what is taken off a line: the sum of its parts, which older shops do not tell."""
    whole = branch.minor("total_discount", currency, 0) or 0
    parts = branch.branches("discount_allocations")
    return sum([part.minor("amount", currency, 0) or 0 for part in parts]) or whole


def _owed(branch: Branch, tips: Sequence[Branch], currency: str) -> int | None:
    """Return what the buyer owes or has paid in all, without tips."""
    if not tips:
        return branch.minor("total_price", currency)
    total = branch.unread().minor("total_price", currency)
    plain = [tip.unread() for tip in tips]
    given = sum(
        line_amount(tip.milli("price", currency, 0) or 0, tip.whole("quantity", 1) or 1)
        for tip in plain
    )
    return None if total is None else max(0, total - given)


def _taxes(branch: Branch, currency: str) -> int | None:
    found = [part.minor("price", currency, 0) or 0 for part in branch.branches("tax_lines")]
    return sum(found) if found else None


def _wanted(branch: Branch) -> str:
    """Return what the buyer wants of a line, such as an engraving, one wish a line."""
    parts = branch.branches("properties")
    if not parts:
        return ""
    found = "\n".join(f"{part.text('name')}: {part.take('value')}" for part in parts)
    if len(found) <= WISH_CHARACTERS_MAX:
        return found
    for part in parts:
        part.leave("name", "value")
    return found[:WISH_CHARACTERS_MAX]


def _service(shipping: Sequence[Branch]) -> str:
    names = (one.cut(SERVICE_CHARACTERS_MAX, "code", "title") for one in shipping)
    return next(filter(None, names), "")


def _charged(branch: Branch, currency: str) -> int:
    """Return what delivery cost after reductions.

    Its reduced price does not tell of reductions of the whole order; the parts of them do.
    """
    full = branch.minor("price", currency, 0) or 0
    reduced = branch.minor("discounted_price", currency, full) or 0
    parts = branch.branches("discount_allocations")
    off = sum([part.minor("amount", currency, 0) or 0 for part in parts])
    return max(0, min(reduced, full - off))


def _besides(branch: Branch, currency: str) -> int:
    """Return what is charged besides goods and delivery: duties, and fees such as for packaging."""
    found = 0
    for name in CHARGES:
        if branch.peek(name):
            told = branch.unread().branch(name).branch("shop_money")
            if told.word("currency_code") in ("", currency):
                found += told.minor("amount", currency, 0) or 0
    return found


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
