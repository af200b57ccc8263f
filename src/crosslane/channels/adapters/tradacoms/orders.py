"""What a buyer orders (ORDERS), by the header of its file (ORDHDR)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.edi import instant, milli_of_one, whole_units
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.tradacoms.segments import Segment, Transmission
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Cancellation,
    Message,
    Order,
    OrderLine,
)
from crosslane.channels.domain.packs import Packs
from crosslane.channels.domain.reports import Notice
from crosslane.customers import Address
from crosslane.kernel import Invalid, milli_price
from crosslane.orders import BuyerWish, StopWish, TenderWish

# What kind of orders a file has (list 2).
NEW, CANCELLED, CHASED = "0430", "0400", "0445"
LATER = (CANCELLED, CHASED)
OTHERS = {
    "0350": "provisional orders",
    "0355": "orders for goods on approval",
    "0420": "standing orders",
    "0435": "orders for goods that are kept after approval",
    "0460": "confirmations of quotations",
    "0465": "confirmations of quotations",
}
# It is for trade within the United Kingdom, so that addresses name no country.
COUNTRY = "GB"
ON_ACCOUNT = (TenderWish(method="on_account"),)
# Registered texts (list 24): currency, the line of an order that is cancelled, reductions.
CURRENCY, OF_LINE, REDUCTIONS = "073", "043", ("094", "095")
# Where narratives have their registered texts and their words.
NARRATIVES = {"DNA": (3, 4), "DNB": (4, 5), "DNC": (5, 6)}
# Elements of a line (OLD).
TRADED, CONSUMER, THEIRS, PACK, ORDERED, COST, PRICED, FOLLOWS, TITLE = range(2, 11)
# Where the number by GS1 stands.
OF_GS1 = ((CONSUMER, 1), (TRADED, 1), (THEIRS, 1), (TRADED, 3))
MEASURE_DECIMALS, COST_DECIMALS = 3, 4
# By weight, length, volume and area (list 4).
MEASURES = frozenset(
    (
        *("G", "GM", "GRM", "KG", "KGM", "KGS", "KILO", "LB", "LBS", "OZ", "T", "TNE"),
        *("M", "MT", "MTR", "CM", "MM", "FT", "IN", "YD"),
        *("L", "LT", "LTR", "CL", "ML", "GAL", "PT"),
        *("M2", "SQM", "M3", "CUM"),
    )
)
FREE, NOT_TO_FOLLOW = "F", "N"
NO_LATER = "What is not there is not wanted later"
PACK_MAX = 1_000_000
FILES_MAX = 1_000
TITLE_CHARACTERS_MAX = 500
NOTE_CHARACTERS_MAX = 5_000
LINE_NOTE_CHARACTERS_MAX = 1_900


def order(
    segments: list[Segment], transmission: Transmission, context: Context
) -> Iterator[Message]:
    """Say what an order says: it is for one place, and others of its file are for others."""
    header = transmission.header
    kind = _kind(header)
    loops = _loops(segments)
    _require_count(segments, len(loops))
    number, told = _identity(segments, transmission, context, later=kind in LATER)
    if kind == CANCELLED:
        yield _cancelled(told, loops)
    elif kind == CHASED:
        yield _chased(told)
    else:
        yield _ordered(segments, loops, transmission, context, told, number, kind)


def _kind(header: Sequence[Segment]) -> str:
    for one in header:
        if one.tag == "TYP":
            kind = one.needed(1)
            one.take(2)
            return kind
    raise NotReadable(Fault("field-missing", "TYP is missing", "/head/2/TYP"))


def _loops(segments: Sequence[Segment]) -> list[Sequence[Segment]]:
    """Return the segments of each line."""
    starts = [n for n, one in enumerate(segments) if one.tag == "OLD"]
    end = next((n for n, one in enumerate(segments) if one.tag == "OTR"), len(segments) - 1)
    bounds = [*starts, max(end, starts[-1] + 1)] if starts else []
    return [segments[a:b] for a, b in pairwise(bounds)]


def _require_count(segments: Sequence[Segment], found: int) -> None:
    """Refuse an order that does not have as many lines as its OTR says."""
    for one in segments:
        if one.tag == "OTR":
            count = one.take(1)
            if count and (not count.isdecimal() or int(count[:9]) != found):
                detail = f"OTR says {count[:40]} lines, there are {found}"
                raise NotReadable(Fault("line-count", detail, one.at(1)))


def _only(segments: Sequence[Segment], tag: str) -> Segment | None:
    return next((one for one in segments if one.tag == tag), None)


def _identity(
    segments: Sequence[Segment], transmission: Transmission, context: Context, *, later: bool
) -> tuple[str, dict[str, object]]:
    """Return the buyer's number, and number, version and time as every message names them.

    Buyers may use one number for all places that an order is for, so that the place belongs to it.
    They count no versions, but those of a file (FLVN). An order is as old as the day it was made
    on, so that sent again it changes nothing; what is said of it later is as old as its file.
    """
    named = _only(segments, "ORD")
    if named is None:
        raise NotReadable(Fault("field-missing", "ORD is missing", "/3/ORD"))
    number = named.needed(1)
    made = instant(named.peek(1, 3), "", transmission.zone)
    if made is not None:
        named.take(1, 3)
    sent = transmission.at or _made(transmission) or made or context.received_at
    at = made if made and not later else sent
    where = _only(segments, "CLO")
    place = _code(where) if where else ""
    return number, {
        "source_id": f"{number}/{place}" if place else number,
        "source_version": version_of(at) + _again(transmission.header),
        "event_at": at,
        "channel": context.channel,
    }


def _made(transmission: Transmission) -> datetime | None:
    one = _only(transmission.header, "FIL")
    return instant(one.peek(3), "", transmission.zone) if one else None


def _again(header: Sequence[Segment]) -> int:
    """Return how often a file was made anew before it came so."""
    one = _only(header, "FIL")
    if one is None:
        return 0
    version = one.peek(2)
    for n in (1, 2, 3):
        one.take(n)
    return min(max(int(version[:9]) - 1, 0), FILES_MAX) if version.isdecimal() else 0


def _code(one: Segment) -> str:
    """Return how the partners call a place or somebody: by GS1's number, or their own."""
    return next((text for part in (1, 2, 3) if (text := one.peek(1, part))), "")


