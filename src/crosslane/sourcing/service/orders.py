"""Sourcing the orders of a batch: each is planned on what the earlier ones have left."""

from collections.abc import Sequence
from uuid import UUID

from crosslane.carriers import rate_book
from crosslane.inventory import Survey
from crosslane.kernel import Refusal, new_id
from crosslane.locations import capacity_taken, network
from crosslane.organization import policies
from crosslane.platform.database import Tx
from crosslane.sourcing import storage
from crosslane.sourcing.domain import DispatchDays, decide
from crosslane.sourcing.domain.requests import KeptReceipt, Sourced, SourcingRequest
from crosslane.sourcing.errors import UnknownReceipt
from crosslane.sourcing.service.building import (
    World,
    capacity_keys,
    line_key,
    problem_for,
    reachable,
    route_of,
)
from crosslane.sourcing.service.promising import promised_at, ship_days

_DAYS = DispatchDays()


async def plan_orders(
    tx: Tx, requests: Sequence[SourcingRequest], survey: Survey
) -> list[Sourced | Refusal]:
    """Plan the orders of a batch, earlier ones first; nothing is promised or written.

    One statement for the whole batch, for the capacity that is taken; none when no location that
    matters has a limit.

    Args:
        tx: open transaction.
        requests: one per way in which lines of an order reach the customer.
        survey: what is available; the plans are marked in it, so that later ones see what earlier
            ones use.

    Returns:
        One decision per request, in order, or why it could not be planned: ServiceUnknown,
        NotDelivered, NoDeliveryService.
    """
    world = World(await network(tx), await rate_book(tx), await policies(tx), _DAYS, {})
    keys = {key for request in requests for key in capacity_keys(world, request, survey)}
    if keys:
        world.taken = await capacity_taken(tx, sorted(keys))
    return [_sourced(world, request, survey) for request in requests]


def _sourced(world: World, request: SourcingRequest, survey: Survey) -> Sourced | Refusal:
    try:
        route = route_of(world, request)
    except Refusal as refusal:
        return refusal
    locations = reachable(world, request, survey)
    receipt = decide(problem_for(world, request, survey, route, locations))
    plan = receipt.plan
    by_code = {location.code: location for location in locations}
    lines = {line_key(number): line for number, line in enumerate(request.lines)}
    used = [by_code[code] for code in sorted({given.place for given in plan.assignments})]
    days = ship_days(world, request, used)
    promise = promised_at(world, request, route, used, days)
    for parcel in plan.parcels:
        location_id = by_code[parcel.place].id
        if location_id in days:
            key = location_id, days[location_id]
            world.taken[key] = world.taken.get(key, 0) + parcel.parcels
    placed: list[tuple[UUID, UUID, int]] = []
    for given in plan.assignments:
        line, location = lines[given.line], by_code[given.place]
        survey.take(line.variant.id, location.id, given.quantity)
        placed.append((line.key, location.id, given.quantity))
    return Sourced(
        request=request,
        placed=placed,
        unfilled=[(lines[left.line].key, left.quantity, left.reason) for left in plan.unfilled],
        receipt_id=new_id(),
        receipt=receipt,
        service=route.service,
        ship_days=days,
        promised_at=promise,
        cost_milli=plan.cost_milli,
    )


async def save_receipts(tx: Tx, sourced: Sequence[Sourced]) -> None:
    """Keep how these decisions were made, by one statement."""
    if sourced:
        await storage.insert_receipts(tx, sourced)


async def receipt_by_id(tx: Tx, receipt_id: UUID) -> KeptReceipt:
    """Return one decision.

    Raises:
        UnknownReceipt: there is none.
    """
    found = await storage.find_receipt(tx, receipt_id)
    if found is None:
        raise UnknownReceipt(receipt_id=str(receipt_id))
    return found


async def receipts_of_order(
    tx: Tx, order_id: UUID, *, after: UUID | None = None, limit: int
) -> list[KeptReceipt]:
    """Return the decisions on an order, the oldest first."""
    return await storage.list_receipts(tx, order_id, after, limit)
