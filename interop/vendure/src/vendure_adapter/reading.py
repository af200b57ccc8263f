"""Orders, as the Admin API tells them.

Amounts are whole numbers of a hundredth of the currency. A line tells what all of its units cost,
with tax, after its share of the order's reductions. A line of no units was cancelled.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from crosslane.channels.adapters import (
    Address,
    Branch,
    BuyerWish,
    Cancellation,
    Context,
    Fault,
    Message,
    NotReadable,
    Order,
    OrderLine,
    version_of,
)
from crosslane.kernel import Invalid, parse_minor, rounded_ratio

DIGITS = 2
MILLI = 1_000
CANCELLED = "Cancelled"
PAID = {"Settled": "paid", "Authorized": "authorized"}

_NAMES = {
    "sku": "productVariant/sku",
    "unit_price_milli": "proratedLinePriceWithTax",
    "ship_to": "shippingAddress",
    "bill_to": "billingAddress",
    "buyer": "customer",
    "shipping_minor": "shippingWithTax",
    "total_minor": "totalWithTax",
    "currency": "currencyCode",
    "event_at": "orderPlacedAt",
    "postcode": "postalCode",
    "country": "countryCode",
    "source_id": "id",
    "number": "code",
    "service": "shippingLines/0/shippingMethod/code",
}


def point(pointer: str) -> str:
    """Turn a pointer into a message into one into the order."""
    return "/".join(_NAMES.get(step, step) for step in pointer.split("/"))


def understand(document: object, context: Context) -> Iterator[Message]:
    """Say what an order says.

    Raises:
        NotReadable: it is none, or one of its values is not what it must be.
    """
    if not isinstance(document, Mapping):
        raise NotReadable(Fault("not-an-order", "An order is an object"))
    order = Branch.of(document)
    number = order.needed("id")
    changed = order.moment("updatedAt", zone="UTC")
    if changed is None:
        raise order.missing("updatedAt")
    placed = order.moment("orderPlacedAt", zone="UTC") or changed
    # Vendure may tell whole seconds of a change, and counts placing as none.
    version = version_of(max(changed, placed))
    currency = order.text("currencyCode", default=context.currency)
    lines = [_line(one, currency) for one in order.branches("lines")]
    customer = order.branch("customer")
    state = order.needed("state")
    said = Order(
        source_id=number,
        source_version=version,
        event_at=placed,
        channel=context.channel,
        number=order.text("code"),
        currency=currency,
        prices_include_tax=True,
        lines=tuple(line for line in lines if line is not None),
        buyer=_buyer(customer),
        ship_to=_address(order.branch("shippingAddress")),
        bill_to=_address(order.branch("billingAddress")),
        service=_service(order),
        shipping_minor=_minor(order, "shippingWithTax", currency),
        total_minor=_minor(order, "totalWithTax", currency),
        paid=_paid(order),
    )
    rest = order.rest()
    if said.lines:
        yield msgspec.structs.replace(said, rest=rest)
        rest = {}
    if state == CANCELLED:
        yield Cancellation(
            source_id=number,
            source_version=version,
            event_at=max(changed, placed),
            channel=context.channel,
            reason="cancelled in the shop",
            rest=rest,
        )
    elif not said.lines:
        raise order.missing("lines")


def _line(line: Branch, currency: str) -> OrderLine | None:
    units = line.whole("quantity")
    if units is None:
        raise line.missing("quantity")
    if units < 0:
        raise line.wrong("quantity", "a number of units")
    variant = line.branch("productVariant")
    number, sku = line.needed("id"), variant.needed("sku")
    worth = _minor(line, "proratedLinePriceWithTax", currency)
    if units == 0:
        return None
    return OrderLine(
        id=number,
        sku=sku,
        article=variant.text("id"),
        title=variant.text("name")[:500],
        quantity=units,
        unit_price_milli=None if worth is None else rounded_ratio(worth * MILLI, 1, units),
    )


def _minor(branch: Branch, name: str, currency: str) -> int | None:
    hundredths = branch.whole(name)
    if hundredths is None:
        return None
    if not 0 <= hundredths <= 10**12:
        raise branch.wrong(name, "an amount")
    try:
        return parse_minor(str(Decimal(hundredths).scaleb(-DIGITS)), currency)
    except Invalid:
        raise branch.wrong(name, f"an amount of {currency}") from None


def _paid(order: Branch) -> str:
    states = {payment.word("state") for payment in order.branches("payments")}
    return next((paid for state, paid in PAID.items() if state in states), "")


def _service(order: Branch) -> str:
    lines = order.branches("shippingLines")
    return lines[0].branch("shippingMethod").text("code") if lines else ""


def _buyer(customer: Branch) -> BuyerWish | None:
    if not customer:
        return None
    names = (customer.text("firstName"), customer.text("lastName"))
    return BuyerWish(
        name=" ".join(filter(None, names))[:200],
        email=customer.text("emailAddress"),
        phone=customer.text("phoneNumber"),
    )


def _address(address: Branch) -> Address | None:
    if "countryCode" not in address:
        return None
    return Address(
        name=address.text("fullName"),
        organization=address.text("company"),
        lines=tuple(filter(None, (address.text("streetLine1"), address.text("streetLine2")))),
        city=address.text("city"),
        region=address.text("province"),
        postcode=address.text("postalCode"),
        country=address.text("countryCode"),
        phone=address.text("phoneNumber"),
    )
