"""Decisions over a sheet, case by case."""

from datetime import timedelta
from uuid import UUID

import pytest

from crosslane.inventory.domain import demand, holds, supply
from crosslane.inventory.domain.costs import Cost, moving_average
from crosslane.inventory.domain.position import Baseline, Condition, KeptBack, Reason, Reserves
from crosslane.inventory.domain.sheet import HeldBy, net_allocations
from crosslane.inventory.domain.survey import KEPT_PLACES_MAX, Survey, VariantStock
from crosslane.inventory.errors import (
    ExpiryInPast,
    ExpiryTooFar,
    GroupRefused,
    HoldEnded,
    HoldExpired,
    HoldNotFound,
    HoldTooSmall,
    NotAllocated,
    OutOfStock,
    StaleFence,
)
from tests.inventory.stock import (
    BOWL,
    FRANCHISEE,
    LEEDS,
    MINUTE,
    MUG,
    NOON,
    RETAILER,
    STORES,
    YORK,
    confirm,
    hold_wish,
    let_go,
    named,
    order,
    position,
    sheet,
    snapshot,
    wish,
)


@pytest.mark.parametrize(
    ("on_hand", "allocated", "held", "own_safety", "kept", "expected"),
    [
        (10, 0, {}, None, KeptBack(), 10),
        (10, 3, {MINUTE + 1: 2}, None, KeptBack(), 5),
        (10, 3, {MINUTE: 2}, None, KeptBack(), 7),
        (10, 0, {}, None, KeptBack(safety_units=4), 6),
        (10, 0, {}, 1, KeptBack(safety_units=4), 9),
        (10, 0, {}, 1, KeptBack(safety_units=4, fenced_units=3), 6),
        (2, 5, {}, None, KeptBack(), -3),
    ],
)
def test_available_to_promise(on_hand, allocated, held, own_safety, kept, expected):
    mugs = position(on_hand, allocated=allocated, held=held, safety_stock=own_safety)
    stock = sheet(mugs, reserves=Reserves(lambda variant, location, channel: kept))
    assert stock.available(MUG, LEEDS) == expected


def test_an_allocation_takes_all_or_nothing():
    mugs = position(5)
    stock = sheet(mugs)
    assert isinstance(demand.allocate(stock, wish(3)), demand.Allocated)
    refused = demand.allocate(stock, wish(3, cause=order("B")))
    assert isinstance(refused, OutOfStock)
    assert refused.details["available"] == 2
    assert (mugs.on_hand, mugs.allocated, len(stock.movements)) == (5, 3, 1)


def test_what_was_never_stocked_is_out_of_stock():
    assert isinstance(demand.allocate(sheet(), wish(1)), OutOfStock)


def test_the_locations_own_stock_goes_first():
    consignment = position(10, owner=FRANCHISEE)
    own = position(4, cost=700)
    stock = sheet(consignment, own)
    taken = demand.allocate(stock, wish(6))
    assert [(s.owner_id, s.quantity, s.unit_cost_milli) for s in taken.slices] == [
        (RETAILER, 4, 700),
        (FRANCHISEE, 2, None),
    ]
    shipped = demand.ship(stock, demand.Shipment(
        variant_id=MUG, location_id=LEEDS, quantity=6, cause=order("A")
    ))  # fmt: skip
    assert [s.quantity for s in shipped.slices] == [4, 2]
    assert (own.on_hand, own.allocated, consignment.on_hand, consignment.allocated) == (0, 0, 8, 0)


def test_a_group_is_taken_whole_or_not_at_all():
    mugs, bowls = position(5), position(1, variant=BOWL)
    stock = sheet(mugs, bowls)
    answers = demand.decide_in_groups(
        stock,
        [
            wish(2, group=named("A")),
            wish(4, cause=order("B")),
            wish(2, variant=BOWL, cause=order("A", "2"), group=named("A")),
        ],
        demand.allocate,
    )
    assert [type(a) for a in answers] == [GroupRefused, demand.Allocated, OutOfStock]
    assert (mugs.allocated, bowls.allocated) == (4, 0)
    assert [m.movement_no for m in stock.movements] == [1]


def test_a_demand_gives_back_only_what_it_has():
    stock = sheet(position(5))
    demand.allocate(stock, wish(3))
    too_many = demand.Release(variant_id=MUG, location_id=LEEDS, quantity=4, cause=order("A"))
    assert isinstance(demand.release(stock, too_many), NotAllocated)
    stranger = demand.Release(variant_id=MUG, location_id=LEEDS, quantity=1, cause=order("B"))
    assert isinstance(demand.release(stock, stranger), NotAllocated)
    part = demand.Release(variant_id=MUG, location_id=LEEDS, quantity=2, cause=order("A"))
    assert isinstance(demand.release(stock, part), demand.Allocated)
    assert stock.available(MUG, LEEDS) == 4


