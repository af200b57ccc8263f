"""Plain purchase orders, read in one pass over their elements.

What partners send by the megabyte are orders of one make: who buys and where it goes, then lines in
pieces with a price for each. They are read here without an object for each segment. Whatever is not
plain, or not as it must be, is left to :func:`crosslane.channels.adapters.x12.orders.order`, which
says the same of a plain order, and what is wrong with another.
"""

from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec

from crosslane.channels.adapters.amounts import MILLI
from crosslane.channels.adapters.edi import instant
from crosslane.channels.adapters.family import Context, version_of
from crosslane.channels.adapters.x12.interchange import BLANKS, Cut
from crosslane.channels.adapters.x12.orders import ON_ACCOUNT, ROLES
from crosslane.channels.adapters.x12.parties import CHOICES_KEPT_MAX, chosen, country_told
from crosslane.channels.adapters.x12.segments import Envelope
from crosslane.channels.adapters.x12.units import PIECES, PRICED_FOR
from crosslane.channels.domain.messages import Order
from crosslane.kernel import Invalid

# Longer sets are none of those that come by the thousand.
SEGMENTS_MAX = 2_000
ELEMENTS_MAX = 30
# An original, which orders by itself: one that is independent of others, or of new goods.
PURPOSE, KINDS = "00", ("SA", "NE")
# Segments that nobody reads on an order, wherever they stand before its end.
KEPT = frozenset(("REF", "DTM", "ITD", "TD5", "PKG", "PO4"))
# Of these, what belongs to the party before it.
OF_PARTY = "REF"
BUYER, SHIPPED_TO, BILLED_TO = "BY", "ST", "BT"
UNIT_DIGITS_MAX = 9
# What the order comes to, which has to be read as an amount (element 522).
TOTAL = "TT"
NOTHING = ["", "", ""]

Row = list[str]
Told = dict[str, Any]


class _NotPlain(Exception):
    """The set has to be read segment by segment."""


class _Party:
    """Who a segment N1 names, and what is said after it of where they are."""

    __slots__ = ("code", "lines", "name", "place")

    def __init__(self, row: Row) -> None:
        _, _, self.name, _, self.code, *_ = (*row, "", "", "")
        self.lines: list[str] = []
        self.place: Row = []


def plain_order(cut: Cut, envelope: Envelope, context: Context) -> Order | None:
    """Return what a plain order says, None when the set is none.

    Args:
        cut: the set.
        envelope: what stands around it.
        context: where it comes from.
    """
    if not context.packs.units.isdisjoint(PIECES):
        return None
    try:
        return _order(cut, envelope, context)
    except (_NotPlain, Invalid, msgspec.ValidationError):
        return None


def _order(cut: Cut, envelope: Envelope, context: Context) -> Order:
    texts, rows = _rows(cut)
    made = rows[1]
    if len(made) < 6 or made[0] != "BEG" or made[1] != PURPOSE or made[2] not in KINDS:
        raise _NotPlain
    _, _, _, number, release, day, *_ = made
    at = instant(day, "", envelope.zone)
    rest = envelope.answerable
    # A line end may end segments.
    is_text = "".join(rest.values()).replace("\n", "").isprintable()
    if at is None or not number or envelope.is_test or not is_text:
        raise _NotPlain
    rest["/2/BEG"] = texts[1]
    parties, head = _parties(rows, texts, rest)
    source_id = f"{number}-{release}" if release else number
    found = msgspec.convert(
        {
            "source_id": source_id,
            "event_at": at,
            "source_version": version_of(at),
            "channel": context.channel,
            "lines": _lines(rows, texts, head, context.currency, rest),
            "buyer": _buyer(parties),
            "ship_to": _address(parties[SHIPPED_TO]),
            "bill_to": _address(parties[BILLED_TO]) if BILLED_TO in parties else None,
            "shipping_minor": 0,
            "tenders": ON_ACCOUNT,
            "number": source_id,
            "currency": context.currency,
        },
        Order,
    )
    # Of a rest that is text only its characters count, and those were looked at.
    msgspec.structs.force_setattr(found, "rest", rest)
    return found


def _rows(cut: Cut) -> tuple[list[str], list[Row]]:
    """Return the segments of a set, and the elements of all but the last."""
    between = cut.way.element
    texts = [text for raw in cut.body.split(cut.way.segment) if (text := raw.strip(BLANKS))]
    rows = [text.split(between) for text in texts]
    begin, end = rows[0], rows.pop()
    if (
        len(begin) != 3
        or begin[1] != "850"
        or end != ["SE", str(len(texts)), begin[2]]
        or not 3 < len(texts) <= SEGMENTS_MAX
        # What can be printed has no blank but one, and is kept as it is.
        or f"{between} " in cut.body
        or f" {between}" in cut.body
        or not "".join(texts).isprintable()
    ):
        raise _NotPlain
    return texts, rows


