"""An order on its way from wish to record."""

from collections.abc import Mapping
from uuid import UUID

from crosslane import payments
from crosslane.catalog import Variant
from crosslane.customers import Customer
from crosslane.kernel import Refusal, new_id
from crosslane.orders.domain import (
    Buckets,
    Charge,
    Method,
    Move,
    NewLine,
    Order,
    OrderState,
    Stop,
)
from crosslane.orders.service import capacity
from crosslane.orders.service.allocating import Found
from crosslane.orders.service.placing.resolving import Resolved
from crosslane.orders.service.placing.wishes import PlaceOrder
from crosslane.platform.lane import Command
from crosslane.pricing import PricedCart
from crosslane.sourcing import Offer


class Draft:
    """What is known of one order of the batch so far; each step of placing fills in its part.

    Attributes:
        command: who asks for what.
        refusal: set by the step that drops the order.
        resolved: wish with its codes looked up.
        number: what people will call it.
        priced: what it costs.
        customer: who buys, None for an unknown guest.
        order: the head; likewise lines, charges and stops.
        shown: offers that it is placed with, as they were read.
        offers: those that fit and are to be kept, by way and store.
        found: units promised at a location.
        moves: how the units went from open to their first stage.
        receipts: decisions of sourcing behind it.
        unclaimed: capacity of days that its parcels are still to claim.
        tenders: how it is paid.
    """

    resolved: Resolved
    number: str
    priced: PricedCart
    order: Order
    lines: list[NewLine]
    charges: list[Charge]
    stops: list[Stop]
    buckets: Buckets

    def __init__(self, command: Command[PlaceOrder]) -> None:
        self.command = command
        self.wish = command.body
        self.id = new_id()
        self.refusal: Refusal | None = None
        self.variants: Mapping[UUID, Variant] = {}
        self.customer: Customer | None = None
        self.address_id: UUID | None = None
        self.shown: list[Offer] = []
        self.offers: dict[tuple[Method, UUID | None], Offer] = {}
        self.found: list[Found] = []
        self.moves: list[Move] = []
        self.receipts: list[UUID] = []
        self.unclaimed: list[capacity.Wish] = []
        self.tenders: list[payments.NewTender] = []

    @property
    def customer_id(self) -> UUID | None:
        """Identifier of who buys."""
        return self.customer.id if self.customer else None

    @property
    def service(self) -> str:
        """Carrier service of its parcels; "" when no parcel is sent.

        Where it names none it is that of its offers, so that goods go as they were shown to.
        """
        if all(line.method in ("pickup", "carry_out") for line in self.resolved.lines):
            return ""
        shown = next((each.terms.service for each in self.shown if each.terms.service), "")
        return self.wish.service or shown or self.resolved.intake.service

    @property
    def delivers(self) -> bool:
        """Whether something is delivered to the customer's address, which has a price."""
        return any(line.method == "ship" for line in self.resolved.lines)

    @property
    def stock_lines(self) -> list[NewLine]:
        """Lines that carry stock: all but the bundles' own."""
        return [line for line in self.lines if not line.is_bundle]

    @property
    def state(self) -> OrderState:
        """The order as decisions see it."""
        return OrderState(
            order=self.order,
            lines=tuple(self.lines),
            charges=tuple(self.charges),
            stops=tuple(self.stops),
            buckets=self.buckets,
        )
