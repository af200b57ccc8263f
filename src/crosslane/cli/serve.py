"""`crosslane serve`: everything in one, or one role of many machines."""

import asyncio
import os
import signal
import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from socket import socket
from typing import Literal

from rich.console import Console

from crosslane.cli.connection import migrated
from crosslane.platform.home import CannotStart, make_home
from crosslane.platform.http_server import DRAIN_SECONDS_MAX, listen
from crosslane.platform.postgres import EmbeddedPostgres, running_url
from crosslane.platform.processes import ChildProcess
from crosslane.platform.settings import Settings, read_settings
from crosslane.platform.spare import Duty, Spare
from crosslane.platform.supervisor import Supervisor
from crosslane.platform.telemetry import SHARED_FOLDER_VARIABLE, start_logging

Role = Literal["all", "web", "worker"]

# Web processes stop first, so that no new work comes in; the database last.
DATABASE_STAGE, WORKER_STAGE, WEB_STAGE = range(3)
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
    shared = tempfile.TemporaryDirectory(prefix="crosslane-measures-", ignore_cleanup_errors=True)
    inherited = {**os.environ, SHARED_FOLDER_VARIABLE: stack.enter_context(shared)}
    spare = Spare(
        "crosslane.cli.spare_process",
        environment=inherited,
        pass_fds=[opened.fileno() for opened in sockets],
    )
    stack.push_async_callback(spare.stop)
    await spare.start()  # it loads while the database starts, and is the first child
    url = settings.database_url
    if url is None:
        url = await _embedded(settings, role, supervisor)
    await migrated(url)
    environment = {**inherited, **_environment(settings, url, sockets)}
    starting = [
        supervisor.keep(_web(number, opened, environment, spare), stage=WEB_STAGE)
        for number, opened in enumerate(sockets, start=1)
    ]
    if role != "web":
        starting.append(supervisor.keep(_worker(environment, spare), stage=WORKER_STAGE))
    await asyncio.gather(*starting)
    spare.keep()
    if not sockets:
        return ""
    return f" on http://{settings.host}:{sockets[0].getsockname()[1]}"


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


def _web(number: int, opened: socket, environment: dict[str, str], spare: Spare) -> ChildProcess:
    duty = Duty("crosslane.cli.web_process", [str(opened.fileno())], environment)
    return ChildProcess(
        f"web-{number}",
        duty.command,
        environment=environment,
        pass_fds=[opened.fileno()],
        stop_seconds=DRAIN_SECONDS_MAX + 2.0,
        spare=partial(spare.take, duty),
    )


def _worker(environment: dict[str, str], spare: Spare) -> ChildProcess:
    duty = Duty("crosslane.cli.worker_process", [], environment)
    return ChildProcess(
        "worker",
        duty.command,
        environment=environment,
        stop_seconds=WORKER_STOP_SECONDS_MAX,
        spare=partial(spare.take, duty),
    )
