"""What channels are told of their orders themselves: that they are taken, and what is called off.

An order is replied to once it stands and nobody has to look at it first; a change the channel asked
for each time. What we call off is told as a cancellation, or as an amendment with what is left;
where a format has one word for all of it, the order is replied to again.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from crosslane.channels.domain.messages import AmendedLine, Amendment, Cancellation
from crosslane.channels.service.saying import Saying, Voice, say, voices
from crosslane.channels.service.saying.words import Spoken, spoken_of
from crosslane.channels.storage import outgoing
from crosslane.orders import LinesCancelled, PromiseMoved, StopResolved
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged

REPLY = "order_reply"


def first_key(order_id: UUID) -> str:
    """Return the key of the first reply to an order."""
    return f"{REPLY}:{order_id}"


async def reply_to(tx: Tx, answered: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Reply to orders of which channels have told, or that they have changed.

    Args:
        tx: open transaction.
        answered: message, order and trace of what was done, in its order.
    """
    known = _listening(await voices(tx)) if answered else {}
    found = await spoken_of(tx, [order_id for _, order_id, _ in answered], known)
    begun = await _begun(tx, found.values())
    sayings: list[Saying] = []
    for message_id, order_id, trace in answered:
        if (one := found.get(order_id)) is None:
            continue
        if first_key(order_id) in begun:
            key = f"{REPLY}:{message_id}:{order_id}"
            sayings.append(one.saying(one.reply(key, tx.now, change=True), key, trace))
        elif not one.state.troubles:
            begun.add(first_key(order_id))
            sayings.append(_first(one, tx, trace))
    await say(tx, sayings)


async def reply_unstopped(tx: Tx, resolved: Sequence[Logged[StopResolved]]) -> None:
    """Reply to orders that somebody had to look at first."""
    known = _listening(await voices(tx))
    found = await spoken_of(tx, [logged.event.order_id for logged in resolved], known)
    begun = await _begun(tx, found.values())
    traces = {logged.event.order_id: logged.trace for logged in resolved}
    await say(
        tx,
        [
            _first(one, tx, traces[order_id])
            for order_id, one in found.items()
            if first_key(order_id) not in begun and not one.state.troubles
        ],
    )


async def tell_cancelled(tx: Tx, cancelled: Sequence[Logged[LinesCancelled]]) -> None:
    """Tell channels what we have called off; what they did themselves they know."""
    known = await voices(tx)
    found = await spoken_of(tx, [logged.event.order_id for logged in cancelled], known)
    begun = await _begun(tx, found.values())
    sayings: list[Saying] = []
    for logged in cancelled:
        one = found.get(logged.event.order_id)
        if one is None or one.is_by_channel(logged.actor):
            continue
        sayings += _called_off(one, known[one.channel], logged, begun)
    await say(tx, sayings)


def _called_off(
    one: Spoken, voice: Voice, logged: Logged[LinesCancelled], begun: set[str]
) -> list[Saying]:
    names = {one.name_of(one.own(unit.line_id)) for unit in logged.event.units} - {""}
    left = {name: sum(map(one.lines.live, one.lines.of(name))) for name in one.lines.names}
    kind = "amendment" if any(left.values()) else "cancellation"
    if not names:
        return []
    if not voice.tells(kind) and voice.tells(REPLY):
        return [_again(one, logged, begun, reason=logged.event.reason)]
    key = f"{kind}:{logged.subject}:{logged.subject_no}"
    told = {
        "source_id": one.number,
        "event_at": logged.at,
        "source_version": one.state.order.version,
        "reason": logged.event.reason[:500] or "cancelled",
    }
    if kind == "cancellation":
        return [one.saying(Cancellation(**told), key, logged.trace)]
    lines = tuple(
        AmendedLine(id=name, quantity=left[name], sku=one.article(name)["sku"])
        for name in one.lines.names
        if name in names
    )
    return [one.saying(Amendment(lines=lines, **told), key, logged.trace)]


async def tell_promises(tx: Tx, moved: Sequence[Logged[PromiseMoved]]) -> None:
    """Reply again to orders of which units that follow are promised for another day."""
    known = _listening(await voices(tx))
    found = await spoken_of(tx, [logged.event.order_id for logged in moved], known)
    begun = await _begun(tx, found.values())
    await say(
        tx,
        [
            _again(found[logged.event.order_id], logged, begun)
            for logged in moved
            if first_key(logged.event.order_id) in begun
        ],
    )


def _first(one: Spoken, tx: Tx, trace: str) -> Saying:
    key = first_key(one.id)
    return one.saying(one.reply(key, tx.now, change=False), key, trace)


def _again(
    one: Spoken,
    logged: Logged[LinesCancelled] | Logged[PromiseMoved],
    begun: set[str],
    *,
    reason: str = "",
) -> Saying:
    key = first_key(one.id)
    if key in begun:
        key = f"{REPLY}:{logged.subject}:{logged.subject_no}"
    begun.add(key)
    return one.saying(one.reply(key, logged.at, change=False, reason=reason), key, logged.trace)


def _listening(known: Mapping[str, Voice]) -> dict[str, Voice]:
    return {channel: voice for channel, voice in known.items() if voice.tells(REPLY)}


async def _begun(tx: Tx, found: Iterable[Spoken]) -> set[str]:
    """Return the keys of first replies that were said already."""
    keys = [(one.channel, first_key(one.id)) for one in found]
    return await outgoing.list_keys(tx, keys) if keys else set()
