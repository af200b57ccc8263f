"""``epcis``: events of EPCIS 1 and 2, in JSON-LD or XML.

A record is an event; documents, answers to queries and events by themselves are read, several
documents of JSON one a line. Goods are named by their GTIN, places by their GLN, whether a URN or a
Digital Link says so. What an event says beyond its message is the message's ``rest``, by its place
in the event, and so are keys and steps as they were written; what its document says is there behind
``/head``.

An event is known by its ``eventID``, else by what it says; shipments by the one logistic unit they
are, else by their despatch advice. An error declaration takes an event back.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import msgspec

from crosslane.channels.adapters.branches import Branch, NotReadable
from crosslane.channels.adapters.encoded import texts_of
from crosslane.channels.adapters.epcis.cutting import Cut, cut_json, cut_xml
from crosslane.channels.adapters.epcis.events import understand
from crosslane.channels.adapters.family import Context, Family, Reading, checked, kept_text
from crosslane.channels.adapters.port import JSON, LINES, Fault
from crosslane.channels.domain.messages import Message

MEDIA_TYPES = (JSON, "application/ld+json", "application/xml", "text/xml", LINES)
STREAM_CHARACTERS_MAX = 16 << 20


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read event by event."""
    place = 0
    try:
        for cut in _cuts(stream, context):
            place += 1
            messages, fault = (), None
            try:
                messages = (_said(cut, context),)
            except NotReadable as refused:
                fault = _placed(refused.fault, cut.places)
            head, body, tail = map(kept_text, (cut.head, cut.body, cut.tail))
            yield Reading(
                place=place, head=head, body=body, tail=tail, messages=messages, fault=fault
            )
    except NotReadable as refused:
        yield Reading(place=place + 1, fault=refused.fault)


def _cuts(stream: BinaryIO, context: Context) -> Iterator[Cut]:
    parts: list[str] = []
    left = STREAM_CHARACTERS_MAX
    for part in texts_of(stream, context.encoding):
        parts.append(part)
        left -= len(part)
        if left < 0:
            most = STREAM_CHARACTERS_MAX >> 20
            raise NotReadable(Fault("record-too-large", f"A document has at most {most} MiB"))
    text = "".join(parts).strip("\ufeff \t\r\n\x00")
    if text.startswith("<"):
        yield from cut_xml(text)
        return
    lines = [line for line in text.splitlines() if line.strip()]
    one_a_line = len(lines) > 1 and all(line[0] == "{" and line[-1] == "}" for line in lines)
    for document in lines if one_a_line else [text]:
        yield from cut_json(document.encode("utf-8", "surrogateescape"))


def _said(cut: Cut, context: Context) -> Message:
    if not isinstance(cut.event, dict):
        raise NotReadable(Fault("not-epcis", "An event is an object"))
    event = Branch.of(cut.event)
    message = understand(event, context)
    rest: dict[str, Any] = event.rest() | Branch.of(cut.around, "/head").rest()
    placed = {cut.places.get(pointer, pointer): value for pointer, value in rest.items()}
    point = partial(_place, cut.places)
    return checked(msgspec.structs.replace(message, rest=placed), point)


def _place(places: dict[str, str], pointer: str) -> str:
    """Return a pointer into an event as one into the record; into a message it is of no use."""
    return places.get(pointer, "")


def _placed(fault: Fault, places: dict[str, str]) -> Fault:
    return msgspec.structs.replace(fault, pointer=places.get(fault.pointer, fault.pointer))


EPCIS = Family(
    name="epcis",
    media_types=MEDIA_TYPES,
    brings=frozenset(("fulfillment", "supply_delta", "supply_snapshot", "notice")),
    read=read,
)
