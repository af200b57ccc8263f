"""What a buyer orders (ORDERS) and what is different on it (ORDCHG)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.counting import EACH_KEPT
from crosslane.channels.adapters.edi import OWN
from crosslane.channels.adapters.edifact.loops import (
    PACKED,
    Counting,
    beginning,
    lines_of,
    referred,
    said_at,
    title_of,
)
from crosslane.channels.adapters.edifact.parties import OF_SELLER, Party, article, parties
from crosslane.channels.adapters.edifact.segments import Envelope, Segment, require_count
from crosslane.channels.adapters.edifact.units import MEASURES
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.firm import stops_for, why_not_firm
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.prices import At, even_price_milli
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

# What a message is to an earlier one (element 1225).
CANCELLED, REPLACED, CHANGED = "1", "5", "4"
READ_PURPOSES = frozenset(("", "1", "4", "5", "7", "9", "31"))
ROLES = ("DP", "BY", "IV", "UC", "ST", "OB")
TO = ("DP", "ST", "UC")
ON_ACCOUNT = (TenderWish(method="on_account"),)
ORDERED, SPLIT = ("21", "1"), "11"
PRICES = ("AAA", "NTP", "INV", "CAL", "CON", "AAB")
# Prices in which all reductions and charges of the line are.
NET_PRICES = ("AAA", "NTP")
TOTALS = ("86", "128")
LINE_AMOUNT = "203"
# What becomes of a line (element 1229).
GONE, UNCHANGED = "2", ("4", "5")
SUB_LINE = "1"
# Prepaid by the seller and charged to the buyer (element 4215).
ADDED = "PC"
DELIVERED_TO = "7"
NOTE_CHARACTERS_MAX = 5_000
LINE_NOTE_CHARACTERS_MAX = 1_900


def order(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what an order says; one for several stores is an order for each of them."""
    yield from _ordered(segments, envelope, context, later=False)


def change(segments: list[Segment], envelope: Envelope, context: Context) -> Iterator[Message]:
    """Say what a buyer changes on an order; one that replaces it is the order as it is now."""
    if beginning(segments).peek(3) in (REPLACED, CANCELLED):
        yield from _ordered(segments, envelope, context, later=True)
        return
    begin = beginning(segments)
    head, items = lines_of(segments)
    told = _identity(segments, head, envelope, context, later=True)
    begin.take(3)
    require_count(segments, len(items))
    currency = _currency(head, context)
    where = _delivered(parties(head, TO))
    if not items and (where is None or where.address is None):
        raise NotReadable(Fault("says-nothing", "No line and no address is different", "/LIN"))
    lines: list[tuple[AmendedLine, dict[str, int]]] = []
    for n, loop in enumerate(items, 1):
        if loop[0].peek(2) not in UNCHANGED and loop[0].peek(4) != SUB_LINE:
            lines.append(_amended(loop, n, currency, context.packs))
    stores = list(dict.fromkeys(store for _, split in lines for store in split))
    unsplit = tuple(line for line, split in lines if not split)
    if unsplit or not stores:
        # What names no store is of the order as a whole, however many parts it has.
        yield Amendment(
            **told,  # type: ignore[arg-type]
            lines=unsplit,
            ship_to=where.address if where and not stores else None,
            reason="changed by the buyer",
        )
    for store in stores:
        yield Amendment(
            **_of_store(told, store),  # type: ignore[arg-type]
            lines=tuple(
                AmendedLine(
                    id=line.id,
                    quantity=split.get(store, 0) if line.quantity else line.quantity,
                    unit_price_milli=line.unit_price_milli,
                    sku=line.sku,
                )
                for line, split in lines
                if split
            ),
            reason="changed by the buyer",
        )


class _Line(NamedTuple):
    """A line as it was understood.

    Args:
        line: what is ordered.
        split: how many of it each store gets, when it says so.
        repeated: segments an answer repeats; likewise what else it has to know.
        measured: whether it is ordered by measure, and nobody says how that is counted.
        is_net: whether all reductions are in its price.
        doubt: why it may be counted otherwise than is meant, "" when it is not.
    """

    line: OrderLine
    split: dict[str, int]
    repeated: list[Segment]
    kept: dict[str, str]
    measured: bool
    is_net: bool
    doubt: str


