"""Who a partner is, how it writes, and the interchange that is made for it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self

from crosslane.channels.adapters.edi_telling import Unwritable
from crosslane.channels.adapters.x12.interchange import ISA_ELEMENTS
from crosslane.channels.adapters.x12.telling.pen import Marks, Pen

USUAL = Marks("*", ">", "~", "^")
VERSION = "004010"
NUMBERS = 10**9
ID_CHARACTERS_MAX, GROUP_CHARACTERS_MAX = 15, 15
# ISA11 names the mark of repetitions from this version on.
REPEATS_FROM = "00402"
USAGES = ("P", "T", "I")
VERSION_CHARACTERS_MAX = 12
SETTINGS = {
    "our_id": "ISA06 of what we send; what the partner's orders call us when absent",
    "our_qualifier": "ISA05 beside our_id, such as ZZ, 01 or 12",
    "their_id": "ISA08 of what we send; what the partner's orders call it when absent",
    "their_qualifier": "ISA07 beside their_id",
    "our_group": "GS02 of what we send; our_id when absent",
    "their_group": "GS03 of what we send; their_id when absent",
    "version": "GS08 of what we send, such as 004010 or 004010VICS",
    "usage": "ISA15 of what we send: P for real ones, T for tests",
    "marks": "what stands between elements and components, ends segments and repeats: *>~^",
}
_ENVELOPE = re.compile(r"\d{5}")


class Partner(NamedTuple):
    """Whom something is sent to, and as whom, each with its qualifier.

    Args:
        marks: what it writes between things.
        ours, theirs: qualifier and identifier, as in ISA05 to ISA08.
        our_group, their_group: as in GS02 and GS03.
        envelope: version of the interchange (ISA12).
        version: of the sets (GS08).
        usage: P, T or I (ISA15).
    """

    marks: Marks
    ours: tuple[str, str]
    theirs: tuple[str, str]
    our_group: str
    their_group: str
    envelope: str
    version: str
    usage: str

    @classmethod
    def of(cls, settings: Mapping[str, str], isa: str = "", gs: str = "") -> Self:
        """Return who answers are sent to.

        Args:
            settings: of the connection; they win.
            isa: beginning of the envelope in which the partner wrote, "" when it did not.
            gs: beginning of the group in it.

        Raises:
            Unwritable: nobody says who it is.
        """
        marks, read = marks_of(isa), isa.split(isa[3], ISA_ELEMENTS) if isa else [""] * 17
        group = gs.rstrip(marks.segment).split(marks.element) if gs else []
        group += [""] * (9 - len(group))

        def told(name: str, otherwise: str) -> str:
            return settings.get(name, "").strip() or otherwise.strip()

        version = told("version", group[8]) or VERSION
        ours, theirs = told("our_id", read[8]), told("their_id", read[6])
        for name, found in (("our_id", ours), ("their_id", theirs)):
            if not found:
                detail = f"Neither an order nor the connection's setting {name} says who that is"
                raise Unwritable(f"/settings/{name}", detail, "setting-missing")
        if text := settings.get("marks", ""):
            marks = _marks(text)
        return cls(
            marks=marks,
            ours=(told("our_qualifier", read[7]) or "ZZ", ours),
            theirs=(told("their_qualifier", read[5]) or "ZZ", theirs),
            our_group=told("our_group", group[3]) or ours,
            their_group=told("their_group", group[2]) or theirs,
            envelope=read[12] if _ENVELOPE.fullmatch(read[12]) else version[:5],
            version=version,
            usage=usage if (usage := told("usage", read[15])) in USAGES else "P",
        )

    @property
    def repeats(self) -> bool:
        """Whether its version knows elements that are repeated."""
        return self.envelope >= REPEATS_FROM


def marks_of(isa: str) -> Marks:
    """Return the marks by which a segment ISA is written, the usual ones of "" ."""
    if not isa:
        return USUAL
    parts = isa.split(isa[3], ISA_ELEMENTS)
    repetition = parts[11].strip()
    repeated = "" if repetition.isalnum() or parts[12].strip() < REPEATS_FROM else repetition
    return Marks(isa[3], parts[16][0], parts[16][1], repeated)


def _marks(text: str) -> Marks:
    if not 3 <= len(text) <= 4 or len(set(text)) < len(text) or any(map(str.isalnum, text)):
        detail = "Three or four marks are wanted, none a letter or digit, each another one"
        raise Unwritable("/settings/marks", detail, "setting-invalid")
    return Marks(text[0], text[1], text[2], text[3:])


def interchange(
    partner: Partner,
    *,
    group: str,
    sets: Sequence[tuple[str, Sequence[str]]],
    number: int,
    at: datetime,
    before: Sequence[str] = (),
) -> str:
    """Return an interchange of one group.

    Args:
        partner: whom it is for.
        group: what the sets are (GS01); without sets there is none.
        sets: each by its number, such as 855, and its segments.
        number: of the interchange and the group.
        at: when it is written, in the partner's zone.
        before: segments between ISA and the group.

    Raises:
        Unwritable: an identifier or mark cannot be written.
    """
    pen, marks = Pen(partner.marks), partner.marks
    control = f"{number % NUMBERS:09d}"
    fixed = [
        *("00", " " * 10, "00", " " * 10),
        _qualifier(pen, partner.ours[0], "our_qualifier"),
        _fixed(pen, partner.ours[1], "our_id"),
        _qualifier(pen, partner.theirs[0], "their_qualifier"),
        _fixed(pen, partner.theirs[1], "their_id"),
        *(at.strftime("%y%m%d"), at.strftime("%H%M")),
        (marks.repetition or "U") if partner.repeats else "U",
        pen.code(partner.envelope, 5, "/settings/version", 5),
        *(control, "0", partner.usage, marks.component),
    ]
    written = [marks.element.join(("ISA", *fixed)), *before]
    if sets:
        written += _group(pen, partner, group, sets, str(number % NUMBERS), at)
    written.append(pen.segment("IEA", "1" if sets else "0", control))
    text = "".join(segment + marks.segment for segment in written)
    if not text.isascii():
        raise Unwritable("/settings/marks", "The partner's marks are no plain characters")
    return text


def _group(
    pen: Pen,
    partner: Partner,
    group: str,
    sets: Sequence[tuple[str, Sequence[str]]],
    number: str,
    at: datetime,
) -> list[str]:
    head = (
        group,
        pen.code(partner.our_group, GROUP_CHARACTERS_MAX, "/settings/our_group", 2),
        pen.code(partner.their_group, GROUP_CHARACTERS_MAX, "/settings/their_group", 2),
        *(at.strftime("%Y%m%d"), at.strftime("%H%M"), number, "X"),
        pen.code(partner.version, VERSION_CHARACTERS_MAX, "/settings/version"),
    )
    written = [pen.segment("GS", *head)]
    for n, (kind, segments) in enumerate(sets, 1):
        control = f"{n:04d}"
        written += [pen.segment("ST", kind, control), *segments]
        written.append(pen.segment("SE", str(len(segments) + 2), control))
    return [*written, pen.segment("GE", str(len(sets)), number)]


def _fixed(pen: Pen, text: str, name: str) -> str:
    return pen.code(text, ID_CHARACTERS_MAX, f"/settings/{name}").ljust(ID_CHARACTERS_MAX)


def _qualifier(pen: Pen, text: str, name: str) -> str:
    return pen.code(text, 2, f"/settings/{name}", 2)
