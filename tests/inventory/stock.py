"""Short ways to say what a stock test is about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from crosslane.inventory.domain import holds, supply
from crosslane.inventory.domain.costs import Cost
from crosslane.inventory.domain.demand import AllocationRequest
from crosslane.inventory.domain.holds import HoldRequest
from crosslane.inventory.domain.position import (
    Baseline,
    Cause,
    Condition,
    Position,
    PositionKey,
    Reserves,
)
from crosslane.inventory.domain.sheet import HeldBy, Hold, Sheet

SPACE = UUID("6f0c1a52-6d0e-4a58-9a6e-9a4a0a5c2f10")
NOON = datetime(2011, 1, 4, 12, 0, tzinfo=UTC)
MINUTE = int(NOON.timestamp()) // 60


def named(name: str) -> UUID:
    """Return the same id for the same name."""
    return uuid5(SPACE, name)


MUG, BOWL = named("mug"), named("bowl")
LEEDS, YORK = named("leeds"), named("york")
RETAILER, FRANCHISEE = named("retailer"), named("franchisee")
WEB, STORES = named("web"), named("stores")


def order(name: str, line: str = "1") -> Cause:
    return Cause("order", named(name), named(f"{name}/{line}"))


def position(
    on_hand: int = 0,
    *,
    variant: UUID = MUG,
    location: UUID = LEEDS,
    condition: Condition = Condition.SELLABLE,
    owner: UUID = RETAILER,
    allocated: int = 0,
    held: Mapping[int, int] | None = None,
    safety_stock: int | None = None,
    cost: int | None = None,
    baseline: Baseline | None = None,
) -> Position:
    key = PositionKey(variant, location, condition, owner)
    return Position(
        id=named(repr(key)),
        key=key,
        on_hand=on_hand,
        allocated=allocated,
        held=dict(held or {}),
        safety_stock=safety_stock,
        own=owner == RETAILER,
        unit_cost_milli=cost,
        baseline=baseline,
    )


def sheet(
    *positions: Position,
    now: datetime = NOON,
    reserves: Reserves | None = None,
    slices: Mapping[tuple[UUID, UUID], int] | None = None,
    holds: tuple[Hold, ...] = (),
    costs: Mapping[tuple[UUID, UUID], Cost] | None = None,
) -> Sheet:
    return Sheet(positions, now=now, reserves=reserves, slices=slices, holds=holds, costs=costs)


def wish(
    quantity: int,
    *,
    cause: Cause | None = None,
    variant: UUID = MUG,
    location: UUID = LEEDS,
    channel: UUID | None = None,
    group: UUID | None = None,
) -> AllocationRequest:
    return AllocationRequest(
        variant_id=variant,
        location_id=location,
        quantity=quantity,
        cause=cause or order("A"),
        channel_id=channel,
        group=group,
    )


def hold_wish(
    quantity: int,
    *,
    name: str = "cart",
    minutes: int = 10,
    location: UUID = LEEDS,
    now: datetime = NOON,
) -> HoldRequest:
    return HoldRequest(
        hold_id=named(f"hold/{name}"),
        variant_id=MUG,
        location_id=location,
        quantity=quantity,
        holder=HeldBy("cart", named(name)),
        expires_at=now + timedelta(minutes=minutes),
    )


def confirm(stock, hold, quantity):
    return holds.confirm(
        stock,
        holds.Confirmation(hold_id=hold.id, fence=hold.fence, quantity=quantity, cause=order("A")),
    )


def let_go(stock, hold):
    return holds.release_hold(stock, holds.HoldRelease(hold_id=hold.id, fence=hold.fence))


def snapshot(quantity, at, message="s1"):
    return supply.Count(
        variant_id=MUG,
        location_id=LEEDS,
        quantity=quantity,
        counted_at=at,
        message=message,
        cause=order(message),
    )
