"""XML of one record as texts by their place in it, and reading them part by part.

A place is written as XPath would, without prefixes of the records' own namespace:
``/RetailTransaction/LineItem[3]/Sale/Quantity/@Units``. The second of several elements of one name
is ``Tax[2]``; elements of names that a family says are numbered from the first. What is read is
taken out, so what is left is what nobody has read.

No document type is let in, so no entity can be declared: nothing grows, nothing is fetched.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from crosslane.channels.adapters.amounts import MILLI, MINOR, Amounts
from crosslane.channels.adapters.branches import NotReadable, instant_of
from crosslane.channels.adapters.port import Fault
from crosslane.kernel import Invalid, pointer_step

DEPTH_MAX = 60
VALUES_MAX = 20_000
# A parser keeps every name it has met.
RECORDS_A_PARSER_MAX = 1_000
NAMES_MAX = 5_000
ELEMENTS = (
    *("StartElementHandler", "EndElementHandler", "CharacterDataHandler", "CommentHandler"),
    *("ProcessingInstructionHandler", "DefaultHandlerExpand", "StartNamespaceDeclHandler"),
)
GUARDS = (
    *("StartDoctypeDeclHandler", "EntityDeclHandler", "UnparsedEntityDeclHandler"),
    "ExternalEntityRefHandler",
)


class Steps:
    """Names as a parser tells them, with their namespace, to steps of a place.

    Args:
        before: the name: a slash, and ``@`` for an attribute.
        prefixes: of namespaces.
        plain: namespaces whose names are told without prefix, as the records' own.
    """

    def __init__(self, before: str, prefixes: dict[str, str], plain: frozenset[str]) -> None:
        self.own = ""
        self.known: dict[str, str] = {}
        self._before = before
        self._prefixes = prefixes
        self._plain = plain

    def __getitem__(self, name: str) -> str:
        if name not in self.known:
            uri, _, local = name.rpartition("}")
            bare = uri in ("", self.own) or uri in self._plain
            prefix = "" if bare else self._prefixes.get(uri, pointer_step(uri))
            step = f"{self._before}{prefix}:{local}" if prefix else self._before + local
            self.known[name] = step
        return self.known[name]


class Markup:
    """Records of one stream, which all stand in the same context.

    Args:
        head: what stands before the records, down to the element that holds them.
        numbered: names, each after its slash, whose elements are numbered from the first.
        plain: namespaces whose names are told without prefix, as the records' own.
    """

    def __init__(
        self, head: str, numbered: tuple[str, ...], plain: frozenset[str] = frozenset()
    ) -> None:
        self.head = head
        self._numbered = numbered
        self._prefixes: dict[str, str] = {}
        self._prefixes_of_head = 0
        self._elements = Steps("/", self._prefixes, plain)
        self._attributes = Steps("/@", self._prefixes, plain)

    @property
    def names_kept(self) -> int:
        """How many names it remembers of the records it has read."""
        return len(self._elements.known) + len(self._attributes.known)

    def read(self, body: str) -> "Part":
        """Return a record, an element of the head's.

        Raises:
            NotReadable: it is not well-formed, declares a document type, or lies too deep.
        """
        with self.reading() as read:
            return read(body)

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], "Part"]]:
        """Lend what reads record after record as :meth:`read` does, and the head once for many."""
        parsers: list[Any] = []
        # Whether a record ends what the head has begun, so that none can follow it.
        alone = False
        left = 0

        def read(body: str) -> "Part":
            nonlocal alone, left
            failed = False
            if parsers and left and not alone:
                left -= 1
                try:
                    return self._read(parsers[-1], body)
                except NotReadable:
                    # It cannot go on after that; a new one tells what is wrong, and where.
                    failed = True
            _close(parsers)
            try:
                found = self._read(self._opened(parsers), body)
            except NotReadable:
                _close(parsers)
                raise
            alone, left = alone or failed, RECORDS_A_PARSER_MAX
            return found

        try:
            yield read
        finally:
            _close(parsers)

    def _opened(self, parsers: list[Any]) -> Any:
        """Add a parser that has read the head, and return it."""
        parser: Any = DefusedXMLParser(forbid_dtd=True).parser
        parsers.append(parser)
        parser.buffer_text, parser.ordered_attributes = True, False
        silence(parser, ELEMENTS)
        parser.StartNamespaceDeclHandler = self._bind
        _feed(parser, self.head, [])
        self._prefixes_of_head = len(self._prefixes)
        return parser

    def _read(self, parser: Any, body: str) -> "Part":
        try:
            return self._read_record(parser, body)
        finally:
            self._forget()

    def _forget(self) -> None:
        """Keep nothing that would have the next record say something else than alone."""
        has_bound = len(self._prefixes) > self._prefixes_of_head
        while len(self._prefixes) > self._prefixes_of_head:
            self._prefixes.popitem()
        if has_bound or self.names_kept > NAMES_MAX:
            self._elements.known.clear()
            self._attributes.known.clear()

    def _own(self, uri: str) -> None:
        """Begin a record, whose own namespace this is."""
        for steps in (self._elements, self._attributes):
            if uri != steps.own:
                steps.own = uri
                steps.known.clear()

    def _read_record(self, parser: Any, body: str) -> "Part":
        texts: dict[str, str] = {}
        counts: dict[str, int] = {}
        places: list[str] = []
        start, end, collect = self._handlers(texts, counts, places)
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = collect
        _feed(parser, body, places)
        if places or not counts:
            at = places[-1] if places else ""
            raise NotReadable(Fault("record-cut-off", "It does not end", at))
        return Part(texts, counts, "", self._numbered)

    def _bind(self, prefix: str | None, uri: str | None) -> None:
        if uri and prefix:
            self._prefixes.setdefault(uri, prefix)

    def _handlers(
        self, texts: dict[str, str], counts: dict[str, int], places: list[str]
    ) -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
        """Return what a parser calls; one function each, since each is called for every element."""
        elements, attributes, steps = self._elements, self._attributes, self._elements.known
        numbered = self._numbered
        pending = ""

        def start(name: str, told: dict[str, str]) -> None:
            nonlocal pending
            if not places:
                self._own(name.rpartition("}")[0])
                place, counts[""] = "", 1
            else:
                above = places[-1]
                if pending:
                    texts[above] = texts.get(above, "") + pending
                    pending = ""
                try:
                    place = above + steps[name]
                except KeyError:
                    place = above + elements[name]
                if place in counts:
                    counts[place] += 1
                    place = f"{place}[{counts[place]}]"
                else:
                    counts[place] = 1
                    if place.endswith(numbered):
                        place += "[1]"
                    elif len(places) > DEPTH_MAX:
                        detail = f"Elements lie in each other more than {DEPTH_MAX} deep"
                        raise NotReadable(Fault("too-deep", detail, above[:500]))
            places.append(place)
            if told:
                for key, value in told.items():
                    texts[place + attributes[key]] = value

        def end(_: str) -> None:
            nonlocal pending
            place = places.pop()
            if pending:
                texts[place] = texts[place] + pending if place in texts else pending
                pending = ""

        def collect(text: str) -> None:
            nonlocal pending
            if pending or not text.isspace():
                pending += text

        return start, end, collect


def silence(parser: Any, handlers: Iterable[str]) -> None:
    """Take handlers off a parser."""
    for name in handlers:
        setattr(parser, name, None)


def _close(parsers: list[Any]) -> None:
    """Forget parsers; else they and their handlers hold each other until garbage is collected."""
    for parser in parsers:
        silence(parser, (*ELEMENTS, *GUARDS))
    parsers.clear()


def _feed(parser: Any, text: str, places: Sequence[str]) -> None:
    """Let a parser read on.

    Args:
        parser: that has read what is before it.
        text: which follows.
        places: of the elements that have not ended, kept up by its handlers.
    """
    try:
        parser.Parse(text, False)
    except (ExpatError, UnicodeEncodeError, IndexError) as error:
        at = places[-1] if places else ""
        raise NotReadable(Fault("malformed-xml", _told(error), at)) from None
    except DefusedXmlException:
        told = "A document type is not let in"
        raise NotReadable(Fault("doctype-refused", told)) from None


def _told(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "Some of it is not text in the encoding it says it has"
    return f"It is not well-formed: {error}"[:300]


class Part:
    """An element of a record. What is read of it is taken out.

    Args:
        texts: of the record, by their place.
        counts: how many elements of a name there are, by the place of the first.
        at: its place.
        numbered: names whose elements are numbered from the first.
    """

    __slots__ = ("_counts", "_numbered", "_texts", "at")

    def __init__(
        self, texts: dict[str, str], counts: dict[str, int], at: str, numbered: tuple[str, ...]
    ) -> None:
        self._texts = texts
        self._counts = counts
        self._numbered = numbered
        self.at = at

    def __contains__(self, name: str) -> bool:
        return f"{self.at}/{name}" in self._counts

    def wrong(self, name: str, wanted: str) -> NotReadable:
        """Return the refusal of a value."""
        return NotReadable(Fault("invalid-field", f"{name} is not {wanted}", f"{self.at}/{name}"))

    def missing(self, name: str) -> NotReadable:
        """Return the refusal of an element that lacks a value."""
        return NotReadable(Fault("field-missing", f"{name} is missing", f"{self.at}/{name}"))

    def children(self) -> list[str]:
        """Return the names of its children, each once, in their order."""
        begin = len(self.at) + 1
        return [
            place[begin:]
            for place in self._counts
            if place.startswith(self.at) and place.find("/", begin) < 0 and len(place) > begin
        ]

    def peek(self, name: str) -> str:
        """Return a text without having read it."""
        return self._texts.get(f"{self.at}/{name}", "").strip()

    def ending(self, ends: tuple[str, ...], but: str) -> list[str]:
        """Return the texts of the whole record whose places end so, without having read them.

        Args:
            ends: of places.
            but: what no such place has in it.
        """
        return [
            text.strip()
            for place, text in self._texts.items()
            if place.endswith(ends) and but not in place
        ]

    def peek_own(self) -> str:
        """Return its own text without having read it."""
        return self._texts.get(self.at, "").strip()

    def own(self) -> str:
        """Return its own text."""
        return self._texts.pop(self.at, "").strip()

    def text(self, *names: str) -> str:
        """Return the first of several texts that says something; others are left over."""
        for name in names:
            found = self._texts.pop(f"{self.at}/{name}", "").strip()
            if found:
                return found
        return ""

    def within(self, most: int, *names: str) -> str:
        """Return a text of at most so many characters; of a longer one only a part is read."""
        found = next((text for name in names if (text := self.peek(name))), "")
        return self.text(*names) if len(found) <= most else found[:most]

    def needed(self, *names: str) -> str:
        """Return a text that must be there."""
        found = self.text(*names)
        if not found:
            raise self.missing(names[0])
        return found

    def minor(self, name: str, currency: str) -> int | None:
        """Return an amount in minor units, None when it is absent."""
        return self._money(name, currency, MINOR)

    def milli(self, name: str, currency: str) -> int | None:
        """Return a unit price in 1/1000 minor units, None when it is absent."""
        return self._money(name, currency, MILLI)

    def moment(self, *names: str, zone: str) -> datetime | None:
        """Return the first of several instants that is told, of the zone when it names none."""
        for name in names:
            if found := self.text(name):
                return self.instant(name, found, zone)
        return None

    def instant(self, name: str, text: str, zone: str) -> datetime | None:
        """Return what a text says as an instant; the name is for the refusal."""
        try:
            return instant_of(text, zone)
        except ValueError:
            raise self.wrong(name, "an instant") from None

    def part(self, name: str) -> "Part":
        """Return a child, an empty one when it is absent; of several the first."""
        return self._at(f"{self.at}/{name}")

    def parts(self, name: str) -> list["Part"]:
        """Return the children of a name."""
        at = f"{self.at}/{name}"
        count = self._counts.get(at)
        if count is None:
            return []
        first = f"{at}[1]" if at.endswith(self._numbered) else at
        return list(map(self._at, (first, *(f"{at}[{n}]" for n in range(2, count + 1)))))

    def rest(self, most: int = VALUES_MAX) -> dict[str, str]:
        """Return what nobody has read of the whole record, by its place.

        Raises:
            NotReadable: it is more values than that.
        """
        if len(self._texts) > most:
            detail = f"More than {most} values are not known"
            raise NotReadable(Fault("too-much", detail, self.at))
        return self._texts

    def _at(self, place: str) -> "Part":
        return Part(self._texts, self._counts, place, self._numbered)

    def _money(self, name: str, currency: str, amounts: Amounts) -> int | None:
        found = self.text(name)
        if not found:
            return None
        try:
            return amounts[found, currency]
        except Invalid as refusal:
            raise NotReadable(Fault.of(refusal, at=f"{self.at}/{name}")) from None
