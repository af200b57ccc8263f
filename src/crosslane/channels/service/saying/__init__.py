"""Saying something to a channel: it is kept in the transaction in which it came about.

:func:`say` is the one door. Who has something to say asks :func:`voices` first whether anybody
listens, so that a tenant whose channels are told nothing pays nothing. What was said is told by
the effect ``channels.tell``, see ``service/telling.py``.
"""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.channels.adapters import FAMILIES, Family
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.messages import Outbound, kind_of
from crosslane.channels.domain.outgoing import State
from crosslane.channels.domain.policy import TELLING
from crosslane.channels.service.connecting import connections
from crosslane.channels.service.turns import call_turns, take_numbers
from crosslane.channels.storage import outgoing
from crosslane.channels.storage.outgoing import Said
from crosslane.kernel import new_id
from crosslane.platform.database import Tx

LACKING = "lacking"


class Voice(msgspec.Struct, frozen=True):
    """A channel that is told things.

    Args:
        connection: how its system is connected.
        family: what it speaks.
        withheld: kinds it is not told by policy.
    """

    connection: Connection
    family: Family
    withheld: frozenset[str]

    def tells(self, kind: str) -> bool:
        """Whether messages of a kind are told."""
        has_table = not self.family.mapped or kind in self.connection.files.told
        return kind in self.family.tells and kind not in self.withheld and has_table

    def lacks(self, kind: str) -> bool:
        """Whether the channel has no way to be told of a kind, and says what is done instead."""
        return kind in self.family.lacks and kind not in self.family.tells

    def says(self, kind: str) -> bool:
        """Whether anything is said of a kind, told or not."""
        return self.tells(kind) or (self.lacks(kind) and kind not in self.withheld)


async def voices(tx: Tx) -> dict[str, Voice]:
    """Return the channels that are told anything, by code; from memory."""
    told = [one for one in (await connections(tx)).values() if one.is_told]
    if not told:
        return {}
    book, policies = await organization.book(tx), await organization.policies(tx)
    found: dict[str, Voice] = {}
    for one in told:
        family = FAMILIES.get(one.format)
        if family is None or not (family.tells or family.lacks):
            continue
        if family.mapped and not one.files.told:
            continue
        channel = book.channel(one.channel)
        value, _ = policies.resolve(TELLING, tx.now, channel=channel.code, brand=channel.brand)
        found[one.channel] = Voice(one, family, frozenset(value.withheld))
    return found


async def anyone_listens(tx: Tx) -> bool:
    """Tell whether a channel is told anything; from memory."""
    return bool(await voices(tx))


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """Something a channel is to be told.

    Args:
        channel: code of the channel.
        message: what it is told.
        key: names it for ever in its channel; said twice it is told once.
        subject: what it speaks of; of one subject all is told in its order. Its own when empty.
        order_id: the order it is about.
        trace: trace id of what it is due to; the transaction's own when empty.
        supersedes: what waits of the same subject and kind needs not be told any more.
    """

    channel: str
    message: Outbound
    key: str
    subject: str = ""
    order_id: UUID | None = None
    trace: str = ""
    supersedes: bool = False


async def say(tx: Tx, sayings: Sequence[Saying]) -> None:
    """Keep what channels are to be told, and see to it that they are.

    What a channel's format cannot tell, or the policy withholds, is dropped, unless the format
    declares that channels lack it: then it is kept as unsupported, with what is done instead.
    """
    known = await voices(tx) if sayings else {}
    wanted = [one for one in sayings if one.channel in known]
    wanted = [one for one in wanted if known[one.channel].says(kind_of(one.message))]
    if not wanted:
        return
    counts = Counter(one.channel for one in wanted)
    turns = await take_numbers(tx, counts)
    numbers = {
        channel: iter(range(turn.number - counts[channel] + 1, turn.number + 1))
        for channel, turn in turns.items()
    }
    said = [_said(tx, one, known[one.channel], next(numbers[one.channel])) for one in wanted]
    await outgoing.insert(tx, said)
    await outgoing.supersede(
        tx, [row for row, one in zip(said, wanted, strict=True) if one.supersedes]
    )
    await call_turns(tx, turns.values())


def _said(tx: Tx, one: Saying, voice: Voice, number: int) -> Said:
    kind = kind_of(one.message)
    state: State = "waiting" if voice.tells(kind) else "unsupported"
    return Said(
        id=new_id(),
        channel=one.channel,
        number=number,
        kind=kind,
        key=one.key,
        subject=one.subject or one.key,
        order_id=one.order_id,
        message=msgspec.json.encode(one.message),
        state=state,
        code="" if state == "waiting" else LACKING,
        detail="" if state == "waiting" else voice.family.lacks[kind],
        trace=one.trace or tx.trace,
    )
