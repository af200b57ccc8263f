"""What an order has asked, as far as an answer has to repeat it: see ``rest`` of an order."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from stdnum import ean

from crosslane.channels.adapters.counting import agreed_on, counted
from crosslane.channels.adapters.edifact.interchange import Way
from crosslane.channels.adapters.edifact.loops import PACKED
from crosslane.channels.adapters.edifact.orders import ORDERED, PRICES
from crosslane.channels.adapters.edifact.segments import Segment
from crosslane.channels.adapters.edifact.telling.partner import Partner
from crosslane.channels.adapters.edifact.telling.pen import Element, Pen
from crosslane.channels.adapters.edifact.units import MEASURES, PIECES, packed, usual
from crosslane.channels.domain.messages import Order, OrderLine

PIECE = "PCE"
NUMBER_CHARACTERS_MAX = 35
LINE_CHARACTERS_MAX = 6
NAME_CHARACTERS_MAX = 35
# Whose code it is: ours, that of the partner who buys, or GS1's (element 3055).
BY_SELLER, BY_BUYER, BY_GS1 = "91", "92", "9"
TO = ("DP", "ST", "UC")
GLN_DIGITS, UPC_DIGITS = 13, 12
_PLACE = re.compile(r"/(\d+)/(BGM|NAD|LIN|PIA|QTY|PRI)")


class AskedLine:
    """A line as the partner has ordered it.

    Args:
        segments: LIN and those that follow it, as far as they are kept.
        line: what was understood, None when nobody has asked for it.
        rest: what the order said besides.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        line: OrderLine | None,
        rest: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self._segments = segments
        self.line = line
        ordered = self._first("QTY", ORDERED)
        self._unit = ordered.peek(1, 3) if ordered else ""
        pack = self._first("QTY", PACKED)
        told = packed(pack.peek(1, 2)) if pack else None
        agreed = agreed_on(rest, f"/{ordered.number}/QTY") if ordered else None
        self.each = agreed or usual(self._unit) or told or 1

    @property
    def number(self) -> Sequence[str]:
        """The number of the article that LIN names, with what it is."""
        return _parts(self._segments[0], 3) if self._segments else ()

    @property
    def numbers(self) -> list[Sequence[Sequence[str]]]:
        """The elements of each PIA, which names further numbers."""
        return [one.elements[1:] for one in self._segments if one.tag == "PIA"]

    def price(self, pen: Pen, *, is_counted_otherwise: bool = False) -> tuple[str, ...]:
        """Return the price as it was told, () when none was.

        Args:
            pen: of the partner.
            is_counted_otherwise: the unit it is for has to be said.
        """
        told = self._first("PRI", PRICES)
        if told is None:
            return ()
        parts = [*_parts(told, 1), *[""] * 6][:6]
        parts[1] = pen.number(parts[1].replace(",", "."))
        if is_counted_otherwise and self._unit and not parts[5]:
            parts[4:] = [parts[4] or "1", self._unit]
        return tuple(parts)

    def counted(self, pieces: int, pen: Pen) -> tuple[str, str]:
        """Return a number of pieces in the unit of the line, or in pieces where it is no whole one.

        Args:
            pieces: how many.
            pen: of the partner.
        """
        units, unit = counted(
            pieces, self._unit, self.each, has_parts=self._unit in MEASURES, piece=PIECE
        )
        return pen.number(units), unit

    def priced(
        self, milli: int, currency: str, pieces: int, pen: Pen, pointer: str
    ) -> tuple[str, ...]:
        """Return a price and what it is for, of so many pieces as they are counted.

        Args:
            milli: of one piece, 1/1000 minor unit.
            currency: ISO 4217.
            pieces: how many.
            pen: of the partner.
            pointer: to the price, into the message.
        """
        _, unit = self.counted(pieces, pen)
        if self.each == 1 and unit in PIECES:
            return ("AAA", pen.price(milli, currency, 1, pointer))
        per = self.each if unit == self._unit else 1
        return ("AAA", pen.price(milli, currency, per, pointer), "", "", "1", unit)

    def _first(self, tag: str, kinds: Sequence[str]) -> Segment | None:
        for kind in kinds:
            for one in self._segments:
                if one.tag == tag and one.peek(1) == kind:
                    return one
        return None


# A line nobody has asked for is counted in pieces.
UNASKED = AskedLine((), None)


