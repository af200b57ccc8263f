"""When a delivery is tried again, when a receiver rests, and when it is given up.

A delivery is tried TRIES_MAX times, for a little over a day. What failed keeps back later
deliveries of the same subject, and nothing else. A receiver that is down (it does not answer, or
refuses several deliveries and takes none) rests, longer each time; once it takes something again,
all that has failed is due at once. One that has taken nothing for DISABLED_AFTER_HOURS is disabled,
one that answers 410 at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

MINUTE, HOUR = 60, 3_600
WAITS_SECONDS = (5, 30, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, 16 * HOUR)
"""How long after each failed try the next one is made."""

TRIES_MAX = len(WAITS_SECONDS) + 1
RESTS_SECONDS = (5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE)
"""How long a receiver rests that was down in so many turns; as long as the last from then on."""

DISABLED_AFTER_HOURS = 72
GONE = 410
# What a gateway says in front of a receiver that is not there, or a receiver that is overrun.
AWAY = (429, 502, 503, 504)
REFUSED_MIN = 2
"""So many deliveries refused in a turn, and none taken: it is the receiver, not what is sent."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a delivery.

    Args:
        no: 1 for the first.
        at: when it began.
        took_ms: how long it took.
        status: HTTP status, None when there was none.
        reason: why it failed; "" when it did not.
        answer: the beginning of what the receiver said.
        after_seconds: how long the receiver asks us to wait, None when it does not.
    """

    no: int
    at: datetime
    took_ms: int
    status: int | None
    reason: str
    answer: str = ""
    after_seconds: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


class Health(msgspec.Struct, frozen=True):
    """How a receiver does.

    Args:
        failures: turns in which it was down since it took something last.
        failing_since: the first try that failed since then.
        rest_until: nothing is sent before, None when it does not rest.
        recovered: it takes something again, after it was down.
        disabled: why it is given up, "" when it is not.
    """

    failures: int = 0
    failing_since: datetime | None = None
    rest_until: datetime | None = None
    recovered: bool = False
    disabled: str = ""


def due_again(attempt: Attempt, now: datetime) -> datetime | None:
    """Return when a failed delivery is tried again, None when it is given up."""
    if attempt.no >= TRIES_MAX:
        return None
    wait = max(WAITS_SECONDS[attempt.no - 1], attempt.after_seconds or 0)
    return now + timedelta(seconds=wait)


def after_turn(before: Health, attempts: Sequence[Attempt], now: datetime) -> Health:
    """Return how a receiver does after a turn.

    Args:
        before: how it did.
        attempts: all of the turn.
        now: time the turn is over.
    """
    if not attempts:
        return Health(before.failures, before.failing_since)
    gone = any(attempt.status == GONE for attempt in attempts)
    if any(attempt.ok for attempt in attempts) and not gone:
        return Health(recovered=before.failures > 0)
    since = before.failing_since or min(attempt.at for attempt in attempts)
    if gone:
        return Health(before.failures, since, disabled="gone")
    failures, rest_until = before.failures, None
    if _is_down(attempts):
        failures += 1
        asked = max(attempt.after_seconds or 0 for attempt in attempts)
        rest = max(RESTS_SECONDS[min(failures, len(RESTS_SECONDS)) - 1], asked)
        rest_until = now + timedelta(seconds=rest)
    too_long = now - since >= timedelta(hours=DISABLED_AFTER_HOURS)
    return Health(failures, since, rest_until, disabled="failing" if too_long else "")


def _is_down(attempts: Sequence[Attempt]) -> bool:
    away = any(attempt.status is None or attempt.status in AWAY for attempt in attempts)
    return away or len(attempts) >= REFUSED_MIN
