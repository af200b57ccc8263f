"""A connection to a counterpart serves one call after the other, and survives whatever it says."""

import asyncio
from collections.abc import AsyncIterator, Callable

import h11
import pytest

from crosslane.platform import outbound, outbound_http
from crosslane.platform.outbound import NoReply, Reply
from crosslane.platform.outbound_http import Line
from crosslane.platform.patience import look_until

Answers = Callable[[bytes], bytes | None]
"""What is said to a request; None hangs up without a word."""


class Talker:
    """A server that says what it is told to, byte for byte."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []
        self.answer: Answers = lambda _: OK
        self.hang_up = False
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while True:
                request = await _whole(reader)
                self.requests.append(request)
                answer = self.answer(request)
                writer.write(answer or b"")
                if answer is None or self.hang_up:
                    break
        except asyncio.IncompleteReadError:
            pass
        self._open.discard(writer)
        writer.close()

    def say(self, words: bytes) -> None:
        for writer in self._open:
            writer.write(words)

    def drop(self) -> None:
        for writer in self._open:
            writer.transport.abort()


async def _whole(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or b"0"))


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n"


@pytest.fixture
async def talker() -> AsyncIterator[Talker]:
    talker = Talker()
    server = await asyncio.start_server(talker.serve, "127.0.0.1", 0)
    talker.port = server.sockets[0].getsockname()[1]
    yield talker
    server.close()


@pytest.fixture
async def line(talker: Talker) -> AsyncIterator[Line]:
    line = Line(f"http://127.0.0.1:{talker.port}/api")
    yield line
    line.close()


async def ask(line: Line, method: str = "GET", content: bytes = b"") -> Reply:
    return await line.call(method, "/x", {"X-Key": "k"}, content, 100)


async def settled(condition: Callable[[], bool]) -> None:
    async def look() -> bool:
        return condition()

    assert await look_until(look, bool, seconds=5)


async def test_a_connection_serves_one_call_after_the_other(talker: Talker, line: Line) -> None:
    for _ in range(3):
        assert await ask(line, "POST", b"{}") == Reply(200, b"ok", {"content-length": "2"})
    assert talker.connections == 1
    assert len(talker.requests) == 3
    assert all(request.endswith(b"\r\n\r\n{}") for request in talker.requests)


async def test_calls_of_one_moment_have_a_connection_each_up_to_a_limit(
    talker: Talker, line: Line
) -> None:
    asked = outbound_http.CONNECTIONS_MAX + 8
    replies = await asyncio.gather(*(ask(line) for _ in range(asked)))
    assert replies == [Reply(200, b"ok", {"content-length": "2"})] * asked
    assert talker.connections <= outbound_http.CONNECTIONS_MAX


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (CHUNKED, b"ok!"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n", b""),
    ],
)
async def test_however_an_answer_is_framed_it_is_read_and_the_connection_goes_on(
    talker: Talker, line: Line, said: bytes, body: bytes
) -> None:
    talker.answer = lambda _: said
    assert (await ask(line)).body == body
    assert (await ask(line)).body == body
    assert (talker.connections, len(talker.requests)) == (1, 2)


async def test_of_an_answer_that_is_too_long_the_beginning_may_do(
    talker: Talker, line: Line
) -> None:
    talker.answer = lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + b"x" * 500
    reply = await line.call("GET", "/x", {}, b"", 100, cut=True)
    assert reply == Reply(200, b"x" * 100, {"content-length": "500"})
    talker.answer = lambda _: OK
    assert (await ask(line)).body == b"ok"
    assert talker.connections == 2  # nobody reads what is left of the first one


async def test_an_answer_that_ends_with_the_connection_is_read(talker: Talker, line: Line) -> None:
    talker.answer, talker.hang_up = (lambda _: b"HTTP/1.1 200 OK\r\n\r\nall of it"), True
    assert (await ask(line)).body == b"all of it"
    assert (await ask(line)).body == b"all of it"
    assert talker.connections == 2


async def test_an_answer_that_comes_letter_by_letter_is_read(talker: Talker, line: Line) -> None:
    talker.answer = lambda _: b""
    call = asyncio.create_task(ask(line))
    await settled(lambda: len(talker.requests) == 1)
    for place in range(len(OK)):
        talker.say(OK[place : place + 1])
        await asyncio.sleep(0)
    assert (await call).body == b"ok"


@pytest.mark.parametrize(
    "said",
    [
        None,
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
async def test_half_an_answer_and_nonsense_are_no_reply_and_end_the_connection(
    talker: Talker, said: bytes | None
) -> None:
    talker.answer, talker.hang_up = (lambda _: said), True
    base = f"http://127.0.0.1:{talker.port}"
    for _ in range(2):
        with pytest.raises(NoReply):
            await outbound.call(base, "POST", "/", headers={}, answer_bytes_max=100)
    # What nobody knows the outcome of is not sent a second time.
    assert (talker.connections, len(talker.requests)) == (2, 2)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
    ],
)
async def test_an_answer_beyond_its_limit_is_not_read(
    talker: Talker, line: Line, said: bytes
) -> None:
    talker.answer = lambda _: said
    with pytest.raises(NoReply, match="too large"):
        await ask(line)


@pytest.mark.parametrize(
    ("told", "seconds"), [(b"7", 7.0), (b"99999999999", 600.0), (b"soon", None), (b"", None)]
)
async def test_who_is_busy_says_when_to_come_back(
    talker: Talker, line: Line, told: bytes, seconds: float | None
) -> None:
    talker.answer = lambda _: (
        b"HTTP/1.1 503 Busy\r\nretry-after: " + told + b"\r\ncontent-length: 0\r\n\r\n"
    )
    with pytest.raises(NoReply, match="busy") as silence:
        await ask(line)
    assert (silence.value.after_seconds, silence.value.status) == (seconds, 503)


async def test_a_connection_dropped_while_it_waits_is_not_used_again(
    talker: Talker, line: Line
) -> None:
    await ask(line)
    talker.drop()
    await settled(lambda: not any(wire.is_free for wire in line._idle))
    assert (await ask(line)).body == b"ok"
    assert talker.connections == 2


async def test_what_nobody_asked_for_ends_the_connection(talker: Talker, line: Line) -> None:
    await ask(line)
    talker.say(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
    await settled(lambda: not any(wire.is_free for wire in line._idle))
    assert (await ask(line)).body == b"ok"


async def test_two_answers_to_one_request_are_not_taken_for_the_next_ones(
    talker: Talker, line: Line
) -> None:
    talker.answer = lambda _: OK + OK.replace(b"ok", b"no")
    assert (await ask(line)).body == b"ok"
    assert (await ask(line)).body == b"ok"
    assert talker.connections == 2


async def test_a_call_that_is_given_up_takes_its_connection_along(
    talker: Talker, line: Line
) -> None:
    talker.answer = lambda _: b""
    call = asyncio.create_task(ask(line))
    await settled(lambda: len(talker.requests) == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    talker.answer = lambda _: OK
    assert (await ask(line)).body == b"ok"
    assert talker.connections == 2


async def test_a_connection_leaves_when_nobody_needs_it(
    talker: Talker, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_http, "IDLE_SECONDS_MAX", 0.01)
    await ask(line)
    await settled(lambda: not talker._open)
    assert not line._idle


async def test_an_old_connection_gives_way_to_one_to_where_the_name_leads_now(
    talker: Talker, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_http, "CONNECTION_SECONDS_MAX", 0.0)
    await ask(line)
    await ask(line)
    assert talker.connections == 2


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\0b"])
async def test_a_header_cannot_smuggle_another(talker: Talker, line: Line, value: str) -> None:
    with pytest.raises(h11.LocalProtocolError):
        await line.call("GET", "/x", {"X-Key": value}, b"", 100)
    assert talker.requests == []
    assert (await ask(line)).body == b"ok"


async def test_nobody_there_is_told_apart_from_a_lost_answer(talker: Talker) -> None:
    talker.answer = lambda _: None
    for port, told in ((talker.port, "RemoteProtocolError"), (1, "it cannot be reached")):
        with pytest.raises(NoReply, match=told):
            base = f"http://127.0.0.1:{port}"
            await outbound.call(base, "GET", "/", headers={}, answer_bytes_max=9)


async def test_whoever_takes_too_long_gets_no_more_time(
    talker: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_http, "ANSWER_SECONDS_MAX", 0.05)
    talker.answer = lambda _: b""
    with pytest.raises(NoReply, match="it takes too long"):
        base = f"http://127.0.0.1:{talker.port}"
        await outbound.call(base, "GET", "/", headers={}, answer_bytes_max=9)
