"""997: what was understood of each group and set; TA1: what of the interchange around them.

We read set by set and act on what was read. So a group or interchange whose counts do not add up is
accepted with its errors noted, while a set that cannot be read is rejected, with where and why.
"""

import re
from collections.abc import Iterator, Sequence
from typing import cast

from crosslane.channels.adapters.edi_telling import Unwritable, local, one_by_one, reason_of
from crosslane.channels.adapters.telling import Document, Outgoing, Talk
from crosslane.channels.adapters.x12.interchange import ISA_ELEMENTS
from crosslane.channels.adapters.x12.received import ASKED_FOR, CONTROLS, UNSUPPORTED
from crosslane.channels.adapters.x12.telling.partner import Partner, interchange, marks_of
from crosslane.channels.adapters.x12.telling.pen import Pen
from crosslane.channels.adapters.x12.telling.sending import document
from crosslane.channels.domain.replies import Acknowledgment, PartFault, ReceivedPart

ACCEPTED, NOTED, PARTLY, REJECTED = "A", "E", "P", "R"
# Why a set, a group, an interchange is not as it should be: elements 718, 716 and I18.
OF_SET = {
    (UNSUPPORTED, ""): "1",
    ("set-cut-off", ""): "2",
    ("control-number", "SE"): "3",
    ("segment-count", "SE"): "4",
}
IN_SEGMENTS = "5"
OF_GROUP = {
    ("group-cut-off", ""): "3",
    ("control-number", "GE"): "4",
    ("control-count", "GE"): "5",
}
OF_INTERCHANGE = {
    ("control-number", "IEA"): "001",
    ("control-count", "IEA"): "021",
    ("interchange-cut-off", ""): "023",
}
WITHOUT_ERROR = "000"
# Why a segment or an element is not: elements 720 and 723.
SEGMENT_MISSING, SEGMENT_WRONG = "3", "8"
MISSING, CHARACTER, VALUE, DAY = "1", "6", "7", "8"
# Elements that are days or numbers, with what the standard calls them; others are codes.
NUMBERED = {
    **dict.fromkeys(("PO102", "POC03"), ("330", CHARACTER)),
    **dict.fromkeys(("PO104", "POC06"), ("212", CHARACTER)),
    **dict.fromkeys(("PO103", "POC05"), ("355", VALUE)),
    **dict.fromkeys(("BEG03", "BCH03"), ("324", VALUE)),
    **dict.fromkeys(("BEG05", "BCH06", "BIG01", "BIA04", "BSN03"), ("373", DAY)),
    "SN102": ("382", CHARACTER),
    "QTY02": ("380", CHARACTER),
    "TDS01": ("610", CHARACTER),
    "AMT02": ("782", CHARACTER),
    "CTT01": ("354", VALUE),
    "BIG02": ("76", VALUE),
    "BSN02": ("396", VALUE),
    "BIA03": ("127", VALUE),
    "HL01": ("628", VALUE),
    "HL02": ("734", VALUE),
    "HL03": ("735", VALUE),
}
REASONS_MAX = 5
CONTROL_CHARACTERS_MAX = 9
_PLACE = re.compile(r"(?:/(\d{1,6}))?/([A-Z][A-Z0-9]{1,2}?)(\d\d)?")


