"""What is to be acknowledged of interchanges that were read: their messages, and faults."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import groupby

from crosslane.channels.adapters.edi_stream import cut_at
from crosslane.channels.adapters.edi_telling import acknowledged
from crosslane.channels.adapters.edifact.interchange import Cut, Cutter
from crosslane.channels.adapters.family import Context, Reading
from crosslane.channels.domain.replies import Acknowledgment, PartFault, ReceivedPart
from crosslane.channels.domain.reports import Notice

# A CONTRL is never acknowledged: two who did would never end.
SILENT = "CONTRL"
UNSUPPORTED = "message-unsupported"
NAME_CHARACTERS_MAX = 100
KIND_CHARACTERS_MAX, CONTROL_CHARACTERS_MAX = 6, 14
# Kinds of parts that are no messages; "" is of what stands outside of all.
CONTROLS = frozenset(("UNA", "UNB", "UNG", "UNE", "UNT", "UNZ", ""))
UNZ = "/UNZ"


def acknowledge(readings: Iterable[Reading], context: Context) -> Iterator[Acknowledgment]:
    """Say what was understood of each interchange.

    ``rest`` has how it began, as received: ``/head``, and by the number of a group ``/UNG/7``; of
    each message ``/UNH/3`` by its place, what it says that it is.
    """
    for began, read in groupby(readings, lambda reading: _interchange(reading.head)):
        if not began:
            continue
        opened = opening(began)
        rest = {"/head": began}
        parts = [part for reading in read for part in _parts(reading, opened, rest)]
        messages = [part for part in parts if part.kind not in CONTROLS]
        wrong = any(fault.pointer.startswith(UNZ) for part in parts for fault in part.faults)
        if not (messages or wrong):
            continue
        unb = [*opened.unb, *[""] * 6]
        sender = unb[2].partition(opened.way.component)[0].strip()
        if not sender:
            # It has no beginning: there is nobody to be answered.
            continue
        yield acknowledged(
            f"{sender}/{unb[5].strip()}", context, parts, sum(part.taken for part in messages), rest
        )


def opening(head: str) -> Cut:
    """Return the marks and elements with which an interchange began.

    Args:
        head: the beginning, as it was received.
    """
    return next(Cutter(BytesIO(head.encode())).cuts())


def _interchange(head: str) -> str:
    """Return the beginning of an interchange, without that of a group, "" when it has none."""
    if not head:
        return ""
    opened = opening(head)
    end = opened.way.segment
    told = cut_at(head[9:] if head.startswith("UNA") else head, end, opened.way.release)
    return head[:9] * head.startswith("UNA") + told[0] + end


def _parts(reading: Reading, opened: Cut, rest: dict[str, str]) -> Iterator[ReceivedPart]:
    way = opened.way
    group = ""
    if reading.head and (after := reading.head.removeprefix(rest["/head"])).startswith("UNG"):
        elements = [*cut_at(after, way.element, way.release), *[""] * 6]
        group = elements[5].strip()[:NAME_CHARACTERS_MAX]
        rest.setdefault(f"/UNG/{group}", after)
    first = cut_at(reading.body, way.segment, way.release)[0].strip(" \r\n")
    told = [*(one.strip() for one in cut_at(first, way.element, way.release)), "", "", ""]
    tag = told[0].partition(way.component)[0].strip()[:3].upper()
    identified = cut_at(told[2], way.component, way.release)
    kind = tag if tag in CONTROLS or tag == "UNO" else ""
    if tag == "UNH":
        kind = identified[0].strip().upper() or "?"
    if kind == SILENT:
        return
    if tag == "UNH":
        rest[f"/UNH/{reading.place}"] = first
    faults = [
        PartFault(code=fault.code, detail=fault.detail[:500], pointer=fault.pointer[:500])
        for fault in (reading.fault,)
        if fault is not None
    ]
    if any(_is_other(one) for one in reading.messages):
        faults.append(PartFault(code=UNSUPPORTED, detail=f"{kind} is kept, and not used"))
    yield ReceivedPart(
        place=reading.place,
        kind=kind[:KIND_CHARACTERS_MAX],
        control=told[1][:CONTROL_CHARACTERS_MAX] if tag in ("UNH", "UNO") else "",
        group=group,
        taken=not faults,
        faults=tuple(faults),
    )


def _is_other(message: object) -> bool:
    return isinstance(message, Notice) and message.topic.startswith("message_")
