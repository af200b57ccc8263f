"""What callers may ask of returns, and what they are answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.kernel import QUANTITY_MAX
from crosslane.orders import TenderWish
from crosslane.returns.domain import (
    Disposition,
    ExchangeWish,
    ItemState,
    Reason,
    RefundMethod,
    State,
    Wanted,
)

LINES_MAX = 500
CHARGES_MAX = 20
REFUNDS_MAX = 4
EXCHANGE_LINES_MAX = 100
TENDERS_MAX = 8
MINOR_MAX = 10**12

Code = Annotated[str, Meta(min_length=1, max_length=64)]
Named = Annotated[str, Meta(min_length=1, max_length=60)]
SourceId = Annotated[str, Meta(max_length=100)]
Words = Annotated[str, Meta(max_length=500)]
Units = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
Minor = Annotated[int, Meta(ge=-MINOR_MAX, le=MINOR_MAX)]
Positive = Annotated[int, Meta(ge=0, le=MINOR_MAX)]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all bodies have in common: unknown fields are refused, fields are named."""


class RefundWish(Wish, frozen=True, kw_only=True):
    """Where the money goes.

    Args:
        method: over the order's tenders, onto stored value, in cash at the counter, by the
            store's card terminal when that has given it already, or towards what the customer
            owes on account.
        minor: how much of it; the last of several takes what is left.
        account: gift card or store credit, or the customer on account. Of ``stored_value`` the
            customer's own store credit when absent, or a new gift card where the lines want one.
    """

    method: RefundMethod
    minor: Positive | None = None
    account: UUID | None = None


class RequestLine(Wish, frozen=True, kw_only=True):
    """Units that somebody wants to bring back.

    Args:
        order_line: the line of the order, or
        sku: the article, of whichever lines have it.
        quantity: units.
        reason: why.
        item_state: in which state they are.
        wanted: money, others, store credit or a gift card; all lines that want none of the others
            want the same.
        minor: of a claim for money, how much of it, with tax; what the units are worth when
            absent.
    """

    order_line: UUID | None = None
    sku: Code | None = None
    quantity: Units
    reason: Reason
    item_state: ItemState = "new"
    wanted: Wanted = "refund"
    minor: Positive | None = None


class RequestReturn(Wish, frozen=True, kw_only=True):
    """Ask to bring goods of an order back, or claim money or others for them.

    Args:
        order: number or id of the order.
        lines: what comes back.
        kind: goods come back, or nothing does and something is claimed for them.
        method: by post, or over a counter.
        location: code of the location they are sent to; any when absent.
        source_id: the asking system's own number; the same once more answers the same return.
        refund: where the money goes; over the order's tenders when absent.
        exchange: goods wanted for those that come back.
        tenders: how the customer pays what the credit does not.
        override_reason: why the policy shall not hold; takes the permission returns:override.
        occurred_at: business time; now when absent.
    """

    order: Named
    lines: Annotated[list[RequestLine], Meta(min_length=1, max_length=LINES_MAX)]
    kind: Literal["return", "claim"] = "return"
    method: Literal["post", "counter"] = "post"
    location: Code | None = None
    source_id: SourceId = ""
    refund: RefundWish | None = None
    exchange: Annotated[list[ExchangeWish], Meta(max_length=EXCHANGE_LINES_MAX)] = []
    tenders: Annotated[list[TenderWish], Meta(max_length=TENDERS_MAX)] = []
    override_reason: Words = ""
    occurred_at: datetime | None = None


