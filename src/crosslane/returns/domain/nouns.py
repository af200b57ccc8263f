"""The nouns of a return: its head, its lines, and the units that came."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane.kernel import QUANTITY_MAX
from crosslane.orders import NewCharge
from crosslane.organization import Method
from crosslane.pricing import Amounts

CAUSE = "return"
"""What orders and payments are told asks for something, beside a return's id."""

State = Literal[
    "requested",
    "authorized",
    "declined",
    "in_transit",
    "received",
    "graded",
    "settled",
    "closed",
    "cancelled",
    "expired",
]
ReturnKind = Literal["return", "blind", "claim"]
Way = Literal["post", "counter"]
Reason = Literal[
    "changed_mind",
    "too_small",
    "too_large",
    "not_as_described",
    "damaged",
    "faulty",
    "wrong_item",
    "arrived_late",
    "gift",
    "other",
]
Wanted = Literal["refund", "exchange", "store_credit", "gift_card", "replacement", "money"]
ItemState = Literal["new", "opened", "used", "faulty"]
Disposition = Literal["sellable", "refurbish", "vendor", "destroy", "send_back"]
RefundMethod = Literal["original", "stored_value", "cash", "card", "on_account"]


class ExchangeWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods wanted in exchange for others.

    Args:
        sku: what.
        quantity: units.
        method: how the customer gets them; the channel's usual way when absent.
        store: code of the store, for pickup, ship-to-store and carry-out.
        price: today's, or ``even`` for what is credited for the units of ``instead_of``.
        instead_of: the order line of those units.
    """

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]
    method: Method | None = None
    store: Annotated[str, msgspec.Meta(max_length=64)] = ""
    price: Literal["today", "even"] = "today"
    instead_of: UUID | None = None


class ReturnUnit(msgspec.Struct, kw_only=True):
    """Units of a line that came to one place and share one fate.

    Args:
        location_id: where they came to.
        owner_id: whose they were as they left, None for the owner of the place.
        unit_cost_milli: what one had cost as it left, 1/1000 minor unit of the owner's book
            currency; None when nobody knows.
        disposition: what became of them, None until somebody has graded them.
    """

    id: UUID
    return_line_id: UUID
    location_id: UUID
    owner_id: UUID | None
    unit_cost_milli: int | None
    quantity: int
    disposition: Disposition | None = None
    received_at: datetime
    graded_at: datetime | None = None


class ReturnLine(msgspec.Struct, kw_only=True):
    """Units of one article that come back, or that somebody claims money or others for.

    Args:
        order_line_id: the order line they belong to, None for a blind line or a wrong item.
        requested: units announced; 0 for what came without being announced.
        received: units that came.
        credited: units given money for.
        wanted: what the customer wants for them.
        wrong: it is not what was announced, and no money is given for it.
        sold_at: the location that had sold them, None when nobody knows.
        unit_price_milli: of a blind line, what is given for a unit in 1/1000 minor unit, with tax
            where the channel's prices have it; None of an order's line.
        tax_rate_bp: of a blind line, the rate it was sold at; likewise class and jurisdiction.
        claimed_minor: of a claim for money, how much, with tax.
        net_minor: what was credited for it so far; likewise its tax.
        policy_id: version of ``returns.policy`` that was obeyed, None for the default.
    """

    id: UUID
    return_id: UUID
    position: int
    order_line_id: UUID | None
    variant_id: UUID
    sku: str
    requested: int
    received: int = 0
    credited: int = 0
    reason: Reason = "other"
    item_state: ItemState = "new"
    wanted: Wanted = "refund"
    wrong: bool = False
    sold_at: UUID | None = None
    unit_price_milli: int | None = None
    tax_rate_bp: int | None = None
    tax_class: str = ""
    jurisdiction: str = ""
    claimed_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0
    policy_id: UUID | None = None
    units: list[ReturnUnit] = []


class Besides(msgspec.Struct, frozen=True):
    """Money besides the goods; ``amounts`` and rate are those of a blind return."""

    charge: NewCharge
    tax_rate_bp: int
    amounts: Amounts


class Return(msgspec.Struct, kw_only=True):
    """A return: goods of an order, or of nobody knows which, that come back for money or others.

    Args:
        number: what people call it, with a check character.
        kind: of an order, blind (no order is known), or a claim (nothing comes back).
        method: by post, or over a counter.
        source_id: the number the asking system gave it, unique with its channel; "" for none.
        source_channel_id: the channel it was asked in, None for the selling one.
        order_id: the order, None when it is blind; likewise its number.
        channel_id: selling channel; likewise its code, its entity and the currency.
        customer_id: who bought, None when unknown.
        location_id: where it is expected, then where it was received; None while anywhere will do.
        requested_by: who asked, as ``kind:id``.
        staff: code of the member of staff at the desk, "" for none.
        refund_method: where the money goes; ``original`` is over the tenders of the order.
        refund_account: account of stored value, None for none.
        instant: money is given as the parcel leaves the customer.
        awaited: units are still on their way, after others have come.
        exchange: order lines that were added in exchange.
        exchange_minor: what those cost as they were added, gross; likewise what of it the customer
            paid besides what is credited.
        exchange_wish: what is wanted in exchange, until it is on the order.
        besides: money besides the goods, as it was asked for; what the policy says when None.
        fee_minor: what is kept back, gross; likewise what is given back of delivery.
        refund_minor: what was credited in all, gross, fee and delivery included.
        held: a person has to look at it before it is settled; ``hold_reason`` says why.
        cleared_at: when a person let it go on; it is not held once more.
        proof: what proved a purchase that is not known here, "" for nothing.
        reason: why it was declined or cancelled, or why a rule was overridden.
        expires_at: when it is given up if nothing comes.
        version: grows with every change.
    """

    id: UUID
    number: str
    state: State
    kind: ReturnKind
    method: Way
    source_id: str
    order_id: UUID | None
    order_number: str
    channel_id: UUID
    channel: str
    entity: str
    currency: str
    customer_id: UUID | None
    location_id: UUID | None
    requested_by: str
    source_channel_id: UUID | None = None
    staff: str = ""
    refund_method: RefundMethod = "original"
    refund_account: UUID | None = None
    instant: bool = False
    awaited: bool = False
    exchange: list[UUID] = []
    exchange_minor: int = 0
    paid_minor: int = 0
    exchange_wish: list[ExchangeWish] = []
    besides: list[Besides] | None = None
    fee_minor: int = 0
    delivery_minor: int = 0
    refund_minor: int = 0
    held: bool = False
    hold_reason: str = ""
    proof: str = ""
    reason: str = ""
    occurred_at: datetime
    requested_at: datetime
    authorized_at: datetime | None = None
    dispatched_at: datetime | None = None
    received_at: datetime | None = None
    graded_at: datetime | None = None
    cleared_at: datetime | None = None
    settled_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    version: int = 1
    lines: list[ReturnLine] = []

    def line(self, line_id: UUID) -> ReturnLine | None:
        """Return a line of this return, or None."""
        return next((line for line in self.lines if line.id == line_id), None)
