"""Questions of many requests, answered by one read.

Questions that arrive in the same moment are read together. Nobody waits for company where nothing
is read: a read starts at once, with all that are waiting by then, so an answer is never older than
its question. Beside a read a second one starts for as many as that one answers: a read costs by
itself what several questions do, and few who wait will soon be more.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from crosslane.kernel import Refusal, Unavailable
from crosslane.platform.database import Tx

READS_AT_ONCE = 2
QUESTIONS_AT_ONCE_MAX = 64
QUESTIONS_WAITING_MAX = 4_096

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Open = Callable[[], AbstractAsyncContextManager[Tx]]


class TooManyQuestions(Unavailable):
    """Too many questions of this kind are waiting; try again shortly."""


class Gathering(Generic[Question, Answer]):
    """One kind of question, per tenant of one process.

    Args:
        read: answers or refuses each of many questions, in order, in an open transaction.

    Attributes:
        reads: how often it was called and did answer.
    """

    def __init__(
        self, read: Callable[[Tx, Sequence[Question]], Awaitable[Sequence[Answer | Refusal]]]
    ) -> None:
        self.reads = 0
        self._read = read
        self._waiting: dict[str, deque[tuple[Question, asyncio.Future[Answer]]]] = {}
        self._readers: dict[str, int] = {}
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, tenant: str, open_read: Open, question: Question) -> Answer:
        """Return the answer to a question, or raise its refusal.

        Args:
            tenant: whose data is read.
            open_read: opens a transaction of that tenant; one stands for all who ask together.
            question: what is asked.

        Raises:
            TooManyQuestions: so many wait that this one would not be answered soon.
        """
        if len(self._waiting.get(tenant, ())) >= QUESTIONS_WAITING_MAX:
            raise TooManyQuestions
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append((question, answer))
        if self._are_worth_a_read(tenant):
            self._readers[tenant] = self._readers.get(tenant, 0) + 1
            reader = asyncio.create_task(self._read_all(tenant, open_read))
            self._tasks.add(reader)
            reader.add_done_callback(self._tasks.discard)
        return await answer

    def _are_worth_a_read(self, tenant: str) -> bool:
        """Tell whether those who wait should be read for now, beside what is read already."""
        busy = self._readers.get(tenant, 0)
        if not busy:
            return True
        # Who has begun and taken nobody yet will take all.
        return busy < READS_AT_ONCE and 0 < self._under_way[tenant] <= len(self._waiting[tenant])

    async def _read_all(self, tenant: str, open_read: Open) -> None:
        waiting = self._waiting[tenant]
        try:
            while waiting:
                batch = [waiting.popleft() for _ in range(min(len(waiting), QUESTIONS_AT_ONCE_MAX))]
                self._under_way[tenant] += len(batch)
                try:
                    await self._read_some(batch, open_read)
                finally:
                    self._under_way[tenant] -= len(batch)
        finally:
            # In the same step in which nobody was waiting, so that nobody comes too late.
            self._readers[tenant] -= 1

    async def _read_some(
        self, batch: list[tuple[Question, asyncio.Future[Answer]]], open_read: Open
    ) -> None:
        try:
            async with open_read() as tx:
                found = await self._read(tx, [question for question, _ in batch])
        # Whatever went wrong belongs to those who asked; the next batch is read all the same.
        except Exception as error:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        self.reads += 1
        for (_, answer), one in zip(batch, found, strict=True):
            if answer.done():
                continue
            if isinstance(one, Refusal):
                answer.set_exception(one)
            else:
                answer.set_result(one)
