"""From requests to plans, one after the other, on one survey that remembers what is used."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from crosslane import locations
from crosslane.carriers import RateBook, rate_book
from crosslane.inventory import Survey
from crosslane.kernel import Refusal, new_id
from crosslane.locations import Location, Network
from crosslane.platform.database import Tx
from crosslane.sourcing.domain.planning import plan
from crosslane.sourcing.service.problems import Surroundings, build_problem, capacity_day
from crosslane.sourcing.service.promises import promised_at
from crosslane.sourcing.service.requests import Sourced, SourcingRequest


async def plan_orders(
    tx: Tx, requests: Sequence[SourcingRequest], survey: Survey
) -> list[Sourced | Refusal]:
    """Decide which locations serve which units, the requests in order.

    What a plan uses is marked on the survey, so the next one does not count on it; nothing is
    promised by this. One statement whatever the number of requests, for the day's capacities.

    Args:
        tx: open transaction.
        requests: questions.
        survey: stock that may be promised to the requests' channel.

    Returns:
        For each request what was decided, or why it cannot be: no such service to that address.
    """
    network, rates = await locations.network(tx), await rate_book(tx)
    around = Surroundings(network, rates, survey, await _free(tx, requests, survey, network))
    answers: list[Sourced | Refusal] = []
    for request in requests:
        try:
            answers.append(_decide(request, around))
        except Refusal as refusal:
            answers.append(refusal)
    return answers


def _decide(request: SourcingRequest, around: Surroundings) -> Sourced:
    problem = build_problem(request, around)
    found = plan(problem)
    keys = {str(line.key): line for line in request.lines}
    placed: list[tuple[UUID, UUID, int]] = []
    for assignment in found.assignments:
        line = keys[assignment.line]
        location = around.network.by_code[assignment.place]
        around.survey.take(line.variant.id, location.id, assignment.quantity)
        placed.append((line.key, location.id, assignment.quantity))
    for parcel in found.parcels:
        location = around.network.by_code[parcel.place]
        around.use_capacity(location.id, capacity_day(request), parcel.parcels)
    senders = {location_id for _, location_id, _ in placed}
    return Sourced(
        request=request,
        placed=placed,
        unfilled=[(keys[u.line].key, u.quantity, u.reason) for u in found.unfilled],
        promised_at=_promise(request, [around.network.by_id[s] for s in senders], around.rates),
        receipt_id=new_id(),
        problem=problem,
        plan=found,
    )


def _promise(request: SourcingRequest, senders: Sequence[Location], rates: RateBook):
    moments = [promised_at(request, sender, rates) for sender in senders]
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


async def _free(
    tx: Tx, requests: Sequence[SourcingRequest], survey: Survey, network: Network
) -> dict[tuple[UUID, date], int]:
    """Return what is left of the day's capacity wherever it is limited and might be used."""
    limits = {at.id: at.parcels_per_day for at in network.all if at.parcels_per_day is not None}
    wanted = {
        (location_id, capacity_day(request))
        for request in requests
        for line in request.lines
        for location_id in survey.candidates(line.variant.id)
        if location_id in limits
    }
    if not wanted:
        return {}
    taken = await locations.capacity_taken(tx, sorted(wanted))
    return {key: limits[key[0]] - taken.get(key, 0) for key in wanted}
