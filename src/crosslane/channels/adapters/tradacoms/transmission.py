"""Cutting a stream of TRADACOMS into its messages, however long it is, and counting them.

It is written by UN/GTDI: ``CODE=`` begins a segment, ``'`` ends it, ``+`` and ``:`` stand between
elements and their components, ``?`` releases. The marks are always these. Letters are UTF-8 where
they are, else Latin 1. A file of orders has a header, which goes along with each of its orders, and
a trailer that counts them; what does not add up is told as a record of its own, since the messages
before it were read already.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi_stream import (
    AROUND,
    LATIN,
    SEGMENT_BYTES_MAX,
    Segments,
    TooLong,
    cut_at,
    ending_of,
)
from crosslane.channels.adapters.port import Fault

MESSAGE_BYTES_MAX = 1 << 20
ENDING = ending_of(b"'", b"?")
# Lines of a fixed length end wherever they do, and no letter of a text is a line's end.
BREAKS = re.compile(r"[\r\n]+")
SERVICE = frozenset((b"STX", b"BAT", b"MHD", b"MTR", b"EOB", b"END"))
HEADER, ORDERS, TRAILER, RECONCILED = "ORDHDR", "ORDERS", "ORDTLR", "RSGRSG"


class Cut(NamedTuple):
    """A record as it stands in the stream: a message in its envelope, or what is wrong with one.

    Args:
        body: its text.
        stx: elements of the transmission's first segment, as written.
        header: the message before it that is its file's header, "" where there is none.
        head: the envelope before it, as received; likewise what must follow.
        fault: why it cannot be read.
    """

    body: str
    stx: list[str]
    header: str = ""
    head: str = ""
    tail: str = ""
    fault: Fault | None = None


class Cutter(Segments):
    """A stream of transmissions, cut while it is read.

    Args:
        stream: bytes.
        encoding: of them, "" when they do not say.
    """

    def cuts(self) -> Iterator[Cut]:
        """Yield the messages in their order, and after them what does not add up.

        Raises:
            NotReadable: what follows is no transmission.
        """
        while self.skip_blanks():
            yield from self._transmission()

    def _transmission(self) -> Iterator[Cut]:
        envelope = self._beginning()
        body: list[bytes] = []
        size, lost = 0, False
        while True:
            try:
                raw = self.segment(ENDING)
            except TooLong:
                yield envelope.too_long(b"".join(body) or self.ahead)
                body, lost = [], True
                self.skip_segment(b"'")
                continue
            if not raw:
                break
            text = raw.translate(None, b"\r\n").strip(AROUND)
            tag = text.partition(b"=")[0].strip()
            if tag not in SERVICE:
                if body:
                    body.append(raw)
                    size += len(raw)
                elif not lost and text != b"'":
                    yield envelope.outside(text)
                    lost = True
                if size > MESSAGE_BYTES_MAX:
                    yield envelope.too_long(b"".join(body))
                    body, size, lost = [], 0, True
                continue
            lost = False
            if body and tag != b"MTR":
                yield envelope.unended(b"".join(body))
                body = []
            if tag == b"STX":
                self.at -= len(raw)
                yield from envelope.ended(None)
                return
            if tag == b"MHD":
                body, size = [raw.lstrip(AROUND)], len(raw)
            elif tag == b"MTR" and body:
                yield from envelope.message(b"".join((*body, raw)))
                body = []
            else:
                yield from envelope.control(text)
            if tag == b"END":
                return
        if body:
            yield envelope.unended(b"".join((*body, self.left)))
        elif self.left.strip(AROUND) and not lost:
            yield envelope.outside(self.ahead.strip(AROUND))
        self.forget()
        yield from envelope.ended(None)

    def _beginning(self) -> "_Envelope":
        """Read the first segment of a transmission.

        Raises:
            NotReadable: it is none.
        """
        self.look_ahead()
        if not re.match(rb"STX\s*=", self.raw):
            raise NotReadable(Fault("not-tradacoms", "It does not begin with STX=", "/STX"))
        found = ENDING.match(self.raw)
        if found is None:
            raise NotReadable(Fault("not-tradacoms", "Nothing ends the segment STX", "/STX"))
        self.at = found.end()
        return _Envelope(found[0].strip(AROUND))


class _Envelope:
    """What stands around messages, and what was found in it so far."""

    def __init__(self, stx: bytes) -> None:
        self._stx_text = text_of(stx)
        self._stx = elements_of(BREAKS.sub("", self._stx_text))
        self._bat_text = ""
        self._header = ""
        # In all, in the batch, and orders of the file.
        self._messages = self._batched = self._orders = 0

    def message(self, raw: bytes) -> Iterator[Cut]:
        """Go on by a message; yield what it is, unless it only holds a file together."""
        self._count()
        text = text_of(raw)
        begin = elements_of(_segments(text)[0])
        kind = begin[1].partition(":")[0].strip() if len(begin) > 1 else ""
        if kind == HEADER:
            yield from self._unended_file()
            self._header = text
        elif kind == TRAILER:
            yield from self._trailer(text)
        elif kind == RECONCILED:
            yield from self._reconciled(text)
        else:
            self._orders += kind == ORDERS
            fault = None
            if kind == ORDERS and not self._header:
                detail = "No ORDHDR says what kind of orders these are"
                fault = Fault("header-missing", detail, "/1/MHD")
            yield self._cut(text, fault, ordered=kind == ORDERS)

    def unended(self, raw: bytes) -> Cut:
        """Return a message that has no end."""
        self._count()
        fault = Fault("message-cut-off", "The message does not end", "/MTR")
        return self._cut(text_of(raw.rstrip(AROUND)), fault)

    def too_long(self, raw: bytes) -> Cut:
        """Return the beginning of what is longer than messages may be."""
        self._count()
        most = f"{MESSAGE_BYTES_MAX} bytes, a segment {SEGMENT_BYTES_MAX}"
        fault = Fault("record-too-large", f"A message has at most {most}", "/MHD")
        return self._cut(text_of(raw), fault)

    def outside(self, raw: bytes) -> Cut:
        """Return a segment that stands in no message."""
        fault = Fault("segment-outside", f"{text_of(raw[:3])} stands in no message", "/MHD")
        return self._cut(text_of(raw), fault)

    def control(self, raw: bytes) -> Iterator[Cut]:
        """Go on by a segment of the envelope; yield what does not add up."""
        text = text_of(raw)
        tag = text.partition("=")[0].strip()
        if tag == "BAT":
            yield from self._unended_file()
            if self._bat_text:
                yield self._wrong("batch-cut-off", "The batch before it does not end", "/EOB", text)
            self._bat_text, self._batched = text, 0
        elif tag == "EOB":
            yield from self._unended_file()
            yield from self._counted(text, self._batched, "messages")
            self._bat_text = ""
        elif tag == "MTR":
            yield self._wrong("message-unbegun", "MTR ends no message", "/MTR", text)
        else:
            yield from self.ended(text)

    def ended(self, text: str | None) -> Iterator[Cut]:
        """Yield what does not add up at the end of the transmission, None when it has none."""
        yield from self._unended_file()
        if self._bat_text:
            yield self._wrong("batch-cut-off", "The batch does not end", "/EOB", text or "END='")
        if text is None:
            detail = "The transmission does not end"
            yield self._wrong("transmission-cut-off", detail, "/END", "END='")
        else:
            yield from self._counted(text, self._messages, "messages")

    def _count(self) -> None:
        self._messages += 1
        self._batched += 1

    def _unended_file(self) -> Iterator[Cut]:
        """Yield what is wrong with a file of orders that has no trailer."""
        if self._header:
            fault = Fault("file-cut-off", "No ORDTLR ends the file", "/MHD")
            yield self._cut(self._header, fault)
        self._header, self._orders = "", 0

    def _trailer(self, text: str) -> Iterator[Cut]:
        """Yield a trailer that counts other orders than there are, or says what nobody knows."""
        segments = _segments(text)
        counts = [elements_of(one)[:1] for one in segments if one.startswith("OFT")]
        told = counts[0][0].strip() if counts and counts[0] else ""
        fault = None
        if _number(told) != self._orders:
            detail = f"OFT says {told[:40]} orders, there are {self._orders}"
            fault = Fault("control-count", detail, "/2/OFT01.1")
        elif _counted(segments) != len(segments):
            detail = f"MTR says {_counted(segments)} segments, there are {len(segments)}"
            fault = Fault("segment-count", detail, f"/{len(segments)}/MTR01.1")
        if self._header and not self._orders:
            yield self._cut(self._header, None)
        if fault is not None or len(segments) != 3:
            yield self._cut(text, fault)
        self._header, self._orders = "", 0

    def _reconciled(self, text: str) -> Iterator[Cut]:
        """Yield a reconciliation (RSG) of another transmission than this."""
        told = next((elements_of(one) for one in _segments(text) if one.startswith("RSG")), [""])
        if told[0].strip() != self.reference:
            detail = f"RSG names {told[0][:40]}, the transmission is {self.reference[:40]}"
            yield self._cut(text, Fault("control-number", detail, "/2/RSG01.1"))

    @property
    def reference(self) -> str:
        """The sender's own number of the transmission (SNRF)."""
        return self._stx[4].strip() if len(self._stx) > 4 else ""

    def _counted(self, text: str, found: int, what: str) -> Iterator[Cut]:
        tag = text.partition("=")[0].strip()
        told = elements_of(text)[0].strip()
        if _number(told) != found:
            detail = f"{tag} says {told[:40]} {what}, there are {found}"
            yield self._wrong("control-count", detail, f"/{tag}01", text)

    def _wrong(self, code: str, detail: str, pointer: str, text: str) -> Cut:
        """Return what is wrong with the envelope."""
        head = self._stx_text + self._bat_text
        return Cut(text, self._stx, "", head, "", Fault(code, detail, pointer))

    def _cut(self, text: str, fault: Fault | None, *, ordered: bool = False) -> Cut:
        header = self._header if ordered else ""
        trailer = f"MHD=3+{TRAILER}:9'OFT=1'MTR=3'" if header else ""
        count = 3 if header else 1
        batch = f"EOB={count}'" if self._bat_text else ""
        head = self._stx_text + self._bat_text + header
        return Cut(text, self._stx, header, head, f"{trailer}{batch}END={count}'", fault)


def elements_of(text: str) -> list[str]:
    """Return the elements of a segment as written, without its code and what ends it."""
    return cut_at(cut_at(text, "'", "?")[0].partition("=")[2], "+", "?")


def text_of(raw: bytes) -> str:
    """Return what is written, in whichever letters."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(LATIN)
    return text.replace("\0", " ")


def _segments(text: str) -> list[str]:
    return [one for raw in cut_at(text, "'", "?") if (one := BREAKS.sub("", raw).strip())]


def _counted(segments: list[str]) -> int:
    return _number(elements_of(segments[-1])[0].strip())


def _number(text: str) -> int:
    return int(text[:12]) if text.isascii() and text.isdecimal() else -1
