"""A fork server: a process that has loaded everything, and of which each child begins as a copy.

A Python process needs a second or so to load, and the callers of a web process that died wait for
just that long. A copy of one that has loaded is made in milliseconds, and shares its memory. The
fork server does nothing else: it has one thread, no event loop and no connection, because of these
a copy would have only half.

A copy becomes a child of the supervisor, not of the fork server: its parent is a process between
the two that ends at once, and the kernel gives orphans to the supervisor for that moment. So a fork
server may die or be killed at any time, and what it has begun lives on.
"""

import asyncio
import contextlib
import ctypes
import gc
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec

from crosslane.platform import faults
from crosslane.platform.processes import (
    BEAT,
    BEAT_SECONDS,
    PARENT_LOST_STATUS,
    PULSE_VARIABLE,
    READY,
    ChildFailed,
    ChildProcess,
    Process,
    Pulse,
    end_with_parent,
    spawn,
)

LINE_VARIABLE = "CROSSLANE_FORK_LINE"
# It takes milliseconds, on a machine that has time for them.
FORK_SECONDS_MAX = 15.0
CHUNK_BYTES = 65_536
FILES_MAX = 16
PID_BYTES = 8
BYTE_ORDER = "little"
SET_CHILD_SUBREAPER = 36  # of linux/prctl.h
# What `ps -o comm` and `top` show; a copy keeps the arguments of what it was copied from.
SHOWN_NAME = Path("/proc/self/comm")


class Duty(msgspec.Struct, frozen=True):
    """What a child does.

    Args:
        module: its program, as in ``python -m module``.
        environment: its whole environment.
        files: numbers of open files that it gets too, such as a listening socket; its arguments
            are the numbers they have there.
    """

    module: str
    environment: dict[str, str]
    files: tuple[int, ...] = ()

    async def spawn(self) -> tuple[Process, int]:
        """Begin a fresh process that does it; returns it and the pipe its pulse comes out of."""
        command = [sys.executable, "-m", self.module, *map(str, self.files)]
        return await spawn(command, self.environment, self.files)


class ForkServer:
    """Begins children of the supervisor as copies of a process that has loaded everything.

    It is a service: a supervisor starts it, and again when it dies.

    Args:
        module: a program that loads all that children may need, then calls :func:`serve_forks`.
        environment: its environment; each child has its own.
    """

    name = "fork-server"

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", module]
        self._environment = environment
        self._process = ChildProcess(self.name, self._begin)
        self._line: socket.socket | None = None
        self._turn = asyncio.Lock()

    @staticmethod
    def works_here() -> bool:
        """Whether this system can: it needs Linux 5.3.

        On macOS a copy of a process in which libraries of the system were used may crash.
        """
        if sys.platform != "linux":
            return False
        try:
            os.close(os.pidfd_open(os.getpid()))
        except (OSError, AttributeError):
            return False
        return True

    @property
    def pid(self) -> int | None:
        """Its process id, None when it does not run."""
        return self._process.pid

    async def start(self) -> None:
        """Start it and return when it has loaded everything.

        Raises:
            ChildFailed: it died or took too long.
        """
        await self._process.start()

    async def wait_dead(self) -> int:
        """Wait until it has ended, and kill it when it hangs; returns its exit status."""
        return await self._process.wait_dead()

    async def stop(self) -> None:
        """End it; children that it has begun live on."""
        self._process.kill()
        await self._process.stop()
        self._hang_up()

    async def fork(self, duty: Duty) -> tuple[Process, int]:
        """Begin a child that has a duty; returns it and the pipe its pulse comes out of.

        Raises:
            ChildFailed: the fork server does not run, or it fails to answer and is killed.
        """
        async with self._turn:
            ours, theirs = os.pipe()
            try:
                pid = await self._ask(duty, theirs)
            except BaseException:
                os.close(ours)
                # What it may still answer would be taken for the answer to the next question.
                self._process.kill()
                self._hang_up()
                raise
            finally:
                os.close(theirs)
            return _Forked(pid), ours

    async def _begin(self) -> tuple[Process, int]:
        async with self._turn:  # who still listens to the last one learns first that it has ended
            self._hang_up()
            self._line, theirs = socket.socketpair()
            self._line.setblocking(False)
            with theirs:
                number = theirs.fileno()
                environment = {**self._environment, LINE_VARIABLE: str(number)}
                return await spawn(self._command, environment, [number])

    async def _ask(self, duty: Duty, pulse: int) -> int:
        line, loop = self._line, asyncio.get_running_loop()
        if line is None or self.pid is None:
            raise ChildFailed(name=duty.module, reason="there is no fork server")
        told = msgspec.json.encode(duty) + b"\n"
        try:
            async with asyncio.timeout(FORK_SECONDS_MAX):
                with _adopting():
                    sent = socket.send_fds(line, [told], [pulse, *duty.files])
                    await loop.sock_sendall(line, told[sent:])
                    answer = await loop.sock_recv(line, PID_BYTES)
        except (OSError, TimeoutError):
            answer = b""
        if not answer:
            raise ChildFailed(name=duty.module, reason="the fork server does not answer")
        return int.from_bytes(answer, BYTE_ORDER)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class _Forked:
    """A child of ours that we did not start ourselves."""

    def __init__(self, pid: int) -> None:
        loop = asyncio.get_running_loop()
        self.pid = pid
        self._status: asyncio.Future[int] = loop.create_future()
        self._file = os.pidfd_open(pid)
        loop.add_reader(self._file, self._reap)

    @property
    def returncode(self) -> int | None:
        return self._status.result() if self._status.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._status)

    def send_signal(self, signal: int) -> None:
        if self.returncode is None:  # as long as nobody has waited for it, the number is its own
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)
        self._status.set_result(os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]))


