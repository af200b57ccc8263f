"""Holds: soft claims that end by time.

Their life:

    active    extend   → active (fence + 1), or refused once another hold or order has the stock
    active    confirm  → active with fewer units, confirmed when none are left
    active    release  → released
    active    time     → expired; whoever writes the position next marks it so
    expired   extend   → active again when the stock is still free, else refused
    expired   confirm  → units taken anew when they are still free, else refused
    expired   release  → released
    confirmed, released: nothing more

Expiry is judged by the sheet's clock, which was read after the position was locked.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.inventory.domain.demand import (
    Allocated,
    AllocationRequest,
    Slice,
    allocate,
    out_of_stock,
    use_up,
)
from crosslane.inventory.domain.position import Cause, Position, Reason
from crosslane.inventory.domain.sheet import HeldBy, Hold, Sheet
from crosslane.inventory.errors import (
    ExpiryInPast,
    ExpiryTooFar,
    HoldEnded,
    HoldExpired,
    HoldNotFound,
    HoldTooSmall,
    StaleFence,
)
from crosslane.kernel import Refusal

HOLD_HOURS_MAX = 168
SECONDS_PER_MINUTE = 60
MINUTES_PER_HOUR = 60


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to keep units of a variant at a location for a while.

    Args:
        hold_id: id of the hold to be, made by the caller.
        expires_at: the hold lasts to the end of the minute this instant lies in.
        group: requests of one group are taken all or not at all.
    """

    hold_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int
    holder: HeldBy
    expires_at: datetime
    channel_id: UUID | None = None
    group: UUID | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to keep a hold until another instant."""

    hold_id: UUID
    fence: int
    expires_at: datetime
    channel_id: UUID | None = None
    group: UUID | None = None


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to turn units of a hold into an allocation."""

    hold_id: UUID
    fence: int
    quantity: int
    cause: Cause
    channel_id: UUID | None = None
    promised_for: datetime | None = None
    group: UUID | None = None


class HoldRelease(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to let a hold go."""

    hold_id: UUID
    fence: int
    group: UUID | None = None


def hold(sheet: Sheet, request: HoldRequest) -> Hold | Refusal:
    """Take a hold on one position that can bear all of it.

    A hold names one position, so with several owners at a location the quantity must fit one.
    """
    expires = expiry_minute(sheet, request.expires_at)
    if isinstance(expires, Refusal):
        return expires
    available = sheet.available(request.variant_id, request.location_id, request.channel_id)
    positions = sheet.at(request.variant_id, request.location_id)
    frees = [min(available, position.free(sheet.minute)) for position in positions]
    for position, free in zip(positions, frees, strict=True):
        if free >= request.quantity:
            sheet.set_held(position, expires, request.quantity)
            taken = Hold(
                id=request.hold_id,
                position_id=position.id,
                holder=request.holder,
                fence=1,
                quantity=request.quantity,
                taken=request.quantity,
                expires_minute=expires,
            )
            sheet.set_hold(taken)
            return taken
    return out_of_stock(request, max(frees, default=0))


def extend(sheet: Sheet, request: Extension) -> Hold | Refusal:
    """Move the expiry of a hold; one that has run out is taken anew or refused."""
    found = _usable(sheet, request.hold_id, request.fence)
    if isinstance(found, Refusal):
        return found
    expires = expiry_minute(sheet, request.expires_at)
    if isinstance(expires, Refusal):
        return expires
    position = sheet.positions[found.position_id]
    if found.state == "expired":
        available = _available_anew(sheet, position, request.channel_id)
        if found.quantity > available:
            return HoldExpired(available=max(0, available))
    _let_go(sheet, found)
    sheet.set_held(position, expires, found.quantity)
    longer = msgspec.structs.replace(
        found, fence=found.fence + 1, expires_minute=expires, state="active"
    )
    sheet.set_hold(longer)
    return longer


def confirm(sheet: Sheet, request: Confirmation) -> Allocated | Refusal:
    """Turn units of a hold into an allocation to a demand line.

    A hold promises units that were free when it was taken. Facts may have taken them since, so
    the units must also still lie there unallocated.
    """
    found = _usable(sheet, request.hold_id, request.fence)
    if isinstance(found, Refusal):
        return found
    if request.quantity > found.quantity:
        return HoldTooSmall(held=found.quantity, quantity=request.quantity)
    if found.state == "expired":
        return _confirm_anew(sheet, found, request)
    position = sheet.positions[found.position_id]
    unallocated = position.on_hand - position.allocated
    if request.quantity > unallocated:
        return out_of_stock(_anew(position, request), unallocated)
    use_up(sheet, found, request.quantity)
    sheet.change(position, reason=Reason.CONFIRM, cause=request.cause, allocated=request.quantity)
    sheet.promised_for[(request.cause.line, position.id)] = request.promised_for
    cost = sheet.unit_cost(position)
    return Allocated((Slice(position.id, position.key.owner_id, request.quantity, cost),))


def release_hold(sheet: Sheet, request: HoldRelease) -> Hold | Refusal:
    """Let a hold go; its units are free at once."""
    found = _usable(sheet, request.hold_id, request.fence)
    if isinstance(found, Refusal):
        return found
    _let_go(sheet, found)
    released = msgspec.structs.replace(found, state="released")
    sheet.set_hold(released)
    return released


def expiry_minute(sheet: Sheet, expires_at: datetime) -> int | Refusal:
    """Return the first minute in which a hold until this instant no longer holds."""
    minute = -int(-expires_at.timestamp() // SECONDS_PER_MINUTE)
    if minute <= sheet.minute:
        return ExpiryInPast(pointer="/expires_at")
    if minute > sheet.minute + HOLD_HOURS_MAX * MINUTES_PER_HOUR + 1:
        return ExpiryTooFar(pointer="/expires_at", hours=HOLD_HOURS_MAX)
    return minute


def _usable(sheet: Sheet, hold_id: UUID, fence: int) -> Hold | Refusal:
    found = sheet.holds.get(hold_id)
    if found is None:
        return HoldNotFound(hold_id=str(hold_id))
    if found.state not in ("active", "expired"):
        return HoldEnded(state=found.state)
    if found.fence != fence:
        return StaleFence(fence=found.fence)
    return found


def _let_go(sheet: Sheet, found: Hold) -> None:
    """Take the units of a hold out of its bucket, unless its expiry was already marked."""
    if found.state == "active":
        position = sheet.positions[found.position_id]
        sheet.set_held(position, found.expires_minute, -found.quantity)


def _available_anew(sheet: Sheet, position: Position, channel_id: UUID | None) -> int:
    at_location = sheet.available(position.key.variant_id, position.key.location_id, channel_id)
    return min(at_location, position.free(sheet.minute))


def _confirm_anew(sheet: Sheet, found: Hold, request: Confirmation) -> Allocated | Refusal:
    taken = allocate(sheet, _anew(sheet.positions[found.position_id], request))
    if isinstance(taken, Refusal):
        return HoldExpired(available=taken.details["available"])
    left = found.quantity - request.quantity
    state = "expired" if left else "confirmed"
    sheet.set_hold(msgspec.structs.replace(found, quantity=left, state=state))
    return taken


def _anew(position: Position, request: Confirmation) -> AllocationRequest:
    return AllocationRequest(
        variant_id=position.key.variant_id,
        location_id=position.key.location_id,
        quantity=request.quantity,
        cause=request.cause,
        channel_id=request.channel_id,
        promised_for=request.promised_for,
    )