def test_a_transfer_changes_the_demand_and_not_the_counters():
    mugs = position(5)
    stock = sheet(mugs)
    demand.allocate(stock, wish(3))
    passed = demand.Transfer(
        variant_id=MUG, location_id=LEEDS, quantity=2, cause=order("A"), to=order("B")
    )
    assert isinstance(demand.transfer(stock, passed), demand.Allocated)
    assert mugs.allocated == 3
    net = net_allocations(stock.movements)
    assert {cause.id: units for cause, units in net.values()} == {named("A"): 1, named("B"): 2}


def test_a_sale_over_the_counter_may_take_what_was_promised():
    mugs = position(5)
    stock = sheet(mugs)
    demand.allocate(stock, wish(5))
    demand.ship(stock, demand.Shipment(
        variant_id=MUG, location_id=LEEDS, quantity=2, cause=order("till")
    ))  # fmt: skip
    assert (mugs.on_hand, mugs.allocated) == (3, 5)
    assert [(s.position_id, s.units) for s in stock.shortages()] == [(mugs.id, 2)]
    assert isinstance(demand.allocate(stock, wish(1, cause=order("B"))), OutOfStock)


def test_a_fact_may_take_on_hand_below_zero():
    mugs = position(1)
    stock = sheet(mugs)
    demand.ship(stock, demand.Shipment(
        variant_id=MUG, location_id=LEEDS, quantity=3, cause=order("till")
    ))  # fmt: skip
    assert mugs.on_hand == -2
    assert stock.shortages() == []


def test_undo_leaves_no_trace():
    mugs = position(9, cost=100)
    stock = sheet(mugs, costs={(MUG, RETAILER): Cost(9, 100, 4)})
    before = (mugs.on_hand, mugs.allocated, mugs.held, mugs.movement_no)
    mark = stock.mark()
    demand.allocate(stock, wish(2))
    holds.hold(stock, hold_wish(3))
    supply.receive(stock, supply.Receipt(
        variant_id=MUG, location_id=LEEDS, quantity=9, cause=order("po"), unit_cost_milli=300
    ))  # fmt: skip
    stock.undo(mark)
    assert (mugs.on_hand, mugs.allocated, mugs.held, mugs.movement_no) == before
    assert (stock.movements, stock.cost_changes, stock.holds) == ([], [], {})
    assert stock.costs[MUG, RETAILER] == Cost(9, 100, 4)
    assert set(stock.slices.values()) <= {0}


