"""A bad line between the application and PostgreSQL: it loses the answers to COMMIT.

Run as a program it prints where it listens. With a seed it spoils COMMITs by chance and cuts
connections now and then; a file gets a line for each.
"""

import argparse
import asyncio
import random
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

# What happens to a COMMIT: it never arrives; it arrives and the line breaks before its answer
# does; the same, but the line stays open and dumb; the answer comes late.
LOST, CUT, DUMB, LATE = "lost", "cut", "dumb", "late"
SPOILED_SHARE = {LOST: 0.01, CUT: 0.02, DUMB: 0.002, LATE: 0.02}
LATE_SECONDS = 0.3
CUT_SECONDS = 2.0
CHUNK_BYTES = 65_536
# A connection begins with a request that has no type: for encryption, to cancel, or to start.
ENCRYPT, ENCRYPT_GSS = 80877103, 80877104
COMMIT = b"commit\0"


class Proxy:
    """Passes on everything between TCP and a PostgreSQL on a socket file.

    Args:
        target: the socket file.
        choose: says what happens to the COMMIT at hand, "" for nothing.
        note: told of everything that was done.
    """

    def __init__(
        self,
        target: str,
        choose: Callable[[], str],
        note: Callable[[str], object] = lambda what: None,
    ) -> None:
        self._note = note
        self._target = target
        self._choose = choose
        self._lines: set[Line] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self, port: int = 0) -> AsyncIterator[int]:
        """Listen on a port, any free one when it is 0, until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for line in self._lines:
                line.cut()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def cut_one(self, choice: random.Random) -> None:
        """Cut a connection, whatever it is doing."""
        if self._lines:
            choice.choice(list(self._lines)).cut()
            self._note("any time")

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            far = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        line = Line((reader, writer), far, self._spoil)
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(line)
        self._serving.add(task)
        try:
            await line.run()
        finally:
            self._lines.discard(line)
            self._serving.discard(task)

    def _spoil(self) -> str:
        how = self._choose()
        if how:
            self._note(how)
        return how


class Line:
    """One connection through the proxy."""

    def __init__(
        self,
        near: tuple[StreamReader, StreamWriter],
        far: tuple[StreamReader, StreamWriter],
        spoil: Callable[[], str],
    ) -> None:
        self._near, self._far = near, far
        self._spoil = spoil
        self._fate = ""

    async def run(self) -> None:
        """Pass on until one side ends."""
        ways = [asyncio.ensure_future(self._ask()), asyncio.ensure_future(self._answer())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self.cut()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    def cut(self) -> None:
        """End it on both sides at once."""
        for _, writer in (self._near, self._far):
            writer.transport.abort()

    async def _ask(self) -> None:
        reader, writer = self._near[0], self._far[1]
        await self._greet()
        waiting = b""
        while chunk := await reader.read(CHUNK_BYTES):
            waiting += chunk
            whole, commits = _whole_messages(waiting)
            if commits:
                self._fate = self._spoil()
                if self._fate == LOST:
                    return
            writer.write(waiting[:whole])
            await writer.drain()
            waiting = waiting[whole:]

    async def _greet(self) -> None:
        reader, writer = self._near[0], self._far[1]
        while True:
            head = await reader.readexactly(8)
            length, code = int.from_bytes(head[:4]), int.from_bytes(head[4:])
            if code not in (ENCRYPT, ENCRYPT_GSS):
                writer.write(head + await reader.readexactly(length - 8))
                return
            self._near[1].write(b"N")

    async def _answer(self) -> None:
        reader, writer = self._far[0], self._near[1]
        while chunk := await reader.read(CHUNK_BYTES):
            fate = self._fate
            if fate == CUT:
                return
            if fate == DUMB:
                continue
            if fate == LATE:
                await asyncio.sleep(LATE_SECONDS)
            self._fate = ""
            writer.write(chunk)
            await writer.drain()
        if self._fate == DUMB:
            await asyncio.Event().wait()


def _whole_messages(data: bytes) -> tuple[int, bool]:
    """Return how many bytes are whole messages, and whether the last of them is COMMIT."""
    at, commits = 0, False
    while len(data) - at >= 5:
        end = at + 1 + int.from_bytes(data[at + 1 : at + 5])
        if end > len(data):
            break
        commits = data[at : at + 1] == b"Q" and data[at + 5 : end].lower() == COMMIT
        at = end
    return at, commits


async def _main(target: str, port: int, tally: Path, seed: int | None) -> None:
    choice = random.Random(seed)  # noqa: S311
    fates, shares = zip(*SPOILED_SHARE.items(), strict=True)
    rest = 1 - sum(shares)

    def choose() -> str:
        return choice.choices(("", *fates), (rest, *shares))[0] if seed is not None else ""

    with tally.open("a", buffering=1) as file:
        proxy = Proxy(target, choose, lambda what: file.write(f"{what}\n"))
        async with proxy.opened(port) as port:
            print(f"tcp://127.0.0.1:{port}", flush=True)
            while True:
                await asyncio.sleep(CUT_SECONDS * choice.uniform(0.5, 1.5))
                if seed is not None:
                    proxy.cut_one(choice)


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--target")
    words.add_argument("--tally", type=Path)
    words.add_argument("--seed", type=int)
    words.add_argument("--port", type=int)
    given = words.parse_args()
    asyncio.run(_main(given.target, given.port, given.tally, given.seed))
