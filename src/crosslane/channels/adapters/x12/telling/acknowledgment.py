"""997: what was understood of each group and set; TA1: what of the interchange around them.

We read set by set and act on what was read. So a group or interchange whose counts do not add up is
accepted with its errors noted, while a set that cannot be read is rejected, with where and why.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crosslane.channels.adapters.telling import Conversation, Outcome, Outgoing, Talk
from crosslane.channels.adapters.x12.interchange import ISA_ELEMENTS
from crosslane.channels.adapters.x12.telling.partner import Partner, interchange, marks_of
from crosslane.channels.adapters.x12.telling.pen import Marks, Pen, Unwritable
from crosslane.channels.adapters.x12.telling.sending import document, local, refused
from crosslane.channels.domain.replies import Acknowledgment, PartFault, ReceivedPart

ACCEPTED, NOTED, PARTLY, REJECTED = "A", "E", "P", "R"
# Groups of acknowledgments are never acknowledged: two who did would never end.
SILENT = frozenset(("FA",))
UNKNOWN = "1"
# Why a set, a group, an interchange is not as it should be: elements 718, 716 and I18.
OF_SET = {
    ("set-cut-off", ""): "2",
    ("control-number", "SE"): "3",
    ("segment-count", "SE"): "4",
    ("record-too-large", ""): "5",
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
    **dict.fromkeys(("PO102", "POC03", "SDQ04"), ("330", CHARACTER)),
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
SET_CHARACTERS_MAX, CONTROL_CHARACTERS_MAX = 3, 9
_PLACE = re.compile(r"/(\d{1,6})/([A-Z][A-Z0-9]{1,2}?)(\d\d)?")
_TAIL = re.compile(r"/([A-Z]{2,3}?)(\d\d)?")


class _Group(NamedTuple):
    """A group as it was received.

    Args:
        gs: elements of its segment GS.
        sets: records of its sets.
        wrong: what does not add up about itself, and the count it tells.
    """

    gs: list[str]
    sets: list[ReceivedPart]
    wrong: list[str]
    counts: list[str]


def acknowledge(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Tell of each thing received what was understood of it, if it is to be acknowledged."""
    outcomes: list[Outcome] = []
    for one in messages:
        message = one.message
        assert isinstance(message, Acknowledgment)
        texts: list[str] = []
        try:
            for isa, parts in _interchanges(message):
                if text := _answer(isa, parts, one.number, talk):
                    texts.append(text)
        except Unwritable as why:
            outcomes.append(refused(why))
            continue
        if not texts:
            detail = "Nothing in it is acknowledged"
            outcomes.append(Outcome(state="needless", code="not-acknowledged", detail=detail))
            continue
        answer = yield document("997", one.number, "".join(texts))
        outcomes.append(Outcome() if answer.is_good else Outcome.refused(answer))
    return outcomes


def _interchanges(
    message: Acknowledgment,
) -> Iterator[tuple[str, list[tuple[str, ReceivedPart]]]]:
    """Yield envelopes, each with the records in it and the group in which each of them lay."""
    found: dict[str, list[tuple[str, ReceivedPart]]] = {}
    for part in message.parts:
        head = message.heads[part.head] if part.head < len(message.heads) else ""
        if head.startswith("ISA") and len(pieces := head.split(head[3], ISA_ELEMENTS)) > ISA_ELEMENTS:
            end = pieces[ISA_ELEMENTS][1:2]
            at = head.index(end, len(head) - len(pieces[ISA_ELEMENTS])) + 1
            found.setdefault(head[:at], []).append((head[at:].strip(), part))
    yield from found.items()


