"""Positions, and what each of their numbers is made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.catalog import UnknownSku, variants_by_id
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.errors import PositionNotFound
from crosslane.inventory.service.codes import codes_of
from crosslane.inventory.service.corrections import Code, Sku
from crosslane.inventory.service.holding import HoldView, view_of
from crosslane.inventory.service.reading import explain_position, position
from crosslane.inventory.storage import explanations
from crosslane.inventory.storage import holds as stored_holds
from crosslane.inventory.storage.explanations import (
    AllocationRow,
    CostChangeRow,
    MovementRow,
    PositionRow,
)
from crosslane.kernel import Page, minute_of
from crosslane.locations import LocationUnknown, network
from crosslane.organization import UnknownChannel, UnknownEntity, book
from crosslane.platform.database import Tx
from crosslane.platform.web import Caller, Paging, get

READ = "inventory:read"
SKUS_MAX = 50

Number = Literal["on_hand", "allocated"]


class PositionView(msgspec.Struct, frozen=True):
    """A position as it stands.

    Args:
        owner: code of the legal entity that owns the units; null for a vendor's own.
        held: units of holds that have not run out.
        safety_stock: set for this position; null leaves it to the policy.
        unit_cost_milli: moving average, 1/1000 minor unit of the owner's book currency.
        counted_at: instant of the latest count or snapshot.
    """

    id: UUID
    sku: str
    location: str
    condition: Condition
    owner: str | None
    on_hand: int
    allocated: int
    held: int
    safety_stock: int | None
    unit_cost_milli: int | None
    movements: int
    counted_at: datetime | None


class Explanation(msgspec.Struct, frozen=True):
    """Every term of what a channel could promise.

    available = on_hand − allocated − held − safety_units − fenced_units.

    Args:
        safety_units: safety stock that holds here.
        fenced_units: ring-fenced for other channels.
        withheld: the channel does not promise what this vendor has.
        policy_ids: versions of the policies these come from.
        available: what is left; 0 at least, and of units that are not sellable.
    """

    position: PositionView
    channel: str | None
    safety_units: int
    fenced_units: int
    withheld: bool
    policy_ids: tuple[UUID, ...]
    available: int


@get("/api/v1/inventory/positions", permission=READ, raises=(UnknownSku, LocationUnknown))
async def list_positions(
    caller: Caller,
    paging: Paging,
    sku: Annotated[list[Sku], Meta(max_length=SKUS_MAX)] | None = None,
    location: Code | None = None,
    condition: Condition | None = None,
) -> Page[PositionView]:
    """List positions."""
    async with caller.read() as tx:
        codes = await codes_of(tx, sku or ())
        rows = await explanations.list_positions(
            tx,
            minute_of(tx.now),
            variant_ids=None
            if sku is None
            else [codes.variant(one, pointer="/sku").id for one in sku],
            location_id=location and codes.location(location, pointer="/location").id,
            condition=condition,
            after=paging.after(UUID, str, UUID, UUID),
            limit=paging.limit + 1,
        )
        page = paging.page(rows, key=_key)
        return Page(await _views(tx, page.items), page.next_cursor)


@get(
    "/api/v1/inventory/positions/{position_id}",
    permission=READ,
    raises=(PositionNotFound, UnknownChannel),
)
async def show_position(
    caller: Caller, position_id: UUID, channel: Code | None = None
) -> Explanation:
    """Show a position and how its ATP for a channel comes about."""
    async with caller.read() as tx:
        explained = await explain_position(tx, position_id, channel=channel)
        [view] = await _views(tx, [explained.row])
    return Explanation(
        view,
        channel,
        explained.safety_units,
        explained.kept.fenced_units,
        explained.kept.withheld,
        explained.kept.policy_ids,
        explained.available,
    )


@get(
    "/api/v1/inventory/positions/{position_id}/movements",
    permission=READ,
    raises=(PositionNotFound,),
)
async def list_movements(
    caller: Caller, paging: Paging, position_id: UUID, number: Number | None = None
) -> Page[MovementRow]:
    """List the movements that on hand and allocated are the sum of, the latest first."""
    after = paging.after(int)
    async with caller.read() as tx:
        await position(tx, position_id)
        rows = await explanations.list_movements(
            tx,
            position_id,
            number=number,
            before_no=after and after[0],
            limit=paging.limit + 1,
        )
    return paging.page(rows, key=lambda row: (row.movement_no,))


@get(
    "/api/v1/inventory/positions/{position_id}/allocations",
    permission=READ,
    raises=(PositionNotFound,),
)
async def list_allocations(
    caller: Caller, paging: Paging, position_id: UUID
) -> Page[AllocationRow]:
    """List who has the allocated units."""
    after = paging.after(UUID)
    async with caller.read() as tx:
        await position(tx, position_id)
        rows = await explanations.list_allocations(
            tx, position_id, after=after and after[0], limit=paging.limit + 1
        )
    return paging.page(rows, key=lambda row: (row.line_id,))


@get(
    "/api/v1/inventory/positions/{position_id}/holds",
    permission=READ,
    raises=(PositionNotFound,),
)
async def list_position_holds(
    caller: Caller, paging: Paging, position_id: UUID, ended: bool = False
) -> Page[HoldView]:
    """List the holds that the held units are the sum of; those that ended when asked for."""
    after = paging.after(UUID)
    async with caller.read() as tx:
        await position(tx, position_id)
        rows = await stored_holds.list_of_position(
            tx,
            position_id,
            minute=minute_of(tx.now),
            ended=ended,
            after=after and after[0],
            limit=paging.limit + 1,
        )
    return paging.page([view_of(row) for row in rows], key=lambda row: (row.id,))


@get("/api/v1/inventory/movements", permission=READ)
async def list_of_cause(caller: Caller, paging: Paging, cause_id: UUID) -> Page[MovementRow]:
    """List the movements of one document: an order, a count, a supply message."""
    async with caller.read() as tx:
        rows = await explanations.list_of_cause(
            tx, cause_id, after=paging.after(datetime, UUID, int), limit=paging.limit + 1
        )
    return paging.page(rows, key=lambda row: (row.at, row.position_id, row.movement_no))


@get("/api/v1/inventory/costs/{sku}", permission=READ, raises=(UnknownSku, UnknownEntity))
async def list_cost_changes(
    caller: Caller, paging: Paging, sku: Sku, owner: Code
) -> Page[CostChangeRow]:
    """List the receipts that moved the average cost of a variant, the latest first."""
    after = paging.after(int)
    async with caller.read() as tx:
        codes = await codes_of(tx, [sku])
        rows = await explanations.list_cost_changes(
            tx,
            codes.variant(sku, pointer="").id,
            (await book(tx)).entity(owner, pointer="/owner").id,
            before_no=after and after[0],
            limit=paging.limit + 1,
        )
    return paging.page(rows, key=lambda row: (row.change_no,))


def _key(row: PositionRow) -> tuple[UUID, str, UUID, UUID]:
    return row.location_id, row.condition, row.owner_id, row.variant_id


async def _views(tx: Tx, rows: Sequence[PositionRow]) -> list[PositionView]:
    variants = await variants_by_id(tx, list({row.variant_id for row in rows}))
    known = (await network(tx)).by_id
    owners = {entity.id: entity.code for entity in (await book(tx)).entities.values()}
    return [
        PositionView(
            id=row.id,
            sku=variants[row.variant_id].sku,
            location=known[row.location_id].code,
            condition=row.condition,
            owner=owners.get(row.owner_id),
            on_hand=row.on_hand,
            allocated=row.allocated,
            held=row.held,
            safety_stock=row.safety_stock,
            unit_cost_milli=row.average_milli,
            movements=row.movement_no,
            counted_at=row.baseline_at,
        )
        for row in rows
    ]


ROUTES = [
    list_positions,
    show_position,
    list_movements,
    list_allocations,
    list_position_holds,
    list_of_cause,
    list_cost_changes,
]
