"""How far a channel has told of an order, and what the next message changes; pure.

The algebra. An order is a set of registers: the units of each line, its price, its article with
the way it goes, the address. A message says what some of them are, at its version; a register
keeps what the highest version said. A whole order says all of them. So the set of messages
decides, not the order in which they come: what is told late counts only where nothing newer has
spoken. A cancellation is final.

What we have called off ourselves a channel may not know yet, or never say: units it tells again as
before are no news, and put nothing back; see :func:`wanted_units`.

So that this holds, a line that is new, or comes back after a whole order left it out, tells its
article and its price. One that is not known and tells no article waits for who does.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.channels.domain.messages import (
    AmendedLine,
    Amendment,
    Message,
    Order,
    OrderLine,
)
from crosslane.channels.domain.told import Method
from crosslane.customers import Address

RANK: Mapping[str, int] = {"order": 0, "amendment": 1, "payment": 2, "cancellation": 3}
"""Of messages of one version, by kind, which is taken first."""


class Article(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a line is of, and how and where the customer gets it; the channel's usual when empty."""

    sku: str
    method: Method | None = None
    store: str = ""


class LineStanding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a line that was spoken of after its order was placed.

    Args:
        line_ids: lines of the order that were added for it later.
        quantity, price, article: versions that last said them; the whole order's when lower.
        units: last told, None for those it was placed with.
        price_milli: price last told, None for the one it was placed at.
        told: article last told, None for the one it was placed with.
    """

    line_ids: tuple[UUID, ...] = ()
    quantity: int = 0
    price: int = 0
    article: int = 0
    units: int | None = None
    price_milli: int | None = None
    told: Article | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a channel has told of an order.

    Args:
        whole: version of the latest whole order.
        ship_to: version that last said the address.
        names: what the channel calls the original lines, in their order.
        lines: by name, those spoken of since.
        cancelled: the order is off for good.
        part_of: number of the order this is a part of; likewise how many parts that has.
    """

    whole: int = 0
    ship_to: int = 0
    names: tuple[str, ...] = ()
    lines: dict[str, LineStanding] = {}
    cancelled: bool = False
    part_of: str = ""
    parts: int = 0

    def line(self, name: str) -> LineStanding:
        """Return what is known of a line."""
        return self.lines.get(name) or LineStanding()

    def is_there(self, name: str) -> bool:
        """Whether the order has a line of this name, wanted or not."""
        return name in self.names or bool(self.line(name).line_ids)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a message changes on an order.

    Args:
        standing: how far the channel has told afterwards.
        quantities: units wanted from now on, by name of a line that is there.
        prices: price of one unit from now on, by name of a line that is there.
        articles: what it is of from now on, by name of a line that is there.
        added: lines that are new, by name.
        ship_to: where it goes, None for no change.
    """

    standing: Standing
    quantities: Mapping[str, int]
    prices: Mapping[str, int]
    articles: Mapping[str, Article]
    added: Mapping[str, OrderLine]
    ship_to: Address | None = None


def wanted_units(told: int, before: int, live: int) -> int:
    """Return how many units of a line are wanted from now on.

    Args:
        told: what the channel says now.
        before: what it said before that.
        live: what is there of it; less than before when we have called some off, more never.
    """
    return live + told - before if told > before else min(live, told)


class LineUnknown(msgspec.Struct, frozen=True):
    """A message speaks of a line nobody has told of yet."""

    name: str
    place: int


def with_lines(message: Order, others: Sequence[Message]) -> Order | None:
    """Return an order with its goods, those told apart as well; None when they have not come.

    Args:
        message: the order.
        others: what else was told of it, by version.
    """
    if message.lines:
        return message
    for one in reversed(others):
        told = one.lines if isinstance(one, Amendment) else ()
        if told and all(line.sku and line.quantity is not None for line in told):
            lines = tuple(
                OrderLine(
                    id=line.id,
                    sku=line.sku,
                    quantity=line.quantity,
                    unit_price_milli=line.unit_price_milli,
                    method=line.method,
                    store=line.store,
                )
                for line in told
                if line.quantity
            )
            return msgspec.structs.replace(message, lines=lines) if lines else None
    return None


def names_of(message: Order) -> tuple[str, ...]:
    """Return what the lines of an order are called: by their channel, else by their place."""
    return tuple(line.id or str(place) for place, line in enumerate(message.lines, 1))


def begun_by(message: Order) -> Standing:
    """Return the standing of an order that this message has placed."""
    return Standing(
        whole=message.source_version,
        ship_to=message.source_version,
        names=names_of(message),
        part_of=message.part_of,
        parts=message.parts or 0,
    )


def change_by(standing: Standing, message: Order | Amendment) -> Change | LineUnknown | None:
    """Return what a message changes, None when newer ones have said all of it.

    A line that is told of and not known needs its article; until somebody names it, the message
    has to wait.
    """
    if isinstance(message, Order):
        return _change_whole(standing, message)
    if message.source_version <= standing.whole:
        # Even of a line nobody has named: a newer order did without it.
        return None
    for place, line in enumerate(message.lines):
        if not (standing.is_there(line.id) or line.sku or standing.line(line.id).told):
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
    if not message.lines:
        # Its goods are told apart: what they are stays as it was told.
        return telling.change(message.ship_to)
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
        self.articles: dict[str, Article] = {}
        self.added: dict[str, OrderLine] = {}

    def tell(self, name: str, line: OrderLine | AmendedLine) -> None:
        """Say what a line is at this version."""
        before, whole = self.standing.line(name), self.standing.whole
        now, there = before, self.standing.is_there(name)
        if line.sku and self.version > max(before.article, whole):
            told = Article(sku=line.sku, method=line.method, store=line.store)
            now = msgspec.structs.replace(now, article=self.version, told=told)
            if there:
                self.articles[name] = told
        price = line.unit_price_milli
        if price is not None and self.version > max(before.price, whole):
            now = msgspec.structs.replace(now, price=self.version, price_milli=price)
            if there:
                self.prices[name] = price
        if line.quantity is not None and self.version > max(before.quantity, whole):
            now = msgspec.structs.replace(now, quantity=self.version, units=line.quantity)
            if there:
                self.quantities[name] = line.quantity
            elif line.quantity and now.told:
                self.added[name] = line_of(name, line.quantity, now.told, now.price_milli, line)
        if now != before:
            self.lines[name] = now

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
            articles=self.articles,
            added=self.added,
            ship_to=ship_to if moves else None,
        )


def line_of(
    name: str,
    quantity: int,
    article: Article,
    price_milli: int | None,
    told: OrderLine | AmendedLine | None = None,
) -> OrderLine:
    """Return a line that is to be added; who gets the credit is only told with an order."""
    return OrderLine(
        id=name,
        sku=article.sku,
        quantity=quantity,
        unit_price_milli=price_milli,
        method=article.method,
        store=article.store,
        attributions=told.attributions if isinstance(told, OrderLine) else (),
    )
