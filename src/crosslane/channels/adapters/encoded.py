"""Texts of XML as they come: in the encoding that a mark, a declaration or the sender names."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.port import Fault

CHUNK_BYTES = 256 << 10
PROLOGUE_BYTES = 400
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-2": "iso-8859-2",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "windows-1250": "cp1250",
    "cp1252": "cp1252",
}
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_DECLARED = re.compile(r"""(<\?xml[^>]*?)\s+encoding\s*=\s*["']([\w.:-]+)["']""")


def undeclared(text: str) -> str:
    """Return the beginning of a document without its encoding, which it no longer has."""
    return _DECLARED.sub(r"\1", text, count=1)


def texts_of(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield a stream as text; what is no text in its encoding is kept so that it is noticed.

    Raises:
        NotReadable: its encoding is not known.
    """
    raw = stream.read(CHUNK_BYTES)
    mark = next((mark for mark in MARKS if raw.startswith(mark[0])), None)
    declared = encoding or (mark[1] if mark else _declared(raw))
    known = ENCODINGS.get(declared.lower().replace("_", "-"))
    if known is None:
        raise NotReadable(Fault("encoding-unknown", f"The encoding {declared[:40]} is not known"))
    raw = raw.removeprefix(codecs.BOM_UTF8) if known == "utf-8" else raw
    errors = "surrogateescape" if not known.startswith("utf-16") else "replace"
    decoder = codecs.getincrementaldecoder(known)(errors)
    while raw:
        if text := decoder.decode(raw):
            yield text
        raw = stream.read(CHUNK_BYTES)
    yield decoder.decode(b"", True)


def _declared(raw: bytes) -> str:
    if raw.startswith((b"<\x00", b"\x00<")):
        return "utf-16le" if raw[1:2] == b"\x00" else "utf-16be"
    found = _DECLARED.search(raw[:PROLOGUE_BYTES].decode("ascii", "replace"))
    return found[2] if found else "utf-8"
