"""What a location does: accept, reject, pick with shorts. Many fulfillment orders at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec

from crosslane import inventory, locations, orders, organization
from crosslane.fulfillment import events, storage
from crosslane.fulfillment.domain import (
    DISPATCH,
    State,
    Work,
    advance,
    pack,
    require_state,
    take,
)
from crosslane.fulfillment.errors import NoSuchFulfillmentOrder, SuppliedByVendor
from crosslane.fulfillment.service.offering import collect_by, event_of
from crosslane.kernel import QUANTITY_MAX, new_id
from crosslane.orders import Failure, Stage, Step
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, NotTogether

WORKS_MAX = 200
COMMANDS_AT_ONCE_MAX = 32
LINES_MAX = 2_000
SHORT_PICK = "short_pick"

Units = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_MAX)]


class Accept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take work on.

    Args:
        fulfillment_orders: which.
        occurred_at: business time; now when absent.
    """

    fulfillment_orders: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=WORKS_MAX)]
    occurred_at: datetime | None = None


class Reject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Turn work down; its units are looked for elsewhere and not asked of this location again.

    Args:
        fulfillment_order: which.
        reason: why.
        occurred_at: business time; now when absent.
    """

    fulfillment_order: UUID
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    occurred_at: datetime | None = None


class PickedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was taken from the shelf of one line.

    Args:
        line_id: the order line.
        picked: units taken.
        short: units that should have been there and were not.
    """

    line_id: UUID
    picked: Units
    short: Units = 0


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units taken for one fulfillment order.

    Args:
        fulfillment_order: which.
        lines: what was taken; everything that is left when empty.
        occurred_at: business time; that of the whole report when absent.
    """

    fulfillment_order: UUID
    lines: Annotated[list[PickedLine], msgspec.Meta(max_length=LINES_MAX)] = []
    occurred_at: datetime | None = None


class PickUnits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units taken for one or many fulfillment orders of a pick list.

    Args:
        picks: per fulfillment order.
        occurred_at: business time; now when absent.
    """

    picks: Annotated[list[Pick], msgspec.Meta(min_length=1, max_length=WORKS_MAX)]
    occurred_at: datetime | None = None


class Worked(msgspec.Struct, frozen=True):
    """How a fulfillment order stands after the work.

    Args:
        gone: refused by the order itself: its units were cancelled meanwhile.
        parcels: those that this closed.
    """

    fulfillment_order: UUID
    state: State
    gone: bool = False
    parcels: tuple[UUID, ...] = ()


async def open_works(tx: Tx, wanted: Mapping[UUID, Command]) -> dict[UUID, Work]:
    """Lock fulfillment orders, each of which its caller may work on.

    Raises:
        NoSuchFulfillmentOrder: one does not exist, or is another location's.
        SuppliedByVendor: one is moved on by what its vendor says.
    """
    works = await storage.lock_works(tx, list(wanted))
    network = await locations.network(tx)
    for work_id, command in wanted.items():
        own = command.actor.location_id
        work = works.get(work_id)
        if work is None or (own is not None and work.location_id != own):
            raise NoSuchFulfillmentOrder(id=str(work_id))
        if network.by_id[work.location_id].kind == "vendor":
            raise SuppliedByVendor(id=str(work_id))
    return works


def by_work(wishes: Iterable[tuple[Command, UUID]]) -> dict[UUID, Command]:
    """Return which command wants what.

    Raises:
        NotTogether: two commands want the same; what is left for the second tells the first.
    """
    wanted: dict[UUID, Command] = {}
    for command, work_id in wishes:
        if wanted.setdefault(work_id, command) is not command:
            raise NotTogether
    return wanted


def by_asker(
    commands: Sequence[Command], wanted: Mapping[UUID, Command], done: Iterable[Worked]
) -> list[list[Worked]]:
    """Return for each command what was done of what it wants."""
    answers: dict[str, list[Worked]] = {command.key: [] for command in commands}
    for one in done:
        answers[wanted[one.fulfillment_order].key].append(one)
    return [answers[command.key] for command in commands]


