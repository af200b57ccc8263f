"""What a buyer orders (850) and what is different on it (860)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.counting import EACH_KEPT, ONE, settled
from crosslane.channels.adapters.edi import OWN
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.firm import stops_for, waits_as
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.destinations import (
    require_one_place,
    sent_to,
    split_by,
    where_is,
)
from crosslane.channels.adapters.x12.packs import pack_of, packed, priced_for
from crosslane.channels.adapters.x12.parties import OF_SELLER, Party, article, named, parties
from crosslane.channels.adapters.x12.segments import Envelope, Segment, instant, require_count
from crosslane.channels.adapters.x12.units import MEASURES
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Message,
    Order,
    OrderLine,
)
from crosslane.channels.domain.packs import Packs
from crosslane.customers import Address
from crosslane.orders import BuyerWish, TenderWish

CANCELLED, REPLACED = "01", ("04", "05")
# What a set is to an earlier one (element 353): an original, a change, another copy of itself.
READ_PURPOSES = frozenset(("", "00", "04", "05", "07"))
# Orders that want no goods now (element 92): blanket orders and agreements, confirmations of what
# was ordered before, and what is only told.
NOT_FIRM = frozenset(("BE", "BK", "BL", "BQ", "CF", "IN", "KB", "KC"))
ROLES = ("ST", "BS", "BT", "BY", "BO", "SO")
# Who gets the goods, the bill, and who buys: the first that is named.
TO, BILLED, BUYING = ("ST", "BS", "BY"), ("BT", "BS"), ("BY", "BO", "SO", "BT", "BS", "ST")
ON_ACCOUNT = (TenderWish(method="on_account"),)
NOTE_CHARACTERS_MAX = 5_000
LINE_NOTE_CHARACTERS_MAX = 2_000
TITLE_CHARACTERS_MAX = 500
# What may be said of a line on 860 (element 670): that it is gone, or stays as it was.
GONE, UNCHANGED = "DI", "NC"
WORDS = frozenset(("MSG", "MTX", "NTE"))
CLOSES = ("CTT", "TDS")
# Prices that a buyer agreed on (element 236): net, contract, cost of a unit, wholesale.
AGREED = ("NET", "CON", "UCP", "WHL")
# What has no price since nothing is charged for it (element 639).
FREE = "NC"
# What nobody has agreed on a price of: to be negotiated, not quoted.
OPEN = ("TB", "NQ")
# Prepaid by the seller and charged to the buyer (element 146).
ADDED = "PC"


def order(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what a purchase order says; one for stores of its own is an order for each of them."""
    begin = _beginning(segments, "BEG")
    purpose, kind = begin.take(1), begin.peek(2)
    told = _identity(begin, envelope, context, release=4, day=5, later=purpose in REPLACED)
    if purpose == CANCELLED:
        yield Cancellation(**told, reason="cancelled by the buyer")  # type: ignore[arg-type]
        return
    head, items = _parts(segments, "PO1")
    require_count(segments, len(items), "lines")
    currency = _currency(head, context)
    number = begin.peek(3) or str(told["source_id"])
    lines = [_line(loop, n, currency, context.packs) for n, loop in enumerate(items, 1)]
    require_one_place(head, (line.split for line in lines))
    known = parties(head, ROLES)
    if not lines:
        raise NotReadable(Fault("field-missing", "No line is ordered", "/PO1"))
    shared = _shared(head, segments, known, currency)
    shared["stops"] = stops_for(
        [*_not_now(purpose, kind), *_doubts(segments, envelope), *_uncounted(lines)]
    )
    repeated = [begin, *(one for one in head if one.tag == "N1")]
    stores = list(dict.fromkeys(store for line in lines for store in line.split))
    ship_to = _address(known, TO)
    if not stores:
        every = tuple(line.line for line in lines)
        yield Order(  # type: ignore[misc]
            **told,  # type: ignore[arg-type]
            **shared,  # type: ignore[arg-type]
            lines=every,
            number=number,
            ship_to=ship_to,
            rest=envelope.answerable | {k: v for line in lines for k, v in line.kept.items()},
        )
    # Lines that name no store go where the order as a whole goes.
    own = ""
    if stores and not all(line.split for line in lines):
        own = (known["ST"].code if "ST" in known else "") or OWN
        stores = list(dict.fromkeys((*stores, own)))
    for store in stores:
        bound = [line for line in lines if line.units_of(store, own)]
        whole = [*repeated, *(one for line in bound for one in line.repeated)]
        yield Order(
            **{**told, "source_id": f"{told['source_id']}/{store}"},  # type: ignore[arg-type]
            **shared,  # type: ignore[arg-type]
            lines=tuple(_for_store(line.line, line.units_of(store, own)) for line in bound),
            number=number,
            part_of=str(told["source_id"]),
            parts=len(stores),
            ship_to=ship_to if store == own else where_is(segments, known, store, ship_to),
            rest=envelope.answerable
            | {f"/{one.number}/{one.tag}": one.text for one in whole}
            | {k: v for line in bound for k, v in line.kept.items()},
        )
    for one in repeated:
        one.stay()
    for line in lines:
        for one in line.repeated:
            one.stay()


