"""The pick list: what several orders want from the shelves, on one way through the store."""

from litestar import Request, Response

from crosslane.apps.store.frame import PAGES, READ, enter
from crosslane.apps.store.shelf import shelf_lines
from crosslane.apps.store.today import jobs_of
from crosslane.platform.screens import page
from crosslane.platform.web import Caller

# What fits on a trolley.
ORDERS_AT_ONCE = 12


@page("/store/{code}/picking", permission=READ)
async def show_picking(caller: Caller, request: Request, code: str, scan: str = "") -> Response:
    """Show what the orders that are due first want, in walking order."""
    async with caller.read() as tx:
        viewer, place = await enter(tx, caller, request, code)
        jobs = await jobs_of(tx, place, "accepted")
        chosen = jobs[:ORDERS_AT_ONCE]
        lines = await shelf_lines(tx, viewer, place, [job.work for job in chosen])
    return PAGES.answer(
        viewer,
        "picking.html",
        place=place,
        jobs=chosen,
        more=len(jobs) - len(chosen),
        lines=lines,
        scan=scan.strip().upper().lstrip("0"),
    )


ROUTES = [show_picking]
