"""Commands by which people and systems tell what happened to stock.

A command names SKUs, locations and owners by code and is refused as a whole when one of its lines
cannot be; what is left of a batch is recorded on one sheet.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.inventory.domain.position import Cause, Condition
from crosslane.inventory.domain.supply import (
    Adjustment,
    Count,
    Receipt,
    Recorded,
    Regrade,
    SafetyLevel,
)
from crosslane.inventory.errors import NothingChanges, SameCondition
from crosslane.inventory.service.codes import Codes, codes_of, document
from crosslane.inventory.service.feeds import refuse_future
from crosslane.inventory.service.supply import adjust, count, receive, regrade, set_safety_stock
from crosslane.kernel import QUANTITY_MAX, Refusal, matching
from crosslane.platform import audit
from crosslane.platform.actor import Actor
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

LINES_MAX = 1_000
COMMANDS_AT_ONCE_MAX = 32

Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Units = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
UnitsOrNone = Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]
Delta = Annotated[int, Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
ReasonCode = Annotated[str, matching("[a-z][a-z0-9_]{0,39}")]
# Why, in the words of who does it; the audit journal keeps it.
Note = Annotated[str, Meta(max_length=300)]


class Shelf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where units lie.

    Args:
        sku: the variant.
        location: code of the location.
        condition: of which condition they are.
        owner: code of the legal entity that owns them; the location's own when left out.
    """

    sku: Sku
    location: Code
    condition: Condition = Condition.SELLABLE
    owner: Code | None = None


