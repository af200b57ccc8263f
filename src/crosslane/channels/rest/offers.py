"""What channels are offered over HTTP: what they were told of articles, and why."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane import catalog, organization
from crosslane.channels import errors
from crosslane.channels.service import offer_views
from crosslane.channels.service.offer_views import TELL_ALL, TellAll, TellingAll, Why
from crosslane.channels.storage.offers import OfferRow
from crosslane.kernel import Page
from crosslane.platform.web import Caller, OtherLocation, Paging, get, post

Name = Annotated[str, msgspec.Meta(max_length=64)]


@get(
    "/api/v1/channel-offers",
    permission="channels:read",
    raises=(organization.UnknownChannel, OtherLocation),
)
async def list_offers(
    caller: Caller,
    paging: Paging,
    channel: Name,
    kind: Literal["supply_snapshot", "price"] | None = None,
    sku: Name | None = None,
    state: Literal["waiting", "asked", "refused", "drifted"] | None = None,
) -> Page[OfferRow]:
    """List what a channel was told of articles, and what it said itself that it has.

    ``waiting`` has moved and is looked at soon, ``asked`` is being told, ``refused`` was not taken
    the last time, of ``drifted`` the channel says that it has something else than it was told.
    """
    caller.require_unbound()
    async with caller.read() as tx:
        found = await offer_views.list_offers(
            tx,
            channel,
            kind=kind,
            sku=sku,
            state=state,
            after=paging.after(str, UUID),
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda one: (one.kind, one.variant_id))


@get(
    "/api/v1/channels/{code}/offers/{sku}",
    permission="channels:read",
    raises=(organization.UnknownChannel, catalog.UnknownSku, OtherLocation),
)
async def explain_offer(caller: Caller, code: str, sku: str) -> Why:
    """Say why a channel shows what it shows of an article: every figure with its terms."""
    caller.require_unbound()
    async with caller.read() as tx:
        return await offer_views.explain(tx, code, sku)


@post(
    "/api/v1/channel-offers",
    permission="channels:replay",
    command=TELL_ALL,
    raises=(organization.UnknownChannel, errors.NothingOffered, OtherLocation),
    example=TellAll(channel="shop"),
)
async def tell_all(caller: Caller, data: TellAll) -> TellingAll:
    """Tell a channel all of its stock again, whatever it stands at, as happens once a day."""
    caller.require_unbound()
    return await caller.submit(TELL_ALL, data)


ROUTES = [list_offers, explain_offer, tell_all]