def _answer(one: Outgoing, talk: Talk) -> Document:
    message = cast(Acknowledgment, one.message)
    isa = str(message.rest.get("/ISA", ""))
    if not isa:
        raise Unwritable("/rest/~1ISA", "Its envelope is not known any more")
    marks = marks_of(isa)
    elements = [text.strip() for text in isa.split(marks.element, ISA_ELEMENTS)]
    groups: dict[str, list[ReceivedPart]] = {}
    for part in message.parts:
        if part.group:
            groups.setdefault(part.group, []).append(part)
    told = {
        name: str(text).rstrip(marks.segment).split(marks.element)
        for name in groups
        if (text := message.rest.get(f"/GS/{name}"))
    }
    first = next(iter(told.values()), list[str]())
    partner = Partner.of(talk.settings, isa, marks.element.join(first))
    pen = Pen(partner.marks)
    sets = [
        (
            "997",
            [
                pen.segment("AK1", gs[1].strip()[:2], name[:9]),
                *_group(groups[name], pen, _said(message, name, marks.element)),
            ],
        )
        for name, gs in told.items()
    ]
    around = [
        code
        for part in message.parts
        for fault in part.faults
        if (code := reason_of(OF_INTERCHANGE, fault, _PLACE)) is not None
    ]
    before: list[str] = []
    if around or elements[14] == ASKED_FOR:
        noted = (NOTED, around[0]) if around else (ACCEPTED, WITHOUT_ERROR)
        before = [pen.segment("TA1", elements[13], elements[9], elements[10], *noted)]
    at = local(talk)
    text = interchange(partner, group="FA", sets=sets, number=one.number, at=at, before=before)
    return document("997", one.number, text)


# Of each interchange received what was understood of it, each in a file of its own.
acknowledge = one_by_one(_answer)


def _said(message: Acknowledgment, name: str, between: str) -> str:
    """Return how many sets the end of a group says that there are, "" when nobody knows."""
    elements = str(message.rest.get(f"/GE/{name}", "")).split(between)
    count = elements[1].strip() if len(elements) > 1 else ""
    return count[:6] if count.isdecimal() else ""


def _group(parts: Sequence[ReceivedPart], pen: Pen, said: str) -> Iterator[str]:
    """Yield what is said of the sets of a group, and of it as a whole."""
    sets = [part for part in parts if part.kind not in CONTROLS]
    for part in sets:
        # A set whose beginning cannot be read has no name here: it is only counted.
        if pen.can_code(part.kind, 3, 3) and pen.can_code(part.control, CONTROL_CHARACTERS_MAX):
            yield pen.segment("AK2", part.kind, part.control)
            yield from _set(part, pen)
    there, accepted = len(sets), sum(part.taken for part in sets)
    wrong = [
        code
        for part in parts
        for fault in part.faults
        if (code := reason_of(OF_GROUP, fault, _PLACE)) is not None
    ]
    if accepted < there:
        outcome = PARTLY if accepted else REJECTED
    else:
        outcome = NOTED if wrong else ACCEPTED
    counts = (said or str(there), str(there), str(accepted))
    yield pen.segment("AK9", outcome, *counts, *list(dict.fromkeys(wrong))[:REASONS_MAX])


def _set(part: ReceivedPart, pen: Pen) -> Iterator[str]:
    if part.taken:
        yield pen.segment("AK5", ACCEPTED)
        return
    reasons: list[str] = []
    for fault in part.faults:
        reason = reason_of(OF_SET, fault, _PLACE)
        if reason is None:
            yield from _fault(fault, pen)
        reasons.append(reason or IN_SEGMENTS)
    yield pen.segment("AK5", REJECTED, *list(dict.fromkeys(reasons))[:REASONS_MAX])


def _fault(fault: PartFault, pen: Pen) -> Iterator[str]:
    """Yield where in a set something is wrong, and what, as far as X12 has numbers for it."""
    found = _PLACE.fullmatch(fault.pointer)
    if found is None or found[1] is None:
        return
    number, tag, element = found[1], found[2], found[3]
    missing = fault.code == "field-missing"
    if element is None:
        code = SEGMENT_MISSING if missing else SEGMENT_WRONG
        yield pen.segment("AK3", tag, number, "", code)
        return
    reference, usual = NUMBERED.get(tag + element, ("", VALUE))
    yield pen.segment("AK3", tag, number, "", SEGMENT_WRONG)
    yield pen.segment("AK4", str(int(element)), reference, MISSING if missing else usual)
