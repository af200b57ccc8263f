"""What is told of a cart's ways is what a plan of each of them comes to."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.sourcing.made_up import MadeUp, made_up

from crosslane.kernel import Refusal
from crosslane.sourcing.domain import Cart, SourcingRequest
from crosslane.sourcing.domain.alone import Alone
from crosslane.sourcing.domain.building import line_key, route_of
from crosslane.sourcing.domain.carriage import counted
from crosslane.sourcing.domain.glance import Glance
from crosslane.sourcing.domain.planning import plan, plan_of_order
from crosslane.sourcing.domain.sourcing import foresee, question_of
from crosslane.sourcing.domain.ways import Way, way_of
from crosslane.sourcing.domain.world import Route

MANY = 30


def closely(made: MadeUp, request: SourcingRequest) -> Way | None:
    """What a plan of a request comes to, that is made for it alone."""
    try:
        route = route_of(made.world, request)
    except Refusal:
        return None
    problem = question_of(made.world, request, made.survey, route).problem
    found = foresee(made.world, request, route, plan(problem))
    lines = {line_key(number): line.variant for number, line in enumerate(request.lines)}
    return way_of(made.world, made.survey, lines, found)


def looked_at(made: MadeUp) -> Counter[str]:
    """See that every way of every cart is told as its plan has it; return how many there were."""
    told: Counter[str] = Counter()
    for request in made.carts:
        cart = Cart(made.world, request, made.survey)
        ways = {service.code: way for service, way in cart.deliveries()}
        for service in made.world.book.services():
            way = closely(made, replace(request, service=service.code))
            assert ways.get(service.code) == way
            told["ship"] += way is not None
        for store in made.world.network.all:
            for method in ("pickup", "ship_to_store"):
                if store.can(method):
                    way = closely(made, replace(request, store=store, method=method))
                    assert cart.fetched(store, method) == way
                    told[method] += way is not None
    return told


@settings(max_examples=50)
@given(st.integers(min_value=0, max_value=10**6), st.booleans())
def test_ways_are_told_as_their_plans_have_them(seed: int, scarce: bool):
    looked_at(made_up(seed, scarce=scarce))


def test_ways_are_told_of_places_whose_days_are_full():
    told: Counter[str] = Counter()
    for seed in range(MANY // 3):
        made = made_up(seed)
        for at in made.world.network.all:
            day = made.world.days_at(made.carts[0].at).of(at.timetable)
            if at.parcels_per_day is not None and day is not None:
                made.world.use(at.id, day, at.parcels_per_day)
        told += looked_at(made)
    assert min(told.values()) > MANY


def sent(made: MadeUp) -> Iterator[tuple[Glance, SourcingRequest, Route]]:
    """Every cart with every way on which it could be sent."""
    for cart in made.carts:
        glance = Glance(made.world, cart, made.survey)
        services = [replace(cart, service=each.code) for each in made.world.book.services()]
        stores = [
            replace(cart, store=at, method="ship_to_store")
            for at in made.world.network.all
            if at.can("ship_to_store")
        ]
        for request in services + stores:
            try:
                yield glance, request, route_of(made.world, request)
            except Refusal:
                continue


def test_a_place_that_sends_everything_is_often_enough():
    """And costs what a plan costs, whatever a second parcel or a missing unit costs."""
    enough: Counter[str] = Counter()
    for seed in range(9 * MANY):
        for glance, request, route in sent(made_up(seed)):
            order = glance.sent(request, route)
            if order is None or route.tariff is None or not Alone.sends(order):
                continue
            cost = Alone(order).sent_milli(counted(route.tariff, glance.settings))
            if cost is None:
                enough["closely"] += 1
                continue
            enough[request.method] += 1
            told = plan_of_order(glance.problem(request, route.tariff), order)
            assert (told.sent_milli, told.unfilled) == (cost, ())
            assert [parcel.place for parcel in told.parcels] == [Alone(order).code]
    assert min(enough["ship"], enough["ship_to_store"], enough["closely"]) > MANY // 2


def test_goods_that_lie_in_a_store_are_often_seen_there_at_once():
    seen = 0
    for seed in range(MANY):
        made = made_up(seed)
        for cart in made.carts:
            glance = Glance(made.world, cart, made.survey)
            seen += sum(
                glance.lying_whole(at, cart.at) is not None
                for at in made.world.network.all
                if at.can("pickup")
            )
    assert seen > MANY
