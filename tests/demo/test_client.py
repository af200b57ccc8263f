"""The demo's own HTTP client against a server that misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crosslane.demo import client as client_module
from crosslane.demo.client import Client, Connections, Unexpected, Unreachable, key_of


def answer(status: int, body: bytes = b"{}", *, headers: str = "") -> bytes:
    kind = "application/problem+json" if status >= 400 else "application/json"
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{headers}\r\n".encode() + body


class Server:
    """Answers each request with the next of some answers; b"" closes the connection instead."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heads: list[str] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(line[15:]) for line in head.split("\r\n") if line.startswith("Content-Len")
                )
                await reader.readexactly(length)
                self.heads.append(head)
                told = self.answers.pop(0)
                if not told:
                    break
                writer.write(told)
        except EOFError:
            pass
        writer.close()


@asynccontextmanager
async def spoken_to(server: Server) -> AsyncIterator[Client]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    connections = Connections(f"http://127.0.0.1:{port}")
    try:
        yield Client(connections, "secret")
    finally:
        await connections.close()
        listening.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PAUSE_SECONDS_FIRST", 0.001)
    monkeypatch.setattr(client_module, "PAUSE_SECONDS_MAX", 0.002)


def key_in(head: str) -> str:
    return next(x for x in head.split("\r\n") if x.startswith("Idempotency-Key")).split(": ")[1]


async def test_a_connection_is_kept_and_a_change_carries_a_key_of_its_contents() -> None:
    server = Server(answer(200), answer(200), answer(200, b'{"items": [1], "next_cursor": null}'))
    async with spoken_to(server) as client:
        await client.send("orders", {"a": 1})
        await client.send("orders", {"a": 2})
        assert await client.get_all("orders", channel="web") == [1]
    assert server.connections == 1
    assert key_in(server.heads[0]) == key_of("POST", "orders", b'{"a":1}')
    assert key_in(server.heads[0]) != key_in(server.heads[1])
    assert "GET /api/v1/orders?limit=250&channel=web HTTP/1.1" in server.heads[2]
    assert "Idempotency-Key" not in server.heads[2]
    assert all("Authorization: Bearer secret" in head for head in server.heads)


LATER = "Retry-After: 0\r\n"


@pytest.mark.parametrize(
    "untimely",
    [
        b"",
        answer(429, headers=LATER),
        answer(503),
        answer(409, b'{"code": "still-working"}'),
    ],
)
async def test_what_is_no_answer_is_asked_again_under_the_same_key(untimely: bytes) -> None:
    server = Server(untimely, untimely, answer(201, b'{"id": 7}'))
    async with spoken_to(server) as client:
        assert await client.send("orders", {"a": 1}) == {"id": 7}
    assert len({key_in(head) for head in server.heads}) == 1
    assert len(server.heads) == 3


async def test_a_refusal_is_an_answer() -> None:
    refused = answer(409, b'{"code": "identity-taken"}')
    server = Server(refused, refused)
    async with spoken_to(server) as client:
        told = await client.ask("customers", {})
        assert (told.ok, told.code) == (False, "identity-taken")
        with pytest.raises(Unexpected, match="identity-taken"):
            await client.send("customers", {})


async def test_patience_ends() -> None:
    silent = Server(*[b""] * client_module.TRIES_MAX)
    async with spoken_to(silent) as client:
        with pytest.raises(Unreachable):
            await client.send("orders", {})
    busy = Server(*[answer(503)] * client_module.TRIES_MAX)
    async with spoken_to(busy) as client:
        assert (await client.ask("orders", {})).status == 503
