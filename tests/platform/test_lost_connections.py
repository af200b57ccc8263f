"""The line to PostgreSQL breaks, goes dumb or loses answers: nothing is done twice or kept from."""

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import msgspec
import pytest

from crosslane.kernel import new_id
from crosslane.platform import database as module
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import CONNECTION_LOST, CommitUnknown, Database, Tx
from crosslane.platform.lane import Command, CommandKind, Lanes
from crosslane.platform.migrations import migrate
from crosslane.platform.postgres import EmbeddedPostgres
from crosslane.platform.postgres_install import SOCKET_NAME
from crosslane.platform.supervisor import Supervisor
from crosslane.platform.tenants import create_tenant
from tests.chaos.proxy import CUT, DUMB, LATE, LOST, Proxy
from tests.homes import made_home

COMMANDS = 40
WRITERS = 8
LOADED_SECONDS = 0.5
# How long to wait for an answer that never comes: longer than a busy machine takes for one that
# does, and than a late one is late.
DUMB_SECONDS = 2.5
# Bounds what takes two seconds when the machine has nothing else to do.
BACK_SECONDS_MAX = 90.0


class Add(msgspec.Struct, frozen=True):
    """One row to add."""

    name: str


async def add(tx: Tx, commands: Sequence[Command[Add]]) -> list[Add]:
    """Add a row for each."""
    names = [command.body.name for command in commands]
    await tx.execute("insert into row select unnest($1::text[])", names)
    return [command.body for command in commands]


ADD = CommandKind("test.add", Add, Add, add, batch_max=4)


@dataclass
class Ground:
    """A PostgreSQL of its own behind a bad line."""

    postgres: EmbeddedPostgres
    near: Database
    far: Database
    proxy: Proxy
    fates: deque[str] = field(default_factory=deque)


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    """A database reached through a proxy that spoils the next COMMITs as it is told."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(made_home("line"))
        postgres, supervisor, fates = EmbeddedPostgres(home, fast=True), Supervisor(), deque[str]()
        stack.push_async_callback(supervisor.stop)
        await supervisor.keep(postgres, stage=0)
        near = await Database.connect(postgres.url, connections=2, bulk=True)
        await migrate(near)
        await create_tenant(near, "shop")
        async with near.transaction("shop") as tx:
            await tx.execute("create table row (name text)")
        socket = str(postgres.install.sockets / SOCKET_NAME)
        proxy = Proxy(socket, lambda: fates.popleft() if fates else "")
        async with proxy.opened() as port:
            url = f"postgresql://crosslane@127.0.0.1:{port}/crosslane"
            far = await Database.connect(url, connections=4)
            yield Ground(postgres, near, far, proxy, fates)
            far.pool.terminate()
        near.pool.terminate()


async def rows(database: Database) -> list[str]:
    async with database.transaction("shop") as tx:
        return [row["name"] for row in await tx.fetch("select name from row order by name")]


async def test_a_commit_without_an_answer_is_unknown(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "COMMIT_SECONDS_MAX", DUMB_SECONDS)
    for fate in (LOST, CUT, DUMB):
        ground.fates.append(fate)
        with pytest.raises(CommitUnknown):
            async with ground.far.transaction("shop") as tx:
                await tx.execute("insert into row values ($1)", fate)
    assert await rows(ground.near) == [CUT, DUMB]
    # The broken connections went away, and nobody waits for an answer of theirs.
    assert await asyncio.gather(*(rows(ground.far) for _ in range(8))) == [[CUT, DUMB]] * 8


async def test_a_lane_does_everything_once_over_a_bad_line(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "COMMIT_SECONDS_MAX", DUMB_SECONDS)
    lanes, names = Lanes(ground.far), [f"{n:03}" for n in range(COMMANDS)]
    ground.fates.extend([CUT, LOST, "", DUMB, LATE, "", CUT, CUT, "", LOST, LOST])

    async def ask(name: str) -> None:
        command = Command(name, SYSTEM, Add(name), fingerprint=name)
        while True:
            try:
                assert (await lanes.submit("shop", ADD, command)).outcome == Add(name)
                return
            except (CommitUnknown, *CONNECTION_LOST):
                continue

    await asyncio.gather(*(ask(name) for name in names))
    assert await rows(ground.near) == names
    assert not ground.fates


async def test_every_way_of_losing_the_server_is_told_as_a_lost_connection(ground: Ground):
    told: list[BaseException] = []

    async def write() -> None:
        while True:
            try:
                async with ground.far.transaction("shop") as tx:
                    await tx.execute("insert into row values ($1)", str(new_id()))
            except Exception as error:
                told.append(error)
                return

    writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
    await asyncio.sleep(LOADED_SECONDS)
    killed = time.monotonic()
    os.kill(ground.postgres.pid or 0, signal.SIGKILL)
    await asyncio.wait_for(asyncio.gather(*writers), BACK_SECONDS_MAX)
    assert [type(e) for e in told if not isinstance(e, (CommitUnknown, *CONNECTION_LOST))] == []
    assert not any(isinstance(error, asyncpg.InternalClientError) for error in told)
    while True:
        try:
            await rows(ground.far)
            break
        except CONNECTION_LOST:
            await asyncio.sleep(0.02)
    assert time.monotonic() - killed < BACK_SECONDS_MAX
