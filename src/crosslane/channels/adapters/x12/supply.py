"""What a supplier has (846) and what it has sent (856)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.counting import settled
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.destinations import split_by
from crosslane.channels.adapters.x12.orders import moment_of
from crosslane.channels.adapters.x12.packs import Names, packed
from crosslane.channels.adapters.x12.parties import (
    OF_BUYER,
    Party,
    article,
    named,
    numbers,
    parties,
)
from crosslane.channels.adapters.x12.segments import Envelope, Segment, require_count
from crosslane.channels.adapters.x12.units import PIECES
from crosslane.channels.domain.messages import Message, StockRow, SupplySnapshot
from crosslane.channels.domain.packs import Packs
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods

# Quantities by what they mean (element 673), the one that may be promised first.
ON_HAND = ("33", "QA", "17", "QH", "AV")
PLACES = ("WH", "SF", "LW", "SL", "ST", "SU", "VN", "SE", "DS")
CANCELLED = "01"
TRACKING = ("CN", "2I", "BM", "CR", "TN")
LOTS = ("LT", "SN", "SE", "BB")
SHIPPED_ON, EXPECTED_ON = ("011", "004"), ("017", "067", "002", "371")


def inventory(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what lies where; each location has a message of its own."""
    begin = segments[1]
    if begin.tag != "BIA":
        raise NotReadable(Fault("field-missing", "BIA is missing", "/2/BIA"))
    at = moment_of(begin, 4, envelope.zone) or envelope.at or context.received_at
    number = begin.needed(3)
    starts = [n for n, one in enumerate(segments) if one.tag == "LIN"]
    head = segments[: starts[0]] if starts else segments
    usual = _place(parties(head, PLACES)) or envelope.sender
    rows: dict[str, list[StockRow]] = {}
    for a, b in zip(starts, [*starts[1:], len(segments) - 1], strict=False):
        loop = segments[a:b]
        sku, theirs, gtin = article(loop[0], 2, OF_BUYER)
        for place, units in _on_hand(loop, context.packs, (sku, theirs, gtin)).items():
            row = StockRow(sku=sku, article=theirs, gtin=gtin, quantity=units)
            rows.setdefault(place or usual, []).append(row)
    require_count(segments, len(starts), "lines")
    if not rows:
        raise NotReadable(Fault("field-missing", "No quantity is told", "/QTY"))
    for where, found in rows.items():
        yield SupplySnapshot(
            source_id=f"{number}@{where}" if len(rows) > 1 else number,
            source_version=version_of(at),
            event_at=at,
            channel=context.channel,
            location=where,
            rows=tuple(found),
        )


def _place(known: dict[str, Party]) -> str:
    found = next((known[role] for role in PLACES if role in known), None)
    return (found.code or found.name)[:64] if found else ""


def _on_hand(loop: Sequence[Segment], packs: Packs, names: Names) -> dict[str, int]:
    """Return how many pieces lie where, by place, "" for the usual one."""
    found: dict[str, int] = {}
    for one in loop:
        if one.tag == "SDQ":
            each = settled(packed(one, 1, loop, packs, names), one.at(1))
            split_by(one, found, one.peek(1), each)
    if found:
        return found
    for block in _blocks(loop):
        told: dict[str, Segment] = {}
        for one in block:
            if one.tag == "QTY" and one.peek(1) in ON_HAND:
                if one.peek(1) in told:
                    raise _twice(one)
                told[one.peek(1)] = one
        one = next((told[kind] for kind in ON_HAND if kind in told), None)
        if one is None:
            continue
        where = _place(parties(block, PLACES))
        if where in found:
            raise _twice(one)
        each = settled(packed(one, 3, loop, packs, names), one.at(3))
        found[where] = one.units(2, each)
        one.take(1)
        if one.peek(3) in PIECES:
            one.take(3)
    return found


def _twice(one: Segment) -> NotReadable:
    return NotReadable(Fault("stock-twice", "What lies at one place is told twice", one.at(2)))


def _blocks(loop: Sequence[Segment]) -> list[Sequence[Segment]]:
    """Return the segments of a line by the places they are about.

    Partners name a place after its quantities, or before them: as the line begins, it goes on.
    """
    marks = [
        (n, one.tag)
        for n, one in enumerate(loop)
        if one.tag == "QTY" or (one.tag == "N1" and one.peek(1) in PLACES)
    ]
    begins = marks[0][1] if marks else ""
    starts = [n for (_, before), (n, tag) in pairwise(marks) if tag == begins and before != begins]
    return [loop[a:b] for a, b in pairwise([0, *starts, len(loop)])]


class _Level:
    """A level of a shipment: itself, an order in it, a pallet, a carton, goods."""

    def __init__(self, kind: str, above: "_Level | None", segments: list[Segment]) -> None:
        self.kind = kind
        self.above = above
        self.segments = segments

    @cached_property
    def order(self) -> str:
        """Number of the order it is, "" when it is none."""
        found = next((one for one in self.segments if one.tag == "PRF"), None)
        return found.take(1)[:100] if found else ""

    @property
    def order_of(self) -> str:
        """Number of the order it is of: its own, or that of the next level above that names one."""
        level: _Level | None = self
        while level is not None:
            if level.order:
                return level.order
            level = level.above
        return ""


