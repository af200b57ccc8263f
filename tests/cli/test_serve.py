"""`crosslane serve` with real processes: started, doubled, killed, stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests import forking
from tests.homes import made_home

from crosslane.platform.forkserver import ForkServer
from crosslane.platform.home import make_home

# The figures to reach are 5 seconds for both; a busy machine must not fail the tests.
COLD_SECONDS_MAX = 60.0
SERVING_AGAIN_SECONDS_MAX = 60.0
ENDED_SECONDS_MAX = 180.0


class Served:
    """A running `crosslane serve`."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*COMMAND, "serve", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = ""

    @property
    def pid(self) -> int:
        return self._process.pid

    def until(self, wanted: str) -> re.Match[str]:
        """Read its output up to a line that matches; without one it is killed in the end."""
        assert self._process.stdout is not None
        patience = threading.Timer(ENDED_SECONDS_MAX, self._process.kill)
        patience.start()
        try:
            for line in self._process.stdout:
                self.lines.append(line)
                if found := re.search(wanted, line):
                    return found
        finally:
            patience.cancel()
        raise AssertionError(f"no {wanted!r} in:\n" + "".join(self.lines))

    def ready(self) -> "Served":
        found = self.until(r"Crosslane is ready(?: on (\S+))? \(")
        self.url = found[1] or ""
        return self

    def children(self, name: str) -> list[int]:
        """Return the children that run a program, by command or as copies."""
        shown = subprocess.run(
            ["ps", "-ww", "-o", "pid=,comm=,args=", "--ppid", str(self.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        found = []
        for line in shown.stdout.splitlines():
            pid, is_copy_for, command = line.split(None, 2)
            if name in (is_copy_for if is_copy_for.endswith("_process") else command):
                found.append(int(pid))
        return found

    def everybody(self) -> list[int]:
        """Return all children that are kept."""
        names = ("postgres", "fork_server_process", "worker_process", "web_process")
        return [pid for name in names for pid in self.children(name)]

    def stop(self) -> int:
        self._process.terminate()
        return self.wait()

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        rest, _ = self._process.communicate(timeout=ENDED_SECONDS_MAX)
        self.lines += rest.splitlines(keepends=True)
        return self._process.returncode


COMMAND = [sys.executable, "-c", "from crosslane.cli import main; main()"]
Serve = Callable[..., Served]


@pytest.fixture
def home() -> Iterator[Path]:
    with made_home("serve") as folder:
        make_home(folder)
        yield folder


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "CROSSLANE_HOME": str(home),
        "CROSSLANE_PORT": "0",
        "CROSSLANE_WORKERS": "2",
        "COLUMNS": "200",
    }


@pytest.fixture
def serve(environment: dict[str, str]) -> Iterator[Serve]:
    started: list[Served] = []

    def start(*words: str, **variables: str) -> Served:
        started.append(Served({**environment, **variables}, *words))
        return started[-1]

    yield start
    for served in started:
        served.stop()


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDED_SECONDS_MAX,
    )


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=ENDED_SECONDS_MAX)


def ready_again(url: str, began: float) -> None:
    while True:
        try:
            if get(f"{url}/readyz").status_code == 200:
                break
        except httpx.TransportError:
            pass
        assert time.monotonic() - began < SERVING_AGAIN_SECONDS_MAX
    assert time.monotonic() - began < SERVING_AGAIN_SECONDS_MAX


def test_one_process_to_start_serves_and_leaves_nothing(
    serve: Serve, environment: dict[str, str], home: Path
) -> None:
    began = time.monotonic()
    served = serve().ready()
    assert time.monotonic() - began < COLD_SECONDS_MAX
    assert get(f"{served.url}/readyz").status_code == 200
    assert get(f"{served.url}/healthz").status_code == 200
    for _ in range(10):
        get(f"{served.url}/healthz")
    measured = get(f"{served.url}/metrics").text  # one process answers for both
    counts = re.findall(r'crosslane_request_seconds_count{.*route="/healthz".*} (\S+)', measured)
    assert sum(map(float, counts)) == 11
    everybody = served.everybody()
    assert len(everybody) == 5

    assert run(environment, "tenant", "create", "demo").returncode == 0
    listed = forking.run("tests.command", "tenant", "list", environment=environment)
    assert "demo" in listed.stdout

    home_taken = run(environment, "serve")
    assert home_taken.returncode == 1
    assert f"process {served.pid}" in home_taken.stderr
    assert "CROSSLANE_HOME" in home_taken.stderr
    port = served.url.rpartition(":")[2]
    port_taken = run(environment, "serve", "--port", port)
    assert port_taken.returncode == 1
    assert f"Port {port}" in port_taken.stderr
    assert get(f"{served.url}/readyz").status_code == 200

    # A role of its own finds the database that runs on this home.
    assert serve("--role", "worker").ready().stop() == 0

    assert served.stop() == 0
    assert not any(Path("/proc", str(pid)).exists() for pid in everybody)
    stopped = [line for line in served.lines if '"message":"stopped"' in line]
    order = [re.findall(r'"processes":\["([a-z-]+?)(?:-\d)?"', line)[0] for line in stopped]
    assert order == ["web", "worker", "fork-server", "postgres"]
    assert not [line for line in served.lines if '"level":"error"' in line]

    again = serve().ready()
    listed = forking.run("tests.command", "tenant", "list", environment=environment)
    assert "demo" in listed.stdout
    assert again.stop() == 0


