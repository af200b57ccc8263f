"""What messages come to, one after the other as they arrive, without a database; pure.

It takes every decision by the functions the services take it by: ``standing.py`` for orders,
``registers.py`` for everything else; only what lies in tables there lies in memory here. So it
shows whether what a channel says comes to the same in whatever order it arrives, thousands of times
a second. What other modules refuse (an article nobody knows, goods that left) it does not know.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from crosslane.channels.domain.messages import (
    Amendment,
    Cancellation,
    Message,
    Order,
    OrderMessage,
    PaymentEvent,
    ReturnEvent,
    Sale,
    SupplyDelta,
    SupplySnapshot,
    Void,
    kind_of,
)
from crosslane.channels.domain.registers import (
    PLACES,
    ChannelMoney,
    FieldsStanding,
    MoneyStanding,
    PriceStanding,
    money_told,
    news,
    price_told,
    prices_with,
    rows_of,
)
from crosslane.channels.domain.reports import (
    ContactEvent,
    FulfillmentEvent,
    MoneyEvent,
    PricePatch,
    ProductPatch,
)
from crosslane.channels.domain.standing import (
    RANK,
    LineUnknown,
    Standing,
    begun_by,
    change_by,
    names_of,
    with_lines,
)
from crosslane.channels.domain.told import VERSION_MAX

Identity = tuple[str, str, int]
DIGEST_BYTES = 16
# Of two things said at one instant, the part of the version that their content decides.
VERSIONS_AN_INSTANT = 1_000
HEAD = frozenset(("source_id", "source_version", "event_at", "schema", "channel", "rest"))
KEPT_TOPICS = ("message", "data_request")


class Heard(msgspec.Struct, frozen=True):
    """A message as it is told apart.

    Args:
        message: what it says, at the version by which it is told apart.
        digest: of its content.
    """

    message: Message
    digest: bytes

    @property
    def identity(self) -> Identity:
        """What it is known by."""
        return kind_of(self.message), self.message.source_id, self.message.source_version


def heard(message: Message, *, counts: bool) -> Heard:
    """Return a message as it is told apart.

    A till that sends its batch again as a new version repeats the sales it had right, and what a
    channel says besides makes no other message.

    Args:
        message: as it was read.
        counts: its sender counts versions; else they are instants, and of two things said at one
            instant their content decides which is later.
    """
    plain = msgspec.structs.replace(message, source_version=1, rest={})
    digest = hashlib.blake2b(msgspec.json.encode(plain), digest_size=DIGEST_BYTES).digest()
    if not counts:
        later = int.from_bytes(digest[:4]) % VERSIONS_AN_INSTANT
        version = min(message.source_version * VERSIONS_AN_INSTANT + later, VERSION_MAX)
        message = msgspec.structs.replace(message, source_version=version)
    return Heard(message, digest)


def _turn(message: OrderMessage) -> tuple[int, int]:
    return message.source_version, RANK[kind_of(message)]


class FoldedOrder:
    """An order that becomes what its messages say, and what waits for it."""

    def __init__(self) -> None:
        self.standing: Standing | None = None
        self.paid = False
        self.lines: dict[str, list[Any]] = {}
        self.ship_to: Any = None
        self.waiting: list[OrderMessage] = []

    def hear(self, message: OrderMessage) -> None:
        """Take a message in; what cannot be done yet waits for the next."""
        waiting = sorted((*self.waiting, message), key=_turn)
        if self.standing is None:
            self._begin(waiting)
        taken = self.standing is not None
        while taken and self.standing is not None:
            left = [one for one in waiting if not self._take(self.standing, one)]
            taken, waiting = len(left) < len(waiting), left
        self.waiting = waiting

    def _begin(self, waiting: list[OrderMessage]) -> None:
        """Place the order by the first message that tells its goods, and take that out."""
        for place, one in enumerate(waiting):
            if isinstance(one, Order) and (whole := with_lines(one, waiting)):
                del waiting[place]
                self.standing = begun_by(whole)
                for name, line in zip(names_of(whole), whole.lines, strict=True):
                    self.lines[name] = [line.quantity, line.sku, line.unit_price_milli]
                self.ship_to = whole.ship_to
                return

    def _take(self, standing: Standing, message: OrderMessage) -> bool:
        if standing.cancelled:
            return True
        if isinstance(message, Cancellation):
            self._cancel(standing)
        elif isinstance(message, PaymentEvent):
            self._settle(standing, message)
        else:
            return self._change(standing, message)
        return True

    def _cancel(self, standing: Standing) -> None:
        self.standing = msgspec.structs.replace(standing, cancelled=True)

    def _settle(self, standing: Standing, message: PaymentEvent) -> None:
        if message.outcome == "refused":
            self._cancel(standing)
        else:
            self.paid = True

    def _change(self, standing: Standing, message: Order | Amendment) -> bool:
        change = change_by(standing, message)
        if isinstance(change, LineUnknown):
            return False
        if change is None:
            return True
        for name, quantity in change.quantities.items():
            self.lines[name][0] = quantity
        for name, article in change.articles.items():
            self.lines[name][1] = article.sku
        for name, price in change.prices.items():
            self.lines[name][2] = price
        names = list(change.standing.names)
        for name, line in change.added.items():
            self.lines[name] = [line.quantity, line.sku, line.unit_price_milli]
            names.append(name)
        self.ship_to = change.ship_to or self.ship_to
        self.standing = msgspec.structs.replace(change.standing, names=tuple(names))
        return True

    def state(self) -> Any:
        """Return what has become of it; nobody cares for the lines of what is off."""
        waits = sorted((kind_of(one), one.source_version) for one in self.waiting)
        if self.standing is None or self.standing.cancelled:
            return ["off" if self.standing else "missing", waits if not self.standing else []]
        live = {name: line for name, line in self.lines.items() if line[0]}
        return [live, self.ship_to, self.paid, waits]


class Fold:
    """Everything a channel has told of, as far as messages decide it."""

    def __init__(self) -> None:
        self.contradicted: list[Identity] = []
        self._known: dict[Identity, bytes] = {}
        self._orders: dict[str, FoldedOrder] = defaultdict(FoldedOrder)
        self._shipments: dict[str, int] = defaultdict(int)
        self._coming: dict[str, FulfillmentEvent] = {}
        self._money: dict[str, dict[str, MoneyStanding]] = defaultdict(dict)
        self._fields: dict[str, FieldsStanding] = defaultdict(FieldsStanding)
        self._said: dict[str, dict[str, Any]] = defaultdict(dict)
        self._prices: dict[str, PriceStanding] = defaultdict(PriceStanding)
        self._supply: dict[str, list[SupplySnapshot | SupplyDelta]] = defaultdict(list)
        self._returns: dict[str, dict[str, ReturnEvent]] = defaultdict(dict)
        self._sales: dict[str, Sale] = {}
        self._voids: set[str] = set()
        self._kept: set[Identity] = set()

    def hear(self, one: Heard) -> None:
        """Take a message in; one that is known changes nothing, one that contradicts neither."""
        identity = one.identity
        known = self._known.get(identity)
        if known is None:
            self._known[identity] = one.digest
            self._tell(one.message, identity)
        elif known != one.digest:
            self.contradicted.append(identity)

    def _tell(self, message: Message, identity: Identity) -> None:
        name, version = message.source_id, message.source_version
        match message:
            case Order() | Amendment() | Cancellation() | PaymentEvent():
                self._orders[name].hear(message)
            case FulfillmentEvent(order=""):
                if (known := self._coming.get(name)) is None or known.source_version < version:
                    self._coming[name] = message
            case FulfillmentEvent():
                self._shipments[name] = max(self._shipments[name], PLACES.get(message.step, 0))
            case MoneyEvent():
                theirs = self._money[message.order]
                if name not in theirs or theirs[name].version < version:
                    theirs[name] = money_told(message)
            case ContactEvent() if message.topic in KEPT_TOPICS or message.gone:
                self._kept.add(identity)
            case ContactEvent() | ProductPatch():
                self._register(f"{identity[0]}/{name}", message)
            case PricePatch():
                self._prices[name] = prices_with(self._prices[name], price_told(message))
            case SupplySnapshot() | SupplyDelta():
                self._supply[message.location].append(message)
            case ReturnEvent():
                self._return(message)
            case Sale():
                known = self._sales.get(name)
                if known is None or known.source_version < version:
                    self._sales[name] = message
            case Void():
                self._voids.add(message.voids)
            case _:
                self._kept.add(identity)

    def _register(self, key: str, message: ContactEvent | ProductPatch) -> None:
        said = {name: getattr(message, name) for name in message.__struct_fields__}
        said = {name: value for name, value in said.items() if name not in HEAD}
        fresh, after = news(self._fields[key], message.source_version, said)
        self._fields[key] = after
        self._said[key] |= fresh

    def _return(self, message: ReturnEvent) -> None:
        theirs = self._returns[message.source_id]
        known = theirs.get(message.step)
        if known is None or known.source_version < message.source_version:
            theirs[message.step] = message

    def state(self) -> Mapping[str, Any]:
        """Return what all of it has come to."""
        return {
            "orders": {name: order.state() for name, order in self._orders.items()},
            "shipments": self._shipments,
            "coming": self._coming,
            "money": {name: ChannelMoney.of(told.values()) for name, told in self._money.items()},
            "said": self._said,
            "prices": {name: rows_of(standing) for name, standing in self._prices.items()},
            "supply": {place: _stock(told) for place, told in self._supply.items()},
            "returns": self._returns,
            "sales": {n: sale for n, sale in self._sales.items() if n not in self._voids},
            "kept": sorted(self._kept),
        }


def _stock(told: list[SupplySnapshot | SupplyDelta]) -> dict[str, int]:
    """Add supply up in the order of its instants, as inventory does."""
    units: dict[str, int] = {}
    for one in sorted(told, key=lambda each: (each.event_at, each.source_id, each.source_version)):
        if isinstance(one, SupplySnapshot):
            if one.complete:
                units.clear()
            units |= {row.sku or row.article: row.quantity for row in one.rows}
        else:
            for row in one.rows:
                sku = row.sku or row.article
                units[sku] = units.get(sku, 0) + row.quantity
    return units


def digest_of(fold: Fold) -> bytes:
    """Return the bytes of a state: the same for the same state."""
    return msgspec.json.encode(fold.state(), order="deterministic")
