"""PostgreSQL as our own child process, for those who bring no server of their own.

It listens on a socket in a folder only its user may enter, on no network port. It is no daemon: it
stops when we stop, on Linux even when we are killed. What an earlier Crosslane left running on the
same folder is stopped before a new one starts.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import asyncpg

from crosslane.platform.home import OWNER_ONLY, CannotStart, HomeLock, make_home
from crosslane.platform.postgres_install import SOCKET_NAME, Install, prepare
from crosslane.platform.postgres_settings import server_settings
from crosslane.platform.processes import end_with_parent, outlive

ROLE = "crosslane"
DATABASE = "crosslane"
SUPERUSER = "postgres"
READY_SECONDS_MAX = 120.0  # recovery after a crash may replay gigabytes
PROBE_SECONDS = 0.02
STOP_SECONDS_MAX = 20.0
QUIT_SECONDS_MAX = 5.0
MEMORY_TRIES_MAX = 40
MEMORY_WAIT_SECONDS = 0.25
LOG_TAIL_BYTES = 2_000
LOG_BYTES_MAX = 10_000_000
STILL_IN_USE = "shared memory block"
# Locale names of the C library differ by platform; collation and case rules come from
# PostgreSQL itself (builtin), so that an index never depends on the machine.
LIBRARY_LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"


class PostgresFailed(CannotStart):
    """PostgreSQL did not start: {reason}."""


class OrphanDoesNotStop(CannotStart):
    """A PostgreSQL left over from an earlier run (process {pid}) does not stop.

    End it by hand, then start again.
    """


class NotRunning(CannotStart):
    """No PostgreSQL runs on {home}; `crosslane serve` starts one."""


class EmbeddedPostgres:
    """One embedded server on one home folder.

    Use it as an asynchronous context, from the main thread: on Linux the server is told to stop
    when the thread that started it ends.

    Args:
        home: folder for the data, made when absent.
        fast: give up durability for speed; for tests only.
    """

    name = "postgres"

    def __init__(self, home: Path, *, fast: bool = False) -> None:
        self._home = home
        self._fast = fast
        self._lock = HomeLock(home)
        self._install: Install | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The address to connect to, in the form asyncpg takes."""
        return socket_url(self.install.sockets)

    @property
    def install(self) -> Install:
        """Where its files lie; known once it was started."""
        if self._install is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._install

    @property
    def pid(self) -> int | None:
        """The server's process id, None when it does not run."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self) -> None:
        """Start the server, or start it again after its death, and return when it serves.

        Raises:
            HomeInUse: another Crosslane runs on this home.
            PostgresFailed: it died or was not ready in time.
            OrphanDoesNotStop: a left over server on the same data cannot be ended.
        """
        make_home(self._home)
        self._lock.acquire()
        try:
            self._install = await asyncio.to_thread(prepare, self._home)
            await _stop_orphan(self._install.cluster)
            if not self._install.cluster.exists():
                await asyncio.to_thread(_make_cluster, self._install, self._fast)
            await self._start_server()
        except BaseException:
            await self.stop()
            raise

    async def wait_dead(self) -> int:
        """Wait until the server has ended, and kill it when it stays frozen; returns its status."""
        if self._process is None:
            raise RuntimeError("PostgreSQL was not started")
        return await outlive(self.name, self._process, lambda: False)

    async def stop(self) -> None:
        """End all sessions, stop the server and give the home folder free."""
        process = self._process
        try:
            if process is not None and process.returncode is None:
                await _end(process.pid, lambda: process.returncode is not None)
                await process.wait()
        finally:
            self._process = None
            self._lock.release()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _start_server(self) -> None:
        for _ in range(MEMORY_TRIES_MAX):
            _kill_sessions(self.install.cluster)
            self._process = await _spawn(self.install, self._fast)
            reason = await self._until_ready(self._process)
            if reason is None:
                return
            if STILL_IN_USE not in reason:
                raise PostgresFailed(reason=reason)
            # The last server was killed, and its sessions need a moment to be gone.
            await asyncio.sleep(MEMORY_WAIT_SECONDS)
        raise PostgresFailed(reason=f"its old sessions live on: {self._log_tail()}")

    async def _until_ready(self, process: asyncio.subprocess.Process) -> str | None:
        """Wait until it takes connections; returns the reason when it died instead."""
        died = asyncio.ensure_future(process.wait())
        answers = asyncio.ensure_future(_answers(self.install.sockets))
        try:
            await asyncio.wait(
                {died, answers}, timeout=READY_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED
            )
            if died.done():
                return f"it ended with status {died.result()}. {self._log_tail()}"
            if answers.done():
                answers.result()
                return None
            return f"it was not ready after {READY_SECONDS_MAX:.0f} seconds. {self._log_tail()}"
        finally:
            died.cancel()
            answers.cancel()

    def _log_tail(self) -> str:
        with contextlib.suppress(OSError), self.install.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return f"The end of {self.install.log}:\n{log.read().decode(errors='replace').strip()}"
        return ""


def socket_url(sockets: Path) -> str:
    """Return the address of the server whose socket lies in this folder."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets), safe='')}&port=5432"


