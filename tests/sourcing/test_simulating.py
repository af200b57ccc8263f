"""The differences a run of the past keeps always add up, and vanish when it decides the same."""

import random
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.sourcing.made_up import made_up
from tests.sourcing.test_domain_planning import DC, ask, line

from crosslane.kernel import new_id
from crosslane.sourcing.domain.carriage import travels
from crosslane.sourcing.domain.comparison import Comparing, late_parcels
from crosslane.sourcing.domain.divergence import Demand, Divergence, LetGo
from crosslane.sourcing.domain.planning import plan
from crosslane.sourcing.domain.problem import Faster
from crosslane.sourcing.domain.receipt import decide
from crosslane.sourcing.domain.requests import KeptReceipt
from crosslane.sourcing.domain.simulating import Answered, Decided, Simulation
from crosslane.sourcing.domain.trial import Trial

NOW = datetime(2026, 1, 7, tzinfo=UTC)
PLACES = ("A", "B", "C")


class World:
    """One line of events that both the record and a run go through, each with its own stock.

    The run of the module under test knows differences only; here both are written out in full.
    """

    def __init__(self, draw: random.Random, *, differs: bool) -> None:
        self.draw, self.differs = draw, differs
        self.divergence = Divergence()
        self.placed: dict[str, dict[Demand, Counter[str]]] = {"recorded": {}, "simulated": {}}
        self.waiting: dict[str, Counter[Demand]] = {"recorded": Counter(), "simulated": Counter()}

    def find(self, side: str, demand: Demand, wanted: int) -> dict[str, int]:
        """Place some of the units somewhere; the rest waits."""
        found: Counter[str] = Counter()
        for _ in range(wanted):
            if self.draw.random() < 0.8:
                found[self.draw.choice(PLACES)] += 1
        self.placed[side].setdefault(demand, Counter()).update(found)
        self.waiting[side][demand] += wanted - found.total()
        return dict(found)

    def decide(self, demand: Demand, fresh: int) -> None:
        """Look for new units and those that wait."""
        asked = fresh + self.waiting["recorded"].pop(demand, 0)
        if not asked:
            return
        recorded = self.find("recorded", demand, asked)
        sought = self.divergence.asked(demand, asked)
        assert sought == fresh + self.waiting["simulated"].pop(demand, 0)
        found = self.find("simulated", demand, sought) if self.differs else recorded
        if not self.differs:
            self.placed["simulated"].setdefault(demand, Counter()).update(found)
            self.waiting["simulated"][demand] = self.waiting["recorded"][demand]
        self.divergence.decided({demand: asked}, {demand.sku: recorded}, {demand.sku: found})

    def let_go(self, demand: Demand, *, sought: bool) -> None:
        """Let units go of where the record has them, or of those that wait."""
        held = +self.placed["recorded"].get(demand, Counter())
        waits = self.waiting["recorded"][demand]
        place = self.draw.choice([*held, *([""] if waits and not sought else [])] or [None])
        if place is None:
            return
        units = self.draw.randint(1, held[place] if place else waits)
        if place:
            self.placed["recorded"][demand][place] -= units
            if sought:
                self.waiting["recorded"][demand] += units
        else:
            self.waiting["recorded"][demand] -= units
        gone = LetGo(at=NOW, demand=demand, place=place, quantity=units, sought=sought)
        went = self.divergence.let_go(gone)
        mine = self.placed["simulated"][demand]
        for code, many in went:
            assert 0 < many <= mine[code]
            mine[code] -= many
        moved = sum(many for _, many in went)
        self.waiting["simulated"][demand] += moved if sought else moved - units

    def check(self) -> None:
        """Compare what the module keeps with both sides written out."""
        stock: Counter[tuple[str, str]] = Counter()
        for side, sign in (("recorded", -1), ("simulated", 1)):
            for demand, places in self.placed[side].items():
                for place, units in places.items():
                    stock[demand.sku, place] += sign * units
        kept = {
            (sku, place): units
            for sku, places in self.divergence.stock.items()
            for place, units in places.items()
        }
        assert kept == {key: units for key, units in stock.items() if units}
        assert +self.divergence.recorded_waiting == +self.waiting["recorded"]
        assert +self.divergence.waiting == +self.waiting["simulated"]


@given(seed=st.integers(0, 10**9), differs=st.booleans())
def test_differences_add_up(seed: int, differs: bool):
    draw = random.Random(seed)  # noqa: S311
    world = World(draw, differs=differs)
    demands = [Demand(UUID(int=n), "ship", sku) for n in range(3) for sku in ("X", "Y")]
    for _ in range(draw.randint(1, 40)):
        demand = draw.choice(demands)
        if draw.random() < 0.5:
            world.decide(demand, draw.randint(0, 4))
        elif demand in world.placed["recorded"]:
            world.let_go(demand, sought=draw.random() < 0.5)
        world.check()
    if not differs:
        assert not any(world.divergence.differs(demand) for demand in demands)


def test_units_that_nobody_looked_for_change_nothing():
    demand = Demand(new_id(), "ship", "X")
    divergence = Divergence()
    gone = LetGo(at=NOW, demand=demand, place="A", quantity=2, sought=False)
    assert divergence.let_go(gone) == [("A", 2)]
    assert not divergence.stock["X"]
    assert divergence.asked(demand, 3) == 3


def test_a_parcel_that_a_faster_service_brings_less_late_is_late():
    def late_by(days: int) -> int:
        late = msgspec.structs.replace(DC, overdue_days=9, faster=(Faster(1, days),))
        problem = ask(line(DC=1), places=(late,), overdue_milli_per_day=2000)
        found = plan(problem)
        assert found.parcels[0].services
        (parcel,) = travels(problem, late, found.parcels[0].weight_grams)
        assert parcel[1].overdue_days == days
        return late_parcels(Answered(problem, found))

    assert [late_by(days) for days in (0, 1)] == [0, 1]


def test_costs_of_several_currencies_are_not_added():
    pounds = ask(line(DC=1), places=(DC,))
    comparing = Comparing()
    for currency in ("GBP", "EUR", "GBP"):
        problem = msgspec.structs.replace(pounds, currency=currency)
        now = new_id(), NOW, new_id(), "ship", NOW
        names = ("id", "at", "order_id", "method", "placed_at")
        kept = KeptReceipt(**dict(zip(names, now, strict=True)), receipt=decide(problem))
        same = Answered(problem, kept.receipt.plan)
        nothing = msgspec.structs.replace(problem, lines=())
        comparing.add(Decided(kept, same, Answered(nothing, plan(nothing))))
    found = comparing.result(Simulation(made_up(1).world, Trial()))
    each = plan(pounds).cost_milli
    assert found.recorded.costs_milli == {"GBP": 2 * each, "EUR": each}
    assert found.simulated.costs_milli == {"GBP": 0, "EUR": 0}
    assert sorted(found.differences[0].more_milli.values()) == [-each]
