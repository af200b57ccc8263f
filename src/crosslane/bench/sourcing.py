"""Sourcing on instance files: looking ahead, against the best for each order alone and the nearest.

Every event is served in the order of time by the planner over arrays; what looks ahead knows the
forecast of the file and what has happened, never the future. Baselines: the best for each order
alone, the nearest places, and a bound below what hindsight would have cost, which takes time and is
worked out where it is asked for. Processor seconds are told; compiling is done before.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from crosslane.bench.figures import DEMO, Figure, Scale
from crosslane.bench.instances import FAMILIES, Family, made_up, write_instance
from crosslane.sourcing.fields import (
    COMPILED,
    MILLI_PER_UNIT,
    Instance,
    Outcome,
    forward_looking,
    load_instance,
    myopic,
    nearest_all,
    no_prices,
    reoptimise,
)

TINY = Family(variants=20, regions=6, stores=3, orders=60, walk_ins=60)
SEED = 1
HINDSIGHT_SECONDS = 60.0
GAP_CLOSED_LEAST = 0.5


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One instance under each policy; costs in currency units.

    Args:
        instance: name of the file.
        policy_cost: looking ahead.
        myopic_cost: the best for each order alone.
        nearest_all_cost: from the nearest places that have it all.
        orders: how many were sourced.
        cancelled_units: that looking ahead left unserved.
        lost_units: that customers in stores did not find, looking ahead.
        late_parcels: looking ahead.
        split_share: orders in more than one parcel, of all, looking ahead.
        decisions_per_s: orders decided a processor second.
        planner_seconds: processor time for prices and decisions over the whole horizon.
        compiled: whether numba ran the loops.
        hindsight_bound: who had known all events could not have paid less; None when that was not
            worked out.
    """

    instance: str
    policy_cost: float
    myopic_cost: float
    nearest_all_cost: float
    orders: int
    cancelled_units: int
    lost_units: int
    late_parcels: int
    split_share: float
    decisions_per_s: float
    planner_seconds: float
    compiled: bool
    hindsight_bound: float | None = None

    @property
    def gap_closed(self) -> float | None:
        """How much of the way from the nearest places to hindsight looking ahead goes."""
        if self.hindsight_bound is None or self.nearest_all_cost <= self.hindsight_bound:
            return None
        gap = self.nearest_all_cost - self.hindsight_bound
        return (self.nearest_all_cost - self.policy_cost) / gap


def try_instances(files: Sequence[Path], *, hindsight_seconds: float = 0.0) -> Iterator[Tried]:
    """Yield what each instance file came to under each policy.

    Args:
        files: instance files.
        hindsight_seconds: time there is to work out the bound of each; 0 for no bound.

    Raises:
        NoInstance: a file is no instance file.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_instance(Path(folder, "tiny.npz"), made_up(TINY, SEED))
        _try(Path(folder, "tiny.npz"), 0.0)
    for file in files:
        yield _try(file, hindsight_seconds)


def _try(file: Path, hindsight_seconds: float) -> Tried:
    instance = load_instance(file)
    looked_ahead = forward_looking(instance)
    outcome = looked_ahead.outcome
    seconds = looked_ahead.deciding_seconds
    return Tried(
        instance=file.stem,
        policy_cost=_units(outcome),
        myopic_cost=_units(myopic(instance).outcome),
        nearest_all_cost=_units(nearest_all(instance)),
        orders=outcome.orders,
        cancelled_units=outcome.cancelled_units,
        lost_units=outcome.lost_units,
        late_parcels=outcome.late_parcels,
        split_share=round(outcome.split_share, 6),
        decisions_per_s=round(outcome.orders / seconds) if seconds else 0,
        planner_seconds=round(seconds + looked_ahead.planning_seconds, 3),
        compiled=COMPILED,
        hindsight_bound=_bound(instance, hindsight_seconds) if hindsight_seconds else None,
    )


def _bound(instance: Instance, seconds: float) -> float:
    """Return what nobody can pay less than who decides all events together."""
    field = instance.field
    joint = reoptimise(field, instance.start, no_prices(field), instance.demand, seconds=seconds)
    return joint.bound_milli / MILLI_PER_UNIT


def _units(outcome: Outcome) -> float:
    return outcome.cost_milli / MILLI_PER_UNIT


def together(tried: Sequence[Tried]) -> Tried:
    """Return several instances as one."""
    orders = sum(each.orders for each in tried)
    bounds = [each.hindsight_bound for each in tried]
    seconds = sum(each.orders / each.decisions_per_s for each in tried if each.decisions_per_s)
    return Tried(
        instance=", ".join(each.instance for each in tried),
        policy_cost=sum(each.policy_cost for each in tried),
        myopic_cost=sum(each.myopic_cost for each in tried),
        nearest_all_cost=sum(each.nearest_all_cost for each in tried),
        orders=orders,
        cancelled_units=sum(each.cancelled_units for each in tried),
        lost_units=sum(each.lost_units for each in tried),
        late_parcels=sum(each.late_parcels for each in tried),
        split_share=round(sum(each.split_share * each.orders for each in tried) / orders, 6),
        decisions_per_s=round(orders / seconds) if seconds else 0,
        planner_seconds=round(sum(each.planner_seconds for each in tried), 3),
        compiled=COMPILED,
        hindsight_bound=None if None in bounds else sum(filter(None, bounds)),
    )


def try_families(scale: Scale, *, hindsight_seconds: float = HINDSIGHT_SECONDS) -> Iterator[Tried]:
    """Yield what a made-up instance of each family came to, a smaller one when the scale is.

    Args:
        scale: how large the retailer is.
        hindsight_seconds: as of :func:`try_instances`.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, family in FAMILIES.items():
            few = msgspec.structs.replace(TINY, drift=family.drift, misplaced=family.misplaced)
            files.append(Path(folder, f"{name}.npz"))
            chosen = family if scale.orders >= DEMO.orders else few
            write_instance(files[-1], made_up(chosen, SEED))
        yield from try_instances(files, hindsight_seconds=hindsight_seconds)


async def sourcing(scale: Scale = DEMO) -> list[Figure]:
    """Try every family of made-up instances."""
    return [figure for tried in try_families(scale) for figure in figures_of(tried)]


def figures_of(tried: Tried) -> list[Figure]:
    """Return what is told of one instance."""
    name = tried.instance
    against = {"each order alone": tried.myopic_cost, "the nearest": tried.nearest_all_cost}
    return [
        *_hindsight(tried),
        *(
            Figure(
                name=f"{name}: cost against {what}",
                value=round(tried.policy_cost / cost, 4),
                unit="times",
                most=1.01,
            )
            for what, cost in against.items()
        ),
        Figure(
            name=f"{name}: decisions a second",
            value=tried.decisions_per_s,
            unit="",
            least=100_000 if COMPILED else 2_000,
        ),
        Figure(name=f"{name}: planning", value=tried.planner_seconds, unit="s"),
    ]


def _hindsight(tried: Tried) -> list[Figure]:
    bound, closed = tried.hindsight_bound, tried.gap_closed
    if bound is None or closed is None:
        return []
    above = tried.policy_cost / bound - 1
    return [
        Figure(name=f"{tried.instance}: above hindsight's bound", value=round(100 * above, 2),
               unit="%"),
        Figure(name=f"{tried.instance}: closed of the way from the nearest to that",
               value=round(closed, 3), unit="", least=GAP_CLOSED_LEAST),
    ]  # fmt: skip
