"""What makes a return wait for a person, kind by kind; every score is the sum of its reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.returns import Abuse, Finding, Past, Trait, weigh
from crosslane.returns.domain.abuse import Kind
from crosslane.returns.domain.abuse_policy import Limits, SerialReturner, StaffLoop

NOON = datetime(2011, 3, 7, 12, tzinfo=UTC)
ADA, BOB = UUID(int=1), UUID(int=2)
OXFORD, LEEDS, YORK = UUID(int=11), UUID(int=12), UUID(int=13)
USUAL = Abuse()
KINDS = get_args(Kind)


def trait(number: int = 0, *, days_ago: float = 0, held_days: float = 10, **told: Any) -> Trait:
    """A return of one article by Ada."""
    at = NOON - timedelta(days=days_ago)
    usual = {
        "return_id": UUID(int=1000 + number),
        "at": at,
        "sold_at": at - timedelta(days=held_days),
        "customer": ADA,
        "receipt": f"R{number}",
        "minor": 5_000,
        "receipt_minor": 5_000,
        "units": {f"SKU-{number}": 1},
    }
    return Trait(**(usual | told))


def found(now: Trait, past: Past, kind: str, policy: Abuse = USUAL) -> Finding | None:
    return next((one for one in weigh(now, past, policy) if one.kind == kind), None)


def reasons(finding: Finding | None) -> dict[str, int]:
    return {reason.name: reason.points for reason in finding.reasons} if finding else {}


def test_a_first_return_is_never_suspicious():
    worn = trait(worn_minor=5_000, cash=True, credited=True, location=OXFORD, kept_nothing=True)
    assert weigh(worn, Past(bought_minor=5_000), USUAL) == []


def test_who_returns_everything_is_a_serial_returner():
    earlier = [trait(n, days_ago=20 * n, kept_nothing=True) for n in range(9, 0, -1)]
    now = trait(kept_nothing=True)
    finding = found(now, Past(person=earlier, bought_minor=45_000), "serial_returner")
    assert finding is not None
    assert finding.held
    assert reasons(finding) == {"share": 80, "nothing_kept": 60, "often": 10}
    assert finding.reasons[0].figures == {
        "returned_minor": 50_000,
        "bought_minor": 50_000,
        "share_bp": 10_000,
    }


def test_who_keeps_one_of_three_is_none():
    earlier = [trait(n, days_ago=10 * n, minor=10_000) for n in range(20, 0, -1)]
    past = Past(person=earlier, bought_minor=21 * 15_000)
    assert found(trait(minor=10_000), past, "serial_returner") is None


def test_what_the_retailer_is_to_blame_for_is_not_counted():
    faulty = {"faulty_minor": 5_000, "kept_nothing": True}
    earlier = [trait(n, days_ago=20 * n, **faulty) for n in range(9, 0, -1)]
    assert (
        found(trait(**faulty), Past(person=earlier, bought_minor=50_000), "serial_returner") is None
    )


def test_the_third_worn_return_over_a_weekend_waits():
    def worn(number: int, days_ago: int) -> Trait:
        return trait(number, days_ago=days_ago, held_days=4, worn_minor=5_000)

    earlier = [worn(1, 70), worn(2, 35)]
    assert weigh(worn(2, 35), Past(person=earlier[:1]), USUAL) == []
    finding = found(worn(0, 0), Past(person=earlier), "wardrobing")
    assert reasons(finding) == {"worn_before": 50, "worn": 40, "one_occasion": 30}


def test_worn_returns_among_many_others_are_bad_luck():
    earlier = [
        trait(n, days_ago=n, worn_minor=5_000 if n in (3, 9) else 0) for n in range(20, 0, -1)
    ]
    assert found(trait(worn_minor=5_000), Past(person=earlier), "wardrobing") is None


def test_more_units_than_a_receipt_has_wait_wherever_they_come():
    receipt = {"receipt": "R", "units": {"LAMP": 1}, "customer": None}
    earlier = [trait(1, days_ago=3, location=LEEDS, **receipt)]
    now = trait(location=OXFORD, cash=True, **receipt)
    assert weigh(now, Past(receipt=earlier, sold={"LAMP": 2}), USUAL) == []
    finding = found(now, Past(receipt=earlier, sold={"LAMP": 1}), "receipt_reuse")
    assert reasons(finding) == {"beyond_sold": 100, "cash_for_other": 20, "other_places": 15}


def test_a_receipt_nobody_can_look_up_serves_twice_at_one_place_not_at_two():
    receipt = {"receipt": "OLD-7", "units": {"LAMP": 1}, "customer": None, "cash": True}
    earlier = [trait(1, days_ago=3, location=LEEDS, **receipt)]
    same = trait(location=LEEDS, **receipt)
    assert weigh(same, Past(receipt=earlier), USUAL) == []
    other = [*earlier, trait(2, days_ago=2, location=YORK, **receipt)]
    assert found(trait(location=OXFORD, **receipt), Past(receipt=other), "receipt_reuse")


def test_presents_of_one_receipt_come_back_from_several_people_and_towns():
    earlier = [
        trait(n, receipt="GIFT", customer=UUID(int=50 + n), location=place, cash=True)
        for n, place in ((1, LEEDS), (2, YORK), (3, OXFORD))
    ]
    now = trait(receipt="GIFT", customer=None, location=OXFORD, cash=True)
    sold = {f"SKU-{n}": 1 for n in range(4)}
    assert weigh(now, Past(receipt=earlier, sold=sold), USUAL) == []


def hollow(number: int, days_ago: float, seller: str = "A", taker: str = "B", **told: Any) -> Trait:
    """A sale to nobody that came back the next day, for cash."""
    usual = {"customer": None, "cash": True, "sold_by": seller, "taken_by": taker}
    return trait(number, days_ago=days_ago, held_days=1, **(usual | told))


def test_hollow_returns_between_the_same_two_wait_beyond_what_chance_explains():
    earlier = [hollow(n, 10 * n) for n in (5, 4, 3, 2)]
    finding = found(hollow(0, 0), Past(pair=earlier), "staff_loop")
    assert reasons(finding) == {"same_two": 75, "hollow": 25}
    both = [hollow(n, 10 * n, "B", "A") for n in (5, 4, 3, 2)]
    assert reasons(found(hollow(0, 0), Past(pair=both), "staff_loop"))["both_ways"] == 20


def test_a_store_with_one_member_of_staff_has_hollow_returns_by_chance():
    usual = [trait(n, days_ago=1 + n / 2, sold_by="A", taken_by="A") for n in range(100, 4, -1)]
    some = [hollow(n, n, "A", "A") for n in (4, 3, 2, 1)]
    assert weigh(hollow(0, 0, "A", "A"), Past(pair=[*usual, *some]), USUAL) == []


def test_strangers_between_two_do_no_harm_and_colleagues_do():
    earlier = [hollow(n, 10 * n, customer=BOB) for n in (5, 4, 3, 2, 1)]
    assert weigh(hollow(0, 0, customer=BOB), Past(pair=earlier), USUAL) == []
    member = hollow(0, 0, customer=BOB, buyer_staff="C")
    earlier = [hollow(n, 10 * n, customer=BOB, buyer_staff="C") for n in (5, 4, 3, 2, 1)]
    assert found(member, Past(pair=earlier), "staff_loop")


def test_nobody_takes_back_their_own_purchase():
    own = hollow(0, 0, "A", "A", buyer_staff="A", customer=ADA)
    assert reasons(found(own, Past(), "staff_loop")) == {
        "own_purchase": 60,
        "hollow": 25,
        "own_sale": 20,
    }


def test_an_order_brought_in_many_visits_waits():
    visit = {"receipt": "R", "location": OXFORD, "credited": True, "minor": 900, "taken_by": "A"}
    earlier = [trait(n, days_ago=n, **visit) for n in (5, 4, 3, 2)]
    assert weigh(trait(**visit), Past(receipt=earlier[3:], person=earlier[1:]), USUAL) == []
    finding = found(trait(**visit), Past(receipt=earlier, person=earlier), "credit_farming")
    assert reasons(finding) == {"split": 90, "same_hands": 20, "same_person": 20}
    past = Past(receipt=earlier, person=earlier, store_returns=11)
    assert reasons(found(trait(**visit), past, "credit_farming"))["few_people"] == 30


def test_returns_without_a_credit_farm_nothing():
    visit = {"receipt": "R", "location": OXFORD, "minor": 900, "taken_by": "A"}
    earlier = [trait(n, days_ago=n, **visit) for n in range(9, 0, -1)]
    assert weigh(trait(**visit), Past(receipt=earlier, person=earlier), USUAL) == []


def test_a_card_of_many_customers_is_nobodys():
    def past(customers: int) -> Past:
        earlier = [
            trait(n, days_ago=n, customer=UUID(int=100 + n), card="house", kept_nothing=True)
            for n in range(customers, 0, -1)
        ]
        return Past(person=earlier, bought_minor=5_000 * customers)

    now = trait(card="house", kept_nothing=True)
    assert found(now, past(USUAL.card_people_max - 1), "serial_returner")
    assert found(now, past(USUAL.card_people_max), "serial_returner") is None


def test_a_policy_may_only_note_or_exempt_small_amounts():
    earlier = [hollow(n, 10 * n) for n in (5, 4, 3, 2)]
    past = Past(pair=earlier)
    noted = msgspec.structs.replace(USUAL, staff_loop=StaffLoop(held=False))
    finding = found(hollow(0, 0), past, "staff_loop", noted)
    assert finding is not None
    assert not finding.held
    small = found(hollow(0, 0, minor=1_999), past, "staff_loop")
    assert small is not None
    assert not small.held


def test_what_a_person_has_cleared_does_not_wait_again_for_a_while():
    def past(days_ago: int) -> Past:
        cleared = frozenset({"serial_returner"})
        earlier = [trait(n, days_ago=days_ago + n, kept_nothing=True) for n in range(9, 1, -1)]
        last = trait(1, days_ago=days_ago, kept_nothing=True, cleared=cleared)
        return Past(person=[*earlier, last], bought_minor=45_000)

    now = trait(kept_nothing=True)
    days = SerialReturner().trust_days
    trusted, doubted = (found(now, past(ago), "serial_returner") for ago in (days - 1, days + 1))
    assert trusted is not None
    assert not trusted.held
    assert doubted is not None
    assert doubted.held


def test_an_earlier_return_beyond_the_window_is_forgotten():
    earlier = [hollow(n, StaffLoop().window_days + 10 * n) for n in (5, 4, 3, 2)]
    assert weigh(hollow(0, 0), Past(pair=earlier), USUAL) == []


traits = st.builds(
    trait,
    st.integers(0, 50),
    days_ago=st.floats(0, 400),
    held_days=st.floats(0, 40),
    customer=st.sampled_from([ADA, BOB, None]),
    card=st.sampled_from(["", "one", "two"]),
    receipt=st.sampled_from(["", "R1", "R2"]),
    sold_by=st.sampled_from(["", "A", "B"]),
    taken_by=st.sampled_from(["", "A", "B"]),
    buyer_staff=st.sampled_from(["", "A"]),
    location=st.sampled_from([None, OXFORD, LEEDS]),
    credited=st.booleans(),
    cash=st.booleans(),
    minor=st.integers(0, 100_000),
    worn_minor=st.sampled_from([0, 100_000]),
    kept_nothing=st.booleans(),
)
pasts = st.builds(
    Past,
    person=st.lists(traits, max_size=12),
    bought_minor=st.integers(0, 1_000_000),
    receipt=st.lists(traits, max_size=6),
    sold=st.none()
    | st.dictionaries(st.sampled_from([f"SKU-{n}" for n in range(9)]), st.integers(1, 3)),
    pair=st.lists(traits, max_size=12),
    store_returns=st.integers(0, 50),
)
everything = Abuse(
    **{name: msgspec.structs.replace(getattr(USUAL, name), hold_at=1) for name in KINDS}
)


@given(traits, pasts)
def test_a_score_is_the_sum_of_reasons_and_stricter_bounds_find_no_less(now: Trait, past: Past):
    all_of_it = {one.kind: one for one in weigh(now, past, everything)}
    for one in all_of_it.values():
        assert one.score == sum(reason.points for reason in one.reasons) >= one.hold_at
        assert all(reason.points > 0 and reason.figures for reason in one.reasons)
    for one in weigh(now, past, USUAL):
        assert one.score == all_of_it[one.kind].score >= USUAL.serial_returner.hold_at


@given(traits, pasts, st.permutations(range(12)))
def test_the_order_in_which_the_past_is_told_does_not_matter(now: Trait, past: Past, order):
    shuffled = Past(
        person=[past.person[n] for n in order if n < len(past.person)],
        bought_minor=past.bought_minor,
        receipt=[past.receipt[n] for n in order if n < len(past.receipt)],
        sold=past.sold,
        pair=[past.pair[n] for n in order if n < len(past.pair)],
        store_returns=past.store_returns,
    )
    assert weigh(now, shuffled, everything) == weigh(now, past, everything)


@pytest.mark.parametrize("name", KINDS)
def test_no_reason_of_one_kind_alone_holds_but_the_strong_ones(name: str):
    rule: Limits = getattr(USUAL, name)
    points = {
        field: getattr(rule, field)
        for field in rule.__struct_fields__
        if field.endswith(("_points", "_most"))
    }
    alone = {field for field, most in points.items() if most >= rule.hold_at}
    assert alone <= {"beyond_points", "again_most", "pair_most"}
