"""What is seen of a cart at a glance is what a closer look finds."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.sourcing.made_up import MadeUp, made_up

from crosslane.kernel import Refusal
from crosslane.sourcing.domain import SourcingRequest
from crosslane.sourcing.domain.building import route_of
from crosslane.sourcing.domain.columns import columns_of, is_dense
from crosslane.sourcing.domain.glance import Glance
from crosslane.sourcing.domain.glimpse import at_a_glance
from crosslane.sourcing.domain.planning import plan, plan_of_order
from crosslane.sourcing.domain.receipt import (
    COLUMNS_VERSION,
    Receipt,
    decide,
    decode_receipt,
    replay,
    wanted_in,
)
from crosslane.sourcing.domain.sites import order_of
from crosslane.sourcing.domain.sourcing import question_of

MANY = 30


def ways(made: MadeUp, cart: SourcingRequest) -> list[SourcingRequest]:
    """Every way a cart could go: by each service, and fetched at each place that takes it."""
    services = [replace(cart, service=each.code) for each in made.world.book.services()]
    stores = [
        replace(cart, store=at, method=method)
        for at in made.world.network.all
        for method in ("pickup", "ship_to_store")
        if at.can(method)
    ]
    return services + stores


def looked_at(made: MadeUp) -> Counter[str]:
    """See that glance and closer look agree on all ways; return how often a glance was enough."""
    enough: Counter[str] = Counter()
    for cart in made.carts:
        glance = Glance(made.world, cart, made.survey)
        for request in ways(made, cart):
            try:
                route = route_of(made.world, request)
            except Refusal:
                continue
            lying = request.method == "pickup"
            seen = glance.lying(request) if lying else glance.sent(request, route)
            if seen is None:
                continue
            enough[request.method] += 1
            problem = question_of(made.world, request, made.survey).problem
            assert seen == order_of(problem)
            told = plan_of_order(glance.problem(request, route.tariff), seen)
            assert told.encode() == plan(problem).encode()
    return enough


@settings(max_examples=50)
@given(st.integers(min_value=0, max_value=10**6))
def test_a_glance_sees_what_a_closer_look_finds(seed: int):
    looked_at(made_up(seed))


def test_a_glance_is_often_enough():
    enough: Counter[str] = Counter()
    for seed in range(MANY):
        enough += looked_at(made_up(seed))
    assert set(enough) == {"ship", "pickup", "ship_to_store"}
    assert min(enough.values()) > MANY // 3


def test_a_parcel_that_is_counted_is_seen():
    """A place whose day is full by an earlier plan is not the first any more."""
    for seed in range(MANY // 3):
        made = made_up(seed)
        world = made.world
        looked_at(made)
        for at in world.network.all:
            day = world.days_at(made.carts[0].at).of(at.timetable)
            if at.parcels_per_day is not None and day is not None:
                world.use(at.id, day, at.parcels_per_day)
        looked_at(made)


def kept_of(made: MadeUp, cart: SourcingRequest) -> Receipt | None:
    """Decide a cart at a glance; what is kept must be what a closer look would have kept."""
    try:
        route = route_of(made.world, cart)
    except Refusal:
        return None
    seen = at_a_glance(made.world, cart, route, made.survey)
    if seen is None:
        return None
    problem = question_of(made.world, cart, made.survey).problem
    closely = decide(problem)
    assert seen.whole.problem == problem
    assert seen.plan.encode() == closely.plan.encode()
    assert seen.nearest_milli == closely.nearest_milli
    digest, stored = seen.filed()
    kept = decode_receipt(stored)
    assert kept == seen.whole == replace(closely, version=COLUMNS_VERSION)
    assert (kept.digest, kept.encode()) == (digest, stored)
    assert replay(kept).encode() == stored
    then = wanted_in(stored)
    assert then == wanted_in(closely.encode())
    return kept


@settings(max_examples=100)
@given(st.integers(min_value=0, max_value=10**6), st.booleans())
def test_a_receipt_made_at_a_glance_is_that_of_a_closer_look(seed: int, scarce: bool):
    made = made_up(seed, scarce=scarce)
    for cart in made.carts:
        kept_of(made, cart)


def test_a_glance_is_often_enough_for_a_receipt():
    """Also where earlier plans of a batch have used up what lay somewhere, or a place's day.

    Likewise where goods are scarce: nobody has all, and they lie at few of the places. And where
    two lines want the same article.
    """
    kept = apart = thin = alike = 0
    for seed in range(8 * MANY):
        made = made_up(seed, scarce=seed % 2 > 0)
        for cart in made.carts:
            receipt = kept_of(made, cart)
            if receipt is None:
                continue
            kept += 1
            apart += len(receipt.plan.parcels) > 1
            thin += not is_dense(columns_of(receipt.problem)[1].units)
            skus = {asked.variant.sku: asked.variant.id for asked in cart.lines}
            alike += len(skus) < len(cart.lines)
            for line in receipt.problem.lines:
                for candidate in line.candidates[::2]:
                    at = made.world.network.by_code[candidate.place]
                    made.survey.bar(skus[line.sku], at.id)
            for sent in receipt.plan.parcels:
                at = made.world.network.by_code[sent.place]
                day = made.world.days_at(cart.at).of(at.timetable)
                if day is not None:
                    made.world.use(at.id, day, sent.parcels)
    assert min(kept, apart, thin) > MANY
    assert alike > MANY // 3
