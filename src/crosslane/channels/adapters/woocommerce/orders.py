"""Orders of a shop: goods, people, money, and what happened to them so far.

Totals of lines, fees and delivery are always without tax, which stands beside them. Prices of an
order whose shop sells with tax in its prices are those with their tax.
"""

from collections.abc import Iterator, Sequence
from html import unescape

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.prices import even_price_milli
from crosslane.channels.adapters.shops import UNPAID, address, full_name, settlement
from crosslane.channels.adapters.woocommerce.money import money_back
from crosslane.channels.adapters.woocommerce.resource import (
    identity,
    instant,
    minor_of,
    notice,
    number_of,
    sum_minor,
    told_as,
)
from crosslane.channels.adapters.woocommerce.states import (
    DRAFTS,
    ENDED,
    SETTING,
    STATES,
    WORKED,
    meaning_of,
)
from crosslane.channels.domain.messages import Cancellation, Message, Order, OrderLine, Paid
from crosslane.channels.domain.reports import FulfillmentEvent
from crosslane.channels.domain.told import SERVICE_CHARACTERS_MAX
from crosslane.kernel import MILLI_PER_MINOR, allocate, rounded_ratio
from crosslane.orders import BuyerWish, StopWish

# A buyer may pay after all, so a payment that has failed is no end.
WAITS = {
    "pending": UNPAID,
    "on-hold": StopWish(kind="payment", reason="The shop has put the order on hold"),
    "failed": StopWish(kind="payment", reason="The payment at the shop has failed"),
}
COMPLETED = StopWish(kind="manual", reason="The shop has completed the order already")
PICKUPS = frozenset({"local_pickup", "pickup_location"})
NOTE_CHARACTERS_MAX = 2_000
ORDER_NOTE_CHARACTERS_MAX = 5_000
TAXED = ("total", "total_tax")


def order(branch: Branch, context: Context, *, gone: bool = False) -> Iterator[Message]:
    """Say what an order says: itself, that it is paid, sent or off, and money that was given back.

    Args:
        branch: the order.
        context: where it comes from.
        gone: it was removed from the shop.
    """
    status = meaning_of(branch.word("status"), context.settings)
    if status in DRAFTS:
        yield notice(branch, context, "draft_order")
        return
    told = identity(branch, context)
    if gone and not branch.peek("line_items"):
        yield _off(told, "removed from the shop")
        return
    if not status:
        if not gone:
            raise _unexplained(branch)
        # It is off, whatever its last state meant.
        status = "trash"
    if branch.peek("fee_lines") and branch.peek("line_items") == []:
        # Such as a donation, or an invoice for work: nothing of it has to be sent.
        yield notice(branch, context, "order_without_goods")
        return
    currency = branch.text("currency") or context.currency
    paid_at = instant(branch.unread(), context, "date_paid")
    completed_at = instant(branch.unread(), context, "date_completed")
    finished = status == "completed" or completed_at is not None
    lines, delivery_minor = _lines(branch, currency)
    if lines:
        stops = (COMPLETED,) if finished else (WAITS[status],) if status in WAITS else ()
        yield Order(
            **told,
            **_words(branch, currency),
            lines=lines,
            currency=currency,
            shipping_minor=delivery_minor,
            paid=_paid(branch, status, paid=paid_at is not None),
            stops=stops,
        )
        if status in WORKED:
            branch.take(told_as(branch, "date_paid"))
            yield settlement(
                told["source_id"], paid_at or told["event_at"], context.channel, "paid"
            )
    if completed_at is not None:
        branch.take(told_as(branch, "date_completed"))
        yield FulfillmentEvent(
            source_id=f"completed/{told['source_id']}",
            source_version=version_of(completed_at),
            event_at=completed_at,
            channel=context.channel,
            order=told["source_id"],
            step="shipped",
        )
    if status == "cancelled" or (not finished and (gone or status in ENDED)):
        yield _off(told, f"{'removed' if gone else status} at the shop")
    elif not lines:
        raise branch.missing("line_items")
    for part in branch.branches("refunds"):
        # It tells no time of its own; the same is told with every version of the order.
        at = {"event_at": told["event_at"], "source_version": 1}
        yield money_back(part, told | at, told["source_id"], currency, "total")


def _unexplained(branch: Branch) -> NotReadable:
    """Return the refusal of an order whose state only its shop knows the meaning of."""
    state = branch.word("status")
    if not state:
        return branch.missing("status")
    detail = (
        f"Nobody has said what the state {state} of order {branch.text('number', 'id')} means: say"
        f" it by the setting {SETTING} of the connection, such as {state}=processing, with one of"
        f" {', '.join(sorted(STATES))}, and replay it"
    )
    return NotReadable(Fault("state-unexplained", detail[:500], f"{branch.at}/status"))


def _off(told: dict[str, object], reason: str) -> Cancellation:
    return Cancellation(**told, reason=reason)  # type: ignore[arg-type]


def _words(branch: Branch, currency: str) -> dict[str, object]:
    """Return what an order says beside its goods."""
    billing, shipping = branch.branch("billing"), branch.branch("shipping")
    options = branch.branches("shipping_lines")
    chosen = next((one for one in options if "method_title" in one or "method_id" in one), None)
    discounts = ("discount_total", "discount_tax") if _taxed(branch) else ("discount_total",)
    bill_to = address(billing)
    picked_up = any(one.word("method_id") in PICKUPS for one in options)
    return {
        "number": branch.text("number", "id"),
        "buyer": _buyer(billing),
        "ship_to": address(shipping) or (None if picked_up else bill_to),
        "bill_to": bill_to,
        "service": _service(chosen) if chosen else "",
        "prices_include_tax": branch.flag("prices_include_tax"),
        "total_minor": minor_of(branch, "total", currency),
        "tax_minor": minor_of(branch, "total_tax", currency),
        "discount_minor": sum_minor(branch, discounts, currency),
        "note": branch.cut(ORDER_NOTE_CHARACTERS_MAX, "customer_note"),
    }


