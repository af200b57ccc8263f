"""ORDRSP: what becomes of an order, line by line."""

from collections.abc import Iterator

from crosslane.channels.adapters.edi_telling import Told, local, refused_lines
from crosslane.channels.adapters.edifact.telling.asked import (
    NUMBER_CHARACTERS_MAX,
    UNASKED,
    Asked,
    AskedLine,
    Names,
    numbers_of,
)
from crosslane.channels.adapters.edifact.telling.pen import Pen, day, minute
from crosslane.channels.adapters.edifact.telling.sending import order_number, reason
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.domain.replies import OrderReply, ReplyLine

RESPONSE = "231"
ORIGINAL, REPLACED = "9", "5"
# Element 4343 of the whole, 1229 of a line.
AS_ASKED, CHANGED, REJECTED = "AD", "AC", "RE"
LINE_AS_ASKED, LINE_CHANGED, LINE_REJECTED = "5", "6", "7"
ORDERED, CONFIRMED, BACKORDERED = "21", "113", "83"
ORDERED_ON, DELIVERY = "4", "67"
OF_ORDERS = "9"


def reply(message: OrderReply, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write what becomes of an order; a later reply replaces the one before."""
    lines = message.lines or refused_lines(asked.order)
    number = order_number(message.order, asked, pen)
    learnt = f"reply:{message.order}"
    currency = message.currency or (asked.order.currency if asked.order else "") or talk.currency
    written = [_Line(line, n, asked.line(line.id), currency) for n, line in enumerate(lines)]
    changed = message.outcome == "changed" or any(line.is_changed for line in written)
    verdict = REJECTED if message.outcome == "rejected" else CHANGED if changed else AS_ASKED
    ours = pen.code(message.ours, NUMBER_CHARACTERS_MAX, "/ours")
    later = message.change or learnt in one.known
    segments = [
        pen.segment("BGM", RESPONSE, ours or number, REPLACED if later else ORIGINAL, verdict),
        pen.segment("DTM", ("137", minute(local(talk)), "203")),
        *(reason(message.reason, pen) if verdict != AS_ASKED else ()),
        *ordered(number, asked, pen, talk),
        *([pen.segment("RFF", ("VN", ours))] if ours else ()),
        *asked.parties(pen, "BY", "DP", "IV", "SU", "SE").values(),
        pen.segment("CUX", ("2", currency, OF_ORDERS)),
    ]
    names = Names([line.id for line in lines])
    for line in written:
        segments += line.segments(names, pen, talk)
    segments += [pen.segment("UNS", "S"), pen.segment("CNT", ("2", str(len(written))))]
    return Told(segments, {learnt: ours or "told"})


def ordered(number: str, asked: Asked, pen: Pen, talk: Talk) -> Iterator[str]:
    """Yield which order it is, and of which day."""
    yield pen.segment("RFF", ("ON", number))
    if asked.order is not None:
        yield pen.segment("DTM", (ORDERED_ON, day(local(talk, asked.order.event_at)), "102"))


class _Line:
    """A line of a reply, and what was asked for."""

    def __init__(self, line: ReplyLine, n: int, asked: AskedLine | None, currency: str) -> None:
        self._line, self._n, self._currency = line, n, currency
        self._asked, self._known = asked or UNASKED, asked
        before = asked.line.unit_price_milli if asked and asked.line else None
        self._ours = None if line.unit_price_milli == before else line.unit_price_milli
        repriced = self._ours is not None and before is not None
        self.is_changed = bool(line.backordered or line.cancelled or repriced)

    def segments(self, names: Names, pen: Pen, talk: Talk) -> Iterator[str]:
        line, at = self._line, f"/lines/{self._n}"
        whole = line.quantity + line.backordered + line.cancelled
        name, further = numbers_of(
            self._known, sku=line.sku, gtin=line.gtin, theirs=line.article, pen=pen, pointer=at
        )
        yield pen.segment("LIN", names.number(self._n), self._verdict(), name)
        yield from further
        yield self._quantity(ORDERED, whole, pen)
        yield self._quantity(CONFIRMED, line.quantity, pen)
        if line.backordered:
            yield self._quantity(BACKORDERED, line.backordered, pen)
        if line.due_at and (line.quantity or line.backordered):
            yield pen.segment("DTM", (DELIVERY, day(local(talk, line.due_at)), "102"))
        if line.backordered or line.cancelled:
            yield from reason(self._words(whole), pen)
        if price := self._price(whole, pen, f"{at}/unit_price_milli"):
            yield pen.segment("PRI", price)
        yield from names.reference(self._n, pen, at)

    def _verdict(self) -> str:
        if not (self._line.quantity or self._line.backordered):
            return LINE_REJECTED
        return LINE_CHANGED if self.is_changed else LINE_AS_ASKED

    def _words(self, whole: int) -> str:
        line = self._line
        follow = f"{line.backordered} of {whole} follow" if line.backordered else ""
        gone = f"{line.cancelled} of {whole} will not be sent" if line.cancelled else ""
        return ", ".join(filter(None, (follow, gone)))

    def _quantity(self, kind: str, pieces: int, pen: Pen) -> str:
        return pen.segment("QTY", (kind, *self._asked.counted(pieces, pen)))

    def _price(self, whole: int, pen: Pen, pointer: str) -> tuple[str, ...]:
        if self._ours is not None:
            return self._asked.priced(self._ours, self._currency, whole, pen, pointer)
        return self._asked.price(pen, is_counted_otherwise=self._asked.each > 1)
