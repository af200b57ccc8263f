"""Pieces of a file: the same ones however they are read, and each record read once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crosslane.channels import FAMILIES, Packs
from crosslane.channels.adapters.family import Family
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.domain.exchange import Seen
from crosslane.channels.service import pieces
from crosslane.channels.service.pieces import Piece, Reader
from crosslane.kernel import new_id
from crosslane.organization import Channel

RECORDS = 40
NOW = datetime(2030, 5, 1, tzinfo=UTC)
NOTHING_AGREED = Agreement(packs=Packs(), settings={})
SHOP = Channel(
    new_id(),
    "bazaar",
    "Bazaar",
    "marketplace",
    "m",
    "gb",
    "mf",
    "GBP",
    "GB",
    "en-GB",
    "inclusive",
    "UTC",
    (),
    "ship",
)


class Counted:
    """A family whose records are counted as they are read."""

    def __init__(self, family: Family) -> None:
        self.records = 0
        self._read = family.read
        self.family = msgspec.structs.replace(family, read=self.read)

    def read(self, stream: Any, context: Any) -> Iterator[Any]:
        for one in self._read(stream, context):
            self.records += 1
            yield one


@pytest.fixture(autouse=True)
def none_begun() -> Iterator[None]:
    pieces._begun.clear()
    yield
    for one in pieces._begun.values():
        one.close()
    pieces._begun.clear()


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of many records, a few a piece; that it is of lines is not known by its name."""
    monkeypatch.setattr(pieces, "PIECE_BYTES_MAX", 1_000)
    orders = ({"type": "order", "note": f"{n}" * 100} for n in range(RECORDS))
    path = tmp_path / "day.txt"
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in orders))
    return path


def cut(path: Path, counted: Counted, *, forgetful: bool = False) -> list[Piece]:
    """Read a file to its end, piece by piece, by turns that know one another by what they save."""
    reader = Reader(family=counted.family, channel=SHOP, agreed=NOTHING_AGREED, now=NOW)
    found: list[Piece] = []
    seen = Seen(path.name, "stamp", path.stat().st_size)
    while not (found and found[-1].is_last):
        if forgetful:
            pieces._begun.clear()
        with path.open("rb") as stream:
            digest = reader.digest(stream, path.name, "")
            read = reader.read(stream, seen, None, digest, found[-1].place if found else 0)
        assert isinstance(read, Piece), read
        found.append(read)
    return found


def bodies(found: list[Piece]) -> list[list[str]]:
    return [[one.body for one in piece.wish.readings] for piece in found if piece.wish]


def test_each_record_is_read_once(day: Path):
    counted = Counted(FAMILIES["orders-jsonl"])
    found = cut(day, counted)
    assert len(found) > 3
    assert sum(map(len, bodies(found))) == RECORDS
    assert counted.records == RECORDS
    assert not pieces._begun


def test_who_has_not_read_what_came_before_finds_the_same_pieces(day: Path):
    counted = Counted(FAMILIES["orders-jsonl"])
    alone = bodies(cut(day, counted, forgetful=True))
    assert counted.records > 2 * RECORDS
    assert alone == bodies(cut(day, Counted(FAMILIES["orders-jsonl"])))


def test_who_comes_back_to_another_place_begins_anew(day: Path):
    """What was read and not saved is read again."""
    counted = Counted(FAMILIES["orders-jsonl"])
    reader = Reader(family=counted.family, channel=SHOP, agreed=NOTHING_AGREED, now=NOW)
    seen = Seen(day.name, "stamp", day.stat().st_size)

    def read(place: int) -> Piece:
        with day.open("rb") as stream:
            found = reader.read(stream, seen, None, b"digest", place)
        assert isinstance(found, Piece)
        return found

    first = read(0)
    assert bodies([read(0)]) == bodies([first])
    assert read(first.place).place > first.place


def test_few_files_stay_open(day: Path):
    reader = Reader(family=FAMILIES["orders-jsonl"], channel=SHOP, agreed=NOTHING_AGREED, now=NOW)
    seen = Seen(day.name, "stamp", day.stat().st_size)
    opened: list[BufferedReader] = []
    for n in range(pieces.BEGUN_MAX + 3):
        with day.open("rb") as stream:
            reader.read(stream, seen, None, bytes([n]), 0)
        opened += [one.stream for one in pieces._begun.values() if one.stream not in opened]
    assert len(pieces._begun) == pieces.BEGUN_MAX
    assert [one.closed for one in opened] == [True] * 3 + [False] * pieces.BEGUN_MAX
