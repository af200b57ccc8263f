"""Cutting a stream of POSLog into its transactions, however long it is.

A log of a day is hundreds of megabytes of transactions that say nothing of each other. Each is cut
out by its own tags and read by itself, so that one that is broken does no harm to the next. What
stands before the first one, with its namespaces, is the head of all of them.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.encoded import CHUNK_BYTES, texts_of, undeclared
from crosslane.channels.adapters.port import Fault

HEAD_CHARACTERS_MAX = 64 << 10
TAG_CHARACTERS_MAX = 4 << 10
RECORD_CHARACTERS_MAX = 1 << 20
_FIRST = re.compile(r"<((?:[\w.-]+:)?)Transaction(?=[\s>/])")
_BOUND = re.compile(r"""\sxmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']""")
_UNREAD = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


class Cut(NamedTuple):
    """A transaction as it stands in the stream, or what keeps it from being cut out."""

    body: str
    fault: Fault | None = None


class Cutter:
    """A stream of POSLog, cut while it is read.

    Args:
        stream: bytes.
        encoding: of them, whatever they say themselves; "" when only they say so.

    Raises:
        NotReadable: it is no POSLog at all.
    """

    def __init__(self, stream: BinaryIO, encoding: str = "") -> None:
        self._texts = texts_of(stream, encoding)
        self._text = ""
        found = None
        while found is None:
            begin = max(0, len(self._text) - TAG_CHARACTERS_MAX)
            more = self._more()
            found = _first(self._text, begin)
            if found is None and len(self._text) > HEAD_CHARACTERS_MAX:
                raise NotReadable(Fault("not-poslog", "No transaction is near its beginning"))
            if not more:
                break
        at = found.start() if found else len(self._text)
        self.head = undeclared(self._text[:at])
        self._text = self._text[at:]
        if "<!DOCTYPE" in self.head or "<!ENTITY" in self.head:
            raise NotReadable(Fault("doctype-refused", "A document type is not let in"))
        if found is None and "POSLog" not in self.head:
            raise NotReadable(Fault("not-poslog", "It is not a POSLog"))
        names = "|".join(re.escape(one) for one in sorted(_prefixes(self.head, self._text, found)))
        self._tag = re.compile(
            rf"<(/?)(?:{names})Transaction(?=[\s>/])[^>]*>|<!--|<!\[CDATA\[|<\?", re.DOTALL
        )

    def cuts(self) -> Iterator[Cut]:
        """Yield the transactions in their order; one that does not end ends at the next."""
        begin: int | None = None
        at = 0
        while True:
            if begin is not None and at - begin > RECORD_CHARACTERS_MAX:
                yield self._too_long(begin)
                begin = None
            tag = self._tag.search(self._text, at)
            if tag is None:
                # A tag may be there in part.
                at = max(at, len(self._text) - TAG_CHARACTERS_MAX)
            elif tag[1] is None:
                at = self._past(tag)
            kept = at if begin is None else begin
            if tag is None or kept > CHUNK_BYTES:
                self._text, at = self._text[kept:], at - kept
                begin = None if begin is None else 0
                if tag is None and not self._more():
                    break
                continue
            if tag[1] is None:
                continue
            at = tag.end()
            if tag[1]:
                if begin is not None:
                    yield self._cut(begin, at)
                    begin = None
                continue
            if begin is not None:
                yield Cut(self._text[begin : tag.start()].rstrip(), _UNENDED)
            begin = tag.start()
            if tag[0].endswith("/>"):
                yield self._cut(begin, at)
                begin = None
        if begin is not None:
            yield Cut(self._text[begin:][:RECORD_CHARACTERS_MAX].rstrip(), _UNENDED)

    def _cut(self, begin: int, end: int) -> Cut:
        return (
            self._too_long(begin)
            if end - begin > RECORD_CHARACTERS_MAX
            else Cut(self._text[begin:end])
        )

    def _too_long(self, begin: int) -> Cut:
        detail = f"A transaction has at most {RECORD_CHARACTERS_MAX} characters"
        fault = Fault("record-too-large", detail)
        return Cut(self._text[begin : begin + RECORD_CHARACTERS_MAX], fault)

    def _past(self, tag: re.Match[str]) -> int:
        """Return where a comment, a section of text or an instruction ends."""
        closing = {"<!--": "-->", "<![CDATA[": "]]>"}.get(tag[0], "?>")
        end = self._text.find(closing, tag.end())
        while end < 0 and len(self._text) - tag.start() <= RECORD_CHARACTERS_MAX:
            searched = len(self._text)
            if not self._more():
                break
            end = self._text.find(closing, max(tag.end(), searched - 2))
        return end + len(closing) if end >= 0 else tag.end()

    def _more(self) -> bool:
        text = next(self._texts, "")
        self._text += text
        return bool(text)


_UNENDED = Fault("record-cut-off", "The transaction does not end")


def _first(text: str, begin: int) -> re.Match[str] | None:
    """Return the first transaction that is not written in a comment."""
    found = _FIRST.search(text, begin)
    if found and ("<!--" in text[: found.start()] or "<![CDATA[" in text[: found.start()]):
        blank = _UNREAD.sub(lambda unread: " " * len(unread[0]), text)
        return _FIRST.search(blank)
    return found


def _prefixes(head: str, text: str, found: re.Match[str] | None) -> set[str]:
    """Return the prefixes that stand for the namespace of the transactions, each with its colon."""
    if found is None:
        return {""}
    own = found[1]
    opening = text[: text.find(">") + 1]
    bound: dict[str, str] = dict(_BOUND.findall(head + opening))
    uri = bound.get(own.removesuffix(":"), "")
    return {own} | {f"{p}:" if p else "" for p, one in bound.items() if one == uri}
