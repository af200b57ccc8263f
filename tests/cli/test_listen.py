"""`crosslane listen` against a hub that cuts connections, and a receiver of the developer's own."""

import asyncio
import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from standardwebhooks import Webhook
from tests.running import COMMAND

from crosslane.platform.patience import look_until
from crosslane.publishing import new_secret

SECRET = new_secret()


def event(no: int) -> dict[str, Any]:
    return {
        "id": f"evt_1_{no}",
        "type": "orders.order_placed",
        "subject": f"order:{no}",
        "time": "2030-05-01T09:30:00.000001Z",
        "data": {"order_id": str(no)},
        "channel": "web",
    }


class Hub(BaseHTTPRequestHandler):
    """Answers with a page a cursor: a is cut once, b is busy once, c says nothing more."""

    asked: list[tuple[str, dict[str, list[str]]]]
    posted: list[dict[str, Any]]

    def log_message(self, *told: Any) -> None: ...

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        after = query["after"][0]
        self.asked.append((self.headers["Authorization"], query))
        again = sum(q["after"][0] == after for _, q in self.asked) > 1
        if self.headers["Authorization"] != "Bearer clk_good":
            return self._answer(403, {"detail": "This key may not."})
        if after == "a" and not again:
            self.connection.close()
            return None
        if after == "b" and not again:
            return self._answer(503, {"detail": "busy"})
        page = {"latest": ([1], "a"), "a": ([2, 3], "b"), "b": ([], "c")}.get(after, ([], "c"))
        told = {"items": [event(no) for no in page[0]], "next_cursor": page[1], "more": False}
        if after == "c":
            threading.Event().wait(0.2)
        return self._answer(200, told)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.posted.append(Webhook(SECRET).verify(body, headers) | {"path": self.path})
        self._answer(200, {})

    def _answer(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    Hub.asked, Hub.posted = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def begin(hub: ThreadingHTTPServer, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    url = f"http://127.0.0.1:{hub.server_address[1]}"
    return await asyncio.create_subprocess_exec(
        *COMMAND, "listen", "--url", url, *words, stdout=pipe, stderr=pipe
    )


async def test_it_goes_on_after_a_cut_forwards_signed_and_ends_clean(hub):
    here = f"http://127.0.0.1:{hub.server_address[1]}/hook?x=1"
    words = ("--key", "clk_good", "--kinds", "orders.*", "returns.*", "--json")
    process = await begin(hub, *words, "--forward", here, "--secret", SECRET)
    assert process.stdout is not None
    lines = [json.loads(await process.stdout.readline()) for _ in range(3)]
    assert lines == [event(1), event(2), event(3)]

    async def is_at_the_end() -> bool:
        return any(query["after"] == ["c"] for _, query in Hub.asked)

    assert await look_until(is_at_the_end, bool, seconds=60)
    process.send_signal(signal.SIGINT)
    rest, complaints = await process.communicate()
    assert (process.returncode, rest) == (0, b"")
    assert "--after c" in complaints.decode()
    assert "RemoteDisconnected" in complaints.decode()
    assert "503" in complaints.decode()
    assert "Connected again" in complaints.decode()
    assert [one["id"] for one in Hub.posted] == ["evt_1_1", "evt_1_2", "evt_1_3"]
    assert {one["path"] for one in Hub.posted} == {"/hook?x=1"}
    assert Hub.asked[0][1]["kinds"] == ["orders.*", "returns.*"]


async def test_a_key_that_may_not_is_told_in_a_line(hub):
    process = await begin(hub, "--key", "clk_bad")
    printed, complaints = await process.communicate()
    assert (process.returncode, printed) == (1, b"")
    assert "403: This key may not." in complaints.decode()


async def test_whoever_has_read_enough_ends_it(hub):
    process = await begin(hub, "--key", "clk_good")
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert "orders.order_placed" in line
    assert "web" in line
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0
