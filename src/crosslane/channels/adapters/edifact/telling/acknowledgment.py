"""CONTRL: what was understood of an interchange, and of each message in it.

We read message by message and act on what was read. So a group or interchange whose counts do not
add up is acknowledged with its error noted, while a message that cannot be read is rejected, with
where and why. Codes are those of ISO 9735 part 4 (elements 0083 and 0085); a place of an element
counts the tag of its segment as the first.
"""

import re
from collections.abc import Iterator, Sequence
from typing import cast

from crosslane.channels.adapters.edi_stream import cut_at
from crosslane.channels.adapters.edi_telling import Unwritable, local, one_by_one, reason_of
from crosslane.channels.adapters.edifact.interchange import Way
from crosslane.channels.adapters.edifact.received import CONTROLS, UNSUPPORTED, opening
from crosslane.channels.adapters.edifact.segments import Segment
from crosslane.channels.adapters.edifact.telling.partner import CONTROL, Partner, interchange
from crosslane.channels.adapters.edifact.telling.pen import Pen
from crosslane.channels.adapters.telling import Document, Outgoing, Talk
from crosslane.channels.domain.replies import Acknowledgment, PartFault, ReceivedPart

REJECTED, ACKNOWLEDGED = "4", "7"
INVALID, MISSING, NOT_SUPPORTED, UNSPECIFIED = "12", "13", "14", "18"
DISAGREES, MISCOUNTED, OUTSIDE = "28", "29", "33"
Reason = tuple[str, str, tuple[str, ...]]
# Of a service segment: code, its tag, and which element of it.
SERVICE: dict[tuple[str, str], Reason] = {
    (UNSUPPORTED, ""): (NOT_SUPPORTED, "UNH", ("3", "1")),
    ("message-cut-off", ""): (MISSING, "UNT", ()),
    ("segment-count", "UNT"): (MISCOUNTED, "UNT", ("2",)),
    ("control-number", "UNT"): (DISAGREES, "UNT", ("3",)),
    ("group-cut-off", ""): (MISSING, "UNE", ()),
    ("control-count", "UNE"): (MISCOUNTED, "UNE", ("2",)),
    ("control-number", "UNE"): (DISAGREES, "UNE", ("3",)),
    ("interchange-cut-off", ""): (MISSING, "UNZ", ()),
    ("control-count", "UNZ"): (MISCOUNTED, "UNZ", ("2",)),
    ("control-number", "UNZ"): (DISAGREES, "UNZ", ("3",)),
    ("message-unbegun", ""): (OUTSIDE, "UNT", ()),
    ("segment-outside", ""): (OUTSIDE, "", ()),
}
# Of what stands in a segment.
WITHIN = {"field-missing": MISSING, "line-count": MISCOUNTED, "invalid-field": INVALID}
PARTY_CHARACTERS_MAX = 35
CONTROL_CHARACTERS_MAX = 14
_PLACE = re.compile(r"(?:/(\d{1,6}))?/([A-Z]{3})(?:(\d\d)(?:\*(\d+))?(?:\.(\d+))?)?")


def _answer(one: Outgoing, talk: Talk) -> Document:
    message = cast(Acknowledgment, one.message)
    head = str(message.rest.get("/head", ""))
    if not head:
        raise Unwritable("/rest/~1head", "Its envelope is not known any more")
    opened = opening(head)
    way = opened.way
    unb = Segment(way.element.join(opened.unb), 1, way, "UNB")
    partner = Partner.of(talk.settings, way, unb)
    report = _Report(message, way, partner.pen)
    segments = [*report.interchange(unb), *report.messages()]
    return interchange(partner, CONTROL, [segments], one.number, local(talk))


# Of each interchange received what was understood of it, each in a file of its own.
acknowledge = one_by_one(_answer)


