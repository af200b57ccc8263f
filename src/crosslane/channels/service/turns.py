"""Turns of speaking to channels: one at a time each, asked for by whoever has something to say."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from crosslane.channels.adapters.telling import DETAIL_CHARACTERS_MAX
from crosslane.channels.domain.outgoing import PAUSE_SECONDS_MAX, Pace, pause_seconds
from crosslane.channels.storage import pace
from crosslane.channels.storage.pace import Standing, Turn
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


class Pause(msgspec.Struct, frozen=True):
    """Why a channel is left alone.

    Args:
        code: stable name of the reason; likewise words for people.
        seconds: for how long, None for a time that grows.
    """

    code: str
    detail: str
    seconds: float | None = None


async def lock_turn(tx: Tx, errand: str, channel: str, turn: int) -> Standing | None:
    """Lock a channel for whoever has its turn, and return how it stands.

    Returns:
        None when the turn was overtaken, or has ended already.
    """
    standing = await pace.lock_standing(tx, errand, channel)
    return standing if standing is not None and standing.turn == turn else None


def rested_after(
    standing: Standing,
    left: Pace,
    pause: Pause | None,
    now: datetime,
    *,
    succeeded: bool,
    calls: int = 1,
) -> Standing:
    """Return how a channel stands after a turn: when it may be called again, and why not before.

    Args:
        standing: as it was.
        left: what is left of its rate.
        pause: why it is left alone, None when it is not.
        now: the time.
        succeeded: something went well, so that earlier failures count no more.
        calls: so many the next turn will make at once.
    """
    failures = 0 if succeeded else standing.failures
    ready_at = left.ready_at(calls, now)
    if pause is not None:
        failures += 1
        seconds = pause_seconds(failures) if pause.seconds is None else pause.seconds
        ready_at = max(ready_at, now + timedelta(seconds=seconds))
    return msgspec.structs.replace(
        standing,
        ready_at=ready_at,
        full_at=left.full_at,
        failures=failures,
        code=pause.code if pause else "",
        detail=pause.detail[:DETAIL_CHARACTERS_MAX] if pause else "",
    )


def broken(standing: Standing, reason: str, now: datetime) -> Standing:
    """Return how a channel stands after a turn that could not even be prepared or saved."""
    return msgspec.structs.replace(
        standing,
        ready_at=now + timedelta(seconds=PAUSE_SECONDS_MAX),
        code="turn-failed",
        detail=reason[:DETAIL_CHARACTERS_MAX],
    )
