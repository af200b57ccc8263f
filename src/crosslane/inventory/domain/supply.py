"""Supply: receipts, adjustments, counts and feeds. Facts and reports; none of them is refused.

The algebra of feeds. A position has own movements (receipts, shipments, adjustments …), feed
deltas and baselines (counts and snapshots), each with the instant it was true. With B = (instant,
number) the latest baseline,

    on hand = number of B + sum of all movements, own and delta, that occurred after B's instant

(without a baseline: the sum of all movements). The right side depends on the set of what is known
and not on the order in which it became known; `Sheet.change` and `Sheet.rebase` keep the journal
adding up to it after every step. So a snapshot never erases newer demand, a late message changes
nothing that a newer snapshot already saw, and a repeated one is dropped by its id.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.inventory.domain.position import Baseline, Cause, Condition, Position, Reason
from crosslane.inventory.domain.sheet import Sheet


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Units that arrived at a location.

    Args:
        unit_cost_milli: what one unit cost, 1/1000 minor unit of the owner's book currency; None
            leaves the moving average as it is.
        allocated: the units belong to the cause's line and are never free, such as those another
            location has sent for a customer to collect here.
        promised_for: when that customer was promised them.
    """

    variant_id: UUID
    location_id: UUID
    quantity: int
    cause: Cause
    condition: Condition = Condition.SELLABLE
    owner_id: UUID | None = None
    unit_cost_milli: int | None = None
    occurred_at: datetime | None = None
    allocated: bool = False
    promised_for: datetime | None = None


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """Units found to be more or fewer, by a person or by a feed.

    Args:
        delta: units added, negative when lost.
        reason: ADJUST or FEED_DELTA.
        code: why a person adjusted, such as ``damaged``, ``thrown_away`` or ``found``.
    """

    variant_id: UUID
    location_id: UUID
    delta: int
    cause: Cause
    code: str | None = None
    condition: Condition = Condition.SELLABLE
    owner_id: UUID | None = None
    occurred_at: datetime | None = None
    reason: Reason = Reason.ADJUST


class Regrade(msgspec.Struct, frozen=True, kw_only=True):
    """Units that changed their condition where they lie."""

    variant_id: UUID
    location_id: UUID
    quantity: int
    before: Condition
    after: Condition
    cause: Cause
    owner_id: UUID | None = None
    occurred_at: datetime | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What a person or a feed's snapshot says lies at a location at an instant.

    Args:
        message: id of the count or message; orders reports of one instant.
        reason: COUNT or FEED_SNAPSHOT.
    """

    variant_id: UUID
    location_id: UUID
    quantity: int
    counted_at: datetime
    message: str
    cause: Cause
    condition: Condition = Condition.SELLABLE
    owner_id: UUID | None = None
    reason: Reason = Reason.COUNT


class SafetyLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Units a position itself keeps back; None leaves it to the policy."""

    variant_id: UUID
    location_id: UUID
    units: int | None
    condition: Condition = Condition.SELLABLE
    owner_id: UUID | None = None


class Recorded(msgspec.Struct, frozen=True):
    """A fact was recorded.

    Args:
        on_hand: units that lie there afterwards.
        drift: units a count or snapshot corrected; None when a newer baseline stood.
    """

    position_id: UUID
    on_hand: int
    drift: int | None = None


def receive(sheet: Sheet, receipt: Receipt) -> Recorded:
    """Record that units arrived; their cost moves the average."""
    position = position_of(sheet, receipt)
    if receipt.unit_cost_milli is not None:
        sheet.move_average(
            position,
            units=receipt.quantity,
            unit_cost_milli=receipt.unit_cost_milli,
            cause=receipt.cause,
            counted=sheet.has_counted(position, receipt.occurred_at),
        )
    sheet.change(
        position,
        reason=Reason.RECEIVE,
        cause=receipt.cause,
        on_hand=receipt.quantity,
        allocated=receipt.quantity if receipt.allocated else 0,
        occurred_at=receipt.occurred_at,
        unit_cost_milli=receipt.unit_cost_milli,
    )
    if receipt.allocated:
        sheet.promised_for[(receipt.cause.line, position.id)] = receipt.promised_for
    return Recorded(position.id, position.on_hand)


def adjust(sheet: Sheet, adjustment: Adjustment) -> Recorded:
    """Record a difference that was found or reported."""
    position = position_of(sheet, adjustment)
    sheet.change(
        position,
        reason=adjustment.reason,
        cause=adjustment.cause,
        on_hand=adjustment.delta,
        occurred_at=adjustment.occurred_at,
        code=adjustment.code,
    )
    return Recorded(position.id, position.on_hand)


def regrade(sheet: Sheet, grading: Regrade) -> Recorded:
    """Move units from one condition to another at the same location and owner."""
    source = _at(sheet, grading, grading.before)
    target = _at(sheet, grading, grading.after)
    for position, delta in ((source, -grading.quantity), (target, grading.quantity)):
        sheet.change(
            position,
            reason=Reason.REGRADE,
            cause=grading.cause,
            on_hand=delta,
            occurred_at=grading.occurred_at,
        )
    return Recorded(target.id, target.on_hand)


def count(sheet: Sheet, counted: Count) -> Recorded:
    """Let a count or a snapshot row decide on hand as of its instant."""
    position = position_of(sheet, counted)
    drift = sheet.rebase(
        position,
        baseline=Baseline(counted.counted_at, counted.message),
        reported=counted.quantity,
        reason=counted.reason,
        cause=counted.cause,
    )
    return Recorded(position.id, position.on_hand, drift)


def keep_back(sheet: Sheet, level: SafetyLevel) -> Recorded:
    """Let a position name its own safety stock."""
    position = position_of(sheet, level)
    sheet.set_safety_stock(position, level.units)
    return Recorded(position.id, position.on_hand)


def position_of(sheet: Sheet, fact: Receipt | Adjustment | Count | SafetyLevel) -> Position:
    """Return the position a fact is about; the sheet was opened with it present."""
    return _at(sheet, fact, fact.condition)


def _at(
    sheet: Sheet, fact: Receipt | Adjustment | Count | Regrade | SafetyLevel, condition: Condition
) -> Position:
    return sheet.at(fact.variant_id, fact.location_id, condition, fact.owner_id)[0]
