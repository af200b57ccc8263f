"""Who and what a set is about: parties with their addresses, and numbers of articles."""

from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile

from crosslane.channels.adapters.x12.segments import Segment
from crosslane.customers import Address

ADDRESS_LINES_MAX = 4
AROUND = ("N2", "N3", "N4", "PER", "REF")
# Numbers of articles by who gave them (element 235). GS1's own are the same for everybody.
GS1 = ("UK", "UP", "EN", "UI", "UA", "EO", "UN", "UD", "U2", "EM", "IB")
OF_SELLER = ("VN", "VP", "VA", "VC", "VS", "SK", "MG", "MN", "MF")
OF_BUYER = ("IN", "BP", "PI", "CB", "PN", "BO", "SK", "IT")


class Party:
    """Somebody a set names: a segment N1 and those that follow it. What is asked of it is read.

    Args:
        head: the segment.
        loop: those that follow it.
    """

    def __init__(self, head: Segment, loop: Sequence[Segment]) -> None:
        self._head = head
        self._loop = loop
        head.take(1)

    @cached_property
    def name(self) -> str:
        """What it is called."""
        return self._head.take(2)

    @cached_property
    def code(self) -> str:
        """How the partners call it."""
        found = self._head.take(4)
        if found:
            self._head.take(3)
        return found

    def is_called(self, code: str) -> bool:
        """Whether the partners call it so; it is not read by that."""
        return code in (self._head.peek(4), self.__dict__.get("code"))

    @cached_property
    def phone(self) -> str:
        """Its telephone."""
        return self._contact("TE", "CP")

    @cached_property
    def email(self) -> str:
        """Its e-mail address."""
        return self._contact("EM")

    @cached_property
    def address(self) -> Address | None:
        """Where it is, None when that is not said."""
        lines: list[str] = []
        for one in self._loop:
            if one.tag == "N3":
                room = ADDRESS_LINES_MAX - len(lines)
                lines += [line for n in (1, 2)[:room] if (line := one.take(n))]
        organization = next((one.take(1) for one in self._loop if one.tag == "N2"), "")
        town = next((one for one in self._loop if one.tag == "N4"), None)
        city, region, postcode, country = (town.take(n) if town else "" for n in (1, 2, 3, 4))
        if not (lines or city or postcode):
            return None
        return Address(
            # The country may be left out when it is the one X12 comes from.
            country=country or ("US" if region and postcode else ""),
            lines=tuple(lines),
            city=city,
            postcode=postcode,
            region=region,
            name=self.name or self.code,
            organization=organization,
            phone=self.phone,
        )

    def _contact(self, *kinds: str) -> str:
        for one in self._loop:
            if one.tag == "PER":
                for n in (3, 5, 7):
                    if one.peek(n) in kinds and one.peek(n + 1):
                        one.take(n)
                        return one.take(n + 1)
        return ""


def parties(segments: Sequence[Segment], roles: Sequence[str]) -> dict[str, Party]:
    """Return the parties of some roles, the first of each.

    Args:
        segments: of the part of the set that names them.
        roles: which are to be read; others are left over.
    """
    found: dict[str, Party] = {}
    for n, one in enumerate(segments):
        if one.tag == "N1" and (role := one.peek(1)) in roles and role not in found:
            loop = takewhile(lambda following: following.tag in AROUND, segments[n + 1 :])
            found[role] = Party(one, list(loop))
    return found


def numbers(segment: Segment, first: int) -> dict[str, int]:
    """Return the numbers of an article that a segment names: qualifier, and where its number is.

    Args:
        segment: with pairs of qualifier and number.
        first: element of the first qualifier.
    """
    elements = segment.elements
    return {elements[n]: n + 1 for n in range(first, len(elements) - 1, 2) if elements[n]}


def article(segment: Segment, first: int, ours: Sequence[str]) -> tuple[str, str, str]:
    """Return our number of an article, that of the other side, and that of GS1.

    Args:
        segment: with pairs of qualifier and number.
        first: element of the first qualifier.
        ours: qualifiers of numbers that are ours, the best one first.
    """
    ranks = RANKS[ours is OF_SELLER]
    best: list[tuple[int, int] | None] = [None, None, None]
    for qualifier, n in numbers(segment, first).items():
        for whose, rank in ranks.get(qualifier, ()):
            known = best[whose]
            if segment.elements[n] and (known is None or rank < known[0]):
                best[whose] = (rank, n)
    if best[0] and best[1] and best[0][1] == best[1][1]:
        best[1] = None
    found = ["", "", ""]
    for whose, at in enumerate(best):
        if at is not None:
            found[whose] = segment.take(at[1])
            segment.take(at[1] - 1)
    return found[0], found[1], found[2]


def _ranks(*lists: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for whose, qualifiers in enumerate(lists):
        for rank, qualifier in enumerate(qualifiers):
            found.setdefault(qualifier, []).append((whose, rank))
    return found


RANKS = {True: _ranks(OF_SELLER, OF_BUYER, GS1), False: _ranks(OF_BUYER, OF_SELLER, GS1)}
