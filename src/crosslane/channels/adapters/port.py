"""What reading a text needs, whatever its format: faults, limits, encodings, lines."""

import codecs
from collections.abc import Iterator
from typing import Any

import msgspec

from crosslane.channels.errors import NotText, TooManyRecords
from crosslane.kernel import Refusal
from crosslane.platform.web import decode_json

JSON = "application/json"
LINES = "application/x-ndjson"
CSV = "text/csv"
FORM = "application/x-www-form-urlencoded"
# What is taken in at once, whichever way it comes.
BODY_BYTES_MAX = 8 << 20
RECORDS_MAX = 20_000
RECORD_CHARACTERS_MAX = 1 << 20
DETAIL_CHARACTERS_MAX = 500
ENCODINGS = ("utf-8", "iso-8859-1", "cp1252")


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
