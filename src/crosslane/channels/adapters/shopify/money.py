"""Money of a shop: payments, refunds, disputes, payouts, gift cards."""

from collections.abc import Iterator
from typing import Literal

from crosslane.channels.adapters.branches import Branch
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.shopify.people import notice
from crosslane.channels.adapters.shopify.resource import identity
from crosslane.channels.domain.messages import Message, ReturnedGoods, ReturnEvent
from crosslane.channels.domain.reports import MoneyEvent

STEPS = {
    "authorization": "authorized",
    "sale": "captured",
    "capture": "captured",
    "refund": "refunded",
    "void": "voided",
}
OUTCOMES = {
    "success": "done",
    "pending": "pending",
    "awaiting_response": "pending",
    "unknown": "pending",
    "failure": "failed",
    "error": "failed",
}
DISPUTES = {
    "won": "dispute_won",
    "lost": "dispute_lost",
    "charge_refunded": "dispute_lost",
    "accepted": "dispute_lost",
}
PAYOUTS = {
    "scheduled": "pending",
    "in_transit": "pending",
    "paid": "done",
    "failed": "failed",
    "canceled": "failed",
    "cancelled": "failed",
}
# What a refund says of goods that never left: the order itself tells that they are off.
NEVER_LEFT = "cancel"
NO_RESTOCK = "no_restock"
# Of the older word nobody knows from where it came; it was put back on stock.
COMING = ("return", "legacy_restock")
# What only entries of the account at the shop's own provider have.
ENTRY = "payout_status"


