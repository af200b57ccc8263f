"""``orders-jsonl``: one canonical message a line."""

from crosslane.channels.adapters.port import (
    JSON,
    LINES,
    Adapter,
    Fault,
    Parsed,
    Record,
    Source,
    lines_of,
    read_line,
)
from crosslane.channels.domain.messages import (
    ORDER_KINDS,
    SUPPLY_KINDS,
    Amendment,
    Cancellation,
    Order,
    PaymentEvent,
    ReturnEvent,
    SupplyDelta,
    SupplySnapshot,
)

Line = Order | Amendment | Cancellation | PaymentEvent | ReturnEvent | SupplySnapshot | SupplyDelta


def parse(text: str, source: Source) -> Parsed:
    """Read every line for itself: one that cannot be read stops no other."""
    return Parsed(records=[_record(place, line, source) for place, line in lines_of(text)])


def _record(place: int, line: str, source: Source) -> Record:
    read = read_line(line, Line)
    if isinstance(read, Fault):
        return Record(place=place, body=line, fault=read)
    if read.channel not in ("", source.channel):
        fault = Fault("other-channel", f"It is of channel {read.channel}", "/channel")
        return Record(place=place, body=line, fault=fault)
    return Record(place=place, body=line, message=read, fault=_twice(read) or _unclear(read))


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


ORDERS_JSONL = Adapter(
    name="orders-jsonl",
    media_types=(LINES, JSON),
    brings=frozenset((*ORDER_KINDS, *SUPPLY_KINDS, "return")),
    parse=parse,
)
