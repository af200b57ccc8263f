"""Callers that keep their connections, shared evenly among the web processes of one port.

The kernel gives a new connection to any of these processes by chance, and whoever keeps it stays.
Of 64 callers 38 may have come to one of two processes, where all of them wait longer; a process
that was started again has none. So each process writes on a board, memory that all of them share,
how many callers it has, and who has more than an even share asks those it has too many to come back
over another connection (`Connection: close`), to wherever chance sends them then.
"""

import asyncio
import fcntl
import mmap
import tempfile
import time
from typing import IO, Any, cast

LOOK_SECONDS = 0.5
STALE_SECONDS = 4 * LOOK_SECONDS
WORD_BYTES = 8
WORDS_PER_PLACE = 2
CLOSE = (b"connection", b"close")


def open_board(processes: int) -> IO[bytes]:
    """Make an empty board; whoever inherits its file can join.

    Args:
        processes: how many share it.
    """
    file = cast(IO[bytes], tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - the caller's
    # Twice as many places, so that nobody waits for one whose process has not quite ended.
    file.truncate(2 * processes * WORDS_PER_PLACE * WORD_BYTES)
    return file


class Board:
    """How many callers each process has; one place of it is ours as long as this object lives.

    Args:
        descriptor: number of the board's open file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._words = memoryview(mmap.mmap(descriptor, 0)).cast("Q")
        self._places = range(0, len(self._words), WORDS_PER_PLACE)
        self._ours = self._take_place()

    def tell(self, callers: int, now: float) -> None:
        """Write how many callers we have.

        Args:
            callers: so many.
            now: the monotonic clock, which is the same in all processes.
        """
        self._words[self._ours] = callers
        self._words[self._ours + 1] = _milliseconds(now)

    def surplus(self, now: float) -> int:
        """Return how many callers we have beyond an even share of those of all living processes."""
        since = _milliseconds(now - STALE_SECONDS)
        told = [self._words[place] for place in self._places if self._words[place + 1] > since]
        share = -(-sum(told) // len(told)) if told else 0
        return max(0, self._words[self._ours] - share)

    def _take_place(self) -> int:
        for place in self._places:
            try:
                # The kernel gives it back when this process ends, however that happens.
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                continue
            return place
        raise RuntimeError("every place on the board is taken")


def _milliseconds(seconds: float) -> int:
    return max(0, round(seconds * 1_000))


class Callers:
    """Wraps an application; tells some callers, at the end all, to come back elsewhere.

    Those count who ask in two looks that follow each other: who keeps a connection and uses it.

    Args:
        app: the ASGI application.
        board: where the other processes look, None for a process that is alone.
    """

    def __init__(self, app: Any, board: Board | None = None) -> None:
        self._app = app
        self._board = board
        self._here: set[Any] = set()
        self._before: set[Any] = set()
        self._surplus_before = 0
        self._to_send_away = 0
        self._sends_all_away = False

    def watch(self) -> None:
        """Look every LOOK_SECONDS, for as long as the event loop turns."""
        self.look()
        asyncio.get_running_loop().call_later(LOOK_SECONDS, self.watch)

    def look(self) -> None:
        """Tell the others how many callers there are, and decide how many must go."""
        if self._board is None:
            return
        now = time.monotonic()
        self._board.tell(len(self._here & self._before), now)
        surplus = self._board.surplus(now)
        # Seen twice: at a first look others may not have counted those who have just come to them.
        self._to_send_away = min(surplus, self._surplus_before)
        self._surplus_before = 0 if self._to_send_away else surplus
        self._before, self._here = self._here, set()

    def send_all_away(self) -> None:
        """Ask every caller to come back over another connection, for the end is near."""
        self._sends_all_away = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        caller = scope.get("client")
        if self._board is not None:
            self._here.add(caller)

        # No coroutine of its own around each of the server's: there are two for every answer.
        def telling(message: Any) -> Any:
            if message["type"] == "http.response.start" and self._is_sent_away(caller):
                message["headers"] = [*message["headers"], CLOSE]
            return send(message)

        await self._app(scope, receive, telling)

    def _is_sent_away(self, caller: Any) -> bool:
        if self._to_send_away and caller in self._before:
            self._to_send_away -= 1
            return True
        return self._sends_all_away