def running_url(home: Path) -> str:
    """Return the address of the server that another Crosslane runs on this home.

    Raises:
        NotRunning: none does.
    """
    install = prepare(home)
    if not (install.sockets / SOCKET_NAME).exists():
        raise NotRunning(home=home)
    return socket_url(install.sockets)


async def _spawn(install: Install, fast: bool) -> asyncio.subprocess.Process:
    settings = {
        "unix_socket_directories": f'"{install.sockets}"',
        **server_settings(fast=fast),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    with _open_log(install.log) as log:
        return await asyncio.create_subprocess_exec(
            str(install.programs / "postgres"),
            "-D",
            str(install.cluster),
            *options,
            cwd=install.cluster,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in the terminal reaches us, and we stop it in order
            preexec_fn=end_with_parent(signal.SIGINT),
            user=install.run_as.uid,
            group=install.run_as.gid,
            extra_groups=install.run_as.extra_groups,
        )


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def _environment() -> dict[str, str]:
    # Nothing of ours: variables such as PGDATA or LC_ALL would change what the server does.
    return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"}


def _make_cluster(install: Install, fast: bool) -> None:
    """Make the data folder; a rename at the end makes it all or nothing."""
    partial = install.cluster.with_name(install.cluster.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=OWNER_ONLY)
    install.run_as.own(partial)
    command = [
        str(install.programs / "initdb"),
        f"--pgdata={partial}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        f"--locale={LIBRARY_LOCALE}",
        "--builtin-locale=C.UTF-8",
        "--auth-local=trust",  # the socket's folder is the guard
        "--auth-host=reject",
        "--no-instructions",
    ]
    done = subprocess.run(  # noqa: S603 - a fixed program of our own
        [*command, "--no-sync"] if fast else command,
        cwd=partial,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=READY_SECONDS_MAX,
        user=install.run_as.uid,
        group=install.run_as.gid,
        extra_groups=install.run_as.extra_groups,
    )
    if done.returncode != 0:
        raise PostgresFailed(
            reason=f"its data folder was not made. {done.stderr[-LOG_TAIL_BYTES:]}"
        )
    partial.rename(install.cluster)


async def _answers(sockets: Path) -> None:
    """Return once the server takes connections and our role and database exist in it."""
    while True:
        try:
            conn = await asyncpg.connect(
                host=str(sockets), port=5432, user=SUPERUSER, database="postgres"
            )
            break
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
            await asyncio.sleep(PROBE_SECONDS)
    try:
        if not await conn.fetchval("select 1 from pg_roles where rolname = $1", ROLE):
            await conn.execute(f'create role "{ROLE}" login createdb')
        if not await conn.fetchval("select 1 from pg_database where datname = $1", DATABASE):
            await conn.execute(f'create database "{DATABASE}" owner "{ROLE}"')
    finally:
        await conn.close()


async def _stop_orphan(cluster: Path) -> None:
    """Stop a server that outlived the Crosslane that started it; we hold the lock on its home."""
    note = cluster / "postmaster.pid"
    try:
        pid = int(note.read_text(encoding="utf-8").partition("\n")[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return
    if _serves(pid, cluster) and not await _end(pid, lambda: not _serves(pid, cluster)):
        raise OrphanDoesNotStop(pid=pid)
    # A stale note would be believed when its number now belongs to some other process.
    note.unlink(missing_ok=True)


def _kill_sessions(cluster: Path) -> None:
    """Kill what a killed server left behind, so that the next one need not wait for it.

    A session notices the death of its server only between two waits, and a busy one seconds later;
    as long as one lives, no other server may start. There is no server now: we hold the lock.
    """
    if sys.platform != "linux":
        return
    for proc in Path("/proc").iterdir():
        if proc.name.isdecimal() and _serves(int(proc.name), cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(proc.name), signal.SIGKILL)


def _serves(pid: int, cluster: Path) -> bool:
    """Whether this process is a PostgreSQL server on this data folder, not just its old number."""
    if sys.platform == "linux":
        proc = Path("/proc") / str(pid)
        with contextlib.suppress(OSError):
            status = (proc / "stat").read_text(encoding="utf-8")
            in_folder = (proc / "cwd").readlink() == cluster.resolve()
            return in_folder and "(postgres) " in status and "(postgres) Z" not in status
        return False
    shown = subprocess.run(  # noqa: S603 - a fixed system program
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return str(cluster) in shown.stdout


async def _end(pid: int, gone: Callable[[], bool]) -> bool:
    """Ask a server to stop, ever less politely; returns whether it is gone.

    SIGINT ends its sessions and writes a checkpoint, SIGQUIT leaves recovery to the next start.
    """
    for kind, seconds in ((signal.SIGINT, STOP_SECONDS_MAX), (signal.SIGQUIT, QUIT_SECONDS_MAX)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if gone():
                return True
            await asyncio.sleep(PROBE_SECONDS)
    return gone()
