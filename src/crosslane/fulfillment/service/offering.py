"""From orders that are ready to work for their locations."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from crosslane import locations, orders, organization, vendors
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import DISPATCH, FulfillmentMethod, Work, WorkLine
from crosslane.kernel import new_id
from crosslane.orders import Released
from crosslane.platform import log
from crosslane.platform.database import Tx

WHY = "offered"
PICKUP_CODE_DIGITS = 6


async def offer(tx: Tx, order_ids: Sequence[UUID], cause: log.Cause) -> list[Work]:
    """Release what is allocated and give it to its locations as fulfillment orders.

    Orders that something holds back are left alone; asked again, nothing happens twice. A location
    whose policy says so takes the work on at once; a vendor is sent a purchase order.
    """
    released = await orders.release(tx, order_ids, cause, WHY)
    if not released:
        return []
    policies, network = await organization.policies(tx), await locations.network(tx)
    works = [
        _work(key, units, network.by_id[key[1]], policies, tx.now)
        for key, units in _grouped(released).items()
    ]
    await storage.insert_works(tx, works)
    from_vendors = [w for w in works if network.by_id[w.location_id].kind == "vendor"]
    await vendors.place_orders(tx, [_wish(work) for work in from_vendors], cause)
    told: list[log.Event] = []
    for work in works:
        told.append(event_of(events.FulfillmentOffered, work, units=work.units))
        if work.state == "accepted":
            told.append(event_of(events.FulfillmentAccepted, work))
    await log.append(tx, told, [cause] * len(told))
    return works


_Key = tuple[UUID, UUID, str, UUID | None]


def _grouped(released: Sequence[Released]) -> dict[_Key, list[Released]]:
    grouped: dict[_Key, list[Released]] = {}
    for one in released:
        key = (one.order_id, one.location_id, one.method, one.store_id)
        grouped.setdefault(key, []).append(one)
    return grouped


def _work(
    key: _Key,
    units: Sequence[Released],
    location: locations.Location,
    policies: organization.PolicyBook,
    now: datetime,
) -> Work:
    _, location_id, method, store_id = key
    first = units[0]
    policy, _ = policies.resolve(DISPATCH, now, location=location.code)
    kind = "pickup" if store_id == location_id else method
    # A vendor takes its work on when it says so.
    by_itself = policy.accepts_by_itself and location.kind != "vendor"
    accepted = by_itself or location.kind == "warehouse"
    promises = [one.promised_at for one in units if one.promised_at]
    return Work(
        id=new_id(),
        order_id=first.order_id,
        order_number=first.number,
        channel=first.channel,
        locale=first.locale,
        location_id=location_id,
        method=msgspec.convert(kind, FulfillmentMethod),
        store_id=store_id,
        service=first.service,
        ship_address_id=first.ship_address_id,
        state="accepted" if accepted else "offered",
        placed_at=first.placed_at,
        offered_at=now,
        accepted_at=now if accepted else None,
        promised_at=min(promises) if promises else None,
        pickup_code=pickup_code() if kind == "pickup" else None,
        lines=[
            WorkLine(
                id=new_id(),
                line_id=one.line_id,
                variant_id=one.variant_id,
                sku=one.sku,
                title=one.title,
                quantity=one.quantity,
            )
            for one in units
        ],
    )


def _wish(work: Work) -> vendors.OrderWish:
    if work.ship_address_id is None:
        raise LookupError(f"fulfillment order {work.id} has nowhere to go")
    return vendors.OrderWish(
        id=work.id,
        order_id=work.order_id,
        reference=work.order_number,
        location_id=work.location_id,
        service=work.service,
        ship_address_id=work.ship_address_id,
        promised_at=work.promised_at,
        lines=[
            vendors.LineWish(
                line_id=line.line_id,
                variant_id=line.variant_id,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
            )
            for line in work.lines
        ],
    )


def collect_by(
    policies: organization.PolicyBook, location: locations.Location, now: datetime
) -> datetime:
    """Return until when goods that are ready now wait for their customer.

    Counted from the time of recording: an order told of late is still given its days.
    """
    policy, _ = policies.resolve(DISPATCH, now, location=location.code)
    return now + timedelta(days=policy.collect_days)


def pickup_code() -> str:
    """Return a code for a customer to show; only the customer is told."""
    return f"{secrets.randbelow(10**PICKUP_CODE_DIGITS):0{PICKUP_CODE_DIGITS}}"


def event_of(
    kind: type[events.FulfillmentEvent], work: Work, **more: object
) -> events.FulfillmentEvent:
    """Return an event of some work; ``more`` are the fields of its own."""
    fields: dict[str, Any] = more
    return kind(
        fulfillment_order_id=work.id,
        order_id=work.order_id,
        location_id=work.location_id,
        **fields,
    )
