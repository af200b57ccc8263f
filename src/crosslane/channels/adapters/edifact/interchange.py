"""Cutting a stream of EDIFACT into its messages, however long it is, and counting them.

An interchange may say by UNA how it is written; else it is written as ISO 9735 says. Its segments
are cut as bytes, since only UNB says in which letters they are: what is UTF-8 is read as such,
whatever UNB says, and all else as UNB says. What does not add up is told as a record of its own,
since the messages before it were read already.
"""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi_stream import (
    AROUND,
    BLANKS,
    LATIN,
    SEGMENT_BYTES_MAX,
    Segments,
    TooLong,
    cut_at,
    ending_of,
)
from crosslane.channels.adapters.port import Fault

MESSAGE_BYTES_MAX = 1 << 20
# How ISO 9735 repetitions are marked from syntax version 4 on, when UNA does not say.
REPEATED_SINCE = "4"
SYNTAX = "UNOC"
# Letters by the syntax identifier (0001).
LETTERS = {
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOL": "iso8859-15",
}
SERVICE = frozenset((b"UNA", b"UNB", b"UNG", b"UNH", b"UNT", b"UNE", b"UNZ", b"UNO"))


class Way(NamedTuple):
    """How an interchange is written: its marks in the order of UNA, "" for one it has not."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    repetition: str = ""
    segment: str = "'"


# Of level B, where marks cannot be printed and nothing is released.
UNPRINTED = Way("\x1f", "\x1d", ".", "", "", "\x1c")


class Cut(NamedTuple):
    """A record as it stands in the stream: a message in its envelope, or what is wrong with one.

    Args:
        body: its text.
        way: how it is written.
        unb, ung: elements of the envelope as written; none where there is none.
        head: the envelope before it, as received; likewise what must follow.
        fault: why it cannot be read.
    """

    body: str
    way: Way
    unb: list[str]
    ung: list[str]
    head: str = ""
    tail: str = ""
    fault: Fault | None = None


class Cutter(Segments):
    """A stream of interchanges, cut while it is read.

    Args:
        stream: bytes.
        encoding: of them, "" when they say it themselves.
    """

    def __init__(self, stream: BinaryIO, encoding: str = "") -> None:
        super().__init__(stream, encoding)
        self._ends = _ending(Way())
        # A stream is wrapped as a whole; its first interchange says whether.
        self._is_wrapped: bool | None = None

    def cuts(self) -> Iterator[Cut]:
        """Yield the messages in their order, and after them what does not add up.

        Raises:
            NotReadable: what follows is no interchange.
        """
        while self.skip_blanks():
            yield from self._interchange()

    def _interchange(self) -> Iterator[Cut]:
        envelope = self._beginning()
        if envelope.is_headless:
            yield envelope.unbegun()
        marks = (envelope.way.element.encode(LATIN), envelope.way.segment.encode(LATIN))
        # What ends a segment is blank elsewhere where it is the end of a line.
        keeps_end = marks[1] not in AROUND
        body: list[bytes] = []
        size, lost = 0, False
        while True:
            try:
                raw = self.segment(self._ends)
                text = raw.strip(AROUND) if keeps_end else raw[:-1].strip(AROUND) + raw[-1:]
                is_package = text[:3].upper() == b"UNO" and text[3:4] in marks
                whole = self._package(raw, envelope.way) if is_package else b""
            except TooLong:
                yield envelope.too_long(b"".join(body) or self.ahead)
                body, lost = [], True
                self.skip_segment(marks[1])
                continue
            if not raw:
                break
            tag = text[:3].upper()
            if not body and not text[:-1]:
                continue
            if tag not in SERVICE or (text[3:4] not in marks and tag != b"UNA"):
                if body:
                    body.append(raw)
                    size += len(raw)
                elif not lost:
                    yield envelope.outside(text)
                    lost = True
                if size > MESSAGE_BYTES_MAX:
                    yield envelope.too_long(b"".join(body))
                    body, size, lost = [], 0, True
                continue
            lost = False
            if body and tag != b"UNT":
                yield envelope.unended(b"".join(body))
                body = []
            if tag in (b"UNA", b"UNB"):
                self.at -= len(raw)
                yield from envelope.ended(None)
                return
            if tag == b"UNH":
                body, size = [text], len(raw)
            elif tag == b"UNT" and body:
                yield envelope.message(b"".join((*body, raw)))
                body = []
            elif is_package:
                yield envelope.message(whole.strip(AROUND))
            else:
                yield from envelope.control(text)
            if tag == b"UNZ":
                return
        if body:
            yield envelope.unended(b"".join((*body, self.left)))
        elif self.left.strip(AROUND) and not lost:
            yield envelope.outside(self.ahead.strip(AROUND))
        self.forget()
        yield from envelope.ended(None)

    def _beginning(self) -> "_Envelope":
        """Read how an interchange is written, and its UNB.

        Raises:
            NotReadable: it is none.
        """
        self.look_ahead()
        una = ""
        way, at = Way(), 0
        raw = self.raw
        if raw[:3].upper() == b"UNA":
            una = raw[:9].decode(LATIN)
            if len(una) < 9:
                raise NotReadable(Fault("not-edifact", "UNA has too few marks", "/UNA"))
            way = Way(*(mark.strip(" ") for mark in una[3:]))
            at = len(raw) - len(raw[9:].lstrip(AROUND))
        elif raw.startswith(b"UNB\x1d"):
            way = UNPRINTED
        between = way.element.encode(LATIN)
        is_headless = raw[at : at + 4].upper() in (b"UNH" + between, b"UNG" + between)
        if raw[at : at + 4].upper() != b"UNB" + between and not is_headless:
            raise NotReadable(Fault("not-edifact", "It does not begin with UNB", "/UNB"))
        apart = [way.component, way.element, way.segment, *filter(None, [way.release])]
        if (
            "" in apart
            or "\0" in una
            or len(set(apart)) < len(apart)
            or any(one.isalnum() for one in apart)
        ):
            raise NotReadable(Fault("not-edifact", "Its marks cannot be told apart", "/UNA"))
        self._ends = _ending(way)
        if self._is_wrapped is None:
            self._is_wrapped = _is_wrapped(raw[at:], way)
            if self._is_wrapped:
                raw = self.raw = raw[:at] + _unwrapped(raw[at:])
        if is_headless:
            self.at = at
            syntax = way.component.join((SYNTAX, "3"))
            text = way.element.join(("UNB", syntax)).encode(LATIN)
            return _Envelope(way._replace(repetition=""), una, text, LATIN, is_headless=True)
        found = self._ends.match(raw, at)
        if found is None:
            raise NotReadable(Fault("not-edifact", "Nothing ends the segment UNB", "/UNB"))
        self.at = found.end()
        text = found[0][:-1].strip(AROUND)
        syntax = cut_at(cut_at(text.decode(LATIN), way.element, way.release)[1], way.component, "")
        version = syntax[1][:1] if len(syntax) > 1 else ""
        if version < REPEATED_SINCE:
            way = way._replace(repetition="")
        elif not una:
            way = way._replace(repetition="*")
        return _Envelope(way, una, text, LETTERS.get(syntax[0].strip().upper(), LATIN))

    def _package(self, raw: bytes, way: Way) -> bytes:
        """Return an object with the segments around it: it is as long as UNO says."""
        elements = cut_at(raw.decode(LATIN), way.element, way.release)
        told = (
            elements[4].partition(way.component)[0].strip(way.segment) if len(elements) > 4 else ""
        )
        length = int(told) if told.isdecimal() and len(told) < 10 else 0
        if length > MESSAGE_BYTES_MAX:
            raise TooLong
        while len(self.raw) - self.at < length and self.more():
            pass
        found = self.raw[self.at : self.at + length]
        self.at += len(found)
        return raw + found + self.segment(self._ends)

    def taken(self, fetched: bytes) -> bytes:
        """Return what is read of what was fetched: the ends of full lines are no part of it."""
        return _unwrapped(fetched) if self._is_wrapped else fetched


class _Envelope:
    """What the envelope of an interchange says, and what was found in it so far."""

    def __init__(
        self, way: Way, una: str, unb: bytes, letters: str, *, is_headless: bool = False
    ) -> None:
        self.way, self.is_headless = way, is_headless
        self._letters = letters
        self._unb_text = self._text(unb)
        self._unb = cut_at(self._unb_text, way.element, way.release)
        self._unb_text = una + self._unb_text + way.segment
        self._ung: list[str] = []
        self._ung_text = ""
        self._groups = self._messages = 0

    def message(self, raw: bytes) -> Cut:
        """Return a message, or an object that stands where one could."""
        self._messages += 1
        return self._cut(raw, None)

    def unbegun(self) -> Cut:
        """Return that nothing says by whom the interchange is, and for whom."""
        return self._wrong("interchange-unbegun", "UNB is missing", "/UNB", "UNB")

    def unended(self, raw: bytes) -> Cut:
        """Return a message that has no end."""
        self._messages += 1
        fault = Fault("message-cut-off", "The message does not end", "/UNT")
        return self._cut(raw.rstrip(AROUND), fault)

    def too_long(self, raw: bytes) -> Cut:
        """Return the beginning of what is longer than messages may be."""
        self._messages += 1
        most = f"{MESSAGE_BYTES_MAX} bytes, a segment {SEGMENT_BYTES_MAX}"
        fault = Fault("record-too-large", f"A message has at most {most}", "/UNH")
        return self._cut(raw, fault)

    def outside(self, raw: bytes) -> Cut:
        """Return a segment that stands in no message."""
        detail = f"{self._text(raw[:3])} stands in no message"
        fault = Fault("segment-outside", detail, "/UNH")
        return self._cut(raw, fault)

    def control(self, raw: bytes) -> Iterator[Cut]:
        """Go on by a segment of the envelope; yield what does not add up."""
        way = self.way
        text = self._text(raw).rstrip(BLANKS).removesuffix(way.segment)
        elements = [one.strip() for one in cut_at(text, way.element, way.release)]
        tag = elements[0]
        if tag == "UNG":
            if self._ung:
                yield self._wrong("group-cut-off", "The group before it does not end", "/UNE", text)
            self._ung = elements + [""] * (6 - len(elements))
            self._ung_text = text + way.segment
            self._groups, self._messages = self._groups + 1, 0
        elif tag == "UNE":
            yield from self._counted(elements, self._messages, "messages", self._ung[5:6])
            self._ung, self._ung_text = [], ""
        elif tag == "UNT":
            yield self._wrong("message-unbegun", "UNT ends no message", "/UNT", text)
        else:
            yield from self.ended(elements)

    def ended(self, elements: list[str] | None) -> Iterator[Cut]:
        """Yield what does not add up at the end of the interchange, None when it has none."""
        if self._ung:
            text = self.way.element.join(elements or ["UNE"])
            yield self._wrong("group-cut-off", "The group does not end", "/UNE", text)
        if elements is None and not self.is_headless:
            detail = "The interchange does not end"
            yield self._wrong("interchange-cut-off", detail, "/UNZ", "UNZ")
        elif elements is not None and self._groups:
            yield from self._counted(elements, self._groups, "groups", self._unb[5:6])
        elif elements is not None:
            yield from self._counted(elements, self._messages, "messages", self._unb[5:6])

    def _counted(
        self, told: list[str], found: int, what: str, number: Sequence[str]
    ) -> Iterator[Cut]:
        tag, count, control = (*told, "", "")[:3]
        text = self.way.element.join(told)
        if not count.isdecimal() or int(count[:9]) != found:
            detail = f"{tag} says {count[:40]} {what}, there are {found}"
            yield self._wrong("control-count", detail, f"/{tag}01", text)
        # Of a beginning that is missing nobody knows the number.
        known = number or not self.is_headless
        if known and control.lstrip("0") != "".join(number).strip().lstrip("0"):
            detail = f"{tag} names {control[:40]}, what it ends is {''.join(number)[:40]}"
            yield self._wrong("control-number", detail, f"/{tag}02", text)

    def _wrong(self, code: str, detail: str, pointer: str, text: str) -> Cut:
        """Return what is wrong with the envelope."""
        head = self._unb_text + self._ung_text
        body, fault = text + self.way.segment, Fault(code, detail, pointer)
        return Cut(body, self.way, self._unb, self._ung, head, "", fault)

    def _cut(self, raw: bytes, fault: Fault | None) -> Cut:
        between, end = self.way.element, self.way.segment
        group = f"UNE{between}1{between}{self._ung[5]}{end}" if self._ung else ""
        number = (*self._unb, *[""] * 6)[5]
        return Cut(
            self._text(raw),
            self.way,
            self._unb,
            self._ung,
            self._unb_text + self._ung_text,
            f"{group}UNZ{between}1{between}{number}{end}",
            fault,
        )

    def _text(self, raw: bytes) -> str:
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode(self._letters, "replace")
        return text.replace("\0", " ")


def _is_wrapped(raw: bytes, way: Way) -> bool:
    """Whether lines end where they are full, which is no place where anything else does."""
    end = way.segment.encode(LATIN)
    if end in b"\r\n":
        return False
    *lines, _ = raw[:SEGMENT_BYTES_MAX].replace(b"\r\n", b"\n").split(b"\n")
    same = len(lines) > 1 and len({len(line) for line in lines}) == 1
    return same and not all(line.endswith(end) for line in lines)


def _unwrapped(raw: bytes) -> bytes:
    return raw.replace(b"\r", b"").replace(b"\n", b"")


def _ending(way: Way) -> re.Pattern[bytes]:
    return ending_of(way.segment.encode(LATIN), way.release.encode(LATIN))
