"""Rounds: turns of a channel that follow one another without end, such as of asking it for news.

There is one turn of a channel at a time, with a number of its own: who comes with another one was
overtaken. Whatever becomes of a turn, the transaction that ends it asks for the next.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from crosslane.channels.service.turns import broken, lock_turn
from crosslane.channels.storage import pace
from crosslane.channels.storage.pace import Standing, Turn
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall


class Errand(msgspec.Struct, frozen=True):
    """A turn of a channel.

    Args:
        channel: code of the channel.
        turn: number of the turn.
    """

    channel: str
    turn: int


class Rounds(msgspec.Struct, frozen=True):
    """Turns of one sort.

    Args:
        effect: name of the call that makes one.
        errand: under which a channel's standing is kept.
    """

    effect: str
    errand: str

    async def begin(self, tx: Tx, channels: Sequence[str]) -> None:
        """Give channels their turn; one that has it already keeps it."""
        if channels:
            turns = await pace.open_turns(tx, self.errand, dict.fromkeys(channels, 0))
            await self._call(tx, turns.values())

    async def find(self, tx: Tx, errand: Errand) -> Standing | None:
        """Return how the channel of a turn stands, None when the turn was overtaken."""
        standing = (await pace.list_standings(tx, self.errand, [errand.channel])).get(
            errand.channel
        )
        return standing if standing is not None and standing.turn == errand.turn else None

    async def lock(
        self, tx: Tx, call: EffectCall[Errand], *, is_last: bool = False
    ) -> Standing | None:
        """Lock the channel of a turn that ends, and return how it stands.

        Args:
            tx: transaction that saves the turn.
            call: the turn.
            is_last: nobody wants another one; what is to be done is done.

        Returns:
            None when the turn was overtaken, or is the last.
        """
        standing = await lock_turn(tx, self.errand, call.body.channel, call.body.turn)
        if standing is not None and is_last:
            await pace.save_standing(tx, msgspec.structs.replace(standing, is_open=False))
            return None
        return standing

    async def go_on(self, tx: Tx, standing: Standing) -> None:
        """Save how a channel stands after a turn, and ask for the next one."""
        following = msgspec.structs.replace(
            standing, turn=standing.turn + 1, is_open=True, due_at=max(standing.ready_at, tx.now)
        )
        await pace.save_standing(tx, following)
        await self._call(tx, [following])

    async def give_up(self, tx: Tx, call: EffectCall[Any], reason: str) -> None:
        """Go on later with a turn of its own when one could not even be prepared or saved."""
        if (standing := await self.lock(tx, call)) is not None:
            await self.go_on(tx, broken(standing, reason, tx.now))

    async def _call(self, tx: Tx, turns: Iterable[Turn]) -> None:
        """Ask for turns that were opened; one that was asked for already is asked for once."""
        await effects.request(
            tx,
            [
                Effect(
                    key=f"{self.effect}:{turn.channel}:{turn.turn}",
                    kind=self.effect,
                    body=Errand(turn.channel, turn.turn),
                    due_at=turn.due_at,
                )
                for turn in turns
            ],
        )
