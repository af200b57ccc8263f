"""What a supplier has (INVRPT) and what it has sent (DESADV)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edifact.loops import (
    Counting,
    beginning,
    lines_of,
    referred,
    said_at,
    title_of,
)
from crosslane.channels.adapters.edifact.parties import OF_BUYER, Party, article, parties
from crosslane.channels.adapters.edifact.segments import Envelope, Segment, require_count
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import Message, StockRow, SupplySnapshot
from crosslane.channels.domain.packs import Packs
from crosslane.channels.domain.reports import FulfillmentEvent, MovedGoods

CANCELLED = "1"
# Stock by what it means (element 6063), the one that is really there first.
ON_HAND = ("145", "17")
# What moved is no stock (INV01): out of it, or into it.
MOVED = ("1", "2")
PLACES = ("WH", "SF", "GY", "SU", "MF", "SE")
# The place where goods are or lie, as LOC says it (element 3227).
LIES_AT = ("14", "18", "9", "198", "7")
SENT = ("12", "46", "1")
SHIPPED_ON, EXPECTED_ON = ("11",), ("17", "358", "2", "191")
FROM, TO = ("SF", "SH", "WH", "SU", "SE"), ("DP", "ST", "UC", "CN", "BY")
TRACKING = ("CN", "AAM", "AWB", "BM", "AAS")
PARCELS = "BJ"
NAMED_BY = ("LIN", "PIA")


def inventory(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what lies where; each location has a message of its own."""
    begin = beginning(segments)
    number = begin.needed(2)
    head, items = lines_of(segments)
    at = said_at(head, ("366", "137"), envelope) or envelope.at or context.received_at
    require_count(segments, len(items))
    usual = _location(head) or envelope.sender
    rows: dict[str, list[StockRow]] = {}
    for loop in items:
        told = article(loop, OF_BUYER)
        found = _stock(Counting(loop, context.packs, told))
        if not found:
            # A line that tells no stock is left with the names of its article.
            for one in loop:
                if one.tag in NAMED_BY:
                    one.stay()
            continue
        for where, units in found.items():
            row = StockRow(sku=told.sku, article=told.theirs, gtin=told.gtin, quantity=units)
            rows.setdefault(where or usual, []).append(row)
    if not rows:
        raise NotReadable(Fault("field-missing", "No stock is told", "/QTY"))
    for where, lying in rows.items():
        yield SupplySnapshot(
            source_id=f"{number}@{where}"[:100] if len(rows) > 1 else number,
            source_version=version_of(at),
            event_at=at,
            channel=context.channel,
            location=where[:64],
            rows=tuple(lying),
        )


def _location(segments: Sequence[Segment]) -> str:
    for one in segments:
        if one.tag == "LOC" and one.peek(1) in LIES_AT and one.peek(2):
            one.take(1)
            one.take(2, 3)
            return one.take(2)
    known = parties(segments, PLACES)
    found = next((known[role] for role in PLACES if role in known), None)
    return found.code or found.name if found else ""


def _stock(counting: Counting) -> dict[str, int]:
    """Return what is there by its place, "" for the usual one.

    A quantity without place is the sum of those that have one, if there are any.
    """
    loop = counting.loop
    starts = [n for n, one in enumerate(loop) if one.tag in ("QTY", "INV")]
    before = loop[1 : starts[0]] if starts else ()
    of_line = _location([one for one in before if one.tag in ("LOC", "NAD")])
    told: dict[str, dict[str, Segment]] = {}
    bounds = [n for n, one in enumerate(loop) if one.tag == "QTY"]
    for a, b in pairwise([*bounds, len(loop)]):
        kind = loop[a].peek(1)
        around = [one for one in loop[max(a - 1, 0) : b] if one.tag == "INV"]
        if kind not in ON_HAND or any(one.peek(1) in MOVED for one in around):
            continue
        kinds = told.setdefault(_location(loop[a + 1 : b]) or of_line, {})
        if kind in kinds:
            detail = "What lies at one place is told twice"
            raise NotReadable(Fault("stock-twice", detail, loop[a].at(1, 2)))
        kinds[kind] = loop[a]
    if len(told) > 1:
        told.pop("", None)
    found: dict[str, int] = {}
    for where, kinds in told.items():
        one = next(kinds[kind] for kind in ON_HAND if kind in kinds)
        found[where] = counting.sure(one, signed=True)
        one.take(1)
        one.take(1, 3)
    return found


