"""Web processes and workers that die where they are told to, kept alive by the real supervisor."""

import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.running import Installation

from crosslane.platform.home import make_home
from crosslane.platform.http_server import listen
from crosslane.platform.processes import ChildProcess
from crosslane.platform.supervisor import Supervisor

WORKER_STAGE, WEB_STAGE = 1, 2


class Fragile(ChildProcess):
    """A process with a fault planned for each life but the first and the last.

    Attributes:
        planned: values of CROSSLANE_FAULT for the lives to come.
        lives: how often it was started.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *words: str,
        environment: dict[str, str],
        faults: Iterable[str],
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.planned = deque(faults)
        self.lives = 0
        self._own = {**environment, "CROSSLANE_FAULT": ""}
        command = [sys.executable, "-m", f"crosslane.cli.{module}", *words]
        super().__init__(name, command, environment=self._own, pass_fds=pass_fds)

    @property
    def kills(self) -> int:
        """How often it has died."""
        return self.lives - 1

    @property
    def is_safe(self) -> bool:
        """Whether it has died everywhere it was to die, and lives."""
        return not (self.planned or self._own["CROSSLANE_FAULT"]) and self.pid is not None

    def kill(self) -> None:
        """Kill it from outside, wherever it is."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    async def start(self) -> None:
        hurt = self.lives > 0 and self.planned
        self._own["CROSSLANE_FAULT"] = self.planned.popleft() if hurt else ""
        self.lives += 1
        await super().start()


@asynccontextmanager
async def running(
    installation: Installation, web: Iterable[list[str]], workers: Iterable[list[str]]
) -> AsyncIterator[list[Fragile]]:
    """Run web processes behind one port, and workers; each argument lists faults per process."""
    web, supervisor = list(web), Supervisor()
    make_home(Path(installation.environment["CROSSLANE_HOME"]))
    sockets = listen("127.0.0.1", 0, len(web))
    installation.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    own = installation.environment
    webs = [
        Fragile(
            f"web-{number}",
            "web_process",
            str(opened.fileno()),
            environment=own,
            faults=faults,
            pass_fds=(opened.fileno(),),
        )
        for number, (opened, faults) in enumerate(zip(sockets, web, strict=True), 1)
    ]
    hands = [
        Fragile(f"worker-{number}", "worker_process", environment=own, faults=faults)
        for number, faults in enumerate(workers, 1)
    ]
    try:
        for child in webs:
            await supervisor.keep(child, stage=WEB_STAGE)
        for child in hands:
            await supervisor.keep(child, stage=WORKER_STAGE)
        yield [*webs, *hands]
    finally:
        await supervisor.stop()
        for opened in sockets:
            opened.close()