class TestHolds:
    def test_life_in_parts(self):
        mugs = position(10)
        stock = sheet(mugs)
        taken = holds.hold(stock, hold_wish(6))
        assert (taken.quantity, taken.fence, taken.expires_minute) == (6, 1, MINUTE + 10)
        assert stock.available(MUG, LEEDS) == 4
        assert isinstance(confirm(stock, taken, 2), demand.Allocated)
        assert stock.holds[taken.id].quantity == 4
        assert isinstance(confirm(stock, taken, 5), HoldTooSmall)
        assert isinstance(confirm(stock, taken, 4), demand.Allocated)
        assert stock.holds[taken.id].state == "confirmed"
        assert isinstance(confirm(stock, taken, 1), HoldEnded)
        assert (mugs.allocated, mugs.held) == (6, {})

    def test_an_extension_makes_the_older_number_useless(self):
        stock = sheet(position(10))
        taken = holds.hold(stock, hold_wish(6))
        longer = holds.extend(
            stock,
            holds.Extension(hold_id=taken.id, fence=1, expires_at=NOON + timedelta(hours=1)),
        )
        assert (longer.fence, longer.expires_minute) == (2, MINUTE + 60)
        assert isinstance(confirm(stock, taken, 1), StaleFence)
        assert isinstance(confirm(stock, longer, 1), demand.Allocated)

    def test_release_frees_at_once(self):
        stock = sheet(position(10))
        taken = holds.hold(stock, hold_wish(6))
        assert let_go(stock, taken).state == "released"
        assert stock.available(MUG, LEEDS) == 10
        assert isinstance(let_go(stock, taken), HoldEnded)

    def test_an_expired_hold_takes_anew_or_is_refused(self):
        mugs = position(6)
        early = sheet(mugs)
        taken = holds.hold(early, hold_wish(6))
        late = sheet(mugs, now=NOON + timedelta(minutes=10), holds=(taken,))
        assert late.lapsed == {mugs.id}
        assert isinstance(confirm(late, taken, 4), demand.Allocated)
        assert (late.holds[taken.id].quantity, late.holds[taken.id].state) == (2, "expired")
        assert isinstance(demand.allocate(late, wish(1, cause=order("B"))), demand.Allocated)
        refused = confirm(late, taken, 2)
        assert isinstance(refused, HoldExpired)
        assert refused.details["available"] == 1

    def test_an_expired_hold_can_be_extended_while_its_stock_is_free(self):
        mugs = position(6)
        early = sheet(mugs)
        taken = holds.hold(early, hold_wish(6))
        late = sheet(mugs, now=NOON + timedelta(minutes=10), holds=(taken,))
        again = holds.Extension(hold_id=taken.id, fence=1, expires_at=NOON + timedelta(minutes=30))
        mark = late.mark()
        assert holds.extend(late, again).state == "active"
        late.undo(mark)
        demand.allocate(late, wish(1))
        assert isinstance(holds.extend(late, again), HoldExpired)

    def test_facts_may_eat_what_was_held(self):
        mugs = position(6)
        stock = sheet(mugs)
        taken = holds.hold(stock, hold_wish(6))
        supply.adjust(stock, supply.Adjustment(
            variant_id=MUG, location_id=LEEDS, delta=-4, code="damaged", cause=order("x")
        ))  # fmt: skip
        assert isinstance(confirm(stock, taken, 3), OutOfStock)
        assert isinstance(confirm(stock, taken, 2), demand.Allocated)

    def test_a_till_uses_up_its_lease_with_what_it_sold(self):
        mugs = position(6)
        stock = sheet(mugs)
        lease = holds.hold(stock, hold_wish(4))
        demand.ship(stock, demand.Shipment(
            variant_id=MUG, location_id=LEEDS, quantity=5, cause=order("till"), hold_id=lease.id
        ))  # fmt: skip
        assert (mugs.on_hand, mugs.held) == (1, {})
        assert stock.holds[lease.id].state == "confirmed"

    @pytest.mark.parametrize(
        ("minutes", "refusal"),
        [(0, ExpiryInPast), (-5, ExpiryInPast), (8 * 24 * 60, ExpiryTooFar)],
    )
    def test_an_expiry_lies_ahead_and_not_too_far(self, minutes, refusal):
        assert isinstance(holds.hold(sheet(position(9)), hold_wish(1, minutes=minutes)), refusal)

    def test_an_unknown_hold_is_not_found(self):
        nobody = holds.HoldRelease(hold_id=named("nobody"), fence=1)
        assert isinstance(holds.release_hold(sheet(), nobody), HoldNotFound)

    def test_with_two_owners_one_position_must_bear_the_hold(self):
        stock = sheet(position(4), position(5, owner=FRANCHISEE))
        refused = holds.hold(stock, hold_wish(6))
        assert isinstance(refused, OutOfStock)
        assert refused.details["available"] == 5
        assert holds.hold(stock, hold_wish(5)).quantity == 5


class TestCost:
    @pytest.mark.parametrize(
        ("before", "average", "units", "cost", "after"),
        [
            (0, None, 10, 700, 700),
            (10, 700, 10, 800, 750),
            (2, 100, 1, 101, 100),
            (1, 100, 1, 101, 101),
            (-5, 700, 10, 800, 800),
        ],
    )
    def test_moving_average(self, before, average, units, cost, after):
        assert moving_average(before, average, units, cost) == after

    def test_a_receipt_moves_the_average_that_later_shipments_carry(self):
        mugs = position(10, cost=700)
        stock = sheet(mugs, costs={(MUG, RETAILER): Cost(10, 700, 1)})
        supply.receive(stock, supply.Receipt(
            variant_id=MUG, location_id=LEEDS, quantity=10, cause=order("po"), unit_cost_milli=800
        ))  # fmt: skip
        shipped = demand.ship(stock, demand.Shipment(
            variant_id=MUG, location_id=LEEDS, quantity=1, cause=order("A")
        ))  # fmt: skip
        assert shipped.slices[0].unit_cost_milli == 750
        assert [m.unit_cost_milli for m in stock.movements] == [800, 750]
        assert stock.cost_changes[0].units_before == 10


