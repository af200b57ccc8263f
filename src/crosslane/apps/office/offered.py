"""What channels are offered: stock and prices they were told beside those of now, and why."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response

from crosslane import catalog, channels, organization
from crosslane.apps.office.addresses import ways
from crosslane.apps.office.frame import PAGES, view
from crosslane.apps.office.inbox import READ, REPLAY
from crosslane.kernel import Refusal
from crosslane.platform.database import Tx
from crosslane.platform.screens import Viewer, form, page, read_form, see_other
from crosslane.platform.web import Caller, Paging

ADDRESS = "/office/messages/offers"
KINDS: tuple[channels.OfferKind, ...] = get_args(channels.OfferKind)
STATES: tuple[channels.OfferState, ...] = get_args(channels.OfferState)

Name = Annotated[str, msgspec.Meta(max_length=100)]


@page(ADDRESS, permission=READ)
async def show_offers(
    caller: Caller,
    request: Request,
    paging: Paging,
    channel: Name = "",
    kind: Name = "",
    state: Name = "",
    sku: Name = "",
) -> Response:
    """Show how far the offers of channels stand, and those of one of them beside what holds now."""
    caller.require_unbound()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        chosen = {"channel": channel, "kind": kind, "state": state, "sku": sku.strip()}
        return await _offers_page(tx, viewer, paging, chosen)


async def _offers_page(
    tx: Tx,
    viewer: Viewer,
    paging: Paging,
    asked: Mapping[str, str],
    refusal: Refusal | None = None,
) -> Response:
    standings = {one.channel: one for one in await channels.list_offer_standings(tx)}
    standing = standings.get(asked["channel"]) or next(iter(standings.values()), None)
    offers: list[channels.Compared] = []
    next_cursor = None
    if standing is not None:
        after: Any = paging.after(str, UUID)
        found = await channels.list_offers(
            tx,
            standing.channel,
            kind=asked["kind"] if asked["kind"] in KINDS else None,  # type: ignore[arg-type]
            sku=asked["sku"] or None,
            state=asked["state"] if asked["state"] in STATES else None,  # type: ignore[arg-type]
            after=after,
            limit=paging.limit + 1,
        )
        shown = paging.page(found, key=lambda one: (one.kind, one.variant_id))
        next_cursor = shown.next_cursor
        offers = await channels.compare_offers(
            tx, standing.channel, shown.items, locale=viewer.language
        )
    return PAGES.answer(
        viewer,
        "offers.html",
        status=422 if refusal else 200,
        standings=standings,
        standing=standing,
        offers=offers,
        next_cursor=next_cursor,
        chosen=asked,
        kinds=KINDS,
        states=STATES,
        refusal=refusal,
        **ways(viewer),
    )


@page(
    ADDRESS + "/{channel}/{sku}",
    permission=READ,
    raises=(organization.UnknownChannel, catalog.UnknownSku),
)
async def explain_offer(caller: Caller, request: Request, channel: str, sku: str) -> Response:
    """Show why a channel is told what it is told of an article: every figure with its terms."""
    caller.require_unbound()
    async with caller.read() as tx:
        viewer = await view(tx, caller, request)
        why = await channels.explain(tx, channel, sku)
        variants = await catalog.variants_by_sku(tx, [why.sku], locale=viewer.language)
    return PAGES.answer(viewer, "offer_why.html", why=why, variant=variants[why.sku])


@form(ADDRESS + "/tell-all", permission=REPLAY, command=channels.TELL_ALL)
async def tell_all_again(caller: Caller, request: Request, data: bytes) -> Response:
    """Tell a channel all of its stock again."""
    caller.require_unbound()
    channel = read_form(data).text("channel")[:64]
    try:
        await caller.submit(channels.TELL_ALL, channels.TellAll(channel))
    except Refusal as refusal:
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            asked = {"channel": channel, "kind": "", "state": "", "sku": ""}
            return await _offers_page(tx, viewer, Paging(), asked, refusal)
    async with caller.read() as tx:
        words = PAGES.words(await view(tx, caller, request))
    toast = words("All of its stock is told again, in a moment.")
    return see_other(f"{ADDRESS}?{urlencode({'channel': channel})}", toast=toast)


ROUTES = [show_offers, explain_offer, tell_all_again]
