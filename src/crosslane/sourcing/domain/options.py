"""What a customer can choose: delivery by each service, pickup at stores near by."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, Protocol, get_args
from uuid import UUID

import msgspec

from crosslane.locations import Location, Near, Network, Point
from crosslane.sourcing.domain.cart import Cart
from crosslane.sourcing.domain.requests import Kept, SourcedMethod
from crosslane.sourcing.domain.ways import Lacking, Way

# Ways in which goods are fetched at a store, the one that is asked for first.
Fetched = Literal["pickup", "ship_to_store"]
FETCHED: tuple[Fetched, ...] = get_args(Fetched)
FETCHED_ABLE = frozenset[str](FETCHED)

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
        service: code of the delivery service by which it is brought; "" for a pickup.
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
    service: str
    ready_at: datetime
    cost_milli: int
    lacking: tuple[Lacking, ...]
    confidence: Confidence
    offer: str = ""


class Giver(Protocol):
    """Writes offers of a cart."""

    def __call__(
        self, method: SourcedMethod, promised_at: datetime, *, store: str = "", service: str = ""
    ) -> str:
        """Return the offer of a way for a date.

        Args:
            method: how the customer gets the goods.
            promised_at: when the customer has everything at the latest.
            store: code of the store where they are fetched.
            service: by which they are shipped home or brought to the store.
        """
        ...


def delivery_options(
    cart: Cart, give: Giver, known: Mapping[tuple[str, UUID], Kept]
) -> list[DeliveryOption]:
    """Return delivery by every service that takes any of it there, the earliest first.

    Args:
        cart: what is wanted.
        give: writes offers.
        known: promises by service and location, with how often they were kept.
    """
    options = [
        DeliveryOption(
            service=service.code,
            name=service.name,
            carrier=service.carrier,
            speed=service.speed,
            promised_at=way.promised_at,
            parcels=way.parcels,
            cost_milli=way.cost_milli,
            lacking=way.lacking,
            confidence=_confidence(way, service.code, known),
            offer="" if way.lacking else give("ship", way.promised_at, service=service.code),
        )
        for service, way in cart.deliveries()
    ]
    options.sort(key=lambda each: (each.promised_at, each.cost_milli, each.service))
    return options


def _confidence(way: Way, service: str, known: Mapping[tuple[str, UUID], Kept]) -> Confidence:
    found = [known.get((service, sender), NONE_KEPT) for sender in way.senders]
    promises = min([each.promised for each in found], default=0)
    return Confidence(
        units_left=way.units_left,
        parcels_left=way.parcels_left,
        transit_days=way.transit_days,
        promises=promises,
        kept_bp=min([each.share_bp for each in found]) if promises else None,
    )


def stores_near(network: Network, point: Point, limit: int) -> list[Near]:
    """Return the stores nearest to a point at which goods can be fetched."""
    return network.nearest_able(point, limit, FETCHED_ABLE)


def pickup_options(cart: Cart, stores: Iterable[Near], give: Giver) -> list[PickupOption]:
    """Return pickup at each store that can have any of it, the nearest first.

    Where everything lies in the store it is a pickup; otherwise goods are brought to the store when
    it takes them, else what lies there can be fetched.

    Args:
        cart: what is wanted.
        stores: with their distance.
        give: writes offers.
    """
    found = [(near, _best(cart, near.location)) for near in stores]
    return [_pickup(near, *best, give) for near, best in found if best is not None]


def _best(cart: Cart, store: Location) -> tuple[Fetched, Way] | None:
    """Return the way to fetch the most at a store."""
    best: tuple[Fetched, Way] | None = None
    for method in FETCHED:
        way = cart.fetched(store, method) if store.can(method) else None
        if way and (best is None or way.units_lacking < best[1].units_lacking):
            best = method, way
        if best and not best[1].lacking:
            break
    return best


def _pickup(near: Near, method: Fetched, way: Way, give: Giver) -> PickupOption:
    code = near.location.code
    return PickupOption(
        location=code,
        name=near.location.name,
        distance_metres=near.distance_metres,
        method=method,
        service=way.service,
        ready_at=way.promised_at,
        cost_milli=way.cost_milli,
        lacking=way.lacking,
        confidence=Confidence(
            units_left=way.units_left,
            parcels_left=way.parcels_left,
            transit_days=way.transit_days,
        ),
        offer="" if way.lacking else give(method, way.promised_at, store=code, service=way.service),
    )
