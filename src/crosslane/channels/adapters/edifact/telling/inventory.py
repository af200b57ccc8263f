"""INVRPT: how much there is to sell, by article."""

from crosslane.channels.adapters.edi_telling import Told, local, own_number
from crosslane.channels.adapters.edifact.telling.asked import (
    NUMBER_CHARACTERS_MAX,
    PIECE,
    Asked,
    numbers_of,
)
from crosslane.channels.adapters.edifact.telling.pen import Pen, minute
from crosslane.channels.adapters.edifact.telling.sending import place, require_article
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.domain.messages import SupplySnapshot

REPORT, WHOLE, CHANGED = "35", "9", "4"
LIES_THERE = "145"
EVERYWHERE = "*"
# From these directories on a line may name further numbers, and what is told of stock has a head.
NUMBERS_SINCE, HEADS_SINCE = "94A", "97A"
ACCEPTED = "1"


def inventory(message: SupplySnapshot, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write what may be sold at a location, or everywhere together."""
    del asked
    fits = pen.can_code(message.source_id, NUMBER_CHARACTERS_MAX)
    number = own_number(message.source_id, one, fits=fits)
    segments = [
        pen.segment("BGM", REPORT, number, WHOLE if message.complete else CHANGED),
        pen.segment("DTM", ("137", minute(local(talk)), "203")),
        pen.segment("DTM", ("366", minute(local(talk, message.event_at)), "203")),
    ]
    if message.location != EVERYWHERE:
        segments.append(place("WH", message.location, pen, talk))
    for n, row in enumerate(message.rows):
        theirs = row.article or one.known.get(f"article:{row.sku}", "")
        name, further = numbers_of(
            None, sku=row.sku, gtin=row.gtin, theirs=theirs, pen=pen, pointer=f"/rows/{n}"
        )
        require_article(name, further, f"/rows/{n}")
        if not pen.is_since(NUMBERS_SINCE):
            name = name or (pen.code(row.sku or theirs, NUMBER_CHARACTERS_MAX, f"/rows/{n}/sku"),)
            further = []
        segments += [
            pen.segment("LIN", str(n + 1), "", name),
            *further,
            *([pen.segment("INV", "", ACCEPTED)] if pen.is_since(HEADS_SINCE) else ()),
            pen.segment("QTY", (LIES_THERE, str(max(0, row.quantity)), PIECE)),
        ]
    return Told(segments)
