"""A whole installation whose every process can be killed or frozen, kept by the real supervisor."""

import asyncio
import json
import os
import signal
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
from tests.chaos.strangers import Stranger
from tests.payments.fake import API_KEY as BANK_KEY
from tests.payments.fake import WEBHOOK_SECRET
from tests.retailer import Stock, found_retailer, send
from tests.running import Installation, Tenant

from crosslane.platform.forkserver import Duty, ForkServer
from crosslane.platform.home import make_home
from crosslane.platform.http_server import listen
from crosslane.platform.postgres import EmbeddedPostgres
from crosslane.platform.postgres_install import SOCKET_NAME
from crosslane.platform.processes import ChildProcess
from crosslane.platform.supervisor import Supervisor

DATABASE_STAGE, FORK_STAGE, WORKER_STAGE, WEB_STAGE = range(4)
CARRIER_KEY = "opensesame"
WRITE_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.02
# Messages of the provider come twice and in disorder.
MESSAGES = {"repeat": 2, "reorder": True}


class Fragile(ChildProcess):
    """A process with a fault planned for each life but the first and the last.

    Args:
        always: what every life may suffer in the end, "" for nothing.

    Attributes:
        plan: what this life is to meet, as CROSSLANE_FAULT says it; "" for nothing.
        planned: plans of the lives to come.
        lives: how often it was started.
    """

    def __init__(
        self,
        name: str,
        duty: Duty,
        forks: ForkServer,
        *,
        faults: Iterable[str] = (),
        always: str = "",
    ) -> None:
        self.plan = ""
        self.planned = deque(faults)
        self.lives = 0
        self.always = always
        self._own = duty.environment
        super().__init__(name, lambda: forks.fork(duty))

    def signal(self, kind: signal.Signals, pid: int | None = None) -> int:
        """Signal this life of it, or an earlier one; returns its process id, 0 for none."""
        pid = pid or self.pid or 0
        if pid and pid == self.pid:
            with suppress(ProcessLookupError):  # it has just died by itself
                os.kill(pid, kind)
        return pid

    @property
    def is_safe(self) -> bool:
        """Whether it has met everything it was to meet, and lives."""
        return not self.planned and self._own["CROSSLANE_FAULT"] == "" and self.pid is not None

    @property
    def freezes_itself(self) -> bool:
        """Whether this life is to end frozen: who thaws it would let it live on as if safe."""
        return "=freeze@" in self.plan

    @property
    def waits_for(self) -> list[str]:
        """What it has yet to meet, its present life first."""
        return list(filter(None, (self.plan, *self.planned)))

    def plan_again(self) -> None:
        """Leave what this life was to meet to the next: somebody else may end it before."""
        if self.plan:
            self.planned.appendleft(self.plan)
            self.plan = ""

    async def start(self) -> None:
        self.plan = self.planned.popleft() if self.lives > 0 and self.planned else ""
        self._own["CROSSLANE_FAULT"] = self.plan or self.always
        self.lives += 1
        await super().start()