def _chased(told: dict[str, object]) -> Notice:
    return Notice(
        **told,  # type: ignore[arg-type]
        topic="order_chaser",
        title=f"The buyer asks where its order {told['source_id']} is"[:TITLE_CHARACTERS_MAX],
    )


def _cancelled(
    told: dict[str, object], loops: Sequence[Sequence[Segment]]
) -> Cancellation | Amendment:
    """Say that an order is off; where every line names one of the order, that these are."""
    named = [_texts(loop, OF_LINE) for loop in loops]
    if not named or not all(named):
        return Cancellation(**told, reason="cancelled by the buyer")  # type: ignore[arg-type]
    return Amendment(
        **told,  # type: ignore[arg-type]
        lines=tuple(AmendedLine(id=texts[0].lstrip("0") or "0", quantity=0) for texts in named),
        reason="cancelled by the buyer",
    )


def _texts(segments: Sequence[Segment], code: str) -> list[str]:
    """Return the registered texts of a code; they are read by that."""
    found: list[str] = []
    for one in segments:
        if one.tag in NARRATIVES:
            n, _ = NARRATIVES[one.tag]
            for told, part in list(one.registered(n)):
                if told == code and one.peek(n, part):
                    one.take(n, part - 1)
                    found.append(one.take(n, part))
    return found


def _ordered(
    segments: Sequence[Segment],
    loops: Sequence[Sequence[Segment]],
    transmission: Transmission,
    context: Context,
    told: dict[str, object],
    number: str,
    kind: str,
) -> Order:
    header = transmission.header
    if not loops:
        raise NotReadable(Fault("field-missing", "No line is ordered", "/OLD"))
    starts = next(n for n, one in enumerate(segments) if one.tag == "OLD")
    head = segments[:starts]
    currency = _currency([*head, *header]) or context.currency
    lines = [_line(loop, n, currency, context.packs) for n, loop in enumerate(loops, 1)]
    buyer = _only(header, "CDT")
    where = _only(head, "CLO")
    bill_to = _address(buyer) if buyer else None
    return Order(
        **told,  # type: ignore[arg-type]
        number=number,
        lines=tuple(line.line for line in lines),
        buyer=_buyer(buyer, transmission),
        bill_to=bill_to,
        ship_to=_place(where) if where else None,
        currency=currency,
        tenders=ON_ACCOUNT,
        shipping_minor=0,
        note=_note([*header, *head], NOTE_CHARACTERS_MAX),
        stops=tuple(_stops(kind, transmission, segments, lines)),
        rest=transmission.between,
    )


def _currency(segments: Sequence[Segment]) -> str:
    return next(iter(_texts(segments, CURRENCY)), "").strip().upper()


def _buyer(one: Segment | None, transmission: Transmission) -> BuyerWish:
    """Return who buys: the customer of the file, else who has sent it."""
    code = _taken_code(one) if one else ""
    name = one.take(2) if one else ""
    known = code or transmission.sender
    return BuyerWish(account_number=known[:64], name=(name or known)[:200])


def _taken_code(one: Segment) -> str:
    for part in (1, 2, 3):
        if text := one.take(1, part):
            return text
    return ""


def _address(one: Segment) -> Address | None:
    """Return an address of CLO or CDT: up to four lines, the last the town, and a postcode."""
    lines = [text for part in (1, 2, 3, 4) if (text := one.take(3, part))]
    postcode = one.take(3, 5)
    if not (lines or postcode):
        return None
    *street, town = lines or [""]
    if not street:
        street, town = lines, ""
    return Address(
        country=COUNTRY,
        lines=tuple(street),
        city=town,
        postcode=postcode,
        name=one.peek(2) or _code(one),
    )


def _place(one: Segment) -> Address:
    """Return where goods go: the address when it is told, else the number of the place."""
    name = one.peek(2)
    found = _address(one)
    code = _taken_code(one)
    one.take(2)
    return found or Address(country=COUNTRY, lines=(), city="", name=name or code)


