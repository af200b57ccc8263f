"""Streams of segments that a mark ends and another releases, as EDIFACT and TRADACOMS have them.

They are cut as bytes and forgotten as they are read, however long a stream is: which letters they
are written in is not known before one of them says so.
"""

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

CHUNK_BYTES = 256 << 10
SEGMENT_BYTES_MAX = 64 << 10
BLANKS = " \t\r\n"
AROUND = b"\xef\xbb\xbf\x1a \t\r\n\0"
LATIN = "iso8859-1"


class TooLong(Exception):
    """A segment does not end within what one may have."""


class Segments:
    """The segments of a stream, one after the other.

    Args:
        stream: bytes.
        encoding: of them, "" when they say it themselves.

    Attributes:
        raw: what was fetched and not forgotten yet; likewise from where on it was not read.
    """

    def __init__(self, stream: BinaryIO, encoding: str = "") -> None:
        self._raws = _raws(stream, encoding)
        self.raw = b""
        self.at = 0

    @property
    def ahead(self) -> bytes:
        """The beginning of what was not read yet."""
        return self.raw[self.at : self.at + SEGMENT_BYTES_MAX]

    @property
    def left(self) -> bytes:
        """What was fetched and not read yet."""
        return self.raw[self.at :]

    def segment(self, ending: re.Pattern[bytes]) -> bytes:
        """Return the next segment with what ends it, b"" when the stream ends before.

        Args:
            ending: finds a segment with its end, see :func:`ending_of`.

        Raises:
            TooLong: it is.
        """
        while True:
            found = ending.match(self.raw, self.at)
            if found is not None:
                self.at = found.end()
                return found[0]
            if len(self.raw) - self.at > SEGMENT_BYTES_MAX:
                raise TooLong
            self.raw, self.at = self.left, 0
            if not self.more():
                return b""

    def skip_segment(self, end: bytes) -> None:
        """Go to where the next segment may begin."""
        while (at := self.raw.find(end, self.at)) < 0:
            self.forget()
            if not self.more():
                return
        self.at = at + 1

    def skip_blanks(self) -> bool:
        """Go to what is no blank; tell whether there is something."""
        while True:
            self.raw, self.at = self.left.lstrip(AROUND), 0
            if self.raw or not self.more():
                return bool(self.raw)

    def look_ahead(self) -> None:
        """Fetch so much that a whole segment is there, if there is one."""
        while len(self.raw) < SEGMENT_BYTES_MAX and self.more():
            pass

    def forget(self) -> None:
        """Leave what was fetched unread."""
        self.raw, self.at = b"", 0

    def more(self) -> bool:
        """Fetch more; tell whether there was something."""
        fetched = self.taken(next(self._raws, b""))
        self.raw += fetched
        return bool(fetched)

    def taken(self, fetched: bytes) -> bytes:
        """Return what is read of what was fetched."""
        return fetched


@lru_cache(16)
def ending_of(segment: bytes, release: bytes) -> re.Pattern[bytes]:
    """Return what finds a segment with the mark that ends it, unless that is released.

    Args:
        segment: the mark.
        release: what releases it, b"" for nothing.
    """
    end, release = re.escape(segment), re.escape(release)
    if not release:
        return re.compile(rb"[^%b]*%b" % (end, end))
    return re.compile(
        rb"[^%b%b]*(?:%b.[^%b%b]*)*%b" % (end, release, release, end, release, end), re.S
    )


def cut_at(text: str, mark: str, release: str) -> list[str]:
    """Split a text at a mark where it is not released; what releases stays in it."""
    parts = text.split(mark)
    if not release or release not in text:
        return parts
    last = parts.pop()
    found: list[str] = []
    held = ""
    for part in parts:
        if (len(part) - len(part.rstrip(release))) % 2:
            held += part + mark
        else:
            found.append(held + part)
            held = ""
    return [*found, held + last]


def _raws(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield the stream; where somebody says in which letters it is, in UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding else None
    while raw := stream.read(CHUNK_BYTES):
        text = decoder.decode(raw).encode() if decoder else raw
        if text:
            yield text
