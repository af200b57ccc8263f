"""Processes of a test that begin with everything loaded: forked from one that has loaded it once.

A child runs a program by its name, with words and an environment of its own, as an interpreter that
was started for it would, without the second that this takes; children of the product begin
likewise. It can be signalled and waited for. When the tests end, all of them do.
"""

import asyncio
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import Any, NoReturn

from crosslane.platform import faults

ROOT = Path(__file__).parents[1]
# What the programs need, but for themselves.
LOADED = (
    *("crosslane.app", "crosslane.channels.adapters", "cyclopts", "uvloop"),
    *("crosslane.payments.provider.fake.server", "crosslane.vendors.port.fake.server"),
    "crosslane.carriers.port.fake.server",
)
STATUS = struct.Struct("i")
RUN_SECONDS_MAX = 180.0
ASKED_BYTES_MAX = 1 << 20
FILES_MAX = 5


class Begun:
    """A child that was begun.

    Attributes:
        pid: its process id.
        stdout: what it prints, when that was asked for.
        returncode: how it ended, as `subprocess` has it; None while it lives or nobody looked.
    """

    def __init__(self, pid: int, ended: int, stdout: int | None) -> None:
        self.pid = pid
        self.stdout = None if stdout is None else os.fdopen(stdout, encoding="utf-8")
        self.returncode: int | None = None
        self._ended: int | None = ended

    def join(self) -> int:
        """Return its status once it has ended."""
        if self._ended is not None:
            told = os.read(self._ended, STATUS.size)
            os.close(self._ended)
            self._ended = None
            self.returncode = STATUS.unpack(told)[0]
        assert self.returncode is not None
        return self.returncode

    async def wait(self) -> int:
        """Return its status once it has ended, and let others work meanwhile."""
        if self._ended is not None:
            loop, over = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(self._ended, over.set)
            try:
                await over.wait()
            finally:
                loop.remove_reader(self._ended)
        return self.join()

    def send_signal(self, kind: signal.Signals) -> None:
        """Signal it, if it lives."""
        if self._ended is not None:
            with contextlib.suppress(ProcessLookupError):  # it has just died by itself
                os.kill(self.pid, kind)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class _Parent:
    """The process from which children are forked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        atexit.register(self._close)

    def _close(self) -> None:
        self._line.close()
        self._process.wait()

    def fork(self, asked: Mapping[str, Any], files: Sequence[int]) -> int:
        with self._lock:
            told = json.dumps(asked).encode() + b"\n"
            sent = socket.send_fds(self._line, [told], files)
            self._line.sendall(told[sent:])
            answer = self._line.recv(STATUS.size)
        assert answer, "what forks the processes of tests has ended"
        return STATUS.unpack(answer)[0]


@cache
def _parent() -> _Parent:
    return _Parent()


def begin(
    module: str,
    *words: str,
    environment: Mapping[str, str],
    listens: bool = False,
    files: Mapping[int, int] = MappingProxyType({}),
) -> Begun:
    """Begin a program.

    Args:
        module: its name, as after `python -m`.
        words: its arguments.
        environment: its whole environment.
        listens: read what it prints.
        files: open files that it has too, by the numbers they have there.
    """
    ended, tells = os.pipe()
    stdout, prints = os.pipe() if listens else (None, os.dup(1))
    asked = {"module": module, "words": words, "environment": dict(environment)}
    try:
        pid = _parent().fork({**asked, "files": list(files)}, [tells, prints, *files.values()])
    finally:
        os.close(tells)
        os.close(prints)
    return Begun(pid, ended, stdout)


def run(
    module: str, *words: str, environment: Mapping[str, str], typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; returns how it ended and what it printed.

    Args:
        module: its name, as after `python -m`.
        words: its arguments.
        environment: its whole environment.
        typed: what it reads.

    Raises:
        subprocess.TimeoutExpired: it did not end within RUN_SECONDS_MAX.
    """
    with TemporaryFile() as given, TemporaryFile() as printed, TemporaryFile() as complained:
        given.write(typed.encode())
        given.seek(0)
        files = {number: file.fileno() for number, file in enumerate((given, printed, complained))}
        begun = begin(module, *words, environment=environment, files=files)
        patience = threading.Timer(RUN_SECONDS_MAX, begun.kill)
        patience.start()
        status = begun.join()
        if not patience.is_alive():
            raise subprocess.TimeoutExpired([module, *words], RUN_SECONDS_MAX)
        patience.cancel()
        said = []
        for file in (printed, complained):
            file.seek(0)
            said.append(file.read().decode())
        return subprocess.CompletedProcess([module, *words], status, *said)


def begin_worker(environment: Mapping[str, str]) -> Begun:
    """Begin a worker of the product."""
    return begin("crosslane.cli.worker_process", environment=environment)


class _Server:
    """What the parent does: fork when asked, and tell of each child how it has ended."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._woken, self._wakes = os.pipe()
        os.set_blocking(self._wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes)
        # Ctrl-C in the terminal reaches everybody; the tests say when it is over.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._children: dict[int, int] = {}

    def run(self) -> None:
        """Serve until the tests have ended, and end what they have left."""
        while True:
            ready, _, _ = select.select([self._line, self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 1024)
                self._bury()
            if self._line in ready:
                told, files, _, _ = socket.recv_fds(self._line, ASKED_BYTES_MAX, FILES_MAX)
                if not told:
                    break
                while not told.endswith(b"\n"):
                    told += self._line.recv(ASKED_BYTES_MAX)
                self._fork(json.loads(told), files)
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                tells = self._children.pop(pid)
                with contextlib.suppress(BrokenPipeError):  # nobody waits for it
                    os.write(tells, STATUS.pack(os.waitstatus_to_exitcode(status)))
                os.close(tells)

    def _fork(self, asked: Mapping[str, Any], files: Sequence[int]) -> None:
        tells, prints, *more = files
        pid = os.fork()
        if not pid:
            for file in (*self._children.values(), tells, self._woken, self._wakes):
                os.close(file)
            self._line.close()
            _become(asked, prints, more)
        self._children[pid] = tells
        for file in (prints, *more):
            os.close(file)
        self._line.sendall(STATUS.pack(pid))


def _become(asked: Mapping[str, Any], prints: int, files: Sequence[int]) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(prints, 1)
        os.close(prints)
        for file, number in zip(files, asked["files"], strict=True):
            os.dup2(file, number)
        os.environ.clear()
        os.environ.update(asked["environment"])
        faults.plan(os.environ)
        sys.argv = [asked["module"], *asked["words"]]
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=int(sys.argv[1]))).run()