def transaction(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what happened to money of an order.

    The shop's provider calls entries of its account transactions as well: what they are about is
    told by the order, the dispute or the payout.
    """
    if branch.has(ENTRY):
        yield from notice("balance_transaction")(branch, context)
        return
    yield from _moved(branch, context)


def tender_transaction(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what happened to money, as the shop's account of tenders tells it once more."""
    yield from _moved(branch, context, prefix="tender/", account="tenders")


def _moved(
    branch: Branch, context: Context, *, prefix: str = "", account: str = ""
) -> Iterator[Message]:
    kind, status = branch.text("kind"), branch.text("status")
    if kind == "change":
        # Change a till has given out of cash; the sale it belongs to says what was paid.
        return
    step = STEPS.get(kind)
    currency = branch.text("currency") or context.currency
    minor = branch.minor("amount", currency)
    if minor is None:
        raise branch.missing("amount")
    if step is None:
        # A tender transaction has no kind: its sign says which way the money went.
        if kind:
            raise branch.wrong("kind", f"one of {', '.join(sorted(STEPS))}")
        step = "refunded" if minor < 0 else "captured"
    outcome = OUTCOMES.get(status or "success")
    if outcome is None:
        raise branch.wrong("status", f"one of {', '.join(sorted(OUTCOMES))}")
    failed = outcome == "failed"
    yield MoneyEvent(
        **identity(branch, context, prefix=prefix),  # type: ignore[arg-type]
        order=branch.text("order_id"),
        step=step,  # type: ignore[arg-type]
        outcome=outcome,  # type: ignore[arg-type]
        minor=abs(minor),
        currency=currency,
        method=branch.text("payment_method"),
        provider=branch.text("gateway"),
        reference=branch.text("authorization", "remote_reference"),
        reason=branch.text("error_code", "message") if failed else "",
        account=account,
    )


def refund(branch: Branch, context: Context, *, currency: str = "") -> Iterator[Message]:
    """Say which goods were given money back for, and which money that was.

    Args:
        branch: the refund.
        context: where it comes from.
        currency: of its order, when that tells it; the channel's otherwise.
    """
    if branch.peek("id") is None:
        # What the shop would give back, if it was asked to.
        yield from notice("refund_calculation")(branch, context)
        return
    told = identity(branch, context)
    order = branch.needed("order_id")
    restocks = branch.flag("restock")
    coming: list[ReturnedGoods] = []
    staying: list[ReturnedGoods] = []
    for part in branch.branches("refund_line_items"):
        how = part.text("restock_type")
        if how == NEVER_LEFT:
            continue
        back = how in COMING if how else restocks is not False
        (coming if back else staying).append(_goods(part))
    payments = branch.branches("transactions")
    given = [message for part in payments for message in transaction(part, context)]
    # One refund may do both; each is an event of its own then.
    minor = None if coming and staying else _given_minor(given, currency or _told_in(branch))
    if coming:
        yield _returned(told, order, coming, "come", minor)
    if staying:
        own = told | {"source_id": f"{told['source_id']}/stay"} if coming else told
        yield _returned(own, order, staying, "stay", minor)
    if not (coming or staying):
        # Its money is told by a name of its own.
        branch.leave("id", "created_at", "processed_at")
    yield from given


def _returned(
    told: dict[str, object],
    order: str,
    lines: list[ReturnedGoods],
    goods: Literal["come", "stay"],
    refunded_minor: int | None,
) -> ReturnEvent:
    return ReturnEvent(
        **told,  # type: ignore[arg-type]
        order=order,
        step="refunded",
        lines=tuple(lines),
        refunded_minor=refunded_minor,
        goods=goods,
        apart=goods == "come",
    )


def _goods(branch: Branch) -> ReturnedGoods:
    units = branch.whole("quantity")
    if not units:
        raise branch.missing("quantity")
    line = branch.branch("line_item")
    return ReturnedGoods(
        id=branch.text("line_item_id") or line.text("id"), sku=line.text("sku"), quantity=units
    )


def _told_in(branch: Branch) -> str:
    """Return the shop's currency as the goods of a refund tell it, "" when they do not."""
    for part in branch.branches("refund_line_items"):
        if told := part.branch("subtotal_set").branch("shop_money").word("currency_code"):
            return told
    return ""


def _given_minor(given: list[Message], currency: str) -> int | None:
    """Return the money that was given, None when it is not all in the order's own currency.

    Args:
        given: what happened to money.
        currency: of the order, "" for the one of all that was given.
    """
    done = [
        one
        for one in given
        if isinstance(one, MoneyEvent) and one.step == "refunded" and one.outcome == "done"
    ]
    if {one.currency for one in done} != {currency or next((x.currency for x in done), "")}:
        return None
    return sum(one.minor for one in done)


def dispute(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that a buyer takes money back through the bank, and how it ended."""
    currency = branch.text("currency") or context.currency
    begun = branch.moment("initiated_at", zone=context.timezone)
    ended = branch.moment("finalized_on", zone=context.timezone)
    status = branch.text("status")
    at = ended or begun or context.received_at
    yield MoneyEvent(
        **{**identity(branch, context), "event_at": at},  # type: ignore[arg-type]
        order=branch.text("order_id"),
        step=DISPUTES.get(status, "disputed"),  # type: ignore[arg-type]
        minor=branch.minor("amount", currency) or 0,
        currency=currency,
        method=branch.text("type"),
        reference=branch.text("network_reason_code"),
        reason=branch.text("reason"),
    )


def payout(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what the shop's provider pays out to the retailer."""
    currency = branch.text("currency") or context.currency
    minor = branch.minor("amount", currency)
    if minor is None:
        raise branch.missing("amount")
    status = branch.text("status")
    if status not in PAYOUTS:
        raise branch.wrong("status", f"one of {', '.join(sorted(PAYOUTS))}")
    at = branch.moment("date", zone=context.timezone) or context.received_at
    fees = [
        branch.branch("summary").minor(name, currency, 0) or 0
        for name in ("charges_fee_amount", "refunds_fee_amount", "adjustments_fee_amount")
    ]
    yield MoneyEvent(
        **{**identity(branch, context), "event_at": at},  # type: ignore[arg-type]
        step="fee" if minor < 0 else "paid_out",
        outcome=PAYOUTS[status],  # type: ignore[arg-type]
        minor=abs(minor),
        fee_minor=sum(fees),
        currency=currency,
    )


def gift_card(branch: Branch, context: Context) -> Iterator[Message]:
    """Say what is left on a gift card; its code is never told."""
    currency = branch.text("currency") or context.currency
    disabled = branch.moment("disabled_at", zone=context.timezone)
    yield MoneyEvent(
        **identity(branch, context, prefix="gift_card/"),  # type: ignore[arg-type]
        order=branch.text("order_id"),
        step="stored_value",
        outcome="failed" if disabled else "done",
        minor=branch.minor("balance", currency, 0) or 0,
        currency=currency,
        method="gift_card",
        reference=branch.text("last_characters"),
        reason="disabled" if disabled else "",
    )


def adjustment(branch: Branch, context: Context) -> Iterator[Message]:
    """Say that a gift card was topped up or drawn on by hand."""
    minor = branch.minor("amount", context.currency)
    if minor is None:
        raise branch.missing("amount")
    yield MoneyEvent(
        **identity(branch, context, prefix="adjustment/"),  # type: ignore[arg-type]
        step="captured" if minor >= 0 else "refunded",
        minor=abs(minor),
        currency=context.currency,
        method="gift_card",
        reference=branch.text("gift_card_id"),
        reason=branch.text("note"),
    )
