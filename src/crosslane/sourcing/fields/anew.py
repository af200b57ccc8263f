"""Open orders' questions decided anew, and what changed: in the planner's words again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from crosslane.sourcing.domain import SourcingProblem
from crosslane.sourcing.fields.answering import costs_of
from crosslane.sourcing.fields.bridge import Bridged, bridge
from crosslane.sourcing.fields.field import NO_LIMIT, Ints, no_prices
from crosslane.sourcing.fields.joint import Joint, reoptimise
from crosslane.sourcing.fields.sequence import Leaving, in_order

# Whoever has a place keeps one, and no day gets more parcels than it takes: both cost more than
# any carriage, and less than a way that does not exist.
LOST_MILLI = 10**10
FULL_MILLI = 10**9


class Moved(msgspec.Struct, frozen=True):
    """An order that is served otherwise from now on.

    Args:
        problem: its number.
        places: location of each SKU, by code.
        before_milli: what serving it costs as it is.
        after_milli: what it costs from now on.
    """

    problem: int
    places: Mapping[str, str]
    before_milli: int
    after_milli: int


class Anew(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding open orders together came to.

    Args:
        moved: orders that change, in this order, by groups: one may need the units that another
            of its group gives up, or of one before.
        decided: how many orders were decided.
        aside: why others were not, by number of the problem.
        before_milli: what the decided ones cost as they are.
        after_milli: what they cost from now on.
        bound_milli: they cannot cost less.
        in_time: no limit of time cut it short.
    """

    moved: Sequence[Sequence[Moved]]
    decided: int
    aside: Mapping[int, str]
    before_milli: int
    after_milli: int
    bound_milli: int
    in_time: bool


def decide_anew(
    problems: Sequence[SourcingProblem],
    placed: Sequence[Mapping[str, str]],
    *,
    moving_milli: int,
    seconds: float,
) -> Anew:
    """Decide orders together that are served already; each of them stays served.

    Args:
        problems: of one channel, survey and day; the survey holds the orders' own units too.
        placed: for each, the place of each line by key where its units lie now.
        moving_milli: they are served otherwise only where that saves more for each that changes.
        seconds: of wall-clock time there are.
    """
    found = bridge(problems, placed)
    if not found.problems:
        nothing: list[list[Moved]] = []
        return Anew(
            moved=nothing,
            decided=0,
            aside=found.aside,
            before_milli=0,
            after_milli=0,
            bound_milli=0,
            in_time=True,
        )
    field = found.field._replace(
        unserved_milli=np.full_like(found.field.unserved_milli, LOST_MILLI), late_milli=FULL_MILLI
    )
    found = msgspec.structs.replace(found, field=field)
    joint = reoptimise(
        field,
        found.state,
        no_prices(field),
        found.demand,
        found.start,
        moving_milli=moving_milli,
        seconds=seconds,
    )
    return _told(found, joint)


def _told(found: Bridged, joint: Joint) -> Anew:
    before, after = _costs(found, found.start), _costs(found, joint.chosen)
    starts = found.demand.starts
    moved = {
        event: Moved(number, found.places(joint.chosen, event), before[event], after[event])
        for event, number in enumerate(found.problems)
        if (
            joint.chosen[starts[event] : starts[event + 1]]
            != found.start[starts[event] : starts[event + 1]]
        ).any()
    }
    free = found.state.stock.copy()
    np.subtract.at(free, found.start, found.demand.quantity)
    leaving = {event: _leaving(found, joint, event) for event in moved}
    return Anew(
        moved=[[moved[event] for event in group] for group in in_order(free, leaving)],
        decided=len(found.problems),
        aside=found.aside,
        before_milli=sum(before),
        after_milli=sum(after),
        bound_milli=joint.bound_milli - (joint.cost_milli - sum(after)),
        in_time=joint.in_time,
    )


def _costs(found: Bridged, chosen: Ints) -> list[int]:
    """Return what each order costs as the planner counts, full days aside."""
    field = found.field._replace(capacity=np.full_like(found.field.capacity, NO_LIMIT))
    events = np.arange(len(found.problems))
    cost = np.zeros(len(events), np.int64)
    costs_of(field, found.state.copy(), no_prices(field), found.demand, events, chosen, cost)
    return [int(milli) - split for milli, split in zip(cost, found.split_milli, strict=True)]


def _leaving(found: Bridged, joint: Joint, event: int) -> Leaving:
    left: dict[int, int] = defaultdict(int)
    needed: dict[int, int] = defaultdict(int)
    for line in range(found.demand.starts[event], found.demand.starts[event + 1]):
        old, new = int(found.start[line]), int(joint.chosen[line])
        if old != new:
            left[old] += int(found.demand.quantity[line])
            needed[new] += int(found.demand.quantity[line])
    return Leaving(left, needed)
