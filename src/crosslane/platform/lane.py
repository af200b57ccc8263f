"""Lanes: every change asked from outside is a command, and commands commit in groups.

One lane per tenant and kind of command collects what is waiting (no added delay), opens one
transaction, lets the handler decide all of them and write set-based, commits, and answers every
caller. Each command has a key: a batch whose COMMIT got lost is simply run again, and a key seen
before is answered as it was the first time.

A batch that fails as a whole is run one by one, so that one bad command harms no other.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar

import asyncpg
import msgspec

from crosslane.kernel import Kind, Refusal, Unavailable
from crosslane.platform import audit, faults, idempotency
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import (
    CONNECTION_LOST,
    CommitUnknown,
    Database,
    DatabaseBusy,
    Overtaken,
    Tx,
)
from crosslane.platform.idempotency import KeyReused, Look, Replayed, StillWorking, StoredAnswer

BATCH_COMMANDS_MAX = 256
# Of a crowd, where others ask as well: for each step of a batch they wait.
CROWD_BATCH_MAX = 16
WAITING_COMMANDS_MAX = 4096
BATCHES_AT_ONCE = 2
# While a batch is under way another one begins with half as many or more: what a batch costs by
# itself is worth that of several commands, and who comes alone would soon have had company.
COMPANY_PART = 2
ATTEMPTS_MAX = 4
ATTEMPT_WAIT_SECONDS = 0.02

Body = TypeVar("Body")
Result = TypeVar("Result")
Looked = TypeVar("Looked")

# The transaction was lost, not refused: the same commands may be run again.
LOST = (
    CommitUnknown,
    Overtaken,
    *CONNECTION_LOST,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
# Somebody else was faster, where nothing was locked.
OUTRUN = (*LOST, asyncpg.UniqueViolationError)


class LaneFull(Unavailable):
    """Too many requests of this kind are waiting; try again shortly."""


class RowsBusy(Unavailable):
    """Others are changing the same things at this moment; try again shortly."""


class NotTogether(Exception):
    """Commands of a batch that have to be decided one by one."""


class Command(msgspec.Struct, Generic[Body], frozen=True):
    """One request for a change.

    Args:
        key: idempotency key, unique within the tenant.
        actor: who asks.
        body: what is asked for.
        trace: trace id of the request.
        fingerprint: digest of the request, so that reuse of its key is noticed.
    """

    key: str
    actor: Actor
    body: Body
    trace: str = ""
    fingerprint: str = ""


Handler = Callable[[Tx, Sequence[Command[Any]]], Awaitable[Sequence[Any]]]


class CommandKind(msgspec.Struct, frozen=True, eq=False):
    """A kind of command and how it is decided.

    Args:
        name: ``<module>.<verb>``.
        body: type of the command's body.
        result: type of the result.
        handle: decides all commands of a batch and writes what follows. Returns one result or
            Refusal per command, in order, having written nothing for the refused. It may raise a
            refusal instead, or :class:`NotTogether`: a batch of several is then undone and run
            one by one, and the refusal of a single command is its answer.
        batch_max: most commands decided together.
        repeatable: what is asked names itself and the handler knows it again, so that no key is
            claimed and no answer kept.
        optimistic: the handler locks nothing where its transaction is optimistic, which it is the
            first time: what it writes rests on what it has read, see :meth:`Outbox.add_part`.
        look: what the handler reads by the statement that opens an optimistic transaction, None
            where it needs nothing for these commands.
        lane: name of the lane it shares with kinds that have the same handler; its own when empty.
    """

    name: str
    body: Any
    result: Any
    handle: Handler
    batch_max: int = BATCH_COMMANDS_MAX
    repeatable: bool = False
    optimistic: bool = False
    look: Callable[[Sequence[Command[Any]]], Look | None] | None = None
    lane: str = ""


def one_by_one(
    name: str, body: Any, result: Any, use_case: Callable[[Tx, Any], Awaitable[Any]]
) -> CommandKind:
    """Return a kind whose commands are rare and decided alone, each in a transaction of its own.

    Args:
        name: ``<module>.<verb>``.
        body: type of the command's body.
        result: type of the result.
        use_case: takes the transaction, whose actor is who asks, and the body; raises its refusals.
    """

    async def handle(tx: Tx, commands: Sequence[Command[Any]]) -> list[Any]:
        return [await use_case(tx, command.body) for command in commands]

    return CommandKind(name, body, result, handle, batch_max=1)


class Answer(msgspec.Struct, frozen=True):
    """What a command was answered.

    Args:
        outcome: the result, or the refusal.
        replayed: the key had been used before and this is the first answer again.
    """

    outcome: Any
    replayed: bool = False


class Preview(msgspec.Struct, Generic[Looked], frozen=True):
    """What a command would do.

    Args:
        before: what was seen before it.
        outcome: its result.
        after: what was seen after it, in the same transaction.
    """

    before: Looked
    outcome: Any
    after: Looked


class _Undone(Exception):
    """Undoes the transaction of a preview, and carries what was seen in it."""

    def __init__(self, preview: Preview[Any]) -> None:
        self.preview = preview


class _Raised(Exception):
    """Undoes the transaction of a command whose handler raised its refusal."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class _Waiting:
    """A command in the queue or in a batch, with all who wait for its answer.

    Each waits for a future of its own: one that goes away takes the answer from nobody else.
    """

    def __init__(self, command: Command[Any]) -> None:
        self.command = command
        self._callers: list[asyncio.Future[Answer]] = []

    def answer(self) -> asyncio.Future[Answer]:
        """Return the answer that is to come, to one more who waits for it."""
        caller: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._callers.append(caller)
        return caller

    def settle(self, answer: Answer) -> None:
        """Tell the answer to those who are still there."""
        for caller in self._callers:
            if not caller.done():
                caller.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Raise an error at those who are still there."""
        for caller in self._callers:
            if not caller.done():
                caller.set_exception(error)
                # Read once here, so that one that goes away at this moment is no warning.
                caller.exception()


class Lanes:
    """All lanes of one process.

    Args:
        database: where the tenants are.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._lanes: dict[tuple[str, str], _Lane] = {}

    async def submit(self, tenant: str, kind: CommandKind, command: Command[Any]) -> Answer:
        """Run a command and return its answer once it is committed.

        Raises:
            LaneFull: too many commands of this kind are waiting.
            RowsBusy: rows it needs stayed locked.
        """
        name = kind.lane or kind.name
        lane = self._lanes.get((tenant, name))
        if lane is None:
            lane = self._lanes[tenant, name] = _Lane(self.database, tenant, kind)
        return await lane.submit(kind, command)

    async def run(
        self, tenant: str, kind: CommandKind, key: str, body: Any, *, actor: Actor = SYSTEM
    ) -> Any:
        """Run a command of the system's own; return its result or raise its refusal."""
        answer = await self.submit(tenant, kind, Command(key, actor, body))
        if isinstance(answer.outcome, Refusal):
            raise answer.outcome
        return answer.outcome

    async def preview(
        self,
        tenant: str,
        kind: CommandKind,
        command: Command[Any],
        look: Callable[[Tx], Awaitable[Looked]],
    ) -> Preview[Looked]:
        """Tell what a command would do: decide it as if it were submitted, and undo all of it.

        Events, calls to the outside and answers are rows of the transaction, so they go with it.
        Its key is neither looked up nor claimed.

        Args:
            tenant: whose.
            kind: the kind of command.
            command: what would be submitted.
            look: reads what it is about, before and after.

        Raises:
            Refusal: what it would be refused with.
            RowsBusy: rows it needs stayed locked.
        """
        for attempt in range(1, ATTEMPTS_MAX):
            try:
                return await self._try_out(tenant, kind, command, look)
            except LOST:
                await asyncio.sleep(ATTEMPT_WAIT_SECONDS * 4**attempt)
        return await self._try_out(tenant, kind, command, look)

    async def _try_out(
        self,
        tenant: str,
        kind: CommandKind,
        command: Command[Any],
        look: Callable[[Tx], Awaitable[Looked]],
    ) -> Preview[Looked]:
        opened = self.database.transaction(tenant, actor=command.actor, trace=command.trace)
        try:
            async with opened as tx:
                before = await look(tx)
                (outcome,) = await kind.handle(tx, [command])
                if isinstance(outcome, Refusal):
                    raise outcome
                raise _Undone(Preview(before, outcome, await look(tx)))
        except _Undone as undone:
            return undone.preview
        except asyncpg.LockNotAvailableError:
            raise RowsBusy from None

    async def drain(self) -> None:
        """Wait until every command taken in has been answered."""
        for lane in list(self._lanes.values()):
            await lane.drain()


