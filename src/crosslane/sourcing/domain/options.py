"""What a customer can choose: delivery by each service, pickup at stores near by."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from crosslane.locations import Near, Network, Point
from crosslane.sourcing.domain.cart import Cart
from crosslane.sourcing.domain.requests import Kept, SourcingRequest
from crosslane.sourcing.domain.sourcing import Foreseen

# Ways in which goods are fetched at a store, the one that is asked for first.
Fetched = Literal["pickup", "ship_to_store"]
FETCHED: tuple[Fetched, ...] = get_args(Fetched)


class Lacking(msgspec.Struct, frozen=True):
    """Units that an option leaves out; they would be backordered."""

    sku: str
    quantity: int


NONE_KEPT = Kept(0, 0)


class Confidence(msgspec.Struct, frozen=True, kw_only=True):
    """How sure an option is, in figures that were counted.

    Args:
        units_left: of the article that is scarcest where it would come from, units that could
            still be promised there afterwards; safety stock and ring-fences are kept besides.
        parcels_left: parcels that the fullest of its senders could still send on its day
            afterwards; None when none has a limit.
        transit_days: days from the last parcel's leaving to its promised day; 0 when nothing is
            sent.
        promises: parcels of its service from its senders that have arrived and were promised for
            an instant, of the sender that has fewest; 0 for goods that are fetched.
        kept_bp: how often they came in time, in hundredths of a percent: one more than the kept by
            two more than the promised, of the sender where that is least. None while one of them
            has promised nothing yet.
    """

    units_left: int
    parcels_left: int | None
    transit_days: int
    promises: int = 0
    kept_bp: int | None = None


class DeliveryOption(msgspec.Struct, frozen=True, kw_only=True):
    """Delivery by one service.

    Args:
        service: its code.
        name: for people.
        carrier: code of the carrier.
        speed: economy, standard or express.
        promised_at: when everything that can be sent has arrived, for whoever orders before the
            offer expires.
        parcels: how many there will be.
        cost_milli: what it costs the retailer, in thousandths of a minor unit; what the customer
            pays is a matter of pricing.
        lacking: what cannot be sent.
        confidence: how sure it is.
        offer: places an order that has everything by then, or is refused; "" when something is
            lacking.
    """

    service: str
    name: str
    carrier: str
    speed: str
    promised_at: datetime
    parcels: int
    cost_milli: int
    lacking: tuple[Lacking, ...]
    confidence: Confidence
    offer: str = ""


class PickupOption(msgspec.Struct, frozen=True, kw_only=True):
    """Pickup at one store.

    Args:
        location: its code.
        name: for people.
        distance_metres: from where the customer asks.
        method: ``pickup`` of what lies there, ``ship_to_store`` when some must be brought.
        ready_at: when everything that can be had is ready, for whoever orders before the offer
            expires.
        cost_milli: what it costs the retailer, in thousandths of a minor unit.
        lacking: what cannot be had.
        confidence: how sure it is.
        offer: places an order that has everything by then, or is refused; "" when something is
            lacking.
    """

    location: str
    name: str
    distance_metres: int
    method: Fetched
    ready_at: datetime
    cost_milli: int
    lacking: tuple[Lacking, ...]
    confidence: Confidence
    offer: str = ""


# Writes the offer of a request for a date.
Giver = Callable[[SourcingRequest, datetime], str]
# A delivery, and the locations that would send for it.
Delivery = tuple[DeliveryOption, frozenset[UUID]]


def with_history(
    deliveries: Iterable[Delivery], known: Mapping[tuple[str, UUID], Kept]
) -> list[DeliveryOption]:
    """Return deliveries with how often promises like theirs were kept.

    Args:
        deliveries: with their senders.
        known: promises by service and location.
    """
    options: list[DeliveryOption] = []
    for option, senders in deliveries:
        found = [known.get((option.service, sender), NONE_KEPT) for sender in senders]
        promises = min([each.promised for each in found], default=0)
        share = min([each.share_bp for each in found], default=0)
        sure = msgspec.structs.replace(
            option.confidence, promises=promises, kept_bp=share if promises else None
        )
        options.append(msgspec.structs.replace(option, confidence=sure))
    return options


def delivery_options(cart: Cart, give: Giver) -> list[Delivery]:
    """Return delivery by every service that takes any of it there, the earliest first.

    Args:
        cart: what is wanted.
        give: writes offers.
    """
    options: list[Delivery] = []
    for service, found in cart.deliveries():
        if not found.plan.assignments or found.promised_at is None:
            continue
        lacking = _lacking(cart, found)
        option = DeliveryOption(
            service=service.code,
            name=service.name,
            carrier=service.carrier,
            speed=service.speed,
            promised_at=found.promised_at,
            parcels=sum(parcel.parcels for parcel in found.plan.parcels),
            cost_milli=found.plan.sent_milli,
            lacking=lacking,
            confidence=_confidence(cart, found),
            offer="" if lacking else give(found.request, found.promised_at),
        )
        options.append((option, frozenset(found.ship_days)))
    return sorted(options, key=_earliest)


def _earliest(delivery: Delivery) -> tuple[datetime, int, str]:
    option, _ = delivery
    return option.promised_at, option.cost_milli, option.service


def stores_near(network: Network, point: Point, limit: int) -> list[Near]:
    """Return the stores nearest to a point at which goods can be fetched."""
    return network.nearest(
        point, limit, accept=lambda at: bool(at.abilities & {"pickup", "ship_to_store"})
    )


def pickup_options(cart: Cart, stores: Iterable[Near], give: Giver) -> list[PickupOption]:
    """Return pickup at each store that can have any of it, the nearest first.

    Where everything lies in the store it is a pickup; otherwise goods are brought to the store when
    it takes them, else what lies there can be fetched.

    Args:
        cart: what is wanted.
        stores: with their distance.
        give: writes offers.
    """
    options: list[PickupOption] = []
    for near in stores:
        best: PickupOption | None = None
        for method in FETCHED:
            option = _pickup(cart, near, method, give) if near.location.can(method) else None
            if option and (best is None or _units(option) < _units(best)):
                best = option
            if best and not best.lacking:
                break
        if best:
            options.append(best)
    return options


def _pickup(cart: Cart, near: Near, method: Fetched, give: Giver) -> PickupOption | None:
    found = cart.fetched(near.location, method)
    if found is None or not found.plan.assignments or found.promised_at is None:
        return None
    lacking = _lacking(cart, found)
    return PickupOption(
        location=near.location.code,
        name=near.location.name,
        distance_metres=near.distance_metres,
        method=method,
        ready_at=found.promised_at,
        cost_milli=found.plan.sent_milli,
        lacking=lacking,
        confidence=_confidence(cart, found),
        offer="" if lacking else give(found.request, found.promised_at),
    )


def _confidence(cart: Cart, found: Foreseen) -> Confidence:
    taken: dict[tuple[UUID, UUID], int] = {}
    for given in found.plan.assignments:
        key = cart.lines[given.line].id, found.locations[given.place].id
        taken[key] = taken.get(key, 0) + given.quantity
    days, counted = found.ship_days, cart.world.taken
    free: list[int] = []
    for at in found.locations.values() if days else ():
        if at.id in days and at.parcels_per_day is not None:
            sent = sum([each.parcels for each in found.plan.parcels if each.place == at.code])
            free.append(at.parcels_per_day - counted.get((at.id, days[at.id]), 0) - sent)
    arrives, last = found.promised_at, max(days.values(), default=None)
    return Confidence(
        units_left=min([cart.survey.available(*key) - units for key, units in taken.items()]),
        parcels_left=max(0, min(free)) if free else None,
        transit_days=(arrives.date() - last).days if arrives and last else 0,
    )


def _units(option: PickupOption) -> int:
    return sum(lacking.quantity for lacking in option.lacking)


def _lacking(cart: Cart, found: Foreseen) -> tuple[Lacking, ...]:
    if not found.plan.unfilled:
        return ()
    missing: dict[str, int] = {}
    for left in found.plan.unfilled:
        sku = cart.lines[left.line].sku
        missing[sku] = missing.get(sku, 0) + left.quantity
    return tuple(Lacking(sku, quantity) for sku, quantity in sorted(missing.items()))