class AdjustLine(Shelf, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units found to be more or fewer.

    Args:
        delta: units added, negative when lost; not 0.
        code: why, such as ``damaged``, ``thrown_away`` or ``found``.
    """

    delta: Delta
    code: ReasonCode


class AdjustStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Record differences. ``occurred_at`` is when they arose, now when left out."""

    lines: Annotated[tuple[AdjustLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    occurred_at: datetime | None = None
    note: Note = ""


class CountLine(Shelf, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was counted."""

    quantity: UnitsOrNone


class CountStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Record a count. What moved after ``counted_at`` is kept on top of it."""

    lines: Annotated[tuple[CountLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    counted_at: datetime | None = None
    note: Note = ""


class ReceiveLine(Shelf, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What arrived.

    Args:
        quantity: units.
        unit_cost_milli: cost of one unit, 1/1000 minor unit of the owner's book currency; moves
            the average when given.
    """

    quantity: Units
    unit_cost_milli: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class ReceiveStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Record an arrival."""

    lines: Annotated[tuple[ReceiveLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    occurred_at: datetime | None = None
    note: Note = ""


class RegradeLine(Shelf, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units that are now in another condition; ``condition`` is the one they were in."""

    quantity: Units
    becomes: Condition


class RegradeStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Record that units changed their condition."""

    lines: Annotated[tuple[RegradeLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    occurred_at: datetime | None = None
    note: Note = ""


class SafetyLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units to keep back; null leaves it to the policy ``inventory.safety_stock`` again."""

    sku: Sku
    location: Code
    units: UnitsOrNone | None
    owner: Code | None = None


class SetSafetyStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Let positions name their own safety stock."""

    lines: Annotated[tuple[SafetyLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    note: Note = ""


class RecordedLine(msgspec.Struct, frozen=True):
    """What a line came to.

    Args:
        position_id: the position it is about.
        on_hand: units that lie there now.
        drift: units a count corrected; null when a newer count or snapshot stands.
    """

    position_id: UUID
    on_hand: int
    drift: int | None = None


class StockRecorded(msgspec.Struct, frozen=True):
    """A report was recorded.

    Args:
        id: the document its movements name as their cause.
        lines: one for each of the report's, in order.
    """

    id: UUID
    lines: tuple[RecordedLine, ...]


Read = Callable[[Codes, Command[Any], Cause, datetime], list[Any]]
Door = Callable[..., Awaitable[list[Recorded]]]


def _kind(name: str, body: type, cause: str, read: Read, door: Door) -> CommandKind:
    async def handle(tx: Tx, commands: Sequence[Command[Any]]) -> list[StockRecorded | Refusal]:
        answers = await _record(tx, commands, cause, read, door)
        await _audit(tx, f"inventory.{name}", commands, answers)
        return answers

    return CommandKind(f"inventory.{name}", body, StockRecorded, handle, COMMANDS_AT_ONCE_MAX)


async def _audit(
    tx: Tx,
    action: str,
    commands: Sequence[Command[Any]],
    answers: Sequence[StockRecorded | Refusal],
) -> None:
    """Keep what people did and why, under the position when it is about one."""
    done = [
        (command, answer)
        for command, answer in zip(commands, answers, strict=True)
        if isinstance(answer, StockRecorded)
        and (command.actor.kind == "staff" or command.body.note)
    ]
    changes = [
        Change(
            action=action,
            subject=f"position:{answer.lines[0].position_id}" if len(answer.lines) == 1 else "",
            after={"document": answer.id, "told": command.body.lines, "recorded": answer.lines},
            reason=command.body.note,
        )
        for command, answer in done
    ]
    await audit.record(tx, changes, [command for command, _ in done])


async def _record(
    tx: Tx, commands: Sequence[Command[Any]], cause_kind: str, read: Read, door: Door
) -> list[StockRecorded | Refusal]:
    """Read every command, record those that hold by one door, answer each with its own lines."""
    codes = await codes_of(tx, [line.sku for command in commands for line in command.body.lines])
    read_ones: list[tuple[Cause, list[Any]] | Refusal] = []
    told: list[Any] = []
    causes: list[Command[Any]] = []
    for command in commands:
        cause = document(cause_kind)
        try:
            facts = read(codes, command, cause, tx.now)
        except Refusal as refusal:
            read_ones.append(refusal)
            continue
        read_ones.append((cause, facts))
        told += facts
        causes += [command] * len(facts)
    recorded = iter(await door(tx, told, causes=causes) if told else ())
    answers: list[StockRecorded | Refusal] = []
    for one in read_ones:
        if isinstance(one, Refusal):
            answers.append(one)
            continue
        cause, facts = one
        lines = [next(recorded) for _ in facts]
        answers.append(
            StockRecorded(
                cause.id, tuple(RecordedLine(x.position_id, x.on_hand, x.drift) for x in lines)
            )
        )
    return answers


def _where(codes: Codes, line: Shelf | SafetyLine, actor: Actor, place: int) -> dict[str, Any]:
    at = f"/lines/{place}"
    return {
        "variant_id": codes.stocked(line.sku, pointer=f"{at}/sku"),
        "location_id": codes.own_location(line.location, actor, pointer=f"{at}/location"),
        "owner_id": codes.owner(line.owner, pointer=f"{at}/owner"),
    }


def _read_adjustment(
    codes: Codes, command: Command[AdjustStock], cause: Cause, now: datetime
) -> list[Adjustment]:
    occurred_at = command.body.occurred_at
    refuse_future(occurred_at or now, now, pointer="/occurred_at")
    told: list[Adjustment] = []
    for place, line in enumerate(command.body.lines):
        if not line.delta:
            raise NothingChanges(pointer=f"/lines/{place}/delta")
        where = _where(codes, line, command.actor, place)
        told.append(
            Adjustment(
                **where,
                condition=line.condition,
                delta=line.delta,
                code=line.code,
                cause=cause,
                occurred_at=occurred_at,
            )
        )
    return told


def _read_count(
    codes: Codes, command: Command[CountStock], cause: Cause, now: datetime
) -> list[Count]:
    counted_at = command.body.counted_at or now
    refuse_future(counted_at, now, pointer="/counted_at")
    return [
        Count(
            **_where(codes, line, command.actor, place),
            condition=line.condition,
            quantity=line.quantity,
            counted_at=counted_at,
            message=f"count/{cause.id}/{place:04}",
            cause=cause,
        )
        for place, line in enumerate(command.body.lines)
    ]


def _read_receipt(
    codes: Codes, command: Command[ReceiveStock], cause: Cause, now: datetime
) -> list[Receipt]:
    occurred_at = command.body.occurred_at
    refuse_future(occurred_at or now, now, pointer="/occurred_at")
    return [
        Receipt(
            **_where(codes, line, command.actor, place),
            condition=line.condition,
            quantity=line.quantity,
            unit_cost_milli=line.unit_cost_milli,
            cause=cause,
            occurred_at=occurred_at,
        )
        for place, line in enumerate(command.body.lines)
    ]


def _read_regrade(
    codes: Codes, command: Command[RegradeStock], cause: Cause, now: datetime
) -> list[Regrade]:
    occurred_at = command.body.occurred_at
    refuse_future(occurred_at or now, now, pointer="/occurred_at")
    told: list[Regrade] = []
    for place, line in enumerate(command.body.lines):
        if line.becomes == line.condition:
            raise SameCondition(pointer=f"/lines/{place}/becomes", condition=line.condition)
        told.append(
            Regrade(
                **_where(codes, line, command.actor, place),
                quantity=line.quantity,
                before=line.condition,
                after=line.becomes,
                cause=cause,
                occurred_at=occurred_at,
            )
        )
    return told


def _read_safety(
    codes: Codes, command: Command[SetSafetyStock], cause: Cause, now: datetime
) -> list[SafetyLevel]:
    del cause, now
    return [
        SafetyLevel(**_where(codes, line, command.actor, place), units=line.units)
        for place, line in enumerate(command.body.lines)
    ]


ADJUST = _kind("adjust", AdjustStock, "adjustment", _read_adjustment, adjust)
COUNT = _kind("count", CountStock, "count", _read_count, count)
RECEIVE = _kind("receive", ReceiveStock, "receipt", _read_receipt, receive)
REGRADE = _kind("regrade", RegradeStock, "regrade", _read_regrade, regrade)
SET_SAFETY_STOCK = _kind(
    "set_safety_stock", SetSafetyStock, "safety_stock", _read_safety, set_safety_stock
)