async def accept(tx: Tx, commands: Sequence[Command[Accept]]) -> list[list[Worked]]:
    """Take work on."""
    wanted = by_work((c, work_id) for c in commands for work_id in c.body.fulfillment_orders)
    works = await open_works(tx, wanted)
    for work in works.values():
        require_state(work, "accept")
        work.state, work.accepted_at = "accepted", wanted[work.id].body.occurred_at or tx.now
    await storage.save_works(tx, list(works.values()))
    told = [event_of(events.FulfillmentAccepted, work) for work in works.values()]
    await log.append(tx, told, [wanted[work_id] for work_id in works])
    return by_asker(commands, wanted, (Worked(work.id, work.state) for work in works.values()))


async def reject(tx: Tx, commands: Sequence[Command[Reject]]) -> list[Worked]:
    """Turn work down."""
    command, wish = commands[0], commands[0].body
    (work,) = (await open_works(tx, {wish.fulfillment_order: command})).values()
    require_state(work, "reject")
    failures = [
        Failure(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            stage=Stage.RELEASED,
            quantity=line.to_pick,
            reason=f"rejected: {wish.reason}",
            cause=command,
            occurred_at=wish.occurred_at or tx.now,
        )
        for line in work.lines
        if line.to_pick
    ]
    await orders.fail(tx, failures, f"fulfillment:{work.id}")
    for line in work.lines:
        line.removed += line.to_pick
    work.state, work.reason = "rejected", wish.reason
    advance(work, tx.now)
    await storage.save_works(tx, [work])
    await log.append(tx, [event_of(events.FulfillmentRejected, work, reason=wish.reason)])
    return [Worked(work.id, work.state)]


async def pick(tx: Tx, commands: Sequence[Command[PickUnits]]) -> list[list[Worked]]:
    """Take units from the shelf; the order decides whether they are still wanted.

    Short units are looked for elsewhere at once, and by policy come off the location's books.
    A pickup is ready as soon as all of it is picked.
    """
    picks = [(command, wish) for command in commands for wish in command.body.picks]
    if len(commands) > 1 and any(line.short for _, wish in picks for line in wish.lines):
        # Whose doing it is that other stock is found is told for one command.
        raise NotTogether
    wanted = by_work((command, wish.fulfillment_order) for command, wish in picks)
    at: dict[UUID, datetime] = {}
    for command in commands:
        at |= times_of(command.body.picks, command.body.occurred_at or tx.now)
    works = await open_works(tx, wanted)
    taken: list[tuple[Work, PickedLine]] = []
    for _, wish in picks:
        work = works[wish.fulfillment_order]
        require_state(work, "pick")
        lines = wish.lines or [
            PickedLine(line.line_id, line.to_pick) for line in work.lines if line.to_pick
        ]
        taken.extend((work, line) for line in lines)
    steps = [
        step_of(
            work,
            line.line_id,
            line.picked,
            Stage.RELEASED,
            Stage.PICKED,
            wanted[work.id],
            at[work.id],
        )
        for work, line in taken
        if line.picked
    ]
    refused = await orders.move(tx, steps)
    done = [(work, line) for work, line in taken if str(work.id) not in refused]
    for work, line in done:
        take(work, line.line_id, line.picked, line.short)
    await _report_short(tx, commands[0], done, at)
    whole = [work for work in works.values() if str(work.id) not in refused]
    await _set_aside(tx, wanted, [work for work in whole if work.method == "pickup"], at)
    policies, network = await organization.policies(tx), await locations.network(tx)
    for work in whole:
        advance(work, tx.now)
        if work.state == "ready":
            work.collect_by = collect_by(policies, network.by_id[work.location_id], tx.now)
    await storage.save_works(tx, whole)
    await _tell_picked(tx, wanted, done, at)
    answers = (Worked(w.id, w.state, gone=str(w.id) in refused) for w in works.values())
    return by_asker(commands, wanted, answers)


class _Told(Protocol):
    @property
    def fulfillment_order(self) -> UUID: ...
    @property
    def occurred_at(self) -> datetime | None: ...


