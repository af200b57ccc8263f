"""What every adapter is: a name, what it can bring, and a function from text to records."""

import codecs
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from crosslane.channels.domain.messages import Message
from crosslane.channels.errors import NotText, TooManyRecords
from crosslane.kernel import Refusal
from crosslane.platform.web import decode_json

JSON = "application/json"
LINES = "application/x-ndjson"
CSV = "text/csv"
RECORDS_MAX = 20_000
RECORD_CHARACTERS_MAX = 1 << 20
DETAIL_CHARACTERS_MAX = 500
ENCODINGS = ("utf-8", "iso-8859-1", "cp1252")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a text comes from, as far as reading it needs to know.

    Args:
        channel: code of the channel.
        currency: ISO 4217, the channel's.
        delimiter: between the columns of a row.
    """

    channel: str
    currency: str
    delimiter: str = ","


class Fault(msgspec.Struct, frozen=True):
    """Why a record is not taken.

    Args:
        code: stable name of the reason.
        detail: for people.
        pointer: JSON pointer into the record, or the column of a row.
    """

    code: str
    detail: str
    pointer: str = ""

    @classmethod
    def of(cls, refusal: Refusal, *, at: str = "") -> "Fault":
        """Return a refusal as a fault; ``at`` is the pointer to what was refused."""
        detail = refusal.message[:DETAIL_CHARACTERS_MAX]
        return cls(refusal.code, detail, at + refusal.pointer)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a text: a line, or the rows of one order.

    Args:
        place: number of its first line in the text, from 1.
        body: as received.
        message: what it says, None when it says nothing that can be read.
        fault: why it cannot be taken, None when it can.
    """

    place: int
    body: str
    message: Message | None = None
    fault: Fault | None = None


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A text, taken apart. Head, bodies in the order of their places, and tail are all of it.

    Args:
        records: what it says.
        head: lines before the records, such as a header.
        tail: lines after them.
    """

    records: Sequence[Record]
    head: str = ""
    tail: str = ""


class Adapter(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How one format is read.

    Args:
        name: of the format.
        media_types: in which it may be sent, the usual one first; ``application/json`` is one
            record that may have several lines.
        brings: kinds of canonical messages it can bring.
        parse: takes a text apart; raises a Refusal when it is none of this format at all.
        point: turns a pointer into a message into one into the record it was read from.
    """

    name: str
    media_types: tuple[str, ...]
    brings: frozenset[str]
    parse: Callable[[str, Source], Parsed]
    point: Callable[[str], str] = str


def decode_text(raw: bytes, encoding: str) -> str:
    """Return a body as text, without a byte order mark.

    Raises:
        NotText: it is not of this encoding, or holds NUL.
    """
    try:
        text = raw.removeprefix(codecs.BOM_UTF8 if encoding == "utf-8" else b"").decode(encoding)
    except UnicodeDecodeError:
        raise NotText(pointer="/encoding", encoding=encoding) from None
    if "\x00" in text:
        raise NotText(pointer="/encoding", encoding=encoding)
    return text


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their numbers from 1.

    Raises:
        TooManyRecords: there are more than RECORDS_MAX.
    """
    taken = begin = number = 0
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        line, begin, number = text[begin:end], end + 1, number + 1
        if line.strip():
            taken += 1
            if taken > RECORDS_MAX:
                raise TooManyRecords(most=RECORDS_MAX)
            yield number, line.removesuffix("\r")


def read_line(line: str, of: Any) -> Any:
    """Read one line of JSON; a reading that must be refused is returned as its fault."""
    if len(line) > RECORD_CHARACTERS_MAX:
        return Fault("record-too-large", f"A record has at most {RECORD_CHARACTERS_MAX} characters")
    try:
        return decode_json(line.encode(), of)
    except Refusal as refusal:
        return Fault.of(refusal)
