"""Benchmarks share a server; a retailer of each size is founded once and copied for every other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

import asyncpg
import pytest
from tests.homes import made_home

from crosslane.bench import site
from crosslane.bench.figures import Scale
from crosslane.platform import facts
from crosslane.platform.migrations import migrate
from crosslane.platform.postgres import DATABASE, SUPERUSER, EmbeddedPostgres
from crosslane.platform.postgres import ROLE as OWNER


class Server:
    """As durable as that of any benchmark; its one database is made anew for each of them."""

    def __init__(self, home: Path, postgres: EmbeddedPostgres) -> None:
        self._home, self._postgres = home, postgres
        self._kept: dict[tuple[Scale, bool], tuple[str, list[str]]] = {}

    async def __aenter__(self) -> EmbeddedPostgres:
        """Stand for a server of a benchmark's own."""
        return self._postgres

    async def __aexit__(self, *raised: object) -> None:
        return None

    def __call__(self, home: Path) -> Self:
        """Be started on a folder, which takes nothing here."""
        del home
        return self

    async def found_home(self, home: Path, scale: Scale, *, stocked: bool) -> list[str]:
        """Do what the product's own does, by a copy of the database where there is one."""
        del home
        kept, api_keys = self._kept.get((scale, stocked), ("template1", []))
        await self._copy(kept, DATABASE)
        if api_keys:
            return api_keys
        facts.forget()
        made = site.Site(self._home, self._postgres)
        async with made.bulk() as bulk:
            await migrate(bulk)
            api_keys = await made.found(bulk, site.TENANT, site.HOST, scale, stocked=stocked)
        name = f"kept_{len(self._kept)}"
        await self._copy(DATABASE, name)
        self._kept[scale, stocked] = name, api_keys
        return api_keys

    async def _copy(self, source: str, target: str) -> None:
        sockets = str(self._postgres.install.sockets)
        connection = await asyncpg.connect(
            host=sockets, port=5432, user=SUPERUSER, database="postgres"
        )
        try:
            await connection.execute(f"drop database if exists {target} with (force)")
            await connection.execute(
                f"create database {target} template {source} strategy file_copy owner {OWNER}"
            )
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Where the server's data are."""
    with made_home("homes") as folder:
        yield folder


@pytest.fixture(scope="session")
async def server(home: Path) -> AsyncIterator[Server]:
    """The server of the whole run."""
    async with EmbeddedPostgres(home) as postgres:
        yield Server(home, postgres)


@pytest.fixture(autouse=True)
def _shared(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let benchmarks begin with a copy."""
    monkeypatch.setattr(site, "found_home", server.found_home)
    monkeypatch.setattr(site, "EmbeddedPostgres", server)
