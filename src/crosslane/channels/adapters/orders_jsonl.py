"""``orders-jsonl``: one canonical message a line, in both directions.

What it is told are the messages as they are, some hundred in a document.
"""

from collections.abc import Sequence

import msgspec

from crosslane.channels.adapters.family import Context, Reading
from crosslane.channels.adapters.port import JSON, LINES, Fault, lines_of, read_line
from crosslane.channels.adapters.telling import (
    Conversation,
    Document,
    Outcome,
    Outgoing,
    Talk,
    Telling,
)
from crosslane.channels.adapters.texts import text_family
from crosslane.channels.domain.messages import (
    ORDER_KINDS,
    REPORT_KINDS,
    SUPPLY_KINDS,
    Amendment,
    Cancellation,
    Order,
    PaymentEvent,
    ReturnEvent,
    SupplyDelta,
    SupplySnapshot,
)
from crosslane.channels.domain.replies import REPLY_KINDS, Reply, noted
from crosslane.channels.domain.reports import Report

TOLD_AT_ONCE_MAX = 200

Line = (
    Order
    | Amendment
    | Cancellation
    | PaymentEvent
    | ReturnEvent
    | SupplySnapshot
    | SupplyDelta
    | Report
    | Reply
)


def parse(text: str, context: Context) -> list[Reading]:
    """Read every line for itself: one that cannot be read stops no other."""
    if context.media_type == JSON:
        # Between the words of JSON a line end is a blank, and inside a word there can be none.
        text = text.replace("\r", " ").replace("\n", " ")
    return [_reading(place, line, context) for place, line in lines_of(text)]


def _reading(place: int, line: str, context: Context) -> Reading:
    read = read_line(line, Line)
    if isinstance(read, Fault):
        return Reading(place=place, body=line, fault=read)
    if isinstance(read, Reply):
        read = noted(read)
    if read.channel not in ("", context.channel):
        fault = Fault("other-channel", f"It is of channel {read.channel}", "/channel")
        return Reading(place=place, body=line, fault=fault)
    return Reading(place=place, body=line, messages=(read,), fault=_twice(read) or _unclear(read))


def _twice(message: Line) -> Fault | None:
    """Refuse an order whose lines cannot be told apart."""
    if not isinstance(message, Order | Amendment):
        return None
    seen: set[str] = set()
    for place, line in enumerate(message.lines):
        name = line.id or str(place + 1)
        if name in seen:
            return Fault("line-repeated", f"Two lines are called {name}", f"/lines/{place}/id")
        seen.add(name)
    return None


def _unclear(message: Line) -> Fault | None:
    """Refuse goods of a return that nobody can tell, or that arrived nowhere."""
    if not isinstance(message, ReturnEvent):
        return None
    for place, goods in enumerate(message.lines):
        if not (goods.id or goods.sku):
            return Fault("goods-unclear", "Goods have an id or a sku", f"/lines/{place}")
    if message.step == "arrived" and not message.location:
        return Fault("location-missing", "Goods arrive at a location", "/location")
    return None


def tell_lines(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
    """Hand messages over as they are, a line each."""
    lines = [msgspec.json.encode(one.message) for one in messages]
    first, last = messages[0].number, messages[-1].number
    answer = yield Document(
        name=f"{talk.channel}-{first}-{last}.jsonl",
        media_type=LINES,
        body=b"\n".join(lines) + b"\n",
    )
    if not answer.is_good:
        return [Outcome.refused(answer)] * len(messages)
    return [Outcome()] * len(messages)


TOLD = (
    *REPLY_KINDS,
    "cancellation",
    "amendment",
    "fulfillment",
    "money",
    "return",
    "supply_snapshot",
    "price",
)
ORDERS_JSONL = text_family(
    "orders-jsonl",
    (LINES, JSON),
    frozenset((*ORDER_KINDS, *SUPPLY_KINDS, *REPORT_KINDS, "return")),
    parse,
    tells={
        kind: Telling(tell=tell_lines, at_once_max=TOLD_AT_ONCE_MAX, note="a line of a document")
        for kind in TOLD
    },
)