class _Lane:
    def __init__(self, database: Database, tenant: str, kind: CommandKind) -> None:
        self.database = database
        self.tenant = tenant
        self.kind = kind
        self._queue: deque[_Waiting] = deque()
        self._by_key: dict[str, _Waiting] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._names: dict[type, str] = {}

    async def submit(self, kind: CommandKind, command: Command[Any]) -> Answer:
        twin = self._by_key.get(command.key)
        if twin is not None:
            if twin.command.fingerprint != command.fingerprint:
                return Answer(KeyReused())
            answer = await twin.answer()
            return Answer(answer.outcome, replayed=True)
        if len(self._queue) >= WAITING_COMMANDS_MAX:
            raise LaneFull
        waiting = _Waiting(command)
        self._queue.append(waiting)
        self._by_key[command.key] = waiting
        self._names[type(command.body)] = kind.name
        self._begin_another()
        return await waiting.answer()

    async def drain(self) -> None:
        while self._workers:
            await asyncio.wait(self._workers)

    def _begin_another(self) -> None:
        # One that has just found nothing to do stands in the set until its callback has run.
        busy = sum(not worker.done() for worker in self._workers)
        if busy < BATCHES_AT_ONCE and self._are_worth_a_batch():
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    def _are_worth_a_batch(self) -> bool:
        return bool(self._queue) and len(self._queue) * COMPANY_PART >= self._under_way

    async def _work(self) -> None:
        while self._are_worth_a_batch():
            most = min(len(self._queue), self._batch_max())
            await self._answer([self._queue.popleft() for _ in range(most)])

    def _batch_max(self) -> int:
        if self.database.turns.is_crowd(self.tenant):
            return min(self.kind.batch_max, CROWD_BATCH_MAX)
        return self.kind.batch_max

    async def _answer(self, batch: list[_Waiting], *, patient: bool = True) -> None:
        try:
            answers = await self._run([w.command for w in batch], patient)
        # The error belongs to whoever asked; the lane goes on with the next batch.
        except Exception as error:
            # Where there is no connection for all there is none for each: each would wait as long.
            if len(batch) > 1 and not isinstance(error, DatabaseBusy):
                self._begin_another()
                # When a key is in use elsewhere the batch has waited for it once already.
                waited = isinstance(error, StillWorking)
                for waiting in batch:
                    await self._answer([waiting], patient=not waited)
                return
            for waiting in batch:
                self._take_out(waiting).fail(_as_refusal(error))
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                self._take_out(waiting).settle(answer)

    def _take_out(self, waiting: _Waiting) -> _Waiting:
        return self._by_key.pop(waiting.command.key)

    async def _run(self, commands: list[Command[Any]], patient: bool) -> list[Answer]:
        # A first attempt that locks nothing and is lost on its way may still be written, before the
        # next one is.
        lost = OUTRUN if self.kind.optimistic else LOST
        if self.kind.optimistic:
            with suppress(*OUTRUN):
                return await self._run_once(commands, patient, optimistic=True)
        for attempt in range(1, ATTEMPTS_MAX):
            try:
                return await self._run_once(commands, patient)
            except lost:
                # Nobody else has to wait for this.
                self._begin_another()
                await asyncio.sleep(ATTEMPT_WAIT_SECONDS * 4**attempt)
        return await self._run_once(commands, patient)

    async def _run_once(
        self, commands: list[Command[Any]], patient: bool, *, optimistic: bool = False
    ) -> list[Answer]:
        self._under_way += len(commands)
        try:
            async with self._claiming(commands, patient, optimistic) as (tx, known):
                fresh = [command for command in commands if command.key not in known]
                outcomes = await self._decide(tx, fresh, alone=len(commands) == 1)
                if fresh:
                    self._store(tx, fresh, outcomes)
                    await self._cover(tx, _carried_out(fresh, outcomes))
                faults.reach("lane.before_commit")
        except _Raised as raised:
            return [await self._keep(raised.refusal, commands[0], patient)]
        finally:
            self._under_way -= len(commands)
        faults.reach("lane.after_commit")
        by_key = {c.key: Answer(o) for c, o in zip(fresh, outcomes, strict=True)}
        by_key |= {key: self._told_again(stored) for key, stored in known.items()}
        return [by_key[command.key] for command in commands]

    async def _cover(self, tx: Tx, commands: Sequence[Command[Any]]) -> None:
        for body, name in self._names.items():
            await audit.cover(tx, name, [each for each in commands if type(each.body) is body])

    def _store(self, tx: Tx, commands: Sequence[Command[Any]], outcomes: Sequence[Any]) -> None:
        if not self.kind.repeatable:
            keys, prints = [c.key for c in commands], [c.fingerprint for c in commands]
            idempotency.store(tx, keys, prints, outcomes)

    @asynccontextmanager
    async def _claiming(
        self, commands: Sequence[Command[Any]], patient: bool, optimistic: bool = False
    ) -> AsyncIterator[tuple[Tx, dict[str, StoredAnswer | Refusal]]]:
        """Open a transaction for commands; tells with it which keys are not free, and why."""
        only = commands[0] if len(commands) == 1 else None
        actor, trace = (only.actor, only.trace) if only else (SYSTEM, "")
        if self.kind.repeatable:
            async with self.database.transaction(self.tenant, actor=actor, trace=trace) as tx:
                yield tx, {}
            return
        keys, prints = [c.key for c in commands], [c.fingerprint for c in commands]
        async with idempotency.claiming(
            self.database,
            self.tenant,
            keys,
            prints,
            actor=actor,
            trace=trace,
            patient=patient,
            optimistic=optimistic,
            look=self.kind.look(commands) if optimistic and self.kind.look else None,
        ) as claimed:
            yield claimed

    async def _decide(self, tx: Tx, fresh: list[Command[Any]], *, alone: bool) -> Sequence[Any]:
        if not fresh:
            return []
        try:
            return await self.kind.handle(tx, fresh)
        except Refusal as refusal:
            if not alone:
                raise
            raise _Raised(refusal) from None

    async def _keep(self, refusal: Refusal, command: Command[Any], patient: bool) -> Answer:
        """Answer with a refusal whose transaction is undone; one that is decided is kept."""
        if refusal.kind is not Kind.CONFLICT:
            return Answer(refusal)
        async with self._claiming([command], patient) as (tx, known):
            if not known:
                self._store(tx, [command], [refusal])
        return self._told_again(known[command.key]) if known else Answer(refusal)

    def _told_again(self, stored: StoredAnswer | Refusal) -> Answer:
        if isinstance(stored, Refusal):
            return Answer(stored)
        if stored.refusal is not None:
            return Answer(Replayed(stored.refusal), replayed=True)
        result = msgspec.json.decode(bytes(stored.result), type=self.kind.result)
        return Answer(result, replayed=True)


def _carried_out(commands: Sequence[Command[Any]], outcomes: Sequence[Any]) -> list[Command[Any]]:
    pairs = zip(commands, outcomes, strict=True)
    return [command for command, outcome in pairs if not isinstance(outcome, Refusal)]


def _as_refusal(error: Exception) -> Exception:
    """Tell a wait that was too long as what it is to the caller."""
    if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.SerializationError | Overtaken):
        return RowsBusy()
    return error


__all__ = [
    "Answer",
    "Command",
    "CommandKind",
    "KeyReused",
    "Kind",
    "LaneFull",
    "Lanes",
    "NotTogether",
    "Preview",
    "RowsBusy",
    "StillWorking",
    "one_by_one",
]
