"""Web processes under the supervisor: killed, frozen, failing, orphaned."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import IO

import httpx
import pytest

from crosslane.platform.callers import open_board
from crosslane.platform.http_server import PortTaken, listen
from crosslane.platform.processes import (
    READY_SECONDS_MAX,
    SILENT_TICKS_MAX,
    TICK_SECONDS,
    ChildFailed,
    ChildProcess,
    spawn,
)
from crosslane.platform.supervisor import Supervisor

CHILD = Path(__file__).with_name("web_child.py")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
}
ORPHANING = f"""
import asyncio, os, socket, sys
from crosslane.platform.http_server import listen
from crosslane.platform.processes import ChildProcess, spawn
from crosslane.platform.supervisor import Supervisor

async def main():
    opened, = listen("127.0.0.1", 0, 1)
    command = [sys.executable, {str(CHILD)!r}, str(opened.fileno())]
    child = ChildProcess("web", lambda: spawn(command, os.environ, [opened.fileno()]))
    await Supervisor().keep(child, stage=1)
    print(opened.getsockname()[1], child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


LOOK_SECONDS = 0.02
# Bounds on what takes a second or two when the machine has nothing else to do.
COMES_BACK_SECONDS_MAX = 60.0
# Well below the time after which a process counts as silent, or as not having become ready.
FROZEN_SECONDS_MAX = 12.0
STOP_SECONDS_MAX = 120.0


class Web:
    """Two web processes on one port."""

    def __init__(self) -> None:
        self.sockets = listen("127.0.0.1", 0, 2)
        self.board = open_board(2)
        self.url = f"http://127.0.0.1:{self.sockets[0].getsockname()[1]}"
        self.children = [web_child(s, board=self.board) for s in self.sockets]
        self.supervisor = Supervisor()

    def close(self) -> None:
        for opened in (*self.sockets, self.board):
            opened.close()


def web_child(opened: socket.socket, *extra: str, board: IO[bytes] | None = None) -> ChildProcess:
    files = [each.fileno() for each in (opened, board) if each is not None]
    command = [sys.executable, str(CHILD), *map(str, files), *extra]
    return ChildProcess(
        "web",
        partial(spawn, command, ENVIRONMENT, files),
        stop_seconds=STOP_SECONDS_MAX,
    )


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    web = Web()
    await asyncio.gather(*(web.supervisor.keep(child, stage=1) for child in web.children))
    yield web
    await web.supervisor.stop()
    web.close()


async def ask(url: str, path: str = "/") -> int:
    """Return the process that answered a request on a fresh connection."""
    return int(await read(url + path))


async def read(url: str) -> str:
    async with httpx.AsyncClient(timeout=COMES_BACK_SECONDS_MAX) as client:
        return (await client.get(url)).raise_for_status().text


async def test_both_processes_serve_one_port(web: Web) -> None:
    served = {await ask(web.url) for _ in range(40)}
    assert served == {child.pid for child in web.children}


async def test_killed_process_comes_back_and_no_caller_is_refused(web: Web) -> None:
    before = {child.pid for child in web.children}
    os.kill(web.children[0].pid or 0, signal.SIGKILL)
    served: set[int] = set()
    began = time.monotonic()
    while len(served - before) < 1 or len(served) < 2:
        served.add(await ask(web.url))
        assert time.monotonic() - began < COMES_BACK_SECONDS_MAX
    assert len(served - before) == 1


async def test_frozen_process_is_replaced(web: Web) -> None:
    frozen = web.children[0].pid or 0
    os.kill(frozen, signal.SIGSTOP)
    began = time.monotonic()
    slowest = 0.0
    served: set[int] = set()
    while len(served) < 2:
        asked = time.monotonic()
        served.add(await ask(web.url))
        slowest = max(slowest, time.monotonic() - asked)
        assert time.monotonic() - began < COMES_BACK_SECONDS_MAX
    assert frozen not in served
    assert slowest < FROZEN_SECONDS_MAX < SILENT_TICKS_MAX * TICK_SECONDS


async def test_process_frozen_while_it_starts_is_not_waited_for() -> None:
    (opened,) = listen("127.0.0.1", 0, 1)
    child, began = web_child(opened, "slow-to-start"), time.monotonic()
    starting = asyncio.create_task(child.start())
    while child.pid is None:
        assert not starting.done()
        await asyncio.sleep(LOOK_SECONDS)
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(ChildFailed, match=r"status -9"):
        await starting
    assert time.monotonic() - began < READY_SECONDS_MAX / 2
    opened.close()


async def test_request_under_way_is_finished_before_the_end() -> None:
    web = Web()
    await asyncio.gather(*(web.supervisor.keep(child, stage=1) for child in web.children))
    slow = [asyncio.create_task(ask(web.url, "/slow")) for _ in range(8)]
    begun: dict[str, int] = {}
    while sum(begun.values()) < len(slow):
        process, *requests = (await read(web.url + "/begun")).split()
        begun[process] = len(requests)
    web.close()
    await web.supervisor.stop()
    assert len(await asyncio.gather(*slow)) == 8
    with pytest.raises(httpx.ConnectError):
        await ask(web.url)


@pytest.mark.parametrize("keeps", [0, 20], ids=["fresh connections", "kept connections"])
async def test_no_answer_is_lost_while_processes_stop_under_load(web: Web, keeps: int) -> None:
    lives, over = {child.pid for child in web.children}, asyncio.Event()
    limits = httpx.Limits(max_keepalive_connections=keeps)

    async def ask_on(path: str) -> int:
        answered = 0
        async with httpx.AsyncClient(timeout=COMES_BACK_SECONDS_MAX, limits=limits) as client:
            while not over.is_set():
                # Raises for a 5xx, and for a connection that is cut.
                answer = (await client.get(web.url + path)).raise_for_status()
                lives.add(int(answer.text))
                answered += 1
        return answered

    async with asyncio.TaskGroup() as crowd:
        asking = [crowd.create_task(ask_on(path)) for path in ("/", "/", "/short", "/short") * 3]
        for child in web.children:
            os.kill(child.pid or 0, signal.SIGTERM)
            lived = len(lives)
            async with asyncio.timeout(COMES_BACK_SECONDS_MAX):
                while len(lives) == lived:
                    # Kept connections may all have come to the other process, and stay there.
                    lives.add(await ask(web.url))
                    await asyncio.sleep(LOOK_SECONDS)
        over.set()
    assert len(lives) == 4
    assert sum(task.result() for task in asking) > len(asking)


async def test_callers_who_keep_their_connections_are_shared_evenly(web: Web) -> None:
    crowd = [httpx.AsyncClient(timeout=COMES_BACK_SECONDS_MAX) for _ in range(9)]
    await asyncio.gather(*(come_to(web.children[0], web.url, client) for client in crowd))
    answered_by: dict[httpx.AsyncClient, int] = {}
    over, began = asyncio.Event(), time.monotonic()

    async def ask_on(client: httpx.AsyncClient) -> None:
        while not over.is_set():
            assert time.monotonic() - began < COMES_BACK_SECONDS_MAX, answered_by.values()
            answer = await client.get(web.url)
            answered_by[client] = int(answer.raise_for_status().text)
            if sorted(Counter(answered_by.values()).values()) == [4, 5]:
                over.set()
            await asyncio.sleep(LOOK_SECONDS)

    await asyncio.gather(*(ask_on(client) for client in crowd))
    await asyncio.gather(*(client.aclose() for client in crowd))


async def come_to(child: ChildProcess, url: str, client: httpx.AsyncClient) -> None:
    """Connect until it is this process that answers, and keep that connection."""
    while True:
        async with client.stream("GET", url) as answer:
            if int(await answer.aread()) == child.pid:
                return
            await answer.extensions["network_stream"].aclose()


async def test_endless_answer_does_not_keep_a_process_from_stopping(web: Web) -> None:
    async with (
        httpx.AsyncClient(timeout=COMES_BACK_SECONDS_MAX) as client,
        client.stream("GET", web.url + "/endless") as answer,
    ):
        lines = answer.aiter_lines()
        await anext(lines)
        began = time.monotonic()
        await web.supervisor.stop()
        assert time.monotonic() - began < STOP_SECONDS_MAX / 2
    assert all(child.pid is None for child in web.children)


@pytest.mark.parametrize("how", ["fails", "fails-in-words", "fails-before"])
async def test_start_that_fails_is_told_and_leaves_nothing(how: str) -> None:
    (opened,) = listen("127.0.0.1", 0, 1)
    child = web_child(opened, how)
    with pytest.raises(ChildFailed, match=r"web process did not become ready.*status"):
        await Supervisor().keep(child, stage=1)
    assert child.pid is None
    opened.close()


async def test_stages_stop_from_the_top() -> None:
    stopped: list[str] = []

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        async def start(self) -> None: ...

        async def wait_dead(self) -> int:
            return await asyncio.get_running_loop().create_future()

        async def stop(self) -> None:
            stopped.append(self.name)

    supervisor = Supervisor()
    for name, stage in (("web", 2), ("postgres", 0), ("worker", 1)):
        await supervisor.keep(Named(name), stage=stage)
    await supervisor.stop()
    assert stopped == ["web", "worker", "postgres"]


async def test_pauses_between_starts_grow_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    class Failing:
        name = "failing"

        async def start(self) -> None: ...

        async def wait_dead(self) -> int:
            return 1

        async def stop(self) -> None: ...

    rest = asyncio.sleep

    async def skip(seconds: float) -> None:
        pauses.append(seconds)
        await rest(0)

    monkeypatch.setattr("crosslane.platform.supervisor.asyncio.sleep", skip)
    supervisor = Supervisor()
    await supervisor.keep(Failing(), stage=0)
    while len(pauses) < 10:
        await rest(0)
    await supervisor.stop()
    assert pauses[:6] == [0.0, 0.25, 0.5, 1.0, 2.0, 2.0]
    assert max(pauses) == 2.0


def test_port_in_use_is_refused_even_by_one_that_shares() -> None:
    (opened,) = listen("127.0.0.1", 0, 1)
    port = opened.getsockname()[1]
    with pytest.raises(PortTaken, match=rf"{port} .*--port"):
        listen("127.0.0.1", port, 2)
    opened.close()
    for again in listen("127.0.0.1", port, 2):
        assert again.getsockname()[1] == port
        again.close()


def test_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0, 1)


async def test_children_of_a_killed_supervisor_die_and_free_the_port() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ORPHANING, env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    port, child = map(int, (await parent.stdout.readline()).split())
    parent.kill()
    await parent.wait()
    began = time.monotonic()
    while running(child):
        assert time.monotonic() - began < FROZEN_SECONDS_MAX
        await asyncio.sleep(0.01)
    for opened in listen("127.0.0.1", port, 2):
        opened.close()


def running(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return shown.stdout.strip().decode()[:1] not in {"", "Z"}
