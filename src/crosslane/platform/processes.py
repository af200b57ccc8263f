"""Child processes that say when they are ready and, from then on, that they are alive.

A child gets one end of a pipe. It writes a byte when it is ready and one every half second. A child
that falls silent is killed, so that its callers go to others: soon when the kernel says that it is
stopped, after a longer time when it may only be starved by a busy machine. A broken pipe tells the
child that its parent is gone.
"""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Protocol

from crosslane.platform.home import CannotStart
from crosslane.platform.telemetry import Log

PULSE_VARIABLE = "CROSSLANE_PULSE"
READY = b"R"
BEAT = b"."
BEAT_SECONDS = 0.5
LOOP_STUCK_SECONDS = 30.0
TICK_SECONDS = 0.25
STOPPED_TICKS_MAX = 4
SILENT_TICKS_MAX = 60
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
PARENT_LOST_STATUS = 3
# Objects made and not freed, and rounds of the younger generation, before each generation's turn.
COLLECT_AFTER = (50_000, 5, 20)

log = Log(__name__)


class ChildFailed(CannotStart):
    """The {name} process did not become ready: {reason}. The log lines above say why."""


class Process(Protocol):
    """A child of ours, as asyncio has it."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def returncode(self) -> int | None:
        """Its exit status, minus the number of a signal that ended it; None while it lives."""
        ...

    async def wait(self) -> int:
        """Wait for its end; returns the exit status."""
        ...

    def send_signal(self, signal: int) -> None:
        """Signal it, if it lives."""
        ...

    def kill(self) -> None:
        """End it at once, if it lives."""
        ...


Begin = Callable[[], Awaitable[tuple[Process, int]]]
"""Begins a process that ends with us; returns it and the pipe its pulse comes out of."""


def end_with_parent(
    kind: signal.Signals, *, parent: int | None = None
) -> Callable[[], None] | None:
    """Return what a child calls before it does anything, so that the kernel ends it with us.

    Only Linux can do this, and it means the death of the thread that starts the child.

    Args:
        kind: how the kernel signals it.
        parent: process id of its parent, when that is not us.
    """
    if sys.platform != "linux":
        return None
    set_option = ctypes.CDLL(None, use_errno=True).prctl
    set_parent_death_signal = 1
    expected = os.getpid() if parent is None else parent

    def in_child() -> None:
        set_option(set_parent_death_signal, int(kind), 0, 0, 0)
        if os.getppid() != expected:
            os._exit(PARENT_LOST_STATUS)

    return in_child


async def spawn(
    command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()
) -> tuple[Process, int]:
    """Start a program in a process that ends with us.

    Returns it and the pipe its pulse comes out of.

    Args:
        command: program and arguments.
        environment: its whole environment, to which the number of the pulse's pipe is added.
        pass_fds: open files it inherits under their numbers, such as a listening socket.
    """
    ours, theirs = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**environment, PULSE_VARIABLE: str(theirs)},
            stdin=DEVNULL,
            pass_fds=(*pass_fds, theirs),
            start_new_session=True,  # a Ctrl-C in the terminal reaches us alone
            preexec_fn=end_with_parent(signal.SIGKILL),
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


def collect_seldom() -> None:
    """Let the garbage collector pass over what the start has loaded, and look less often.

    It is needed for circles of objects only, of which we make few; all else goes at once. At its
    usual pace it reads all that is kept in memory so often that this takes a tenth of our time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


class Pulse:
    """The child's end of the pipe; without a supervisor it does nothing.

    Args:
        environment: holds the number of the pipe, which is taken out of it.
    """

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        self._pipe = int(environment.pop(PULSE_VARIABLE, "-1"))
        if self._pipe >= 0:
            os.set_blocking(self._pipe, False)
        self._turned_at = time.monotonic()

    def ready(self) -> None:
        """Say that this process serves, and keep saying that it lives while the loop turns."""
        if self._pipe < 0:
            return
        self.say(READY)
        self._turn()
        # A thread, because an event loop may be busy for longer than a living process is silent.
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def _turn(self) -> None:
        self._turned_at = time.monotonic()
        asyncio.get_running_loop().call_later(BEAT_SECONDS, self._turn)

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            if time.monotonic() - self._turned_at < LOOP_STUCK_SECONDS:
                self.say(BEAT)

    def close(self) -> None:
        """Leave it to others to say so: to the parent of a copy that has a pipe of its own."""
        os.close(self._pipe)

    def say(self, said: bytes) -> None:
        """Send a byte, READY or BEAT; the process ends when there is nobody who reads it."""
        try:
            os.write(self._pipe, said)
        except BlockingIOError:
            return  # the parent is busy and has enough to read
        except OSError:
            os._exit(PARENT_LOST_STATUS)


