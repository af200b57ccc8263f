"""``x12``: sets of ANSI ASC X12, any version: in 850, 860, 846, 856, 810, 997 and 999.

Out 855, 856, 810, 846 and 997: see ``telling``.

A record is a set (ST to SE) in its envelope. Sets are read one by one; what does not add up in an
envelope (GE, IEA) is a record of its own, told when its end is there. Sets of other kinds are
notices: kept, and applied to nothing.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from crosslane.channels.adapters.edi import complete, ignores_counts, readings
from crosslane.channels.adapters.family import Context, Family, Reading
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.interchange import Cut, Cutter
from crosslane.channels.adapters.x12.orders import change, order
from crosslane.channels.adapters.x12.plain import plain_order
from crosslane.channels.adapters.x12.received import acknowledge
from crosslane.channels.adapters.x12.replies import (
    acknowledgment,
    interchange_reply,
    invoice,
    other,
)
from crosslane.channels.adapters.x12.segments import Envelope, Segment, left_of, segments_of
from crosslane.channels.adapters.x12.supply import inventory, shipment
from crosslane.channels.adapters.x12.telling import SETTINGS, TELLS
from crosslane.channels.domain.messages import Message

MEDIA_TYPES = ("application/edi-x12", "text/plain")
Understand = Callable[[list[Segment], Envelope, Context], Iterator[Message]]
SETS: dict[str, Understand] = {
    "850": order,
    "860": change,
    "846": inventory,
    "856": shipment,
    "810": invoice,
    "997": acknowledgment,
    "999": acknowledgment,
}


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read set by set; what is read is forgotten."""
    cutter = Cutter(stream, context.encoding)
    yield from readings(
        cutter.cuts(), lambda: cutter.ahead, lambda cut: _said(cut, context), context
    )


def _said(cut: Cut, context: Context) -> tuple[Message, ...]:
    envelope = Envelope(cut, context.timezone)
    plain = plain_order(cut, envelope, context)
    return by_segments(cut, envelope, context) if plain is None else (plain,)


def by_segments(cut: Cut, envelope: Envelope, context: Context) -> tuple[Message, ...]:
    """Return what a set says, whatever it is.

    Args:
        cut: the set.
        envelope: what stands around it.
        context: where it comes from.

    Raises:
        NotReadable: it says nothing that can be understood.
    """
    if cut.body.startswith("TA1"):
        text = cut.body.rstrip(cut.way.segment).strip()
        segments = [Segment(text, 1, cut.way.element, "TA1")]
        said: tuple[Message, ...] = (interchange_reply(segments[0], envelope, context),)
    else:
        segments = segments_of(cut, counted=not ignores_counts(context))
        kind = segments[0].peek(1)
        said = tuple(SETS.get(kind, other)(segments, envelope, context))
        segments[0].take(1)
        segments[0].take(2)
    nothing = Fault("says-nothing", "The set asks for nothing", "/1/ST")
    return complete(said, left_of(segments), nothing)


X12 = Family(
    name="x12",
    media_types=MEDIA_TYPES,
    brings=frozenset(
        (
            *("order", "amendment", "cancellation", "supply_snapshot"),
            *("fulfillment", "money", "notice"),
        )
    ),
    read=read,
    acknowledge=acknowledge,
    tells=TELLS,
    settings=SETTINGS,
)