class _Report:
    """What is said of an interchange."""

    def __init__(self, message: Acknowledgment, way: Way, pen: Pen) -> None:
        self._message, self._way, self._pen = message, way, pen

    def interchange(self, unb: Segment) -> Iterator[str]:
        """Yield what is said of it as a whole: which one it was, by whom, for whom."""
        number = self._pen.code(unb.peek(5), CONTROL_CHARACTERS_MAX, "/source_id")
        if not (number and unb.peek(2) and unb.peek(3)):
            raise Unwritable("/source_id", "It does not say which interchange it is, of whom")
        yield self._pen.segment(
            "UCI",
            number,
            self._who(unb, 2),
            self._who(unb, 3),
            ACKNOWLEDGED,
            *self._noted("UNZ", [part for part in self._message.parts if not part.group]),
        )

    def messages(self) -> Iterator[str]:
        """Yield what is said of its messages, group by group where it has groups."""
        groups: dict[str, list[ReceivedPart]] = {}
        for part in self._message.parts:
            groups.setdefault(part.group, []).append(part)
        for group, parts in groups.items():
            if group:
                yield self._group(group, parts)
            for part in parts:
                if part.kind not in CONTROLS:
                    yield from self._said(part)

    def _group(self, name: str, parts: Sequence[ReceivedPart]) -> str:
        ung = self._segment(f"/UNG/{name}", "UNG")
        return self._pen.segment(
            *("UCF", name[:CONTROL_CHARACTERS_MAX]),
            self._who(ung, 2),
            self._who(ung, 3),
            ACKNOWLEDGED,
            *self._noted("UNE", parts),
        )

    def _said(self, part: ReceivedPart) -> Iterator[str]:
        unh = self._segment(f"/UNH/{part.place}", "UNH")
        identified = [unh.peek(2, n) for n in range(1, 5)]
        known = all(identified) and all(self._pen.can_code(text, 6) for text in identified)
        if not (known and self._pen.can_code(part.control, CONTROL_CHARACTERS_MAX)):
            # A message whose beginning cannot be read has no name here.
            return
        if part.taken:
            yield self._pen.segment("UCM", part.control, identified, ACKNOWLEDGED)
            return
        service = [why for fault in part.faults if (why := _of_service(fault)) is not None]
        if service:
            yield self._pen.segment("UCM", part.control, identified, REJECTED, *service[0])
            return
        within = [list(self._within(fault)) for fault in part.faults]
        told = next((segments for segments in within if segments), list[str]())
        code = () if told else (UNSPECIFIED,)
        yield self._pen.segment("UCM", part.control, identified, REJECTED, *code)
        yield from told

    def _within(self, fault: PartFault) -> Iterator[str]:
        """Yield where in a message something is wrong, and what."""
        found = _PLACE.fullmatch(fault.pointer)
        if found is None or found[1] is None:
            return
        code = WITHIN.get(fault.code, INVALID)
        number, element, again, part = found[1], found[3], found[4], found[5]
        if element is None:
            yield self._pen.segment("UCS", number, code)
            return
        yield self._pen.segment("UCS", number)
        # The tag is the first element, so that the first one after it is the second.
        place = (str(int(element) + 1), part or "", again or "")
        yield self._pen.segment("UCD", code, place)

    def _noted(self, tag: str, parts: Sequence[ReceivedPart]) -> Reason | tuple[()]:
        """Return what is noted of a group or interchange that does not add up."""
        for part in parts:
            for fault in part.faults:
                why = _of_service(fault)
                if why is not None and part.kind in CONTROLS and why[1] in (tag, "UNT", ""):
                    return why
        return ()

    def _who(self, one: Segment, n: int) -> list[str]:
        told = one.elements[n] if n < len(one.elements) else []
        return [self._pen.code(text, PARTY_CHARACTERS_MAX, "/rest/~1head") for text in told]

    def _segment(self, place: str, tag: str) -> Segment:
        text = str(self._message.rest.get(place, ""))
        text = cut_at(text, self._way.segment, self._way.release)[0].strip()
        return Segment(text, 1, self._way, tag)


def _of_service(fault: PartFault) -> Reason | None:
    return reason_of(SERVICE, fault, _PLACE)
