"""What comes back is worth what was paid for it, to the last minor unit."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.kernel import Refusal
from crosslane.orders import errors
from crosslane.orders.domain import (
    NOWHERE,
    Bucket,
    Buckets,
    Charge,
    CreditLine,
    Move,
    NewCharge,
    OrderLine,
    OrderState,
    Planned,
    Returned,
    Stage,
    Sum,
    cancelling,
    credited,
    earned,
    kept_units,
    plan_credit,
    portion,
    remaining,
    returned_units,
    worth,
)
from crosslane.orders.domain.money import fallen_change
from tests.orders.test_domain import line, order, shipping

THEN = datetime(2011, 1, 3, 12, tzinfo=UTC)
PLACES = [UUID(int=n) for n in (1, 2, 3)]


class Folded:
    """An order without a database, changed as the services change it."""

    def __init__(self, lines: list[OrderLine], charges: list[Charge]) -> None:
        buckets = Buckets(Bucket(one.id, NOWHERE, Stage.OPEN, one.quantity) for one in lines)
        self.state = OrderState(
            order=order(), lines=tuple(lines), charges=tuple(charges), stops=(), buckets=buckets
        )

    def hand_over(self, line: OrderLine, quantity: int, at: UUID) -> None:
        quantity = min(quantity, self.state.buckets.units(line.id, Stage.OPEN))
        if quantity:
            move = Move(line.id, NOWHERE, Stage.OPEN, at, Stage.HANDED_OVER, quantity, "test")
            self.state.buckets.move(move)

    def cancel(self, line: OrderLine, quantity: int) -> None:
        before, units = remaining(self.state, line), kept_units(self.state, line)
        for move in cancelling(self.state.buckets, line.id, quantity, "test"):
            self.state.buckets.move(move)
        self.charge("price_change", line, fallen_change(self.state, line, before, units))

    def reprice(self, line: OrderLine, gross_each: int) -> None:
        if self.state.buckets.units(line.id, Stage.OPEN):
            gross = gross_each * kept_units(self.state, line)
            tax = round(gross * line.tax_rate_bp / (10_000 + line.tax_rate_bp))
            self.charge("price_change", line, Sum(gross - tax, tax) - remaining(self.state, line))

    def charge(self, kind: str, line: OrderLine, value: Sum, *, whole: bool = False) -> None:
        if value != Sum():
            charge = Charge(
                id=uuid4(),
                order_id=self.state.order.id,
                kind=kind,
                line_id=None if whole else line.id,
                title="",
                net_minor=value.net_minor,
                tax_minor=value.tax_minor,
                gross_minor=value.gross_minor,
                tax_rate_bp=line.tax_rate_bp,
                jurisdiction=line.jurisdiction,
                recorded_at=THEN,
            )
            self._replace(charges=(*self.state.charges, charge))

    def credit(self, planned: Planned) -> None:
        rows = [
            Returned(
                line_id=one.line.id,
                location_id=one.location_id,
                quantity=one.quantity,
                net_minor=one.value.net_minor,
                tax_minor=one.value.tax_minor,
                cause_kind="return",
                cause_id=uuid4(),
                occurred_at=THEN,
            )
            for one in planned.units
        ]
        self._replace(returned=(*self.state.returned, *rows))
        for part in planned.charges:
            of = self.state.by_id.get(part.line_id, self.state.lines[0])
            taxed = msgspec.structs.replace(
                of, tax_rate_bp=part.tax_rate_bp, jurisdiction=part.jurisdiction
            )
            self.charge(part.kind, taxed, part.value, whole=part.line_id is None)

    def _replace(self, **changes) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)


@st.composite
def lines(draw) -> OrderLine:
    rate = draw(st.sampled_from([0, 500, 1750, 2000]))
    gross = draw(st.integers(0, 5_000))
    tax = round(gross * rate / (10_000 + rate))
    made = line(draw(st.integers(1, 7)), gross - tax, tax)
    return msgspec.structs.replace(made, tax_rate_bp=rate)


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["hand", "hand", "credit", "credit", "cancel", "reprice", "appease", "sorry", "free"]
        ),
        st.integers(0, 1),
        st.integers(1, 4),
        st.sampled_from(PLACES),
    ),
    max_size=14,
)


DRAWN = given(st.lists(lines(), min_size=1, max_size=2), DEEDS)


@settings(max_examples=100)
@DRAWN
def test_whatever_happens_all_that_comes_back_is_all_that_was_paid(made, deeds):
    life = Folded(made, [shipping(333, 62)])
    for deed, number, quantity, place in deeds:
        one = made[number % len(made)]
        before = worth(life.state)
        match deed:
            case "hand":
                life.hand_over(one, quantity, place)
            case "cancel":
                life.cancel(one, quantity)
            case "reprice":
                life.reprice(one, quantity * 97)
            case "appease":
                asked = NewCharge("appeasement", "sorry", -quantity * 53, one.id)
                planned = plan_credit(life.state, [], [asked])
                left = remaining(life.state, one).gross_minor
                assert isinstance(planned, Refusal) == (quantity * 53 > left)
                if isinstance(planned, Planned):
                    life.credit(planned)
            case "sorry" | "free":
                kind = "appeasement" if deed == "sorry" else "shipping"
                asked = NewCharge(kind, "sorry", -quantity * 131)
                planned = plan_credit(life.state, [], [asked])
                if deed == "sorry" and any(kept_units(life.state, each) for each in made):
                    assert isinstance(planned, Refusal) == (quantity * 131 > before.gross_minor)
                if isinstance(planned, Planned):
                    assert planned.given.gross_minor == quantity * 131
                    life.credit(planned)
            case "credit":
                held = life.state.buckets.units(one.id, Stage.HANDED_OVER)
                held -= returned_units(life.state, one.id)
                planned = plan_credit(life.state, [CreditLine(one.id, quantity)], [])
                assert isinstance(planned, Refusal) == (quantity > held)
                if isinstance(planned, Planned):
                    assert planned.given.gross_minor >= 0
                    assert sum(back.quantity for back in planned.units) == quantity
                    life.credit(planned)
                    assert worth(life.state) == before - planned.given
        assert worth(life.state).gross_minor >= 0
        for each in made:
            assert remaining(life.state, each).gross_minor >= 0
    for one in made:
        life.cancel(one, one.quantity)
    assert worth(life.state) == earned(life.state)
    for one in made:
        while left := kept_units(life.state, one):
            planned = plan_credit(life.state, [CreditLine(one.id, min(left, 2))], [])
            assert isinstance(planned, Planned)
            life.credit(planned)
        assert remaining(life.state, one) == Sum()
    charged = [one for one in life.state.charges if one.line_id is None]
    left = sum(one.gross_minor for one in charged)
    assert worth(life.state).gross_minor in (0, left)
    assert left >= 0
    assert left == 395 or any(deed in ("sorry", "free") for deed, *_ in deeds)


test_whatever_happens_very_often = pytest.mark.soak(
    settings(max_examples=5_000)(
        DRAWN(test_whatever_happens_all_that_comes_back_is_all_that_was_paid.hypothesis.inner_test)
    )
)


@given(lines(), st.lists(st.integers(1, 3), max_size=6), st.integers(1, 7))
def test_units_come_back_for_what_they_were_sold_for(one, parts, handed):
    life = Folded([one], [])
    life.hand_over(one, handed, PLACES[0])
    handed = min(handed, one.quantity)
    paid = portion(one, handed)
    for part in parts:
        planned = plan_credit(life.state, [CreditLine(one.id, part)], [])
        if isinstance(planned, Planned):
            each = paid.gross_minor * part / handed
            assert abs(planned.given.gross_minor - each) <= 1.5
            life.credit(planned)
    if left := handed - returned_units(life.state, one.id):
        life.credit(plan_credit(life.state, [CreditLine(one.id, left)], []))
    assert credited(life.state, one.id) == paid


def test_the_sale_undone_is_that_of_the_place_with_most_units_left():
    one = line(6, 600, 120)
    life = Folded([one], [])
    for place, units in zip(PLACES, (1, 3, 2), strict=True):
        life.hand_over(one, units, place)
    planned = plan_credit(life.state, [CreditLine(one.id, 4)], [])
    assert [(back.location_id, back.quantity) for back in planned.units] == [
        (PLACES[1], 3),
        (PLACES[2], 1),
    ]
    life.credit(planned)
    planned = plan_credit(life.state, [CreditLine(one.id, 1)], [])
    assert [back.location_id for back in planned.units] == [PLACES[0]]
    named = plan_credit(life.state, [CreditLine(one.id, 1, PLACES[2])], [])
    assert [back.location_id for back in named.units] == [PLACES[2]]
    refused = plan_credit(life.state, [CreditLine(one.id, 1, PLACES[1])], [])
    assert isinstance(refused, errors.ReturnedAboveHandedOver)
    assert refused.details["left"] == 0


def test_units_asked_for_twice_in_one_credit_count_together():
    one = line(2, 100, 0)
    life = Folded([one], [])
    life.hand_over(one, 2, PLACES[0])
    twice = [CreditLine(one.id, 1), CreditLine(one.id, 1)]
    assert plan_credit(life.state, twice, []).given == Sum(100, 0)
    refused = plan_credit(life.state, [*twice, CreditLine(one.id, 1)], [])
    assert isinstance(refused, errors.ReturnedAboveHandedOver)


def test_charges_bear_the_tax_of_what_they_belong_to():
    low = msgspec.structs.replace(line(1, 1000, 50, position=2), tax_rate_bp=500)
    high = line(1, 1000, 200)
    life = Folded([high, low], [shipping(333, 62)])
    life.hand_over(high, 1, PLACES[0])
    life.hand_over(low, 1, PLACES[0])
    back = [CreditLine(high.id, 1), CreditLine(low.id, 1)]
    delivery = NewCharge("shipping", "Delivery", -395)
    planned = plan_credit(life.state, back, [delivery, NewCharge("fee", "Return", 300)])
    assert planned.given.gross_minor == 1200 + 1050 + 395 - 300
    found = [(c.kind, c.tax_rate_bp, c.value) for c in planned.charges]
    assert found == [
        ("shipping", 2000, Sum(-333, -62)),
        ("fee", 2000, Sum(133, 27)),
        ("fee", 500, Sum(133, 7)),
    ]
    more = plan_credit(life.state, back, [delivery, delivery])
    assert isinstance(more, errors.GivenBackAboveCharged)
    dear = plan_credit(life.state, back[:1], [NewCharge("fee", "Return", 1201)])
    assert isinstance(dear, errors.FeeAboveCredit)


@pytest.mark.parametrize("minor", [1, 100, 2250, 2300, 2645])
def test_an_appeasement_is_shared_over_the_goods_and_then_the_delivery(minor: int):
    low = msgspec.structs.replace(line(1, 1000, 50, position=2), tax_rate_bp=500)
    life = Folded([line(1, 1000, 200), low], [shipping(333, 62)])
    planned = plan_credit(life.state, [], [NewCharge("appeasement", "sorry", -minor)])
    assert planned.given.gross_minor == minor
    assert all(part.value.gross_minor < 0 for part in planned.charges)
    goods = [part for part in planned.charges if part.line_id is not None]
    assert -sum(part.value.gross_minor for part in goods) == min(minor, 2250)
    refused = plan_credit(life.state, [], [NewCharge("appeasement", "sorry", -2646)])
    assert isinstance(refused, errors.GivenBackAboveCharged)
    assert refused.details["left"] == 2645


def test_a_fee_of_a_line_is_given_back_once_also_when_the_line_was_repriced():
    one = line(2, 1000, 200)
    life = Folded([one], [])
    life.hand_over(one, 1, PLACES[0])
    life.reprice(one, 500)
    fee = NewCharge("fee", "Worn", 120, one.id)
    life.credit(plan_credit(life.state, [CreditLine(one.id, 1)], [fee]))
    (part,) = plan_credit(life.state, [], [NewCharge("fee", "Waived", -120)]).charges
    assert part.value == Sum(-100, -20)
    sorry = NewCharge("appeasement", "Sorry", -520)
    life.credit(plan_credit(life.state, [], [sorry]))
    refused = plan_credit(life.state, [], [NewCharge("fee", "Waived", -101)])
    assert isinstance(refused, errors.GivenBackAboveCharged)
    assert refused.details["left"] == 100


def test_a_bundle_comes_back_by_its_components():
    whole = msgspec.structs.replace(line(2, 200, 40), is_bundle=True)
    parts = [
        msgspec.structs.replace(line(4, 133, 27, position=2), parent_line_id=whole.id),
        msgspec.structs.replace(line(2, 67, 13, position=3), parent_line_id=whole.id),
    ]
    life = Folded(parts, [])
    life.state = msgspec.structs.replace(life.state, lines=(whole, *parts))
    for part in parts:
        life.hand_over(part, 9, PLACES[0])
    one = plan_credit(life.state, [CreditLine(whole.id, 1)], [])
    assert [(b.line.id, b.quantity) for b in one.units] == [(parts[0].id, 2), (parts[1].id, 1)]
    life.credit(one)
    rest = plan_credit(life.state, [CreditLine(whole.id, 1)], [])
    assert one.given + rest.given == Sum(200, 40)