def _ordered(
    segments: list[Segment], envelope: Envelope, context: Context, *, later: bool
) -> Iterator[Message]:
    begin = beginning(segments)
    head, items = lines_of(segments)
    purpose = begin.peek(3)
    later = later or purpose in (REPLACED, CHANGED)
    told = _identity(segments, head, envelope, context, later=later)
    if purpose == CANCELLED:
        begin.take(3)
        yield Cancellation(**told, reason="cancelled by the buyer")  # type: ignore[arg-type]
        return
    require_count(segments, len(items))
    currency = _currency(head, context)
    known = parties(head, ROLES)
    where = _delivered(known)
    _require_one_store(head)
    made_of = [loop for loop in items if loop[0].peek(4) == SUB_LINE]
    lines = [
        _line(loop, n, currency, context.packs)
        for n, loop in enumerate(items, 1)
        if loop[0].peek(4) != SUB_LINE
    ]
    if not lines:
        raise NotReadable(Fault("field-missing", "No line is ordered", "/LIN"))
    shared = _shared(segments, head, known, currency, lines)
    shared["number"] = told["source_id"]
    shared["stops"] = stops_for(_doubts(begin, head, segments, envelope, lines, bool(made_of)))
    repeated = [begin, *(one for one in head if one.tag == "NAD")]
    usual = (where.code if where else "") or OWN
    # Who buys gets the goods where nobody else is named.
    buyer = known.get("BY")
    to = where.address if where else buyer.address if buyer else None
    stores = list(dict.fromkeys(store for line in lines for store in line.split or {usual: 0}))
    alone = stores == [usual]
    for store in stores:
        bound = [line for line in lines if store in (line.split or {usual: 0})]
        whole = [*repeated, *(one for line in bound for one in line.repeated)]
        kept = {"/UNH": segments[0].without(1)}
        kept |= {f"/{one.number}/{one.tag}": one.text for one in whole}
        kept |= {place: told for line in bound for place, told in line.kept.items()}
        yield Order(
            **(told if alone else _of_store(told, store)),  # type: ignore[arg-type]
            **shared,  # type: ignore[arg-type]
            part_of="" if alone else str(told["source_id"]),
            parts=None if alone else len(stores),
            lines=tuple(_for_store(line, store) for line in bound),
            ship_to=to if store == usual else _store(segments, store, to),
            rest=envelope.answerable | kept,
        )
    for one in (*repeated, *(one for line in lines for one in line.repeated)):
        one.stay()


def _identity(
    segments: Sequence[Segment],
    head: Sequence[Segment],
    envelope: Envelope,
    context: Context,
    *,
    later: bool,
) -> dict[str, object]:
    """Return number, version and time as every message names them.

    Buyers count no versions. An order is as old as the day it was made on, so that sent again it
    changes nothing; what is said of it later is as old as its interchange. A change has a number
    of its own and names the order's by RFF.
    """
    begin = beginning(segments)
    number = begin.needed(2)
    if segments[0].peek(2) == "ORDCHG":
        number = referred(head, "ON")[0] or number
    made = said_at(head, ("137", "4"), envelope)
    sent = envelope.at or made or context.received_at
    at = made if made and not later else sent
    return {
        "source_id": number,
        "source_version": version_of(at),
        "event_at": at,
        "channel": context.channel,
    }


def _of_store(told: dict[str, object], store: str) -> dict[str, object]:
    return {**told, "source_id": f"{told['source_id']}/{store}"}


def _currency(head: Sequence[Segment], context: Context) -> str:
    for one in head:
        if one.tag == "CUX" and one.peek(1) == "2" and one.peek(1, 2):
            one.take(1)
            return one.take(1, 2)
    return context.currency


def _delivered(known: dict[str, Party]) -> Party | None:
    return next((known[role] for role in TO if role in known), None)


def _require_one_store(head: Sequence[Segment]) -> None:
    """Refuse an order for several places that does not say what goes where."""
    told = [one for one in head if one.tag == "NAD" and one.peek(1) == "DP"]
    if len({one.peek(2) for one in told}) > 1:
        detail = "Several places are named, and not what goes to which"
        raise NotReadable(Fault("store-count", detail, told[1].at(1)))


def _shared(
    segments: Sequence[Segment],
    head: Sequence[Segment],
    known: dict[str, Party],
    currency: str,
    lines: Sequence[_Line],
) -> dict[str, object]:
    """Return what is the same in the orders of all stores."""
    buyer = next((known[role] for role in ("BY", "OB", "IV", "DP") if role in known), None)
    split = any(line.split for line in lines)
    return {
        "buyer": _buyer(buyer),
        "bill_to": known["IV"].address if "IV" in known else None,
        "currency": currency,
        "tenders": ON_ACCOUNT,
        "shipping_minor": None
        if any(one.tag == "TOD" and one.peek(2) == ADDED for one in head)
        else 0,
        "total_minor": None if split else _total(segments, currency),
        "note": _note(head, NOTE_CHARACTERS_MAX),
    }


