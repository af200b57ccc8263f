"""Purchase orders as we make, change and give them up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane import locations, organization
from crosslane.locations import Location
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform import effects, log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, Schedule
from crosslane.vendors import domain, events
from crosslane.vendors.domain import (
    ORDERING,
    LineUnits,
    Ordering,
    PurchaseLine,
    PurchaseOrder,
    Term,
    Vendor,
    problems_of,
)
from crosslane.vendors.events import PurchaseEvent
from crosslane.vendors.service.settings import vendors
from crosslane.vendors.storage import orders as storage
from crosslane.vendors.storage import terms

SEND_KIND = "vendors.send"
SILENT_AT_ONCE_MAX = 200
SILENCE_SECONDS = 60.0
NOT_CONNECTED = "orders do not reach this vendor by themselves"
SILENT = "the vendor did not answer in time"


class LineWish(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an order line a vendor is to ship."""

    line_id: UUID
    variant_id: UUID
    sku: str
    title: str
    quantity: int


class OrderWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor is to ship.

    Args:
        id: names the purchase order for ever, that of the work it asks for.
        order_id: the customer's order; likewise its number as reference.
        location_id: the vendor's location.
        service: how fast the customer was promised the goods.
        ship_address_id: snapshot of where they go.
        promised_at: when the customer was told to have them.
    """

    id: UUID
    order_id: UUID
    reference: str
    location_id: UUID
    service: str
    ship_address_id: UUID
    promised_at: datetime | None
    lines: Sequence[LineWish]


class Send(msgspec.Struct, frozen=True):
    """Body of the effect that sends one version of an order; no personal data."""

    purchase_order_id: UUID
    version: int


async def place_orders(tx: Tx, wishes: Sequence[OrderWish], cause: log.Cause) -> None:
    """Order goods from vendors; the orders are sent after this transaction has committed.

    A vendor that is not connected gets its order from people, who see it among the problems.
    """
    if not wishes:
        return
    known, network = await vendors(tx), await locations.network(tx)
    book, policies = await organization.book(tx), await organization.policies(tx)
    agreed = await terms.terms_on(
        tx,
        {(wish.location_id, line.variant_id) for wish in wishes for line in wish.lines},
        tx.now.date(),
    )
    orders = [
        _order(
            wish,
            network.by_id[wish.location_id],
            known.get(wish.location_id),
            book,
            ordering_of(policies, network.by_id[wish.location_id], tx.now),
            agreed,
            tx.now,
        )
        for wish in wishes
    ]
    await storage.insert_orders(tx, orders)
    await request_sending(tx, orders, known)
    told = [
        event_of(events.PurchaseOrdered, order, units=sum(line.quantity for line in order.lines))
        for order in orders
    ]
    await log.append(tx, told, [cause] * len(told))


def _order(
    wish: OrderWish,
    location: Location,
    vendor: Vendor | None,
    book: OrganizationBook,
    ordering: Ordering,
    agreed: Mapping[tuple[UUID, UUID], Term],
    now: datetime,
) -> PurchaseOrder:
    entity = book.entity(location.entity)
    lines = []
    for position, line in enumerate(wish.lines, 1):
        term = agreed.get((wish.location_id, line.variant_id))
        lines.append(
            PurchaseLine(
                line_id=line.line_id,
                position=position,
                variant_id=line.variant_id,
                sku=line.sku,
                vendor_sku=term.vendor_sku if term else "",
                title=line.title,
                quantity=line.quantity,
                unit_cost_milli=term.unit_cost_milli if term else None,
            )
        )
    order = PurchaseOrder(
        id=wish.id,
        location_id=wish.location_id,
        entity_id=entity.id,
        order_id=wish.order_id,
        reference=wish.reference,
        currency=vendor.currency if vendor else entity.book_currency,
        service=wish.service,
        ship_address_id=wish.ship_address_id,
        promised_at=wish.promised_at,
        made_at=now,
        answer_due_at=now + timedelta(hours=ordering.answer_hours),
        lines=lines,
    )
    if vendor is None or not vendor.is_connected:
        order.delivery, order.delivery_reason = "undelivered", NOT_CONNECTED
    order.problems = list(problems_of(order))
    return order


def ordering_of(policies: PolicyBook, location: Location, at: datetime) -> Ordering:
    """Return how patient and exact we are with a vendor."""
    found, _ = policies.resolve(ORDERING, at, location=location.code)
    return found


async def request_sending(
    tx: Tx, orders: Sequence[PurchaseOrder], known: Mapping[UUID, Vendor]
) -> None:
    """Have the present version of orders sent to vendors that are connected."""
    await effects.request(
        tx,
        [
            Effect(send_key(order.id, order.version), SEND_KIND, Send(order.id, order.version))
            for order in orders
            if (vendor := known.get(order.location_id))
            and vendor.is_connected
            and order.delivery != "refused"
        ],
    )


def send_key(order_id: UUID, version: int) -> str:
    """Return the key under which a vendor knows a version of an order."""
    return f"{SEND_KIND}:{order_id}:{version}"


async def withdraw(tx: Tx, units: Mapping[UUID, Sequence[LineUnits]]) -> None:
    """Take units back that a vendor need not ship any more; it is sent a new version.

    Args:
        tx: open transaction.
        units: by purchase order; unknown orders are passed over.
    """
    if not units:
        return
    orders = await storage.lock_orders(tx, list(units))
    for order in orders.values():
        domain.withdraw(order, units[order.id])
    await save(tx, list(orders.values()))
    await request_sending(tx, list(orders.values()), await vendors(tx))


async def save(tx: Tx, orders: Sequence[PurchaseOrder]) -> None:
    """Store orders, with the problems a person should look at."""
    if orders:
        for order in orders:
            order.problems = list(problems_of(order))
        await storage.save_orders(tx, orders)


async def find_silent(tx: Tx) -> None:
    """Find vendors that have said nothing in time; by policy, other stock is looked for."""
    ids = await storage.lock_silent(tx, tx.now, SILENT_AT_ONCE_MAX)
    if not ids:
        return
    orders = (await storage.lock_orders(tx, ids)).values()
    policies, network = await organization.policies(tx), await locations.network(tx)
    told: list[PurchaseEvent] = []
    for order in orders:
        order.silent_at = tx.now
        if not order.left:
            continue
        told.append(event_of(events.VendorSilent, order))
        ordering = ordering_of(policies, network.by_id[order.location_id], order.made_at)
        if ordering.on_silence == "resource":
            told.append(event_of(events.PurchaseGivenUp, order, reason=SILENT))
    await save(tx, list(orders))
    await log.append(tx, told)


def event_of(kind: type[PurchaseEvent], order: PurchaseOrder, **more: object) -> PurchaseEvent:
    """Return an event of a purchase order; ``more`` are the fields of its own."""
    return kind(
        purchase_order_id=order.id,
        order_id=order.order_id,
        location_id=order.location_id,
        **more,  # type: ignore[arg-type]
    )


FIND_SILENT = Schedule("vendors.find_silent", SILENCE_SECONDS, find_silent)
