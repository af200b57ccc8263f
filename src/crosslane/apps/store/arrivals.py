"""Parcels that come from elsewhere to be collected here."""

from uuid import UUID

from litestar import Request, Response

from crosslane import fulfillment, locations
from crosslane.apps.store.frame import PAGES, READ, WORK, enter, say, tapped_at
from crosslane.apps.store.today import list_coming
from crosslane.fulfillment import ARRIVE, Arrive
from crosslane.kernel import Refusal
from crosslane.platform.screens import form, page, read_form, see_other
from crosslane.platform.web import Caller


@page("/store/{code}/arrivals", permission=READ)
async def show_arrivals(caller: Caller, request: Request, code: str) -> Response:
    """Show the parcels that are on their way to a store."""
    return await _answer(caller, request, code)


async def _answer(
    caller: Caller, request: Request, code: str, refusal: Refusal | None = None
) -> Response:
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        said = say(viewer, refusal) if refusal else ""
        coming = await list_coming(tx, place)
        network = await locations.network(tx)
    return PAGES.answer(
        viewer,
        "arrivals.html",
        status=422 if refusal else 200,
        place=place,
        coming=coming,
        names={work.location_id: network.by_id[work.location_id].name for work in coming},
        refusal=said,
    )


@form("/store/{code}/arrivals/{work_id}", permission=WORK, command=ARRIVE)
async def receive_parcels(
    caller: Caller, request: Request, code: str, work_id: UUID, data: bytes
) -> Response:
    """Receive parcels; their goods wait for the customer at once."""
    fields = read_form(data)
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        work = await fulfillment.work_view(tx, work_id)
        if work.store_id != place.id:
            raise fulfillment.NoSuchFulfillmentOrder(id=str(work_id))
    words = PAGES.words(viewer)
    try:
        parcel = fields.id("parcel")
        wish = Arrive(work_id, (parcel,) if parcel else (), tapped_at(fields))
        arrival = await caller.submit(ARRIVE, wish)
    except Refusal as refusal:
        return await _answer(caller, request, code, refusal)
    if arrival.open_units:
        toast = words.plural(
            "Received. One unit was cancelled meanwhile: it is stock of this store now.",
            "Received. %(n)s units were cancelled meanwhile: they are stock of this store now.",
            arrival.open_units,
        )
    else:
        toast = words("Received. Put it aside for the customer.")
    return see_other(f"/store/{code}/arrivals", toast=toast)


ROUTES = [show_arrivals, receive_parcels]
