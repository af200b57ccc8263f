"""What an order has asked, as far as an answer has to repeat it: see ``rest`` of an order."""

import re
from collections.abc import Sequence
from functools import cached_property

from crosslane.channels.adapters.counting import agreed_on, counted
from crosslane.channels.adapters.x12.telling.pen import Pen, price
from crosslane.channels.adapters.x12.units import (
    BY_UNIT,
    EACH,
    MEASURES,
    PIECE,
    PIECES,
    PRICED_FOR,
    packed,
    usual,
)
from crosslane.channels.domain.messages import Order, OrderLine

NUMBER_CHARACTERS_MAX = 48
LINE_CHARACTERS_MAX = 20
ORDER_CHARACTERS_MAX = 22
RELEASE_CHARACTERS_MAX = 30
NAME_CHARACTERS_MAX = 60
PARTY_CHARACTERS_MAX = 80
ADDRESS_CHARACTERS_MAX = 55
# Whose code it is: ours, or that of the partner who buys (element 66).
BY_SELLER, BY_BUYER = "91", "92"
_PLACE = re.compile(r"/(\d+)/(BEG|N1|PO1|PO4)")


class AskedLine:
    """A line as the partner has ordered it.

    Args:
        head: elements of PO1, its tag first.
        pack: elements of the PO4 that says how many pieces its unit is, none when none does.
        agreed: how many pieces the partners had agreed that its unit is, None when it says so.
        line: what was understood.
    """

    def __init__(
        self,
        head: Sequence[str],
        pack: Sequence[str],
        agreed: int | None,
        line: OrderLine | None,
    ) -> None:
        self.head = [*head, *[""] * (6 - len(head))]
        self.line = line
        self._unit = self.head[3].strip()
        told = packed(pack[1].strip()) if len(pack) > 1 else None
        self.each = agreed or usual(self._unit) or told or 1

    @property
    def numbers(self) -> list[str]:
        """Pairs of a qualifier and a number of the article, as they were told."""
        told = [text.strip() for text in self.head[6:]]
        pairs = zip(told[::2], told[1::2], strict=False)
        return [text for pair in pairs if all(pair) for text in pair]

    @property
    def price(self) -> tuple[str, str]:
        """The price and what it is for, as they were told."""
        return self.head[4].strip(), self.head[5].strip()

    def counted(self, pieces: int) -> tuple[str, str]:
        """Return a number of pieces in the unit of the line, or in pieces where it is no whole one.

        Args:
            pieces: how many.
        """
        return counted(pieces, self._unit, self.each, has_parts=self._unit in MEASURES, piece=PIECE)

    def priced(self, milli: int, currency: str, pieces: int, pointer: str) -> tuple[str, str]:
        """Return a price and what it is for, of so many pieces as they are counted.

        Args:
            milli: of one piece, 1/1000 minor unit.
            currency: ISO 4217.
            pieces: how many.
            pointer: to the price, into the message.
        """
        _, unit = self.counted(pieces)
        if unit == self._unit and (self.each > 1 or unit not in PIECES):
            return price(milli, currency, self.each, pointer), BY_UNIT
        basis = self.head[5].strip()
        single = PRICED_FOR.get(basis, 1) == 1
        return price(milli, currency, 1, pointer), basis if single else EACH


# A line nobody has asked for is counted in pieces.
UNASKED = AskedLine(("PO1", "", "", PIECE), (), None, None)