def times_of(told: Sequence[_Told], otherwise: datetime) -> dict[UUID, datetime]:
    """Return the business time of each fulfillment order of a report: its own, or the report's."""
    return {one.fulfillment_order: one.occurred_at or otherwise for one in told}


def step_of(
    work: Work,
    line_id: UUID,
    quantity: int,
    here: Stage,
    there: Stage,
    command: Command,
    at: datetime,
) -> Step:
    """Return the step of units of a line; all steps of one fulfillment order go together."""
    group = str(work.id)
    return Step(
        order_id=work.order_id,
        line_id=line_id,
        location_id=work.location_id,
        from_stage=here,
        to_stage=there,
        quantity=quantity,
        group=group,
        why="fulfillment:" + group,
        occurred_at=at,
        cause=command,
    )


async def _report_short(
    tx: Tx,
    command: Command,
    done: Sequence[tuple[Work, PickedLine]],
    at: Mapping[UUID, datetime],
) -> None:
    short = [(work, line) for work, line in done if line.short]
    if not short:
        return
    policies, network = await organization.policies(tx), await locations.network(tx)
    lost: list[inventory.Adjustment] = []
    for work, line in short:
        code = network.by_id[work.location_id].code
        policy, _ = policies.resolve(DISPATCH, tx.now, location=code)
        if policy.short_pick_adjusts:
            count = new_id()
            lost.append(
                inventory.Adjustment(
                    variant_id=work.line(line.line_id).variant_id,
                    location_id=work.location_id,
                    delta=-line.short,
                    cause=inventory.Cause(SHORT_PICK, work.id, count),
                    code=SHORT_PICK,
                    occurred_at=at[work.id],
                )
            )
    failures = [
        Failure(
            order_id=work.order_id,
            line_id=line.line_id,
            location_id=work.location_id,
            stage=Stage.RELEASED,
            quantity=line.short,
            reason="short pick",
            cause=command,
            occurred_at=at[work.id],
        )
        for work, line in short
    ]
    refusals = await orders.fail(tx, failures, SHORT_PICK)
    for refusal in refusals:
        if refusal is not None:
            raise refusal
    if lost:
        await inventory.adjust(tx, lost)


async def _set_aside(
    tx: Tx,
    wanted: Mapping[UUID, Command],
    pickups: Sequence[Work],
    at: Mapping[UUID, datetime],
) -> None:
    """Goods to be collected need no parcel: what is picked is put aside for the customer."""
    steps = []
    for work in pickups:
        for line in work.lines:
            if line.picked and not work.waits_for_shelf:
                step = step_of(
                    work,
                    line.line_id,
                    line.picked,
                    Stage.PICKED,
                    Stage.PACKED,
                    wanted[work.id],
                    at[work.id],
                )
                steps.append(step)
                pack(work, line.line_id, line.picked)
    await orders.move(tx, steps)


async def _tell_picked(
    tx: Tx,
    wanted: Mapping[UUID, Command],
    done: Sequence[tuple[Work, PickedLine]],
    at: Mapping[UUID, datetime],
) -> None:
    told: list[events.FulfillmentEvent] = []
    lines: dict[UUID, list[PickedLine]] = defaultdict(list)
    for work, line in done:
        lines[work.id].append(line)
    for work in {work.id: work for work, _ in done}.values():
        picked, short = (
            sum(x.picked for x in lines[work.id]),
            sum(x.short for x in lines[work.id]),
        )
        told.append(event_of(events.UnitsPicked, work, picked=picked, short=short))
        if work.state == "ready":
            told.append(event_of(events.PickupReady, work, occurred_at=at[work.id]))
    await log.append(tx, told, [wanted[event.fulfillment_order_id] for event in told])


ACCEPT = CommandKind("fulfillment.accept", Accept, list[Worked], accept, COMMANDS_AT_ONCE_MAX)
REJECT = CommandKind("fulfillment.reject", Reject, Worked, reject, batch_max=1)
PICK = CommandKind("fulfillment.pick", PickUnits, list[Worked], pick, COMMANDS_AT_ONCE_MAX)
