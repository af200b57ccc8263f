"""The answer to what a retailer's stock and capacity are worth to later orders.

Prices are estimated (:mod:`crosslane.sourcing.fields.prices`), then tried on fresh futures: all of
them, half of them, none. Half of them is the answer unless all are clearly better; prices that save
no more than chance could have saved are not used at all. So a misjudgment of demand costs a little
of what looking ahead brings, and seldom more.

Run as a program it answers the question on standard input to standard output. It is run so by the
worker: loading numba costs a process more memory than all the rest, and the loops would keep the
others of the process waiting.
"""

import os
import sys
from bisect import bisect_left
from time import monotonic, process_time

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from crosslane.sourcing.domain.outlook import NO_LIMIT as UNLIMITED
from crosslane.sourcing.domain.outlook import (
    NO_WAY,
    Answer,
    CounterSales,
    PastOrder,
    Question,
    Slot,
    Way,
)
from crosslane.sourcing.domain.problem import Tariff
from crosslane.sourcing.fields.compiled import COMPILED
from crosslane.sourcing.fields.field import (
    NO_LIMIT,
    STANDARD,
    WEIGHT_PER_KG,
    Demand,
    Field,
    Ints,
    Prices,
    State,
    no_prices,
)
from crosslane.sourcing.fields.history import History
from crosslane.sourcing.fields.packing import desk_for
from crosslane.sourcing.fields.prices import Estimate, estimated
from crosslane.sourcing.fields.replaying import new_tally, outcome_of, replay

MINUTES_PER_DAY = 1440
WEIGHT_PER_GRAM = WEIGHT_PER_KG // 1000
# More than anything costs, so that such a parcel is never sent; a dozen of them still add up.
NO_WAY_MILLI = 10**15
# Heavier orders than a tariff's heaviest parcel go in several, up to so many of them.
PARCELS_MAX = 8
# Prices that were published before count as so many futures.
KNOWN_FUTURES = 10
# Without a compiler, futures of more events than this take too long to be served.
EVENTS_READ_MAX = 2_000
# Of the time to answer, the part that estimating may take; the rest is for trying.
ESTIMATING_PERCENT = 70
TRIED_MIN, TRIED_MAX = 8, 40
SCALES = (100, 50)
# Prices have to save more than this many standard errors of what they save.
SURE = 1.0
NICENESS = 10


def answer_to(question: Question) -> Answer:
    """Estimate prices, try them, and return those that did best."""
    begun, worked = monotonic(), process_time()
    chance = np.random.default_rng(question.seed)
    field, state = _field(question), _state(question)
    history = _history(question, field)
    known = _known(question)
    before, until = known.futures, float(question.horizon_days)
    costs = np.zeros((0, 1 + len(SCALES)), np.int64)
    if COMPILED or history.events(until) <= EVENTS_READ_MAX:
        ends = begun + question.milliseconds_max * ESTIMATING_PERCENT / 100_000
        while known.futures - before < question.futures:
            known = estimated(field, state, history, known, chance, until=until, futures=1)
            if monotonic() > ends:
                break
        ends = begun + question.milliseconds_max / 1000
        costs = _tried(field, state, history, known, chance, until, ends)
    scale = _best(costs)
    prices = _scaled(known, scale)
    mean = costs.mean(axis=0) if len(costs) else np.zeros(costs.shape[1])
    myopic, full, half = np.rint(mean).astype(np.int64).tolist()
    return Answer(
        scarcity_milli=_by_slot(field, prices.scarcity_milli),
        capacity_milli=[
            (int(location), int(day), int(prices.capacity_milli[location, day]))
            for location, day in np.argwhere(prices.capacity_milli > 0)
        ],
        scale_percent=scale,
        futures=known.futures - before,
        tried=len(costs),
        myopic_milli=myopic,
        full_milli=full,
        half_milli=half,
        milliseconds=round((process_time() - worked) * 1000),
        compiled=COMPILED,
    )


