"""Keeps services alive: starts them in order, again when they die, and stops them in reverse.

The first start of a service must succeed, so that a wrong setting is told at once. After that a
service is started again for ever, at once the first time and then with growing pauses.
"""

import asyncio
import time
from typing import Protocol

from crosslane.platform.telemetry import Log

PAUSE_SECONDS_MIN = 0.25
PAUSE_SECONDS_MAX = 2.0
HEALTHY_SECONDS = 5.0

log = Log(__name__)


class Service(Protocol):
    """What can be kept alive."""

    @property
    def name(self) -> str:
        """What logs call it."""
        ...

    async def start(self) -> None:
        """Start it and return when it serves, or raise CannotStart."""
        ...

    async def wait_dead(self) -> int:
        """Wait for its end; returns the exit status."""
        ...

    async def stop(self) -> None:
        """Stop it; nothing to do when it does not run."""
        ...


class Supervisor:
    """The services of one running Crosslane."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, Service, asyncio.Task[None]]] = []

    async def keep(self, service: Service, *, stage: int) -> None:
        """Start a service and keep it alive from now on; returns when it serves.

        Args:
            service: what to keep.
            stage: services of a higher stage are stopped first.

        Raises:
            CannotStart: it did not start; nothing of it is left running.
        """
        began = time.monotonic()
        await service.start()
        took = round(time.monotonic() - began, 3)
        log.info("started", process=service.name, seconds=took)
        self._kept.append((stage, service, asyncio.create_task(_keep_alive(service))))

    async def stop(self) -> None:
        """Stop everything, the highest stage first, the services of a stage together."""
        for stage in sorted({stage for stage, _, _ in self._kept}, reverse=True):
            kept = [entry for entry in self._kept if entry[0] == stage]
            for _, _, task in kept:
                task.cancel()
            await asyncio.gather(*(task for _, _, task in kept), return_exceptions=True)
            await asyncio.gather(*(service.stop() for _, service, _ in kept))
            log.info("stopped", processes=[service.name for _, service, _ in kept])
        self._kept.clear()


async def _keep_alive(service: Service) -> None:
    pause = 0.0
    while True:
        began = time.monotonic()
        status = await service.wait_dead()
        if time.monotonic() - began > HEALTHY_SECONDS:
            pause = 0.0
        log.error("died", process=service.name, status=status)
        while True:
            await asyncio.sleep(pause)
            pause = min(max(pause * 2, PAUSE_SECONDS_MIN), PAUSE_SECONDS_MAX)
            began = time.monotonic()
            try:
                await service.start()
            except Exception as error:
                # Whatever it was: giving up would leave the installation half alive.
                log.error("did not start again", error, process=service.name)
                continue
            took = round(time.monotonic() - began, 3)
            log.info("started again", process=service.name, seconds=took)
            break