@contextmanager
def _adopting() -> Generator[None]:
    """Be the parent of orphans among our descendants meanwhile.

    Not always: nobody would wait for those that others leave, such as sessions of a database.
    """
    set_option = ctypes.CDLL(None, use_errno=True).prctl
    set_option(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        set_option(SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def serve_forks() -> None:
    """Fork a child for each duty that is told, until the supervisor is gone.

    Everything is loaded by now. In a child it does not return.
    """
    line, pulse = socket.socket(fileno=int(os.environ.pop(LINE_VARIABLE))), Pulse()
    gc.collect()
    gc.freeze()  # a collection would write to pages that children share
    pulse.say(READY)
    while True:
        ready, _, _ = select.select([line], [], [], BEAT_SECONDS)
        pulse.say(BEAT)
        if not ready:
            continue
        told, files, _, _ = socket.recv_fds(line, CHUNK_BYTES, FILES_MAX)
        if not told:
            return
        while not told.endswith(b"\n"):
            told += line.recv(CHUNK_BYTES)
        _fork(msgspec.json.decode(told, type=Duty), files, line, pulse)
        for file in files:
            os.close(file)


def _fork(duty: Duty, files: Sequence[int], line: socket.socket, pulse: Pulse) -> None:
    follow_supervisor = end_with_parent(signal.SIGKILL, parent=os.getppid())
    go, tells = os.pipe()
    between = os.fork()
    if not between:
        _end_before_a_child()
        os.close(tells)
        os.read(go, 1)
        os.close(go)
        pulse.close()
        if follow_supervisor is not None:
            follow_supervisor()
        _become(duty, files, line)
    os.close(go)
    _, status = os.waitpid(between, 0)
    os.close(tells)  # now the child is the supervisor's, and goes on
    if status:
        raise OSError(f"no process for {duty.module}")


def _end_before_a_child() -> None:
    """Go on in a child and end, so that somebody else becomes its parent."""
    try:
        child = os.fork()
    except OSError:
        os._exit(1)
    if child:
        os._exit(0)


def _become(duty: Duty, files: Sequence[int], line: socket.socket) -> NoReturn:
    """Be the process that has this duty."""
    os.setsid()
    try:
        line.sendall(os.getpid().to_bytes(PID_BYTES, BYTE_ORDER))
    except OSError:
        os._exit(PARENT_LOST_STATUS)
    line.close()
    SHOWN_NAME.write_text(duty.module.rpartition(".")[2], encoding="ascii")
    os.environ.clear()
    own_pulse, *own_files = map(str, files)
    os.environ.update({**duty.environment, PULSE_VARIABLE: own_pulse})
    status = 1
    try:
        faults.plan(os.environ)
        sys.argv[1:] = own_files
        runpy.run_module(duty.module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        # At once: what the interpreter would take apart goes with the process.
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
