"""Answers that stand: encoded as they are sent, for who asks the same again, until something moves.

Each process looks into the log of a tenant that is asked a lot, some times a second, for events by
which answers move. An answer is handed out again only while a look that began less than
STALE_SECONDS_MAX ago has found nothing of what it hangs on moved since it was read. Looks that fail
or come late make nobody wait and nothing wrong: questions are read through then, as they are where
few ask.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import msgspec

from crosslane.platform import log
from crosslane.platform.database import CONNECTION_LOST, Database, DatabaseBusy
from crosslane.platform.log import Event
from crosslane.platform.telemetry import Log

STALE_SECONDS_MAX = 1.0
"""An answer told how things were at some instant that lies no further back."""

LOOK_SECONDS = 0.25
ASKED_A_SECOND_MIN = 20
"""Where fewer questions are asked, looking costs more than reading."""

REST_SECONDS = 5.0
"""For how long it is looked although fewer ask."""

ANSWER_BYTES_MAX = 64 << 10
TENANT_BYTES_MAX = 8 << 20
TENANTS_MAX = 4
TENANTS_COUNTED_MAX = 10_000
MOVED_MAX = 20_000
EVENTS_MAX = 500
"""When more has happened between two looks everything has moved."""

ENTRY_BYTES = 600
"""About what an answer takes beside its content: its question, what it hangs on."""

journal = Log("crosslane.standing")

# No two are alike in a process: a read may outlive the watch under which it began.
_rounds = count(1)


class Mover(msgspec.Struct, frozen=True, eq=False):
    """By what answers move.

    Args:
        event: the event.
        keys: which of the things that answers hang on have moved, in an event.
    """

    event: type[Event]
    keys: Callable[[Any], Iterable[UUID]]


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """How long an answer stands.

    Args:
        at: when it was read, by the database's clock; the answer says so, and says later when it
            is told again.
        keys: all it hangs on that events name; it stands until one of them moves, or a fact.
        until: it changes by the clock then, whatever happens.
    """

    at: datetime
    keys: tuple[UUID, ...]
    until: datetime


class Standing(msgspec.Struct, frozen=True):
    """An answer as it is sent.

    Args:
        before: its content up to where it says when it was true; ``after`` is what follows that.
        etag: its entity tag.
    """

    before: bytes
    after: bytes
    etag: str
    keys: tuple[UUID, ...]
    until: datetime
    read_in: int


class StandingAnswers:
    """What one process has answered, tenants apart.

    Args:
        database: where it is looked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: dict[str, _Watch] = {}
        self._asked: dict[str, tuple[float, int]] = {}

    def find(self, tenant: str, question: bytes) -> tuple[bytes, str] | None:
        """Return the content that answers a question and its entity tag; None where it is not kept.

        Args:
            tenant: whose.
            question: what is asked, whole.
        """
        watch = self._watches.get(tenant)
        if watch is None:
            self._count(tenant)
            return None
        watch.asked += 1
        return watch.find(question)

    def begin(self, tenant: str, mover: Mover) -> int | None:
        """Return what :meth:`keep` is to be told of a read that begins now; None to keep nothing.

        Args:
            tenant: whose data is read.
            mover: by what the answer moves.
        """
        watch = self._watches.get(tenant)
        return None if watch is None else watch.begin(mover)

    def keep(
        self, tenant: str, question: bytes, begun: int, content: bytes, etag: str, stands: Stands
    ) -> None:
        """Keep an answer for who asks the same again.

        Args:
            tenant: whose.
            question: what was asked.
            begun: what :meth:`begin` returned before it was read.
            content: the answer as it is sent.
            etag: its entity tag.
            stands: how long it stands.
        """
        watch = self._watches.get(tenant)
        before, said, after = content.partition(msgspec.json.encode(stands.at))
        if watch is not None and said and len(content) <= ANSWER_BYTES_MAX:
            kept = Standing(before, after, etag, stands.keys, stands.until, begun)
            watch.keep(question, kept)

    async def close(self) -> None:
        """Look no more."""
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _count(self, tenant: str) -> None:
        """Begin to look where many ask."""
        now = time.monotonic()
        since, asked = self._asked.get(tenant, (now, 0))
        if now - since > 1.0:
            since, asked = now, 0
        self._asked[tenant] = since, asked + 1
        if asked + 1 >= ASKED_A_SECOND_MIN and len(self._watches) < TENANTS_MAX:
            del self._asked[tenant]
            watch = self._watches[tenant] = _Watch(self._database, tenant)
            watch.task = asyncio.create_task(watch.look_on())
            watch.task.add_done_callback(lambda _: self._watches.pop(tenant, None))
        elif len(self._asked) > TENANTS_COUNTED_MAX:
            self._asked.clear()


