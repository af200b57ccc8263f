"""An installation of Crosslane as an operator runs it: processes of its own, spoken to over TCP."""

import asyncio
import json
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.forking import begin

COMMAND = (sys.executable, "-c", "from crosslane.cli import main; main()")
READY_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 90.0
ANSWER_SECONDS_MAX = 60.0
SHOUT_SECONDS_MAX = 180.0
# The strangers of a test run on this machine.
LOOPBACK = "127.0.0.1"


class Installation:
    """One home folder on the database of the tests.

    Attributes:
        environment: what its processes are started with.
        url: where it answers, once something serves.
    """

    def __init__(self, database_url: str, home: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
            "CROSSLANE_HOME": str(home),
            "CROSSLANE_PORT": "0",
            "CROSSLANE_WORKERS": "2",
            "CROSSLANE_LOG_LEVEL": "warning",
            "CROSSLANE_OUTBOUND_ALLOW": LOOPBACK,
            "DATABASE_URL": database_url,
            "COLUMNS": "200",
        }
        self.url = ""

    async def command(self, *words: str) -> tuple[int, str]:
        """Run a command of the command line; return its status and what it printed."""
        process = begin("tests.command", *words, environment=self.environment, listens=True)
        assert process.stdout is not None
        with process.stdout:
            printed = await asyncio.to_thread(process.stdout.read)
        return await process.wait(), printed

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Keep `crosslane serve` running."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "serve", env=self.environment, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):
                while not self.url:
                    line = (await process.stdout.readline()).decode()
                    assert line, "crosslane serve ended"
                    if found := re.search(r"Crosslane is ready on (\S+)", line):
                        self.url = found[1]
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.communicate(), STOP_SECONDS_MAX)

    @asynccontextmanager
    async def tenant(self) -> AsyncIterator["Tenant"]:
        """A tenant made by the command line, and dropped again."""
        name = f"shop{secrets.token_hex(4)}"
        status, printed = await self.command("tenant", "create", name, "--json")
        assert status == 0
        made = Tenant(self, name, json.loads(printed)["api_key"])
        async with made.client:
            yield made
        assert (await self.command("tenant", "drop", name, "--yes"))[0] == 0


class Tenant:
    """A tenant of the installation.

    Attributes:
        client: may do everything, and gives each POST an Idempotency-Key that has none. It opens
            a connection for each request, so that the kernel spreads them over all processes.
    """

    def __init__(self, installation: Installation, name: str, api_key: str) -> None:
        self.name = name
        self._api_key = api_key
        self._installation = installation
        self.client = httpx.AsyncClient(
            base_url=f"{installation.url}/api/v1/",
            headers={"Authorization": f"Bearer {api_key}"},
            event_hooks={"request": [_give_key]},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=ANSWER_SECONDS_MAX,
            trust_env=False,
        )

    async def shout(self, path: str, body: object, key: str, times: int) -> list[httpx.Response]:
        """Post the same body many times at once, each over a connection of its own.

        By hand, because a client library is busy with its pool for longer than the answers take.
        """
        content = json.dumps(body).encode()
        address = urlsplit(self._installation.url)
        head = (
            f"POST /api/v1/{path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
            f"Authorization: Bearer {self._api_key}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )

        async def ask() -> httpx.Response:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(head.encode() + content)
            told, _, said = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            first, *lines = told.decode().split("\r\n")
            headers = [tuple(line.split(": ", 1)) for line in lines]
            return httpx.Response(int(first.split()[1]), headers=headers, content=said)

        async with asyncio.timeout(SHOUT_SECONDS_MAX):
            return await asyncio.gather(*(ask() for _ in range(times)))

    async def findings(self) -> list[dict[str, str]]:
        """What `crosslane verify` finds."""
        _, printed = await self._installation.command("verify", "--tenant", self.name, "--json")
        return json.loads(printed)[0]["findings"]

    async def forget(self, customer_id: str, reason: str) -> dict:
        """What `crosslane customers erase` reports."""
        words = ("customers", "erase", customer_id, "--tenant", self.name, "--reason", reason)
        status, printed = await self._installation.command(*words)
        assert status == 0, printed
        return json.loads(printed)

    async def read(self, path: str, **asked: str) -> dict:
        """Return what is shown under a path."""
        answer = await self.client.get(path, params=asked)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def read_all(self, path: str, **asked: str) -> list[dict]:
        """Return every item of a list."""
        items, cursor = [], {}
        while True:
            page = await self.read(path, **asked, **cursor)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            cursor = {"cursor": page["next_cursor"]}


async def _give_key(request: httpx.Request) -> None:
    if request.method == "POST":
        request.headers.setdefault("Idempotency-Key", secrets.token_hex(8))
