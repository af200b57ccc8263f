"""What the steps of returns share: named returns under lock, and saving them with what is told."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, NotTogether
from crosslane.returns import events
from crosslane.returns.domain import Return
from crosslane.returns.errors import NoSuchReturn, ReturnChanged, TimeToCome
from crosslane.returns.service.drafting import CLOCK_LEAD_MAX
from crosslane.returns.service.reading import may_see
from crosslane.returns.storage import writing
from crosslane.returns.storage.writing import Entry

RETURNS_AT_ONCE_MAX = 64
"""Returns that a lane decides together: so few that who waits for a store's cash waits briefly."""


class News(msgspec.Struct):
    """What has changed in a batch: saved and told together.

    Args:
        changed: returns, each once.
        entries: what the journal keeps.
        told: events with whose doing they are, in order.
    """

    changed: dict[UUID, Return]
    entries: list[Entry]
    told: list[tuple[events.ReturnEvent, log.Cause]]

    def add(
        self,
        one: Return,
        cause: log.Cause,
        entries: Iterable[Entry] = (),
        told: Iterable[events.ReturnEvent] = (),
    ) -> None:
        """Note that a return has changed."""
        self.changed[one.id] = one
        self.entries += entries
        self.told += [(event, cause) for event in told]

    def forget(self, return_id: UUID) -> None:
        """Leave out a return that was refused after all."""
        self.changed.pop(return_id, None)
        self.entries = [entry for entry in self.entries if entry.return_id != return_id]
        self.told = [(event, by) for event, by in self.told if event.return_id != return_id]

    async def save(self, tx: Tx) -> None:
        """Store and tell all of it."""
        await writing.save_returns(tx, list(self.changed.values()), self.entries)
        await log.append(tx, [event for event, _ in self.told], [cause for _, cause in self.told])


def no_news() -> News:
    """Return news of nothing yet."""
    return News({}, [], [])


async def open_named(
    tx: Tx, commands: Sequence[Command[Any]]
) -> list[tuple[Command[Any], Return | Refusal]]:
    """Lock the returns that commands name, each of which its caller may see.

    Raises:
        NotTogether: two commands name the same.
    """
    ids = [command.body.return_id for command in commands]
    if len(set(ids)) < len(ids):
        raise NotTogether
    found = await writing.lock_returns(tx, ids)
    return [(command, _named(found, command)) for command in commands]


def _named(found: dict[UUID, Return], command: Command[Any]) -> Return | Refusal:
    wish = command.body
    one = found.get(wish.return_id)
    if one is None or not may_see(command.actor, one):
        return NoSuchReturn(named=str(wish.return_id))
    if wish.version not in (None, one.version):
        return ReturnChanged(version=one.version)
    return one


def time_of(told: datetime | None, now: datetime) -> datetime:
    """Return the business time of a step: as told, or now.

    Raises:
        TimeToCome: it lies ahead.
    """
    if told is not None and told > now + CLOCK_LEAD_MAX:
        raise TimeToCome(pointer="/occurred_at")
    return told or now


def fresh(one: Return) -> Return:
    """Return a return as it is after it was saved: at its next version."""
    return msgspec.structs.replace(one, version=one.version + 1)
