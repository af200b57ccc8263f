"""846: how much there is to sell, by article."""

from crosslane.channels.adapters.edi_telling import Told, local, own_number
from crosslane.channels.adapters.telling import Outgoing, Talk
from crosslane.channels.adapters.x12.telling.asked import (
    Asked,
    numbers_of,
)
from crosslane.channels.adapters.x12.telling.pen import Pen, day
from crosslane.channels.adapters.x12.telling.sending import place
from crosslane.channels.adapters.x12.units import PIECE
from crosslane.channels.domain.messages import SupplySnapshot

WHOLE, CHANGED = "00", "04"
SELLERS_INVENTORY, AVAILABLE = "SI", "33"
NUMBER_CHARACTERS_MAX = 30
EVERYWHERE = "*"


def inventory(message: SupplySnapshot, one: Outgoing, asked: Asked, pen: Pen, talk: Talk) -> Told:
    """Write what may be sold at a location, or everywhere together."""
    del asked
    at = local(talk, message.event_at)
    fits = pen.can_code(message.source_id, NUMBER_CHARACTERS_MAX)
    number = own_number(message.source_id, one, fits=fits)
    segments = [
        pen.segment(
            *("BIA", WHOLE if message.complete else CHANGED, SELLERS_INVENTORY, number),
            *(day(at), at.strftime("%H%M%S")),
        )
    ]
    if message.location != EVERYWHERE:
        segments.append(place("WH", message.location, pen, talk))
    for n, row in enumerate(message.rows):
        theirs = row.article or one.known.get(f"article:{row.sku}", "")
        numbers = numbers_of(
            None, sku=row.sku, gtin=row.gtin, theirs=theirs, pen=pen, pointer=f"/rows/{n}"
        )
        segments.append(pen.segment("LIN", str(n + 1), *numbers))
        segments.append(pen.segment("QTY", AVAILABLE, str(max(0, row.quantity)), PIECE))
    segments.append(pen.segment("CTT", str(len(message.rows))))
    return Told(segments)
