"""The board on which web processes write how many callers they have, and who is sent away."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from crosslane.platform.callers import CLOSE, STALE_SECONDS, Board, Callers, open_board

NOW = 1_000.0
SOURCE = Path(__file__).parents[2] / "src"
OTHER = """
import sys
from crosslane.platform.callers import Board
board = Board(int(sys.argv[1]))
board.tell(int(sys.argv[2]), float(sys.argv[3]))
print("told", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def board() -> Iterator[IO[bytes]]:
    with open_board(3) as file:
        yield file


@contextmanager
def other(board: IO[bytes], callers: int, *, now: float = NOW) -> Iterator[None]:
    """Let another process live meanwhile that has told how many callers it has."""
    told = [str(board.fileno()), str(callers), str(now)]
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, *told],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        pass_fds=[board.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"told\n"
        yield


@pytest.mark.parametrize(
    ("ours", "others", "surplus"),
    [
        (38, [26], 6),
        (26, [38], 0),
        (5, [4], 0),
        (6, [4], 1),
        (64, [0], 32),
        (9, [0, 0], 6),
        (4, [3, 3], 0),
        (7, [], 0),
    ],
)
def test_callers_beyond_an_even_share_are_too_many(board, ours, others, surplus):
    with ExitStack() as living:
        for callers in others:
            living.enter_context(other(board, callers))
        mine = Board(board.fileno())
        mine.tell(ours, NOW)
        assert mine.surplus(NOW) == surplus


def test_a_process_that_has_fallen_silent_does_not_count(board):
    with other(board, 0, now=NOW):
        mine = Board(board.fileno())
        for later, surplus in ((0, 3), (STALE_SECONDS - 0.1, 3), (STALE_SECONDS + 0.1, 0)):
            mine.tell(6, NOW + later)
            assert mine.surplus(NOW + later) == surplus


def test_the_place_of_a_process_that_ended_is_free_again(board):
    for _ in range(8):  # the board has six places
        with other(board, 0):
            pass
    assert Board(board.fileno()).surplus(NOW) == 0


class Caller:
    """Somebody on one connection."""

    def __init__(self, callers: Callers, port: int) -> None:
        self._callers = callers
        self._scope = {"type": "http", "client": ("192.0.2.1", port)}

    async def is_sent_away(self) -> bool:
        """Ask once; tell whether the answer says to come back over another connection."""
        sent = []

        async def send(message):
            sent.append(message)

        await self._callers(self._scope, None, send)
        return CLOSE in sent[0]["headers"]


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def crowded(board: IO[bytes]) -> Iterator[Callers]:
    """Callers of one of two processes; the other has none."""
    with other(board, 0, now=time.monotonic() + 60):
        yield Callers(hello, Board(board.fileno()))


async def test_only_who_keeps_a_connection_is_sent_away_and_no_more_than_are_too_many(crowded):
    kept = [Caller(crowded, port) for port in range(6)]
    away = 0
    for number in range(4):
        once = [Caller(crowded, 1_000 * (number + 1) + port) for port in range(50)]
        assert not any([await each.is_sent_away() for each in once])
        away = sum([await each.is_sent_away() for each in kept])
        assert away == (0 if number < 3 else 3)
        crowded.look()


async def test_at_the_end_everybody_is_sent_away(crowded):
    crowded.send_all_away()
    assert await Caller(crowded, 1).is_sent_away()


async def test_a_process_that_is_alone_sends_nobody_away():
    alone = Callers(hello)
    alone.look()
    assert not await Caller(alone, 1).is_sent_away()