def _service(option: Branch) -> str:
    title = option.cut(SERVICE_CHARACTERS_MAX, "method_title")
    return title or option.cut(SERVICE_CHARACTERS_MAX, "method_id")


def _taxed(branch: Branch) -> bool:
    return branch.peek("prices_include_tax") is True


def _worth(branch: Branch, currency: str, *, taxed: bool, name: str = "total") -> int:
    """Return what a part of an order costs, as its shop tells prices."""
    return sum_minor(branch, (name, f"{name}_tax") if taxed else (name,), currency)


def _lines(branch: Branch, currency: str) -> tuple[tuple[OrderLine, ...], int]:
    """Return the goods of an order, and what delivery costs with all that is charged besides.

    A line or a fee below nought is taken off all goods; a fee above it is such as for wrapping.
    """
    taxed = _taxed(branch)
    told = [one for one in branch.branches("line_items") if one.peek("quantity") != 0]
    costs = [(part, _worth(part, currency, taxed=taxed)) for part in told]
    goods = [(part, worth) for part, worth in costs if worth >= 0]
    below = [(part, worth) for part, worth in costs if worth < 0]
    parts, worths = [part for part, _ in goods], [worth for _, worth in goods]
    fees = [_worth(part, currency, taxed=taxed) for part in branch.branches("fee_lines")]
    off = -sum([worth for _, worth in below]) - sum([fee for fee in fees if fee < 0])
    delivery_minor = sum([fee for fee in fees if fee > 0])
    for option in branch.branches("shipping_lines") if goods else ():
        delivery_minor += _worth(option, currency, taxed=taxed)
    worths = _evened(branch, worths, delivery_minor - off, currency) if taxed else worths
    if off > sum(worths):
        detail = f"{off} are taken off goods of {sum(worths)} minor units"
        at = f"{below[0][0].at}/total" if below else f"{branch.at}/fee_lines"
        raise NotReadable(Fault("discount-too-large", detail, at))
    shares: Sequence[int] = allocate(off, worths) if off else [0] * len(parts)
    lines = [
        _line(part, currency, worth, share, taxed=taxed)
        for part, worth, share in zip(parts, worths, shares, strict=True)
    ]
    return tuple(lines), delivery_minor


def _evened(branch: Branch, worths: list[int], beside_minor: int, currency: str) -> list[int]:
    """Return what lines cost, the dearest with what rounding of their taxes has left over.

    A shop may round the tax of an order and not those of its lines. What differs by more than that,
    such as a total less a gift card, is no rounding and stays.

    Args:
        branch: the order.
        worths: of its lines, minor units.
        beside_minor: what is paid beside them, less what is taken off them.
        currency: ISO 4217.
    """
    total = branch.unread().milli("total", currency)
    if total is None or not worths:
        return worths
    left = rounded_ratio(total, 1, MILLI_PER_MINOR) - sum(worths) - beside_minor
    dearest = max(range(len(worths)), key=worths.__getitem__)
    if abs(left) > len(worths) or worths[dearest] + left < 0:
        return worths
    return [worth + left * (place == dearest) for place, worth in enumerate(worths)]


def _line(branch: Branch, currency: str, worth: int, share: int, *, taxed: bool) -> OrderLine:
    quantity = branch.whole("quantity")
    if quantity is None:
        raise branch.missing("quantity")
    if quantity < 0:
        raise branch.wrong("quantity", "a number of units")
    if "total" not in branch:
        raise branch.missing("total")
    full = _worth(branch, currency, taxed=taxed, name="subtotal")
    return OrderLine(
        id=branch.text("id"),
        sku=branch.text("sku"),
        article=number_of(branch, "variation_id", "product_id"),
        title=unescape(branch.text("name"))[:500],
        quantity=quantity,
        unit_price_milli=even_price_milli(worth - share, quantity, branch),
        discount_minor=max(0, full - worth) + share,
        tax_minor=minor_of(branch, "total_tax", currency),
        note=_wanted(branch),
    )


def _wanted(branch: Branch) -> str:
    """Return what the buyer wants of a line, such as an engraving, one wish a line.

    Names that begin with an underscore are the shop's own, those with ``pa_`` tell the variation.
    """
    wishes = []
    for part in branch.branches("meta_data"):
        key = part.peek("key")
        name = part.peek("display_key") or key
        value = part.peek("display_value") or part.peek("value")
        if isinstance(key, str) and not key.startswith(("_", "pa_")) and isinstance(value, str):
            wishes.append(f"{name}: {value}")
    return "\n".join(wishes)[:NOTE_CHARACTERS_MAX]


def _paid(branch: Branch, status: str, *, paid: bool) -> Paid:
    """Return how far an order is paid.

    Of one that is worked on the shop tells when it was paid, except when its carrier is to bring
    the money; one that is completed is paid whatever it tells.
    """
    if status == "refunded":
        return "refunded"
    untold = "date_paid" not in branch.value and "date_paid_gmt" not in branch.value
    if paid or status == "completed" or (untold and status in WORKED):
        return "partly_refunded" if branch.peek("refunds") else "paid"
    return "voided" if status in ENDED else "pending"


def _buyer(billing: Branch) -> BuyerWish | None:
    found = BuyerWish(
        email=billing.text("email"), phone=billing.text("phone"), name=full_name(billing)[:200]
    )
    return found if found != BuyerWish() else None