def _doubts(
    begin: Segment,
    head: Sequence[Segment],
    segments: Sequence[Segment],
    envelope: Envelope,
    lines: Sequence[_Line],
    has_parts: bool,
) -> Iterator[str]:
    """Say what a person has to look at before the order goes on."""
    not_firm = why_not_firm(begin.peek(1))
    reasons = {
        "The interchange says it is a test": envelope.is_test,
        not_firm: bool(not_firm),
        f"It says it is of purpose {begin.peek(3)[:3]}": begin.peek(3) not in READ_PURPOSES,
        "The order says what some of its lines are made of": has_parts,
        "The order names allowances or charges that are not in its prices": _is_charged(
            head, segments, lines
        ),
        "Goods are ordered by length, weight or area: is their stock counted so?": any(
            line.measured for line in lines
        ),
    }
    yield from (reason for reason, holds in reasons.items() if holds)
    yield from (f"Line {one.line.id}: {one.doubt}" for one in lines if one.doubt)


def _is_charged(
    head: Sequence[Segment], segments: Sequence[Segment], lines: Sequence[_Line]
) -> bool:
    charges = [one.number for one in segments if one.tag == "ALC" and one.peek(1) in ("A", "C")]
    at_head = any(one.number in charges for one in head)
    return at_head or (bool(charges) and not all(line.is_net for line in lines))


def _total(segments: Sequence[Segment], currency: str) -> int | None:
    closed = next((n for n, one in enumerate(segments) if one.tag == "UNS"), len(segments))
    for kind in TOTALS:
        for one in segments[closed:]:
            if one.tag == "MOA" and one.peek(1) == kind:
                one.take(1)
                return one.minor(1, 2, one.take(1, 3) or currency)
    return None


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
    """Return what is written in words, a line for each text; what is too long is left over."""
    said: list[str] = []
    for one in segments:
        if one.tag == "FTX":
            text = one.words(4, 1, most - sum(map(len, said)) - len(said))
            said += [text] if text else []
    return "\n".join(said)


def _line(loop: Sequence[Segment], place: int, currency: str, packs: Packs) -> _Line:
    head = loop[0]
    numbers = article(loop, OF_SELLER)
    ordered = _ordered_in(loop)
    if ordered is None:
        detail = "How many are ordered is not told"
        raise NotReadable(Fault("field-missing", detail, f"/{head.number}/QTY"))
    unit = ordered.peek(1, 3)
    counting = Counting(loop, packs, numbers)
    each = counting.each(ordered, 1, 3)
    quantity = counting.pieces(ordered)
    if quantity < 1:
        raise ordered.wrong(1, 2, "at least one unit")
    repeated = [head, ordered, *(one for one in loop if one.tag in ("PIA", "PRI"))]
    repeated += [one for one in loop if one.tag == "QTY" and one.peek(1) in PACKED]
    split = _split(counting, quantity, ordered)
    kind, price = _price(counting, currency, ordered, quantity)
    measured = unit in MEASURES and not each.agreed
    kept = {f"/{ordered.number}/QTY/{EACH_KEPT}": str(each.pieces)} if each.agreed else {}
    title = title_of(loop)
    said = (f"Ordered by unit {unit}" if measured else "", _note(loop, LINE_NOTE_CHARACTERS_MAX))
    line = OrderLine(
        id=head.peek(1) or str(place),
        sku=numbers.sku,
        article=numbers.theirs,
        gtin=numbers.gtin,
        title=title,
        quantity=quantity,
        unit_price_milli=price,
        note="\n".join(filter(None, said)),
    )
    is_net = kind in NET_PRICES
    return _Line(line, split, repeated, kept, measured, is_net, each.doubt)


def _ordered_in(loop: Sequence[Segment]) -> Segment | None:
    """Return the segment that says how many are ordered, before any place is named."""
    for kind in ORDERED:
        for one in loop:
            if one.tag == "LOC":
                break
            if one.tag == "QTY" and one.peek(1) == kind:
                return one
    return None


