"""XML of one record as parts in each other, and reading it part by part.

A place is written as XPath would, without prefixes of the records' own namespace:
``/RetailTransaction/LineItem[3]/Sale/Quantity/@Units``. The second of several elements of one name
is ``Tax[2]``; elements of names that a family says are numbered from the first. What is read is
taken out, so what is left is what nobody has read.

The standard library makes a tree of a record in C, which is gone through once. No document type is
let in, so no entity can be declared: nothing grows, nothing is fetched.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException

from crosslane.channels.adapters.amounts import MILLI, MINOR
from crosslane.channels.adapters.branches import NotReadable, instant_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.scanning import release, scanner
from crosslane.kernel import Invalid, pointer_step

DEPTH_MAX = 60
VALUES_MAX = 20_000
# A parser keeps every name it has met.
RECORDS_A_PARSER_MAX = 1_000
NAMES_MAX = 5_000
PLACE_CHARACTERS_MAX = 500
# By what name an element holds its own text.
OWN = ""
# What no element is called: stands where a record would go on.
GAP = " "
# How what binds a prefix begins, and a document type.
BINDING, DOCTYPE = "xmlns:", "<!DOCTYPE"


class Names:
    """Names as a parser tells them, with their namespace, to steps of a place.

    Args:
        prefixes: of namespaces.
        plain: namespaces whose names are told without prefix, as the records' own.

    Attributes:
        known: those that were asked for.
    """

    def __init__(self, prefixes: dict[str, str], plain: Collection[str]) -> None:
        self.known: dict[str, str] = {}
        self._prefixes = prefixes
        self._plain = plain
        self._own = ""

    def begin(self, name: str) -> None:
        """Begin a record of a name, whose namespace is its own."""
        own = _namespace(name)
        if own != self._own:
            self.known.clear()
            self._own = own

    def step(self, name: str) -> str:
        """Return the step of a name."""
        found = self.known.get(name)
        if found is None:
            uri, local = _namespace(name), name.rpartition("}")[2]
            is_bare = uri in ("", self._own) or uri in self._plain
            prefix = "" if is_bare else self._prefixes.get(uri, pointer_step(uri))
            self.known[name] = found = f"{prefix}:{local}" if prefix else local
        return found


def _namespace(name: str) -> str:
    return name.rpartition("}")[0].removeprefix("{")


class Markup:
    """Records of one stream, which all stand in the same context.

    Args:
        head: what stands before the records, down to the element that holds them.
        numbered: names whose elements are numbered from the first.
        plain: namespaces whose names are told without prefix, as the records' own.
    """

    def __init__(
        self, head: str, numbered: Collection[str], plain: Collection[str] = frozenset()
    ) -> None:
        self.head = head
        self._numbered = numbered
        self._prefixes: dict[str, str] = {}
        self._prefixes_of_head = 0
        self._names = Names(self._prefixes, plain)

    @property
    def names_kept(self) -> int:
        """How many names it remembers of the records it has read."""
        return len(self._names.known)

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
        self._learn(self.head)
        self._prefixes_of_head = len(self._prefixes)
        parser: _Parser | None = None
        left = 0

        def read(body: str) -> "Part":
            nonlocal parser, left
            if parser is not None and left:
                left -= 1
                # After what it cannot read it cannot go on; a new one tells what is wrong.
                with suppress(NotReadable):
                    return self._read(parser, body)
            parser = None
            fresh = _Parser(self.head)
            found = self._read(fresh, body)
            if fresh.goes_on:
                parser, left = fresh, RECORDS_A_PARSER_MAX
            return found

        yield read

    def _read(self, parser: "_Parser", body: str) -> "Part":
        try:
            if not parser.goes_on or BINDING in body:
                self._learn(self.head + body)
            record, fault = parser.read(body)
            part = Part("")
            if record is not None:
                self._names.begin(record.tag)
                part = self._part(record, "", 0)
            if fault is not None:
                raise NotReadable(Fault(fault.code, fault.detail, _place_of_gap(part)))
            return part
        finally:
            self._forget()

    def _learn(self, text: str) -> None:
        """Learn which prefixes a text binds, and let no document type in.

        Behind the beginning of an element one is no longer well-formed.
        """
        if BINDING not in text and DOCTYPE not in text:
            return

        def bind(prefix: str | None, uri: str | None) -> None:
            if uri and prefix:
                self._prefixes.setdefault(uri, prefix)

        parser = scanner()
        parser.StartNamespaceDeclHandler = bind
        # What is not well-formed is told by who makes the tree.
        with suppress(ExpatError, UnicodeEncodeError):
            try:
                parser.Parse(text, False)
            except DefusedXmlException:
                refused = Fault("doctype-refused", "A document type is not let in")
                raise NotReadable(refused) from None
            finally:
                release(parser)

    def _part(self, element: Element, at: str, depth: int) -> "Part":
        """Return an element with all it holds.

        Raises:
            NotReadable: it lies too deep.
        """
        part = Part(at)
        known, numbered = self._names.known, self._numbered
        for key, value in element.items():
            part["@" + (known.get(key) or self._names.step(key))] = value
        if (text := element.text) is not None:
            part[OWN] = text
        if depth == DEPTH_MAX and len(element):
            detail = f"Elements lie in each other more than {DEPTH_MAX} deep"
            raise NotReadable(Fault("too-deep", detail, at[:PLACE_CHARACTERS_MAX]))
        counts: dict[str, int] = {}
        for child in element:
            try:
                name = known[child.tag]
            except KeyError:
                name = self._names.step(child.tag)
            if name in part or name in numbered:
                counts[name] = count = counts.get(name, name in part) + 1
                name = f"{name}[{count}]"
            if len(child):
                part[name] = self._part(child, f"{at}/{name}", depth + 1)
            else:
                for key, value in child.items():
                    part[f"{name}/@{known.get(key) or self._names.step(key)}"] = value
                part[name] = child.text or ""
            if (tail := child.tail) and not tail.isspace():
                # Blanks between elements say nothing.
                if part.get(OWN, "").isspace():
                    del part[OWN]
                part[OWN] = part.get(OWN, "") + tail
        return part

    def _forget(self) -> None:
        """Keep nothing that would have the next record say something else than alone."""
        has_bound = len(self._prefixes) > self._prefixes_of_head
        while len(self._prefixes) > self._prefixes_of_head:
            self._prefixes.popitem()
        if has_bound or self.names_kept > NAMES_MAX:
            self._names.known.clear()


class _Parser:
    """A parser that has read a head and goes on with records; none of it has a document type.

    Args:
        head: what stands before them.

    Attributes:
        goes_on: whether a record can follow a record.

    Raises:
        NotReadable: the head is not well-formed.
    """

    def __init__(self, head: str) -> None:
        self._builder = TreeBuilder()
        self._parser = XMLParser(target=self._builder)  # noqa: S314 - see above
        top = self._builder.start(GAP, {})
        if (fault := self._feed(head)) is not None:
            raise NotReadable(fault)
        gap = self._gap()
        self._holder = next(one for one in top.iter() if len(one) and one[-1] is gap)
        self._holder.clear()
        self.goes_on = self._holder is not top

    def read(self, body: str) -> tuple[Element | None, Fault | None]:
        """Return a record, or what is wrong with it and the record as far as it was read.

        What does not end has a gap as its last element: there it would have gone on.
        """
        fault = self._feed(body)
        gap = self._gap()
        found = list(self._holder)
        self._holder.clear()
        record = found[0] if found and found[0] is not gap else None
        if fault is None and (record is None or found[1:] != [gap]):
            fault = Fault("record-cut-off", "It does not end")
        return record, fault

    def _feed(self, text: str) -> Fault | None:
        try:
            self._parser.feed(text)
        except (ParseError, UnicodeEncodeError) as error:
            return Fault("malformed-xml", _told(error))
        return None

    def _gap(self) -> Element:
        """Put an element where the next one would begin."""
        gap = self._builder.start(GAP, {})
        self._builder.end(GAP)
        return gap


def _told(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "Some of it is not text in the encoding it says it has"
    return f"It is not well-formed: {error}"[:300]


def _place_of_gap(part: "Part") -> str:
    """Return the place of the element in which a record would have gone on."""
    inner: str | Part = part
    while isinstance(inner, Part) and inner and GAP not in inner:
        part, inner = inner, list(inner.values())[-1]
    return inner.at if isinstance(inner, Part) else part.at


class Part(dict[str, "str | Part"]):
    """An element of a record. What is read of it is taken out.

    It holds its attributes by ``@`` and their names, its own text, and elements by their names: as
    parts those that have others in them, else as texts, with their attributes beside them.

    Args:
        at: its place.
    """

    __slots__ = ("at",)

    def __init__(self, at: str) -> None:
        self.at = at

    def wrong(self, name: str, wanted: str) -> NotReadable:
        """Return the refusal of a value."""
        return NotReadable(Fault("invalid-field", f"{name} is not {wanted}", f"{self.at}/{name}"))

    def missing(self, name: str) -> NotReadable:
        """Return the refusal of an element that lacks a value."""
        return NotReadable(Fault("field-missing", f"{name} is missing", f"{self.at}/{name}"))

    def children(self) -> list[str]:
        """Return the names of its children, each once, in their order."""
        names = (name for name in self if name and "@" not in name)
        return list(dict.fromkeys(name.partition("[")[0] for name in names))

    def peek(self, name: str) -> str:
        """Return a text without having read it."""
        found = self.get(name)
        if isinstance(found, str):
            return found.strip()
        if found is not None:
            return found.peek_own()
        inner, further = self._beyond(name)
        return "" if inner is None else inner.peek(further)

    def told(self, names: Collection[str], but: str) -> Iterator[str]:
        """Yield texts by their names wherever they are told, without having read them.

        Args:
            names: of attributes, each after its ``@``.
            but: how names of elements begin in which nobody looks.
        """
        for name, found in self.items():
            if name.startswith(but):
                continue
            if isinstance(found, Part):
                yield from found.told(names, but)
            elif name.rpartition("/")[2] in names:
                yield found.strip()

    def peek_own(self) -> str:
        """Return its own text without having read it."""
        return self.get(OWN, "").strip()

    def own(self) -> str:
        """Return its own text."""
        return self.pop(OWN, "").strip()

    def text(self, *names: str) -> str:
        """Return the first of several texts that says something; others are left over."""
        for name in names:
            found = self.get(name)
            if isinstance(found, str):
                if "@" in name:
                    del self[name]
                else:
                    # That there is such an element can be asked for still.
                    self[name] = ""
                text = found.strip()
            elif found is not None:
                text = found.own()
            else:
                inner, further = self._beyond(name)
                text = "" if inner is None else inner.text(further)
            if text:
                return text
        return ""

    def within(self, most: int, *names: str) -> str:
        """Return a text of at most so many characters; of a longer one only a part is read."""
        for name in names:
            found = self.peek(name)
            if len(found) > most:
                return found[:most]
            if found:
                return self.text(*names)
        return ""

    def needed(self, *names: str) -> str:
        """Return a text that must be there."""
        found = self.text(*names)
        if not found:
            raise self.missing(names[0])
        return found

    def minor(self, name: str, currency: str) -> int | None:
        """Return an amount in minor units, None when it is absent."""
        found = self.text(name)
        try:
            return MINOR[found, currency] if found else None
        except Invalid as refusal:
            raise self._refused(name, refusal) from None

    def milli(self, name: str, currency: str) -> int | None:
        """Return a unit price in 1/1000 minor units, None when it is absent."""
        found = self.text(name)
        try:
            return MILLI[found, currency] if found else None
        except Invalid as refusal:
            raise self._refused(name, refusal) from None

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
        found = self.get(name)
        if isinstance(found, Part):
            return found
        first, _, further = name.partition("/")
        if further:
            return self.part(first).part(further)
        part = Part(f"{self.at}/{name}")
        if found is not None:
            before = f"{name}/@"
            for key in [key for key in self if key.startswith(before)]:
                part[key[len(name) + 1 :]] = self.pop(key)
            part[OWN] = found
            self[name] = part
        return part

    def parts(self, name: str) -> list["Part"]:
        """Return the children of a name."""
        first = name if name in self else f"{name}[1]"
        found: list[Part] = []
        while first in self:
            found.append(self.part(first))
            first = f"{name}[{len(found) + 1}]"
        return found

    def rest(self, most: int = VALUES_MAX) -> dict[str, str]:
        """Return what nobody has read of it, by its place.

        Raises:
            NotReadable: it is more values than that.
        """
        found: dict[str, str] = {}
        self._leave(found)
        if len(found) > most:
            detail = f"More than {most} values are not known"
            raise NotReadable(Fault("too-much", detail, self.at))
        return found

    def _leave(self, found: dict[str, str]) -> None:
        at = self.at
        for name, told in self.items():
            if isinstance(told, Part):
                told._leave(found)
            elif (told and not told.isspace()) or "@" in name:
                found[f"{at}/{name}" if name else at] = told

    def _beyond(self, name: str) -> "tuple[Part | None, str]":
        """Return the part a name leads through, None for none, and the name from there on."""
        if "/" not in name:
            return None, ""
        first, _, further = name.partition("/")
        found = self.get(first)
        return (found, further) if isinstance(found, Part) else (None, "")

    def _refused(self, name: str, refusal: Invalid) -> NotReadable:
        return NotReadable(Fault.of(refusal, at=f"{self.at}/{name}"))