class Asked:
    """An order as the partner has asked for it.

    Args:
        order: as it was understood, None when it is not known any more.
    """

    def __init__(self, order: Order | None) -> None:
        self.order = order
        self._rest = order.rest if order else {}
        una = self._rest.get("/UNA")
        self.way = Way(*(mark.strip(" ") for mark in una[3:])) if isinstance(una, str) else None
        places = ((_PLACE.fullmatch(place), text) for place, text in self._rest.items())
        found = [
            (int(at[1]), self._segment(at[2], text, int(at[1])))
            for at, text in places
            if at is not None and isinstance(text, str)
        ]
        self._segments = [one for _, one in sorted(found, key=lambda each: each[0])]

    def partner(self, settings: Mapping[str, str]) -> Partner:
        """Return who is to be answered; see :meth:`Partner.of`."""
        around = [
            self._segment(tag, text) if isinstance(text := self._rest.get(f"/{tag}"), str) else None
            for tag in ("UNB", "UNG", "UNH")
        ]
        return Partner.of(settings, self.way, *around)

    @property
    def number(self) -> str:
        """The partner's number of the order, "" when it is not known any more."""
        begin = next((one for one in self._segments if one.tag == "BGM"), None)
        told = begin.peek(2) if begin else ""
        return told or (self.order.number if self.order else "")

    @cached_property
    def lines(self) -> dict[str, AskedLine]:
        """Lines by their names, in their order."""
        starts = [n for n, one in enumerate(self._segments) if one.tag == "LIN"]
        bounds = [*starts, len(self._segments)]
        loops = [self._segments[a:b] for a, b in pairwise(bounds)]
        understood = self.order.lines if self.order else ()
        # Each line of an order comes from one LIN, in their order.
        return {
            line.id: AskedLine(loop, line, self._rest)
            for loop, line in zip(loops, understood, strict=False)
        }

    @property
    def store(self) -> str:
        """The store of the partner for which this part of an order is, "" when it has none."""
        if self.order is None or not self.order.part_of:
            return ""
        return self.order.source_id.removeprefix(f"{self.order.part_of}/")

    def line(self, name: str) -> AskedLine | None:
        """Return a line by its name, None when it was not asked for so."""
        return self.lines.get(name)

    def parties(self, pen: Pen, *roles: str) -> dict[str, str]:
        """Return who was named in these roles, as they were named but for their addresses.

        Goods of a part for a store go there, whoever the whole order names.
        """
        found: dict[str, str] = {}
        for one in self._segments:
            role = one.peek(1)
            if one.tag != "NAD" or role not in roles or role in found:
                continue
            if role in TO and self._is_elsewhere(one):
                continue
            code, name = _parts(one, 2), one.peek(4) or one.peek(3)
            known = bool(code) and all(
                pen.can_code(text, NUMBER_CHARACTERS_MAX) for text in code if text
            )
            words = pen.words(name, NAME_CHARACTERS_MAX)
            if known or words:
                told: Element = code if known else ""
                found[role] = pen.segment("NAD", role, told, "", words)
        if "DP" in roles and self.store not in ("", "*") and "DP" not in found:
            store = pen.code(self.store, NUMBER_CHARACTERS_MAX, "/order")
            found["DP"] = pen.segment("NAD", "DP", (store, "", agency(store)))
        return found

    def called(self, pen: Pen, role: str) -> Sequence[str]:
        """Return the code by which somebody was named in a role, and whose it is; () for none."""
        for one in self._segments:
            if one.tag == "NAD" and one.peek(1) == role and one.peek(2):
                code = _parts(one, 2)
                known = all(pen.can_code(text, NUMBER_CHARACTERS_MAX) for text in code if text)
                return code if known else ()
        return ()

    def _is_elsewhere(self, one: Segment) -> bool:
        return self.store not in ("", "*") and one.peek(2) != self.store

    def _segment(self, tag: str, text: str, number: int = 0) -> Segment:
        return Segment(text, number, self.way or Way(), tag)


def agency(code: str, otherwise: str = BY_BUYER) -> str:
    """Return who gave a code of a place: GS1, when it can only be its number."""
    return BY_GS1 if len(code) == GLN_DIGITS and ean.is_valid(code) else otherwise


def _parts(one: Segment, n: int) -> list[str]:
    return one.elements[n] if n < len(one.elements) else []


def numbers_of(
    asked: AskedLine | None, *, sku: str, gtin: str, theirs: str, pen: Pen, pointer: str
) -> tuple[Sequence[str], list[str]]:
    """Return how LIN names an article, and segments PIA that name it further.

    Args:
        asked: the line, None when it was not asked for; what it says is said again.
        sku: our number.
        gtin: number by GS1.
        theirs: number of the partner.
        pen: of the partner.
        pointer: to the line, into the message.
    """
    if asked is not None and (any(asked.number) or asked.numbers):
        return asked.number, [pen.segment("PIA", *told) for told in asked.numbers]
    kind = "UP" if len(gtin) == UPC_DIGITS else "EN"
    known = (
        (sku, "SA", "", BY_SELLER, f"{pointer}/sku"),
        (theirs, "IN", "", BY_BUYER, f"{pointer}/article"),
    )
    further = [
        (pen.code(number, NUMBER_CHARACTERS_MAX, at), *how) for number, *how, at in known if number
    ]
    # 5 is the article itself, 1 what else it is called.
    name = (pen.code(gtin, NUMBER_CHARACTERS_MAX, f"{pointer}/gtin"), kind) if gtin else ()
    return name, [pen.segment("PIA", "1" if gtin else "5", *further)] if further else []


class Names:
    """How lines are named: by LIN01 where all names fit, else by a reference beside a number.

    Args:
        names: names of lines, in their order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._fit = all(name.isdecimal() and len(name) <= LINE_CHARACTERS_MAX for name in names)

    def number(self, n: int) -> str:
        """Return LIN01 of a line, by its place from 0."""
        return self._names[n] if self._fit else str(n + 1)

    def reference(self, n: int, pen: Pen, pointer: str) -> list[str]:
        """Return the segment that names a line where LIN01 does not."""
        if self._fit or not self._names[n]:
            return []
        name = pen.code(self._names[n], NUMBER_CHARACTERS_MAX, f"{pointer}/id")
        return [pen.segment("RFF", ("LI", name))]