class ChildProcess:
    """One process of ours that is watched.

    Args:
        name: what logs call it.
        begin: begins each of its lives, by :func:`spawn` or as a fork server does.
        stop_seconds: how long it may take to finish what it does when asked to stop.
    """

    def __init__(self, name: str, begin: Begin, *, stop_seconds: float = STOP_SECONDS_MAX) -> None:
        self.name = name
        self._begin = begin
        self._stop_seconds = stop_seconds
        self._process: Process | None = None
        self._ready = asyncio.Event()
        self._silent_ticks = 0

    @property
    def pid(self) -> int | None:
        """Its process id, None when it does not run."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self) -> None:
        """Start it and return when it is ready.

        Raises:
            ChildFailed: it died or took longer than READY_SECONDS_MAX.
        """
        self._ready.clear()
        self._process = await self._spawn()
        died = asyncio.ensure_future(outlive(self.name, self._process, lambda: False))
        ready = asyncio.ensure_future(self._ready.wait())
        try:
            await asyncio.wait(
                {died, ready}, timeout=READY_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED
            )
            if ready.done():
                return
            if died.done():
                raise ChildFailed(name=self.name, reason=f"it ended with status {died.result()}")
            raise ChildFailed(name=self.name, reason=f"{READY_SECONDS_MAX:.0f} seconds were over")
        except BaseException:
            await self.stop()
            raise
        finally:
            died.cancel()
            ready.cancel()

    async def wait_dead(self) -> int:
        """Wait until it has ended, and kill it when it falls silent; returns its exit status."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        self._silent_ticks = 0
        return await outlive(self.name, self._process, self._is_silent)

    async def stop(self) -> None:
        """Ask it to finish and end, and kill it when it does not."""
        process = self._process
        if process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self._stop_seconds)
        except TimeoutError:
            log.warning("killing a process that does not stop", process=self.name)
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _is_silent(self) -> bool:
        self._silent_ticks += 1
        return self._silent_ticks >= SILENT_TICKS_MAX

    def _signal(self, kind: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(kind)

    async def _spawn(self) -> Process:
        process, pulse = await self._begin()
        os.set_blocking(pulse, False)
        asyncio.get_running_loop().add_reader(pulse, self._listen, pulse)
        return process

    def _listen(self, pipe: int) -> None:
        said = os.read(pipe, 4096)
        self._silent_ticks = 0
        if READY in said:
            self._ready.set()
        if not said:
            asyncio.get_running_loop().remove_reader(pipe)
            os.close(pipe)


async def outlive(name: str, process: Process, hangs: Callable[[], bool]) -> int:
    """Wait for the end of a process, killing it when it hangs; returns its exit status.

    Args:
        name: what logs call it.
        process: a child of ours.
        hangs: asked once a tick whether it hangs for a reason the kernel does not know of.
    """
    died, stopped_ticks = asyncio.ensure_future(process.wait()), 0
    try:
        while True:
            # Counted in turns of our own: when the whole machine sleeps, nobody is silent.
            done, _ = await asyncio.wait({died}, timeout=TICK_SECONDS)
            if done:
                return died.result()
            stopped_ticks = stopped_ticks + 1 if _is_stopped(process.pid) else 0
            if hangs() or stopped_ticks >= STOPPED_TICKS_MAX:
                log.error("killing a process that hangs", process=name, child=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
    finally:
        died.cancel()


def _is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal; False where the kernel does not tell."""
    with contextlib.suppress(OSError):
        status = Path("/proc", str(pid), "stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] == "T"
    return False