def test_whatever_is_killed_is_started_again(serve: Serve) -> None:
    served = serve().ready()
    for name, program in (
        ("postgres", "postgres"),
        ("postgres", "postgres"),
        ("worker", "worker_process"),
        ("web-[12]", "web_process"),
    ):
        assert served.children(program), (name, served.lines)
        killed = served.children(program)[0]
        began = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        served.until(rf'"message":"started again".*"process":"{name}"')
        ready_again(served.url, began)
        assert killed not in served.children(program)

    # Nobody starts the supervisor again, but it leaves nothing in the way of the next one.
    port = served.url.rpartition(":")[2]
    orphans = {*served.everybody()}
    served.kill()
    second = serve("--port", port).ready()
    assert get(f"{second.url}/readyz").status_code == 200
    assert second.url == served.url
    assert not orphans & {*second.everybody()}


@pytest.mark.skipif(not ForkServer.works_here(), reason="this system starts processes")
def test_children_are_copies_of_a_process_whose_death_they_outlive(serve: Serve) -> None:
    served = serve().ready()
    copies = [*served.children("worker_process"), *served.children("web_process")]
    assert len(copies) == 3
    (forks,) = served.children("fork_server_process")
    # Of a process with more threads a copy would have one, and locks that the others held.
    assert len(list(Path("/proc", str(forks), "task").iterdir())) == 1

    os.kill(forks, signal.SIGKILL)
    served.until(r'"message":"started again".*"process":"fork-server"')
    for _ in range(20):
        assert get(f"{served.url}/readyz").status_code == 200
    assert copies == [*served.children("worker_process"), *served.children("web_process")]
    (another,) = served.children("fork_server_process")
    assert another != forks

    killed = served.children("worker_process")[0]
    os.kill(killed, signal.SIGKILL)
    served.until(r'"message":"started again".*"process":"worker"')
    assert len(served.children("worker_process")) == 1
    everybody = served.everybody()
    assert served.stop() == 0
    assert not [pid for pid in everybody if Path("/proc", str(pid)).exists()]


def test_two_processes_of_each_role_share_a_database(serve: Serve, postgres_url: str) -> None:
    shared = {"DATABASE_URL": postgres_url}
    web = [serve("--role", "web", **shared).ready() for _ in range(2)]
    workers = [serve("--role", "worker", **shared).ready() for _ in range(2)]
    assert web[0].url != web[1].url
    for served in web:
        assert get(f"{served.url}/readyz").status_code == 200
        assert not served.children("postgres")
        assert not served.children("worker_process")
    for served in workers:
        assert len(served.children("worker_process")) == 1
        assert not served.children("web_process")
    assert [served.stop() for served in (*web, *workers)] == [0, 0, 0, 0]


def test_role_alone_says_what_it_needs(environment: dict[str, str]) -> None:
    alone = run(environment, "serve", "--role", "worker")
    assert alone.returncode == 1
    assert "DATABASE_URL" in alone.stderr


def test_process_that_cannot_start_ends_everything_and_is_told(
    serve: Serve, environment: dict[str, str], home: Path
) -> None:
    (home / "secret-key").write_text("damaged")
    done = run(environment, "serve")
    assert done.returncode == 1
    assert "restore it from a backup" in done.stderr
    # Each of them needs the key; which of them ends first is the machine's choice.
    assert re.search(r"crosslane: The (web-[12]|worker) process did not become ready", done.stderr)
    assert "Traceback" not in done.stderr
    left = subprocess.run(["pgrep", "-f", str(home)], capture_output=True, check=False)
    assert left.stdout == b""
    (home / "secret-key").unlink()
    assert serve().ready().stop() == 0


def test_database_that_never_answers_is_told(environment: dict[str, str]) -> None:
    # Kept by a socket that does not listen, so that no other program takes the port meanwhile.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"postgresql://me:pa55word@127.0.0.1:{silent.getsockname()[1]}/orders"
        done = run({**environment, "DATABASE_URL": url}, "tenant", "list")
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "pa55word" not in done.stderr


def test_ctrl_c_while_starting_stops_in_order(serve: Serve) -> None:
    served = serve()
    served.until('"message":"started".*"process":"postgres"')
    os.kill(served.pid, signal.SIGINT)
    assert served.wait() == 0
    assert not [line for line in served.lines if "Traceback" in line]