def _not_now(purpose: str, kind: str) -> Iterator[str]:
    """Say what a person has to look at before an order goes on that may want no goods now."""
    if kind in NOT_FIRM:
        yield waits_as(kind)
    elif purpose not in READ_PURPOSES:
        yield f"It says it is of purpose {purpose[:2]}"


def _doubts(segments: Sequence[Segment], envelope: Envelope) -> Iterator[str]:
    if any(one.tag == "SAC" and one.peek(1) in ("A", "C") for one in segments):
        yield "The order names allowances or charges that are not in its prices"
    if envelope.is_test:
        yield "The interchange says it is a test"


def _uncounted(lines: Sequence["_Line"]) -> Iterator[str]:
    """Say of what nobody knows whether it is counted as it is meant."""
    if any(line.measured for line in lines):
        yield "Goods are ordered by length, weight or area: is their stock counted so?"
    for line in lines:
        if line.doubt:
            yield f"Line {line.line.id}: {line.doubt}"


class _Line(NamedTuple):
    """A line as it was understood.

    Args:
        line: what is ordered.
        split: how many of it each store gets, when it says so.
        repeated: segments an answer repeats; likewise what else it has to know.
        measured: whether it is ordered by measure, and nobody says how that is counted.
        doubt: why it may be counted otherwise than is meant, "" when it is not.
    """

    line: OrderLine
    split: dict[str, int]
    repeated: list[Segment]
    kept: dict[str, str]
    measured: bool
    doubt: str

    def units_of(self, store: str, own: str) -> int:
        """Return how many units a store gets; all of them go to the own one when none is named."""
        usual = {own: self.line.quantity}
        return (self.split or usual).get(store, 0)


def _beginning(segments: Sequence[Segment], tag: str) -> Segment:
    found = next((one for one in segments[1:3] if one.tag == tag), None)
    if found is None:
        raise NotReadable(Fault("field-missing", f"{tag} is missing", f"/2/{tag}"))
    return found


def _identity(
    begin: Segment, envelope: Envelope, context: Context, *, release: int, day: int, later: bool
) -> dict[str, object]:
    """Return number, version and time as every message names them.

    Buyers count no versions. An order is as old as the day it was made on, so that sent again it
    changes nothing; what is said of it later is as old as its interchange.
    """
    number, of = begin.needed(3), begin.take(release)
    made = instant(begin.peek(day), "", envelope.zone)
    if begin.peek(day) and made is None:
        raise begin.wrong(day, "a day")
    begin.take(day)
    sent = envelope.at or made or context.received_at
    at = made if made and not later else sent
    return {
        "source_id": f"{number}-{of}" if of else number,
        "source_version": version_of(at),
        "event_at": at,
        "channel": context.channel,
    }


def _parts(segments: list[Segment], tag: str) -> tuple[list[Segment], list[list[Segment]]]:
    """Return the segments before the lines, and those of each line."""
    starts: list[int] = []
    # What closes the set belongs to no line.
    end = len(segments) - 1
    for n, one in enumerate(segments):
        if one.tag == tag:
            starts.append(n)
        elif one.tag in CLOSES and n < end:
            end = n
    if not starts:
        return segments, []
    bounds = [*starts, max(end, starts[-1] + 1)]
    return segments[: starts[0]], [segments[a:b] for a, b in pairwise(bounds)]


