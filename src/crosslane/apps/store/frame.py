"""The frame of the store: its navigation, its templates, and the one store a page is about."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from uuid import UUID

import msgspec
from litestar import Request

from crosslane import carriers, fulfillment, locations
from crosslane.apps.viewing import view
from crosslane.fulfillment import WorkView
from crosslane.kernel import Kind, Refusal
from crosslane.locations import Location, LocationUnknown
from crosslane.platform.database import Tx
from crosslane.platform.screens import Form, Pages, Step, Viewer
from crosslane.platform.web import Caller

READ, WORK = "fulfillment:read", "fulfillment:work"
# A tap that waited longer than this in a browser counts from when it came in.
TAPPED_DAYS_MAX = 2
TAPPED_AHEAD_SECONDS_MAX = 120

NAVIGATION = (
    Step("Today", "/store/today", "house", READ),
    Step("Pickups", "/store/pickups", "shopping-bag", READ),
    Step("Hand over", "/store/leaving", "truck", READ),
    Step("Stock", "/store/stock", "boxes", "inventory:read"),
    Step("Pick list", "/store/picking", "list-checks", READ),
    Step("Arrivals", "/store/arrivals", "package-plus", READ),
    Step("Transfers", "/store/transfers", "arrow-left-right", "transfers:read"),
    Step("Take back", "/store/returns", "return", "returns:take_back"),
)


class StorePages(Pages):
    """Pages of one store: the navigation leads to those of the store that is looked at."""

    def steps(self, viewer: Viewer) -> list[Step]:
        """Return the navigation as far as the viewer may go; none before a store is chosen."""
        code = viewer.path.strip("/").split("/")[1:2]
        if not code:
            return []
        return [
            msgspec.structs.replace(step, path=step.path.replace("/store", f"/store/{code[0]}", 1))
            for step in super().steps(viewer)
        ]


PAGES = StorePages(files("crosslane.apps.store"), title="Store", navigation=NAVIGATION)


async def enter(tx: Tx, caller: Caller, request: Request, code: str) -> tuple[Viewer, Location]:
    """Return who looks and at which store; times are those of the store.

    Args:
        tx: open transaction.
        caller: who asks.
        request: what was asked.
        code: of the store, from the path.

    Raises:
        LocationUnknown: there is none, or it is a vendor, which has screens of its own.
        OtherLocation: it is not the store the caller belongs to.
    """
    place = (await locations.network(tx)).require(code)
    if place.kind == "vendor":
        raise LocationUnknown(code=code)
    caller.require_location(place.id)
    viewer = await view(tx, caller, request)
    zone = place.timetable.timezone
    return msgspec.structs.replace(viewer, place=place.name, timezone=zone), place


async def work_at(tx: Tx, place: Location, work_id: UUID) -> WorkView:
    """Return work of a store.

    Raises:
        NoSuchFulfillmentOrder: there is none there.
    """
    found = await fulfillment.work_view(tx, work_id)
    if found.location_id != place.id:
        raise fulfillment.NoSuchFulfillmentOrder(id=str(work_id))
    return found


async def carrier_names(tx: Tx) -> dict[str, str]:
    """Return what carriers are called, by code."""
    return {code: one.name for code, one in (await carriers.rate_book(tx)).carriers.items()}


def tapped_at(fields: Form) -> datetime | None:
    """Return when a button was pressed, which may be long before the network was back.

    None when it is not told, or is no time a tap can have waited for.
    """
    now = datetime.now(UTC)
    try:
        at = datetime.fromisoformat(fields.text("at"))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    early, late = timedelta(days=TAPPED_DAYS_MAX), timedelta(seconds=TAPPED_AHEAD_SECONDS_MAX)
    return min(at, now) if now - early <= at <= now + late else None


def say(viewer: Viewer, refusal: Refusal) -> str:
    """Return in plain words why something was refused, and what to do.

    Raises:
        Refusal: it may go well a moment later, so it is no answer yet.
    """
    if refusal.kind is Kind.UNAVAILABLE or refusal.code == "still-working":
        raise refusal
    words = PAGES.words(viewer)
    told = {
        "not-in-state": words("This was done already, or the order has changed. See below."),
        "no-such-fulfillment-order": words("This order is not at this store any more."),
        "too-many-picked": words("More was reported than is left to pick. Check the numbers."),
        "too-many-packed": words("More was packed than is picked. Check the numbers."),
        "nothing-picked": words("Nothing is picked that could be packed."),
        "nothing-packed": words("Nothing is packed that a carrier could take."),
        "nothing-in-transit": words("This was received already."),
        "nothing-to-send": words("This was sent or cancelled already."),
        "unknown-sku": words("No article has this number. Check what was typed."),
        "wrong-pickup-code": words("This is not the code of this order. Ask for it again."),
        "proof-missing": words("Enter the pickup code, or let the customer sign."),
        "held-back": words("This order is on hold. Do not hand it out; ask the office."),
        "out-of-step": words("The order was cancelled or changed meanwhile. Put the goods back."),
        "blind-not-allowed": words("Without its order this is for a manager to decide."),
        "returned-above-left": words(
            "Fewer of it can come back: some came back before, or are on their way."
        ),
        "price-unprovable": words("Nobody knows a price. Type the one on the receipt."),
        "refund-not-turned": words(
            "It was paid another way, which is not given back like this. Choose another."
        ),
        "cash-refund-too-high": words(
            "The till may not give so much cash at once. Choose another way for the money."
        ),
        "cash-day-used-up": words(
            "The store may not give so much more cash today. Choose another way for the money."
        ),
        "gives-otherwise": words("It gives something else by now. Look at it once more."),
        "tenders-differ": words("It gives something else by now. Look at it once more."),
        "parcel-too-heavy": words("The carrier does not take a parcel this heavy. Split it."),
    }
    return told.get(refusal.code) or words.told(refusal)
