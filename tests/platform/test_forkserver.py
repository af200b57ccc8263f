"""Children as copies of a process that has loaded everything: whose they are, how they end."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from crosslane.platform.forkserver import Duty, ForkServer
from crosslane.platform.processes import ChildFailed, ChildProcess, Process
from crosslane.platform.supervisor import Supervisor
from tests.platform.forked import REPORT_BYTES_MAX, Report

pytestmark = pytest.mark.skipif(not ForkServer.works_here(), reason="this system starts processes")

ROOT = Path(__file__).parents[2]
PROGRAM = "tests.platform.forked"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
    "PLACE": "the server's",
    "END": "never",
}
# Bounds on what takes a moment when the machine has nothing else to do.
ANSWER_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.02
ORPHANING = f"""
import asyncio, os
from crosslane.platform.forkserver import Duty, ForkServer

async def main():
    forks = ForkServer({PROGRAM!r}, dict(os.environ))
    await forks.start()
    await forks.fork(Duty({PROGRAM!r}, dict(os.environ), (1,)))
    await asyncio.sleep(60)

asyncio.run(main())
"""


class Begun:
    """A child of the fork server.

    Attributes:
        process: it.
        report: what it said when it began.
    """

    def __init__(self, process: Process, report: Report) -> None:
        self.process, self.report = process, report

    async def end(self) -> int:
        self.process.kill()
        return await self.process.wait()


@pytest.fixture
async def forks() -> AsyncIterator[ForkServer]:
    server = ForkServer(PROGRAM, ENVIRONMENT)
    await server.start()
    yield server
    await server.stop()


async def begin(forks: ForkServer, **environment: str) -> Begun:
    reads, writes = os.pipe()
    duty = Duty(PROGRAM, {**ENVIRONMENT, **environment}, (writes,))
    try:
        process, pulse = await forks.fork(duty)
    finally:
        os.close(writes)
    os.close(pulse)  # whoever does not say that it lives does not miss it
    with os.fdopen(reads, "rb") as said:
        ready, _, _ = await asyncio.to_thread(select.select, [said], [], [], ANSWER_SECONDS_MAX)
        assert ready, "the child says nothing"
        told = os.read(said.fileno(), REPORT_BYTES_MAX)
    return Begun(process, msgspec.json.decode(told, type=Report))


def lives(pid: int) -> bool:
    try:
        return ") Z " not in Path("/proc", str(pid), "stat").read_text()
    except FileNotFoundError:
        return False


def parent_of_an_orphan() -> int:
    words = "import os; os.fork() and os._exit(0); os.read(0, 1); print(os.getppid())"
    command, pipe = [sys.executable, "-c", words], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as between:
        assert between.wait() == 0
        parent, _ = between.communicate(".")
    return int(parent)


async def test_a_child_is_ours_with_a_session_an_environment_and_files_of_its_own(forks):
    begun = await begin(forks, PLACE="the child's", MANY="x" * 100_000, MORE="y" * 100_000)
    told = begun.report
    assert told.pid == begun.process.pid == told.session
    assert told.parent == os.getpid()
    assert told.place == "the child's"
    assert told.shown == "forked"
    assert told.files == 2  # the pipe of its pulse, and that of its report
    assert await begun.end() == -signal.SIGKILL


async def test_children_share_no_chance(forks):
    begun = [await begin(forks) for _ in range(3)]
    assert len({one.report.number for one in begun}) == 3
    chance = {one.report.identifier[-12:] for one in begun}
    assert len(chance) == 3
    for one in begun:
        await one.end()


async def test_many_are_begun_at_once(forks):
    begun = await asyncio.gather(*(begin(forks) for _ in range(8)))
    assert len({one.report.pid for one in begun}) == 8
    assert {one.report.parent for one in begun} == {os.getpid()}
    assert await asyncio.gather(*(one.end() for one in begun)) == [-signal.SIGKILL] * 8


@pytest.mark.parametrize(("end", "status"), [("0", 0), ("7", 7), ("by an error", 1)])
async def test_the_status_with_which_a_child_ends_is_told(forks, end, status):
    begun = await begin(forks, END=end)
    assert await begun.process.wait() == status
    assert begun.process.returncode == status
    begun.process.kill()  # nobody: the number may be another's by now


async def test_children_live_on_when_their_fork_server_dies_and_it_is_started_again(forks):
    begun = await begin(forks)
    os.kill(forks.pid or 0, signal.SIGKILL)
    assert await forks.wait_dead() == -signal.SIGKILL
    with pytest.raises(ChildFailed, match="no fork server"):
        await begin(forks)
    await forks.start()
    another = await begin(forks)
    assert begun.process.returncode is None
    assert lives(begun.report.pid)
    assert [await begun.end(), await another.end()] == [-signal.SIGKILL] * 2


async def test_who_is_being_begun_when_the_fork_server_dies_is_told(forks):
    os.kill(forks.pid or 0, signal.SIGSTOP)
    beginning = asyncio.create_task(begin(forks))
    await asyncio.sleep(0)
    os.kill(forks.pid or 0, signal.SIGKILL)
    with pytest.raises(ChildFailed, match="does not answer"):
        await beginning
    await forks.wait_dead()


async def test_a_frozen_fork_server_is_replaced_and_begins_who_had_to_wait():
    supervisor, forks = Supervisor(), ForkServer(PROGRAM, ENVIRONMENT)
    await supervisor.keep(forks, stage=0)
    frozen = forks.pid or 0
    os.kill(frozen, signal.SIGSTOP)
    began = time.monotonic()
    while True:
        try:
            begun = await begin(forks)
            break
        except ChildFailed:
            assert time.monotonic() - began < ANSWER_SECONDS_MAX
            await asyncio.sleep(LOOK_SECONDS)
    assert forks.pid != frozen
    await begun.end()
    await supervisor.stop()
    assert forks.pid is None


async def test_orphans_of_others_are_not_ours_in_between(forks):
    await (await begin(forks)).end()
    assert parent_of_an_orphan() != os.getpid()


async def test_children_of_a_killed_supervisor_die_with_it():
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ORPHANING, env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    said = await supervisor.stdout.read(REPORT_BYTES_MAX)
    child = msgspec.json.decode(said, type=Report).pid
    assert lives(child)
    supervisor.kill()
    await supervisor.wait()
    began = time.monotonic()
    while lives(child):
        assert time.monotonic() - began < ANSWER_SECONDS_MAX
        await asyncio.sleep(LOOK_SECONDS)


async def test_a_fork_server_that_cannot_load_is_told():
    with pytest.raises(ChildFailed, match="fork-server process did not become ready"):
        await ForkServer("tests.platform.nowhere", ENVIRONMENT).start()


async def test_a_child_that_ends_before_it_is_ready_is_told(forks):
    reads, writes = os.pipe()
    duty = Duty(PROGRAM, {**ENVIRONMENT, "END": "4"}, (writes,))
    child = ChildProcess("web-1", lambda: forks.fork(duty))
    with pytest.raises(ChildFailed, match=r"web-1 process did not become ready: .* status 4"):
        await child.start()
    os.close(reads)
    os.close(writes)
