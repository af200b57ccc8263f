"""How far a channel has told of an order, and what the next message changes; pure.

The algebra. An order is a set of registers: the units of each line, its price, the address. A
message says what some of them are, at its version; a register keeps what the highest version said.
A whole order says all of them. So the set of messages decides, not the order in which they come:
what is told late counts only where nothing newer has spoken. A cancellation is final.
"""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from crosslane.channels.domain.messages import AmendedLine, Amendment, Order, OrderLine
from crosslane.customers import Address


class LineStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a line that was spoken of after its order was placed.

    Args:
        line_ids: lines of the order that were added for it later.
        quantity, price: versions that last said them; the whole order's when lower.
        price_milli: price last told, None for the one it was placed at.
    """

    line_ids: tuple[UUID, ...] = ()
    quantity: int = 0
    price: int = 0
    price_milli: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a channel has told of an order.

    Args:
        whole: version of the latest whole order.
        ship_to: version that last said the address.
        names: what the channel calls the original lines, in their order.
        lines: by name, those spoken of since.
        cancelled: the order is off for good.
    """

    whole: int = 0
    ship_to: int = 0
    names: tuple[str, ...] = ()
    lines: dict[str, LineStanding] = {}
    cancelled: bool = False

    def line(self, name: str) -> LineStanding:
        """Return what is known of a line."""
        return self.lines.get(name) or LineStanding()

    def knows(self, name: str) -> bool:
        """Whether the order has a line of this name, wanted or not."""
        return name in self.names or name in self.lines


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a message changes on an order.

    Args:
        standing: how far the channel has told afterwards.
        quantities: units wanted from now on, by name of a line that is there.
        prices: price of one unit from now on, by name.
        added: lines that are new, by name.
        ship_to: where it goes, None for no change.
    """

    standing: Standing
    quantities: Mapping[str, int]
    prices: Mapping[str, int]
    added: Mapping[str, OrderLine]
    ship_to: Address | None = None


class LineUnknown(msgspec.Struct, frozen=True):
    """A message speaks of a line nobody has told of yet."""

    name: str
    place: int


def names_of(message: Order) -> tuple[str, ...]:
    """Return what the lines of an order are called: by their channel, else by their place."""
    return tuple(line.id or str(place) for place, line in enumerate(message.lines, 1))


def begun_by(message: Order) -> Standing:
    """Return the standing of an order that this message has placed."""
    return Standing(
        whole=message.source_version, ship_to=message.source_version, names=names_of(message)
    )


def change_by(standing: Standing, message: Order | Amendment) -> Change | LineUnknown | None:
    """Return what a message changes, None when newer ones have said all of it.

    A line that is told of and not known needs its article; until somebody names it, the message
    has to wait.
    """
    if isinstance(message, Order):
        return _change_whole(standing, message)
    for place, line in enumerate(message.lines):
        if not standing.knows(line.id) and not line.sku:
            return LineUnknown(line.id, place)
    telling = _Telling(standing, message.source_version)
    for line in message.lines:
        telling.tell(line.id, line)
    return telling.change(message.ship_to)


def _change_whole(standing: Standing, message: Order) -> Change | None:
    version = message.source_version
    if version <= standing.whole:
        return None
    telling = _Telling(standing, version)
    names = names_of(message)
    for name, line in zip(names, message.lines, strict=True):
        telling.tell(name, line)
    for name in dict.fromkeys((*standing.names, *standing.lines)):
        if name not in names:
            telling.tell(name, AmendedLine(id=name, quantity=0))
    telling.whole = version
    return telling.change(message.ship_to)


class _Telling:
    """Collects what a message of some version changes, register by register."""

    def __init__(self, standing: Standing, version: int) -> None:
        self.standing = standing
        self.version = version
        self.whole = standing.whole
        self.lines = dict(standing.lines)
        self.quantities: dict[str, int] = {}
        self.prices: dict[str, int] = {}
        self.added: dict[str, OrderLine] = {}

    def tell(self, name: str, line: OrderLine | AmendedLine) -> None:
        """Say what a line is at this version."""
        known, old = self.standing.line(name), self.standing.whole
        if line.quantity is not None and self.version > max(known.quantity, old):
            known = msgspec.structs.replace(known, quantity=self.version)
            if self.standing.knows(name):
                self.quantities[name] = line.quantity
            elif line.quantity:
                self.added[name] = OrderLine(
                    id=name,
                    sku=line.sku,
                    quantity=line.quantity,
                    unit_price_milli=line.unit_price_milli,
                    method=line.method,
                    store=line.store,
                    attributions=line.attributions if isinstance(line, OrderLine) else (),
                )
        price = line.unit_price_milli
        if price is not None and self.version > max(known.price, old):
            known = msgspec.structs.replace(known, price=self.version, price_milli=price)
            if name not in self.added:
                self.prices[name] = price
        if known != self.standing.line(name):
            self.lines[name] = known

    def change(self, ship_to: Address | None) -> Change | None:
        """Return what is new, None when nothing is."""
        moves = ship_to is not None and self.version > max(
            self.standing.ship_to, self.standing.whole
        )
        standing = msgspec.structs.replace(
            self.standing,
            whole=self.whole,
            ship_to=self.version if moves else self.standing.ship_to,
            lines=self.lines,
        )
        if standing == self.standing:
            return None
        return Change(
            standing=standing,
            quantities=self.quantities,
            prices=self.prices,
            added=self.added,
            ship_to=ship_to if moves else None,
        )
