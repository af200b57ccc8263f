"""Turns of speaking to channels: one at a time each, asked for by whoever has something to say."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crosslane.channels.storage import pace
from crosslane.channels.storage.pace import Turn
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect

TELL = "channels.tell"
ERRAND = "tell"


class Errand(msgspec.Struct, frozen=True):
    """A turn of telling a channel things.

    Args:
        channel: code of the channel.
        turn: number of the turn.
        upto: number of the last message it is meant for.
    """

    channel: str
    turn: int
    upto: int


async def take_numbers(tx: Tx, counts: Mapping[str, int]) -> dict[str, Turn]:
    """Lock channels, take numbers for messages, and return the turns in which they will be told.

    Args:
        tx: open transaction.
        counts: how many numbers are wanted, by channel.
    """
    return await pace.open_turns(tx, ERRAND, counts)


async def call_turns(tx: Tx, turns: Iterable[Turn]) -> None:
    """Ask for turns that were opened; one that was asked for already is asked for once."""
    await effects.request(
        tx,
        [
            Effect(
                key=f"{TELL}:{turn.channel}:{turn.turn}",
                kind=TELL,
                body=Errand(turn.channel, turn.turn, turn.upto),
                due_at=turn.due_at,
            )
            for turn in turns
        ],
    )


async def wake(tx: Tx, channels: Sequence[str]) -> None:
    """Give channels a turn: what waits may be told now, as after they were connected anew."""
    turns = await take_numbers(tx, dict.fromkeys(channels, 0))
    await call_turns(tx, turns.values())
