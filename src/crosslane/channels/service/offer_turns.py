"""Offers in the turns of telling: one part a turn, the first, and made anew as it is prepared.

Units may go between the making of a message and its telling, so what is told is what holds as the
turn is prepared, a moment before the call. An offer is never told again: when nobody knows what
became of it, what differs is said by another, so that a key or number never stands for two things.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.channels.domain.messages import SupplySnapshot
from crosslane.channels.domain.outgoing import Due
from crosslane.channels.domain.reports import PricePatch
from crosslane.channels.service import offer_messages, offers
from crosslane.channels.service.offer_messages import Ending
from crosslane.channels.service.offering import PRICE, STOCK
from crosslane.channels.storage import outgoing
from crosslane.platform.database import Tx

KINDS = (STOCK, PRICE)
NOTHING_DIFFERS = "nothing-differs"
OVERTAKEN = "overtaken"
REFUSED = "refused:"
"""How names begin under which a telling says why it was refused a row."""

Offer = SupplySnapshot | PricePatch
_decoder: msgspec.json.Decoder[Offer] = msgspec.json.Decoder(Offer)


class Renewed(msgspec.Struct, frozen=True):
    """What a turn tells, with its offers made anew.

    Args:
        parts: as they are told.
        unsaid: other offers that need not be told, with the reason.
        made: what offers said before, by their ids.
        known: what the channel calls articles.
    """

    parts: list[list[Due]]
    unsaid: Sequence[tuple[Due, str]] = ()
    made: Mapping[UUID, bytes] = {}
    known: Mapping[str, str] = {}


async def renew(
    tx: Tx, channel: str, parts: Sequence[Sequence[Due]], *, is_taken_over: bool
) -> Renewed:
    """Return the parts of a turn, of offers one at most and that first.

    Args:
        tx: transaction in which the turn is prepared.
        channel: code of the channel.
        parts: what waits to be told.
        is_taken_over: nobody knows what the turn has told already.
    """
    others = [list(part) for part in parts if part[0].kind not in KINDS]
    first = next((part for part in parts if part[0].kind in KINDS), None)
    if first is None:
        return Renewed(others)
    before = {one.id: _decoder.decode(one.canonical) for one in first}
    fresh = await offer_messages.fresh(tx, channel, before)
    told: list[Due] = []
    unsaid: list[tuple[Due, str]] = []
    for one in first:
        message = fresh[one.id].message
        if is_taken_over or message is None:
            unsaid.append((one, OVERTAKEN if is_taken_over else NOTHING_DIFFERS))
        else:
            told.append(msgspec.structs.replace(one, canonical=msgspec.json.encode(message)))
    return Renewed(
        [*([told] if told else []), *others],
        unsaid,
        {one.id: one.canonical for one in first},
        {name: value for one in fresh.values() for name, value in one.known.items()},
    )


class TurnedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an offer in a turn.

    Args:
        due: as it was told.
        made: what it said before.
        state: as of the message.
        code: why it was not told.
        learnt: what its telling has learnt.
    """

    due: Due
    made: bytes
    state: str
    code: str
    learnt: Mapping[str, str] = {}


async def end(tx: Tx, channel: str, told: Sequence[TurnedOffer]) -> None:
    """Keep what a channel was told of offers, and look whether more is to be told.

    Args:
        tx: transaction that saves the turn.
        channel: code of the channel.
        told: what became of the offers that wait no more.
    """
    if not told:
        return
    await offer_messages.end(
        tx,
        channel,
        [
            Ending(
                key=one.due.key,
                made=_decoder.decode(one.made),
                said=None if one.code == NOTHING_DIFFERS else _decoder.decode(one.due.canonical),
                state="superseded" if one.code == OVERTAKEN else one.state,
                code=one.code,
                learnt=one.learnt,
            )
            for one in told
        ],
    )
    await outgoing.save_messages(
        tx, {one.due.id: one.due.canonical for one in told if one.code != NOTHING_DIFFERS}
    )
    await offers.look_after(tx, channel, told[0].due.key)
