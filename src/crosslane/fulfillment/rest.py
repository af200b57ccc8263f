"""Fulfillment over HTTP: a location's queue, and what its people do."""

from datetime import datetime
from uuid import UUID

from crosslane.carriers import ParcelTooHeavy, ServiceUnknown
from crosslane.fulfillment import errors
from crosslane.fulfillment.domain import State
from crosslane.fulfillment.service import following
from crosslane.fulfillment.service.following import WorkView
from crosslane.fulfillment.service.handing import COLLECT, HAND_OVER, Collect, HandOver
from crosslane.fulfillment.service.packing import PACK, Pack, PackUnits
from crosslane.fulfillment.service.transfers import ARRIVE, Arrival, Arrive
from crosslane.fulfillment.service.working import (
    ACCEPT,
    PICK,
    REJECT,
    Accept,
    Pick,
    PickUnits,
    Reject,
    Worked,
)
from crosslane.kernel import Page
from crosslane.orders import OutOfStep
from crosslane.platform.web import Caller, Paging, get, post

EXAMPLE = UUID("018f0000-0000-7000-8000-000000000001")
BULK_BYTES_MAX = 4 << 20


@get("/api/v1/fulfillment-orders", permission="fulfillment:read")
async def list_work(
    caller: Caller,
    paging: Paging,
    location_id: UUID | None = None,
    state: State | None = None,
    order_id: UUID | None = None,
    store_id: UUID | None = None,
) -> Page[WorkView]:
    """List work, the soonest promise first; an associate sees the own location's.

    With ``store_id`` it is the work whose goods are collected at that store, wherever it is done.
    """
    async with caller.read() as tx:
        found = await following.list_queue(
            tx,
            location_id=location_id,
            state=state,
            order_id=order_id,
            store_id=store_id,
            after=paging.after(datetime, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda work: (work.promised_at or following.NEVER, work.id))


@get(
    "/api/v1/fulfillment-orders/{work_id}",
    permission="fulfillment:read",
    raises=(errors.NoSuchFulfillmentOrder,),
)
async def show_work(caller: Caller, work_id: UUID) -> WorkView:
    """Show one piece of work."""
    async with caller.read() as tx:
        return await following.work_view(tx, work_id)


@post(
    "/api/v1/fulfillment-acceptances",
    permission="fulfillment:work",
    command=ACCEPT,
    raises=(errors.NoSuchFulfillmentOrder, errors.SuppliedByVendor, errors.NotInState),
    example=Accept([EXAMPLE]),
)
async def accept_work(caller: Caller, data: Accept) -> list[Worked]:
    """Take work on, one or many at once."""
    return await caller.submit(ACCEPT, data)


@post(
    "/api/v1/fulfillment-rejections",
    permission="fulfillment:work",
    command=REJECT,
    raises=(errors.NoSuchFulfillmentOrder, errors.SuppliedByVendor, errors.NotInState),
    example=Reject(EXAMPLE, "the shelf was flooded"),
)
async def reject_work(caller: Caller, data: Reject) -> Worked:
    """Turn work down; other stock is found at once."""
    return await caller.submit(REJECT, data)


@post(
    "/api/v1/picks",
    permission="fulfillment:work",
    command=PICK,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(
        errors.NoSuchFulfillmentOrder,
        errors.NoSuchFulfillmentLine,
        errors.SuppliedByVendor,
        errors.NotInState,
        errors.TooManyPicked,
    ),
    example=PickUnits([Pick(EXAMPLE)]),
)
async def pick_units(caller: Caller, data: PickUnits) -> list[Worked]:
    """Report units taken from the shelf, and those that were not there."""
    return await caller.submit(PICK, data)


@post(
    "/api/v1/parcels",
    permission="fulfillment:work",
    command=PACK,
    body_bytes_max=BULK_BYTES_MAX,
    raises=(
        errors.NoSuchFulfillmentOrder,
        errors.NoSuchFulfillmentLine,
        errors.SuppliedByVendor,
        errors.NotInState,
        errors.NothingPicked,
        errors.TooManyPacked,
        OutOfStep,
        ServiceUnknown,
        ParcelTooHeavy,
    ),
    example=PackUnits([Pack(EXAMPLE)]),
)
async def pack_units(caller: Caller, data: PackUnits) -> list[Worked]:
    """Close parcels: one action makes label, tracking and message."""
    return await caller.submit(PACK, data)


@post(
    "/api/v1/handovers",
    permission="fulfillment:work",
    command=HAND_OVER,
    raises=(errors.NoSuchFulfillmentOrder, errors.SuppliedByVendor, errors.NothingPacked),
    example=HandOver([EXAMPLE]),
)
async def hand_over_parcels(caller: Caller, data: HandOver) -> list[Worked]:
    """Report parcels that the carrier's driver has taken; told twice, the first time stands."""
    return await caller.submit(HAND_OVER, data)


@post(
    "/api/v1/collections",
    permission="fulfillment:work",
    command=COLLECT,
    raises=(
        errors.NoSuchFulfillmentOrder,
        errors.NotInState,
        errors.ProofMissing,
        errors.WrongPickupCode,
        errors.HeldBack,
        OutOfStep,
    ),
    example=Collect(EXAMPLE, "123456"),
)
async def collect_goods(caller: Caller, data: Collect) -> Worked:
    """Hand goods to the customer at the store, for the pickup code or a signature."""
    return await caller.submit(COLLECT, data)


@post(
    "/api/v1/arrivals",
    permission="fulfillment:work",
    command=ARRIVE,
    raises=(errors.NoSuchFulfillmentOrder, errors.NothingInTransit, OutOfStep),
    example=Arrive(EXAMPLE),
)
async def arrive_at_store(caller: Caller, data: Arrive) -> Arrival:
    """Report parcels that have reached the store; their goods wait for the customer."""
    return await caller.submit(ARRIVE, data)


ROUTES = [
    list_work,
    show_work,
    accept_work,
    reject_work,
    pick_units,
    pack_units,
    hand_over_parcels,
    arrive_at_store,
    collect_goods,
]
