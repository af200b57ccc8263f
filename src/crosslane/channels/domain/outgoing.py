"""What channels are told: in which order, how many messages together, and how fast; pure.

What is said of one thing is told in the order in which it was said. A channel is spoken to by one
worker at a time, in turns: a turn tells what was waiting when it was called, and the next one is
due when the channel may be called again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

import msgspec

from crosslane.channels.adapters.telling import Rate

State = Literal[
    "waiting", "told", "needless", "refused", "unsupported", "failed", "superseded", "erased"
]
# What may be told again by a person's wish.
RESENT = ("refused", "unsupported", "failed")
# Some formats have nine digits for the number of an interchange, and begin anew after them.
CONTROL_NUMBERS = 10**9
TRIES_MIN = 8
GIVE_UP_HOURS = 24
RETRY_SECONDS_FIRST = 1.0
RETRY_SECONDS_MAX = 3_600.0
PAUSE_SECONDS_MAX = 600.0
POWER_MAX = 20


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits to be told.

    Args:
        id: identifier.
        number: its place in what the channel is told.
        kind: of the message.
        subject: what it speaks of.
        key: idempotency key.
        tries: how often it was tried.
        created_at: since when it waits.
        order_id: the order it is about.
        canonical: what it says.
    """

    id: UUID
    number: int
    kind: str
    subject: str
    key: str
    tries: int
    created_at: datetime
    order_id: UUID | None
    canonical: bytes


One = TypeVar("One", bound=Due)


def together(waiting: Sequence[One], at_once_max: Callable[[str], int]) -> list[list[One]]:
    """Share messages into parts that are told together, as few as keep every subject's order.

    Args:
        waiting: messages in the order in which they were said.
        at_once_max: how many of a kind may be told together.
    """
    parts: list[list[One]] = []
    open_of: dict[str, int] = {}
    last_of: dict[str, int] = {}
    for one in waiting:
        place = open_of.get(one.kind)
        full = place is not None and len(parts[place]) >= at_once_max(one.kind)
        if place is None or full or place < last_of.get(one.subject, -1):
            place = len(parts)
            parts.append([])
            open_of[one.kind] = place
        parts[place].append(one)
        last_of[one.subject] = place
    return parts


def retry_seconds(tries: int) -> float:
    """Return how long a message waits after so many failed tries."""
    return min(RETRY_SECONDS_FIRST * 2 ** min(tries, POWER_MAX), RETRY_SECONDS_MAX)


def pause_seconds(failures: int) -> float:
    """Return how long a channel is left alone after so many failures one after the other."""
    return min(RETRY_SECONDS_FIRST * 2 ** min(failures, POWER_MAX), PAUSE_SECONDS_MAX)


def is_given_up(tries: int, created_at: datetime, now: datetime) -> bool:
    """Tell whether a message has failed for good: often, and for long.

    A channel that is away for hours loses nothing by it.
    """
    return tries >= TRIES_MIN and now - created_at >= timedelta(hours=GIVE_UP_HOURS)


class Pace(msgspec.Struct, frozen=True):
    """How much of its rate a channel has left, by the instant at which all of it is there again.

    Args:
        rate: calls it takes, None when nobody counts them.
        full_at: when nothing of the burst is used any more.
    """

    rate: Rate | None
    full_at: datetime

    def left(self, now: datetime) -> float:
        """Return how many calls may be made at once; not whole, and below 0 when too many were."""
        if self.rate is None:
            return float("inf")
        used = max(0.0, (self.full_at - now).total_seconds()) * self.rate.per_second
        return self.rate.burst - used

    def after(self, calls: int, now: datetime) -> "Pace":
        """Return the pace after some calls."""
        if self.rate is None:
            return self
        taken = timedelta(seconds=calls / self.rate.per_second)
        return Pace(self.rate, max(self.full_at, now) + taken)

    def ready_at(self, calls: int, now: datetime) -> datetime:
        """Return from when on so many calls may be made; as many as the burst at most."""
        if self.rate is None:
            return now
        wanted = min(calls, self.rate.burst)
        missing = wanted - self.left(now)
        return now + timedelta(seconds=max(0.0, missing / self.rate.per_second))
