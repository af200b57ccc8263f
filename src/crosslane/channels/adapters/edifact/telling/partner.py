"""Who a partner is, how it writes, and the interchange that is made for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self

from crosslane.channels.adapters.edi_telling import Unwritable
from crosslane.channels.adapters.edifact.interchange import UNPRINTED, Way
from crosslane.channels.adapters.edifact.segments import Segment
from crosslane.channels.adapters.edifact.telling.pen import Pen
from crosslane.channels.adapters.telling import Document

MEDIA_TYPE = "application/edifact"
SYNTAX, SYNTAX_VERSION, RELEASE = "UNOC", "3", ("D", "96A")
# From this version of the syntax on days have a century, and what is repeated has a mark.
CENTURIES_FROM = "4"
REPETITION = "*"
NUMBERS = 10**14
NAME_DIGITS = 10**9
PARTY_CHARACTERS_MAX, QUALIFIER_CHARACTERS_MAX, ROUTE_CHARACTERS_MAX = 35, 4, 14
CONTROL = "CONTRL"
CONTROL_RELEASES = {"4": ("4", "1")}
CONTROL_RELEASE = ("D", "3")
MARKS = 6
SETTINGS = {
    "our_id": "UNB0004 of what we send; what the partner's orders call us when absent",
    "our_qualifier": "UNB0007 beside our_id, such as 14 for a GLN or ZZ",
    "their_id": "UNB0010 of what we send; what the partner's orders call it when absent",
    "their_qualifier": "UNB0007 beside their_id",
    "version": "directory of our messages, such as D:96A; that of the partner's orders when absent",
    "associations": "codes of a guide (UNH0057) by message, such as ORDRSP=EAN005 INVOIC=EAN008",
    "syntax": "letters and version of the syntax, such as UNOC:3",
    "marks": "the six marks of UNA: :+.? '",
    "usage": "T marks what we send as a test (UNB0035)",
    "asks": "1 asks for a CONTRL of what we send (UNB0031)",
}
Who = tuple[str, str, str]


class Partner(NamedTuple):
    """Whom something is sent to, and as whom.

    Args:
        way: marks it writes.
        syntax: letters, and version of the syntax.
        ours, theirs: identifier, qualifier and internal address, as in UNB.
        release: version and release of the directory.
        groups: identifier and qualifier of sender and recipient where messages come in groups.
        is_test: it is only a test.
        asks: we want to know what became of it.
        associations: codes of a guide.
    """

    way: Way
    syntax: tuple[str, str]
    ours: Who
    theirs: Who
    release: tuple[str, str]
    groups: tuple[tuple[str, str], tuple[str, str]] | None
    is_test: bool
    asks: bool
    associations: str

    @classmethod
    def of(
        cls,
        settings: Mapping[str, str],
        way: Way | None = None,
        unb: Segment | None = None,
        ung: Segment | None = None,
        unh: Segment | None = None,
    ) -> Self:
        """Return who answers are sent to.

        Args:
            settings: of the connection; they win.
            way: marks of what is answered, None when nothing is.
            unb: how it began, None when it has not.
            ung: likewise its group; its message (UNH) in ``unh``.
            unh: see ung.

        Raises:
            Unwritable: nobody says who it is, or a setting says nothing that can be.
        """

        def told(name: str, one: Segment | None, n: int, part: int = 1) -> str:
            return settings.get(name, "").strip() or (one.peek(n, part) if one else "")

        ours = told("our_id", unb, 3), told("our_qualifier", unb, 3, 2)
        theirs = told("their_id", unb, 2), told("their_qualifier", unb, 2, 2)
        for name, found in (("our_id", ours[0]), ("their_id", theirs[0])):
            if not found:
                detail = f"Neither an order nor the connection's setting {name} says who that is"
                raise Unwritable(f"/settings/{name}", detail, "setting-missing")
        version = settings.get("version", "").strip()
        release = _release(version) if version else _of_message(unh)
        usage = told("usage", unb, 11)
        groups = None
        if ung is not None:
            groups = (ung.peek(3), ung.peek(3, 2)), (ung.peek(2), ung.peek(2, 2))
        syntax = _syntax(settings.get("syntax", "").strip(), unb)
        return cls(
            way=_way(settings.get("marks", ""), way, syntax[1]),
            syntax=syntax,
            ours=(*ours, unb.peek(3, 3) if unb else ""),
            theirs=(*theirs, unb.peek(2, 3) if unb else ""),
            release=release,
            groups=groups,
            is_test=usage in ("T", "1"),
            asks=settings.get("asks", "").strip() == "1",
            associations=settings.get("associations", ""),
        )

    @property
    def pen(self) -> Pen:
        """What writes in its letters and marks."""
        return Pen(self.way, self.syntax[0], self.release[1])

    def identified(self, kind: str) -> tuple[str, ...]:
        """Return how UNH says what a message is (S009)."""
        if kind == CONTROL:
            release = CONTROL_RELEASES.get(self.syntax[1], CONTROL_RELEASE)
        else:
            release = self.release
        codes = dict(one.split("=", 1) for one in self.associations.split() if "=" in one)
        return kind, *release, "UN", codes.get(kind, "")


def _release(text: str) -> tuple[str, str]:
    version, between, release = text.partition(":")
    if not between or not 0 < len(version) <= 3 or not 0 < len(release) <= 3:
        detail = f"{text[:20]!r} is no directory, such as D:96A"
        raise Unwritable("/settings/version", detail, "setting-invalid")
    return version, release


def _of_message(unh: Segment | None) -> tuple[str, str]:
    found = (unh.peek(2, 2), unh.peek(2, 3)) if unh else ("", "")
    return found if all(found) else RELEASE


def _syntax(text: str, unb: Segment | None) -> tuple[str, str]:
    letters, _, version = text.partition(":")
    letters = letters or (unb.peek(1) if unb else "") or SYNTAX
    version = version or (unb.peek(1, 2) if unb else "") or SYNTAX_VERSION
    if len(version) != 1 or not version.isdecimal():
        detail = f"{text[:20]!r} is no syntax, such as UNOC:3"
        raise Unwritable("/settings/syntax", detail, "setting-invalid")
    return letters.upper(), version


def _way(text: str, told: Way | None, version: str) -> Way:
    usual = Way(repetition=REPETITION) if version >= CENTURIES_FROM else Way()
    if not text:
        return told or usual
    if len(text) != MARKS:
        raise _no_marks()
    way = Way(*(mark.strip(" ") for mark in text))
    if version < CENTURIES_FROM:
        way = way._replace(repetition="")
    marks = [mark for n, mark in enumerate(way) if mark or n not in (3, 4)]
    if "" in marks or len(set(marks)) < len(marks) or any(map(str.isalnum, marks)):
        raise _no_marks()
    return way


def _no_marks() -> Unwritable:
    detail = "Six marks as in UNA are wanted, none a letter or digit, each another one"
    return Unwritable("/settings/marks", detail, "setting-invalid")


def interchange(
    partner: Partner, kind: str, messages: Sequence[Sequence[str]], number: int, at: datetime
) -> Document:
    """Return an interchange of messages of one kind.

    Args:
        partner: whom it is for.
        kind: of the messages, such as ORDRSP.
        messages: segments of each, without UNH and UNT.
        number: of the interchange.
        at: when it is written, in the partner's zone.

    Raises:
        Unwritable: an identifier cannot be written.
    """
    pen, control = partner.pen, str(number % NUMBERS)
    days = "%Y%m%d" if partner.syntax[1] >= CENTURIES_FROM else "%y%m%d"
    written = at.strftime(days), at.strftime("%H%M")
    segments = [
        pen.segment(
            "UNB",
            partner.syntax,
            _who(pen, partner.ours, "our"),
            _who(pen, partner.theirs, "their"),
            written,
            control,
            *("", "", ""),
            "1" if partner.asks and kind != CONTROL else "",
            "",
            "1" if partner.is_test else "",
        )
    ]
    identified = partner.identified(kind)
    if grouped := partner.groups is not None and kind != CONTROL:
        ours, theirs = partner.groups or ((), ())
        version = (*identified[1:3], identified[4])
        segments.append(
            pen.segment("UNG", kind, ours, theirs, written, control, identified[3], version)
        )
    for n, told in enumerate(messages, 1):
        segments += [pen.segment("UNH", str(n), identified), *told]
        segments.append(pen.segment("UNT", str(len(told) + 2), str(n)))
    if grouped:
        segments.append(pen.segment("UNE", str(len(messages)), control))
    segments.append(pen.segment("UNZ", "1" if grouped else str(len(messages)), control))
    text = _advice(partner.way) + "".join(one + partner.way.segment for one in segments)
    name = f"{kind}-{number % NAME_DIGITS:09d}.edi"
    return Document(name=name, media_type=MEDIA_TYPE, body=text.encode(pen.encoding))


def _advice(way: Way) -> str:
    """Return UNA; level B's marks without print need none."""
    if way == UNPRINTED:
        return ""
    return "UNA" + "".join(mark or " " for mark in way)


def _who(pen: Pen, who: Who, name: str) -> tuple[str, str, str]:
    return (
        pen.code(who[0], PARTY_CHARACTERS_MAX, f"/settings/{name}_id"),
        pen.code(who[1], QUALIFIER_CHARACTERS_MAX, f"/settings/{name}_qualifier"),
        pen.code(who[2], ROUTE_CHARACTERS_MAX, f"/settings/{name}_id"),
    )
