from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crosslane.orders.domain import (
    NOWHERE,
    ONWARD,
    Bucket,
    Buckets,
    Charge,
    IllegalMove,
    Move,
    Order,
    OrderLine,
    OrderState,
    Settlement,
    Stage,
    Stop,
    Sum,
    added_by,
    cancelling,
    earned,
    handed_over_units,
    is_settled,
    portion,
    settlement,
    status,
    worth,
)

THEN = datetime(2011, 1, 4, 9, 30, tzinfo=UTC)
STORE, DEPOT = UUID(int=1), UUID(int=2)
A = Stage.ALLOCATED


def order() -> Order:
    return Order(
        id=UUID(int=7),
        number="000001-Z",
        channel_id=UUID(int=8),
        channel="web",
        source_id="1",
        entity="MF",
        brand="MF",
        market="GB",
        currency="GBP",
        locale="en-GB",
        customer_id=None,
        ship_address_id=None,
        placed_at=THEN,
        recorded_at=THEN,
        service="standard",
    )


def line(quantity: int, net: int, tax: int = 0, *, position: int = 1) -> OrderLine:
    return OrderLine(
        id=uuid4(),
        position=position,
        parent_line_id=None,
        cause="cart",
        amendment_no=0,
        variant_id=UUID(int=9),
        sku="22423",
        title="REGENCY CAKESTAND 3 TIER",
        quantity=quantity,
        method="ship",
        store_id=None,
        unit_price_milli=0,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        tax_rate_bp=2000,
        tax_class="standard",
        jurisdiction="GB",
        promised_at=None,
    )


def shipping(net: int, tax: int) -> Charge:
    return Charge(
        id=uuid4(),
        order_id=UUID(int=7),
        kind="shipping",
        line_id=None,
        title="Delivery",
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        tax_rate_bp=2000,
        jurisdiction="GB",
        recorded_at=THEN,
    )


def state(
    lines: list[OrderLine],
    where: dict[int, list[tuple[UUID, Stage, int]]],
    *,
    charges: list[Charge] | None = None,
    stops: list[Stop] | None = None,
) -> OrderState:
    buckets = Buckets(
        Bucket(lines[n].id, *bucket) for n, theirs in where.items() for bucket in theirs
    )
    return OrderState(
        order=order(),
        lines=tuple(lines),
        charges=tuple(charges or ()),
        stops=tuple(stops or ()),
        buckets=buckets,
    )


def stop(kind: str) -> Stop:
    return Stop(
        id=uuid4(), order_id=UUID(int=7), kind=kind, reason="", raised_at=THEN, raised_by="system:x"
    )


@pytest.mark.parametrize(
    ("buckets", "stops", "word"),
    [
        ([(NOWHERE, Stage.OPEN, 4)], [], "backordered"),
        ([(DEPOT, A, 4)], ["payment"], "awaiting_payment"),
        ([(DEPOT, A, 4)], ["payment", "fraud"], "on_hold"),
        ([(DEPOT, A, 2), (NOWHERE, Stage.BACKORDERED, 2)], [], "confirmed"),
        ([(DEPOT, Stage.PICKED, 4)], [], "in_progress"),
        ([(DEPOT, Stage.HANDED_OVER, 1), (DEPOT, A, 3)], [], "partly_handed_over"),
        ([(DEPOT, Stage.HANDED_OVER, 1), (NOWHERE, Stage.CANCELLED, 3)], ["manual"], "handed_over"),
        ([(DEPOT, Stage.DELIVERED, 4)], [], "delivered"),
        ([(NOWHERE, Stage.CANCELLED, 4)], ["payment"], "cancelled"),
    ],
)
def test_status_is_derived_from_buckets_and_stops(buckets, stops, word):
    assert status(state([line(4, 400)], {0: buckets}, stops=[stop(k) for k in stops])) == word


def test_the_largest_order_ever_cancelled_gives_back_every_unit():
    huge = line(74_215, 7_718_360)
    buckets = Buckets(
        [Bucket(huge.id, DEPOT, A, 74_000), Bucket(huge.id, NOWHERE, Stage.OPEN, 215)]
    )
    for move in cancelling(buckets, huge.id, 74_215, "amendment:1"):
        buckets.move(move)
    assert buckets.units(huge.id, Stage.CANCELLED) == 74_215
    assert buckets.total(huge.id) == 74_215


def test_a_cancellation_takes_what_has_cost_the_least_work():
    it = line(10, 100)
    buckets = Buckets(
        [
            Bucket(it.id, DEPOT, Stage.PACKED, 3),
            Bucket(it.id, STORE, Stage.RELEASED, 3),
            Bucket(it.id, DEPOT, A, 2),
            Bucket(it.id, NOWHERE, Stage.BACKORDERED, 1),
            Bucket(it.id, DEPOT, Stage.HANDED_OVER, 1),
        ]
    )
    taken = cancelling(buckets, it.id, 5, "x")
    assert [(m.from_stage, m.quantity) for m in taken] == [
        (Stage.BACKORDERED, 1),
        (A, 2),
        (Stage.RELEASED, 2),
    ]
    assert sum(m.quantity for m in cancelling(buckets, it.id, 99, "x")) == 9


