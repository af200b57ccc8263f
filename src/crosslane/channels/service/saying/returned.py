"""What channels are told of returns: that goods may come, or may not and why.

A return that was asked for at the channel is called by the channel's own number of it, any other by
ours. What the channel did of its own accord, such as send goods nobody had asked about, it knows; a
request of its that our policy decides at once is decided by us all the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import returns
from crosslane.channels.domain.messages import ReturnedGoods, ReturnEvent
from crosslane.channels.service.saying import Saying, say, voices
from crosslane.channels.service.saying.words import Spoken, spoken_of
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged
from crosslane.returns import Return, ReturnAuthorized, ReturnDeclined, ReturnLine

KIND = "return"
Decided = ReturnAuthorized | ReturnDeclined


async def tell_decided(tx: Tx, decided: Sequence[Logged[Decided]]) -> None:
    """Tell channels what was decided about goods of their orders that somebody wants to return."""
    known = {channel: one for channel, one in (await voices(tx)).items() if one.says(KIND)}
    asked = [logged.event.order_id for logged in decided if logged.event.order_id]
    found = await spoken_of(tx, asked, known)
    if not found:
        return
    ids = [logged.event.return_id for logged in decided if logged.event.order_id in found]
    theirs = await returns.list_returns(tx, ids)
    sayings = [_saying(found, theirs, logged) for logged in decided]
    await say(tx, [one for one in sayings if one is not None])


def _saying(
    found: Mapping[UUID, Spoken], theirs: Mapping[UUID, Return], logged: Logged[Decided]
) -> Saying | None:
    event = logged.event
    spoken = found.get(event.order_id) if event.order_id else None
    one = theirs.get(event.return_id)
    if spoken is None or one is None or one.kind != "return" or _is_known(spoken, one, logged):
        return None
    lines = _lines(spoken, one)
    if not lines:
        return None
    prefix = f"{spoken.channel}:"
    theirs_too = one.source_id.startswith(prefix)
    declined = isinstance(event, ReturnDeclined)
    message = ReturnEvent(
        source_id=one.source_id.removeprefix(prefix) if theirs_too else one.number,
        event_at=logged.at,
        source_version=logged.subject_no,
        order=spoken.number,
        step="declined" if declined else "authorized",
        ours=one.number,
        lines=lines,
        method=one.method,
        reason=event.reason[:500] if isinstance(event, ReturnDeclined) else "",
    )
    return spoken.saying(message, f"{KIND}:{one.id}:{message.step}", logged.trace)


def _is_known(spoken: Spoken, one: Return, logged: Logged[Decided]) -> bool:
    """Whether the channel has decided it itself, or told of goods as a fact."""
    if not spoken.is_by_channel(logged.actor):
        return False
    # A request of the channel is decided with it by our policy; a fact overrides that, with why.
    by_policy = one.authorized_at == one.occurred_at and not one.reason
    return isinstance(logged.event, ReturnDeclined) or not by_policy


def _lines(spoken: Spoken, one: Return) -> tuple[ReturnedGoods, ...]:
    """Return the goods as the channel calls them, of a bundle whole ones.

    Those it knows nothing of are left out.
    """
    units: Counter[UUID] = Counter()
    told: dict[str, ReturnLine] = {}
    for line in one.lines:
        if line.order_line_id:
            units[line.order_line_id] += line.requested
            told.setdefault(spoken.name_of(spoken.own(line.order_line_id)), line)
    return tuple(
        ReturnedGoods(
            id=goods.id,
            sku=goods.sku,
            quantity=goods.quantity,
            reason=told[goods.id].reason,
            item_state=told[goods.id].item_state,
        )
        for goods in spoken.goods(units, {})
        if goods.id in told
    )
