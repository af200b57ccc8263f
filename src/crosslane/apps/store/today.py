"""Which store, and what it has to do today."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response

from crosslane import fulfillment, locations, orders, returns, transfers
from crosslane.apps.store.frame import PAGES, READ, enter
from crosslane.apps.store.returning import PERMISSION as RETURNS
from crosslane.apps.store.transfers import READ as TRANSFERS
from crosslane.apps.store.transfers import list_expected, list_to_send
from crosslane.apps.viewing import view
from crosslane.fulfillment import NEVER, State, WorkView
from crosslane.kernel import BadOrderNumber, parse_order_number
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.screens import page, see_other
from crosslane.platform.web import Caller

PLACES_SHOWN_MAX = 60
WORKS_SHOWN_MAX = 100
SOON = timedelta(hours=2)
# What hands do next, in this order.
GROUPS: tuple[State, ...] = ("offered", "accepted", "picked")


class Job(msgspec.Struct, frozen=True):
    """Work with when it is due.

    Args:
        due_at: when it has to be done, None for whenever.
        urgency: late, soon or "".
        another_day: it is not due today.
    """

    work: WorkView
    due_at: datetime | None
    urgency: str
    another_day: bool

    @property
    def units(self) -> int:
        """Units that are still wanted."""
        return sum(line.quantity - line.removed for line in self.work.lines)


@page("/store", permission=READ)
async def choose_store(caller: Caller, request: Request, q: str = "") -> Response:
    """Lead somebody of one store to it, and let others choose one."""
    async with caller.read() as tx:
        network = await locations.network(tx)
        viewer = await view(tx, caller, request)
    own = network.by_id.get(caller.actor.location_id) if caller.actor.location_id else None
    if own is not None:
        return see_other(f"/store/{own.code}/today")
    wanted = q.strip().lower()
    found = [
        place
        for place in network.all
        if place.active
        and place.kind != "vendor"
        and wanted in f"{place.code} {place.name} {place.city} {place.postcode}".lower()
    ]
    return PAGES.answer(
        viewer, "choose.html", places=found[:PLACES_SHOWN_MAX], q=q, more=len(found)
    )


@page("/store/{code}", permission=READ)
async def go_to_today(caller: Caller, code: str) -> Response:
    """Lead to what a store has to do."""
    async with caller.read() as tx:
        place = (await locations.network(tx)).require(code)
    caller.require_location(place.id)
    return see_other(f"/store/{place.code}/today")


@page("/store/{code}/today", permission=READ)
async def show_today(caller: Caller, request: Request, code: str) -> Response:
    """Show what a store has to do, by when it is due."""
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        counted = await fulfillment.count_work(tx, place.id)
        groups = {state: await jobs_of(tx, place, state) for state in GROUPS}
        leaving = await fulfillment.list_leaving(tx, place.id)
        coming = await list_coming(tx, place)
        moving = viewer.may(TRANSFERS)
        to_send = await list_to_send(tx, place) if moving else []
        expected = await list_expected(tx, place) if moving else []
    return PAGES.answer(
        viewer,
        "today.html",
        block="work" if viewer.fragment else "",
        place=place,
        counted=counted,
        most=fulfillment.COUNTED_MAX,
        groups=groups,
        leaving=len(leaving),
        coming=len(coming),
        to_send=to_send,
        expected=expected,
    )


@page("/store/{code}/find", permission=READ)
async def find_anything(caller: Caller, request: Request, code: str, q: str = "") -> Response:
    """Lead from what was scanned or typed to what it is: an order, a parcel, an article, a name."""
    wanted = q.strip()
    async with caller.read() as tx:
        _, place = await enter(tx, caller, request, code)
        moved = await _transfer_named(tx, wanted) if caller.actor.may(TRANSFERS) else ""
        back = await _return_named(tx, wanted) if caller.actor.may(RETURNS) else ""
        found = None if moved or back else await _work_named(tx, place, wanted)
    base = f"/store/{place.code}"
    if back:
        return see_other(f"{base}/returns?{urlencode({'q': back})}")
    if moved:
        return see_other(f"{base}/transfers/{moved}")
    if found is not None:
        ready = found.state == "ready" and found.method == "pickup"
        return see_other(f"{base}/pickups/{found.id}" if ready else f"{base}/jobs/{found.id}")
    to = "stock" if any(letter.isdigit() for letter in wanted) else "pickups"
    return see_other(f"{base}/{to}?{urlencode({'q': wanted})}")


async def _transfer_named(tx: Tx, wanted: str) -> str:
    """Return the number of the transfer that is named, "" when none is."""
    if wanted[:1].upper() != "T":
        return ""
    try:
        return (await transfers.find_transfer(tx, wanted)).number
    except transfers.NoSuchTransfer:
        return ""


async def _return_named(tx: Tx, wanted: str) -> str:
    """Return the number of the return that is named, "" when none is."""
    if wanted[:1].upper() != "R":
        return ""
    try:
        return (await returns.find_return(tx, wanted)).number
    except returns.NoSuchReturn:
        return ""


async def _work_named(tx: Tx, place: Location, wanted: str) -> WorkView | None:
    """Return the work of an order number or a tracking number, what is still open first."""
    try:
        number = parse_order_number(wanted)
    except BadOrderNumber:
        parcels = await fulfillment.list_leaving(tx, place.id)
        ids = [p.work_id for p in parcels if wanted and p.tracking_number == wanted]
        return await fulfillment.work_view(tx, ids[0]) if ids else None
    order_id = (await orders.find_ids(tx, [number])).get(number)
    if order_id is None:
        return None
    works = await fulfillment.list_queue(
        tx,
        location_id=place.id,
        state=None,
        order_id=order_id,
        store_id=None,
        after=None,
        limit=WORKS_SHOWN_MAX,
    )
    return min(works, key=lambda work: (work.ended_at is not None, work.offered_at), default=None)


async def jobs_of(tx: Tx, place: Location, state: State) -> list[Job]:
    """Return the work of a store in a state, what is due first at the beginning."""
    works = await fulfillment.list_queue(
        tx,
        location_id=place.id,
        state=state,
        order_id=None,
        store_id=None,
        after=None,
        limit=WORKS_SHOWN_MAX,
    )
    jobs = [job_of(work, place, tx.now) for work in works]
    return sorted(jobs, key=lambda job: (job.due_at or NEVER, job.work.order_number))


def job_of(work: WorkView, place: Location, now: datetime) -> Job:
    """Return work with when it is due."""
    at = fulfillment.due_at(work, place)
    urgency = ""
    if at is not None and at <= now + SOON:
        urgency = "late" if at <= now else "soon"
    local_day = place.timetable.local_day
    return Job(work, at, urgency, at is not None and local_day(at) != local_day(now))


async def list_coming(tx: Tx, place: Location) -> Sequence[WorkView]:
    """Return work of others whose parcels are on their way to a store."""
    found = await fulfillment.list_queue(
        tx,
        location_id=None,
        state="in_transit",
        order_id=None,
        store_id=place.id,
        after=None,
        limit=WORKS_SHOWN_MAX,
    )
    return [work for work in found if work.location_id != place.id]


ROUTES = [choose_store, go_to_today, show_today, find_anything]
