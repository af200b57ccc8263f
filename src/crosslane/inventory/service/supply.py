"""Facts about stock: receipts, adjustments, regrades, counts; always recorded."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from crosslane.inventory.domain import supply
from crosslane.inventory.domain.position import Condition
from crosslane.inventory.domain.sheet import Sheet
from crosslane.inventory.domain.supply import (
    Adjustment,
    Count,
    Receipt,
    Recorded,
    Regrade,
    SafetyLevel,
)
from crosslane.inventory.service.sheets import (
    Fact,
    doers_of,
    load_costs,
    load_moved_after,
    open_sheet,
    save_sheet,
)
from crosslane.inventory.storage.positions import Place
from crosslane.platform import log
from crosslane.platform.database import Tx


async def receive(
    tx: Tx, receipts: Sequence[Receipt], *, causes: Sequence[log.Cause] | None = None
) -> list[Recorded]:
    """Record goods that arrived; receipts with a cost move the average cost."""
    sheet = await open_sheet(tx, facts=_facts(receipts), doers=doers_of(receipts, causes))
    priced = [receipt for receipt in receipts if receipt.unit_cost_milli is not None]
    await load_costs(tx, sheet, [supply.position_of(sheet, receipt) for receipt in priced])
    return await _record(tx, sheet, receipts, supply.receive)


async def adjust(
    tx: Tx, adjustments: Sequence[Adjustment], *, causes: Sequence[log.Cause] | None = None
) -> list[Recorded]:
    """Record differences that were found or reported."""
    sheet = await open_sheet(tx, facts=_facts(adjustments), doers=doers_of(adjustments, causes))
    return await _record(tx, sheet, adjustments, supply.adjust)


async def regrade(
    tx: Tx, regrades: Sequence[Regrade], *, causes: Sequence[log.Cause] | None = None
) -> list[Recorded]:
    """Record that units changed their condition."""
    facts = [_fact(r, condition) for r in regrades for condition in (r.before, r.after)]
    sheet = await open_sheet(tx, facts=facts, doers=doers_of(regrades, causes))
    return await _record(tx, sheet, regrades, supply.regrade)


async def count(
    tx: Tx, counts: Sequence[Count], *, causes: Sequence[log.Cause] | None = None
) -> list[Recorded]:
    """Let counts decide what lies there as of the instant they were made."""
    sheet = await open_sheet(tx, facts=_facts(counts), doers=doers_of(counts, causes))
    instants = [(supply.position_of(sheet, c).id, c.counted_at) for c in counts]
    await load_moved_after(tx, sheet, instants)
    return await _record(tx, sheet, counts, supply.count)


async def set_safety_stock(
    tx: Tx, levels: Sequence[SafetyLevel], *, causes: Sequence[log.Cause] | None = None
) -> list[Recorded]:
    """Let positions name their own safety stock; no movement, so nobody is named for it here."""
    del causes
    sheet = await open_sheet(tx, facts=_facts(levels))
    return await _record(tx, sheet, levels, supply.keep_back)


Told = TypeVar("Told", Receipt, Adjustment, Count, Regrade, SafetyLevel)


async def _record(
    tx: Tx, sheet: Sheet, told: Sequence[Told], decide: Callable[[Sheet, Told], Recorded]
) -> list[Recorded]:
    recorded = [decide(sheet, one) for one in told]
    await save_sheet(tx, sheet)
    return recorded


def _facts(told: Iterable[Receipt | Adjustment | Count | SafetyLevel]) -> list[Fact]:
    return [_fact(one, one.condition) for one in told]


def _fact(one: Receipt | Adjustment | Count | Regrade | SafetyLevel, condition: Condition) -> Fact:
    return Fact(Place(one.variant_id, one.location_id, condition), one.owner_id)
