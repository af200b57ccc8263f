"""A year of sales and returns, made up: honest ones of many shapes, and abuse of all kinds in it.

How often each shape buys and returns is told beside it. The bounds of the policy have reasons of
their own (``returns/domain/abuse_policy.py``); the shapes come close to them: bracket shoppers who
keep one of three, families who send half of it back, presents that strangers return in January,
staff with discount, stores with one member of staff.

Returns are weighed in the order of time, each with what was known before it. Nothing that is
weighed tells which ones were planted.
"""

from collections import Counter

from crosslane.bench.abuse_year.drawing import Draw, Year
from crosslane.bench.abuse_year.honest import draw_honest
from crosslane.bench.abuse_year.planted import KINDS, plant
from crosslane.bench.abuse_year.weighing import Weighed, weigh_year
from crosslane.bench.figures import QUICK, Figure, Scale
from crosslane.returns import Abuse

PEOPLE = 1_500
PLANTED_OF_EACH = 6
SEEDS = range(101, 111)
UNTOUCHED_PERCENT_LEAST = 99.0

__all__ = ["KINDS", "Told", "Weighed", "Year", "abuse", "draw_year", "tell", "weigh_year"]


def draw_year(seed: int, *, people: int = PEOPLE, planted: int = PLANTED_OF_EACH) -> Year:
    """Draw a year.

    Args:
        seed: equal seeds give equal years.
        people: known customers; strangers come beside them.
        planted: actors of every kind of abuse.
    """
    draw = Draw(seed)
    draw_honest(draw, people)
    plant(draw, planted)
    return Year(sales=draw.sales, backs=draw.backs)


class Told:
    """What the rules make of a year, counted.

    Attributes:
        honest: honest returns, by shape; likewise those that were held.
        actors: who was planted.
        caught: who of them had a return held for the right reason.
        abused_minor: what the planted returns would give; likewise of those that were held.
    """

    def __init__(self) -> None:
        self.honest: Counter[str] = Counter()
        self.honest_held: Counter[str] = Counter()
        self.actors: set[str] = set()
        self.caught: set[str] = set()
        self.abused_minor = self.held_minor = 0

    def add(self, seed: int, weighed: list[Weighed]) -> None:
        """Count the returns of a year."""
        for one in weighed:
            actor, held = one.back.actor, one.held
            if not actor:
                self.honest[one.back.shape] += 1
                self.honest_held[one.back.shape] += bool(held)
                continue
            self.actors.add(f"{actor} of {seed}")
            self.abused_minor += one.trait.minor
            self.held_minor += one.trait.minor if held else 0
            if actor.partition("/")[0] in held:
                self.caught.add(f"{actor} of {seed}")

    def untouched_percent(self, shape: str | None = None) -> float:
        """Part of the honest returns that went through, of one shape or all."""
        every, held = self.honest, self.honest_held
        if shape is None:
            return 100 * (1 - held.total() / every.total())
        return 100 * (1 - held[shape] / every[shape])


def tell(*seeds: int, people: int = PEOPLE, planted: int = PLANTED_OF_EACH) -> Told:
    """Draw and weigh years, and count."""
    told = Told()
    for seed in seeds:
        told.add(seed, weigh_year(draw_year(seed, people=people, planted=planted), Abuse()))
    return told


async def abuse(scale: Scale) -> list[Figure]:
    """Measure who is caught and who passes in years with planted abuse."""
    seeds = SEEDS[:1] if scale == QUICK else SEEDS
    told = tell(*seeds)
    caught = Counter(actor.partition("/")[0] for actor in told.caught)
    planted = Counter(actor.partition("/")[0] for actor in told.actors)
    every = sum(told.honest.values())
    worst = min(told.honest, key=told.untouched_percent)
    return [
        Figure(name="years", value=len(seeds), unit="years"),
        Figure(name="honest returns", value=every, unit="returns"),
        Figure(
            name="of them untouched",
            value=round(told.untouched_percent(), 2),
            unit="%",
            least=UNTOUCHED_PERCENT_LEAST,
            key="abuse_untouched_percent",
        ),
        Figure(
            name=f"of those hit most, {worst}",
            value=round(told.untouched_percent(worst), 2),
            unit="%",
            key="abuse_untouched_percent_worst",
        ),
        *(
            Figure(
                name=f"caught, {kind.replace('_', ' ')}",
                value=caught[kind],
                unit=f"of {planted[kind]}",
                least=planted[kind],
                key=f"abuse_caught_{kind}",
            )
            for kind in KINDS
        ),
        Figure(
            name="of what planted returns would give, held",
            value=round(100 * told.held_minor / told.abused_minor, 1),
            unit="%",
            key="abuse_held_percent",
        ),
    ]
