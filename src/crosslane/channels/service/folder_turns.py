"""Turns of looking into the folders of channels: one at a time each."""

from collections.abc import Iterable, Sequence

import msgspec

from crosslane.channels.service.turns import ERRAND as TELLING
from crosslane.channels.storage import pace
from crosslane.channels.storage.pace import Turn
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect

EXCHANGE = "channels.exchange"
ERRAND = "folder"


class Errand(msgspec.Struct, frozen=True):
    """A turn of looking into a channel's folder.

    Args:
        channel: code of the channel.
        turn: number of the turn.
    """

    channel: str
    turn: int


async def begin(tx: Tx, channels: Sequence[str]) -> None:
    """Give channels their turn; one that has it already keeps it."""
    turns = await pace.open_turns(tx, ERRAND, dict.fromkeys(channels, 0))
    await call(tx, turns.values())


async def call(tx: Tx, turns: Iterable[Turn]) -> None:
    """Ask for turns that were opened; one that was asked for already is asked for once."""
    await effects.request(
        tx,
        [
            Effect(
                key=f"{EXCHANGE}:{turn.channel}:{turn.turn}",
                kind=EXCHANGE,
                body=Errand(turn.channel, turn.turn),
                due_at=turn.due_at,
            )
            for turn in turns
        ],
    )


async def skip_documents(tx: Tx, channel: str) -> None:
    """Let the folder begin with the next document: those before went another way."""
    told = (await pace.list_standings(tx, TELLING, [channel])).get(channel)
    standing = await pace.lock_standing(tx, ERRAND, channel)
    if told is not None and standing is not None:
        skipped = msgspec.structs.replace(standing, documents=told.documents)
        await pace.save_standing(tx, skipped)
