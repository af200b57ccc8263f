"""Foreign programs as processes: Node scripts beside the packages that `make interop` installs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.tidy.tree import REPOSITORY

INSTALLED = REPOSITORY / "build/interop"
ANSWER_SECONDS_MAX = 120.0


@pytest.fixture(autouse=True, scope="session")
def _installed() -> None:
    assert (INSTALLED / "node_modules").is_dir(), "run `make interop`, it installs what is needed"


async def start(script: str, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    path = Path(INSTALLED, script)
    return await asyncio.create_subprocess_exec("node", path, *words, stdin=pipe, stdout=pipe)


async def ask(script: str, question: Any) -> Any:
    """Give a script a value and return its answer."""
    process = await start(script)
    answer, _ = await process.communicate(json.dumps(question).encode())
    assert process.returncode == 0, f"{script} has failed"
    return json.loads(answer)


class Stranger:
    """A script that serves."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0

    async def says(self) -> Any:
        """Return the next thing it tells."""
        assert self._process.stdout is not None
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def serving(script: str, *words: str) -> AsyncIterator[Stranger]:
    """Run a script that prints its port, until the block ends."""
    process = await start(script, *words)
    stranger = Stranger(process)
    try:
        stranger.port = await stranger.says()
        yield stranger
    finally:
        process.kill()
        await process.wait()
