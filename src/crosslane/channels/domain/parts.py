"""Orders that came in parts, one for each place: which part is meant by what names the whole; pure.

What ends an order ends all its parts. Goods are of the part that has them, by the name of the line
or by article, or by the place that is named. Where that is several, or none, nobody can say what is
meant, and a person has to.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from crosslane.channels.adapters.port import Fault
from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Message,
    ReturnedGoods,
    ReturnEvent,
)
from crosslane.channels.domain.reports import FulfillmentEvent, MoneyEvent, MovedGoods

SEVERAL = "of-several-parts"
PART_MISSING = "part-missing"
LINE_MISSING = "line-missing"

Goods = MovedGoods | ReturnedGoods


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One of the orders that an order came as.

    Args:
        number: the channel's number of it.
        lines: what the channel calls its lines, with the SKU of each.
    """

    number: str
    lines: Mapping[str, str]

    def has(self, line: AmendedLine | Goods) -> bool:
        """Whether it has what a line names: by its name, else by its article."""
        if line.id:
            return line.id in self.lines
        sku = line.sku.lower()
        return bool(sku) and any(sku == one.lower() for one in self.lines.values())


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a message that names the whole says of one part.

    Args:
        part: number of the part.
        message: the same, of that part alone.
        places: of its lines, by which places they stood in the message.
    """

    part: str
    message: Message
    places: tuple[int, ...] = ()


def shares(message: Message, whole: str, parts: Sequence[Part]) -> list[Share] | Fault:
    """Return what a message says of each part, or why nobody can tell.

    Args:
        message: names the whole.
        whole: number of that.
        parts: all parts, as far as they are there.
    """
    if isinstance(message, Amendment):
        return _amended(message, parts)
    if isinstance(message, FulfillmentEvent | ReturnEvent):
        return _moved(message, whole, parts)
    name = "order" if isinstance(message, MoneyEvent) else "source_id"
    return [
        Share(part=part.number, message=msgspec.structs.replace(message, **{name: part.number}))
        for part in parts
    ]


def _amended(message: Amendment, parts: Sequence[Part]) -> list[Share] | Fault:
    if message.ship_to is not None:
        return _unclear("It goes to several places, and one address is told", "/ship_to")
    theirs: dict[str, list[int]] = {part.number: [] for part in parts}
    for place, line in enumerate(message.lines):
        having = [part.number for part in parts if part.has(line)]
        at = f"/lines/{place}"
        if not having and line.sku and line.quantity != 0:
            return _unclear(f"Nobody says to which place the new line {line.id} goes", f"{at}/id")
        if not having:
            return Fault(LINE_MISSING, f"No part of the order has a line {line.id} yet", f"{at}/id")
        if len(having) > 1 and line.quantity:
            detail = f"Line {line.id} is in {_called(having)}; how much each gets is not said"
            return _unclear(detail, f"{at}/quantity")
        for number in having:
            theirs[number].append(place)
    every = not message.lines
    return list(_shared(message, {n: at for n, at in theirs.items() if at or every}, "source_id"))


def _moved(
    message: FulfillmentEvent | ReturnEvent, whole: str, parts: Sequence[Part]
) -> list[Share] | Fault:
    to = message.to if isinstance(message, FulfillmentEvent) else ""
    named = [part for part in parts if to and part.number == f"{whole}/{to}"]
    if not message.lines and not named:
        detail = f"It names no goods, and is of one of {_called([one.number for one in parts])}"
        return _unclear(detail, "/order")
    theirs: dict[str, list[int]] = {part.number: [] for part in named}
    for place, line in enumerate(message.lines):
        having = [part.number for part in named or parts if part.has(line)]
        called = line.id or line.sku or place + 1
        if not having:
            detail = f"No part of the order has a line {called} yet"
            return Fault(LINE_MISSING, detail, f"/lines/{place}/id")
        if len(having) > 1:
            detail = f"Line {called} is in {_called(having)}; of which it is is not said"
            return _unclear(detail, f"/lines/{place}/id")
        theirs.setdefault(having[0], []).append(place)
    if isinstance(message, ReturnEvent) and message.refunded_minor is not None and len(theirs) > 1:
        return _unclear("One sum is given for goods of several parts", "/refunded_minor")
    return list(_shared(message, theirs, "order"))


def _shared(
    message: Amendment | FulfillmentEvent | ReturnEvent,
    theirs: Mapping[str, Sequence[int]],
    name: str,
) -> Iterator[Share]:
    for number, places in sorted(theirs.items()):
        told = {name: number, "lines": tuple(message.lines[place] for place in places)}
        yield Share(
            part=number, message=msgspec.structs.replace(message, **told), places=tuple(places)
        )


def _unclear(detail: str, pointer: str) -> Fault:
    return Fault(SEVERAL, detail, pointer)


def _called(numbers: Sequence[str]) -> str:
    most = 3
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(numbers[:most]) + more
