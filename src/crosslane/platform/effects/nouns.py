"""The nouns of effects: what is requested, how its kind is carried out, how it fails."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Tx

CALL_SECONDS_DEFAULT = 10.0

Body = TypeVar("Body", bound=msgspec.Struct)


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


class EffectCall(msgspec.Struct, Generic[Body], frozen=True):
    """One try at an effect, and the cause of what comes of it: it has an actor and a trace.

    Args:
        id: the effect's row.
        key: idempotency key for the counterpart, the same at every try.
        attempt: fence number; it only grows, also over replays.
        tries: 1 at the first try and after a replay.
        tenant: whose effect it is.
        trace: trace id of the request it came from.
        body: what was requested.
    """

    id: UUID
    key: str
    attempt: int
    tries: int
    tenant: str
    trace: str
    body: Body

    @property
    def actor(self) -> Actor:
        """Who does it: nobody in person."""
        return SYSTEM


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


async def _nothing_to_do(tx: Tx, calls: Sequence[EffectCall[Any]], reasons: Sequence[str]) -> None:
    del tx, calls, reasons


class EffectKind(msgspec.Struct, frozen=True, eq=False):
    """How effects of one kind are carried out: each call alone, what surrounds them together.

    What is saved together has many traces, so ``tx.trace`` is empty: events are appended with the
    calls as their causes, and an effect requested gets its call's trace.

    Args:
        name: ``<module>.<verb>``.
        body: type of the effect's body.
        call: makes one call, outside any transaction; raises Retry or Dead.
        record: saves the results of calls, one each, in the transaction that marks them done.
        dead: saves that calls were given up, with a reason each, in the one that marks them dead.
        prepare: reads what calls need beyond their bodies, such as a connector's secrets, in a
            short transaction before them. ``call`` gets its answer in the body's place, unless that
            is a Retry or Dead: then there is no call.
        timeout_seconds: total time of one call.
        slots_max: most calls of a tenant's that one worker has under way, None for no such limit:
            for counterparts who may all be slow at once.
    """

    name: str
    body: type[msgspec.Struct]
    call: Callable[[EffectCall[Any], Any], Awaitable[Any]]
    record: Callable[[Tx, Sequence[EffectCall[Any]], Sequence[Any]], Awaitable[None]]
    dead: Callable[[Tx, Sequence[EffectCall[Any]], Sequence[str]], Awaitable[None]] = _nothing_to_do
    prepare: Callable[[Tx, Sequence[EffectCall[Any]]], Awaitable[Sequence[Any]]] | None = None
    timeout_seconds: float = CALL_SECONDS_DEFAULT
    slots_max: int | None = None


def one_by_one(single: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return the plural of a ``prepare``, ``record`` or ``dead`` for effects that are rare.

    Args:
        single: takes the transaction, one call, and its result or reason; what it announces has the
            call's trace.
    """

    async def each(tx: Tx, calls: Sequence[EffectCall[Any]], *told: Sequence[Any]) -> list[Any]:
        answers = []
        for call, *its_own in zip(calls, *told, strict=True):
            tx.trace = call.trace
            answers.append(await single(tx, call, *its_own))
        tx.trace = ""
        return answers

    return each


class Schedule(msgspec.Struct, frozen=True, eq=False):
    """Work a module does by the clock, inside one transaction.

    Args:
        name: ``<module>.<what>``.
        every_seconds: time from the end of one run to the next.
        run: does the work; at most about two seconds of it. It returns True when some is left,
            and is then run again at once, in a transaction of its own.
    """

    name: str
    every_seconds: float
    run: Callable[[Tx], Awaitable[bool | None]]
