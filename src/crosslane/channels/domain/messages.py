"""Canonical messages: what any channel says, in the hub's own words.

Every message names the thing it speaks of by the channel's own ``source_id``, a ``source_version``
that grows with each thing said of it, and the time it happened (``event_at``). The structs are
versioned by ``schema``; a new schema is a new struct beside the old one.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.channels.domain.replies import Reply
from crosslane.channels.domain.reports import Report
from crosslane.channels.domain.told import (
    LINES_MAX,
    MINOR_MAX,
    ORDER_PARTS_MAX,
    SALE_LINES_MAX,
    SERVICE_CHARACTERS_MAX,
    SUPPLY_ROWS_MAX,
    Code,
    Method,
    Minor,
    PriceMilli,
    Reason,
    SourceId,
    TillMethod,
    Told,
    Units,
)
from crosslane.customers import Address
from crosslane.kernel import QUANTITY_MAX, line_amount
from crosslane.orders import AttributionWish, BuyerWish, StopWish, TenderWish
from crosslane.pricing import CART_COUPONS_MAX
from crosslane.returns import Disposition, ItemState, ReturnReason

Paid = Literal[
    "",
    "pending",
    "authorized",
    "partly_paid",
    "paid",
    "partly_refunded",
    "refunded",
    "voided",
]


class OrderLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods of an order.

    Args:
        id: the channel's own name of the line; its place from 1 when empty.
        sku: what; without it the article stays unknown, and the order is quarantined.
        quantity: how many units.
        unit_price_milli: price the channel agreed on, 1/1000 minor unit, with all reductions taken
            off; computed here when absent.
        method: how the customer gets it; likewise the store.
        attributions: who gets the credit.
        article: the channel's own name of the article; likewise its number by GS1, and its title.
        discount_minor: what was taken off the line, in minor units, told beside the price.
        tax_minor: tax the channel counted on the line.
        note: what the buyer wants of it, such as an engraving.
    """

    id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    sku: Annotated[str, msgspec.Meta(max_length=64)] = ""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
    unit_price_milli: PriceMilli | None = None
    method: Method | None = None
    store: Annotated[str, msgspec.Meta(max_length=64)] = ""
    attributions: Annotated[tuple[AttributionWish, ...], msgspec.Meta(max_length=10)] = ()
    article: Annotated[str, msgspec.Meta(max_length=100)] = ""
    gtin: Annotated[str, msgspec.Meta(max_length=14)] = ""
    title: Annotated[str, msgspec.Meta(max_length=500)] = ""
    discount_minor: Minor = 0
    tax_minor: Minor | None = None
    note: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class Order(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="order"):
    """An order as a whole, as it is at this version.

    Args:
        lines: goods; a later version names all lines that are still wanted. None when the channel
            tells them apart from it, as an amendment: they are waited for, and stay as they are.
        ship_near: as much as is told of where it goes while ``ship_to`` is not, so that it can be
            decided on; the order waits at a stop for the rest.
        buyer, ship_to, service, coupons, tenders, stops, locale: as in placing an order.
        shipping_minor: what the channel charged for delivery.
        number: what people call the order in the channel.
        currency: ISO 4217; the channel's when empty.
        prices_include_tax: whether tax is in the prices; as the channel's when absent.
        paid: how far it is paid, as the channel says; "" when it does not.
        total_minor: what the buyer owes or has paid in all; likewise the tax in or on it.
        discount_minor: what was taken off the order in all.
        bill_to: where the invoice goes.
        part_of: number of the order this is a part of, when one for several places came as an
            order for each of them; what names that is of its parts. Likewise how many it has.
        note: what the buyer or the channel wrote on it.
    """

    lines: Annotated[tuple[OrderLine, ...], msgspec.Meta(max_length=LINES_MAX)]
    buyer: BuyerWish | None = None
    ship_to: Address | None = None
    ship_near: Address | None = None
    service: Annotated[str, msgspec.Meta(max_length=SERVICE_CHARACTERS_MAX)] = ""
    shipping_minor: Minor | None = None
    coupons: Annotated[tuple[str, ...], msgspec.Meta(max_length=CART_COUPONS_MAX)] = ()
    tenders: Annotated[tuple[TenderWish, ...], msgspec.Meta(max_length=8)] = (
        TenderWish(method="marketplace"),
    )
    stops: Annotated[tuple[StopWish, ...], msgspec.Meta(max_length=4)] = ()
    locale: Annotated[str, msgspec.Meta(max_length=20)] = ""
    number: Annotated[str, msgspec.Meta(max_length=100)] = ""
    currency: Annotated[str, msgspec.Meta(max_length=3)] = ""
    prices_include_tax: bool | None = None
    paid: Paid = ""
    total_minor: Minor | None = None
    tax_minor: Minor | None = None
    discount_minor: Minor | None = None
    bill_to: Address | None = None
    note: Annotated[str, msgspec.Meta(max_length=5_000)] = ""
    part_of: Annotated[str, msgspec.Meta(max_length=100)] = ""
    parts: Annotated[int, msgspec.Meta(ge=1, le=ORDER_PARTS_MAX)] | None = None


class AmendedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line as it is from now on; what is absent stays.

    Args:
        id: the channel's own name of the line; an unknown one is a new line and needs a sku.
        quantity: units that are wanted in all, 0 for none.
        unit_price_milli: price of one unit.
        sku, method, store: of a new line.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    quantity: Units | None = None
    unit_price_milli: PriceMilli | None = None
    sku: Annotated[str, msgspec.Meta(max_length=64)] = ""
    method: Method | None = None
    store: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Amendment(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="amendment"):
    """What is different on an order. It says how things are, not by how much they change.

    Args:
        lines: the lines that are different.
        ship_to: where it goes instead.
        reason: for the record.
    """

    lines: Annotated[tuple[AmendedLine, ...], msgspec.Meta(max_length=LINES_MAX)] = ()
    ship_to: Address | None = None
    reason: Reason = "amended by the channel"


class Cancellation(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="cancellation"):
    """The order is off, as far as it was not handed over. Final, whatever its version."""

    reason: Reason = "cancelled by the channel"


class PaymentEvent(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="payment"):
    """The channel knows whether an order that waited for its money is paid.

    Args:
        outcome: paid lets the order go; refused cancels what is left of it.
    """

    outcome: Literal["paid", "refused"]


class StockRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units of an article at a location.

    Args:
        sku: what; without it the article stays unknown, and the message is quarantined.
        quantity: units on hand in a snapshot, units gained or lost in a delta.
        article: the channel's own name of it; likewise its number by GS1.
    """

    sku: Annotated[str, msgspec.Meta(max_length=64)] = ""
    quantity: Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    article: Annotated[str, msgspec.Meta(max_length=100)] = ""
    gtin: Annotated[str, msgspec.Meta(max_length=14)] = ""


class SupplySnapshot(
    Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="supply_snapshot"
):
    """What lies at a location at an instant.

    Args:
        location: code of the location.
        rows: units by article.
        complete: it names everything there is; the rest is none.
    """

    location: Code
    rows: Annotated[tuple[StockRow, ...], msgspec.Meta(max_length=SUPPLY_ROWS_MAX)]
    complete: bool = False


class SupplyDelta(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="supply_delta"):
    """What came to a location, or went, at an instant."""

    location: Code
    rows: Annotated[tuple[StockRow, ...], msgspec.Meta(min_length=1, max_length=SUPPLY_ROWS_MAX)]


class SaleLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods that went over a counter, one way or the other.

    Args:
        sku: what.
        quantity: how many units; negative for goods that came back.
        unit_price_milli: what one unit cost there, 1/1000 minor unit.
        staff: who sold it; the one of the sale when empty.
        title: what the till calls it, for an article nobody else knows.
        gtin: number of the article by GS1.
        discount_minor: what was taken off the line, in minor units, told beside the price.
        tax_minor: tax in it as the till counted it; negative for goods that came back.
        receipt: of goods that came back, the sale they belong to as ``store/till/receipt``, or
        order: the number of the order, of whichever channel.
        proof: what proves a purchase that is not known here; blind when all three are empty.
        reason: why they came back; likewise in which state, and what becomes of them.
    """

    sku: Code
    quantity: Annotated[int, msgspec.Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    unit_price_milli: PriceMilli
    staff: Annotated[str, msgspec.Meta(max_length=64)] = ""
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    gtin: Annotated[str, msgspec.Meta(max_length=14)] = ""
    discount_minor: Minor = 0
    tax_minor: Annotated[int, msgspec.Meta(ge=-MINOR_MAX, le=MINOR_MAX)] | None = None
    receipt: Annotated[str, msgspec.Meta(max_length=100)] = ""
    order: Annotated[str, msgspec.Meta(max_length=60)] = ""
    proof: Annotated[str, msgspec.Meta(max_length=100)] = ""
    reason: ReturnReason = "other"
    item_state: ItemState = "new"
    disposition: Disposition = "sellable"

    @property
    def minor(self) -> int:
        """What it is worth, in minor units; negative for goods that came back."""
        return line_amount(self.unit_price_milli, self.quantity)


class TakenTender(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money the till has taken; negative when it gave money back.

    Args:
        method: way of paying.
        minor: minor units.
        account: gift card or store credit, as its look-up has named it; codes stay at the till.
    """

    method: TillMethod
    minor: Annotated[int, msgspec.Meta(ge=-MINOR_MAX, le=MINOR_MAX)]
    account: UUID | None = None


class IssuedCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A gift card that was sold over a counter: no goods, what it holds is owed from then on.

    Args:
        minor: what was put on it, in minor units.
        code_end: the last characters of its number; the number stays at the till.
    """

    minor: Annotated[int, msgspec.Meta(ge=1, le=MINOR_MAX)]
    code_end: Annotated[str, msgspec.Meta(max_length=4)] = ""


class Sale(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="sale"):
    """A sale at a till. It has happened, so it is recorded.

    Args:
        store: code of the store; likewise the till's own name.
        lines: goods; none when only gift cards were sold.
        tenders: money taken less what was given; lines and gift cards are worth their sum.
        staff: who sold it.
        customer: who bought, when the till knows.
        voided: it was taken back before the till was closed, so nothing of it is left.
        currency: ISO 4217; the channel's when empty.
        issued: gift cards that were sold.
    """

    store: Code
    till: Code
    lines: Annotated[tuple[SaleLine, ...], msgspec.Meta(max_length=SALE_LINES_MAX)]
    tenders: Annotated[tuple[TakenTender, ...], msgspec.Meta(max_length=8)]
    staff: Annotated[str, msgspec.Meta(max_length=64)] = ""
    customer: BuyerWish | None = None
    voided: bool = False
    currency: Annotated[str, msgspec.Meta(max_length=3)] = ""
    issued: Annotated[tuple[IssuedCard, ...], msgspec.Meta(max_length=SALE_LINES_MAX)] = ()

    def __post_init__(self) -> None:
        if not (self.lines or self.issued):
            raise ValueError("A sale has goods or gift cards")

    @property
    def has_returns(self) -> bool:
        """Whether goods came back."""
        return any(line.quantity < 0 for line in self.lines)


class Void(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="void"):
    """A sale was taken back.

    Args:
        voids: ``source_id`` of the sale.
        same_batch: the till took it back before it told of the sale, so nothing of it is left.
    """

    voids: SourceId
    same_batch: bool


class ReturnedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units that come back.

    Args:
        id: the channel's own name of the order's line, or
        sku: the article, of whichever lines have it.
        quantity: units.
        reason: why they come back; likewise in which state they are.
        disposition: what becomes of them, when somebody has looked at them already.
    """

    id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    sku: Annotated[str, msgspec.Meta(max_length=64)] = ""
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
    reason: ReturnReason = "other"
    item_state: ItemState = "new"
    disposition: Disposition | None = None


class ReturnEvent(Told, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="return"):
    """Something happened to a return, which ``source_id`` names.

    Args:
        order: the channel's own number of the order.
        step: the customer asks to bring goods back; they may come, or may not; they are on their
            way; they have arrived; the channel has given the money itself; they will not come after
            all.
        ours: our number of the return, of what we say.
        lines: which goods; of those arrived, which came now, or so far.
        counted: whether those arrived are what came now, or all that has come of the return, which
            a channel tells again with each thing that happens to it.
        method: by which way they come.
        location: code of the location at which they arrived.
        complete: nothing more is expected to arrive.
        refunded_minor: what the channel has given in all; what the goods are worth when absent.
        goods: whether those that were refunded come back or stay with the customer.
        apart: the channel numbers what it gives apart from the return it gives it for, which is the
            one by which just these goods come.
        reason: why they may not come.
    """

    order: SourceId
    step: Literal["requested", "authorized", "declined", "sent", "arrived", "refunded", "cancelled"]
    ours: Annotated[str, msgspec.Meta(max_length=100)] = ""
    counted: Literal["now", "in_all"] = "now"
    lines: Annotated[tuple[ReturnedGoods, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    method: Literal["post", "counter"] = "post"
    location: Annotated[str, msgspec.Meta(max_length=64)] = ""
    complete: bool = True
    refunded_minor: Minor | None = None
    goods: Literal["come", "stay"] = "come"
    apart: bool = False
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


Message = (
    Order
    | Amendment
    | Cancellation
    | PaymentEvent
    | ReturnEvent
    | SupplySnapshot
    | SupplyDelta
    | Sale
    | Void
    | Report
)
Outbound = Message | Reply
"""What may be said to a channel: in the words in which it would say it to us, or a reply."""
OrderMessage = Order | Amendment | Cancellation | PaymentEvent
ORDER_KINDS = ("order", "amendment", "cancellation", "payment")
SUPPLY_KINDS = ("supply_snapshot", "supply_delta")
REPORT_KINDS = ("fulfillment", "money", "contact", "product", "price", "notice")


def kind_of(message: Outbound) -> str:
    """Return the kind of a message, as it is written in its ``type``."""
    return str(type(message).__struct_config__.tag)