def shipment(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what was sent; each order in it has a message of its own."""
    begin = beginning(segments)
    number, purpose = begin.needed(2), begin.peek(3)
    off = purpose == CANCELLED
    if purpose in ("1", "9"):
        begin.take(3)
    head, items = lines_of(segments)
    require_count(segments, len(items))
    told_at = said_at(head, ("137",), envelope) or envelope.at or context.received_at
    shipped, due = said_at(head, SHIPPED_ON, envelope), said_at(head, EXPECTED_ON, envelope)
    known = parties(head, (*FROM, *TO))
    to = _of(known, TO)
    usual, _ = referred(head, "ON")
    orders: dict[str, list[MovedGoods]] = {}
    for loop in items:
        if loop[0].peek(4) == "1":
            # What a line is made of went with it.
            continue
        order, line = referred(loop, "ON")
        orders.setdefault(order or usual, []).append(_goods(loop, line, context.packs))
    tracking = _tracking(segments)
    for order, goods in (orders or {usual: []}).items():
        yield FulfillmentEvent(
            source_id=f"{number}/{order}"[:100] if len(orders) > 1 else number,
            source_version=version_of(told_at),
            event_at=shipped or told_at,
            channel=context.channel,
            order=order[:100],
            step="cancelled" if off else "shipped",
            lines=tuple(goods),
            location=_called(_of(known, FROM)),
            to=_called(to),
            ship_to=to.address if to else None,
            carrier=_carrier(head),
            tracking=tracking,
            due_at=due,
        )


def _of(known: dict[str, Party], roles: Sequence[str]) -> Party | None:
    return next((known[role] for role in roles if role in known), None)


def _called(party: Party | None) -> str:
    return (party.code or party.name)[:100] if party else ""


def _goods(loop: Sequence[Segment], line: str, packs: Packs) -> MovedGoods:
    told = {one.peek(1): one for one in loop if one.tag == "QTY"}
    kind = next((kind for kind in SENT if kind in told), None)
    if kind is None:
        where = f"/{loop[0].number}/QTY"
        raise NotReadable(Fault("field-missing", "No quantity is told", where))
    numbers = article(loop, OF_BUYER)
    units = Counting(loop, packs, numbers).sure(told[kind])
    for part in (1, 2, 3):
        told[kind].take(1, part)
    of_line, _ = referred(loop, "LI")
    return MovedGoods(
        id=(line or of_line)[:100],
        article=numbers.theirs[:100],
        sku=numbers.sku[:100],
        gtin=numbers.gtin[:100],
        quantity=units,
        title=title_of(loop),
        lot=numbers.lot[:100],
    )


def _carrier(segments: Sequence[Segment]) -> str:
    found = next((one for one in segments if one.tag == "TDT" and one.peek(5)), None)
    if found is None:
        found = next((one for one in segments if one.tag == "TDT" and one.peek(5, 4)), None)
        return found.take(5, 4) if found else ""
    return found.take(5)


def _tracking(segments: Sequence[Segment]) -> tuple[str, ...]:
    found: list[str] = []
    for one in segments:
        if one.tag == "RFF" and one.peek(1) in TRACKING:
            one.take(1)
            found.append(one.take(1, 2))
        elif one.tag == "GIN" and one.peek(1) == PARCELS:
            # A range of numbers is left: who reads it has to count.
            found += [one.take(n) for n in range(2, len(one.elements)) if not one.peek(n, 2)]
    return tuple(dict.fromkeys(filter(None, found)))
