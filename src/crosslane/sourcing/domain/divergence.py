"""How far a run of the past that decides otherwise has come from the past: units, per order.

Everything is kept as the difference to what was recorded, so that a run that decides the same keeps
nothing, and so that what else happened to the stock need not be known: it happened to both.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

# Units by SKU and place.
Placed = Mapping[str, Mapping[str, int]]


class Demand(msgspec.Struct, frozen=True, order=True):
    """Units of one SKU that an order's customer gets in one way."""

    order_id: UUID
    method: str
    sku: str


class LetGo(msgspec.Struct, frozen=True, kw_only=True):
    """Units that an order had, or waited for, and has no more: cancelled, rejected, not found.

    Args:
        at: when it was recorded.
        demand: the order and what of it.
        place: code of the location where they were; "" when they waited for stock.
        quantity: units.
        sought: they wait for stock again; false when nobody wants them any more.
    """

    at: datetime
    demand: Demand
    place: str
    quantity: int
    sought: bool


class Divergence:
    """What a run has taken more, or less, than was recorded.

    Attributes:
        stock: units taken more, by SKU and place; no zeros.
        recorded_waiting: units that wait by the record, by demand.
        waiting: units that wait in this run.
    """

    def __init__(self) -> None:
        self.stock: dict[str, dict[str, int]] = defaultdict(dict)
        self.recorded_waiting: Counter[Demand] = Counter()
        self.waiting: Counter[Demand] = Counter()
        self._held: dict[Demand, dict[str, int]] = {}

    def differs(self, demand: Demand) -> bool:
        """Say whether units are elsewhere than they are by the record."""
        return demand in self._held

    def asked(self, demand: Demand, quantity: int) -> int:
        """Return how many units this run looks for where the record looked for some."""
        return max(0, quantity + self.waiting[demand] - self.recorded_waiting[demand])

    def decided(self, asked: Mapping[Demand, int], recorded: Placed, found: Placed) -> None:
        """Note a decision.

        Args:
            asked: units that the record looked for.
            recorded: units it found.
            found: units that this run found.
        """
        for key, quantity in asked.items():
            sought = self.asked(key, quantity)
            before, now = recorded.get(key.sku, {}), found.get(key.sku, {})
            self._wait(self.recorded_waiting, key, quantity, sum(before.values()))
            self._wait(self.waiting, key, sought, sum(now.values()))
            for place in sorted(before.keys() | now.keys()):
                self._shift(key, place, now.get(place, 0) - before.get(place, 0))

    def let_go(self, gone: LetGo) -> list[tuple[str, int]]:
        """Let the units go here too: first those that are elsewhere here than by the record.

        Returns:
            Places of this run that units went from, with how many.
        """
        key = gone.demand
        went: list[tuple[str, int]] = []
        if gone.place:
            missing = min(gone.quantity, max(0, -self._held.get(key, {}).get(gone.place, 0)))
            self._shift(key, gone.place, missing)
            if gone.quantity > missing:
                went.append((gone.place, gone.quantity - missing))
            given = self._give_back(key, missing)
            waited = missing - sum(units for _, units in given)
            if gone.sought:
                self.recorded_waiting[key] += gone.quantity
                self.waiting[key] += gone.quantity - waited
            else:
                self._less(self.waiting, key, waited)
        else:
            waited = min(gone.quantity, self.waiting[key])
            self._less(self.recorded_waiting, key, gone.quantity)
            self._less(self.waiting, key, waited)
            given = self._give_back(key, gone.quantity - waited)
        return went + given

    def _give_back(self, key: Demand, quantity: int) -> list[tuple[str, int]]:
        """Give back units that this run has where the record has none; return from where."""
        given: list[tuple[str, int]] = []
        for place, more in sorted(self._held.get(key, {}).items()):
            units = min(quantity, max(0, more))
            if units:
                self._shift(key, place, -units)
                given.append((place, units))
                quantity -= units
        return given

    def _shift(self, key: Demand, place: str, units: int) -> None:
        if not units:
            return
        held = self._held.setdefault(key, {})
        for here in (held, self.stock[key.sku]):
            here[place] = here.get(place, 0) + units
            if not here[place]:
                del here[place]
        if not held:
            del self._held[key]

    def _wait(self, waiting: Counter[Demand], key: Demand, sought: int, found: int) -> None:
        self._less(waiting, key, sought)
        if sought > found:
            waiting[key] += sought - found

    def _less(self, waiting: Counter[Demand], key: Demand, units: int) -> None:
        left = waiting[key] - units
        if left > 0:
            waiting[key] = left
        else:
            del waiting[key]
