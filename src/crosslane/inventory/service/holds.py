"""Holds: take, extend, confirm, let go; each door takes many and answers one by one."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from crosslane.inventory.domain import holds
from crosslane.inventory.domain.demand import Allocated, decide_in_groups
from crosslane.inventory.domain.holds import Confirmation, Extension, HoldRelease, HoldRequest
from crosslane.inventory.domain.sheet import Doer, HeldBy, Hold, Sheet
from crosslane.inventory.errors import HoldNotFound
from crosslane.inventory.service.sheets import doers_of, open_sheet, save_sheet
from crosslane.inventory.storage import holds as stored
from crosslane.inventory.storage.positions import Place
from crosslane.kernel import Refusal
from crosslane.platform import log
from crosslane.platform.database import Tx

HOLDS_LISTED_MAX = 1_000
ENDED_DAYS_KEPT = 90
ENDED_DELETED_MAX = 5_000
FORGET_EVERY_SECONDS = 3_600


async def hold(tx: Tx, requests: Sequence[HoldRequest]) -> list[Hold | Refusal]:
    """Keep stock for a while; groups are taken all or not at all."""
    places = [Place(request.variant_id, request.location_id) for request in requests]
    sheet = await open_sheet(tx, places, decides=True)
    answers = decide_in_groups(sheet, requests, holds.hold)
    await save_sheet(tx, sheet)
    return answers


async def extend(tx: Tx, extensions: Sequence[Extension]) -> list[Hold | Refusal]:
    """Keep holds longer; what has expired meanwhile is taken anew or refused."""
    return await _change(tx, extensions, holds.extend)


async def confirm(
    tx: Tx,
    confirmations: Sequence[Confirmation],
    *,
    causes: Sequence[log.Cause] | None = None,
) -> list[Allocated | Refusal]:
    """Turn held units into allocations, in parts if wished; groups all or nothing."""
    return await _change(tx, confirmations, holds.confirm, doers_of(confirmations, causes))


async def release_hold(tx: Tx, releases: Sequence[HoldRelease]) -> list[Hold | Refusal]:
    """Let holds go."""
    return await _change(tx, releases, holds.release_hold)


async def holds_of(tx: Tx, kind: str, holder_id: UUID) -> list[Hold]:
    """Return the holds of a cart, an order or a till, ended ones included, oldest first."""
    return await stored.list_by_holder(tx, HeldBy(kind, holder_id), HOLDS_LISTED_MAX)


async def hold_by_id(tx: Tx, hold_id: UUID) -> Hold:
    """Return a hold.

    Raises:
        HoldNotFound: there is none.
    """
    found = await stored.list_holds(tx, [hold_id])
    if not found:
        raise HoldNotFound(hold_id=str(hold_id))
    return found[0]


async def forget_ended(tx: Tx) -> None:
    """Delete holds that ended long ago; a schedule."""
    await stored.delete_ended(tx, ENDED_DAYS_KEPT, ENDED_DELETED_MAX)


Wish = TypeVar("Wish", Extension, Confirmation, HoldRelease)
Answer = TypeVar("Answer", Hold, Allocated)


async def _change(
    tx: Tx,
    wishes: Sequence[Wish],
    decide: Callable[[Sheet, Wish], Answer | Refusal],
    doers: Mapping[UUID, Doer] | None = None,
) -> list[Answer | Refusal]:
    hold_ids = [wish.hold_id for wish in wishes]
    sheet = await open_sheet(tx, hold_ids=hold_ids, decides=True, doers=doers)
    answers = decide_in_groups(sheet, wishes, decide)
    await save_sheet(tx, sheet)
    return answers
