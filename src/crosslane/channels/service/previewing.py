"""Looking at a body before it is taken in: what was understood, what would be kept back and why.

It is taken in and undone, so what is shown is what would become of it: repetitions of what is known
and contradictions of it are told as they would be.
"""

import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from crosslane.channels.adapters import Reading
from crosslane.channels.domain.connection import Connection
from crosslane.channels.service.intake import Receive, Received
from crosslane.channels.service.reading import MessageView, list_batches, list_messages
from crosslane.platform.database import Tx

SHOWN_MAX = 100
_IN_ROWS = re.compile(r"/rows/(\d+)(?:/(.*))?")


class Spotted(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and where in the body it stands.

    Args:
        message: as it would be kept.
        row: number of the row or line at fault, or where it begins, from 1.
        column: name of the column at fault; of what is no table, the pointer.
        canonical: what it says, in our words; None when it cannot be read.
    """

    message: MessageView
    row: int
    column: str = ""
    canonical: msgspec.Raw | None = None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a body.

    Args:
        records: how many it has.
        counts: messages by state, as of one that was taken in.
        kept_back: those that would be quarantined, the first of them.
        understood: the others, the first of them.
    """

    records: int
    counts: dict[str, int]
    kept_back: list[Spotted]
    understood: list[Spotted]

    @property
    def is_known(self) -> bool:
        """Whether all of it was taken in before."""
        return set(self.counts) == {"repeated"}


Look = Callable[[Tx], Awaitable[list[MessageView]]]


def look_at(channel: str) -> Look:
    """Return what reads the messages of a channel's newest batch, those kept back first."""

    async def look(tx: Tx) -> list[MessageView]:
        newest = await list_batches(tx, channel=channel, before=None, limit=1)
        if not newest:
            return []
        found: dict[object, MessageView] = {}
        for state in ("quarantined", None):
            for one in await list_messages(
                tx,
                channel=channel,
                batch_id=newest[0].id,
                state=state,
                before=None,
                limit=SHOWN_MAX,
            ):
                found.setdefault(one.id, one)
        return list(found.values())

    return look


def previewed(
    wish: Receive,
    received: Received,
    messages: Sequence[MessageView],
    connection: Connection,
) -> Preview:
    """Return what would become of a body.

    Args:
        wish: what it says.
        received: as it was answered.
        messages: of its batch.
        connection: of its channel, by whose names it speaks.
    """
    readings = {one.place: one for one in wish.readings}
    ours = [one for one in messages if one.batch_id == received.id]
    spotted = sorted(
        (_spotted(one, readings.get(one.place), connection) for one in ours),
        key=lambda one: (one.message.place, one.message.part),
    )
    kept_back = [one for one in spotted if one.message.state == "quarantined"]
    return Preview(
        records=received.records,
        counts=received.counts,
        kept_back=kept_back,
        understood=[one for one in spotted if one not in kept_back][:SHOWN_MAX],
    )


def _spotted(message: MessageView, reading: Reading | None, connection: Connection) -> Spotted:
    said = reading.messages if reading else ()
    one = Spotted(
        message=message,
        row=message.place,
        column=message.pointer,
        canonical=msgspec.Raw(msgspec.json.encode(connection.translated(said[message.part])))
        if said
        else None,
    )
    found = _IN_ROWS.fullmatch(message.pointer)
    if not (found and reading and reading.rows):
        return one
    column = (found[2] or "").replace("~1", "/").replace("~0", "~")
    row = reading.rows[min(int(found[1]), len(reading.rows) - 1)]
    return msgspec.structs.replace(one, row=row, column=column)