def _note(segments: Sequence[Segment], most: int) -> str:
    """Return what is written in words, a line for each text; what is too long is left over."""
    said: list[str] = []
    for one in segments:
        n = 4 if one.tag == "DIN" else NARRATIVES.get(one.tag, (0, 0))[1]
        if n:
            text = one.words(n, 1, most - sum(map(len, said)) - len(said))
            said += [text] if text else []
    return "\n".join(said)


def _stops(
    kind: str, transmission: Transmission, segments: Sequence[Segment], lines: Sequence["_Line"]
) -> Iterator[StopWish]:
    """Say what a person has to look at before the order goes on."""
    reasons = {
        "The transmission says it is a test": transmission.is_test,
        f"They are no new orders, but {OTHERS.get(kind, f'of kind {kind[:4]}')}": kind != NEW,
        "Goods are ordered or priced by weight, length or area: is their stock counted so?": any(
            line.measured for line in lines
        ),
        "The order names reductions, or free goods that have a price": any(
            line.is_unsure for line in lines
        )
        or _is_reduced(segments),
    }
    for reason, holds in reasons.items():
        if holds:
            yield StopWish(kind="manual", reason=reason)


def _is_reduced(segments: Sequence[Segment]) -> bool:
    return any(
        code in REDUCTIONS
        for one in segments
        if one.tag in NARRATIVES
        for code, _ in one.registered(NARRATIVES[one.tag][0])
    )


class _Line(NamedTuple):
    """A line, and what a person has to look at of it."""

    line: OrderLine
    measured: bool
    is_unsure: bool


def _line(loop: Sequence[Segment], place: int, currency: str, packs: Packs) -> _Line:
    head = loop[0]
    measured = not _is_told(head, ORDERED) and bool(head.peek(ORDERED, 2))
    numbers = head.peek(TRADED, 2), _theirs(head), *(head.peek(n, part) for n, part in OF_GS1)
    agreed = packs.pieces(head.peek(ORDERED, 3), *numbers) if measured else None
    each = agreed or 1 if measured else _pack(head)
    quantity = _measure(head, each) if measured else head.units(ORDERED, each=each)
    if quantity < 1:
        raise head.wrong(ORDERED, 2 if measured else 1, "at least one unit")
    by_measure = not measured and head.peek(COST, 2).upper() in MEASURES
    price = None if by_measure else _price(head, currency, each, quantity)
    is_free = head.peek(PRICED) == FREE
    if is_free and price in (None, 0):
        price = 0
        head.take(PRICED)
    no_later = head.take(FOLLOWS) if head.peek(FOLLOWS) == NOT_TO_FOLLOW else ""
    said = (NO_LATER if no_later else "", _note(loop, LINE_NOTE_CHARACTERS_MAX))
    gtin = _gtin(head)
    line = OrderLine(
        id=head.take(1) or str(place),
        sku=head.take(TRADED, 2),
        article=head.take(THEIRS, 2) or head.take(THEIRS),
        gtin=gtin,
        title=head.words(TITLE, 1, TITLE_CHARACTERS_MAX),
        quantity=quantity,
        unit_price_milli=price,
        note="\n".join(filter(None, said)),
    )
    return _Line(line, (measured and agreed is None) or by_measure, is_free and bool(price))


def _theirs(head: Segment) -> str:
    """Return the buyer's number of the article, without having read it."""
    return head.peek(THEIRS, 2) or head.peek(THEIRS)


def _gtin(head: Segment) -> str:
    """Return the number by GS1, that of the consumer unit first, since units are counted."""
    for n, part in OF_GS1:
        if head.peek(n, part):
            return head.take(n, part)
    return ""


def _is_told(head: Segment, n: int) -> bool:
    """Whether a number is told that is not none."""
    return bool(head.peek(n).strip("0"))


def _pack(head: Segment) -> int:
    """Return how many consumer units a traded unit has, 1 where that is not told."""
    if not _is_told(head, PACK):
        head.take(PACK)
        return 1
    found = head.units(PACK)
    if not 0 < found <= PACK_MAX:
        raise head.wrong(PACK, 1, f"from 1 to {PACK_MAX} units")
    return found


def _measure(head: Segment, each: int) -> int:
    """Return how many units of stock are ordered by weight, length or area."""
    try:
        found = whole_units(head.implied(ORDERED, 2, MEASURE_DECIMALS), each)
    except ValueError as wanted:
        raise head.wrong(ORDERED, 2, str(wanted)) from None
    head.take(ORDERED)
    return found


def _price(head: Segment, currency: str, per: int, quantity: int) -> int | None:
    """Return what a unit costs in 1/1000 minor units: what is told is for the traded unit."""
    told = head.implied(COST, 1, COST_DECIMALS)
    if not told:
        return None
    try:
        milli = milli_price(told, currency)
    except Invalid:
        raise head.wrong(COST, 1, f"a price in {currency}") from None
    if milli < 0:
        raise head.wrong(COST, 1, "at least nothing")
    each = milli_of_one(milli, per, quantity)
    if each is None:
        raise head.wrong(COST, 1, f"a price of which a unit is a {per}th part")
    return each
