"""855: what becomes of an order, line by line."""

from collections.abc import Iterator

from crosslane.channels.adapters.edi_telling import Told, local, refused_lines
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.adapters.x12.telling.asked import (
    BY_BUYER,
    LINE_CHARACTERS_MAX,
    ORDER_CHARACTERS_MAX,
    RELEASE_CHARACTERS_MAX,
    UNASKED,
    Asked,
    AskedLine,
    numbers_of,
)
from crosslane.channels.adapters.x12.telling.pen import Pen, day
from crosslane.channels.domain.replies import OrderReply, ReplyLine

ORIGINAL, REPLACED = "00", "05"
AS_ASKED, CHANGED, REJECTED = "AD", "AC", "RD"
ACCEPTED, BACKORDERED, REFUSED, REPRICED, FEWER = "IA", "IB", "IR", "IP", "IQ"
DELIVERY = "067"
REASON_CHARACTERS_MAX = 80
OURS_CHARACTERS_MAX = 30


def reply(message: OrderReply, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write what becomes of an order; a later reply replaces the one before."""
    lines = message.lines or refused_lines(asked.order)
    number = pen.code(number_of(message.order, asked), ORDER_CHARACTERS_MAX, "/order")
    learnt = f"reply:{message.order}"
    currency = message.currency or (asked.order.currency if asked.order else "") or talk.currency
    written = [_Line(line, n, asked.line(line.id), currency) for n, line in enumerate(lines)]
    changed = message.outcome == "changed" or any(line.is_changed for line in written)
    verdict = REJECTED if message.outcome == "rejected" else CHANGED if changed else AS_ASKED
    release = pen.code(asked.begin[4], RELEASE_CHARACTERS_MAX, "/order")
    contract = pen.code(asked.begin[6], RELEASE_CHARACTERS_MAX, "/order")
    ours = pen.code(message.ours, OURS_CHARACTERS_MAX, "/ours")
    later = message.change or learnt in one.known
    segments = [
        pen.segment(
            *("BAK", REPLACED if later else ORIGINAL, verdict, number),
            *(ordered_on(asked, talk), release, "", contract, ours, day(local(talk))),
        ),
        pen.segment("CUR", "SE", currency),
        *asked.parties(pen, "BY", "ST", "BT", "SU", "VN", "SE"),
    ]
    for line in written:
        segments += line.segments(pen, asked.store, talk, message.reason)
    segments.append(pen.segment("CTT", str(len(written))))
    return Told(segments, {learnt: ours or "told"})


def number_of(order: str, asked: Asked) -> str:
    """Return the partner's number of an order, without what tells its parts."""
    return asked.begin[3].strip() or (asked.order.number if asked.order else "") or order


def ordered_on(asked: Asked, talk: Talk) -> str:
    """Return the day of an order, that of now when it is not known any more."""
    told = asked.begin[5].strip()
    if len(told) == 8 and told.isdecimal():
        return told
    return day(local(talk, asked.order.event_at if asked.order else None))


class _Line:
    """A line of a reply, and what was asked for."""

    def __init__(self, line: ReplyLine, n: int, asked: AskedLine | None, currency: str) -> None:
        self._line, self._n, self._currency = line, n, currency
        self._asked, self._known = asked or UNASKED, asked
        before = asked.line.unit_price_milli if asked and asked.line else None
        self._ours = None if line.unit_price_milli == before else line.unit_price_milli
        self._repriced = self._ours is not None and before is not None
        self.is_changed = bool(line.backordered or line.cancelled or self._repriced)

    def segments(self, pen: Pen, store: str, talk: Talk, reason: str) -> Iterator[str]:
        line, at = self._line, f"/lines/{self._n}"
        ordered = line.quantity + line.backordered + line.cancelled
        quantity, unit = self._asked.counted(ordered)
        if self._ours is not None:
            pointer = f"{at}/unit_price_milli"
            price, basis = self._asked.priced(self._ours, self._currency, ordered, pointer)
        else:
            price, basis = self._asked.price
        numbers = numbers_of(
            self._known, sku=line.sku, gtin=line.gtin, theirs=line.article, pen=pen, pointer=at
        )
        name = pen.code(line.id, LINE_CHARACTERS_MAX, f"{at}/id")
        yield pen.segment("PO1", name, quantity, unit, price, basis, *numbers)
        if not reason and line.backordered:
            reason = f"{line.backordered} of {ordered} follow"
        if self.is_changed and (words := pen.words(reason, REASON_CHARACTERS_MAX)):
            yield pen.segment("REF", "ZZ", "", words)
        if store:
            yield pen.segment("SDQ", unit, BY_BUYER, store, quantity)
        yield from self._verdicts(pen, talk)

    def _verdicts(self, pen: Pen, talk: Talk) -> Iterator[str]:
        line = self._line
        if line.quantity:
            fewer = line.backordered or line.cancelled
            kind = FEWER if fewer else REPRICED if self._repriced else ACCEPTED
            due = (DELIVERY, day(local(talk, line.due_at))) if line.due_at else ()
            yield pen.segment("ACK", kind, *self._asked.counted(line.quantity), *due)
        if line.backordered:
            yield pen.segment("ACK", BACKORDERED, *self._asked.counted(line.backordered))
        if line.cancelled or not (line.quantity or line.backordered):
            yield pen.segment("ACK", REFUSED, *self._asked.counted(line.cancelled))
