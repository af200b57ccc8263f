"""Labels for what comes back by post: asked of the carrier once a return may come."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from crosslane import carriers, catalog, customers, fulfillment, locations, orders, organization
from crosslane.carriers import LabelRecord, LabelRequest, Shipment
from crosslane.catalog import Variant
from crosslane.customers import Address
from crosslane.kernel import Refusal
from crosslane.locations import Location, Network
from crosslane.orders import Order
from crosslane.organization import OrganizationBook, PolicyBook
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged
from crosslane.platform.personal import Erased, Eraser, Erasure
from crosslane.platform.telemetry import Log
from crosslane.returns.domain import Return
from crosslane.returns.domain.labelling import LABELS, Labels, destination
from crosslane.returns.storage import views, writing

WEIGHT_GRAMS_MIN = 1
USABLE = ("requested", "created")
# A label that is not even asked for after so long will not be.
LABEL_AWAITED_MAX = timedelta(minutes=2)

log = Log("crosslane.returns")


class Posting(Struct, frozen=True):
    """How a parcel is sent to us.

    Args:
        label: the label, None when there is none that can be used.
        awaited: one will be asked for in a moment.
        to: where it goes, None when nobody takes it.
    """

    label: LabelRecord | None
    awaited: bool
    to: Location | None


class _Around(Struct, frozen=True):
    """What labels are made from besides the returns."""

    book: OrganizationBook
    policies: PolicyBook
    network: Network
    orders: Mapping[UUID, Order]
    addresses: Mapping[UUID, Address]
    variants: Mapping[UUID, Variant]


async def request(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Ask carriers for the labels of returns that may come by post now."""
    known = await writing.list_returns(tx, [entry.event.return_id for entry in logged])
    posted = [
        one
        for one in known.values()
        # Nothing comes back for a claim.
        if one.method == "post" and one.kind == "return" and one.order_id
    ]
    if not posted:
        return
    near = await _around(tx, posted)
    shipments = [(one, made) for one in posted if (made := _shipment(tx, one, near))]
    wishes = [LabelRequest(f"return:{one.id}", made) for one, made in shipments]
    answers = await carriers.request_labels(tx, wishes) if wishes else []
    for (one, _), answer in zip(shipments, answers, strict=True):
        # The customer is shown where to send it instead.
        if isinstance(answer, Refusal):
            log.warning("no label for a return", return_id=str(one.id), reason=str(answer))


async def withdraw(tx: Tx, logged: Sequence[Logged[Any]]) -> None:
    """Give labels back of returns that will not come."""
    labels = await carriers.labels_of_parcels(tx, [entry.event.return_id for entry in logged])
    await carriers.void_labels(tx, [label.id for theirs in labels.values() for label in theirs])


async def label_of(tx: Tx, return_id: UUID) -> LabelRecord | None:
    """Return the label of a return, None when it has none, or none that can be used."""
    labels = (await carriers.labels_of_parcels(tx, [return_id])).get(return_id, [])
    return next((one for one in labels if one.state in USABLE), None)


async def posting_of(tx: Tx, one: Return) -> Posting:
    """Return how a return of an order is sent to us by post."""
    near = await _around(tx, [one])
    order = near.orders[one.order_id] if one.order_id else None
    labels = (await carriers.labels_of_parcels(tx, [one.id])).get(one.id, [])
    usable = next((label for label in labels if label.state in USABLE), None)
    young = one.authorized_at is not None and tx.now - one.authorized_at < LABEL_AWAITED_MAX
    return Posting(
        label=usable,
        awaited=not labels and young and _shipment(tx, one, near) is not None,
        to=_destination(one, order, near) if order else None,
    )


async def _around(tx: Tx, posted: Sequence[Return]) -> _Around:
    heads = await orders.list_heads(tx, [one.order_id for one in posted if one.order_id])
    wanted = {head.ship_address_id for head in heads.values() if head.ship_address_id}
    addresses = (await customers.addresses_by_id(tx, list(wanted))) if wanted else {}
    return _Around(
        book=await organization.book(tx),
        policies=await organization.policies(tx),
        network=await locations.network(tx),
        orders=heads,
        addresses={one.id: one.address for one in addresses.values()},
        variants=await catalog.variants_by_id(
            tx, list({line.variant_id for one in posted for line in one.lines})
        ),
    )


def _rules(order: Order, near: _Around) -> Labels:
    value, _ = near.policies.resolve(
        LABELS, order.placed_at, channel=order.channel, brand=order.brand
    )
    return value


def _destination(one: Return, order: Order, near: _Around) -> Location | None:
    if one.location_id:
        return near.network.by_id[one.location_id]
    address = near.addresses.get(order.ship_address_id) if order.ship_address_id else None
    return destination(
        near.network,
        _rules(order, near).location,
        entity=order.entity,
        country=address.country if address else near.book.market(order.market).country,
        point=locations.position_of(address.country, address.postcode) if address else None,
    )


def _shipment(tx: Tx, one: Return, near: _Around) -> Shipment | None:
    """Return the parcel of a return, None when policy wants no label or nobody knows from where."""
    order = near.orders[one.order_id] if one.order_id else None
    if order is None or order.ship_address_id not in near.addresses:
        return None
    service, to = _rules(order, near).service, _destination(one, order, near)
    if not service or to is None:
        return None
    grams = sum(
        near.variants[line.variant_id].weight_grams * line.requested
        for line in one.lines
        if line.variant_id in near.variants
    )
    return Shipment(
        parcel_id=one.id,
        location_id=to.id,
        service=service,
        sender=fulfillment.customer_address(near.addresses[order.ship_address_id]),
        recipient=fulfillment.location_address(to),
        weight_grams=max(grams, WEIGHT_GRAMS_MIN),
        shipped_on=tx.now.date(),
        reference=one.number,
    )


async def erase(tx: Tx, erasure: Erasure) -> list[Erased]:
    """Have the labels erased of what a person has sent back."""
    order_ids = await orders.list_of_customers(tx, list(erasure.customer_ids))
    return await carriers.erase_labels(tx, await views.list_of_orders(tx, order_ids))


ERASERS = [Eraser("returns", erase)]
