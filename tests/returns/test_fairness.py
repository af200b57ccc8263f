"""What a location gets for taking back what others had sold, and why sometimes nothing."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crosslane.returns.domain.fairness import Given, HandlingPolicy, Work, decide_handling
from crosslane.returns.events import SettledLine

STORE, OTHER, WAREHOUSE, MUG = (UUID(int=n) for n in range(1, 5))
POLICY = HandlingPolicy(return_minor=100, unit_minor=10, percent_bp=500)


def line(quantity: int = 1, net_minor: int = 1000, *, sold_at=WAREHOUSE, received_at=STORE):
    return SettledLine(
        order_line_id=MUG,
        variant_id=MUG,
        sku="MUG",
        sold_at=sold_at,
        received_at=received_at,
        quantity=quantity,
        net_minor=net_minor,
        tax_minor=0,
        tax_rate_bp=0,
        jurisdiction="GB",
    )


def work(*lines: SettledLine, over_the_counter: bool = False, group: str = "") -> Work:
    return Work(
        location_id=STORE,
        over_the_counter=over_the_counter,
        lines=lines,
        customer_group=group,
    )


@pytest.mark.parametrize(
    ("policy", "lines", "minor"),
    [
        (HandlingPolicy(return_minor=100), (line(), line(3)), 100),
        (HandlingPolicy(unit_minor=10), (line(), line(3)), 40),
        (HandlingPolicy(percent_bp=500), (line(net_minor=990), line(net_minor=20)), 51),
        (POLICY, (line(2, 2000),), 220),
    ],
)
def test_the_policy_says_what_the_work_is_worth(policy, lines, minor):
    decided = decide_handling(policy, work(*lines), Given())
    assert (decided.minor, decided.wanted_minor, decided.reason) == (minor, minor, "")


@pytest.mark.parametrize(
    ("done", "reason"),
    [
        (structs.replace(work(line()), location_id=None), "nothing_came"),
        (work(line(received_at=None)), "nothing_came"),
        (structs.replace(work(line()), store=False), "no_store"),
        (work(line(sold_at=None)), "seller_unknown"),
        (work(line(sold_at=STORE), over_the_counter=True), "own_sale"),
        (work(line(), group="staff"), "staff_purchase"),
        (structs.replace(work(line()), bought_by_staff=True), "staff_purchase"),
    ],
)
def test_no_work_for_another_is_worth_nothing(done, reason):
    decided = decide_handling(POLICY, done, Given())
    assert (decided.minor, decided.reason) == (0, reason)


def test_without_a_policy_nothing_is_agreed():
    assert decide_handling(HandlingPolicy(), work(line()), Given()).reason == "nothing_agreed"


def test_what_the_store_sent_for_the_web_shop_is_not_its_own_sale():
    assert decide_handling(POLICY, work(line(sold_at=STORE)), Given()).minor == 160


def test_another_stores_counter_sale_is_credited_and_the_own_part_is_not():
    mixed = work(line(sold_at=OTHER), line(sold_at=STORE), over_the_counter=True)
    assert decide_handling(POLICY, mixed, Given()).minor == 160


def test_a_return_that_is_settled_in_parts_is_one_return():
    assert decide_handling(POLICY, work(line()), Given(of_return=True)).minor == 60


@pytest.mark.parametrize(
    ("caps", "before", "minor", "reason"),
    [
        ({"store_day_minor_max": 1000}, Given(900), 100, "store_day_cap"),
        ({"store_day_minor_max": 1000}, Given(1200), 0, "store_day_cap"),
        ({"customer_minor_max": 300}, Given(0, 200), 100, "customer_cap"),
        ({"customer_minor_max": 300, "store_day_minor_max": 50}, Given(), 50, "store_day_cap"),
        ({"customer_minor_max": 160}, Given(), 160, ""),
    ],
)
def test_caps_say_so_when_they_hold(caps, before, minor, reason):
    policy = structs.replace(POLICY, **caps)
    decided = decide_handling(policy, work(line()), before)
    assert (decided.wanted_minor, decided.minor, decided.reason) == (160, minor, reason)


amounts = st.integers(0, 500)
lines = st.builds(
    line,
    st.integers(1, 5),
    st.integers(0, 5000),
    sold_at=st.sampled_from([STORE, OTHER, WAREHOUSE, None]),
    received_at=st.sampled_from([STORE, None]),
)


@given(
    st.builds(HandlingPolicy, return_minor=amounts, unit_minor=amounts, percent_bp=amounts),
    st.lists(st.lists(lines, max_size=3), max_size=20),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.booleans(),
)
def test_no_run_of_returns_gets_past_a_cap(policy, returns, of_day, of_customer, counter):
    policy = structs.replace(policy, store_day_minor_max=of_day, customer_minor_max=of_customer)
    given_minor = 0
    for came in returns:
        done = work(*came, over_the_counter=counter)
        decided = decide_handling(policy, done, Given(given_minor, given_minor))
        assert 0 <= decided.minor <= decided.wanted_minor
        assert (decided.reason == "") == (decided.minor == decided.wanted_minor > 0)
        given_minor += decided.minor
    assert given_minor <= min(of_day, of_customer)