def _answer(isa: str, parts: list[tuple[str, ReceivedPart]], number: int, talk: Talk) -> str:
    marks = marks_of(isa)
    elements = [text.strip() for text in isa.split(marks.element, ISA_ELEMENTS)]
    groups: dict[str, _Group] = {}
    around: list[str] = []
    for gs, part in parts:
        around += [
            code for fault in part.faults if (code := _looked_up(OF_INTERCHANGE, fault)) is not None
        ]
        if gs:
            read = [text.strip() for text in gs.rstrip(marks.segment).split(marks.element)]
            group = groups.setdefault(gs, _Group([*read, *[""] * 9][:9], [], [], []))
            _sort_in(group, part, marks)
    asked = [group for group in groups.values() if group.gs[1] not in SILENT]
    first = asked[0].gs if asked else next((group.gs for group in groups.values()), [])
    partner = Partner.of(talk.settings, isa, marks.element.join(first))
    pen = Pen(partner.marks)
    sets = [("997", list(_group(group, pen, marks))) for group in asked]
    before = []
    if around or elements[14] == "1":
        noted = NOTED if around else ACCEPTED
        told = (elements[13], elements[9], elements[10], noted, (around or [WITHOUT_ERROR])[0])
        before = [pen.segment("TA1", *told)]
    if not sets and not before:
        return ""
    at = local(talk)
    return interchange(partner, group="FA", sets=sets, number=number, at=at, before=before)


def _sort_in(group: _Group, part: ReceivedPart, marks: Marks) -> None:
    if part.opening.startswith("ST" + marks.element):
        group.sets.append(part)
        return
    for fault in part.faults:
        code = _looked_up(OF_GROUP, fault)
        if code is not None:
            group.wrong.append(code)
            told = part.opening.rstrip(marks.segment).split(marks.element)
            if told[0] == "GE" and len(told) > 1 and told[1].strip().isdecimal():
                group.counts.append(told[1].strip()[:6])


def _group(group: _Group, pen: Pen, theirs: Marks) -> Iterator[str]:
    """Yield what is said of a group: of it, of each set, and how many are accepted."""
    yield pen.segment("AK1", group.gs[1][:2], group.gs[6][:9])
    accepted = 0
    for part in group.sets:
        name = [*part.opening.split(theirs.segment, 1)[0].split(theirs.element), "", ""]
        kind, control = name[1].strip(), name[2].strip()
        yield pen.segment("AK2", kind[:SET_CHARACTERS_MAX], control[:CONTROL_CHARACTERS_MAX])
        verdict = list(_set(part, pen))
        accepted += verdict[-1] == pen.segment("AK5", ACCEPTED)
        yield from verdict
    there = len(group.sets)
    outcome = REJECTED if there and not accepted else PARTLY if accepted < there else ACCEPTED
    if group.wrong and outcome == ACCEPTED:
        outcome = NOTED
    counts = ((group.counts or [str(there)])[0], str(there), str(accepted))
    yield pen.segment("AK9", outcome, *counts, *dict.fromkeys(group.wrong[:5]))


def _set(part: ReceivedPart, pen: Pen) -> Iterator[str]:
    if not part.faults:
        if UNREAD in part.kinds:
            yield pen.segment("AK5", REJECTED, UNKNOWN)
        else:
            yield pen.segment("AK5", ACCEPTED)
        return
    reasons: list[str] = []
    for fault in part.faults:
        reason = _looked_up(OF_SET, fault)
        if reason is None or fault.code == "segment-count":
            yield from _fault(fault, pen)
        reasons.append(reason or IN_SEGMENTS)
    yield pen.segment("AK5", REJECTED, *list(dict.fromkeys(reasons))[:5])


def _fault(fault: PartFault, pen: Pen) -> Iterator[str]:
    """Yield where in a set something is wrong, and what, as far as X12 has numbers for it."""
    found = _PLACE.fullmatch(fault.pointer)
    if found is None:
        return
    number, tag, element = found[1], found[2], found[3]
    if element is None:
        code = SEGMENT_MISSING if fault.code == "field-missing" else SEGMENT_WRONG
        yield pen.segment("AK3", tag, number, "", code)
        return
    reference, usual = NUMBERED.get(tag + element, ("", VALUE))
    code = MISSING if fault.code == "field-missing" else usual
    yield pen.segment("AK3", tag, number, "", SEGMENT_WRONG)
    yield pen.segment("AK4", str(int(element)), reference, code)


def _looked_up(table: dict[tuple[str, str], str], fault: PartFault) -> str | None:
    """Return the number of a reason, by its code and the segment it is about."""
    found = _PLACE.fullmatch(fault.pointer)
    tail = _TAIL.fullmatch(fault.pointer)
    tag = found[2] if found else tail[1] if tail else ""
    return table.get((fault.code, tag), table.get((fault.code, "")))
