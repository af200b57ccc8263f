"""Who and what a set is about: parties with their addresses, and numbers of articles."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

from crosslane.channels.adapters.places import country_of, north_american
from crosslane.channels.adapters.x12.segments import Segment
from crosslane.customers import Address

ADDRESS_LINES_MAX = 4
CHOICES_KEPT_MAX = 1_000
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
        self.head = head
        self._loop = loop
        head.take(1)

    @cached_property
    def name(self) -> str:
        """What it is called."""
        return self.head.take(2)

    @cached_property
    def code(self) -> str:
        """How the partners call it."""
        found = self.head.take(4)
        if found:
            self.head.take(3)
        return found

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
        organization = city = region = postcode = country = ""
        for one in self._loop:
            tag = one.tag
            if tag == "N3":
                room = ADDRESS_LINES_MAX - len(lines)
                lines += [line for n in (1, 2)[:room] if (line := one.take(n))]
            elif tag == "N4" and not city:
                city, region = one.take(1), one.take(2)
                postcode, country = one.take(3), one.take(4)
            elif tag == "N2":
                organization = organization or one.take(1)
        if not (lines or city or postcode):
            return None
        return Address(
            country=country_told(country, region, postcode),
            lines=tuple(lines),
            city=city,
            postcode=postcode,
            region=region,
            name=self.name or self.code,
            organization=organization,
            phone=self.phone,
        )

    def is_called(self, code: str) -> bool:
        """Whether the partners call it so; it is not read by that."""
        return code in (self.head.peek(4), self.__dict__.get("code"))

    def _contact(self, *kinds: str) -> str:
        for one in self._loop:
            if one.tag == "PER":
                for n in (3, 5, 7):
                    if one.peek(n) in kinds and one.peek(n + 1):
                        one.take(n)
                        return one.take(n + 1)
        return ""


def country_told(country: str, region: str, postcode: str) -> str:
    """Return the country of an address, "" when nothing says it.

    Args:
        country: as told; it is left out in the country X12 comes from, and by its neighbours.
        region: state or province.
        postcode: of the place.
    """
    return country_of(country) or (north_american(region) if region and postcode else "")


def parties(segments: Sequence[Segment], roles: Sequence[str]) -> dict[str, Party]:
    """Return the parties of some roles, the first of each.

    Args:
        segments: of the part of the set that names them.
        roles: which are to be read; others are left over.
    """
    found: dict[str, Party] = {}
    for n, one in enumerate(segments, 1):
        if one.tag == "N1" and (role := one.peek(1)) in roles and role not in found:
            end = n
            while end < len(segments) and segments[end].tag in AROUND:
                end += 1
            found[role] = Party(one, segments[n:end])
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
    elements = segment.elements
    chosen = _places(elements, first, ours)
    found = [elements[n + 1].strip() if n else "" for n in chosen]
    for n in chosen:
        if n:
            elements[n] = elements[n + 1] = ""
    return found[0], found[1], found[2]


def named(elements: Sequence[str], first: int, ours: Sequence[str]) -> tuple[str, str, str]:
    """Return what :func:`article` does, of elements that stay as they are."""
    mine, theirs, gs1 = _places(elements, first, ours)
    return (
        elements[mine + 1].strip() if mine else "",
        elements[theirs + 1].strip() if theirs else "",
        elements[gs1 + 1].strip() if gs1 else "",
    )


def _places(elements: Sequence[str], first: int, ours: Sequence[str]) -> tuple[int, int, int]:
    numbers = elements[first + 1 :: 2]
    qualifiers = elements[first : first + 2 * len(numbers) : 2]
    if "" in numbers:
        qualifiers = [q if n else "" for q, n in zip(qualifiers, numbers, strict=True)]
    return chosen(tuple(qualifiers), ours is OF_SELLER, first)


@lru_cache(CHOICES_KEPT_MAX)
def chosen(qualifiers: tuple[str, ...], of_seller: bool, first: int) -> tuple[int, int, int]:
    """Return which elements qualify our number, that of the other side and GS1's; 0 for none."""
    sides = (OF_SELLER, OF_BUYER) if of_seller else (OF_BUYER, OF_SELLER)
    found: list[int] = []
    for wanted in (*sides, GS1):
        places = (first + 2 * qualifiers.index(q) for q in wanted if q in qualifiers)
        found.append(next((n for n in places if n not in found), 0))
    return found[0], found[1], found[2]
