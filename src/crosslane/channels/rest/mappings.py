"""What the tables of channels mean, over HTTP."""

from crosslane import organization
from crosslane.channels import errors
from crosslane.channels.domain.mapping import Column, TableMapping
from crosslane.channels.rest.connections import CONFIGURE
from crosslane.channels.service import mapping
from crosslane.channels.service.mapping import MAP, MappingView, PutMapping
from crosslane.platform.web import Caller, get, post


@get("/api/v1/channel-mappings", permission=CONFIGURE)
async def list_mappings(caller: Caller) -> list[MappingView]:
    """List what the tables of channels mean."""
    async with caller.read() as tx:
        return await mapping.list_mappings(tx)


@post(
    "/api/v1/channel-mappings",
    permission=CONFIGURE,
    command=MAP,
    raises=(organization.UnknownChannel, errors.MappingUnusable, errors.TooManyMappings),
    example=PutMapping(
        channel="bazaar",
        name="orders",
        mapping=TableMapping(
            brings="order",
            columns={
                "Order": "source_id",
                "Placed": "event_at",
                "Item": "lines/sku",
                "Boxes": Column(field="lines/quantity", times=12),
            },
            dates=("%d/%m/%Y %H:%M",),
        ),
    ),
)
async def put_mapping(caller: Caller, data: PutMapping) -> MappingView:
    """Say what a table of a channel means, or say it anew.

    Tables that are sent with ``mapping`` of this name are read by it; so are records that are
    replayed, as it is by then.
    """
    return await caller.submit(MAP, data)


ROUTES = [list_mappings, put_mapping]
