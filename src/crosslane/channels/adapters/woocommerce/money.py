"""Money of a shop that was given back, and the goods it was given for."""

from collections.abc import Iterator
from typing import Any

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.woocommerce.resource import (
    identity,
    links_of,
    minor_of,
    number_of,
)
from crosslane.channels.domain.messages import Message, ReturnedGoods, ReturnEvent
from crosslane.channels.domain.reports import MoneyEvent

REASON_CHARACTERS_MAX = 500
REFUNDED_LINE = "_refunded_item_id"


def refund(branch: Branch, context: Context, *, gone: bool = False) -> Iterator[Message]:
    """Say which goods were given money back for, and which money that was.

    Args:
        branch: the refund.
        context: where it comes from.
        gone: makes no difference: what was given was given.
    """
    del gone
    told = identity(branch, context)
    order = number_of(branch, "parent_id") or _linked_order(branch)
    if not order:
        raise branch.missing("parent_id")
    currency = branch.text("currency") or context.currency
    name = "amount" if "amount" in branch else "total"
    money = money_back(branch, told, order, currency, name)
    # Money without units is given for a price, not for goods.
    parts = [part for part in branch.branches("line_items") if part.peek("quantity") != 0]
    goods = tuple(found for part in parts if (found := _goods(part)) is not None)
    if goods:
        yield ReturnEvent(
            **told,
            order=order,
            step="refunded",
            lines=goods,
            refunded_minor=money.minor,
        )
    yield money


def money_back(
    branch: Branch, told: dict[str, Any], order: str, currency: str, name: str
) -> MoneyEvent:
    """Return money that was given back; a refund and its order both tell it, by one name.

    Args:
        branch: the refund, or what its order says of it.
        told: version and instant of it.
        order: number of the order.
        currency: ISO 4217.
        name: of its amount, which an order writes below nought.
    """
    minor = minor_of(branch, name, currency)
    if minor is None:
        raise branch.missing(name)
    reason = branch.peek("reason")
    return MoneyEvent(
        **{**told, "source_id": f"refund/{branch.needed('id')}"},
        order=order,
        step="refunded",
        minor=abs(minor),
        currency=currency,
        reason=branch.text("reason")
        if isinstance(reason, str) and len(reason) <= REASON_CHARACTERS_MAX
        else "",
    )


def _goods(branch: Branch) -> ReturnedGoods | None:
    """Return goods money was given for; None when nobody can say which they are."""
    units = branch.whole("quantity")
    if units is None:
        raise branch.missing("quantity")
    line = next(
        (
            part.text("value")
            for part in branch.branches("meta_data")
            if part.peek("key") == REFUNDED_LINE
        ),
        "",
    )
    sku = branch.text("sku")
    if not (line or sku):
        # Older shops name neither the line nor a SKU: the money is told all the same.
        branch.leave("quantity")
        return None
    return ReturnedGoods(id=line, sku="" if line else sku, quantity=abs(units))


def _linked_order(branch: Branch) -> str:
    for steps in links_of(branch.value, ("collection", "self", "up")):
        if len(steps) > 1 and steps[0] == "orders":
            return steps[1]
    return ""