class Site:
    """Everything that runs, by name.

    Attributes:
        children: web processes and workers.
        postgres: the database, a child too.
        strangers: payment provider, carrier, mail server and the line to the database.
        shop: the tenant under attack.
        stock: what it began with, by SKU and location.
    """

    def __init__(self, folder: Path, home: Path, seed: int) -> None:
        self.postgres = EmbeddedPostgres(home)
        self.children: list[Fragile] = []
        self.shop: Tenant
        self.stock: Stock = {}
        self.mail_path = folder / "mail"
        self.mail_path.touch()
        self._folder, self._home, self._seed = folder, home, seed
        self._supervisor = Supervisor()
        self._tally = folder / "tally"
        self._line: tuple[str, ...] = ()
        self.strangers: dict[str, Stranger] = {}

    @property
    def bank_url(self) -> str:
        """Where the payment provider is."""
        return self.strangers["bank"].url

    @property
    def workers(self) -> list[Fragile]:
        """The workers alone."""
        return [child for child in self.children if child.name.startswith("worker")]

    def signal_database(self, kind: signal.Signals) -> None:
        """Signal the server itself; its sessions live their own lives."""
        if self.postgres.pid is not None:
            os.kill(self.postgres.pid, kind)

    @asynccontextmanager
    async def open(self, web: list[list[str]], workers: list[list[str]]) -> AsyncIterator[None]:
        """Run everything; each argument lists the faults of the lives of each process."""
        make_home(self._home)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._kill_strangers)
            stack.push_async_callback(self._supervisor.stop)
            await self._supervisor.keep(self.postgres, stage=DATABASE_STAGE)
            sockets = listen("127.0.0.1", 0, len(web))
            for opened in sockets:
                stack.callback(opened.close)
            url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
            await self._start_strangers(url)
            installation = Installation(self.postgres.url, self._home)
            installation.url = url
            _, printed = await installation.command("migrate")
            made = await installation.command("tenant", "create", "shop", "--json")
            assert made[0] == 0, printed
            line = f"127.0.0.1:{self.strangers['line'].port}/crosslane"
            environment = {
                **installation.environment,
                "DATABASE_URL": f"postgresql://crosslane@{line}?sslmode=disable",
                "CROSSLANE_SMTP_URL": self.strangers["post"].url,
                "CROSSLANE_FAULT": "",
            }
            forks = ForkServer("crosslane.cli.fork_server_process", environment)
            await self._supervisor.keep(forks, stage=FORK_STAGE)
            for number, (opened, faults) in enumerate(zip(sockets, web, strict=True), 1):
                files = (opened.fileno(),)
                duty = Duty("crosslane.cli.web_process", dict(environment), files)
                self.children.append(Fragile(f"web-{number}", duty, forks, faults=faults))
            for number, faults in enumerate(workers, 1):
                duty = Duty("crosslane.cli.worker_process", dict(environment))
                self.children.append(Fragile(f"worker-{number}", duty, forks, faults=faults))
            for child in self.children:
                stage = WORKER_STAGE if child in self.workers else WEB_STAGE
                await self._supervisor.keep(child, stage=stage)
            self.shop = Tenant(installation, "shop", json.loads(made[1])["api_key"])
            await stack.enter_async_context(self.shop.client)
            yield

    async def _start_strangers(self, url: str) -> None:
        async def double_messages() -> None:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                await client.put(f"{self.bank_url}/control/messages", json=MESSAGES)

        folder, seed = self._folder, str(self._seed)
        told = f"{url}/api/v1/payment-providers/house/messages"
        socket = str(self.postgres.install.sockets / SOCKET_NAME)
        self._line = ("--target", socket, "--tally", str(self._tally))
        strangers = (
            Stranger(
                "bank",
                "crosslane.payments.provider.fake",
                *("--state", str(folder / "bank"), "--api-key", BANK_KEY),
                *("--webhook-secret", WEBHOOK_SECRET, "--webhook-url", told),
                prepare=double_messages,
            ),
            Stranger(
                "carrier",
                "crosslane.carriers.port.fake",
                *("--state", str(folder / "carrier"), "--api-key", CARRIER_KEY),
            ),
            Stranger("post", "tests.chaos.post", *("--path", str(self.mail_path), "--seed", seed)),
            Stranger("line", "tests.chaos.proxy", *self._line),
        )
        for stranger in strangers:
            self.strangers[stranger.name] = stranger
            await stranger.start()

    async def _kill_strangers(self) -> None:
        for stranger in self.strangers.values():
            await stranger.kill()

    async def found(self, stock: Stock) -> None:
        """Set up the shop, with a carrier of its own."""
        self.stock = stock
        carrier = {
            "port": "http",
            "endpoint": self.strangers["carrier"].url,
            "api_key": CARRIER_KEY,
        }
        await found_retailer(self.shop.client, self.bank_url, stock, carrier)
        refuse = {"kind": "orders.intake", "value": {"shortage": "refuse"}, "reason": "as agreed"}
        await send(self.shop.client, "policies", refuse)

    async def until_writable(self) -> float:
        """Wait until a fresh session can write again; returns when, monotonic."""
        while True:
            try:
                connection = await asyncpg.connect(self.postgres.url, timeout=WRITE_SECONDS_MAX)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                await connection.execute("update control.tenant set name = name")
                return time.monotonic()
            except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError):
                await asyncio.sleep(LOOK_SECONDS)
            finally:
                await connection.close()

    async def spoil_line(self) -> None:
        """Lose answers to COMMIT from now on."""
        await self.strangers["line"].change(*self._line, "--seed", str(self._seed))

    async def mend_line(self) -> Counter[str]:
        """Spoil nothing on the line any more; returns what was spoiled."""
        await self.strangers["line"].change(*self._line)
        return Counter(self._tally.read_text().split("\n")[:-1])

    async def bank_operations(self) -> list[dict]:
        """Everything that the payment provider has really done."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return (await client.get(f"{self.bank_url}/control/operations")).json()

    async def carrier_labels(self) -> list[dict]:
        """Every label that the carrier has really made."""
        url = self.strangers["carrier"].url
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return (await client.get(f"{url}/control/labels")).json()

    async def plan(self, stranger: str, fault: dict) -> None:
        """Let a stranger go wrong; it may be away."""
        with suppress(httpx.TransportError):
            async with httpx.AsyncClient(trust_env=False, timeout=1) as client:
                await client.post(f"{self.strangers[stranger].url}/control/faults", json=fault)
