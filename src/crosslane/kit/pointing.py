"""Whether a pointer leads into a record: by whichever of the ways families point.

JSON pointers; rows and columns of a table (``/rows/1/unit_price``); steps of elements in markup
(``/Sale/LineItem[2]/@Type``); segments of EDI by number and element (``/8/PO102``). What is missing
is pointed at where it should be, so the last step need not be there.
"""

import re
from collections.abc import Iterator, Sequence

from crosslane.channels.adapters import (
    Family,
    Message,
    NotReadable,
    Reading,
    leads_into,
    read_json,
)

SEGMENT_ENDS = ("~", "'", "\n", "|", "!", "\x1c")
_SEGMENT = re.compile(r"/(\d+)(?:/([A-Z][A-Z0-9]{1,2}?)(\d{2}.*)?)?")
_ENVELOPE = re.compile(r"/[A-Z][A-Z0-9]{1,2}(\d{2})?")
_ROW = re.compile(r"/rows/(\d+)(/.*)?")
_STEP = re.compile(r"@?([\w.:-]+?)(?:\[\d+\])?")
_FIELDS = frozenset(
    name for struct in Message.__args__ for name in struct.__struct_fields__ if name != "rest"
)


def texts_of(family: Family, reading: Reading, readings: Sequence[Reading]) -> list[str]:
    """Return the texts that a pointer of a record may lead into.

    Args:
        family: whose it is; records that are only understood together are one.
        reading: the record.
        readings: all that were sent with it.
    """
    found: list[str] = []
    for one in readings if family.together else (reading,):
        found += [one.head, one.body, one.tail, one.head + one.body + one.tail]
    return [text for text in found if text]


def leads(pointer: str, texts: Sequence[str]) -> bool:
    """Whether the pointer of a fault leads somewhere in its record.

    Args:
        pointer: "" is the record as a whole; ``/head`` and ``/tail`` are what stands around it,
            ``/lines/n`` is a line of what was sent with it.
        texts: the record.
    """
    if not pointer or any(_way_into(pointer, text) for text in texts):
        return True
    place, _, rest = pointer[1:].partition("/")
    if place not in ("head", "tail", "lines"):
        return False
    rest = rest.partition("/")[2] if place == "lines" else rest
    return not rest or any(_way_into(f"/{rest}", text) for text in texts)


def leads_into_message(pointer: str) -> bool:
    """Whether a pointer names a field of a canonical message, which a record became or would."""
    return pointer[1:].partition("/")[0] in _FIELDS


def _way_into(pointer: str, text: str) -> bool:
    return any(way(pointer, text) for way in (_json, _row, _segment, _markup))


def _json(pointer: str, text: str) -> bool:
    try:
        return leads_into(pointer, read_json(text.encode("utf-8", "replace")))
    except NotReadable:
        return False


def _row(pointer: str, text: str) -> bool:
    found = _ROW.fullmatch(pointer)
    return bool(found) and int(found[1]) < len(text.splitlines())


def _segment(pointer: str, text: str) -> bool:
    if _ENVELOPE.fullmatch(pointer):
        return True
    found = _SEGMENT.fullmatch(pointer)
    # One more than there are: where a segment is missing.
    most = 1 + max(map(text.count, SEGMENT_ENDS))
    return bool(found) and 1 <= int(found[1]) <= most


def _markup(pointer: str, text: str) -> bool:
    """Whether every step but the last is a tag of the record, each in what follows the other."""
    if "<" not in text:
        return False
    begin = 0
    for name in list(_names(pointer))[:-1]:
        begin = text.find(f"{name}", begin)
        if begin < 0:
            return False
    return True


def _names(pointer: str) -> Iterator[str]:
    for step in pointer.split("/")[1:]:
        found = _STEP.fullmatch(step)
        yield found[1] if found else step
