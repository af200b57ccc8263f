"""Holding stock for a while."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from crosslane.catalog import UnknownSku
from crosslane.inventory.errors import (
    BundleHasNoStock,
    ExpiryInPast,
    ExpiryTooFar,
    ForeignLocation,
    HoldEnded,
    HoldExpired,
    HoldNotFound,
    OutOfStock,
    StaleFence,
)
from crosslane.inventory.service.holding import (
    EXTEND,
    HOLD,
    RELEASE,
    ExtendHold,
    HolderKind,
    HoldLine,
    HoldsTaken,
    HoldStock,
    HoldView,
    ReleaseHold,
    view_of,
)
from crosslane.inventory.service.holds import HOLDS_LISTED_MAX, hold_by_id, holds_of
from crosslane.kernel import Page
from crosslane.locations import LocationUnknown
from crosslane.organization import UnknownChannel
from crosslane.platform.web import Caller, get, post

HOLD_STOCK = "inventory:hold"


class NewExpiry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Until when to keep a hold; ``fence`` is the number it has now."""

    fence: int
    expires_at: datetime


class Letting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which state of a hold is let go."""

    fence: int


@post(
    "/api/v1/inventory/holds",
    permission=HOLD_STOCK,
    command=HOLD,
    raises=(
        UnknownSku,
        BundleHasNoStock,
        LocationUnknown,
        UnknownChannel,
        ForeignLocation,
        OutOfStock,
        ExpiryInPast,
        ExpiryTooFar,
    ),
    example=HoldStock(
        holder="cart",
        holder_id=UUID(int=7),
        lines=(HoldLine(sku="MUG-1", location="S0001", quantity=2),),
        expires_at=datetime(2030, 1, 4, 12, 15, tzinfo=UTC),
        channel="web",
    ),
)
async def hold_stock(caller: Caller, data: HoldStock) -> HoldsTaken:
    """Hold stock until an instant: every line, or nothing."""
    return await caller.submit(HOLD, data)


@get("/api/v1/inventory/holds", permission="inventory:read")
async def list_holds(caller: Caller, holder: HolderKind, holder_id: UUID) -> Page[HoldView]:
    """List the holds of a cart, an order or a till, those that ended included."""
    async with caller.read() as tx:
        found = await holds_of(tx, holder, holder_id)
    return Page([view_of(held) for held in found[:HOLDS_LISTED_MAX]])


@get("/api/v1/inventory/holds/{hold_id}", permission="inventory:read", raises=(HoldNotFound,))
async def show_hold(caller: Caller, hold_id: UUID) -> HoldView:
    """Show a hold."""
    async with caller.read() as tx:
        return view_of(await hold_by_id(tx, hold_id))


@post(
    "/api/v1/inventory/holds/{hold_id}/extension",
    permission=HOLD_STOCK,
    command=EXTEND,
    raises=(
        HoldNotFound,
        HoldEnded,
        HoldExpired,
        StaleFence,
        ForeignLocation,
        ExpiryInPast,
        ExpiryTooFar,
    ),
    example=NewExpiry(fence=1, expires_at=datetime(2030, 1, 4, 12, 30, tzinfo=UTC)),
)
async def extend_hold(caller: Caller, hold_id: UUID, data: NewExpiry) -> HoldView:
    """Keep a hold longer; one that has run out is taken anew while its units are free."""
    wish = ExtendHold(hold_id=hold_id, fence=data.fence, expires_at=data.expires_at)
    return await caller.submit(EXTEND, wish)


@post(
    "/api/v1/inventory/holds/{hold_id}/release",
    permission=HOLD_STOCK,
    command=RELEASE,
    raises=(HoldNotFound, HoldEnded, StaleFence, ForeignLocation),
    example=Letting(fence=1),
)
async def release_hold(caller: Caller, hold_id: UUID, data: Letting) -> HoldView:
    """Let a hold go; its units are free at once."""
    return await caller.submit(RELEASE, ReleaseHold(hold_id=hold_id, fence=data.fence))


ROUTES = [hold_stock, list_holds, show_hold, extend_hold, release_hold]
