"""A spare process: it has loaded everything and waits to take the place of a child that dies.

A Python process needs a second or two to load, and the callers of a web process that died wait for
just that long. The spare has done it before: the very first one while PostgreSQL starts. It is
given the duty of the dead child (program, words and environment) over a pipe and goes on as that
child; then the next spare is started.
"""

import asyncio
import contextlib
import os
import runpy
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence

import msgspec

from crosslane.platform import faults
from crosslane.platform.processes import PULSE_VARIABLE, spawn
from crosslane.platform.telemetry import Log

DUTY_BYTES_MAX = 65_536  # what a pipe takes at once, whether or not somebody reads
# The child whose place was taken is to be up before the next spare costs it the processor.
NEXT_SPARE_SECONDS = 2.0

log = Log(__name__)


class Duty(msgspec.Struct, frozen=True):
    """What a child does.

    Args:
        module: its program, as in ``python -m module``.
        words: the arguments of the program.
        environment: its whole environment.
    """

    module: str
    words: list[str]
    environment: dict[str, str]

    @property
    def command(self) -> list[str]:
        """How to start a fresh process that does it."""
        return [sys.executable, "-m", self.module, *self.words]


class Spare:
    """Keeps one spare process ready.

    Args:
        module: a program that loads all it may need, then calls :func:`wait_for_duty`.
        environment: its environment while it waits.
        pass_fds: open files that any child it may replace needs.
    """

    def __init__(
        self, module: str, *, environment: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> None:
        self._waiting = Duty(module, [], dict(environment))
        self._pass_fds = pass_fds
        self._process: Process | None = None
        self._pulse = self._orders = -1
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the one that waits, None when there is none."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self) -> None:
        """Start a spare now.

        Raises:
            OSError: the machine has no place for one.
        """
        theirs, self._orders = os.pipe()
        try:
            self._process, self._pulse = await spawn(
                self._waiting.command, self._waiting.environment, self._pass_fds, stdin=theirs
            )
        finally:
            os.close(theirs)

    def keep(self) -> None:
        """Have a spare from now on; the next one comes after NEXT_SPARE_SECONDS."""
        self._task = asyncio.create_task(self._keep())

    def take(self, duty: Duty) -> tuple[Process, int] | None:
        """Give the spare a duty; returns its process and the pipe of its pulse, None without one.

        It is never worse than a fresh process: one that is still loading has begun before.
        """
        process, told = self._process, msgspec.json.encode(duty)
        if self.pid is None or process is None or len(told) > DUTY_BYTES_MAX:
            return None
        try:
            os.write(self._orders, told)
        except BrokenPipeError:
            return None
        pulse, self._pulse, self._process = self._pulse, -1, None
        self._close()
        log.info("a spare takes over", duty=duty.module, child=process.pid)
        return process, pulse

    async def stop(self) -> None:
        """End the spare and have no other."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._close()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(NEXT_SPARE_SECONDS)
            if self.pid is not None:
                continue
            self._close()
            try:
                await self.start()
            except OSError as error:
                log.error("no spare process", error)

    def _close(self) -> None:
        for pipe in (self._pulse, self._orders):
            if pipe >= 0:
                os.close(pipe)
        self._pulse = self._orders = -1


def wait_for_duty() -> None:
    """Wait for a duty and be the process that has it; returns when none will ever come."""
    told = sys.stdin.buffer.read()
    if not told:
        return
    duty = msgspec.json.decode(told, type=Duty)
    pulse = os.environ[PULSE_VARIABLE]
    os.environ.clear()
    os.environ.update({**duty.environment, PULSE_VARIABLE: pulse})
    faults.plan(os.environ)
    sys.argv[1:] = duty.words
    runpy.run_module(duty.module, run_name="__main__", alter_sys=True)
