"""Whose turn it is to speak to a channel, and how fast."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from crosslane.platform.database import Tx, columns


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that is open.

    Args:
        channel: whom it speaks to.
        errand: what for.
        turn: its number; a turn that has another one was overtaken.
        upto: number of the last message it is meant for.
        number: number last given to a message.
        due_at: when it is due; it tells what was due then.
    """

    channel: str
    errand: str
    turn: int
    upto: int
    number: int
    due_at: datetime


class Standing(Turn, frozen=True, kw_only=True):
    """How a channel stands.

    Args:
        is_open: there is a turn at all.
        ready_at: when it may be called again.
        full_at: when nothing of its burst is used any more.
        failures: how often it has failed, one after the other.
        code: why it is left alone, "" when it is not; likewise words for people.
        documents: number last given to a document.
    """

    is_open: bool
    ready_at: datetime
    full_at: datetime
    failures: int
    code: str
    detail: str
    documents: int


# Whoever says something locks the row, so a turn that ends meanwhile sees it, or is followed.
# A turn that is due already goes on as it is: what was due for it must not change.
OPEN = """
insert into channels_pace as p (
    channel, errand, number, turn, is_open, upto, due_at, ready_at, full_at
)
select channel, $1, count, 1, true, count, $2, $2, $2
from unnest($3::text[], $4::bigint[]) as w(channel, count) order by channel
on conflict (channel, errand) do update set
    number = p.number + excluded.number,
    turn = p.turn + case when p.is_open and p.due_at <= greatest($2, p.ready_at) then 0 else 1 end,
    upto = case when p.is_open and p.due_at <= greatest($2, p.ready_at) then p.upto
                else p.number + excluded.number end,
    due_at = case when p.is_open and p.due_at <= greatest($2, p.ready_at) then p.due_at
                  else greatest($2, p.ready_at) end,
    is_open = true
returning channel, errand, turn, upto, number, due_at
"""


async def open_turns(tx: Tx, errand: str, counts: Mapping[str, int]) -> dict[str, Turn]:
    """Lock channels, give them numbers, and make sure that each has a turn.

    Args:
        tx: open transaction.
        errand: what the turns are for.
        counts: how many numbers are wanted, by channel.

    Returns:
        The turns; the numbers given are the last ones up to ``number``.
    """
    channels = sorted(counts)
    values = [counts[channel] for channel in channels]
    rows = await tx.fetch(OPEN, errand, tx.now, channels, values)
    return {row["channel"]: Turn(**dict(row)) for row in rows}


LIST = """
select channel, errand, turn, upto, number, due_at, is_open, ready_at, full_at, failures, code,
       detail, documents
from channels_pace where errand = $1 and channel = any($2::text[]) order by channel
"""


async def list_standings(tx: Tx, errand: str, channels: list[str]) -> dict[str, Standing]:
    """Return how channels stand, those that were ever spoken to."""
    rows = await tx.fetch(LIST, errand, channels)
    return {row["channel"]: Standing(**dict(row)) for row in rows}


LOCK = """
select channel, errand, turn, upto, number, due_at, is_open, ready_at, full_at, failures, code,
       detail, documents
from channels_pace where errand = $1 and channel = $2 for update
"""


async def lock_standing(tx: Tx, errand: str, channel: str) -> Standing | None:
    """Lock a channel and return how it stands; None when it was never spoken to."""
    row = await tx.fetchrow(LOCK, errand, channel)
    return Standing(**dict(row)) if row else None


SAVE = """
update channels_pace p
set turn = w.turn, upto = w.upto, is_open = w.is_open, due_at = w.due_at, ready_at = w.ready_at,
    full_at = w.full_at, failures = w.failures, code = w.code, detail = w.detail,
    documents = w.documents
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::integer[], $10::text[], $11::text[],
            $12::bigint[])
     as w(channel, errand, turn, upto, is_open, due_at, ready_at, full_at, failures, code, detail,
          documents)
where (p.channel, p.errand) = (w.channel, w.errand)
"""


async def save_standing(tx: Tx, standing: Standing) -> None:
    """Save how a channel stands after a turn."""
    names = ("channel", "errand", "turn", "upto", "is_open", "due_at", "ready_at", "full_at")
    values = columns([standing], *names, "failures", "code", "detail", "documents")
    await tx.execute(SAVE, *values)
