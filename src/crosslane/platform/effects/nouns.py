"""The nouns of effects: what is requested, how its kind is carried out, how it fails."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx

CALL_SECONDS_DEFAULT = 10.0


class Effect(msgspec.Struct, frozen=True):
    """A call to be made.

    Args:
        key: unique for ever; asking twice for the same key asks once. The counterpart gets it too.
        kind: name of the EffectKind that carries it out.
        body: what the call needs.
        due_at: not before this time; at once when None.
        trace: trace id; the transaction's own when empty.
    """

    key: str
    kind: str
    body: msgspec.Struct
    due_at: datetime | None = None
    trace: str = ""


class EffectCall(msgspec.Struct, frozen=True):
    """One try at an effect.

    Args:
        id: the effect's row.
        key: idempotency key for the counterpart, the same at every try.
        attempt: fence number; it only grows, also over replays.
        tries: 1 at the first try and after a replay.
        tenant: whose effect it is.
        trace: trace id of the request it came from.
    """

    id: UUID
    key: str
    attempt: int
    tries: int
    tenant: str
    trace: str


class Retry(Exception):
    """The call failed in a way that may pass.

    Args:
        reason: shown with the effect.
        after_seconds: wait this long instead of the usual growing time.
    """

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Dead(Exception):
    """The call failed for good; trying again is pointless until something is changed."""


async def _nothing_to_do(tx: Tx, call: EffectCall, body: Any, reason: str) -> None:
    del tx, call, body, reason


class EffectKind(msgspec.Struct, frozen=True, eq=False):
    """How effects of one kind are carried out.

    Args:
        name: ``<module>.<verb>``.
        body: type of the effect's body.
        call: makes the call, outside any transaction; raises Retry or Dead.
        prepare: reads what the call needs beyond the body, such as a connector's secrets, in a
            short transaction before it; ``call`` gets its answer in the body's place.
        record: saves the result, in the transaction that marks the effect done.
        dead: saves that it was given up, in the transaction that marks it dead.
        timeout_seconds: total time of one call.
    """

    name: str
    body: type
    call: Callable[[EffectCall, Any], Awaitable[Any]]
    record: Callable[[Tx, EffectCall, Any, Any], Awaitable[None]]
    dead: Callable[[Tx, EffectCall, Any, str], Awaitable[None]] = _nothing_to_do
    prepare: Callable[[Tx, EffectCall, Any], Awaitable[Any]] | None = None
    timeout_seconds: float = CALL_SECONDS_DEFAULT


class Schedule(msgspec.Struct, frozen=True, eq=False):
    """Work a module does by the clock, inside one transaction.

    Args:
        name: ``<module>.<what>``.
        every_seconds: time from the end of one run to the next.
        run: does the work; at most about two seconds of it.
    """

    name: str
    every_seconds: float
    run: Callable[[Tx], Awaitable[None]]
