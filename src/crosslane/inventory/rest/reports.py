"""What people say happened to stock."""

from crosslane.catalog import UnknownSku
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.errors import (
    BundleHasNoStock,
    ForeignLocation,
    NothingChanges,
    SameCondition,
    TimeInFuture,
)
from crosslane.inventory.service.corrections import (
    ADJUST,
    COUNT,
    RECEIVE,
    REGRADE,
    SET_SAFETY_STOCK,
    AdjustLine,
    AdjustStock,
    CountLine,
    CountStock,
    ReceiveLine,
    ReceiveStock,
    RegradeLine,
    RegradeStock,
    SafetyLine,
    SetSafetyStock,
    StockRecorded,
)
from crosslane.locations import LocationUnknown
from crosslane.organization import UnknownEntity
from crosslane.platform.web import Caller, post

RAISES = (UnknownSku, BundleHasNoStock, LocationUnknown, UnknownEntity, ForeignLocation)


@post(
    "/api/v1/inventory/adjustments",
    permission="inventory:adjust",
    command=ADJUST,
    raises=(*RAISES, NothingChanges, TimeInFuture),
    example=AdjustStock(
        lines=(AdjustLine(sku="MUG-1", location="S0001", delta=-2, code="damaged"),)
    ),
)
async def adjust_stock(caller: Caller, data: AdjustStock) -> StockRecorded:
    """Record units that were found or lost.

    A fact: it is recorded even when it takes what was promised; those who go without are told and
    served from elsewhere, the latest promise first.
    """
    return await caller.submit(ADJUST, data)


@post(
    "/api/v1/inventory/counts",
    permission="inventory:count",
    command=COUNT,
    raises=(*RAISES, TimeInFuture),
    example=CountStock(lines=(CountLine(sku="MUG-1", location="S0001", quantity=12),)),
)
async def count_stock(caller: Caller, data: CountStock) -> StockRecorded:
    """Record what was counted.

    The count decides what lay there at ``counted_at``; what moved since is kept on top of it.
    """
    return await caller.submit(COUNT, data)


@post(
    "/api/v1/inventory/receipts",
    permission="inventory:receive",
    command=RECEIVE,
    raises=(*RAISES, TimeInFuture),
    example=ReceiveStock(
        lines=(ReceiveLine(sku="MUG-1", location="DC1", quantity=48, unit_cost_milli=185_000),)
    ),
)
async def receive_stock(caller: Caller, data: ReceiveStock) -> StockRecorded:
    """Record goods that arrived unannounced; announced ones are received on their incoming line."""
    return await caller.submit(RECEIVE, data)


@post(
    "/api/v1/inventory/regrades",
    permission="inventory:adjust",
    command=REGRADE,
    raises=(*RAISES, SameCondition, TimeInFuture),
    example=RegradeStock(
        lines=(
            RegradeLine(
                sku="MUG-1",
                location="S0001",
                condition=Condition.TO_GRADE,
                becomes=Condition.SELLABLE,
                quantity=1,
            ),
        )
    ),
)
async def regrade_stock(caller: Caller, data: RegradeStock) -> StockRecorded:
    """Record that units changed their condition."""
    return await caller.submit(REGRADE, data)


@post(
    "/api/v1/inventory/safety-stocks",
    permission="inventory:adjust",
    command=SET_SAFETY_STOCK,
    raises=RAISES,
    example=SetSafetyStock(lines=(SafetyLine(sku="MUG-1", location="S0001", units=2),)),
)
async def set_safety_stock(caller: Caller, data: SetSafetyStock) -> StockRecorded:
    """Let positions name their own safety stock, which beats the policy's."""
    return await caller.submit(SET_SAFETY_STOCK, data)


ROUTES = [adjust_stock, count_stock, receive_stock, regrade_stock, set_safety_stock]
