"""Sourcing the orders of a batch: each is planned on what the earlier ones have left."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from crosslane.inventory import Survey
from crosslane.kernel import Refusal, made_before, new_id
from crosslane.locations import CapacityKey
from crosslane.platform import upkeep
from crosslane.platform.database import Tx
from crosslane.sourcing import storage
from crosslane.sourcing.domain import (
    Adoption,
    KeptReceipt,
    Receipt,
    Sourced,
    SourcingProblem,
    SourcingRequest,
    World,
    at_a_glance,
    decide,
    question_of,
    route_of,
    sourced,
)
from crosslane.sourcing.errors import ReceiptForgotten, UnknownReceipt
from crosslane.sourcing.service.world import world_for

# Nothing else of the process runs meanwhile, and the server ends idle transactions after seconds.
PLANNING_SECONDS_MAX = 0.25
# Orders with as many candidates take a tenth of a second and more: such as 100 lines at 50 places.
CANDIDATES_ASIDE_MIN = 5_000
# Holds last a day at most and may be renewed.
DRAFT_DAYS = 7
# Longer than `crosslane simulate` looks back.
RECEIPT_DAYS = 400
RECEIPTS_FORGOTTEN_SECONDS = 86_400.0
FORGET_EVERY_SECONDS = 3_600.0
FORGOTTEN_AT_ONCE_MAX = 1_000
# One thread: two would take from the event loop what one leaves it.
ASIDE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sourcing")


async def plan_orders(
    tx: Tx,
    requests: Sequence[SourcingRequest],
    survey: Survey,
    returned: Mapping[CapacityKey, int] | None = None,
) -> list[Sourced | Refusal]:
    """Plan the orders of a batch, earlier ones first; nothing is promised or written.

    One statement for the whole batch, for the capacity that is taken; none when no location that
    matters has a limit. When it takes long, others get their turn between two orders and beside
    a large one, and the server a sign that the transaction is not idle.

    Args:
        tx: open transaction.
        requests: one per way in which lines of an order reach the customer.
        survey: what is available; the plans are marked in it, so that later ones see what earlier
            ones use.
        returned: parcels that will be given back, by location and day.

    Returns:
        One decision per request, in order, or why it could not be planned: ServiceUnknown,
        NotDelivered, NoDeliveryService.
    """
    world = await world_for(tx, requests, survey, returned)
    answers: list[Sourced | Refusal] = []
    begun = monotonic()
    for request in requests:
        if monotonic() - begun > PLANNING_SECONDS_MAX:
            await storage.show_life(tx)
            begun = monotonic()
        answers.append(await _answer(tx, world, request, survey))
    return answers


async def _answer(
    tx: Tx, world: World, request: SourcingRequest, survey: Survey
) -> Sourced | Refusal:
    try:
        route = route_of(world, request)
    except Refusal as refusal:
        return refusal
    receipt_id = new_id()
    seen = at_a_glance(world, request, route, survey)
    if seen is not None:
        return sourced(world, request, survey, route, seen, receipt_id)
    asked = question_of(world, request, survey, route)
    if sum(len(line.candidates) for line in asked.problem.lines) < CANDIDATES_ASIDE_MIN:
        receipt = decide(asked.problem)
    else:
        receipt = await decided_aside(tx, asked.problem)
    return sourced(world, request, survey, route, receipt, receipt_id)


async def decided_aside(tx: Tx, problem: SourcingProblem) -> Receipt:
    """Decide beside the event loop, so that others are answered; the server is shown life."""
    deciding = asyncio.get_running_loop().run_in_executor(ASIDE, decide, problem)
    while not deciding.done():
        await asyncio.wait([deciding], timeout=PLANNING_SECONDS_MAX)
        if not deciding.done():
            await storage.show_life(tx)
    return deciding.result()


async def save_receipts(tx: Tx, decisions: Sequence[Sourced]) -> None:
    """Keep how these decisions were made, by one statement."""
    if decisions:
        await storage.insert_receipts(tx, decisions)


async def save_drafts(tx: Tx, decisions: Sequence[Sourced]) -> None:
    """Keep how it was decided where units are held that no order has yet, by one statement."""
    if decisions:
        await storage.insert_receipts(tx, decisions, drafts=True)


async def adopt_drafts(tx: Tx, adoptions: Sequence[Adoption]) -> set[UUID]:
    """Keep drafts as decisions on the orders that have their units now, by one statement.

    Returns:
        The decisions that are kept; drafts are forgotten after DRAFT_DAYS.
    """
    return await storage.adopt_drafts(tx, adoptions) if adoptions else set()


async def forget_drafts(tx: Tx) -> bool:
    """Forget drafts that are old; tells whether more of them are left."""
    before = tx.now - timedelta(days=DRAFT_DAYS)
    return await storage.delete_drafts(tx, before, FORGOTTEN_AT_ONCE_MAX)


async def forget_receipts(tx: Tx) -> bool:
    """Forget a month of receipts that are old; tells whether more may be left."""
    return await upkeep.forget_partition(tx, storage.RECEIPTS, RECEIPT_DAYS)


async def faster_services(tx: Tx, order_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], str]:
    """Return by which service a location sends for an order where it is a faster one than asked.

    Args:
        tx: open transaction.
        order_ids: the orders.

    Returns:
        Codes of services by (order, location); most orders have none.
    """
    return await storage.list_faster(tx, order_ids) if order_ids else {}


async def receipt_by_id(tx: Tx, receipt_id: UUID) -> KeptReceipt:
    """Return one decision.

    Raises:
        ReceiptForgotten: it was made so long ago that it is not kept any more.
        UnknownReceipt: there is none.
    """
    found = await storage.find_receipt(tx, receipt_id)
    if found is None:
        refuse_forgotten(tx, receipt_id)
        raise UnknownReceipt(receipt_id=str(receipt_id))
    return found


async def receipts_of_order(
    tx: Tx, order_id: UUID, *, after: UUID | None = None, limit: int
) -> list[KeptReceipt]:
    """Return the decisions on an order by id; those of one moment in no particular order."""
    return await storage.list_receipts(tx, order_id, after, limit)


def receipts_kept_since(tx: Tx) -> datetime:
    """Return the instant before which decisions may be forgotten."""
    return tx.now - timedelta(days=RECEIPT_DAYS)


def refuse_forgotten(tx: Tx, made: UUID) -> None:
    """Say of what was not found that it may have been kept once.

    Args:
        tx: open transaction.
        made: identifier of the receipt, or of the order it was looked for.

    Raises:
        ReceiptForgotten: it was made before what is kept.
    """
    if made_before(made, receipts_kept_since(tx)):
        raise ReceiptForgotten(days=RECEIPT_DAYS)


async def planned_costs(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return what the first decisions on orders would cost, in 1/1000 minor units.

    Orders on which nothing was to be decided are left out.
    """
    return await storage.sum_first_costs(tx, order_ids)
