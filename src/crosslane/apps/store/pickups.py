"""Goods that wait for their customers at the counter."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, customers, fulfillment, orders
from crosslane.apps.store.frame import PAGES, READ, WORK, enter, say, tapped_at, work_at
from crosslane.apps.store.today import WORKS_SHOWN_MAX
from crosslane.fulfillment import COLLECT, Collect, Signature, State, WorkView
from crosslane.kernel import Refusal
from crosslane.locations import Location
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, form, page, read_form, see_other
from crosslane.platform.web import Caller, InvalidField

# Goods that nobody collected are put back within days.
UNCLAIMED_DAYS = 30
SOON = timedelta(days=2)
PICKUPS_MAX = 300


class Pickup(msgspec.Struct, frozen=True):
    """Goods that wait, and whom for.

    Args:
        name: of the customer, "" when it is not known.
        ends_soon: they are given up within days.
    """

    work: WorkView
    name: str
    ends_soon: bool = False

    @property
    def units(self) -> int:
        """Units that wait."""
        return sum(line.packed for line in self.work.lines)

    def fits(self, wanted: str) -> bool:
        """Tell whether what was typed or scanned means these goods."""
        titles = " ".join(f"{line.sku} {line.title}" for line in self.work.lines)
        text = f"{self.work.order_number} {self.name} {titles}".lower()
        return all(word in text for word in wanted.lower().split())


@page("/store/{code}/pickups", permission=READ)
async def show_pickups(caller: Caller, request: Request, code: str, q: str = "") -> Response:
    """Show what waits for customers; found by name, number or article."""
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        ready = await _pickups(tx, await _works(tx, place, "ready", PICKUPS_MAX))
        since = tx.now - timedelta(days=UNCLAIMED_DAYS)
        given_up = await _works(tx, place, "unclaimed", WORKS_SHOWN_MAX, since=since)
        unclaimed = await _pickups(tx, given_up)
    wanted = q.strip()[:100]
    found = [one for one in ready if one.fits(wanted)] if wanted else ready
    if wanted and len(found) == 1 and not viewer.fragment:
        return see_other(f"/store/{place.code}/pickups/{found[0].work.id}")
    return PAGES.answer(
        viewer,
        "pickups.html",
        block="found" if viewer.fragment else "",
        place=place,
        pickups=found,
        q=wanted,
        waiting=len(ready),
        unclaimed=unclaimed,
    )


@page("/store/{code}/pickups/{work_id}", permission=READ)
async def show_pickup(caller: Caller, request: Request, code: str, work_id: UUID) -> Response:
    """Show goods to hand out: what to check, and the proof to take."""
    return await _answer(caller, request, code, work_id)


async def _answer(
    caller: Caller,
    request: Request,
    code: str,
    work_id: UUID,
    refusal: Refusal | None = None,
    fields: Form | None = None,
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        work = await work_at(tx, place, work_id)
        (pickup,) = await _pickups(tx, [work])
        proof = await fulfillment.proof_of(tx, work_id)
        goods = await catalog.variants_by_sku(tx, [line.sku for line in work.lines])
        stopped = await orders.list_states(tx, [work.order_id])
    held = bool(stopped and stopped[work.order_id].goods_stay)
    return PAGES.answer(
        viewer,
        "pickup.html",
        status=422 if refusal else 200,
        place=place,
        pickup=pickup,
        work=work,
        proof=proof,
        goods=goods,
        held=held,
        refusal=said,
        fields=fields.plain() if fields else {},
    )


@form("/store/{code}/pickups/{work_id}/collection", permission=WORK, command=COLLECT)
async def hand_out(
    caller: Caller, request: Request, code: str, work_id: UUID, data: bytes
) -> Response:
    """Hand goods out for the pickup code or a signature."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        await work_at(tx, place, work_id)
    words = PAGES.words(viewer)
    try:
        wish = Collect(
            work_id,
            "".join(fields.text("pickup_code")[:20].split()),
            tapped_at(fields),
            _signature(fields),
        )
        await caller.submit(COLLECT, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, work_id, refusal, fields)
    return see_other(f"/store/{code}/pickups", toast=words("Handed out."))


def _signature(fields: Form) -> Signature | None:
    strokes, name = fields.text("strokes"), fields.text("name")
    if not strokes:
        return None
    try:
        return msgspec.convert({"name": name, "strokes": strokes}, Signature)
    except msgspec.ValidationError:
        reason = "the name of who signs is missing, or the signature is too long"
        raise InvalidField(pointer="/name", reason=reason) from None


async def _works(
    tx: Tx, place: Location, state: State, limit: int, since: datetime | None = None
) -> list[WorkView]:
    return await fulfillment.list_queue(
        tx,
        location_id=place.id,
        state=state,
        order_id=None,
        store_id=None,
        after=(since, UUID(int=0)) if since else None,
        limit=limit,
    )


async def _pickups(tx: Tx, works: Sequence[WorkView]) -> list[Pickup]:
    names = await _names(tx, works)
    return [
        Pickup(
            work,
            names.get(work.order_id, ""),
            work.collect_by is not None and work.collect_by <= tx.now + SOON,
        )
        for work in works
    ]


async def _names(tx: Tx, works: Sequence[WorkView]) -> Mapping[UUID, str]:
    """Return what the customers of some work are called, by order."""
    heads = await orders.list_heads(tx, [work.order_id for work in works])
    buyers = {head.id: head.customer_id for head in heads.values() if head.customer_id}
    known = await customers.customers_by_id(tx, list(set(buyers.values())))
    return {order: known[who].name for order, who in buyers.items() if who in known}


ROUTES = [show_pickups, show_pickup, hand_out]
