"""What is to be acknowledged of interchanges that were read: their groups and sets, and faults."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from crosslane.channels.adapters.edi_telling import acknowledged
from crosslane.channels.adapters.family import Context, Reading
from crosslane.channels.adapters.x12.interchange import ISA_ELEMENTS
from crosslane.channels.domain.replies import Acknowledgment, PartFault, ReceivedPart
from crosslane.channels.domain.reports import Notice

# Groups of acknowledgments are never acknowledged: two who did would never end.
SILENT = frozenset(("FA",))
UNSUPPORTED = "set-unsupported"
NAME_CHARACTERS_MAX = 100
ASKED_FOR = "1"
# Kinds of parts that are no sets.
CONTROLS = frozenset(("ISA", "IEA", "GS", "GE", "SE", "TA1"))
IEA = "/IEA"


def acknowledge(readings: Iterable[Reading], context: Context) -> Iterator[Acknowledgment]:
    """Say what was understood of each interchange that wants to know it.

    ``rest`` has the segments around it as received: ``/ISA``, and by the number of a group
    ``/GS/7`` and ``/GE/7`` where its end does not add up.
    """
    for isa, read in groupby(readings, lambda reading: _isa(reading.head)):
        if not isa:
            continue
        elements = [text.strip() for text in isa.split(isa[3], ISA_ELEMENTS)]
        rest = {"/ISA": isa}
        parts = [part for reading in read for part in _parts(reading, isa, rest)]
        sets = [part for part in parts if part.kind not in CONTROLS]
        wrong = any(fault.pointer.startswith(IEA) for part in parts for fault in part.faults)
        if not (sets or wrong or elements[14] == ASKED_FOR):
            continue
        taken = sum(part.taken for part in sets)
        name = f"{elements[6]}/{elements[13]}"
        yield acknowledged(name, context, parts, taken, rest)


def _parts(reading: Reading, isa: str, rest: dict[str, str]) -> Iterator[ReceivedPart]:
    between, end = isa[3], isa[-1]
    gs = reading.head.removeprefix(isa).strip()
    group = [text.strip() for text in gs.rstrip(end).split(between)]
    if len(group) > 1 and group[1] in SILENT:
        return
    name = group[6][:NAME_CHARACTERS_MAX] if len(group) > 6 else ""
    if gs:
        rest.setdefault(f"/GS/{name}", gs)
    first = reading.body.split(end, 1)[0].strip()
    elements = [*(text.strip() for text in first.split(between)), "", ""]
    if elements[0] == "TA1":
        return
    if elements[0] == "GE":
        rest[f"/GE/{name}"] = first
    is_set = elements[0] == "ST"
    faults = [
        PartFault(code=fault.code, detail=fault.detail[:500], pointer=fault.pointer[:500])
        for fault in (reading.fault,)
        if fault is not None
    ]
    if any(isinstance(one, Notice) and one.topic.startswith("set_") for one in reading.messages):
        faults.append(PartFault(code=UNSUPPORTED, detail=f"{elements[1]} is kept, and not used"))
    yield ReceivedPart(
        place=reading.place,
        kind=elements[1][:3] if is_set else elements[0][:3],
        control=elements[2][:9] if is_set else "",
        group=name,
        taken=not faults,
        faults=tuple(faults),
    )


def _isa(head: str) -> str:
    """Return the segment ISA of a head with its end, "" when it has none."""
    if not head.startswith("ISA"):
        return ""
    parts = head.split(head[3], ISA_ELEMENTS)
    return head[: len(head) - len(parts[ISA_ELEMENTS]) + 2] if len(parts) > ISA_ELEMENTS else ""
