"""`crosslane serve`: everything in one, or one role of many machines."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from socket import socket
from typing import Literal

from rich.console import Console

from crosslane.cli.connection import migrated
from crosslane.platform.forkserver import Duty, ForkServer
from crosslane.platform.home import CannotStart, make_home
from crosslane.platform.http_server import DRAIN_SECONDS_MAX, listen, shared_board
from crosslane.platform.postgres import EmbeddedPostgres, running_url
from crosslane.platform.processes import Begin, ChildProcess
from crosslane.platform.settings import Settings, read_settings
from crosslane.platform.supervisor import Supervisor
from crosslane.platform.telemetry import SHARED_FOLDER_VARIABLE, start_logging

Role = Literal["all", "web", "worker"]

# Web processes stop first, so that no new work comes in; the database last.
DATABASE_STAGE, FORK_STAGE, WORKER_STAGE, WEB_STAGE = range(4)
WORKER_STOP_SECONDS_MAX = 20.0


class NoDatabase(CannotStart):
    """The role {role} alone needs a database, and none runs on {home}.

    Set DATABASE_URL, or start `crosslane serve` there first.
    """


def serve(
    *,
    role: Role = "all",
    host: str | None = None,
    port: int | None = None,
    workers: int | None = None,
) -> None:
    """Start Crosslane and keep it running until Ctrl-C or SIGTERM.

    Args:
        role: everything, or only the web processes or the worker of one machine of many.
        host: address to listen on (CROSSLANE_HOST).
        port: TCP port to listen on (CROSSLANE_PORT).
        workers: number of web processes (CROSSLANE_WORKERS).
    """
    began = time.monotonic()
    chosen = {"CROSSLANE_HOST": host, "CROSSLANE_PORT": port, "CROSSLANE_WORKERS": workers}
    given = {name: str(value) for name, value in chosen.items() if value is not None}
    settings = read_settings({**os.environ, **given})
    start_logging(settings.log_level)
    asyncio.run(_serve(settings, role, began))


async def _serve(settings: Settings, role: Role, began: float) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if task and not stopping:
            stopping = True
            task.cancel()

    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop)
    try:
        async with AsyncExitStack() as stack:
            address = await _start(settings, role, stack)
            seconds = time.monotonic() - began
            Console().print(f"Crosslane is ready{address} ({seconds:.1f} s). Ctrl-C stops it.")
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not stopping:
            raise


async def _start(settings: Settings, role: Role, stack: AsyncExitStack) -> str:
    """Start everything a role needs; returns the words that say where it listens."""
    make_home(settings.home)
    supervisor = Supervisor()
    stack.push_async_callback(supervisor.stop)
    sockets = listen(settings.host, settings.port, settings.workers) if role != "worker" else []
    for opened in sockets:
        stack.callback(opened.close)
    board = shared_board(len(sockets), stack)
    shared = tempfile.TemporaryDirectory(prefix="crosslane-measures-", ignore_cleanup_errors=True)
    inherited = {**os.environ, SHARED_FOLDER_VARIABLE: stack.enter_context(shared)}
    forks, url = await asyncio.gather(
        _fork_server(supervisor, inherited), _database(settings, role, supervisor)
    )
    environment = {**inherited, **_environment(settings, url, sockets)}

    def begin(program: str, *files: int) -> Begin:
        duty = Duty(f"crosslane.cli.{program}_process", environment, files)
        return duty.spawn if forks is None else partial(forks.fork, duty)

    starting = [
        supervisor.keep(_web(number, begin("web", opened.fileno(), *board)), stage=WEB_STAGE)
        for number, opened in enumerate(sockets, start=1)
    ]
    if role != "web":
        starting.append(supervisor.keep(_worker(begin("worker")), stage=WORKER_STAGE))
    await asyncio.gather(*starting)
    if not sockets:
        return ""
    return f" on http://{settings.host}:{sockets[0].getsockname()[1]}"


async def _fork_server(supervisor: Supervisor, environment: Mapping[str, str]) -> ForkServer | None:
    """Keep what web processes and the worker are forked from, where that can be done."""
    if not ForkServer.works_here():
        return None
    forks = ForkServer("crosslane.cli.fork_server_process", environment)
    await supervisor.keep(forks, stage=FORK_STAGE)
    return forks


async def _database(settings: Settings, role: Role, supervisor: Supervisor) -> str:
    """Return the address of the database, which serves and is brought up to date."""
    url = settings.database_url
    if url is None:
        url = await _embedded(settings, role, supervisor)
    await migrated(url)
    return url


async def _embedded(settings: Settings, role: Role, supervisor: Supervisor) -> str:
    if role != "all":
        try:
            return running_url(settings.home)
        except CannotStart:
            raise NoDatabase(role=role, home=settings.home) from None
    postgres = EmbeddedPostgres(settings.home)
    await supervisor.keep(postgres, stage=DATABASE_STAGE)
    return postgres.url


def _environment(settings: Settings, url: str, sockets: list[socket]) -> dict[str, str]:
    """Return what the children need to read the same settings as we did."""
    port = sockets[0].getsockname()[1] if sockets else settings.port
    return {
        "CROSSLANE_HOME": str(settings.home),
        "DATABASE_URL": url,
        "CROSSLANE_HOST": settings.host,
        "CROSSLANE_PORT": str(port),
        "CROSSLANE_WORKERS": str(settings.workers),
    }


def _web(number: int, begin: Begin) -> ChildProcess:
    return ChildProcess(f"web-{number}", begin, stop_seconds=DRAIN_SECONDS_MAX + 2.0)


def _worker(begin: Begin) -> ChildProcess:
    return ChildProcess("worker", begin, stop_seconds=WORKER_STOP_SECONDS_MAX)