def _currency(head: Sequence[Segment], context: Context) -> str:
    for one in head:
        if one.tag == "CUR" and one.peek(2):
            one.take(1)
            return one.take(2)
    return context.currency


def _shared(
    head: Sequence[Segment],
    segments: Sequence[Segment],
    known: dict[str, Party],
    currency: str,
) -> dict[str, object]:
    """Return what is the same in the orders of all stores."""
    tags = {one.tag for one in segments}
    return {
        "buyer": _buyer(next((known[role] for role in BUYING if role in known), None)),
        "bill_to": _address(known, BILLED),
        "currency": currency,
        "tenders": ON_ACCOUNT,
        "shipping_minor": None if _is_freight_added(head) else 0,
        "total_minor": next(
            (
                total
                for one in (segments if "AMT" in tags else ())
                if one.tag == "AMT" and one.peek(1) == "TT"
                if (total := one.minor(2, currency)) is not None
            ),
            None,
        ),
        "note": "" if tags.isdisjoint(WORDS) else _note(head, NOTE_CHARACTERS_MAX),
    }


def _address(known: dict[str, Party], roles: Sequence[str]) -> Address | None:
    """Return where the first of some parties is."""
    found = next((known[role] for role in roles if role in known), None)
    return found.address if found else None


def _is_freight_added(head: Sequence[Segment]) -> bool:
    """Whether the buyer pays for delivery beside the prices, which FOB01 says."""
    found = next((one for one in head if one.tag == "FOB"), None)
    return found is not None and found.text.split(found.between, 2)[1:2] == [ADDED]


def _buyer(party: Party | None) -> BuyerWish | None:
    if party is None:
        return None
    found = BuyerWish(
        account_number=party.code[:64],
        email=party.email[:254],
        phone=party.phone[:40],
        name=(party.name or party.code)[:200],
    )
    return found if found != BuyerWish() else None


def _note(segments: Sequence[Segment], most: int) -> str:
    """Return what is written in words, a line for each message; what is too long is left over."""
    said: list[str] = []
    for one in segments:
        if one.tag in WORDS:
            n = 1 if one.tag == "MSG" else 2
            text = one.peek(n)
            if text and sum(map(len, said)) + len(said) + len(text) <= most:
                said.append(one.take(n))
    return "\n".join(said)


def _line(loop: list[Segment], place: int, currency: str, packs: Packs) -> _Line:
    head = loop[0]
    sku, theirs, gtin = names = named(head.elements, 6, OF_SELLER)
    unit = head.peek(3)
    counted = packed(head, 3, loop, packs, names)
    each = counted.pieces
    quantity = head.units(2, each)
    if quantity < 1:
        raise head.wrong(2, "at least one unit")
    pack = pack_of(loop) if counted is not ONE else None
    split: dict[str, int] = {}
    title = ""
    words: list[Segment] = []
    prices: list[Segment] = []
    places: list[Segment] = []
    for one in loop:
        tag = one.tag
        if tag == "PID":
            title = title or one.within(TITLE_CHARACTERS_MAX, 5)
        elif tag in WORDS:
            words.append(one)
        elif tag == "SDQ":
            split_by(one, split, unit, each)
        elif tag == "CTP":
            prices.append(one)
        elif tag == "N1" and one.peek(1) == "ST":
            places.append(one)
    if places and not split:
        split = sent_to(places, quantity)
    if split and sum(split.values()) != quantity:
        detail = f"{quantity} are ordered, stores get {sum(split.values())}"
        raise NotReadable(Fault("store-count", detail, head.at(2)))
    measured = unit in MEASURES and not counted.agreed
    note = f"Ordered by unit {unit}" if measured else ""
    if words:
        note = "\n".join(filter(None, (note, _note(words, LINE_NOTE_CHARACTERS_MAX - 40))))
    line = OrderLine(
        id=head.peek(1) or str(place),
        sku=sku,
        article=theirs,
        gtin=gtin,
        title=title,
        quantity=quantity,
        unit_price_milli=_price(head, prices, currency, each, quantity),
        note=note,
    )
    kept = {f"/{head.number}/PO1/{EACH_KEPT}": str(each)} if counted.agreed else {}
    repeated = [head] if pack is None else [head, pack]
    return _Line(line, split, repeated, kept, measured, counted.doubt)


