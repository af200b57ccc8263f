"""What names an order that came in parts, one for each place: done at the parts it is about.

What ends the whole is done at each part there is, and at those that come later. Everything else
waits until all parts are there, so that the order in which they come decides nothing, and is done
at each part it is about or at none.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from crosslane import orders
from crosslane.channels.adapters import Fault
from crosslane.channels.domain.messages import Cancellation, Message, Order, PaymentEvent
from crosslane.channels.domain.parts import (
    LINE_MISSING,
    PART_MISSING,
    SEVERAL,
    Part,
    Share,
    shares,
)
from crosslane.channels.domain.reports import MoneyEvent
from crosslane.channels.domain.standing import RANK
from crosslane.channels.service.changing import Lines
from crosslane.channels.service.pending import Todo, outcome_of
from crosslane.channels.storage import messages
from crosslane.channels.storage import orders as storage
from crosslane.channels.storage.messages import Outcome, source_key
from crosslane.channels.storage.orders import Source
from crosslane.platform.database import Tx

AGAIN_WHOLE = Fault(
    SEVERAL, "The order came in parts, one for each place, and now names no places", "/source_id"
)
ONE_SUM = Fault(
    SEVERAL, "It is money of an order that came in parts; of which is not said", "/order"
)

Tell = Callable[[Tx, Sequence[Todo]], Awaitable[list[Outcome]]]
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


async def follow(tx: Tx, todo: Sequence[Todo], tell: Tell) -> list[Outcome]:
    """Do what messages say; what names a whole, at each of the parts it is about.

    Args:
        tx: open transaction.
        todo: messages about orders, or about something of orders.
        tell: does it, of messages that name one order each.
    """
    if not todo:
        return []
    begun = {_whole_of(one): one for one in todo if isinstance(one.message, Order)}
    wholes = {whole for whole in begun if whole[1]}
    wholes.update(await storage.list_parts(tx, sorted({_about(one) for one in todo})))
    if not wholes:
        return await tell(tx, todo)
    held = [one for one in todo if _about(one) in wholes and _whole_of(one) != _about(one)]
    outcomes = await tell(tx, [one for one in todo if one not in held])
    parts = await _parts(tx, sorted({_about(one) for one in held}))
    alone = [one for one in held if _about(one) not in parts]
    outcomes += await tell(tx, alone) if alone else []
    for one in sorted((x for x in held if _about(x) in parts), key=_turn):
        outcomes.append(await _follow(tx, one, *parts[_about(one)], tell))
    await _catch_up(tx, todo, outcomes, tell)
    return outcomes


def _about(one: Todo) -> Source:
    """Return the order a message names: channel and number."""
    return one.pending.channel, getattr(one.message, "order", one.message.source_id)


def _whole_of(one: Todo) -> Source:
    """Return what an order is a part of; no number when it is none."""
    whole = one.message.part_of if isinstance(one.message, Order) else ""
    return one.pending.channel, whole


def _turn(one: Todo) -> tuple[Source, int, int, object]:
    return one.source, one.pending.source_version, RANK.get(one.pending.kind, 0), one.id


async def _parts(tx: Tx, wholes: Sequence[Source]) -> dict[Source, tuple[list[Part], int]]:
    """Return the parts of wholes that are there, and how many each has."""
    known = await storage.list_parts(tx, wholes)
    ids = [order_id for theirs in known.values() for _, order_id, _ in theirs]
    states = await orders.list_states(tx, ids)
    found: dict[Source, tuple[list[Part], int]] = {}
    for whole, theirs in known.items():
        parts: list[Part] = []
        for number, order_id, standing in theirs:
            lines = Lines(states[order_id], standing)
            named = {name: lines.of(name)[-1].sku for name in lines.names if lines.of(name)}
            parts.append(Part(number=number, lines=named))
        found[whole] = parts, max(standing.parts for _, _, standing in theirs)
    return found


async def _follow(tx: Tx, one: Todo, parts: Sequence[Part], most: int, tell: Tell) -> Outcome:
    message, (channel, whole) = one.message, _about(one)
    if isinstance(message, Order):
        return outcome_of(one, "quarantined", AGAIN_WHOLE)
    ends = isinstance(message, Cancellation | PaymentEvent)
    if len(parts) < most and not ends:
        missing = Fault(PART_MISSING, f"{len(parts)} of the {most} parts of {whole} have come")
        return outcome_of(one, "parked", missing, waits_for=source_key(channel, whole))
    found = shares(message, whole, parts)
    if isinstance(found, Fault) and found.code == LINE_MISSING:
        return outcome_of(one, "parked", found, waits_for=source_key(channel, whole))
    if isinstance(found, Fault):
        return outcome_of(one, "quarantined", found)
    try:
        async with tx.savepoint():
            return _in_all(one, await _tell(tx, one, found, tell))
    except _NotInAll as reason:
        return reason.outcome


async def _tell(
    tx: Tx, one: Todo, found: Sequence[Share], tell: Tell
) -> list[tuple[Share, Outcome]]:
    """Do what is said of each part, one after the other."""
    done: list[tuple[Share, Outcome]] = []
    for share in found:
        (outcome,) = await tell(tx, [_of_part(one, share)])
        done.append((share, outcome))
    return done


def _of_part(one: Todo, share: Share) -> Todo:
    """Return a message as if its channel had said it of the part."""
    message = share.message
    if message.source_id != share.part:
        # Each part has shipments and returns of its own.
        source_id = f"{message.source_id}@{share.part}"
        message = msgspec.structs.replace(message, source_id=source_id)
    return Todo(msgspec.structs.replace(one.pending, source_id=message.source_id), message)


class _NotInAll(Exception):
    """A part cannot do what it is told; whatever was done at others is undone."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def _in_all(one: Todo, done: Sequence[tuple[Share, Outcome]]) -> Outcome:
    """Return what became of a message as a whole.

    Raises:
        _NotInAll: a part cannot do it. That an order is off holds as far as it was not handed
            over, so one part that can be called off is enough.
    """
    applied = [outcome for _, outcome in done if outcome.state == "applied"]
    if applied and isinstance(one.message, MoneyEvent):
        raise _NotInAll(outcome_of(one, "quarantined", ONE_SUM))
    if not (applied and isinstance(one.message, Cancellation)):
        for share, outcome in done:
            if outcome.state in ("parked", "quarantined"):
                raise _NotInAll(_told_of(share, outcome))
    first = applied[0] if applied else done[0][1]
    ids = tuple(outcome.order_id for outcome in applied if outcome.order_id)
    return msgspec.structs.replace(first, part_ids=ids)