class Asked:
    """An order as the partner has asked for it.

    Args:
        order: as it was understood, None when it is not known any more.
    """

    def __init__(self, order: Order | None) -> None:
        self.order = order
        self._rest = order.rest if order else {}
        found: list[tuple[int, list[str]]] = []
        for place, text in self._rest.items():
            if (at := _PLACE.fullmatch(place)) and isinstance(text, str):
                found.append((int(at[1]), text.split(text[len(at[2]) : len(at[2]) + 1] or None)))
        found.sort(key=lambda one: one[0])
        self._segments = [elements for _, elements in found]
        self._agreed = [agreed_on(self._rest, f"/{number}/PO1") for number, _ in found]

    @property
    def isa(self) -> str:
        """The envelope, as it is kept."""
        return str(self._rest.get("/ISA", ""))

    @property
    def gs(self) -> str:
        """The group's envelope, as it is kept."""
        return str(self._rest.get("/GS", ""))

    @cached_property
    def begin(self) -> list[str]:
        """Elements of BEG, its tag first."""
        found = next((one for one in self._segments if one[0] == "BEG"), list[str]())
        return [*found, *[""] * (7 - len(found))]

    @cached_property
    def lines(self) -> dict[str, AskedLine]:
        """Lines by their names, in their order."""
        understood = {line.id: line for line in self.order.lines} if self.order else {}
        found: dict[str, AskedLine] = {}
        for n, head in enumerate(self._segments):
            if head[0] == "PO1":
                after = self._segments[n + 1] if n + 1 < len(self._segments) else [""]
                name = head[1].strip() if len(head) > 1 else ""
                name = name or self._unnamed(head, understood)
                pack = after if after[0] == "PO4" else []
                found[name] = AskedLine(head, pack, self._agreed[n], understood.get(name))
        return found

    @property
    def store(self) -> str:
        """The store of the partner for which this part of an order is, "" when it has none."""
        if self.order is None:
            return ""
        whole = "-".join(filter(None, (self.begin[3].strip(), self.begin[4].strip())))
        found = self.order.source_id.removeprefix(whole)
        return found[1:] if whole and found.startswith("/") else ""

    def line(self, name: str) -> AskedLine | None:
        """Return a line by its name, None when it was not asked for so."""
        return self.lines.get(name)

    def parties(self, pen: Pen, *roles: str) -> list[str]:
        """Return who was named in these roles, as they were named but for their addresses.

        Goods of a part for a store go there, whoever the whole order names.
        """
        found: list[str] = []
        for one in self._segments:
            role, name, kind, code = [*map(str.strip, one[1:5]), "", "", "", ""][:4]
            if one[0] != "N1" or role not in roles or (role == "ST" and self.store):
                continue
            known = pen.can_code(code, PARTY_CHARACTERS_MAX, 2) and pen.can_code(kind, 2)
            words = pen.words(name, NAME_CHARACTERS_MAX)
            if known or words:
                found.append(pen.segment("N1", role, words, *((kind, code) if known else ())))
        if "ST" in roles and self.store:
            store = pen.code(self.store, PARTY_CHARACTERS_MAX, "/order", 2)
            found.append(pen.segment("N1", "ST", "", BY_BUYER, store))
        return found

    def _unnamed(self, head: Sequence[str], understood: dict[str, OrderLine]) -> str:
        """Return the name of a line that has none: its place among the lines."""
        heads = [one for one in self._segments if one[0] == "PO1"]
        place = next(n for n, one in enumerate(heads, 1) if one is head)
        return str(place)


def numbers_of(
    asked: AskedLine | None, *, sku: str, gtin: str, theirs: str, pen: Pen, pointer: str
) -> list[str]:
    """Return the numbers of an article: as they were asked for, else as they are known.

    Args:
        asked: the line, None when it was not asked for.
        sku: our number.
        gtin: number by GS1.
        theirs: number of the partner.
        pen: of the partner.
        pointer: to the line, into the message.
    """
    if asked is not None and (told := asked.numbers):
        return told
    pairs = (
        ("VP", sku, f"{pointer}/sku"),
        ("UP" if len(gtin) == 12 else "UK" if len(gtin) == 14 else "EN", gtin, f"{pointer}/gtin"),
        ("BP", theirs, f"{pointer}/article"),
    )
    return [
        text
        for kind, number, at in pairs
        if number
        for text in (kind, pen.code(number, NUMBER_CHARACTERS_MAX, at))
    ]