def _parties(
    rows: list[Row], texts: list[str], rest: dict[str, str]
) -> tuple[dict[str, _Party], int]:
    """Return who the order is about, and how many segments stand before its lines."""
    found: dict[str, _Party] = {}
    party: _Party | None = None
    for n in range(2, len(rows)):
        row = rows[n]
        tag = row[0]
        if tag == "PO1":
            break
        if tag == "N1":
            role = row[1] if len(row) > 1 else ""
            party = None
            if role in ROLES:
                if role in found or role not in (BUYER, SHIPPED_TO, BILLED_TO):
                    raise _NotPlain
                found[role] = _Party(row)
                party = None if role == BUYER else found[role]
        elif tag in KEPT:
            party = party if tag == OF_PARTY else None
        elif tag != "N3" and tag != "N4":
            raise _NotPlain
        elif party is not None:
            if party.place or len(row) > 5 or (tag == "N3" and (party.lines or len(row) > 3)):
                raise _NotPlain
            if tag == "N4":
                party.place = row
            else:
                party.lines += filter(None, row[1:])
            continue
        rest[f"/{n + 1}/{tag}"] = texts[n]
    else:
        raise _NotPlain
    if SHIPPED_TO not in found:
        raise _NotPlain
    return found, n


def _lines(
    rows: list[Row], texts: list[str], n: int, currency: str, rest: dict[str, str]
) -> list[Told]:
    """Return what is ordered, from a segment on."""
    lines: list[Told] = []
    last: Told = {}
    # Lines of one order mostly name their articles alike.
    qualifiers: Row = []
    read: itemgetter | None = None
    for row in rows[n:]:
        n += 1
        tag = row[0]
        if tag == "PO1":
            if not 7 < len(row) <= ELEMENTS_MAX or len(row) % 2 or "" in row[7::2]:
                raise _NotPlain
            if read is None or row[6::2] != qualifiers:
                qualifiers = row[6::2]
                read = _reading(tuple(qualifiers))
            row.append("")
            name, units, unit, price, basis, sku, theirs, gtin = read(row)
            if not (
                units.isdecimal()
                and len(units) <= UNIT_DIGITS_MAX
                and unit in PIECES
                and price
                and PRICED_FOR.get(basis, 1) == 1
            ):
                raise _NotPlain
            last = {
                "id": name or str(len(lines) + 1),
                "sku": sku,
                "article": theirs,
                "gtin": gtin,
                "quantity": int(units),
                "unit_price_milli": MILLI[price, currency],
            }
            lines.append(last)
            rest[f"/{n}/PO1"] = texts[n - 1]
        elif tag == "PID":
            if len(row) != 6 or row[2:5] != NOTHING or "title" in last:
                raise _NotPlain
            last["title"] = row[5]
            if row[1]:
                rest[f"/{n}/PID01"] = row[1]
        elif tag in KEPT:
            rest[f"/{n}/{tag}"] = texts[n - 1]
        elif tag == "CTT" and row[1:] == [str(len(lines))]:
            _amounts(rows, n, rest)
            break
        else:
            raise _NotPlain
    return lines


@lru_cache(CHOICES_KEPT_MAX)
def _reading(qualifiers: tuple[str, ...]) -> itemgetter:
    """Return what reads a line with such numbers: its first elements and three numbers.

    A number that is missing is read from the end of the line, where nothing is said.
    """
    return itemgetter(1, 2, 3, 4, 5, *(n + 1 if n else -1 for n in chosen(qualifiers, True, 6)))


def _amounts(rows: list[Row], n: int, rest: dict[str, str]) -> None:
    """Keep the amounts after the count of lines that nobody acts upon."""
    for row in rows[n:]:
        n += 1
        if row[0] != "AMT" or len(row) != 3 or row[1] == TOTAL:
            raise _NotPlain
        rest.update((f"/{n}/AMT0{k}", row[k]) for k in (1, 2) if row[k])


def _address(party: _Party) -> Told | None:
    _, city, region, postcode, country, *_ = (*party.place, "", "", "", "", "")
    if not (party.lines or city or postcode):
        return None
    return {
        "country": country_told(country, region, postcode),
        "lines": party.lines,
        "city": city,
        "postcode": postcode,
        "region": region,
        "name": party.name or party.code,
    }


def _buyer(parties: dict[str, _Party]) -> Told | None:
    party = next(parties[one] for one in (BUYER, BILLED_TO, SHIPPED_TO) if one in parties)
    if not (party.code or party.name):
        return None
    return {"account_number": party.code[:64], "name": (party.name or party.code)[:200]}