def _split(counting: Counting, quantity: int, ordered: Segment) -> dict[str, int]:
    """Return how many pieces each store gets: by LOC and QTY, or all of them by LOC or NAD."""
    loop = counting.loop
    found: dict[str, int] = {}
    places: list[str] = []
    for one in loop:
        if one.tag == "LOC" and one.peek(1) == DELIVERED_TO:
            one.take(1)
            one.take(2, 3)
            places.append(one.needed(2))
        elif one.tag == "LOC":
            places = []
        elif one.tag == "QTY" and places and one.peek(1) in (SPLIT, *ORDERED):
            found[places[-1]] = found.get(places[-1], 0) + counting.pieces(one)
            one.take(1)
            one.take(1, 3)
    if not found:
        told = [one for one in loop if one.tag == "NAD" and one.peek(1) == "DP"]
        places += [party.code or party.name for party in parties(told, ("DP",)).values()]
        if len(set(places)) > 1 or len(told) > 1:
            detail = "Several places are named, and not how many go to which"
            raise NotReadable(Fault("store-count", detail, ordered.at(1, 2)))
        found = dict.fromkeys(places, quantity)
    if found and sum(found.values()) != quantity:
        detail = f"{quantity} are ordered, stores get {sum(found.values())}"
        raise NotReadable(Fault("store-count", detail, ordered.at(1, 2)))
    return found


def _price(
    counting: Counting, currency: str, ordered: Segment | None, quantity: int
) -> tuple[str, int | None]:
    """Return of which kind the price is that is agreed on, and what one piece costs by it.

    Args:
        counting: in what the line is counted.
        currency: ISO 4217.
        ordered: how many are ordered, None when that is not told.
        quantity: as pieces.
    """
    loop, unit = counting.loop, ordered.peek(1, 3) if ordered else ""
    told = {one.peek(1): one for one in reversed(loop) if one.tag == "PRI" and one.peek(1, 2)}
    for kind in PRICES:
        if kind in told:
            one = told[kind]
            basis = one.units(1, 5) if one.peek(1, 5) else 1
            if basis < 1:
                raise one.wrong(1, 5, "at least one unit")
            # A price that names no unit is for the one that was ordered.
            if one.peek(1, 6) in MEASURES and one.peek(1, 6) != unit and quantity:
                return kind, _shared_price(one, loop, currency, quantity)
            each = 1
            if one.peek(1, 6):
                each = counting.each(one, 1, 6).pieces
            elif ordered:
                each = counting.each(ordered, 1, 3).pieces
            return kind, one.milli_each(1, 2, currency, basis * each, quantity)
    return "", None


def _shared_price(one: Segment, loop: Sequence[Segment], currency: str, quantity: int) -> int:
    """Return what a piece costs of what is priced by weight: its share of what the line costs."""
    whole = next((two for two in loop if two.tag == "MOA" and two.peek(1) == LINE_AMOUNT), None)
    if whole is None:
        raise one.wrong(1, 6, "the unit that is ordered")
    minor = whole.minor(1, 2, currency)
    whole.take(1)
    return even_price_milli(minor, quantity, At(f"/{one.number}/PRI"))


def _for_store(line: _Line, store: str) -> OrderLine:
    told = line.line
    return OrderLine(
        id=told.id,
        sku=told.sku,
        article=told.article,
        gtin=told.gtin,
        title=told.title,
        quantity=line.split.get(store, told.quantity),
        unit_price_milli=told.unit_price_milli,
        note=told.note,
    )


def _store(segments: Sequence[Segment], store: str, otherwise: Address | None) -> Address:
    """Return where goods of a store go: its address when the message names it, else its number."""
    for n, one in enumerate(segments):
        if one.tag == "NAD" and one.peek(2) == store:
            (party,) = parties(segments[n:], (one.peek(1),)).values()
            if party.address is not None:
                return party.address
    return Address(country=otherwise.country if otherwise else "", lines=(), city="", name=store)


def _amended(
    loop: Sequence[Segment], place: int, currency: str, packs: Packs
) -> tuple[AmendedLine, dict[str, int]]:
    head = loop[0]
    kind = head.peek(2)
    gone = kind == GONE
    ordered = _ordered_in(loop)
    numbers = article(loop, OF_SELLER)
    counting = Counting(loop, packs, numbers)
    quantity, split = (0 if gone else None), dict[str, int]()
    price = None
    if ordered is not None and not gone:
        quantity = counting.sure(ordered)
        split = _split(counting, quantity, ordered)
    if not gone:
        _, price = _price(counting, currency, ordered, quantity or 1)
    if ordered is not None and not gone:
        for part in (1, 3):
            ordered.take(1, part)
    if not gone and quantity is None and price is None:
        raise head.wrong(2, 1, "a change of quantity or price that is told")
    line = AmendedLine(
        id=head.take(1) or str(place),
        quantity=quantity,
        unit_price_milli=price,
        sku=numbers.sku,
    )
    head.take(2)
    return line, split
