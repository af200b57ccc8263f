"""The worker process: reactions, effects and schedules of every tenant."""

import asyncio
import os
import signal

import uvloop

from crosslane.app import create_worker
from crosslane.platform.database import PATIENCE_SECONDS, Database
from crosslane.platform.home import CannotStart
from crosslane.platform.processes import Pulse, collect_seldom
from crosslane.platform.settings import read_settings
from crosslane.platform.telemetry import log_crashes, start_logging

WORKER_CONNECTIONS_MAX = 20


class NoDatabaseUrl(CannotStart):
    """The worker process finds no DATABASE_URL; start it by `crosslane serve`."""


async def work() -> None:
    """Serve every tenant that has work until SIGTERM; then finish the calls under way."""
    settings = read_settings(os.environ)
    start_logging(settings.log_level)
    log_crashes()
    if settings.database_url is None:
        raise NoDatabaseUrl
    pulse = Pulse()
    database = await Database.connect(
        settings.database_url,
        connections=WORKER_CONNECTIONS_MAX,
        patience_seconds=PATIENCE_SECONDS,
    )
    worker = create_worker(database, settings)
    for kind in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(kind, worker.stop)
    collect_seldom()
    pulse.ready()
    await worker.run()
    await database.close()


if __name__ == "__main__":
    uvloop.run(work())