class DeskLine(Wish, frozen=True, kw_only=True):
    """Units that lie on the counter.

    Args:
        order_line: the line of the order, when it is known.
        sku: the article.
        quantity: units.
        reason: why they come back.
        item_state: in which state they are.
        disposition: what becomes of them.
        wanted: money or others.
        unit_price_milli: the price on the proof in 1/1000 minor unit, with tax where the channel's
            prices have it: what is given in a blind return, else which of the order's lines with
            the article comes back first.
        tax_rate_bp: of a blind return, the rate on the proof.
    """

    order_line: UUID | None = None
    sku: Code
    quantity: Units
    reason: Reason = "other"
    item_state: ItemState = "new"
    disposition: Disposition = "sellable"
    wanted: Wanted = "refund"
    unit_price_milli: Annotated[int, Meta(ge=0, le=10**15)] | None = None
    tax_rate_bp: Annotated[int, Meta(ge=0, le=10_000)] | None = None


class DeskCharge(Wish, frozen=True, kw_only=True):
    """Money besides the goods.

    Args:
        kind: delivery, a fee or an appeasement.
        title: what it is for.
        gross_minor: minor units with tax, negative when the customer gets it; or
        net_minor: without tax, where the order's prices have none.
        tax_rate_bp: of a blind return, the rate; that of its first line when absent.
    """

    kind: Literal["shipping", "fee", "appeasement"]
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    gross_minor: Minor | None = None
    net_minor: Minor | None = None
    tax_rate_bp: Annotated[int, Meta(ge=0, le=10_000)] | None = None


class TakeBack(Wish, frozen=True, kw_only=True):
    """Take goods back over a counter: asked, received, graded and settled at once.

    Args:
        channel: code of the channel that had sold them; the order's when an order is named.
        location: code of the location that takes them back.
        source_id: the asking system's own number; the same once more answers the same return.
        occurred_at: business time; now when absent.
        happened: it is a fact, such as of a till without a line: no rule refuses it. Units above
            what the order has left are taken as blind ones.
        order: number or id of the order, None when nobody knows.
        proof: what proves a purchase that is not known here, such as a number of a receipt.
        lines: what lies on the counter; none when only charges are given back.
        charges: money besides. Fee and delivery of the policy are taken when absent.
        refunds: where the money goes; over the order's tenders when absent, in cash when blind.
        exchange: goods wanted for those that come back, of a known order.
        tenders: how the customer pays what the credit does not.
        shown_minor: what the customer was told it gives, in minor units: what is credited, less
            what goods in exchange cost, below zero when the customer pays; of a return that is held
            only what is paid. Refused when it gives something else by now.
        customer: who brings them, None when unknown.
        staff: code of the member of staff.
        blind_override_reason: why a blind return is taken that the policy would not; takes the
            permission returns:override. Likewise for what the policy of an order refuses.
    """

    channel: Code
    location: Code
    source_id: SourceId = ""
    occurred_at: datetime | None = None
    happened: bool = False
    order: Named | None = None
    proof: Annotated[str, Meta(max_length=100)] | None = None
    lines: Annotated[list[DeskLine], Meta(max_length=LINES_MAX)]
    charges: Annotated[list[DeskCharge], Meta(max_length=CHARGES_MAX)] | None = None
    refunds: Annotated[list[RefundWish], Meta(max_length=REFUNDS_MAX)] = []
    exchange: Annotated[list[ExchangeWish], Meta(max_length=EXCHANGE_LINES_MAX)] = []
    tenders: Annotated[list[TenderWish], Meta(max_length=TENDERS_MAX)] = []
    shown_minor: Minor | None = None
    customer: UUID | None = None
    staff: Annotated[str, Meta(max_length=64)] = ""
    blind_override_reason: Words = ""


class ReturnNamed(Wish, frozen=True, kw_only=True):
    """A return that a verb is done to.

    Args:
        return_id: which.
        version: it must still be at it, None for whatever it is at.
    """

    return_id: UUID
    version: int | None = None

    @property
    def subject(self) -> str:
        """What the audit journal names it by."""
        return f"return:{self.return_id}"


class Instead(Wish, frozen=True, kw_only=True):
    """What goes out for a return in place of what was wished in exchange.

    Args:
        goods: none, so that money is given.
        tenders: how the customer pays what they cost beyond what is credited and was paid before.
    """

    goods: Annotated[list[ExchangeWish], Meta(max_length=EXCHANGE_LINES_MAX)]
    tenders: Annotated[list[TenderWish], Meta(max_length=TENDERS_MAX)] = []


