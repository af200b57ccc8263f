"""Cutting a stream of X12 into its transaction sets, however long it is, and counting them.

An interchange says itself how it is written: the fourth character of ISA stands between elements,
its sixteenth element between components, and what follows that ends a segment. A stream may have
several interchanges, each written in its own way, with blanks and line ends after its segments.
What does not add up is told as a record of its own, since the sets before it were read already.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.port import Fault

CHUNK_BYTES = 256 << 10
SET_CHARACTERS_MAX = 1 << 20
SEGMENT_CHARACTERS_MAX = 16 << 10
ISA_ELEMENTS = 16
# Others that Python calls blank are what old partners put between elements.
BLANKS = " \t\r\n"


class Way(NamedTuple):
    """How an interchange is written."""

    element: str
    component: str
    segment: str


class Cut(NamedTuple):
    """A record as it stands in the stream: a set in its envelope, or what is wrong with one.

    Args:
        body: its text.
        way: how it is written.
        isa, gs: elements of the envelope; none where there is none.
        head: the envelope before it, as received; likewise what must follow.
        fault: why it cannot be read.
    """

    body: str
    way: Way
    isa: list[str]
    gs: list[str]
    head: str = ""
    tail: str = ""
    fault: Fault | None = None


class Cutter:
    """A stream of interchanges, cut while it is read.

    Args:
        stream: bytes.
        encoding: of them, "" when they do not say: UTF-8, or else Latin 1.
    """

    def __init__(self, stream: BinaryIO, encoding: str = "") -> None:
        self._texts = _texts(stream, encoding)
        self._text = ""
        self._at = 0
        # A stream is wrapped as a whole; its first interchange says whether.
        self._is_wrapped: bool | None = None

    def cuts(self) -> Iterator[Cut]:
        """Yield the sets in their order, and after them what does not add up.

        Raises:
            NotReadable: what follows is no interchange.
        """
        while True:
            self._skip_blanks()
            if self._at == len(self._text):
                return
            yield from self._interchange()

    @property
    def ahead(self) -> str:
        """The beginning of what was not read yet."""
        return self._text[self._at : self._at + SEGMENT_CHARACTERS_MAX]

    def _interchange(self) -> Iterator[Cut]:
        way, isa, head = self._isa()
        controls = re.compile(
            rf"{re.escape(way.segment)}[{BLANKS}]*(ISA|IEA|GS|GE|ST|SE|TA1){re.escape(way.element)}"
        )
        envelope = _Envelope(way, isa, head)
        begin: int | None = None
        # The end of ISA is where the first segment is looked for.
        while True:
            found = controls.search(self._text, self._at)
            if found is None or self._text.find(way.segment, found.end()) < 0:
                kept = self._at if begin is None else begin
                if len(self._text) - kept > SET_CHARACTERS_MAX:
                    yield envelope.too_long(self._text[kept : kept + SET_CHARACTERS_MAX])
                    begin = None
                    self._at = len(self._text) - SEGMENT_CHARACTERS_MAX
                    kept = self._at
                self._forget(kept)
                begin = None if begin is None else 0
                if not self._more():
                    break
                continue
            tag, start = found[1], found.start(1)
            end = self._text.find(way.segment, found.end())
            if begin is not None and tag != "SE":
                yield envelope.unended(self._text[begin:start])
                begin = None
            if tag == "ISA":
                self._at = start
                yield from envelope.ended(None)
                return
            self._at = end
            if tag == "ST":
                begin = start
                continue
            elements = self._text[start:end].split(way.element)
            if tag == "SE":
                if begin is None:
                    yield envelope.wrong("set-unbegun", "SE ends no set", "/SE", elements)
                else:
                    yield envelope.body(self._text[begin : end + 1])
                begin = None
            else:
                yield from envelope.control(tag, elements)
            if tag == "IEA":
                self._at = end + 1
                self._forget(self._at)
                return
            if self._at > CHUNK_BYTES and begin is None:
                self._forget(self._at)
        if begin is not None:
            yield envelope.unended(self._text[begin:])
        self._at = len(self._text)
        yield from envelope.ended(None)

    def _isa(self) -> tuple[Way, list[str], str]:
        """Read the beginning of an interchange; its elements should be of fixed width, and are not.

        Raises:
            NotReadable: it is none.
        """
        while len(self._text) - self._at < SEGMENT_CHARACTERS_MAX and self._more():
            pass
        text = self._text[self._at : self._at + SEGMENT_CHARACTERS_MAX]
        if self._is_wrapped is None:
            self._is_wrapped = _is_wrapped(text)
            if self._is_wrapped:
                self._text = _unwrapped(self._text)
                text = self._text[self._at : self._at + SEGMENT_CHARACTERS_MAX]
        if not text.startswith("ISA") or len(text) < 4 or text[3].isalnum() or text[3] in BLANKS:
            raise NotReadable(Fault("not-x12", "It does not begin with ISA", "/ISA"))
        parts = text.split(text[3], ISA_ELEMENTS)
        if len(parts) <= ISA_ELEMENTS or len(parts[ISA_ELEMENTS]) < 2:
            raise NotReadable(Fault("not-x12", "ISA has too few elements", "/ISA"))
        ending = parts[ISA_ELEMENTS]
        segment = ending[1]
        if segment == "\r" and ending[2:3] == "\n":
            segment = "\n"
        if segment.isalnum() or segment in (text[3], ending[0]):
            raise NotReadable(Fault("not-x12", "Nothing ends the segment ISA", "/ISA16"))
        way = Way(text[3], ending[0], segment)
        elements = [part.strip() for part in parts[:ISA_ELEMENTS]] + [ending[0]]
        at = len(text) - len(ending) + (2 if ending[1] == segment else 3)
        self._at += at - 1
        return way, elements, text[:at]

    def _skip_blanks(self) -> None:
        while True:
            rest = self._text[self._at :].lstrip("\ufeff\x1a \t\r\n\xa0\0")
            self._text, self._at = rest, 0
            if rest or not self._more():
                return

    def _forget(self, before: int) -> None:
        self._text = self._text[before:]
        self._at -= before

    def _more(self) -> bool:
        text = next(self._texts, "")
        self._text += _unwrapped(text) if self._is_wrapped else text
        return bool(text)


class _Envelope:
    """What the envelope of an interchange says, and what was found in it so far."""

    def __init__(self, way: Way, isa: list[str], head: str) -> None:
        self._way = way
        self._isa = isa
        self._isa_text = head
        self._gs: list[str] = []
        self._gs_text = ""
        self._groups = self._sets = 0
        self._over = False

    def body(self, text: str) -> Cut:
        """Return a set."""
        self._sets += 1
        if not self._gs:
            return self._cut(text, Fault("set-outside", "The set is in no group", "/ST"))
        return self._cut(text, None)

    def unended(self, text: str) -> Cut:
        """Return a set that has no end."""
        self._sets += 1
        return self._cut(text.rstrip(), Fault("set-cut-off", "The set does not end", "/SE"))

    def too_long(self, text: str) -> Cut:
        """Return what is longer than sets may be."""
        detail = f"A set has at most {SET_CHARACTERS_MAX} characters"
        return self._cut(text, Fault("record-too-large", detail, "/ST"))

    def wrong(self, code: str, detail: str, pointer: str, elements: list[str]) -> Cut:
        """Return what is wrong with the envelope."""
        text = self._way.element.join(elements) + self._way.segment
        head = self._isa_text + self._gs_text
        return Cut(text, self._way, self._isa, self._gs, head, "", Fault(code, detail, pointer))

    def control(self, tag: str, elements: list[str]) -> Iterator[Cut]:
        """Go on by a segment of the envelope; yield what does not add up."""
        elements = [element.strip() for element in elements]
        if tag == "GS":
            if self._gs:
                yield self.wrong(
                    "group-cut-off", "The group before it does not end", "/GE", elements
                )
            self._gs = elements + [""] * (9 - len(elements))
            self._gs_text = self._way.element.join(elements) + self._way.segment
            self._groups, self._sets = self._groups + 1, 0
        elif tag == "GE":
            yield from self._counted(elements, "GE", self._sets, "sets", self._gs[6:7])
            self._gs, self._gs_text = [], ""
        elif tag == "TA1":
            text = self._way.element.join(elements) + self._way.segment
            yield Cut(text, self._way, self._isa, [], self._isa_text, self._iea(0))
        else:
            yield from self.ended(elements)

    def ended(self, elements: list[str] | None) -> Iterator[Cut]:
        """Yield what does not add up at the end of the interchange, None when it has none."""
        if self._over:
            return
        self._over = True
        if self._gs:
            yield self.wrong("group-cut-off", "The group does not end", "/GE", elements or ["GE"])
        if elements is None:
            yield self.wrong("interchange-cut-off", "The interchange does not end", "/IEA", ["IEA"])
        else:
            yield from self._counted(elements, "IEA", self._groups, "groups", self._isa[13:14])

    def _counted(
        self, told: list[str], tag: str, found: int, what: str, number: list[str]
    ) -> Iterator[Cut]:
        count, control = (*told[1:], "", "")[:2]
        if not count.isdecimal() or int(count[:9]) != found:
            detail = f"{tag} says {count[:40]} {what}, there are {found}"
            yield self.wrong("control-count", detail, f"/{tag}01", told)
        if _number(control) != _number("".join(number)):
            detail = f"{tag} names {control[:40]}, what it ends is {''.join(number)[:40]}"
            yield self.wrong("control-number", detail, f"/{tag}02", told)

    def _cut(self, text: str, fault: Fault | None) -> Cut:
        between, end = self._way.element, self._way.segment
        group = f"GE{between}1{between}{self._gs[6]}{end}" if self._gs else ""
        head = self._isa_text + self._gs_text
        tail = group + self._iea(1 if self._gs else 0)
        return Cut(text, self._way, self._isa, self._gs, head, tail, fault)

    def _iea(self, groups: int) -> str:
        between, end = self._way.element, self._way.segment
        return f"IEA{between}{groups}{between}{self._isa[13]}{end}"


def _is_wrapped(text: str) -> bool:
    """Whether lines end where they are full, which is no place where a segment has to."""
    *lines, _ = text.replace("\r\n", "\n").split("\n")
    same = len(lines) > 1 and len({len(line) for line in lines}) == 1
    # What ends ISA ends all others, and all lines if they are segments.
    return same and len({line[-1:] for line in lines}) > 1


def _unwrapped(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _number(text: str) -> str:
    return text.lstrip("0")


def _texts(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the stream as text; what is not UTF-8 is Latin 1, as most of what is older is."""
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")("surrogateescape")
    while raw := stream.read(CHUNK_BYTES):
        if text := decoder.decode(raw):
            yield text if text.isascii() and "\0" not in text else _plain(text)
    if text := decoder.decode(b"", True):
        yield _plain(text)


def _plain(text: str) -> str:
    return _STRAY.sub(lambda stray: chr(ord(stray[0]) - 0xDC00), text).replace("\0", " ")


_STRAY = re.compile("[\udc80-\udcff]")