def _tried(
    field: Field,
    state: State,
    history: History,
    known: Estimate,
    chance: Generator,
    until: float,
    ends: float,
) -> Ints:
    """Return what fresh futures cost without prices, with all and with half of them.

    No rows when there is no time for enough of them.
    """
    desk, day_last = desk_for(field), field.capacity.shape[1] - 1
    policies = [no_prices(field), *(_scaled(known, scale) for scale in SCALES)]
    costs: list[list[int]] = []
    while len(costs) < TRIED_MAX and monotonic() < ends:
        future = history.draw(chance, until, day_last)
        mine: list[int] = []
        for prices in policies:
            tally, chosen = new_tally(), np.zeros(len(future.variant), np.int64)
            replay(field, desk, state.copy(), prices, future, chosen, tally, False)
            mine.append(outcome_of(tally).cost_milli)
        costs.append(mine)
    enough = len(costs) >= TRIED_MIN
    return np.array(costs if enough else [], np.int64).reshape(-1, len(policies))


def _best(costs: Ints) -> int:
    """Return the scale in percent at which prices are published.

    What is saved rises and falls with the scale about like a parabola. All prices save a third
    more than half of them when the best scale is 100; when they save less than that they are too
    high, and half of them is nearer to the best. Nothing is published that is not sure to save.
    """
    if not len(costs):
        return 0
    full, half = ((costs[:, 0] - costs[:, number]).astype(np.float64) for number in (1, 2))
    if _sure(full) and full.mean() * 3 >= half.mean() * 4:
        return 100
    return 50 if _sure(half) else 0


def _sure(saved: NDArray[np.float64]) -> bool:
    """Say whether more is saved than chance could have saved."""
    return bool(saved.mean() > SURE * saved.std(ddof=1) / np.sqrt(len(saved)))