def _told_of(share: Share, outcome: Outcome) -> Outcome:
    """Let a reason name its part, and its pointer lead to the line of the whole message."""
    steps = outcome.pointer.split("/")
    if steps[1:2] == ["lines"] and steps[2:] and steps[2].isdecimal():
        steps[2] = str(share.places[int(steps[2])])
    return msgspec.structs.replace(
        outcome, detail=f"{share.part}: {outcome.detail}", pointer="/".join(steps)
    )


async def _catch_up(tx: Tx, todo: Sequence[Todo], outcomes: Sequence[Outcome], tell: Tell) -> None:
    """Let parts that have come just now end as their whole has before."""
    applied = {outcome.id for outcome in outcomes if outcome.state == "applied"}
    placed = [one for one in todo if one.id in applied and _whole_of(one)[1]]
    if not placed:
        return
    said = await messages.list_said_of_wholes(tx, sorted({_whole_of(one) for one in placed}))
    for pending in said:
        one = Todo(pending, _decoder.decode(pending.canonical))
        theirs = [Part(number=x.message.source_id, lines={}) for x in placed]
        theirs = [
            part for part, x in zip(theirs, placed, strict=True) if _whole_of(x) == one.source
        ]
        found = shares(one.message, one.message.source_id, theirs)
        if not isinstance(found, Fault):
            await _tell(tx, one, found, tell)