class _Watch:
    """What is known of one tenant: its answers, and what has moved since they were read.

    Attributes:
        asked: how many questions since the last look.
        round: number of the latest look that found something moved.
    """

    def __init__(self, database: Database, tenant: str) -> None:
        self.asked = 0
        self.round = next(_rounds)
        self.task: asyncio.Task[None] | None = None
        self._database = database
        self._tenant = tenant
        self._movers: dict[str, Mover] = {}
        # The events that the latest look asks for, which may be under way.
        self._looked_for: Set[str] = frozenset()
        self._answers: dict[bytes, Standing] = {}
        self._bytes = 0
        # An answer read in a round before this one stands no more.
        self._first_round = 0
        self._moved_in: dict[UUID, int] = {}
        self._looked_at = float("-inf")
        self._at: datetime
        self._said_at = b""
        self._seen = ""
        self._versions: Mapping[str, int] = {}

    def begin(self, mover: Mover) -> int | None:
        """Return the round in which a read begins, whose answer moves by an event.

        None where no look asks for such events yet: what one that is under way has not asked for is
        told by no later one.
        """
        kind = mover.event.kind()
        self._movers[kind] = mover
        return self.round if self._seen and kind in self._looked_for else None

    def find(self, question: bytes) -> tuple[bytes, str] | None:
        """Return the content of an answer that stands, and its entity tag."""
        kept = self._answers.get(question)
        if kept is None or time.monotonic() - self._looked_at > STALE_SECONDS_MAX:
            return None
        if not self._stands(kept):
            self._drop(question)
            return None
        return kept.before + self._said_at + kept.after, kept.etag

    def keep(self, question: bytes, kept: Standing) -> None:
        """Keep an answer; the oldest give way."""
        self._drop(question)
        self._answers[question] = kept
        self._bytes += _bytes_of(question, kept)
        while self._bytes > TENANT_BYTES_MAX:
            self._drop(next(iter(self._answers)))

    def _drop(self, question: bytes) -> None:
        kept = self._answers.pop(question, None)
        if kept is not None:
            self._bytes -= _bytes_of(question, kept)

    def _stands(self, kept: Standing) -> bool:
        # Who was found moved in a later round than that in which the read began may have moved
        # after the read. What was found moved before is what was read.
        moved, since = self._moved_in, kept.read_in
        return (
            since >= self._first_round
            and self._at < kept.until
            and all(moved.get(key, 0) <= since for key in kept.keys)
        )

    async def look_on(self) -> None:
        """Look again and again, as long as many ask."""
        busy_at = time.monotonic()
        while (began := time.monotonic()) - busy_at < REST_SECONDS:
            try:
                await self._look(began)
            except (*CONNECTION_LOST, DatabaseBusy):
                # What was seen may be of a server that is no more.
                self._forget()
            except Exception as error:  # whoever asks is read through, and a later question begins
                journal.error("nobody looks into the log", error, of_tenant=self._tenant)
                return
            await asyncio.sleep(LOOK_SECONDS)
            if self.asked >= ASKED_A_SECOND_MIN * (time.monotonic() - began):
                busy_at = began
            self.asked = 0

    async def _look(self, began: float) -> None:
        async with self._database.transaction(self._tenant, read_only=True) as tx:
            self._looked_for = frozenset(self._movers)
            told = await log.told(tx, tuple(self._looked_for), self._seen, EVENTS_MAX)
        same = self._seen and told.complete and tx.versions == self._versions
        self._seen, self._versions = told.seen, tx.versions
        if not same:
            self._forget_answers()
        elif told.events:
            self.round = next(_rounds)
            for kind, body in told.events:
                mover = self._movers[kind]
                for key in mover.keys(msgspec.json.decode(body, type=mover.event)):
                    self._moved_in[key] = self.round
            if len(self._moved_in) > MOVED_MAX:
                self._forget_answers()
        self._at, self._said_at = tx.now, msgspec.json.encode(tx.now)
        self._looked_at = began

    def _forget(self) -> None:
        self._seen = ""
        self._forget_answers()

    def _forget_answers(self) -> None:
        """Let nothing stand that was read before, or is being read now."""
        self.round = next(_rounds)
        self._first_round = self.round
        self._moved_in.clear()
        self._answers.clear()
        self._bytes = 0


def _bytes_of(question: bytes, kept: Standing) -> int:
    return len(question) + len(kept.before) + len(kept.after) + ENTRY_BYTES
