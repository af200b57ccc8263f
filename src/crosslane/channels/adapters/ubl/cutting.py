"""Cutting a stream of UBL into its documents, however long it is.

A document is an element whose namespace says its name: an ``Order`` in ``…:xsd:Order-2``. It may
stand alone, one after the other, or in an envelope such as a StandardBusinessDocument, which may
hold several. What is broken ends with the next declaration of XML.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.encoded import texts_of, undeclared
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.scanning import release, scanner

DOCUMENT_BYTES_MAX = 8 << 20
HEAD_BYTES_MAX = 64 << 10
# So deep in an envelope a document is looked for.
ENVELOPES_MAX = 8
DECLARATION = b"<?xml"
# What stands between documents and says nothing.
BLANKS = b" \t\r\n\x00"
MARK = b"\xef\xbb\xbf"

_SCHEMA = re.compile(r"urn:oasis:names:specification:ubl:schema:xsd:(\w+)-2(?:\.\d+)?")


class Cut(NamedTuple):
    """A document as it stands in the stream, or what keeps it from being cut out.

    Args:
        name: of the document, such as Order.
        body: its text; likewise what stands before and after it.
        fault: why it cannot be read.
    """

    name: str
    body: str
    head: str = ""
    tail: str = ""
    fault: Fault | None = None


class Cutter:
    """A stream of UBL, cut while it is read.

    Args:
        stream: bytes.
        encoding: of them, whatever they say themselves; "" when only they say so.

    Raises:
        NotReadable: its encoding is not known.
    """

    def __init__(self, stream: BinaryIO, encoding: str = "") -> None:
        self._texts = texts_of(stream, encoding)
        self._raw = b""
        self._more()

    def cuts(self) -> Iterator[Cut]:
        """Yield the documents in their order."""
        while self._skip_blanks():
            yield from self._cuts()

    def _cuts(self) -> Iterator[Cut]:
        """Yield what one document of XML holds, and leave the stream behind it."""
        scan = _Scan()
        fed, is_last = 0, False
        while True:
            try:
                scan.feed(self._raw[fed:], is_last)
            except (ExpatError, DefusedXmlException, NotReadable) as error:
                yield from self._taken(scan)
                yield self._broken(scan, _UNENDED if is_last else _fault_of(error))
                return
            yield from self._taken(scan)
            fed = len(self._raw)
            if scan.is_over:
                if not scan.any_found:
                    detail = f"It is {scan.root[:60]}, no document of UBL 2"
                    yield self._faulty(scan, self._raw[: scan.end], Fault("not-ubl", detail))
                self._raw = self._raw[max(scan.end, 1) :]
                return
            open_bytes = len(self._raw) - (scan.begin if scan.begin is not None else 0)
            if scan.begin is not None and open_bytes > DOCUMENT_BYTES_MAX:
                detail = f"A document has at most {DOCUMENT_BYTES_MAX >> 20} MiB"
                yield self._broken(scan, Fault("record-too-large", detail))
                return
            if scan.begin is None and len(self._raw) > HEAD_BYTES_MAX:
                if not scan.any_found:
                    yield self._broken(scan, Fault("not-ubl", "No document is near its beginning"))
                    return
                # What stands between documents of an envelope is none.
                scan.forget(len(self._raw))
                self._raw, fed = b"", 0
            is_last = not self._more()

    def _taken(self, scan: "_Scan") -> Iterator[Cut]:
        """Yield the documents that are whole, and forget them."""
        done = 0
        for name, begin, end in scan.found:
            if not scan.any_found:
                scan.head = undeclared(self._raw[:begin].decode("utf-8", "replace"))
                scan.any_found = True
            body = self._raw[begin:end]
            if len(body) > DOCUMENT_BYTES_MAX:
                detail = f"A document has at most {DOCUMENT_BYTES_MAX >> 20} MiB"
                yield self._faulty(scan, body, Fault("record-too-large", detail), name)
            elif len(scan.head) > HEAD_BYTES_MAX:
                yield self._faulty(
                    scan, body, Fault("head-too-large", "Too much precedes it"), name
                )
            else:
                yield Cut(name, body.decode("utf-8", "replace"), scan.head, scan.tail)
            done = end
        scan.found.clear()
        if done and not scan.is_over:
            self._raw = self._raw[done:]
            scan.forget(done)

    def _broken(self, scan: "_Scan", fault: Fault) -> Cut:
        """Return what cannot be read; the stream is left at the next declaration."""
        begin = scan.begin or 0
        if begin and not scan.any_found:
            scan.head = undeclared(self._raw[:begin].decode("utf-8", "replace"))
        found = self._raw.find(DECLARATION, begin + 1)
        kept = self._raw[begin : found if found >= 0 else None][:DOCUMENT_BYTES_MAX]
        while found < 0:
            self._raw = self._raw[-len(DECLARATION) :]
            if not self._more():
                self._raw = b""
                break
            found = self._raw.find(DECLARATION, 1)
        self._raw = self._raw[max(found, 0) :]
        return self._faulty(scan, kept, fault, scan.name if scan.begin is not None else "")

    def _faulty(self, scan: "_Scan", raw: bytes, fault: Fault, name: str = "") -> Cut:
        body = undeclared(raw[:DOCUMENT_BYTES_MAX].decode("utf-8", "backslashreplace"))
        return Cut(name, body.replace("\0", " "), scan.head, scan.tail, fault)

    def _skip_blanks(self) -> bool:
        while True:
            self._raw = self._raw.lstrip(BLANKS).removeprefix(MARK)
            if self._raw and self._raw[:1] not in BLANKS:
                return True
            if not self._raw and not self._more():
                return False

    def _more(self) -> bool:
        text = next(self._texts, "")
        # What is no text in its encoding is none in this one either, and is refused.
        self._raw += text.encode("utf-8", "surrogatepass")
        return bool(text)


class _Scan:
    """Where the documents lie in one document of XML that is fed in parts.

    ``begin`` is where the document begins that is not whole yet; places count from the first byte
    that was not forgotten.
    """

    def __init__(self) -> None:
        self.root = self.name = self.head = self.tail = ""
        self.above: list[str] = []
        self.found: list[tuple[str, int, int]] = []
        self.any_found = self.is_over = False
        self.begin: int | None = None
        self.end = 0
        self._depth = self._begun = self._forgotten = 0
        self._raw = b""
        parser = scanner()
        parser.namespace_prefixes = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._close
        self._parser = parser
        self._fed = 0

    def feed(self, raw: bytes, is_last: bool) -> None:
        """Go on; at the last there is no more, and the document must be whole.

        Raises:
            ExpatError, DefusedXmlException: it is not well-formed, or declares a document type.
        """
        self._raw = raw
        try:
            self._parser.Parse(raw, is_last)
        except _Over:
            self.is_over = True
        except BaseException:
            self._release()
            raise
        self._fed += len(raw)
        if self.is_over:
            self._release()

    def forget(self, count: int) -> None:
        """Count from a later byte on."""
        self._forgotten += count
        if self.begin is not None:
            self.begin -= count

    def _release(self) -> None:
        release(self._parser)

    def _start(self, name: str, _: object) -> None:
        self._depth += 1
        if self.begin is not None:
            return
        uri, local, prefix = _named(name)
        schema = _SCHEMA.fullmatch(uri)
        if schema and schema[1] == local:
            self.name = local
            self.tail = self.tail or "".join(f"</{one}>" for one in reversed(self.above))
            self.begin = self._parser.CurrentByteIndex - self._forgotten
            self._begun = self._depth
        elif len(self.above) >= ENVELOPES_MAX and not self.any_found:
            raise NotReadable(Fault("not-ubl", f"It is {self.root[:60]}, no document of UBL 2"))
        else:
            self.root = self.root or local
            self.above.append(f"{prefix}:{local}" if prefix else local)

    def _close(self, _: str) -> None:
        self._depth -= 1
        if self.begin is None:
            self.above.pop()
        elif self._depth == self._begun - 1:
            end = self._past_tag()
            self.found.append((self.name, self.begin, end))
            self.begin = None
        if self._depth == 0:
            self.end = self._past_tag()
            raise _Over

    def _past_tag(self) -> int:
        """Return where the tag ends that closes an element."""
        at = self._parser.CurrentByteIndex
        inside = at - self._fed
        if inside > 0 and not self._raw.startswith(b"</", inside):
            # The parser stands behind an element that has no content.
            return at - self._forgotten
        # A tag that began in an earlier part ends in this one.
        return self._fed + self._raw.find(b">", max(inside, 0)) + 1 - self._forgotten


class _Over(Exception):
    """The document of XML ends."""


_BEHIND = Fault("head-too-large", "Too much stands before the document")
_UNENDED = Fault("record-cut-off", "The document does not end")


def _named(name: str) -> tuple[str, str, str]:
    """Return namespace, name and prefix of an element as a parser tells them."""
    parts = name.split("}")
    if len(parts) == 1:
        return "", name, ""
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""


def _fault_of(error: Exception) -> Fault:
    if isinstance(error, NotReadable):
        return error.fault
    if isinstance(error, DefusedXmlException):
        return Fault("doctype-refused", "A document type is not let in")
    return Fault("malformed-xml", f"It is not well-formed: {error}"[:300])
