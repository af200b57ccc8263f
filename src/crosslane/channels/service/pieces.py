"""Pieces: a file of any size is read as bodies that intake takes, one after the other.

A text of a message a line is cut between lines and goes on at a byte. Any other goes on after the
records that were taken. What stands around a record is only known to who has read it, so such a
file stays open between its pieces, and is read once from beginning to end; only another process, or
one that comes late, reads it anew up to where it was. Tables, and records that are understood only
together, are one piece.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader, BytesIO
from itertools import islice
from uuid import UUID

import msgspec

from crosslane.channels.adapters import JSON, LINES, RECORDS_MAX, Family, Fault, Reading
from crosslane.channels.adapters.family import Context
from crosslane.channels.adapters.port import BODY_BYTES_MAX
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.domain.exchange import Seen
from crosslane.channels.errors import NothingSent, TooManyRecords
from crosslane.channels.service.intake import Receive, context_of
from crosslane.channels.service.mapping import MappingView
from crosslane.kernel import Refusal
from crosslane.organization import Channel
from crosslane.platform.telemetry import Log

FILE_BYTES_MAX = 1 << 30
PIECE_BYTES_MAX = BODY_BYTES_MAX
LINE_BYTES_MAX = 32 << 20
FAULTS_SHOWN_MAX = 100
BLOCK_BYTES = 1 << 20
# Files that are open between their pieces, and for how long nobody need come.
BEGUN_MAX = 4
BEGUN_SECONDS = 60.0
SUFFIXES = {".jsonl": LINES, ".ndjson": LINES, ".json": JSON}
log = Log(__name__)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a file is not taken, as it is written beside it.

    Args:
        file: its name.
        code: stable name of the reason; likewise words for people, and what of it is meant.
        taken: how many of its records were taken before, or bytes of a text of lines.
        faults: what is wrong with its records, the first ones.
        at: when it was read.
    """

    file: str
    code: str
    detail: str
    pointer: str = ""
    taken: int = 0
    faults: tuple[tuple[int, Fault], ...] = ()
    at: datetime


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a file.

    Args:
        seen: the file.
        digest: by what it is known.
        wish: what is to be taken in, None when nothing is left.
        place: from where to go on.
        is_last: nothing follows.
    """

    seen: Seen
    digest: bytes
    wish: Receive | None
    place: int
    is_last: bool


class Begun(msgspec.Struct, kw_only=True):
    """A file that is open between two of its pieces.

    Args:
        stream: its content.
        readings: what is left of it.
        following: the first of that, when it was looked at already.
        mapping: what its columns mean.
        agreed: what was agreed on with its channel.
        place: after how many records it goes on.
        left_at: since when nobody has read on, by the clock of this process.
    """

    stream: BufferedReader
    readings: Iterator[Reading]
    following: Reading | None = None
    mapping: MappingView | None
    agreed: Agreement
    place: int
    left_at: float = 0.0

    def first(self, bytes_max: int) -> list[Reading]:
        """Return as many records as a body may have; none follows when ``following`` is None."""
        found: list[Reading] = []
        left = bytes_max
        one = self.following or next(self.readings, None)
        while one is not None and len(found) < RECORDS_MAX and (left > 0 or not found):
            found.append(one)
            left -= len(one.body)
            one = next(self.readings, None)
        self.following = one
        self.place += len(found)
        return found

    def close(self) -> None:
        """Let it go."""
        self.stream.close()


_begun: dict[tuple[UUID, bytes], Begun] = {}


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Reads the files of a channel.

    Args:
        family: what they are of.
        channel: where they come from.
        agreed: what was agreed on with it.
        now: the time they are read.
    """

    family: Family
    channel: Channel
    agreed: Agreement
    now: datetime

    def digest(self, stream: BufferedReader, name: str, mapping: str) -> bytes:
        """Return by what a file is known: its content, and as what that is read."""
        how = f"{self.family.name}\0{self._media_type(name)}\0{mapping}\0"
        known = hashlib.blake2b(how.encode(), digest_size=16)
        while block := stream.read(BLOCK_BYTES):
            known.update(block)
        stream.seek(0)
        return known.digest()

    def read(
        self,
        stream: BufferedReader,
        seen: Seen,
        mapping: MappingView | None,
        digest: bytes,
        place: int,
    ) -> Piece | Reason:
        """Read the next piece of a file.

        Args:
            stream: its content, from the beginning.
            seen: the file.
            mapping: what its columns mean.
            digest: by what it is known.
            place: how far it was read.
        """
        try:
            if seen.bytes > FILE_BYTES_MAX:
                most = f"A file has at most {FILE_BYTES_MAX >> 20} MiB"
                return self._reason(seen, Fault("file-too-large", most), place)
            context = self._context(seen, mapping)
            readings, following, is_last = self._cut(stream, context, mapping, digest, place)
            if not (readings or place):
                raise NothingSent
        except Refusal as refusal:
            return self._reason(seen, Fault.of(refusal), place)
        # What is wrong with an adapter must not keep other files from being read.
        except Exception as error:
            log.error("an adapter failed", error, family=self.family.name)
            detail = f"The adapter {self.family.name} has failed: {type(error).__name__}"
            return self._reason(seen, Fault("adapter-failed", detail), place)
        faults = [(one.place, one.fault) for one in readings if one.fault and not one.messages]
        if readings and is_last and not place and len(faults) == len(readings):
            return self._reason(seen, faults[0][1], place, tuple(faults[:FAULTS_SHOWN_MAX]))
        wish = self._wish(seen, mapping, digest, place, readings, context) if readings else None
        return Piece(seen=seen, digest=digest, wish=wish, place=following, is_last=is_last)

    def _reason(
        self, seen: Seen, fault: Fault, taken: int, faults: tuple[tuple[int, Fault], ...] = ()
    ) -> Reason:
        return Reason(
            file=seen.name,
            code=fault.code,
            detail=fault.detail,
            pointer=fault.pointer,
            taken=taken,
            faults=faults,
            at=self.now,
        )

    def _media_type(self, name: str) -> str:
        told = SUFFIXES.get(name[name.rfind(".") :].lower(), "")
        return told if told in self.family.media_types else ""

    def _context(self, seen: Seen, mapping: MappingView | None) -> Context:
        return msgspec.structs.replace(
            context_of(self.family, self.channel, self.agreed, {}, self.now, ","),
            media_type=self._media_type(seen.name),
            mapping=mapping.mapping if mapping else None,
        )

    def _cut(
        self,
        stream: BufferedReader,
        context: Context,
        mapping: MappingView | None,
        digest: bytes,
        place: int,
    ) -> tuple[list[Reading], int, bool]:
        """Return the records of a piece, where the next one begins, and whether there is none."""
        if context.media_type == LINES and not self.family.together:
            stream.seek(place)
            body, is_last = _lines(stream)
            readings = list(self.family.read(BytesIO(body), context)) if body.strip() else []
            return readings, place + len(body), is_last
        key = self.channel.id, digest
        begun = _begun.pop(key, None)
        how = (place, mapping, self.agreed)
        if begun is None or (begun.place, begun.mapping, begun.agreed) != how:
            begun = self._begin(stream, context, mapping, place)
        try:
            readings = begun.first(FILE_BYTES_MAX if self.family.together else PIECE_BYTES_MAX)
            if begun.following is None:
                begun.close()
            elif self.family.together:
                raise TooManyRecords(most=RECORDS_MAX)
            else:
                _keep(key, begun)
        except BaseException:
            begun.close()
            raise
        return readings, begun.place, begun.following is None

    def _begin(
        self, stream: BufferedReader, context: Context, mapping: MappingView | None, place: int
    ) -> Begun:
        """Open a file for itself, which outlives this piece, and go to where it was read."""
        own = open(os.dup(stream.fileno()), "rb")  # noqa: SIM115
        own.seek(0)
        left = islice(self.family.read(own, context), place, None)
        return Begun(stream=own, readings=left, mapping=mapping, agreed=self.agreed, place=place)

    def _wish(
        self,
        seen: Seen,
        mapping: MappingView | None,
        digest: bytes,
        place: int,
        readings: list[Reading],
        context: Context,
    ) -> Receive:
        acknowledge = self.family.acknowledge
        return Receive(
            channel=self.channel.code,
            format=self.family.name,
            file_name=seen.name,
            encoding="",
            delimiter=(mapping.mapping.delimiter if mapping else "") or ",",
            mapping=mapping.name if mapping else "",
            digest=digest,
            bytes=sum(len(one.body.encode()) for one in readings) or 1,
            readings=tuple(readings),
            delivery=f"file:{digest.hex()}:{place}",
            acknowledged=tuple(acknowledge(readings, context)) if acknowledge else (),
        )


def _lines(stream: BufferedReader) -> tuple[bytes, bool]:
    """Return whole lines, as many as a body may have, and whether they are the last ones.

    A line that is longer than any record is cut; neither half of it can be understood.
    """
    lines: list[bytes] = []
    left = PIECE_BYTES_MAX
    while left > 0 and len(lines) < RECORDS_MAX:
        line = stream.readline(LINE_BYTES_MAX)
        if not line:
            return b"".join(lines), True
        lines.append(line)
        left -= len(line)
    return b"".join(lines), not stream.peek(1)


def _keep(key: tuple[UUID, bytes], begun: Begun) -> None:
    """Keep a file open for who reads on, and let go those that nobody has come back to."""
    begun.left_at = time.monotonic()
    _begun[key] = begun
    for other, one in sorted(_begun.items(), key=lambda each: each[1].left_at):
        is_too_much = len(_begun) > BEGUN_MAX or one.left_at < begun.left_at - BEGUN_SECONDS
        if is_too_much and (gone := _begun.pop(other, None)) is not None:
            gone.close()
