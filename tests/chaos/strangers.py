"""The outside world as processes that can be killed, frozen and brought back where they were."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

from tests.forking import Begun, begin

START_SECONDS_MAX = 60.0


async def _nothing() -> None: ...


class Stranger:
    """A process outside of Crosslane that prints where it listens.

    Args:
        name: what figures call it.
        module: its program.
        words: its arguments; ``--port`` is added.
        prepare: told after every start, because what was asked of it may be forgotten.

    Attributes:
        url: where it listens, as it printed it.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *words: str,
        prepare: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self.name = name
        self.url = ""
        self._module, self._words = module, words
        self._prepare = prepare
        self._process: Begun | None = None

    @property
    def port(self) -> str:
        """Where it listens; it comes back there."""
        return self.url.rpartition(":")[2]

    async def start(self) -> None:
        """Start it, at its old port when it had one."""
        self._process = begin(
            self._module,
            *self._words,
            *("--port", self.port or "0"),
            environment={"PATH": os.environ["PATH"]},
            listens=True,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            self.url = (await asyncio.to_thread(self._process.stdout.readline)).strip()
        await self._prepare()

    async def kill(self) -> None:
        """Kill it; whoever asks it now is refused."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def freeze(self) -> None:
        """Let it do nothing, with its port open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    async def change(self, *words: str) -> None:
        """Start it again with other arguments."""
        await self.kill()
        self._words = words
        await self.start()

    def _signal(self, kind: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(kind)
