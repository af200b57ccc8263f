"""``x12``: sets of ANSI ASC X12, any version: in 850, 860, 846, 856, 810, 997 and 999.

Out 855, 856, 810, 846 and 997: see ``telling``.

A record is a set (ST to SE) in its envelope. Sets are read one by one; what does not add up in an
envelope (GE, IEA) is a record of its own, told when its end is there. Sets of other kinds are
notices: kept, and applied to nothing.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.family import Context, Family, Reading, as_text, checked_text
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.x12.interchange import Cut, Cutter
from crosslane.channels.adapters.x12.orders import change, order
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
    cuts = cutter.cuts()
    place = 0
    while True:
        place += 1
        try:
            cut = next(cuts, None)
        except NotReadable as refused:
            # What follows whole interchanges; of a body that is none all is kept anyway.
            body = as_text(cutter.ahead.encode("utf-8", "replace")) if place > 1 else ""
            yield Reading(place=place, body=body, fault=refused.fault)
            return
        if cut is None:
            return
        try:
            messages = _said(cut, context)
        except NotReadable as refused:
            messages, fault = (), refused.fault
        else:
            fault = None
        yield Reading(
            place=place,
            body=as_text(cut.body.encode("utf-8", "replace")),
            head=cut.head,
            tail=cut.tail,
            messages=messages,
            fault=fault,
        )


def _said(cut: Cut, context: Context) -> tuple[Message, ...]:
    if cut.fault is not None:
        raise NotReadable(cut.fault)
    envelope = Envelope(cut, context.timezone)
    if cut.body.startswith("TA1"):
        text = cut.body.rstrip(cut.way.segment).strip()
        segments = [Segment(text, 1, cut.way.element, "TA1")]
        said: tuple[Message, ...] = (interchange_reply(segments[0], envelope, context),)
    else:
        segments = segments_of(cut)
        kind = segments[0].peek(1)
        said = tuple(SETS.get(kind, other)(segments, envelope, context))
        segments[0].take(1)
        segments[0].take(2)
    if not said:
        raise NotReadable(Fault("says-nothing", "The set asks for nothing", "/1/ST"))
    first, *others = said
    first = msgspec.structs.replace(first, rest=first.rest | left_of(segments))
    return tuple(map(checked_text, (first, *others)))


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
