"""Out of the door: parcels to the carrier's driver, goods to the customer at the counter."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from crosslane import orders
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import Parcel, Signature, Work, advance, require_state
from crosslane.fulfillment.errors import (
    HeldBack,
    NothingPacked,
    ProofMissing,
    WrongPickupCode,
)
from crosslane.fulfillment.service.offering import event_of
from crosslane.fulfillment.service.working import (
    WORKS_MAX,
    Worked,
    by_work,
    open_works,
    step_of,
)
from crosslane.orders import Stage
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

PARCELS_MAX = 500
COMMANDS_AT_ONCE_MAX = 32


class HandOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parcels were given to the carrier's driver.

    Args:
        fulfillment_orders: whose.
        parcels: which of their parcels; all that are packed when empty.
        occurred_at: business time; now when absent.
    """

    fulfillment_orders: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=WORKS_MAX)]
    parcels: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=PARCELS_MAX)] = ()
    occurred_at: datetime | None = None


class Collect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hand goods to the customer at the store, for the pickup code or a signature.

    Args:
        fulfillment_order: which.
        pickup_code: what the customer shows, "" when there is a signature instead.
        occurred_at: business time; now when absent.
        signature: of who takes the goods.
    """

    fulfillment_order: UUID
    pickup_code: Annotated[str, msgspec.Meta(max_length=20)] = ""
    occurred_at: datetime | None = None
    signature: Signature | None = None


async def hand_over(tx: Tx, commands: Sequence[Command[HandOver]]) -> list[list[Worked]]:
    """Note parcels that their driver has taken; of one told twice the first time stands.

    Raises:
        NothingPacked: a fulfillment order has no such parcel.
    """
    wanted = by_work((c, work_id) for c in commands for work_id in c.body.fulfillment_orders)
    works = await open_works(tx, wanted)
    taken: dict[UUID, tuple[UUID, ...]] = {}
    told: list[events.FulfillmentEvent] = []
    for work in works.values():
        wish = wanted[work.id].body
        parcels = [p for p in _packed(work) if not wish.parcels or p.id in wish.parcels]
        if not parcels:
            raise NothingPacked
        new = [parcel for parcel in parcels if parcel.handed_over_at is None]
        taken[work.id] = tuple(parcel.id for parcel in new)
        for parcel in new:
            at = parcel.handed_over_at = wish.occurred_at or tx.now
            told.append(
                event_of(events.ParcelHandedOver, work, parcel_id=parcel.id, occurred_at=at)
            )
    await storage.save_works(tx, [work for work in works.values() if taken[work.id]])
    await log.append(tx, told, [wanted[event.fulfillment_order_id] for event in told])
    return [
        [
            Worked(work.id, work.state, parcels=taken[work.id])
            for work in works.values()
            if wanted[work.id] is command
        ]
        for command in commands
    ]


def _packed(work: Work) -> list[Parcel]:
    return [parcel for parcel in work.parcels if parcel.state != "void"]


async def collect(tx: Tx, commands: Sequence[Command[Collect]]) -> list[Worked]:
    """Hand goods to the customer, who shows the code that was sent, or signs for them.

    Raises:
        ProofMissing: there is neither code nor signature.
        WrongPickupCode: a code was given, and it is another.
        HeldBack: a stop is open.
    """
    command, wish = commands[0], commands[0].body
    (work,) = (await open_works(tx, {wish.fulfillment_order: command})).values()
    require_state(work, "collect")
    if not wish.pickup_code and wish.signature is None:
        raise ProofMissing(pointer="/pickup_code")
    if wish.pickup_code and wish.pickup_code != work.pickup_code:
        raise WrongPickupCode(pointer="/pickup_code")
    at = wish.occurred_at or tx.now
    await _give(tx, work, command, at)
    if wish.signature is not None:
        await storage.insert_proof(tx, work.id, wish.signature, at)
    return [Worked(work.id, work.state)]


async def note_collected(tx: Tx, command: Command[Any], work_id: UUID, at: datetime) -> Worked:
    """Note that goods were collected where somebody else has seen to the proof.

    Args:
        tx: open transaction.
        command: who says so.
        work_id: the fulfillment order.
        at: business time.

    Raises:
        NoSuchFulfillmentOrder, NotInState: it does not wait for its customer.
        HeldBack: a stop is open.
    """
    (work,) = (await open_works(tx, {work_id: command})).values()
    require_state(work, "collect")
    await _give(tx, work, command, at)
    return Worked(work.id, work.state)


async def _give(tx: Tx, work: Work, command: Command[Any], at: datetime) -> None:
    """Hand out whatever is put aside."""
    if await orders.lock_stopped(tx, [work.order_id]):
        raise HeldBack
    steps = [
        step_of(work, line.line_id, line.packed, Stage.PACKED, Stage.HANDED_OVER, command, at)
        for line in work.lines
        if line.packed
    ]
    for refusal in (await orders.move(tx, steps)).values():
        raise refusal
    for line in work.lines:
        line.gone, line.packed = line.gone + line.packed, 0
    work.collect_by = None
    advance(work, tx.now)
    await storage.save_works(tx, [work])
    await log.append(tx, [event_of(events.PickupCollected, work, occurred_at=at)], [command])


HAND_OVER = CommandKind(
    "fulfillment.hand_over", HandOver, list[Worked], hand_over, COMMANDS_AT_ONCE_MAX
)
COLLECT = CommandKind("fulfillment.collect", Collect, Worked, collect, batch_max=1)
