"""Who and what a message is about: parties with their addresses, and numbers of articles."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from stdnum import isbn

from crosslane.channels.adapters.edifact.segments import Segment
from crosslane.channels.adapters.places import country_of
from crosslane.customers import Address

# Components of a street; a name may stand before them.
STREET = (1, 2, 3, 4)
AROUND = frozenset(("RFF", "CTA", "COM", "LOC", "FII", "DTM", "DOC"))
TELEPHONES, EMAILS = ("TE", "AL", "MO"), ("EM", "EMAIL")
# Numbers of articles by who gave them (element 7143). GS1's own are the same for everybody.
GS1 = ("SRV", "EN", "UP", "EU", "IB", "IS")
# The number of a book, which is one of GS1's in its long form alone.
ISBN = "IB"
OF_SELLER = ("SA", "VN", "VP", "SK", "MF", "MN")
OF_BUYER = ("IN", "BP", "PV", "SK")
GTIN_LENGTHS = (8, 12, 13, 14)
# What PIA says (element 4347) when its numbers are of the article itself and not of others.
SAME = ("1", "5")


class Party:
    """Somebody a message names: a segment NAD and those that follow it. What is asked is read.

    Args:
        head: the segment.
        loop: those that follow it.
    """

    def __init__(self, head: Segment, loop: Sequence[Segment]) -> None:
        self.head = head
        self._loop = loop

    @cached_property
    def name(self) -> str:
        """What it is called."""
        self.head.take(1)
        # Where name and address are written one after the other, the name comes first.
        return self.head.words(4, 1, 200) or self.head.take(3)

    @cached_property
    def code(self) -> str:
        """How the partners call it."""
        found = self.head.take(2)
        if found:
            self.head.take(1)
            self.head.take(2, 3)
        return found

    @cached_property
    def phone(self) -> str:
        """Its telephone."""
        return self._contact(TELEPHONES)

    @cached_property
    def email(self) -> str:
        """Its e-mail address."""
        return self._contact(EMAILS)

    @cached_property
    def address(self) -> Address | None:
        """Where it is, None when that is not said."""
        head = self.head
        lines = [line for part in STREET if (line := head.take(5, part))]
        lines = lines or [line for part in STREET if (line := head.take(3, part + 1))]
        city, postcode = head.take(6), head.take(8)
        if not (lines or city or postcode):
            return None
        return Address(
            country=country_of(head.take(9)),
            lines=tuple(lines),
            city=city,
            postcode=postcode,
            region=head.take(7, 4) or head.take(7),
            name=self.name or self.code,
            phone=self.phone,
        )

    def _contact(self, kinds: Sequence[str]) -> str:
        for one in self._loop:
            if one.tag == "COM" and one.peek(1, 2) in kinds and one.peek(1):
                one.take(1, 2)
                return one.take(1)
        return ""


def parties(segments: Sequence[Segment], roles: Sequence[str]) -> dict[str, Party]:
    """Return the parties of some roles, the first of each.

    Args:
        segments: of the part of the message that names them.
        roles: which are to be read; others are left over.
    """
    found: dict[str, Party] = {}
    for n, one in enumerate(segments, 1):
        if one.tag == "NAD" and (role := one.peek(1)) in roles and role not in found:
            end = n
            while end < len(segments) and segments[end].tag in AROUND:
                end += 1
            found[role] = Party(one, segments[n:end])
    return found


class Article(NamedTuple):
    """Our number of an article, that of the other side, that of GS1, and its lot."""

    sku: str = ""
    theirs: str = ""
    gtin: str = ""
    lot: str = ""


def article(loop: Sequence[Segment], ours: Sequence[str]) -> Article:
    """Return the numbers of an article as LIN and PIA name them; they are read by that.

    Args:
        loop: segments of a line, LIN the first.
        ours: kinds of numbers that are ours, the best one first.
    """
    told: dict[str, tuple[Segment, int]] = {}
    for one in loop:
        elements: Sequence[int] = ()
        if one.tag == "LIN":
            elements = (3,)
        elif one.tag == "PIA" and one.peek(1) in SAME:
            elements = range(2, len(one.elements))
        for n in elements:
            if number := one.peek(n):
                kind = one.peek(n, 2) or ("EN" if _is_gtin(number) else "")
                told.setdefault(kind, (one, n))
    sides = (OF_SELLER, OF_BUYER) if ours is OF_SELLER else (OF_BUYER, OF_SELLER)
    found: list[str] = []
    used: set[str] = set()
    for wanted in (*sides, GS1, ("NB", "SN")):
        kind = next((kind for kind in wanted if kind in told and kind not in used), None)
        number = ""
        if kind is not None:
            used.add(kind)
            one, n = told[kind]
            number = one.take(n)
            one.take(n, 2)
            if kind == ISBN and isbn.is_valid(number):
                number = isbn.to_isbn13(number)
        found.append(number)
    return Article(*found)


def _is_gtin(number: str) -> bool:
    """Whether a number that does not say what it is can only be GS1's: by its check digit."""
    if len(number) not in GTIN_LENGTHS or not number.isdecimal():
        return False
    weighed = sum(int(d) * (3, 1)[n % 2] for n, d in enumerate(reversed(number[:-1])))
    return (weighed + int(number[-1])) % 10 == 0
