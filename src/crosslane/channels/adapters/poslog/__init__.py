"""``poslog``: transactions of tills as ARTS/IXRetail POSLog writes them, versions 2 to 6.

A record is a ``Transaction``. Goods that went out and goods that came back are one sale, whose
prices come to what was paid; what a till took back later voids the sale; everything else a till
logs, such as sign-on, no sale, cash brought to the safe and the end of the day, is a notice.

A sale is named ``store/till/day-number``: numbers of tills begin again.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.family import Context, Family, Reading, checked_text, kept_text
from crosslane.channels.adapters.markup import Markup, Part
from crosslane.channels.adapters.poslog.cutting import Cut, Cutter
from crosslane.channels.adapters.poslog.transactions import said
from crosslane.channels.domain.messages import Message

# Lines of a transaction.
NUMBERED = ("LineItem",)
MEDIA_TYPES = ("application/xml", "text/xml")


def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
    """Read transaction by transaction; what is read is forgotten."""
    try:
        cutter = Cutter(stream, context.encoding)
        markup = Markup(cutter.head, NUMBERED)
    except NotReadable as refused:
        yield Reading(place=1, fault=refused.fault)
        return
    head = kept_text(cutter.head)
    with markup.reading() as read_one:
        for place, cut in enumerate(cutter.cuts(), 1):
            try:
                messages = _said(cut, read_one, context)
            except NotReadable as refused:
                yield Reading(place=place, head=head, body=kept_text(cut.body), fault=refused.fault)
            else:
                yield Reading(place=place, head=head, body=cut.body, messages=messages)


def _said(cut: Cut, read_one: Callable[[str], Part], context: Context) -> tuple[Message, ...]:
    if cut.fault is not None:
        raise NotReadable(cut.fault)
    transaction = read_one(cut.body)
    first, *others = said(transaction, context)
    first = msgspec.structs.replace(first, rest=transaction.rest())
    return tuple(map(checked_text, (first, *others)))


POSLOG = Family(
    name="poslog",
    media_types=MEDIA_TYPES,
    brings=frozenset(("sale", "void", "money", "notice")),
    read=read,
    counts=True,
)
