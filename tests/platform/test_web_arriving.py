"""A body that is read while it arrives: as large as it may be, in little memory, and never half."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from crosslane.platform.web import PUBLIC, Arriving, Gate, body, build_app, post

MOST = 64 << 20
MEMORY_MAX = 8 << 20
OCTETS = {"Content-Type": "application/octet-stream"}
BLOCK = b"x" * (1 << 20)


class Taken(msgspec.Struct, frozen=True):
    """How much was read."""

    bytes: int


class Heard:
    """What the handler has seen."""

    bytes = 0
    ended = False


@post(
    "/api/v1/sink",
    permission=PUBLIC,
    command=None,
    consumes="application/octet-stream",
    body_bytes_max=MOST,
    instead="send less",
)
async def sink(data: Arriving) -> Taken:
    """Read what arrives."""
    Heard.bytes, Heard.ended = 0, False
    async for part in data:
        Heard.bytes += len(part)
    Heard.ended = True
    return Taken(Heard.bytes)


@pytest.fixture
def app() -> Any:
    return build_app([sink], Gate(secret_key=b"test"))


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        yield client


async def flood(blocks: int) -> AsyncIterator[bytes]:
    for _ in range(blocks):
        yield BLOCK


async def test_it_may_be_larger_than_memory(client: httpx.AsyncClient):
    await client.post("/api/v1/sink", content=b"warm", headers=OCTETS)
    tracemalloc.start()
    try:
        answer = await client.post("/api/v1/sink", content=flood(MOST >> 20), headers=OCTETS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.json() == {"bytes": MOST}
    assert peak < MEMORY_MAX


async def test_one_that_is_too_large_is_told_what_to_do_instead(client: httpx.AsyncClient):
    Heard.bytes = 0
    announced = {**OCTETS, "Content-Length": str(MOST + 1)}
    answer = await client.post("/api/v1/sink", content=b"x", headers=announced)
    assert (answer.status_code, Heard.bytes) == (413, 0)
    answer = await client.post("/api/v1/sink", content=flood((MOST >> 20) + 1), headers=OCTETS)
    assert (answer.status_code, Heard.bytes, Heard.ended) == (413, MOST, False)
    problem = answer.json()
    assert (problem["code"], problem["detail"]) == (
        "body-too-large",
        f"The body is larger than {MOST} bytes; send less.",
    )


async def test_one_of_another_type_is_not_read(client: httpx.AsyncClient):
    Heard.bytes = 0
    answer = await client.post("/api/v1/sink", content=b"x", headers={"Content-Type": "text/css"})
    assert (answer.status_code, Heard.bytes) == (415, 0)


async def test_one_that_breaks_off_is_told_of_as_such(app: Any):
    arriving = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[Any] = []

    async def receive() -> Any:
        return arriving.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/sink",
        "query_string": b"",
        "headers": [(b"host", b"shop.example"), (b"content-type", b"application/octet-stream")],
        "client": ("10.0.0.1", 1),
    }
    await app.asgi_handler(scope, receive, send)
    assert (answered[0]["status"], Heard.bytes, Heard.ended) == (400, 4, False)


@post("/api/v1/whole", permission=PUBLIC, command=None)
async def whole(data: Taken) -> Taken:
    """Tell what was sent."""
    return data


@pytest.mark.parametrize(
    ("length", "asked"),
    [
        ({b"content-length": b"12"}, 2),
        ({}, 3),
        # RFC 9112, 6.3: chunks overrule a length.
        ({b"content-length": b"5", b"transfer-encoding": b"chunked"}, 3),
    ],
)
async def test_nobody_asks_for_more_than_was_announced(length: dict[bytes, bytes], asked: int):
    parts = [(b'{"byt', True), (b'es":7 }', True), (b"", False)]
    arriving = [{"type": "http.request", "body": part, "more_body": more} for part, more in parts]
    answered: list[Any] = []

    async def receive() -> Any:
        return arriving.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/whole",
        "query_string": b"",
        "headers": [
            (b"host", b"shop.example"),
            (b"content-type", b"application/json"),
            *length.items(),
        ],
        "client": ("10.0.0.1", 1),
    }
    app: Any = build_app([whole], Gate(secret_key=b"test"))
    await app.asgi_handler(scope, receive, send)
    assert (answered[0]["status"], answered[1]["body"]) == (200, b'{"bytes":7}')
    assert len(arriving) == len(parts) - asked


async def test_whoever_keeps_the_pace_has_time_and_nobody_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body, "BYTES_A_SECOND_MIN", 1)
    app: Any = build_app([sink], Gate(secret_key=b"test"))
    app.asgi_handler.limits.seconds_max = 0.5

    async def sent(first: int, pause_seconds: float) -> httpx.Response:
        async def slowly() -> AsyncIterator[bytes]:
            yield b"x" * first
            await asyncio.sleep(pause_seconds)
            yield b"x"

        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as one:
            return await one.post("/api/v1/sink", content=slowly(), headers=OCTETS)

    # The pause is longer than a request may take by itself.
    assert (await sent(60, 1.0)).json() == {"bytes": 61}
    refused = await sent(1, 60.0)
    assert (refused.status_code, refused.json()["code"]) == (503, "took-too-long")


@pytest.mark.parametrize(("expects", "heard"), [({}, 12), ({"Expect": "100-continue"}, 0)])
async def test_who_is_refused_is_heard_out_unless_it_waits(
    client: httpx.AsyncClient, expects: dict[str, str], heard: int
):
    """Who still sends when it is answered would not hear the answer."""
    sent: list[bytes] = []

    async def counted() -> AsyncIterator[bytes]:
        async for block in flood(12):
            sent.append(block)
            yield block

    said = {"Content-Type": "text/css", "Content-Length": str(12 << 20), **expects}
    answer = await client.post("/api/v1/sink", content=counted(), headers=said)
    assert (answer.status_code, len(sent)) == (415, heard)


async def test_who_announces_much_and_sends_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient
):
    monkeypatch.setattr(body, "HEARD_OUT_SECONDS_MAX", 0.1)

    async def silent() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b"x"

    said = {**OCTETS, "Content-Length": str(MOST + 1)}
    answer = await client.post("/api/v1/sink", content=silent(), headers=said)
    assert answer.status_code == 413