class Authorize(ReturnNamed, frozen=True, kw_only=True):
    """Let goods come; what was wished in exchange waits for them, or what is given instead."""

    instead: Instead | None = None


class Decline(ReturnNamed, frozen=True, kw_only=True):
    """Let goods not come; ``reason`` is for the customer and the record."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Cancel(ReturnNamed, frozen=True, kw_only=True):
    """The goods will not come after all."""

    reason: Words = ""


class Dispatch(ReturnNamed, frozen=True, kw_only=True):
    """The goods are on their way; ``occurred_at`` is now when absent."""

    occurred_at: datetime | None = None


class ReceiveLine(Wish, frozen=True, kw_only=True):
    """Units that came.

    Args:
        return_line: the line they belong to, or
        sku: the article: of a line that has it, else it is a wrong item.
        quantity: units; more than announced is received too.
        disposition: what becomes of them, when that is seen at once.
    """

    return_line: UUID | None = None
    sku: Code | None = None
    quantity: Units
    disposition: Disposition | None = None


class Receive(ReturnNamed, frozen=True, kw_only=True):
    """Goods of a return came.

    Args:
        location: code of the location.
        lines: what came; everything announced when empty and nothing came before.
        complete: nothing more is expected.
        occurred_at: business time; now when absent.
    """

    location: Code
    lines: Annotated[list[ReceiveLine], Meta(max_length=LINES_MAX)] = []
    complete: bool = True
    occurred_at: datetime | None = None


class GradeLine(Wish, frozen=True, kw_only=True):
    """Units of a line that were looked at."""

    return_line: UUID
    quantity: Units
    disposition: Disposition


class Grade(ReturnNamed, frozen=True, kw_only=True):
    """Say what becomes of goods that came.

    Args:
        lines: per line and disposition; everything sellable when empty.
        occurred_at: business time; now when absent.
    """

    lines: Annotated[list[GradeLine], Meta(max_length=LINES_MAX)] = []
    occurred_at: datetime | None = None


class Settle(ReturnNamed, frozen=True, kw_only=True):
    """Give money for what came.

    Args:
        most_minor: what a channel has given for it already, with tax, where that may be less than
            the goods are worth: what is above it is kept back as a fee.
        occurred_at: business time; now when absent.
    """

    most_minor: Positive | None = None
    occurred_at: datetime | None = None


class Clear(ReturnNamed, frozen=True, kw_only=True):
    """Let a held return go on; ``reason`` says why the suspicion does not hold.

    What was wished in exchange is set aside and goes out, or what is given instead of it.
    """

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    instead: Instead | None = None


class TakenLine(msgspec.Struct, frozen=True, kw_only=True):
    """What was given for a line of the counter; ``order_line`` is None when it is blind."""

    return_line: UUID
    order_line: UUID | None
    sku: str
    quantity: int
    net_minor: int
    tax_minor: int


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """What taking goods back came to.

    Args:
        return_id: the return; of an order when ``order_id`` is given.
        blind_return_id: a second, blind return of units above what the order had left.
        state: settled, or graded while a person has to look at it.
        held: that person is waited for, because of ``hold_reason``.
        refund_minor: what was credited, gross, in minor units; a part of it may never have been
            paid, pays for goods in exchange, and is not paid back then.
        exchange: order lines that were added in exchange; they wait while it is held.
        exchange_minor: what they cost, gross; ``paid_minor`` of it new tenders pay.
    """

    return_id: UUID
    number: str
    order_id: UUID | None
    blind_return_id: UUID | None = None
    state: State
    held: bool
    hold_reason: str
    refund_minor: int
    currency: str
    exchange: list[UUID]
    exchange_minor: int = 0
    paid_minor: int = 0
    lines: list[TakenLine]