@pytest.mark.parametrize(
    ("from_stage", "to_stage", "to_location", "quantity"),
    [
        (A, Stage.PACKED, DEPOT, 1),
        (A, Stage.RELEASED, NOWHERE, 1),
        (A, Stage.OPEN, DEPOT, 1),
        (A, Stage.RELEASED, DEPOT, 3),
        (A, Stage.RELEASED, DEPOT, 0),
        (Stage.CANCELLED, Stage.OPEN, NOWHERE, 1),
    ],
)
def test_a_move_the_table_does_not_know_is_a_defect(from_stage, to_stage, to_location, quantity):
    it = uuid4()
    buckets = Buckets([Bucket(it, DEPOT, from_stage, 2)])
    with pytest.raises(IllegalMove):
        buckets.move(Move(it, DEPOT, from_stage, to_location, to_stage, quantity, "x"))


@given(
    st.integers(1, 5_000),
    st.integers(-(10**6), 10**6),
    st.integers(0, 10**5),
    st.lists(st.integers(1, 400), max_size=12),
)
def test_parts_of_a_line_add_up_to_the_whole(quantity, net, tax, steps):
    it = line(quantity, net, tax)
    done, total = 0, Sum()
    for step in [*steps, quantity]:
        units = min(step, quantity - done)
        total += added_by(it, done, units)
        done += units
    assert total == portion(it, quantity) == Sum(net, tax)


def test_delivery_is_due_with_the_first_parcel_and_falls_away_when_nothing_is_left():
    two = [line(2, 1000, 200), line(1, 500, 100, position=2)]
    first = state(
        two,
        {0: [(DEPOT, Stage.HANDED_OVER, 1), (DEPOT, A, 1)], 1: [(DEPOT, A, 1)]},
        charges=[shipping(300, 60)],
    )
    assert worth(first) == Sum(1800, 360)
    assert earned(first) == Sum(800, 160)
    assert settlement(first, 0, 2160) == Settlement(capture_minor=960)
    assert settlement(first, 0, 500) == Settlement(capture_minor=500)
    assert settlement(first, 960, 1200) == Settlement()
    gone = state(
        two,
        {0: [(NOWHERE, Stage.CANCELLED, 2)], 1: [(NOWHERE, Stage.CANCELLED, 1)]},
        charges=[shipping(300, 60)],
    )
    assert settlement(gone, 2160, 0) == Settlement(refund_minor=2160, closes=True)
    assert settlement(gone, 0, 2160) == Settlement(closes=True)


class OneLine(RuleBasedStateMachine):
    """Any legal walk of units through the stages keeps them all, and the money with them."""

    @initialize(
        quantity=st.integers(1, 40),
        net=st.integers(0, 9_999),
        tax=st.integers(0, 2_000),
        prepaid=st.booleans(),
    )
    def place(self, quantity: int, net: int, tax: int, prepaid: bool) -> None:
        self.line = line(quantity, net, tax)
        self.state = state([self.line], {0: [(NOWHERE, Stage.OPEN, quantity)]})
        self.authorized, self.kept, self.prepaid = self.line.gross_minor, 0, prepaid
        if prepaid:
            self.kept, self.authorized = self.authorized, 0
        self.settle()

    def settle(self) -> None:
        due = settlement(self.state, self.kept, self.authorized)
        assert not (due.capture_minor and due.refund_minor)
        self.authorized -= due.capture_minor
        self.kept += due.capture_minor - due.refund_minor

    @rule(data=st.data())
    def walk(self, data: st.DataObject) -> None:
        buckets = [b for b in self.state.buckets.of(self.line.id) if ONWARD[b.stage]]
        if not buckets:
            return
        bucket = data.draw(st.sampled_from(buckets))
        to_stage = data.draw(st.sampled_from(sorted(ONWARD[bucket.stage])))
        stays = bucket.location_id != NOWHERE
        placeless = to_stage in (Stage.OPEN, Stage.BACKORDERED, Stage.CANCELLED)
        where = NOWHERE if placeless else bucket.location_id if stays else DEPOT
        units = data.draw(st.integers(1, bucket.quantity))
        self.state.buckets.move(
            Move(self.line.id, bucket.location_id, bucket.stage, where, to_stage, units, "walk")
        )
        self.settle()

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "state"):
            return
        buckets = self.state.buckets
        assert buckets.total(self.line.id) == self.line.quantity
        due = worth(self.state) if self.prepaid else earned(self.state)
        assert self.kept == due.gross_minor
        if is_settled(self.state):
            assert worth(self.state) == earned(self.state)
            handed = handed_over_units(buckets, self.line.id)
            assert worth(self.state) == portion(self.line, handed)


TestOneLine = OneLine.TestCase
