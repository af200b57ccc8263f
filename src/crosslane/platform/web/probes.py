"""What machines ask about this process: is it alive, may it get requests, how is it doing."""

import asyncpg
import msgspec

from crosslane.kernel import Refusal
from crosslane.platform.health import Holder, list_holders
from crosslane.platform.migrations import MigrationChanged, pending
from crosslane.platform.telemetry import render_metrics
from crosslane.platform.web.answers import Answer, Document
from crosslane.platform.web.gate import Gate
from crosslane.platform.web.routes import PUBLIC, Route, get

TAG = "probes"
METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PENDING_LISTED_MAX = 20


class Readiness(msgspec.Struct, frozen=True):
    """Whether this process may get requests.

    Args:
        ready: it may.
        database: ``ok``, or what keeps us from it.
        migrations: migrations that are still to be applied.
        horizon_holders: sessions that keep reactions waiting; a warning, not a reason to refuse.
    """

    ready: bool
    database: str
    migrations: list[str]
    horizon_holders: list[Holder]


def probe_routes(gate: Gate) -> list[Route]:
    """Return the routes that answer probes."""
    readiness = _ReadinessCheck(gate)

    @get("/healthz", permission=PUBLIC, tag=TAG, listed=False)
    async def show_health() -> dict[str, bool]:
        """Say that the process is alive."""
        return {"alive": True}

    @get("/readyz", permission=PUBLIC, tag=TAG, listed=False)
    async def show_readiness() -> Answer[Readiness]:
        """Say whether the process may get requests."""
        found = await readiness.check()
        return Answer(body=found, status=200 if found.ready else 503)

    @get("/metrics", permission=PUBLIC, tag=TAG, listed=False, produces=METRICS_MEDIA_TYPE)
    async def show_metrics() -> Document:
        """Show every measure in Prometheus' text format."""
        return Document(content=render_metrics(), media_type=METRICS_MEDIA_TYPE)

    return [show_health, show_readiness, show_metrics]


class _ReadinessCheck:
    """Looks at the database; migrations only until all were found applied once."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._migrated = False

    async def check(self) -> Readiness:
        """Return how things stand."""
        try:
            missing = [] if self._migrated else await self._missing()
            async with self._gate.database.connection() as connection:
                holders = await list_holders(connection.fetch)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, Refusal) as error:
            return Readiness(False, type(error).__name__, [], [])
        self._migrated = not missing
        return Readiness(not missing, "ok", missing, holders)

    async def _missing(self) -> list[str]:
        try:
            found = await pending(self._gate.database)
        except MigrationChanged as error:
            return [str(error)]
        return [f"{p.target}: {p.number:04}_{p.name}" for p in found[:PENDING_LISTED_MAX]]
