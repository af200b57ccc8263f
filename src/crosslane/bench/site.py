"""An installation of its own for one run: database, web processes and a retailer, then thrown away.

As an operator has it, but for the supervisor: the processes are started here, so that a benchmark
can start others in their place.
"""

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from crosslane.bench.figures import Scale
from crosslane.bench.shop import found_shop, lay_stock
from crosslane.platform import auth, facts
from crosslane.platform.database import Database
from crosslane.platform.forkserver import Duty
from crosslane.platform.http_server import listen, shared_board
from crosslane.platform.migrations import migrate
from crosslane.platform.postgres import EmbeddedPostgres
from crosslane.platform.processes import ChildProcess
from crosslane.platform.tenants import create_tenant

TENANT = "bench"
HOST = "127.0.0.1"
WEB_PROCESSES = 2
API_KEYS = 16
STOP_SECONDS_MAX = 10.0
STATUS = Path("/proc")
WEB = "crosslane.cli.web_process"
"""The program of a web process."""
WORKER = "crosslane.cli.worker_process"


@dataclass
class Site:
    """A running installation.

    Attributes:
        home: its folder.
        postgres: its database.
        api_keys: each may do everything at the retailer TENANT; so many that no rate limit is met.
    """

    home: Path
    postgres: EmbeddedPostgres
    api_keys: Sequence[str] = ()

    @property
    def database_url(self) -> str:
        """Where its database answers."""
        return self.postgres.url

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs."""
        return self.postgres.install.programs

    async def crash(self) -> None:
        """Kill the database and start it again: what was not on disk is gone."""
        if self.postgres.pid is None:
            raise RuntimeError("the database does not run")
        os.kill(self.postgres.pid, signal.SIGKILL)
        await self.postgres.wait_dead()
        await self.postgres.start()

    @asynccontextmanager
    async def web(self, program: str = WEB, processes: int = WEB_PROCESSES) -> AsyncIterator["Web"]:
        """Keep web processes running.

        Args:
            program: what they run.
            processes: how many.
        """
        sockets = listen(HOST, 0, processes)
        port = sockets[0].getsockname()[1]
        async with AsyncExitStack() as stack:
            children = []
            board = shared_board(processes, stack)
            for number, opened in enumerate(sockets, start=1):
                stack.callback(opened.close)
                child = self._process(f"web-{number}", program, (opened.fileno(), *board), port)
                stack.push_async_callback(child.stop)
                children.append(child)
                await child.start()
            yield Web(f"http://{HOST}:{port}", children)

    @asynccontextmanager
    async def bulk(self, connections: int = 2) -> AsyncIterator[Database]:
        """Lend connections without limits of time, to load and to look at tables."""
        database = await Database.connect(self.database_url, connections=connections, bulk=True)
        try:
            yield database
        finally:
            await database.close()

    async def found(
        self, bulk: Database, tenant: str, host: str, scale: Scale, *, stocked: bool = True
    ) -> list[str]:
        """Make a retailer and return its API keys.

        Args:
            bulk: without limits of time.
            tenant: its name here.
            host: name by which it is asked for over HTTP.
            scale: how large it is.
            stocked: goods lie there from the beginning.
        """
        await create_tenant(bulk, tenant, host_names=[host])
        async with bulk.transaction(tenant) as tx:
            api_keys = [await auth.bootstrap(tx) for _ in range(API_KEYS)]
        async with self.web(processes=1) as web:
            await found_shop(web.url, api_keys[0], scale, host=host)
        if stocked:
            async with bulk.transaction(tenant) as tx:
                await lay_stock(tx, scale)
        async with bulk.connection() as connection:
            await connection.execute("vacuum analyze")
        return api_keys

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[ChildProcess]:
        """Keep a worker running: reactions, effects and schedules."""
        child = self._process("worker", WORKER)
        await child.start()
        try:
            yield child
        finally:
            await child.stop()

    def _process(
        self, name: str, program: str, files: tuple[int, ...] = (), port: int = 0
    ) -> ChildProcess:
        environment = {
            **os.environ,
            "CROSSLANE_HOME": str(self.home),
            "CROSSLANE_PORT": str(port),
            "CROSSLANE_LOG_LEVEL": "warning",
            "DATABASE_URL": self.database_url,
        }
        duty = Duty(program, environment, files)
        return ChildProcess(name, duty.spawn, stop_seconds=STOP_SECONDS_MAX)


@dataclass
class Web:
    """Running web processes and the address they share."""

    url: str
    children: list[ChildProcess]

    def peak_memory_mb(self) -> list[float]:
        """Return the most memory each process has had resident, in MB."""
        return [_peak_mb(child.pid) for child in self.children if child.pid]


def _peak_mb(pid: int) -> float:
    for line in (STATUS / str(pid) / "status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise RuntimeError("this system does not tell the peak memory of a process")


@asynccontextmanager
async def site(scale: Scale, *, stocked: bool = True) -> AsyncIterator[Site]:
    """Make an installation with a retailer in it, as durable as any, and remove it again.

    Args:
        scale: how large the retailer is.
        stocked: goods lie there from the beginning.
    """
    # Not deeper: the socket's path must be short, and the server's user must be let in.
    with tempfile.TemporaryDirectory(prefix="crosslane-bench-", ignore_cleanup_errors=True) as home:
        api_keys = await found_home(Path(home), scale, stocked=stocked)
        async with EmbeddedPostgres(Path(home)) as postgres:
            facts.forget()
            yield Site(Path(home), postgres, api_keys)


async def found_home(home: Path, scale: Scale, *, stocked: bool) -> list[str]:
    """Make the folder of an installation with a retailer, and return the retailer's API keys.

    Args:
        home: an empty folder.
        scale: how large the retailer is.
        stocked: goods lie there from the beginning.
    """
    async with EmbeddedPostgres(home) as postgres:
        facts.forget()
        made = Site(home, postgres)
        async with made.bulk() as bulk:
            await migrate(bulk)
            return await made.found(bulk, TENANT, HOST, scale, stocked=stocked)
