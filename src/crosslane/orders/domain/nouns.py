"""The nouns of an order as frozen values."""

from datetime import datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.orders.domain.stages import Buckets

Method = Literal["ship", "pickup", "ship_to_store", "carry_out"]
RaisedKind = Literal["payment", "fraud", "address", "manual"]
StopKind = Literal[RaisedKind, "exchange", "gathering", "grace"]
# Kinds that are no trouble: they end by the clock, and let the order go.
ENDS_BY_ITSELF: tuple[StopKind, ...] = ("gathering", "grace")
# Kinds that keep goods from being worked on and from leaving.
HOLDS_WORK: tuple[StopKind, ...] = ("fraud", "address", "manual")
LineCause = Literal["cart", "import", "component", "amendment", "exchange", "replacement"]
ChargeKind = Literal["shipping", "fee", "discount", "price_change", "appeasement", "rounding"]
# Charges on a line that are part of what its units cost, and so fall and come back with them.
PRICE_KINDS: tuple[ChargeKind, ...] = ("price_change", "appeasement")
Role = Literal["sold", "assisted", "chat", "kiosk", "endless_aisle", "fulfilled", "saved_sale"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an order: who sells what to whom, since when, on what terms.

    Args:
        id: identifier.
        number: what people call it, with a check character.
        channel_id: selling channel; likewise its code, and codes of entity, brand and market.
        source_id: the channel's own number of the order.
        currency: ISO 4217 code of all its amounts.
        locale: language of its messages.
        customer_id: who buys, None for an unknown guest.
        ship_address_id: immutable snapshot of where it goes, None when nothing is shipped.
        placed_at: business time; price, tax and promise go by it.
        recorded_at: when it was taken in here.
        service: delivery service chosen.
        version: grows with every change.
        closed_at: when the last unit was handed over or cancelled.
    """

    id: UUID
    number: str
    channel_id: UUID
    channel: str
    source_id: str
    entity: str
    brand: str
    market: str
    currency: str
    locale: str
    customer_id: UUID | None
    ship_address_id: UUID | None
    placed_at: datetime
    recorded_at: datetime
    service: str
    version: int = 1
    closed_at: datetime | None = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its snapshot of price and tax; nothing of it follows later changes elsewhere.

    Args:
        id: identifier.
        position: 1 for the first line.
        parent_line_id: the bundle line this component belongs to.
        cause: how the line came to be.
        amendment_no: amendment that added it, 0 for an original line.
        variant_id: what is bought; likewise its SKU and title then.
        quantity: units ordered; never changes.
        method: how the customer gets it.
        store_id: store of pickup or carry-out, None when it is shipped home.
        unit_price_milli: unit price in 1/1000 minor unit.
        net_minor: line total without tax; net + tax = gross.
        tax_rate_bp: tax rate in basis points.
        promised_at: when the customer was told to have it at the latest.
        is_bundle: carries a price for show; its components carry stock and the exact shares.
    """

    id: UUID
    position: int
    parent_line_id: UUID | None
    cause: LineCause
    amendment_no: int
    variant_id: UUID
    sku: str
    title: str
    quantity: int
    method: Method
    store_id: UUID | None
    unit_price_milli: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_rate_bp: int
    tax_class: str
    jurisdiction: str
    promised_at: datetime | None
    is_bundle: bool = False


class NewLine(OrderLine, frozen=True, kw_only=True):
    """A line about to be written, with what no decision about it needs later.

    Args:
        order_id: the order.
        price_reasons: JSON that explains the price.
        attributed: somebody gets the credit for it, otherwise explicitly nobody.
    """

    order_id: UUID
    price_reasons: msgspec.Raw
    attributed: bool = False


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """Money on an order that is not goods: delivery, a fee, an amended price.

    Args:
        kind: what it is for.
        line_id: the line it belongs to, None for the whole order.
        net_minor: without tax, negative when the customer gets something back.
        cancelled: it fell away because no unit was left to hand over.
        due_at: when it fell due with a credit; None when it does with the first hand-over, or did
            when it was recorded after that.
        cause_kind: what sort of credit brought it, "" when none did; likewise which one.
    """

    id: UUID
    order_id: UUID
    kind: ChargeKind
    line_id: UUID | None
    title: str
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_rate_bp: int
    jurisdiction: str
    recorded_at: datetime
    cancelled: bool = False
    due_at: datetime | None = None
    cause_kind: str = ""
    cause_id: UUID | None = None


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a line that came back, with what the customer got credited for them.

    Args:
        line_id: the line.
        location_id: the location whose sale is undone: it had handed the units over.
        quantity: how many.
        net_minor: credited without tax, as a positive number; likewise the tax.
        cause_kind: what sort of thing they were credited for, such as ``return``.
        cause_id: which one; credited once for each line and location.
        occurred_at: business time.
    """

    line_id: UUID
    location_id: UUID
    quantity: int
    net_minor: int
    tax_minor: int
    cause_kind: str
    cause_id: UUID
    occurred_at: datetime


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Something that holds an order, or what one amendment added to it, back until it is resolved.

    Args:
        kind: payment, fraud, address, manual, exchange, gathering or grace; decides who may resolve
            it.
        reason: why, for people.
        expires_at: when what it holds is cancelled if nobody resolved it, None for never; one that
            ends by itself lets the order go then.
        amendment_no: the amendment whose lines it holds, 0 for the whole order.
        cause_id: what is waited for, such as the return of an exchange; None elsewhere.
        expected_minor: what will be credited once that has come, in minor units.
        payment_ids: the tenders opened for what it holds; none for those of the order itself.
    """

    id: UUID
    order_id: UUID
    kind: StopKind
    reason: str
    raised_at: datetime
    raised_by: str
    expires_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution: str | None = None
    amendment_no: int = 0
    cause_id: UUID | None = None
    expected_minor: int = 0
    payment_ids: tuple[UUID, ...] = ()

    def holds(self, line: OrderLine) -> bool:
        """Tell whether it keeps the units of a line from being worked on, as long as it is open."""
        return self.amendment_no in (0, line.amendment_no)


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets the credit for a line.

    Args:
        role: what they did.
        beneficiary_kind: staff or location.
        beneficiary_id: code of the staff member or location.
        share_bp: share of the role in basis points.
        source: the event it came from.
    """

    line_id: UUID
    role: Role
    beneficiary_kind: Literal["staff", "location"]
    beneficiary_id: str
    share_bp: int
    source: str


class OrderState(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything a change of an order is decided on.

    Args:
        order: the head.
        lines: all lines by position.
        charges: all charges.
        stops: all stops, resolved ones too.
        buckets: where the units are; changed in memory by a decision.
        barred: (line, location) pairs that failed before and are not asked again.
        amendments: how many amendments the order has had.
        returned: what came back of what was handed over, oldest first.
    """

    order: Order
    lines: tuple[OrderLine, ...]
    charges: tuple[Charge, ...]
    stops: tuple[Stop, ...]
    buckets: Buckets
    barred: frozenset[tuple[UUID, UUID]] = frozenset()
    amendments: int = 0
    returned: tuple[Returned, ...] = ()

    @cached_property
    def stock_lines(self) -> tuple[OrderLine, ...]:
        """Lines that carry stock and money: all but the bundles' own."""
        return tuple(line for line in self.lines if not line.is_bundle)

    @cached_property
    def by_id(self) -> dict[UUID, OrderLine]:
        """All lines by their id."""
        return {line.id: line for line in self.lines}

    @cached_property
    def returned_of(self) -> dict[UUID, list[Returned]]:
        """What came back of each line of which anything did."""
        found: dict[UUID, list[Returned]] = {}
        for back in self.returned:
            found.setdefault(back.line_id, []).append(back)
        return found

    @cached_property
    def prices_of(self) -> dict[UUID, list[Charge]]:
        """The charges that are part of what the units of each line cost."""
        found: dict[UUID, list[Charge]] = {}
        for charge in self.charges:
            if charge.line_id and charge.kind in PRICE_KINDS and not charge.cancelled:
                found.setdefault(charge.line_id, []).append(charge)
        return found

    @property
    def open_stops(self) -> list[Stop]:
        """Stops that still hold the order back."""
        return [stop for stop in self.stops if stop.resolved_at is None]

    @property
    def troubles(self) -> list[Stop]:
        """Open stops that somebody has to resolve; others end by themselves."""
        return [stop for stop in self.open_stops if stop.kind not in ENDS_BY_ITSELF]

    @property
    def grace_until(self) -> datetime | None:
        """Until when its customer may change it before anybody works on it; None for no more."""
        return next((stop.expires_at for stop in self.open_stops if stop.kind == "grace"), None)

    def is_held(self, line: OrderLine) -> bool:
        """Tell whether an open stop holds a line back."""
        return any(stop.holds(line) for stop in self.open_stops)

    @property
    def goods_stay(self) -> bool:
        """Whether a stop keeps its goods from being worked on and from leaving."""
        return any(stop.kind in HOLDS_WORK for stop in self.open_stops)

    def line(self, line_id: UUID) -> OrderLine | None:
        """Return a line of this order, or None."""
        return self.by_id.get(line_id)
