"""Commands by which carts, tills and call centres hold stock."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from crosslane.inventory.domain.holds import Extension, HoldRelease, HoldRequest
from crosslane.inventory.domain.sheet import HeldBy, Hold
from crosslane.inventory.errors import ForeignLocation, GroupRefused
from crosslane.inventory.service.codes import Codes, codes_of
from crosslane.inventory.service.corrections import Code, Sku, Units
from crosslane.inventory.service.holds import extend, hold, release_hold
from crosslane.inventory.storage.holds import list_hold_locations
from crosslane.kernel import Refusal, new_id
from crosslane.locations import network
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind

LINES_MAX = 250

HolderKind = Literal["cart", "order", "till", "quote"]


class HoldLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units to hold at a location."""

    sku: Sku
    location: Code
    quantity: Units


class HoldStock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hold stock until an instant.

    Args:
        holder: what holds it.
        holder_id: which one.
        lines: what is held; all of it or nothing.
        expires_at: the hold lasts to the end of the minute of this instant.
        channel: code of the channel whose ring-fence may be used.
    """

    holder: HolderKind
    holder_id: UUID
    lines: Annotated[tuple[HoldLine, ...], Meta(min_length=1, max_length=LINES_MAX)]
    expires_at: datetime
    channel: Code | None = None


class ExtendHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Keep a hold until another instant; ``fence`` is the number the hold has now."""

    hold_id: UUID
    fence: int
    expires_at: datetime


class ReleaseHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Let a hold go."""

    hold_id: UUID
    fence: int


class HoldView(msgspec.Struct, frozen=True):
    """A hold.

    Args:
        fence: counts up with each extension; the present number must be named to change it.
        quantity: units left in it.
        taken: units it was taken for.
        expires_at: first instant at which it no longer holds.
        state: active, expired, released or confirmed.
    """

    id: UUID
    position_id: UUID
    holder: str
    holder_id: UUID
    fence: int
    quantity: int
    taken: int
    expires_at: datetime
    state: str


class HoldsTaken(msgspec.Struct, frozen=True):
    """One hold for each line, in order."""

    holds: tuple[HoldView, ...]


def view_of(held: Hold) -> HoldView:
    """Return a hold as clients see it."""
    return HoldView(
        id=held.id,
        position_id=held.position_id,
        holder=held.holder.kind,
        holder_id=held.holder.id,
        fence=held.fence,
        quantity=held.quantity,
        taken=held.taken,
        expires_at=held.expires_at,
        state=held.state,
    )


async def _hold(tx: Tx, commands: Sequence[Command[HoldStock]]) -> list[HoldsTaken | Refusal]:
    codes = await codes_of(tx, [line.sku for command in commands for line in command.body.lines])
    wishes: list[HoldRequest] = []
    refused: dict[int, Refusal] = {}
    spans: list[slice] = []
    for number, command in enumerate(commands):
        start = len(wishes)
        try:
            wishes += _wishes(codes, command)
        except Refusal as refusal:
            refused[number] = refusal
        spans.append(slice(start, len(wishes)))
    answers = await hold(tx, wishes)
    return [refused.get(number) or _all_of(answers[span]) for number, span in enumerate(spans)]


def _wishes(codes: Codes, command: Command[HoldStock]) -> list[HoldRequest]:
    body, group = command.body, new_id()
    channel = codes.channel(body.channel, pointer="/channel")
    return [
        HoldRequest(
            hold_id=new_id(),
            variant_id=codes.stocked(line.sku, pointer=f"/lines/{place}/sku"),
            location_id=codes.own_location(
                line.location, command.actor, pointer=f"/lines/{place}/location"
            ),
            quantity=line.quantity,
            holder=HeldBy(body.holder, body.holder_id),
            expires_at=body.expires_at,
            channel_id=channel and channel.id,
            group=group,
        )
        for place, line in enumerate(body.lines)
    ]


def _all_of(answers: Sequence[Hold | Refusal]) -> HoldsTaken | Refusal:
    """Return the holds of a group, or the refusal of the line that could not be held."""
    for place, answer in enumerate(answers):
        if isinstance(answer, Refusal) and not isinstance(answer, GroupRefused):
            pointer = answer.pointer or f"/lines/{place}/quantity"
            return type(answer)(pointer=pointer, **answer.details)
    return HoldsTaken(tuple(view_of(held) for held in answers if isinstance(held, Hold)))


async def _extend(tx: Tx, commands: Sequence[Command[ExtendHold]]) -> list[HoldView | Refusal]:
    wishes = [
        Extension(hold_id=c.body.hold_id, fence=c.body.fence, expires_at=c.body.expires_at)
        for c in commands
    ]
    return await _change(tx, commands, wishes, extend)


async def _release(tx: Tx, commands: Sequence[Command[ReleaseHold]]) -> list[HoldView | Refusal]:
    wishes = [HoldRelease(hold_id=c.body.hold_id, fence=c.body.fence) for c in commands]
    return await _change(tx, commands, wishes, release_hold)


Wish = TypeVar("Wish", Extension, HoldRelease)


async def _change(
    tx: Tx,
    commands: Sequence[Command[Any]],
    wishes: Sequence[Wish],
    door: Callable[[Tx, Sequence[Wish]], Awaitable[list[Hold | Refusal]]],
) -> list[HoldView | Refusal]:
    """Change the holds of those who may; whoever belongs to a location may touch only its own."""
    foreign = await _foreign(tx, commands)
    allowed = [w for w, command in zip(wishes, commands, strict=True) if command.key not in foreign]
    answers = iter(await door(tx, allowed))
    told: list[HoldView | Refusal] = []
    for command in commands:
        answer = foreign.get(command.key) or next(answers)
        told.append(answer if isinstance(answer, Refusal) else view_of(answer))
    return told


async def _foreign(tx: Tx, commands: Sequence[Command[Any]]) -> dict[str, Refusal]:
    bound = [command for command in commands if command.actor.location_id is not None]
    if not bound:
        return {}
    where = await list_hold_locations(tx, [command.body.hold_id for command in bound])
    known = await network(tx)
    return {
        command.key: ForeignLocation(pointer="/hold_id", location=known.by_id[at].code)
        for command in bound
        if (at := where.get(command.body.hold_id)) not in (None, command.actor.location_id)
    }


HOLD = CommandKind("inventory.hold", HoldStock, HoldsTaken, _hold)
EXTEND = CommandKind("inventory.extend_hold", ExtendHold, HoldView, _extend)
RELEASE = CommandKind("inventory.release_hold", ReleaseHold, HoldView, _release)
