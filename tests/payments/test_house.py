"""The adapter of the house protocol against counterparts that answer badly."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from crosslane.payments.domain import Deed, OperationState
from crosslane.payments.provider import AnswerUnknown, Ask, HouseProvider, ProviderSettings, house
from crosslane.platform import outbound_http, outbound_wire

ASK = Ask("payments.capture:1", Deed.CAPTURE, 500, "GBP", "", "auth/../1", uuid4())
DONE = b'{"key":"k","id":"capt_1","status":"succeeded","reason":"","more":[1,2]}'

Answering = Callable[..., HouseProvider]


class Counterpart:
    """A server that sends the same bytes to everybody, or nothing at all."""

    def __init__(self) -> None:
        self.answer = b""
        self.seen = b""
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen = await reader.readuntil(b"\r\n\r\n")
        if self.answer:
            writer.write(self.answer)
            await writer.drain()
        else:
            await reader.read()
        writer.close()


@pytest.fixture
async def counterpart() -> AsyncIterator[Counterpart]:
    counterpart = Counterpart()
    server = await asyncio.start_server(counterpart.serve, "127.0.0.1", 0)
    counterpart.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield counterpart
    server.close()


def answer(status: int, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} x", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def provider(url: str) -> HouseProvider:
    return HouseProvider(ProviderSettings("house", "house", url, "key_1", "whsec_x"))


async def test_a_good_answer_is_read_and_the_key_goes_along(counterpart: Counterpart):
    counterpart.answer = answer(201, DONE)
    told = await provider(counterpart.url).do(ASK)
    assert (told.state, told.reference) == (OperationState.DONE, "capt_1")
    seen = counterpart.seen.decode().lower()
    assert seen.startswith("post /v1/authorizations/auth%2f..%2f1/captures ")
    assert "idempotency-key: payments.capture:1" in seen
    assert "authorization: bearer key_1" in seen


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (answer(500, b"{}"), "HTTP 500"),
        (answer(302, b"", "location: http://127.0.0.1:1/"), "HTTP 302"),
        (answer(401, b"{}"), "HTTP 401"),
        (answer(200, b"<html>"), "cannot be read"),
        (answer(200, b"[" * 5000), "cannot be read"),
        (answer(200, b'{"key":"k","id":"x","status":"odd"}'), "cannot be read"),
        (answer(422, b'{"error":"key_reused"}'), "cannot be read"),
        (answer(200, b"x" * (house.ANSWER_BYTES_MAX + 1)), "too large"),
        (b"nonsense\r\n\r\n", "Protocol"),
        (answer(200, DONE)[:-20], "Protocol"),
    ],
)
async def test_a_bad_answer_is_an_unknown_one(counterpart: Counterpart, sent, reason):
    counterpart.answer = sent
    with pytest.raises(AnswerUnknown, match=reason):
        await provider(counterpart.url).do(ASK)


async def test_a_busy_provider_says_when_to_ask_again(counterpart: Counterpart):
    counterpart.answer = answer(429, b"", "retry-after: 7")
    with pytest.raises(AnswerUnknown) as told:
        await provider(counterpart.url).do(ASK)
    assert told.value.after_seconds == 7
    counterpart.answer = answer(429, b"", "retry-after: 99999999")
    with pytest.raises(AnswerUnknown) as told:
        await provider(counterpart.url).find("k")
    assert told.value.after_seconds == outbound_wire.RETRY_AFTER_SECONDS_MAX


async def test_silence_ends(counterpart: Counterpart, monkeypatch):
    monkeypatch.setattr(outbound_http, "ANSWER_SECONDS_MAX", 0.1)
    with pytest.raises(AnswerUnknown, match="takes too long"):
        await provider(counterpart.url).do(ASK)


async def test_nobody_there_is_unknown():
    with pytest.raises(AnswerUnknown, match="cannot be reached"):
        await provider("http://127.0.0.1:1").find("k")


async def test_what_never_arrived_is_told_from_what_failed(counterpart: Counterpart):
    counterpart.answer = answer(404, b"{}")
    assert await provider(counterpart.url).find("k") is None
    counterpart.answer = answer(402, DONE.replace(b"succeeded", b"failed"))
    told = await provider(counterpart.url).do(ASK)
    assert told.state is OperationState.FAILED
