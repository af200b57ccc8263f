"""``edifact``: messages of UN/EDIFACT, any directory: in ORDERS, ORDCHG, INVRPT, DESADV, CONTRL.

Out ORDRSP, DESADV, INVOIC, INVRPT and CONTRL: see ``telling``.

A record is a message (UNH to UNT) in its envelope, or an object (UNO to UNP). They are read one by
one; what does not add up in an envelope (UNE, UNZ) is a record of its own, told when its end is
there. Messages of other kinds are notices: kept, and applied to nothing.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from crosslane.channels.adapters.edi import complete, ignores_counts, readings
from crosslane.channels.adapters.edifact.interchange import Cut, Cutter
from crosslane.channels.adapters.edifact.orders import change, order
from crosslane.channels.adapters.edifact.received import acknowledge
from crosslane.channels.adapters.edifact.replies import other, reply
from crosslane.channels.adapters.edifact.segments import Envelope, Segment, left_of, segments_of
from crosslane.channels.adapters.edifact.supply import inventory, shipment
from crosslane.channels.adapters.edifact.telling import SETTINGS, TELLS
from crosslane.channels.adapters.family import Context, Family, Reading, as_text
from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import Message

MEDIA_TYPES = ("application/edifact", "text/plain")
Understand = Callable[[list[Segment], Envelope, Context], Iterator[Message]]
KINDS: dict[str, Understand] = {
    "ORDERS": order,
    "ORDCHG": change,
    "INVRPT": inventory,
    "DESADV": shipment,
    "CONTRL": reply,
}


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read message by message; what is read is forgotten."""
    cutter = Cutter(stream, context.encoding)
    yield from readings(
        cutter.cuts(), lambda: as_text(cutter.ahead), lambda cut: _said(cut, context), context
    )


def _said(cut: Cut, context: Context) -> tuple[Message, ...]:
    envelope = Envelope(cut, context.timezone)
    if cut.body[:3].upper() == "UNO":
        # An object may hold any marks, so that nothing of it is looked for.
        opening = Segment(cut.body, 1, cut.way, "UNO")
        segments = [Segment(cut.body.partition(cut.way.segment)[0], 1, cut.way, "UNO")]
        said = tuple(other(segments, envelope, context))
        segments = [opening]
    else:
        segments = segments_of(cut, counted=not ignores_counts(context))
        kind = segments[0].peek(2).upper()
        said = tuple(KINDS.get(kind, other)(segments, envelope, context))
        segments[0].take(1)
        segments[0].take(2)
    nothing = Fault("says-nothing", "The message asks for nothing", "/1/UNH")
    return complete(said, left_of(segments), nothing)


EDIFACT = Family(
    name="edifact",
    media_types=MEDIA_TYPES,
    brings=frozenset(
        ("order", "amendment", "cancellation", "supply_snapshot", "fulfillment", "notice")
    ),
    read=read,
    acknowledge=acknowledge,
    tells=TELLS,
    settings=SETTINGS,
)
