"""Who looks at a page of the staff's apps: the person behind the session, and its place."""

from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request

from crosslane import locations, organization
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, viewer_of
from crosslane.platform.web import Caller


def origin_of(request: Request) -> str:
    """Return what addresses of this host begin with.

    Whatever stands in front of us speaks TLS, or sessions could not be kept; on this machine itself
    nothing does.
    """
    host = request.headers["host"]
    name = urlsplit(f"//{host}").hostname or ""
    local = name in ("localhost", "127.0.0.1", "::1") or name.endswith(".localhost")
    return f"{'http' if local else 'https'}://{host}"


async def view(tx: Tx, caller: Caller, request: Request) -> Viewer:
    """Return who looks, with name, place and time zone.

    Times are shown in the zone of the person's location; somebody of all locations sees those of
    the first market.

    Args:
        tx: open transaction.
        caller: who asks.
        request: what was asked.
    """
    actor = caller.actor
    name, place, timezone = "", "", "UTC"
    if actor.kind == "staff":
        member = (await organization.staff_by_account(tx, [UUID(actor.id)])).get(UUID(actor.id))
        name = member.name if member else ""
    if actor.location_id is not None:
        # Nothing keeps an account from naming a place that is none.
        if found := (await locations.network(tx)).by_id.get(actor.location_id):
            place, timezone = found.name, found.timetable.timezone
    else:
        markets = (await organization.book(tx)).markets
        timezone = markets[min(markets)].timezone if markets else "UTC"
    return viewer_of(caller, request, name=name, place=place, timezone=timezone)
