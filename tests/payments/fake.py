"""The strict provider as tests handle it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.forking import Begun, begin

API_KEY = "key_test"
WEBHOOK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
START_SECONDS_MAX = 90.0
EVENTUALLY_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.02


async def eventually(
    wanted: Callable[[], Awaitable[bool]], seconds_max: float = EVENTUALLY_SECONDS_MAX
) -> None:
    """Look again and again until something is so."""
    async with asyncio.timeout(seconds_max):
        while True:
            if await wanted():
                return
            await asyncio.sleep(LOOK_SECONDS)


class FakeProvider:
    """The strict provider as tests see it: it can be killed, frozen and told to go wrong."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.url = ""
        self.webhook_url = ""
        self._process: Begun | None = None
        self._client = httpx.AsyncClient(timeout=60, trust_env=False)

    async def start(self) -> None:
        port = self.url.rpartition(":")[2] or "0"
        self._process = begin(
            "crosslane.payments.provider.fake",
            *("--state", str(self.state), "--port", port, "--api-key", API_KEY),
            *("--webhook-secret", WEBHOOK_SECRET, "--webhook-url", self.webhook_url),
            environment={"PATH": os.environ["PATH"]},
            listens=True,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            self.url = (await asyncio.to_thread(self._process.stdout.readline)).strip()

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        await self._client.aclose()
        if self._process is not None and self._process.returncode is None:
            self.thaw()
            await self.kill()

    async def fault(self, fault: str, **more: Any) -> None:
        answer = await self._client.post(
            f"{self.url}/control/faults", json={"fault": fault, **more}
        )
        assert answer.status_code == 204

    async def messages(self, **how: Any) -> None:
        answer = await self._client.put(f"{self.url}/control/messages", json=how)
        assert answer.status_code == 204

    async def operations(self) -> list[dict[str, Any]]:
        return (await self._client.get(f"{self.url}/control/operations")).json()

    async def sums(self) -> dict[str, int]:
        """What has really happened, in minor units by kind of deed."""
        sums = dict.fromkeys(("authorize", "capture", "refund", "void"), 0)
        for operation in await self.operations():
            if operation["status"] == "succeeded":
                sums[operation["kind"]] += operation["minor"]
        return sums

    async def dispute(self, reference: str, minor: int) -> str:
        """Have the holder of a card dispute a charge; return the dispute's name."""
        asked = {"authorization": reference, "minor": minor}
        answer = await self._client.post(f"{self.url}/control/disputes", json=asked)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def decide(self, dispute: str, status: str) -> None:
        """Decide a dispute: won by the retailer, or lost."""
        path = f"{self.url}/control/disputes/{dispute}/{status}"
        assert (await self._client.post(path)).status_code == 200

    async def ask(self, path: str, key: str, **body: Any) -> httpx.Response:
        """Ask as a caller does, past Crosslane."""
        headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": key}
        return await self._client.post(f"{self.url}{path}", json=body, headers=headers)

    async def find(self, key: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        return await self._client.get(f"{self.url}/v1/operations/{key}", headers=headers)


@pytest.fixture
async def payment_provider(tmp_path: Path) -> AsyncIterator[FakeProvider]:
    """A strict payment provider in a process of its own, which has seen nothing yet."""
    fake = FakeProvider(tmp_path / "provider.jsonl")
    await fake.start()
    yield fake
    await fake.stop()