def _price(
    head: Segment, others: Sequence[Segment], currency: str, each: int, quantity: int
) -> int | None:
    """Return what one piece costs by the line, or by the prices (CTP) that are told after it."""
    basis = head.peek(5)
    if basis in OPEN:
        return None
    if head.peek(4):
        return head.milli_each(4, currency, priced_for(head, 5, head.peek(3), each), quantity)
    for kind in AGREED:
        for one in others:
            # A price from some quantity on is none that was agreed on for this one.
            if one.peek(2) == kind and one.peek(3) and not one.peek(4):
                one.take(2)
                return one.milli_each(3, currency, each, quantity)
    return 0 if basis == FREE else None


def _for_store(line: OrderLine, units: int) -> OrderLine:
    return OrderLine(
        id=line.id,
        sku=line.sku,
        article=line.article,
        gtin=line.gtin,
        title=line.title,
        quantity=units,
        unit_price_milli=line.unit_price_milli,
        note=line.note,
    )


def change(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what a buyer changes on an order."""
    begin = _beginning(segments, "BCH")
    purpose = begin.take(1)
    told = _identity(begin, envelope, context, release=4, day=6, later=True)
    if purpose == CANCELLED:
        yield Cancellation(**told, reason="cancelled by the buyer")  # type: ignore[arg-type]
        return
    head, items = _parts(segments, "POC")
    require_count(segments, len(items), "lines")
    currency = _currency(head, context)
    where = parties(head, ("ST",)).get("ST")
    ship_to = where.address if where else None
    if not items and ship_to is None:
        raise NotReadable(Fault("says-nothing", "No line and no address is different", "/POC"))
    lines: list[tuple[AmendedLine, dict[str, int]]] = []
    for n, loop in enumerate(items, 1):
        with suppress(_Unchanged):
            lines.append(_amended(loop, n, currency, context.packs))
    stores = list(dict.fromkeys(store for _, split in lines for store in split))
    unsplit = tuple(line for line, split in lines if not split)
    if unsplit or not stores:
        # What names no store is of the order as a whole, however many parts it has.
        where_to = None if stores else ship_to
        yield Amendment(**told, lines=unsplit, ship_to=where_to, reason="changed by the buyer")  # type: ignore[arg-type]
    for store in stores:
        own = {**told, "source_id": f"{told['source_id']}/{store}"}
        bound = tuple(
            AmendedLine(
                id=line.id,
                quantity=split.get(store, 0),
                unit_price_milli=line.unit_price_milli,
                sku=line.sku,
            )
            for line, split in lines
            if split
        )
        yield Amendment(**own, lines=bound, reason="changed by the buyer")  # type: ignore[arg-type]


class _Unchanged(Exception):
    """A line is named that stays as it is."""


def _amended(
    loop: list[Segment], place: int, currency: str, packs: Packs
) -> tuple[AmendedLine, dict[str, int]]:
    head = loop[0]
    kind = head.peek(2)
    if kind == UNCHANGED:
        raise _Unchanged
    gone = kind == GONE
    unit = head.peek(5)
    names = named(head.elements, 8, OF_SELLER)
    each = 1 if gone else settled(packed(head, 5, loop, packs, names), head.at(5))
    quantity = 0 if gone else (head.units(3, each) if head.peek(3) else None)
    split: dict[str, int] = {}
    for one in loop:
        if one.tag == "SDQ":
            split_by(one, split, unit, each)
    price = None
    if head.peek(6) and not gone and head.peek(7) not in OPEN:
        per = priced_for(head, 7, unit, each)
        price = head.milli_each(6, currency, per, quantity or each)
    sku, _, _ = article(head, 8, OF_SELLER)
    line = AmendedLine(
        id=head.take(1) or str(place),
        quantity=quantity,
        unit_price_milli=price,
        sku=sku,
    )
    if not gone and quantity is None and line.unit_price_milli is None:
        raise head.wrong(2, "a change of quantity or price that is told")
    head.take(2)
    return line, split


def moment_of(segment: Segment, n: int, zone: str) -> datetime | None:
    """Return a day with the time after it, None when they are none; only what is one is read."""
    found = instant(segment.peek(n), segment.peek(n + 1), zone)
    if found is not None:
        segment.take(n)
        segment.take(n + 1)
    return found
