"""Demand on stock: survey, allocate, give back, pass on, ship, find what is short."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from crosslane.inventory.domain import demand
from crosslane.inventory.domain.demand import (
    Allocated,
    AllocationRequest,
    Release,
    Shipment,
    Shipped,
    Transfer,
)
from crosslane.inventory.domain.sheet import Sheet
from crosslane.inventory.domain.survey import Survey
from crosslane.inventory.service.sheets import Fact, doers_of, open_sheet, save_sheet
from crosslane.inventory.service.surroundings import reserves_of
from crosslane.inventory.storage import positions, surveys
from crosslane.inventory.storage.positions import Losing, Place
from crosslane.kernel import Refusal, minute_of
from crosslane.platform import log
from crosslane.platform.database import Tx

LOSING_MAX = 10_000
COUNTER_SALES_MAX = 200_000


async def survey(
    tx: Tx,
    variant_ids: Sequence[UUID],
    *,
    channel_id: UUID | None = None,
    location_ids: Sequence[UUID] | None = None,
    arrivals: bool = False,
) -> Survey:
    """Read what could be promised of some variants, without protecting anything.

    Args:
        tx: open transaction.
        variant_ids: which variants.
        channel_id: who asks; its ring-fences are open to it.
        location_ids: only there; None for everywhere.
        arrivals: also read what is on its way, by one more statement.
    """
    wanted = list(dict.fromkeys(variant_ids))
    stock = await surveys.list_stock(tx, wanted, minute_of(tx.now), location_ids)
    coming = await surveys.list_arrivals(tx, wanted, location_ids) if arrivals else None
    return Survey(
        stock,
        at=tx.now,
        reserves=await reserves_of(tx, wanted),
        channel_id=channel_id,
        arrivals=coming,
    )


async def holds_run_out(tx: Tx, variant_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when more of variants can be promised by the clock alone: their next hold runs out.

    Variants of which nothing is held are left out.
    """
    found = await surveys.list_run_out(tx, variant_ids, minute_of(tx.now))
    return {one: datetime.fromtimestamp(minute * 60, UTC) for one, minute in found.items()}


async def counter_sales(
    tx: Tx, variant_ids: Sequence[UUID], since: datetime, until: datetime
) -> list[tuple[UUID, UUID, int]]:
    """Return what customers took off the shelves themselves, at tills and unknown to any order.

    Args:
        tx: open transaction.
        variant_ids: which variants.
        since: first instant at which it occurred.
        until: first instant that does not count any more.

    Returns:
        (variant, location, units), of at most COUNTER_SALES_MAX places.
    """
    return await surveys.list_counter_sales(tx, variant_ids, since, until, COUNTER_SALES_MAX)


async def allocate(
    tx: Tx,
    requests: Sequence[AllocationRequest],
    *,
    causes: Sequence[log.Cause] | None = None,
) -> list[Allocated | Refusal]:
    """Promise stock, each request all or nothing, each group all or nothing.

    Two statements whatever the number of requests. Requests are decided in order against locked
    rows, so of many that want the last unit the first gets it and the others are told.

    Args:
        tx: open transaction.
        requests: what is wished.
        causes: the command each request is due to, for the journal; absent: the transaction's.

    Returns:
        One answer per request; refused ones have left nothing behind.
    """
    doers = doers_of(requests, causes)
    sheet = await open_sheet(tx, map(_place, requests), decides=True, doers=doers)
    answers = demand.decide_in_groups(sheet, requests, demand.allocate)
    await save_sheet(tx, sheet)
    return answers


async def release_allocation(
    tx: Tx, releases: Sequence[Release], *, causes: Sequence[log.Cause] | None = None
) -> list[Allocated | Refusal]:
    """Give allocated units back to the stock they came from."""
    return await _give(tx, releases, demand.release, causes)


async def transfer_allocation(
    tx: Tx, transfers: Sequence[Transfer], *, causes: Sequence[log.Cause] | None = None
) -> list[Allocated | Refusal]:
    """Pass allocated units from one demand line to another at the same location."""
    return await _give(tx, transfers, demand.transfer, causes)


async def ship(
    tx: Tx, shipments: Sequence[Shipment], *, causes: Sequence[log.Cause] | None = None
) -> list[Shipped]:
    """Record that units have left their location; a fact, so it is never refused."""
    sheet = await open_sheet(
        tx,
        facts=[
            Fact(Place(s.variant_id, s.location_id, s.condition), s.owner_id) for s in shipments
        ],
        lines=[s.cause.line for s in shipments],
        hold_ids=[s.hold_id for s in shipments if s.hold_id is not None],
        doers=doers_of(shipments, causes),
    )
    shipped = [demand.ship(sheet, shipment) for shipment in shipments]
    await save_sheet(tx, sheet)
    return shipped


async def list_losing(tx: Tx, position_ids: Sequence[UUID]) -> list[Losing]:
    """Return who goes without where stock is short now, the latest promise first.

    The truth of this transaction, for those who work off a `StockShort`.
    """
    return await positions.list_losing(tx, position_ids, LOSING_MAX)


Returned = TypeVar("Returned", Release, Transfer)


async def _give(
    tx: Tx,
    requests: Sequence[Returned],
    decide: Callable[[Sheet, Returned], Allocated | Refusal],
    causes: Sequence[log.Cause] | None,
) -> list[Allocated | Refusal]:
    sheet = await open_sheet(
        tx,
        map(_place, requests),
        lines=[request.cause.line for request in requests],
        doers=doers_of(requests, causes),
    )
    answers = [decide(sheet, request) for request in requests]
    await save_sheet(tx, sheet)
    return answers


def _place(request: demand.Wanted) -> Place:
    return Place(request.variant_id, request.location_id)