class TestBaselines:
    def test_a_snapshot_keeps_newer_demand(self):
        mugs = position(10)
        stock = sheet(mugs)
        sold = NOON - timedelta(minutes=1)
        demand.ship(stock, demand.Shipment(
            variant_id=MUG, location_id=LEEDS, quantity=2, cause=order("A"), occurred_at=sold
        ))  # fmt: skip
        recorded = supply.count(stock, snapshot(9, NOON - timedelta(minutes=5)))
        assert (recorded.on_hand, recorded.drift) == (7, -1)

    def test_a_late_fact_was_counted_already(self):
        mugs = position(10, baseline=Baseline(NOON, "s1"))
        stock = sheet(mugs)
        demand.ship(stock, demand.Shipment(
            variant_id=MUG, location_id=LEEDS, quantity=2, cause=order("A"),
            occurred_at=NOON - timedelta(minutes=5),
        ))  # fmt: skip
        assert mugs.on_hand == 10
        assert [(m.reason, m.on_hand_delta) for m in stock.movements] == [
            (Reason.SHIP, -2),
            (Reason.ALREADY_COUNTED, 2),
        ]

    def test_an_older_count_changes_nothing(self):
        mugs = position(10, baseline=Baseline(NOON, "s1"))
        stock = sheet(mugs)
        assert supply.count(stock, snapshot(3, NOON - timedelta(minutes=5))).drift is None
        assert (mugs.on_hand, stock.movements) == (10, [])

    def test_a_count_that_agrees_is_still_on_record(self):
        stock = sheet(position(10))
        assert supply.count(stock, snapshot(10, NOON)).drift == 0
        assert [(m.reason, m.on_hand_delta) for m in stock.movements] == [(Reason.COUNT, 0)]

    def test_a_regrade_moves_between_conditions(self):
        good, damaged = position(5), position(0, condition=Condition.DAMAGED)
        stock = sheet(good, damaged)
        supply.regrade(stock, supply.Regrade(
            variant_id=MUG, location_id=LEEDS, quantity=2, cause=order("x"),
            before=Condition.SELLABLE, after=Condition.DAMAGED,
        ))  # fmt: skip
        assert (good.on_hand, damaged.on_hand) == (3, 2)


class TestSurvey:
    def survey(self, reserves=None, channel=None):
        rows = [VariantStock(MUG, [LEEDS, YORK, YORK], [5, 3, 2], [None, None, 1])]
        return Survey(rows, at=NOON, reserves=reserves, channel_id=channel)

    def test_owners_add_up_and_safety_stock_stays(self):
        assert self.survey().candidates(MUG) == {LEEDS: 5, YORK: 4}
        assert self.survey().total(MUG) == 9
        assert self.survey().candidates(BOWL) == {}

    def test_where_all_is_kept_back_it_is_told_how_much(self):
        reserves = Reserves(lambda variant, location, channel: KeptBack(3, 2))
        survey = self.survey(reserves, STORES)
        assert survey.candidates(MUG) == {YORK: 2}
        assert survey.kept(MUG) == {LEEDS: 5}
        assert survey.lying([MUG]) == {LEEDS, YORK}
        survey.give_back(MUG, LEEDS, 1)
        assert survey.kept(MUG) == {}
        assert self.survey().kept(MUG) == {}
        withheld = Reserves(lambda variant, location, channel: KeptBack(withheld=True))
        assert self.survey(withheld, STORES).kept(MUG) == {}

    def test_it_is_told_of_the_locations_that_keep_most(self):
        many = [UUID(int=number) for number in range(1, KEPT_PLACES_MAX + 3)]
        rows = [VariantStock(MUG, many, list(range(1, len(many) + 1)))]
        survey = Survey(rows, at=NOON, reserves=Reserves(lambda *_: KeptBack(100)))
        assert set(survey.kept(MUG)) == set(many[2:])

    def test_marks_keep_a_batch_from_counting_twice(self):
        survey = self.survey()
        assert survey.take(MUG, LEEDS, 3)
        assert not survey.take(MUG, LEEDS, 3)
        assert survey.take(MUG, LEEDS, 2)
        assert LEEDS not in survey.candidates(MUG)
        survey.give_back(MUG, LEEDS, 2)
        assert survey.available(MUG, LEEDS) == 2
        survey.bar(MUG, LEEDS)
        assert survey.available(MUG, LEEDS) == 0

    def test_a_survey_and_a_sheet_see_the_same(self):
        reserves = Reserves(lambda variant, location, channel: KeptBack(1, 2))
        survey = self.survey(reserves, STORES)
        stock = sheet(position(5), reserves=reserves)
        assert survey.available(MUG, LEEDS) == stock.available(MUG, LEEDS, STORES) == 2


def test_the_holder_is_part_of_the_hold():
    stock = sheet(position(3))
    assert holds.hold(stock, hold_wish(1)).holder == HeldBy("cart", named("cart"))
