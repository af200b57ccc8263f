"""Cutting documents of EPCIS into their events, and events of XML in the shape of those of JSON.

A record is an event; its head and tail are the document it stands in, without the other events.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element
from xml.parsers.expat import ExpatError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from crosslane.channels.adapters.branches import NotReadable, read_json
from crosslane.channels.adapters.encoded import undeclared
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.scanning import release, scanner
from crosslane.kernel import pointer_step

DEPTH_MAX = 60
DOCUMENTS = ("EPCISDocument", "EPCISQueryDocument")
EVENT_LIST = "EventList"
# Where events stand in documents of JSON.
WAYS = (("epcisBody", "eventList"), ("epcisBody", "queryResults", "resultsBody", "eventList"))
# Elements that hold several of a kind.
LISTS = frozenset(
    (
        *("epcList", "childEPCs", "inputEPCList", "outputEPCList"),
        *("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"),
        *("bizTransactionList", "sourceList", "destinationList", "sensorElementList"),
        "correctiveEventIDs",
    )
)
MANY = frozenset(("sensorReport", "set", "unset"))
# Elements of EPCIS 1 that only say that more was thought of later.
WRAPPERS = frozenset(("extension", "baseExtension"))
_OWN = re.compile(r"urn:epcglobal:epcis(?:-query|-masterdata)?:xsd:\d")
_TAG = re.compile(rb"<([^\s/>]+)")
NOT_EPCIS = "It is no document and no event of EPCIS"


class Cut(NamedTuple):
    """An event.

    Args:
        body: as it stands in its document; likewise what stands before and after it.
        event: decoded, in the shape of JSON.
        around: the document without its events.
        places: of an event of XML, from pointers into ``event`` to places in the record; likewise
            from pointers into ``around``, each behind ``/head``.
    """

    body: str
    head: str
    tail: str
    event: Any
    around: Any
    places: dict[str, str]


def cut_json(raw: bytes) -> Iterator[Cut]:
    """Yield the events of a document of JSON.

    Raises:
        NotReadable: it is none.
    """
    whole = read_json(raw)
    kind = whole.get("type") or whole.get("@type") if isinstance(whole, dict) else None
    if kind not in DOCUMENTS:
        if not isinstance(kind, str) or "eventTime" not in whole:
            raise NotReadable(Fault("not-epcis", NOT_EPCIS))
        yield Cut(raw.decode(errors="replace"), "", "", whole, {}, {})
        return
    way = WAYS[DOCUMENTS.index(kind)]
    head, tail, part, events = "", "", msgspec.Raw(raw), whole
    for at, step in enumerate(way):
        if not isinstance(events, dict):
            here = "/" + "/".join(way[:at])
            raise NotReadable(Fault("invalid-field", f"{way[at - 1]} is not an object", here))
        if step not in events:
            return
        texts = msgspec.json.decode(part, type=dict[str, msgspec.Raw])
        others = (
            f"{msgspec.json.encode(name).decode()}:{bytes(text).decode()},"
            for name, text in texts.items()
            if name != step
        )
        head += "{" + "".join(others) + f'"{step}":'
        tail = "}" + tail
        part, events = texts[step], events[step]
    if not isinstance(events, list):
        raise NotReadable(Fault("invalid-field", "eventList is not a list", "/" + "/".join(way)))
    around = _without(whole, way)
    texts_of_events = msgspec.json.decode(part, type=list[msgspec.Raw])
    for event, text in zip(events, texts_of_events, strict=True):
        yield Cut(bytes(text).decode(), head + "[", "]" + tail, event, around, {})


def _without(document: dict[str, Any], way: tuple[str, ...]) -> dict[str, Any]:
    """Return a document without what lies at the end of a way."""
    step, *more = way
    kept = {name: part for name, part in document.items() if name != step}
    return kept | {step: _without(document[step], tuple(more))} if more else kept


def cut_xml(text: str) -> Iterator[Cut]:
    """Yield the events of a document of XML.

    Raises:
        NotReadable: it is none, is not well-formed, or declares a document type.
    """
    raw = undeclared(text).encode("utf-8", "surrogatepass")
    try:
        spans, tail = _spans(raw)
        tree = _Tree(raw)
    except (ExpatError, ParseError) as error:
        raise NotReadable(Fault("malformed-xml", f"It is not well-formed: {error}"[:300])) from None
    except DefusedXmlException:
        raise NotReadable(Fault("doctype-refused", "A document type is not let in")) from None
    if tree.name(tree.root.tag) not in DOCUMENTS and tree.events is None:
        raise NotReadable(Fault("not-epcis", NOT_EPCIS))
    places: dict[str, str] = {}
    events = [] if tree.events is None else list(tree.events)
    if tree.events is not None:
        tree.events[:] = []
    around = tree.value(tree.root, "/head", "/head", places)
    head = raw[: spans[0][0]].decode() if spans else ""
    for (begin, end), element in zip(spans, events, strict=True):
        known = dict(places)
        event = tree.event(element, known)
        yield Cut(raw[begin:end].decode(), head, tail, event, around, known)


def _spans(raw: bytes) -> tuple[list[tuple[int, int]], str]:
    """Return where events begin and end, and the tags that close what they stand in."""
    parser = scanner()
    opened: list[int] = []
    spans: list[tuple[int, int]] = []
    # How deep events lie, once their list is found; of several lists the first is the one.
    depth, closing = 0, ""

    def start(name: str, _: object) -> None:
        nonlocal depth, closing
        if len(opened) > DEPTH_MAX:
            detail = f"Elements lie in each other more than {DEPTH_MAX} deep"
            raise NotReadable(Fault("too-deep", detail))
        opened.append(parser.CurrentByteIndex)
        if not closing and _local(name) == EVENT_LIST:
            depth = len(opened)
            closing = "".join(_tag(raw, at) for at in reversed(opened))

    def end(_: str) -> None:
        nonlocal depth
        begin, at = opened.pop(), parser.CurrentByteIndex
        if depth and len(opened) == depth:
            is_empty = raw[begin:at].endswith(b"/>") and raw.count(b"<", begin, at) == 1
            spans.append((begin, at if is_empty else raw.find(b">", at) + 1))
        elif len(opened) < depth:
            depth = 0

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(raw, True)
    finally:
        release(parser)
    return spans, closing


def _tag(raw: bytes, at: int) -> str:
    found = _TAG.match(raw, at)
    return f"</{found[1].decode()}>" if found else ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


class _Tree:
    """A document of XML, its events still among its elements."""

    def __init__(self, raw: bytes) -> None:
        self._prefixes: dict[str, str] = {}
        self.events: Element | None = None
        root: Element | None = None
        for kind, found in iterparse(BytesIO(raw), events=("start-ns", "start"), forbid_dtd=True):
            if kind == "start-ns":
                self._prefixes[found[1]] = found[0]
            elif root is None:
                root = found
            if kind == "start" and self.events is None and _local(found.tag) == EVENT_LIST:
                self.events = found
        if root is None:
            raise NotReadable(Fault("not-epcis", NOT_EPCIS))
        self.root = root

    def name(self, tag: str) -> str:
        """Return a name as JSON would have it: with the prefix of a namespace that is not ours."""
        uri, _, local = tag.removeprefix("{").rpartition("}")
        prefix = "" if _OWN.fullmatch(uri) else self._prefixes.get(uri, uri)
        return f"{prefix}:{local}" if prefix else local

    def event(self, element: Element, places: dict[str, str]) -> dict[str, Any]:
        """Return an event; which kind it is, is its type."""
        place = ""
        while self.name(element.tag) in WRAPPERS and len(element):
            element = element[0]
            place += f"/{self.name(element.tag)}"
        value = self.value(element, "", place, places)
        fields = value if isinstance(value, dict) else {}
        return {"type": self.name(element.tag)} | fields

    def value(self, element: Element, pointer: str, place: str, places: dict[str, str]) -> Any:
        """Return what an element says: a text, an object or a list."""
        name = self.name(element.tag)
        text = (element.text or "").strip()
        places[pointer] = place
        if name in LISTS:
            return [
                self.value(child, f"{pointer}/{n}", at, places)
                for n, (child, at) in enumerate(self._children(element, place))
            ]
        if not len(element) and not element.attrib:
            return text
        found: dict[str, Any] = {}
        for key, value in element.attrib.items():
            called = self.name(key)
            found[called] = value
            places[f"{pointer}/{pointer_step(called)}"] = f"{place}/@{called}"
        self._fill(found, element, pointer, place, places)
        if text:
            found[name] = text
            places[f"{pointer}/{pointer_step(name)}"] = place
        return found

    def _fill(
        self,
        found: dict[str, Any],
        element: Element,
        pointer: str,
        place: str,
        places: dict[str, str],
    ) -> None:
        by_name: dict[str, list[tuple[Element, str]]] = {}
        for child, at in self._children(element, place):
            called = self.name(child.tag)
            if called in WRAPPERS:
                self._fill(found, child, pointer, at, places)
            else:
                by_name.setdefault(called, []).append((child, at))
        for called, children in by_name.items():
            inner = f"{pointer}/{pointer_step(called)}"
            if len(children) == 1 and called not in MANY:
                found[called] = self.value(children[0][0], inner, children[0][1], places)
            else:
                found[called] = [
                    self.value(child, f"{inner}/{n}", at, places)
                    for n, (child, at) in enumerate(children)
                ]

    def _children(self, element: Element, place: str) -> Iterator[tuple[Element, str]]:
        counts: dict[str, int] = {}
        for child in element:
            called = self.name(child.tag)
            counts[called] = counts.get(called, 0) + 1
            count = f"[{counts[called]}]" if counts[called] > 1 else ""
            yield child, f"{place}/{called}{count}"