def shipment(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what was sent; each order in it has a message of its own."""
    begin = segments[1]
    if begin.tag != "BSN":
        raise NotReadable(Fault("field-missing", "BSN is missing", "/2/BSN"))
    off = begin.take(1) == CANCELLED
    number = begin.needed(2)
    told_at = moment_of(begin, 3, envelope.zone) or envelope.at or context.received_at
    levels = _levels(segments)
    if not levels:
        raise NotReadable(Fault("field-missing", "HL is missing", "/3/HL"))
    whole = next((level.segments for level in levels if level.kind == "S"), segments)
    shipped, due = _day(whole, SHIPPED_ON, envelope), _day(whole, EXPECTED_ON, envelope)
    known = parties(whole, ("SF", "ST"))
    carrier, service = _carrier(whole)
    orders: dict[str, list[_Level]] = {}
    for level in levels:
        if level.kind == "I":
            orders.setdefault(level.order_of, []).append(level)
        elif level.kind == "O":
            orders.setdefault(level.order_of, [])
    tracking = _tracking([one for level in levels for one in level.segments])
    to = known.get("ST")
    for order, items in (orders or {"": []}).items():
        yield FulfillmentEvent(
            source_id=f"{number}/{order}" if len(orders) > 1 else number,
            source_version=version_of(told_at),
            event_at=shipped or told_at,
            channel=context.channel,
            order=order,
            step="cancelled" if off else "shipped",
            lines=tuple(_goods(level, context.packs) for level in items),
            location=_called(known.get("SF")),
            to=_called(to),
            ship_to=to.address if to else None,
            carrier=carrier,
            service=service,
            tracking=tracking,
            due_at=due,
        )


def _called(party: Party | None) -> str:
    return (party.code or party.name)[:100] if party else ""


def _levels(segments: list[Segment]) -> list[_Level]:
    """Return the levels in their order, each under the one it names."""
    starts = [n for n, one in enumerate(segments) if one.tag == "HL"]
    end = next((n for n, one in enumerate(segments) if one.tag == "CTT"), len(segments) - 1)
    found: dict[str, _Level] = {}
    for a, b in zip(
        starts, [*starts[1:], max(end, starts[-1] + 1)] if starts else [], strict=False
    ):
        head = segments[a]
        number, parent, kind = head.needed(1), head.take(2), head.needed(3)
        if number in found:
            raise head.wrong(1, "a number that is used once")
        if parent and parent not in found:
            raise head.wrong(2, "the number of a level before it")
        found[number] = _Level(kind, found.get(parent), segments[a + 1 : b])
        head.take(4)
    # The standard counts levels, and many a partner the articles.
    items = sum(level.kind == "I" for level in found.values())
    require_count(segments, len(found), "levels", items)
    return list(found.values())


def _day(segments: Sequence[Segment], kinds: Sequence[str], envelope: Envelope) -> datetime | None:
    for kind in kinds:
        for one in segments:
            if one.tag == "DTM" and one.peek(1) == kind:
                at = moment_of(one, 2, envelope.zone)
                if at is not None:
                    one.take(1)
                    return at
    return None


def _carrier(segments: Sequence[Segment]) -> tuple[str, str]:
    for one in segments:
        if one.tag == "TD5":
            code, words = one.take(3), one.take(5)
            return code or words, words if code and words != code else ""
    return "", ""


def _tracking(segments: Sequence[Segment]) -> tuple[str, ...]:
    found: list[str] = []
    for one in segments:
        if one.tag == "REF" and one.peek(1) in TRACKING:
            found.append(one.take(2))
        elif one.tag == "MAN" and one.peek(1) in ("CP", "GM", "AA", "W"):
            found += [number for n in (2, 5) if (number := one.take(n))]
    return tuple(dict.fromkeys(filter(None, found)))


def _goods(level: _Level, packs: Packs) -> MovedGoods:
    line = next((one for one in level.segments if one.tag == "LIN"), None)
    count = next((one for one in level.segments if one.tag == "SN1"), None)
    if count is None:
        at = level.segments[0].number if level.segments else 0
        raise NotReadable(Fault("field-missing", "SN1 is missing", f"/{at}/SN1"))
    names = named(line.elements, 2, OF_BUYER) if line else ("", "", "")
    each = settled(packed(count, 3, level.segments, packs, names), count.at(3))
    units = count.units(2, each)
    if units < 0:
        raise count.wrong(2, "at least none")
    sku = theirs = gtin = lot = title = ""
    if line is not None:
        told = numbers(line, 2)
        lot = next((line.peek(told[kind]) for kind in LOTS if kind in told), "")
        for kind in LOTS:
            if kind in told and line.peek(told[kind]) == lot:
                line.take(told[kind])
        sku, theirs, gtin = article(line, 2, OF_BUYER)
    for one in level.segments:
        if one.tag == "PID" and not title:
            title = one.take(5)
    number = count.take(1) or (line.take(1) if line else "")
    if line is not None and line.peek(1) == number:
        line.take(1)
    return MovedGoods(
        id=number, article=theirs, sku=sku, gtin=gtin, quantity=units, title=title, lot=lot
    )
