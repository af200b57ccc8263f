"""What a channel could promise."""

from typing import Annotated

import msgspec
from msgspec import Meta

from crosslane.catalog import UnknownSku
from crosslane.inventory.service.availability import GATHERING, MOVER, Availability, Question
from crosslane.inventory.service.corrections import Code, Sku
from crosslane.locations import LocationUnknown
from crosslane.organization import UnknownChannel
from crosslane.platform.web import Answer, Caller, get, post

SKUS_MAX = 50
LOCATIONS_MAX = 40
SKUS_PER_QUERY_MAX = 500
LOCATIONS_PER_QUERY_MAX = 1_000
RAISES = (UnknownSku, UnknownChannel, LocationUnknown)


class AvailabilityQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody wants to know of many SKUs.

    Args:
        skus: which; of a bundle, what its parts make.
        channel: code of the channel that would sell; its ring-fences are open to it.
        locations: codes of the locations that count; all when left out.
    """

    skus: Annotated[tuple[Sku, ...], Meta(min_length=1, max_length=SKUS_PER_QUERY_MAX)]
    channel: Code | None = None
    locations: Annotated[tuple[Code, ...], Meta(max_length=LOCATIONS_PER_QUERY_MAX)] | None = None


@get("/api/v1/availability", permission="inventory:read", raises=RAISES, moved_by=MOVER)
async def show_availability(
    caller: Caller,
    sku: Annotated[list[Sku], Meta(min_length=1, max_length=SKUS_MAX)],
    channel: Code | None = None,
    location: Annotated[list[Code], Meta(max_length=LOCATIONS_MAX)] | None = None,
) -> Answer[Availability]:
    """Show what a channel could promise of some SKUs, by location.

    ATP = on hand − allocated − held − safety stock − ring-fences of other channels. Only a hold or
    an order makes sure of it. The ETag stays while the units do. Where many ask, an answer may be
    told again to whoever asks the same: it was true at ``at``, at most a second ago.
    """
    places = None if location is None else tuple(location)
    question = Question(tuple(sku), channel, places)
    found = await GATHERING.ask(caller.tenant, caller.read, question)
    return Answer(body=found.shown, told=found.shown.items, stands=found.stands)


@post(
    "/api/v1/availability-queries",
    permission="inventory:read",
    command=None,
    raises=RAISES,
    example=AvailabilityQuery(skus=("MUG-1", "BOWL-2"), channel="web", locations=("S0001",)),
)
async def query_availability(caller: Caller, data: AvailabilityQuery) -> Availability:
    """Show what a channel could promise of many SKUs at many locations."""
    question = Question(data.skus, data.channel, data.locations)
    return (await GATHERING.ask(caller.tenant, caller.read, question)).shown


ROUTES = [show_availability, query_availability]
