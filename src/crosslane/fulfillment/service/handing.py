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
    COMMANDS_AT_ONCE_MAX,
    WORKS_MAX,
    Worked,
    by_asker,
    by_work,
    open_works,
    step_of,
)
from crosslane.kernel import Refusal
from crosslane.orders import Stage
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

PARCELS_MAX = 500


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
    answers = (Worked(work.id, work.state, parcels=taken[work.id]) for work in works.values())
    return by_asker(commands, wanted, answers)


def _packed(work: Work) -> list[Parcel]:
    return [parcel for parcel in work.parcels if parcel.state != "void"]


async def collect(tx: Tx, commands: Sequence[Command[Collect]]) -> list[Worked | Refusal]:
    """Hand goods to customers, who show the code that was sent, or sign for them.

    Returns:
        For each command what it did, or why it was refused: it does not wait for its customer,
        there is neither code nor signature (ProofMissing), the code is another (WrongPickupCode),
        or a stop is open (HeldBack).

    Raises:
        NotTogether: two commands collect the same.
    """
    wanted = by_work((command, command.body.fulfillment_order) for command in commands)
    works = await open_works(tx, wanted)
    given: list[_Given] = []
    refused: dict[UUID, Refusal] = {}
    for work_id, command in wanted.items():
        try:
            _require_proof(works[work_id], command.body)
        except Refusal as refusal:
            refused[work_id] = refusal
        else:
            at = command.body.occurred_at or tx.now
            given.append(_Given(works[work_id], command, at))
    refused |= await _give(tx, given)
    proofs = [
        (one.work.id, one.command.body.signature, one.at)
        for one in given
        if one.work.id not in refused and one.command.body.signature is not None
    ]
    await storage.insert_proofs(tx, proofs)
    return [
        refused.get(work_id) or Worked(work_id, works[work_id].state)
        for work_id in (command.body.fulfillment_order for command in commands)
    ]


def _require_proof(work: Work, wish: Collect) -> None:
    require_state(work, "collect")
    if not wish.pickup_code and wish.signature is None:
        raise ProofMissing(pointer="/pickup_code")
    if wish.pickup_code and wish.pickup_code != work.pickup_code:
        raise WrongPickupCode(pointer="/pickup_code")


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
    for refusal in (await _give(tx, [_Given(work, command, at)])).values():
        raise refusal
    return Worked(work.id, work.state)


class _Given(msgspec.Struct, frozen=True):
    """Work whose goods are handed out, by whose command, and when."""

    work: Work
    command: Command[Any]
    at: datetime


async def _give(tx: Tx, given: Sequence[_Given]) -> dict[UUID, Refusal]:
    """Hand out whatever is put aside; returns by fulfillment order why it cannot be."""
    stopped = await orders.lock_stopped(tx, [one.work.order_id for one in given])
    refused: dict[UUID, Refusal] = {
        one.work.id: HeldBack() for one in given if one.work.order_id in stopped
    }
    steps = [
        step_of(
            one.work,
            line.line_id,
            line.packed,
            Stage.PACKED,
            Stage.HANDED_OVER,
            one.command,
            one.at,
        )
        for one in given
        if one.work.id not in refused
        for line in one.work.lines
        if line.packed
    ]
    moved = await orders.move(tx, steps)
    refused |= {UUID(group): refusal for group, refusal in moved.items()}
    gone = [one for one in given if one.work.id not in refused]
    for one in gone:
        for line in one.work.lines:
            line.gone, line.packed = line.gone + line.packed, 0
        one.work.collect_by = None
        advance(one.work, tx.now)
    await storage.save_works(tx, [one.work for one in gone])
    told = [event_of(events.PickupCollected, one.work, occurred_at=one.at) for one in gone]
    await log.append(tx, told, [one.command for one in gone])
    return refused


HAND_OVER = CommandKind(
    "fulfillment.hand_over", HandOver, list[Worked], hand_over, COMMANDS_AT_ONCE_MAX
)
COLLECT = CommandKind("fulfillment.collect", Collect, Worked, collect, COMMANDS_AT_ONCE_MAX)
