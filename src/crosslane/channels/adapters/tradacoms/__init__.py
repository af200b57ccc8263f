"""``tradacoms``: files of TRADACOMS (ANA, now GS1 UK), any version: in orders, in ORDHDR files.

A record is a message (MHD to MTR) in its transmission; one that orders is read with the header of
its file. Headers and trailers of orders are records only where something about them has to be
told. What does not add up in a transmission (EOB, END) is a record of its own, told when its end is
there. Messages of other kinds are notices: kept, and applied to nothing.

The rules are those of the TRADACOMS manuals: UN/GTDI for how it is written, file format 4 for
orders, and the lists of codes 2, 4, 5, 8, 16 and 24.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from crosslane.channels.adapters.edi import COUNTS, complete, ignores_counts, readings
from crosslane.channels.adapters.family import Context, Family, Reading, as_text
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.tradacoms.notices import other
from crosslane.channels.adapters.tradacoms.orders import order
from crosslane.channels.adapters.tradacoms.segments import (
    Segment,
    Transmission,
    left_of,
    segments_of,
)
from crosslane.channels.adapters.tradacoms.transmission import Cut, Cutter
from crosslane.channels.domain.messages import Message

MEDIA_TYPES = ("application/edi-consent", "text/plain")
Understand = Callable[[list[Segment], Transmission, Context], Iterator[Message]]
KINDS: dict[str, Understand] = {"ORDERS": order}


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read message by message; what is read is forgotten."""
    cutter = Cutter(stream, context.encoding)
    yield from readings(
        cutter.cuts(), lambda: as_text(cutter.ahead), lambda cut: _said(cut, context), context
    )


def _said(cut: Cut, context: Context) -> tuple[Message, ...]:
    transmission = Transmission(cut, context.timezone)
    segments = segments_of(cut.body, counted=not ignores_counts(context))
    kind = segments[0].peek(2)
    said = tuple(KINDS.get(kind, other)(segments, transmission, context))
    for begin in (*transmission.header[:1], segments[0]):
        begin.take(1)
        begin.take(2)
    left = left_of([*transmission.header, *segments])
    return complete(said, left, Fault("says-nothing", "The message asks for nothing", "/1/MHD"))


TRADACOMS = Family(
    name="tradacoms",
    media_types=MEDIA_TYPES,
    brings=frozenset(("order", "amendment", "cancellation", "notice")),
    read=read,
    settings=COUNTS,
)
