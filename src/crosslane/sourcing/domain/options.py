"""What a customer can choose: delivery by each service, pickup at stores near by."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from crosslane.inventory import Survey
from crosslane.kernel import Refusal
from crosslane.locations import Near, Network, Point
from crosslane.sourcing.domain.building import line_key
from crosslane.sourcing.domain.requests import SourcingRequest
from crosslane.sourcing.domain.sourcing import Foreseen, foreseen
from crosslane.sourcing.domain.world import World


class Lacking(msgspec.Struct, frozen=True):
    """Units that an option leaves out; they would be backordered."""

    sku: str
    quantity: int


class DeliveryOption(msgspec.Struct, frozen=True, kw_only=True):
    """Delivery by one service.

    Args:
        service: its code.
        name: for people.
        carrier: code of the carrier.
        speed: economy, standard or express.
        promised_at: when everything that can be sent has arrived.
        parcels: how many there will be.
        cost_milli: what it costs the retailer, in thousandths of a minor unit; what the customer
            pays is a matter of pricing.
        lacking: what cannot be sent.
    """

    service: str
    name: str
    carrier: str
    speed: str
    promised_at: datetime
    parcels: int
    cost_milli: int
    lacking: tuple[Lacking, ...]


class PickupOption(msgspec.Struct, frozen=True, kw_only=True):
    """Pickup at one store.

    Args:
        location: its code.
        name: for people.
        distance_metres: from where the customer asks.
        method: ``pickup`` of what lies there, ``ship_to_store`` when some must be brought.
        ready_at: when everything that can be had is ready.
        cost_milli: what it costs the retailer, in thousandths of a minor unit.
        lacking: what cannot be had.
    """

    location: str
    name: str
    distance_metres: int
    method: Literal["pickup", "ship_to_store"]
    ready_at: datetime
    cost_milli: int
    lacking: tuple[Lacking, ...]


def delivery_options(
    world: World, request: SourcingRequest, survey: Survey
) -> list[DeliveryOption]:
    """Return delivery by every service that takes any of it there, the earliest first.

    Args:
        world: what it is decided on.
        request: what is wanted, to be shipped; its service is not looked at.
        survey: what is available; nothing is marked.
    """
    options: list[DeliveryOption] = []
    for service in world.book.services():
        asked = msgspec.structs.replace(request, service=service.code)
        found = _foreseen(world, asked, survey)
        if found is None or found.promised_at is None:
            continue
        plan = found.plan
        options.append(
            DeliveryOption(
                service=service.code,
                name=service.name,
                carrier=service.carrier,
                speed=service.speed,
                promised_at=found.promised_at,
                parcels=sum(parcel.parcels for parcel in plan.parcels),
                cost_milli=plan.sent_milli,
                lacking=_lacking(asked, found),
            )
        )
    return sorted(options, key=lambda o: (o.promised_at, o.cost_milli, o.service))


def stores_near(network: Network, point: Point, limit: int) -> list[Near]:
    """Return the stores nearest to a point at which goods can be fetched."""
    return network.nearest(
        point, limit, accept=lambda at: bool(at.abilities & {"pickup", "ship_to_store"})
    )


def pickup_options(
    world: World, request: SourcingRequest, survey: Survey, stores: Iterable[Near]
) -> list[PickupOption]:
    """Return pickup at each store that can have any of it, the nearest first.

    Where everything lies in the store it is a pickup; otherwise goods are brought to the store when
    it takes them, else what lies there can be fetched.

    Args:
        world: what it is decided on.
        request: what is wanted; its method, store and service are not looked at.
        survey: what is available; nothing is marked.
        stores: with their distance.
    """
    options: list[PickupOption] = []
    for near in stores:
        trials = [
            msgspec.structs.replace(request, method=method, store=near.location, service="")
            for method in ("pickup", "ship_to_store")
            if near.location.can(method)
        ]
        best: PickupOption | None = None
        for asked in trials:
            option = _pickup(world, asked, survey, near)
            if option and (best is None or _units(option) < _units(best)):
                best = option
            if best and not best.lacking:
                break
        if best:
            options.append(best)
    return options


def _pickup(
    world: World, asked: SourcingRequest, survey: Survey, near: Near
) -> PickupOption | None:
    found = _foreseen(world, asked, survey)
    if found is None or found.promised_at is None:
        return None
    return PickupOption(
        location=near.location.code,
        name=near.location.name,
        distance_metres=near.distance_metres,
        method="pickup" if asked.method == "pickup" else "ship_to_store",
        ready_at=found.promised_at,
        cost_milli=found.plan.sent_milli,
        lacking=_lacking(asked, found),
    )


def _units(option: PickupOption) -> int:
    return sum(lacking.quantity for lacking in option.lacking)


def _foreseen(world: World, asked: SourcingRequest, survey: Survey) -> Foreseen | None:
    """Return what would be done; None when nothing can be, which is no option."""
    try:
        found = foreseen(world, asked, survey)
    except Refusal:
        return None
    return found if found.plan.assignments else None


def _lacking(asked: SourcingRequest, found: Foreseen) -> tuple[Lacking, ...]:
    skus = {line_key(number): line.variant.sku for number, line in enumerate(asked.lines)}
    missing: dict[str, int] = {}
    for left in found.plan.unfilled:
        missing[skus[left.line]] = missing.get(skus[left.line], 0) + left.quantity
    return tuple(Lacking(sku, quantity) for sku, quantity in sorted(missing.items()))
