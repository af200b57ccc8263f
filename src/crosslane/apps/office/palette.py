"""Finding anything, and going anywhere: what Ctrl-K opens, and a page for those without scripts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import msgspec
from litestar import Request, Response

from crosslane import catalog, customers, insights, locations, transfers
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.order_filters import KINDS, PATH, STATES, TABS, TONES, address
from crosslane.apps.office.orders import rows_of, search
from crosslane.platform.database import Tx
from crosslane.platform.screens import Step, Viewer, page
from crosslane.platform.web import Caller

FOUND_MAX = 6
LETTERS_MIN = 2
"""What is shorter is looked for among pages alone."""

ACTIONS = (
    Step("Calls that were given up", "/office/machine/calls", "unplug", "operations:read"),
    Step("Events that are parked", "/office/machine/reactions", "pause", "operations:read"),
    Step("API keys", "/office/machine/keys", "key", "auth:read"),
    Step("Stock feeds", "/office/stock/feeds", "refresh-cw", "inventory:read"),
    Step("Transfers between locations", "/office/stock/transfers", "truck", "transfers:read"),
    Step("New transfer", "/office/stock/transfers/new", "plus", "transfers:request"),
    Step("Parcels on their way to stores", "/office/stock/parcels", "store", "fulfillment:read"),
    Step("Goods on their way", "/office/stock/incoming", "package-plus", "inventory:read"),
    Step("Invite somebody", "/office/people/invitations", "user-plus", "auth:read"),
    Step("Shared devices", "/office/people/devices", "smartphone", "auth:read"),
)
"""What has no place of its own in the navigation."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found.

    Args:
        title: what it is called.
        href: where it leads.
        icon: name of its icon.
        detail: what tells it from others.
        state: a word of state, "" for none; with its tone.
    """

    title: str
    href: str
    icon: str
    detail: str = ""
    state: str = ""
    tone: str = "neutral"


Find = Callable[[Tx, Viewer, str], Awaitable[list[Hit]]]


@page("/office/palette", permission="orders:read", optional=True)
async def find_anything(
    caller: Caller, request: Request, q: Annotated[str, msgspec.Meta(max_length=200)] = ""
) -> Response:
    """Find orders, customers, articles, locations, and pages the person may see."""
    words = q.strip()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        groups = [("Go to", await _pages(tx, viewer, words))]
        if len(words) >= LETTERS_MIN:
            groups += [
                (title, await find(tx, viewer, words))
                for title, permission, base, find in SOUGHT
                if viewer.may(permission) and (base == PATH or _leads(viewer, base))
            ]
    return PAGES.answer(
        viewer,
        "palette.html",
        block="found" if viewer.fragment else "",
        q=words,
        groups=[(title, hits) for title, hits in groups if hits],
        orders=address({"q": words}) if words and viewer.may("orders:read") else "",
        letters_min=LETTERS_MIN,
    )


def _leads(viewer: Viewer, base: str) -> bool:
    return any(step.path == base for step in PAGES.steps(viewer))


async def _pages(tx: Tx, viewer: Viewer, words: str) -> list[Hit]:
    said = PAGES.words(viewer)
    hits = [
        Hit(title=said(step.title), href=step.path, icon=step.icon)
        for step in [*PAGES.steps(viewer), *(one for one in ACTIONS if viewer.may(one.permission))]
    ]
    if viewer.may("orders:read"):
        views = [(said(title), address(_parts(query))) for query, title in TABS if query]
        views += [(one.title, f"{PATH}?{one.query}") for one in await insights.list_views(tx)]
        views += [(said(text), address({"is": kind})) for kind, text in KINDS.items()]
        seen = dict.fromkeys(href for _, href in views)
        titles = {href: title for title, href in reversed(views)}
        orders = said("Orders")
        hits += [
            Hit(title=titles[href], href=href, icon="list-filter", detail=orders) for href in seen
        ]
    fit = [hit for hit in hits if _fits(f"{hit.title} {hit.detail}", words)]
    return fit[: FOUND_MAX if words else len(fit)]


def _parts(query: str) -> dict[str, str]:
    name, _, value = query.partition("=")
    return {name: value}


def _fits(text: str, words: str) -> bool:
    """Tell whether every word typed begins a word of a text."""
    parts = text.casefold().replace("-", " ").split()
    return all(any(part.startswith(word) for part in parts) for word in words.casefold().split())


async def _orders(tx: Tx, viewer: Viewer, words: str) -> list[Hit]:
    said = PAGES.words(viewer)
    rows = await rows_of(tx, (await search(tx, words, limit=FOUND_MAX)).order_ids)
    return [
        Hit(
            title=row.order.number,
            href=f"{PATH}/{row.order.number}",
            icon="inbox",
            detail=row.customer or row.order.source_id,
            state=said(STATES[row.order.status]),
            tone=TONES.get(row.order.status, "neutral"),
        )
        for row in rows
    ]


async def _customers(tx: Tx, viewer: Viewer, words: str) -> list[Hit]:
    found = await customers.list_customers(
        tx, after=None, limit=FOUND_MAX, query=words, owner=tx.actor.customer_id
    )
    return [
        Hit(title=one.name or "–", href=f"/office/customers/{one.id}", icon="user") for one in found
    ]


async def _articles(tx: Tx, viewer: Viewer, words: str) -> list[Hit]:
    found = await catalog.list_products(
        tx, after="", limit=FOUND_MAX, query=words, locale=str(viewer.locale).replace("_", "-")
    )
    return [
        Hit(
            title=one.title,
            href=f"/office/catalog/{variant.id}",
            icon="tag",
            detail=variant.sku,
        )
        for one in found
        for variant in one.variants[:1]
    ]


async def _locations(tx: Tx, viewer: Viewer, words: str) -> list[Hit]:
    own = viewer.actor.location_id
    hits = [
        Hit(title=at.name, href=f"/office/locations/{at.code}", icon="store", detail=at.code)
        for at in (await locations.network(tx)).all
        if own in (None, at.id) and _fits(f"{at.code} {at.name} {at.postcode}", words)
    ]
    return hits[:FOUND_MAX]


async def _transfers(tx: Tx, viewer: Viewer, words: str) -> list[Hit]:
    try:
        [one] = await transfers.views(tx, [await transfers.find_transfer(tx, words)])
    except transfers.NoSuchTransfer:
        return []
    detail = f"{one.source} → {one.destination}"
    href = f"/office/stock/transfers/{one.number}"
    return [Hit(title=one.number, href=href, icon="arrow-left-right", detail=detail)]


SOUGHT: Sequence[tuple[str, str, str, Find]] = (
    ("Orders", "orders:read", PATH, _orders),
    ("Customers", "customers:read", "/office/customers", _customers),
    ("Articles", "catalog:read", "/office/catalog", _articles),
    ("Locations", "locations:read", "/office/locations", _locations),
    ("Transfers", "transfers:read", "/office/stock", _transfers),
)
"""What is looked for: title, permission, page of the list, and how."""

ROUTES = [find_anything]