def _scaled(known: Estimate, percent: int) -> Prices:
    prices = known.prices()
    return Prices(prices.scarcity_milli * percent // 100, prices.capacity_milli * percent // 100)


def _by_slot(field: Field, scarcity: Ints) -> list[tuple[int, int, int]]:
    variant = np.repeat(np.arange(len(field.weight)), np.diff(field.slot_starts))
    return [
        (int(variant[slot]), int(field.slot_location[slot]), int(scarcity[slot]))
        for slot in np.flatnonzero(scarcity > 0)
    ]


def _known(question: Question) -> Estimate:
    """Return where estimating begins: at what was published before."""
    scarcity = [slot.known_milli for slots in question.slots for slot in slots]
    capacity = np.array(question.known_capacity_milli, np.float64)
    known = any(scarcity) or bool(capacity.any())
    return Estimate(np.array(scarcity, np.float64), capacity, KNOWN_FUTURES if known else 0)


def _field(question: Question) -> Field:
    breaks = _breaks(question)
    ways = len(question.ways)
    carriage = np.full((ways + 1, len(breaks) + 1), NO_WAY_MILLI)
    per_kg = np.zeros(ways + 1, np.int64)
    for number, way in enumerate(question.ways):
        carriage[number] = [_price_milli(way, grams) for grams in (*breaks, breaks[-1] + 1)]
        per_kg[number] = way.tariff.per_kg_milli
    # One layout, whatever the numbers of places and regions: another one would be compiled anew.
    zone = np.ascontiguousarray(np.array(question.routes, np.int64).T)
    nothing = np.zeros(len(question.unit_milli), np.int64)
    capacity = np.array(question.capacity, np.int64)
    return Field(
        parcel_milli=nothing,
        unit_milli=np.array(question.unit_milli, np.int64),
        zone=np.where(zone == NO_WAY, ways, zone),
        carriage_milli=carriage,
        per_kg_milli=per_kg,
        breaks=np.array(breaks, np.int64) * WEIGHT_PER_GRAM,
        express_milli=np.zeros_like(per_kg),
        late_milli=question.late_milli,
        weight=np.array(question.weights, np.int64) * WEIGHT_PER_GRAM,
        unserved_milli=np.array(question.unserved_milli, np.int64),
        margin_milli=np.array(question.margin_milli, np.int64),
        slot_starts=np.concatenate([[0], np.cumsum([len(s) for s in question.slots])]).astype(
            np.int64
        ),
        slot_location=_of_slots(question, "location"),
        extra_milli=_of_slots(question, "each_milli"),
        capacity=np.where(capacity == UNLIMITED, NO_LIMIT, capacity),
    )


def _breaks(question: Question) -> list[int]:
    """Return the weights at which what a parcel costs changes, in grams."""
    found: set[int] = set()
    for way in question.ways:
        heaviest = way.tariff.weight_max_grams
        found.update(way.tariff.weights)
        found.update(heaviest * parcels for parcels in range(2, PARCELS_MAX + 1))
    return sorted(found) or [1]


def _price_milli(way: Way, grams: int) -> int:
    """Return what carrying a weight costs, what is paid by the kilogram aside."""
    tariff = way.tariff
    heaviest = tariff.weight_max_grams
    full, rest = divmod(min(grams, heaviest * PARCELS_MAX), heaviest)
    price = full * (tariff.prices_milli[-1] + way.parcel_milli)
    if rest or not full:
        price += tariff.prices_milli[bisect_left(tariff.weights, rest)] + way.parcel_milli
    return price


def _of_slots(question: Question, name: str) -> Ints:
    return np.array([getattr(s, name) for slots in question.slots for s in slots], np.int64)


def _state(question: Question) -> State:
    sent = np.zeros((len(question.unit_milli), question.horizon_days), np.int64)
    return State(_of_slots(question, "units"), sent)


def _history(question: Question, field: Field) -> History:
    """Return the past demand; of a line no more is asked for than the fullest location holds."""
    most = [max((slot.units for slot in slots), default=0) for slots in question.slots]
    lines = [line for order in question.orders for line in order.lines]
    sizes = [len(order.lines) for order in question.orders]
    slot_variant = np.repeat(np.arange(len(field.weight)), np.diff(field.slot_starts))
    number = {
        (int(variant), int(location)): slot
        for slot, (variant, location) in enumerate(
            zip(slot_variant, field.slot_location, strict=True)
        )
    }
    sold = np.zeros(len(slot_variant), np.int64)
    for sale in question.sales:
        slot = number.get((sale.variant, sale.location))
        if slot is not None:
            sold[slot] += sale.units
    days = question.history_minutes / MINUTES_PER_DAY
    age = np.array([order.age_minutes for order in question.orders], np.float64)
    orders = Demand(
        at=age / MINUTES_PER_DAY,
        day=np.zeros(len(sizes), np.int64),
        place=np.array([order.region for order in question.orders], np.int64),
        kind=np.full(len(sizes), STANDARD),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        variant=np.array([variant for variant, _ in lines], np.int64),
        quantity=np.array([max(1, min(units, most[v])) for v, units in lines], np.int64),
    )
    return History(
        orders,
        memory_days=days / 2,
        days=days,
        sold=sold,
        slot_variant=slot_variant,
        slot_location=field.slot_location,
    )


# One unit at one location, and one order that wants it.
SMALLEST = Question(
    seed=0,
    futures=1,
    milliseconds_max=1000,
    horizon_days=1,
    history_minutes=MINUTES_PER_DAY,
    ways=[Way(Tariff(weights=(1_000,), prices_milli=(1_000,)), 0)],
    routes=[[0]],
    unit_milli=[0],
    late_milli=0,
    capacity=[[UNLIMITED]],
    known_capacity_milli=[[0]],
    weights=[1],
    unserved_milli=[1_000],
    margin_milli=[1_000],
    slots=[[Slot(0, 1, 0)]],
    orders=[PastOrder(0, 0, ((0, 1),))],
    sales=[CounterSales(0, 0, 1)],
)


def main() -> None:
    """Answer the question on standard input to standard output, giving way to other processes."""
    os.nice(NICENESS)
    if COMPILED:
        answer_to(SMALLEST)  # compiles what was not compiled before, while no time is taken
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer_to(question)))


if __name__ == "__main__":
    main()
