"""A state machine: whatever happens in whatever order, a decision promises only what is there."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crosslane.inventory.domain import demand, holds, supply
from crosslane.inventory.domain.position import Reason
from crosslane.kernel import Refusal
from tests.inventory.stock import (
    LEEDS,
    MUG,
    NOON,
    confirm,
    hold_wish,
    order,
    position,
    sheet,
    snapshot,
    wish,
)


class StockLife(RuleBasedStateMachine):
    """A sheet against a model of three numbers; the clock moves on between sheets."""

    def __init__(self):
        super().__init__()
        self.now = NOON
        self.position = position(20)
        self.on_hand, self.demand, self.claims = 20, {}, {}
        self.stock = sheet(self.position)
        self.made = 0

    def held(self):
        return sum(c["units"] for c in self.claims.values() if self.lasts(c))

    def lasts(self, claim):
        """A hold lasts to the end of the minute it was wished to end in."""
        return self.now.replace(second=0) < claim["until"]

    def free(self):
        return self.on_hand - sum(self.demand.values()) - self.held()

    @rule(minutes=st.integers(1, 9))
    def time_passes(self, minutes):
        self.now += timedelta(minutes=minutes)
        kept = tuple(self.stock.holds.values())
        slices = self.stock.slices
        self.stock = sheet(self.position, now=self.now, holds=kept, slices=slices)

    @rule(name=st.sampled_from("ABC"), quantity=st.integers(1, 12))
    def allocate(self, name, quantity):
        answer = demand.allocate(self.stock, wish(quantity, cause=order(name)))
        assert isinstance(answer, Refusal) == (quantity > self.free())
        if not isinstance(answer, Refusal):
            self.demand[name] = self.demand.get(name, 0) + quantity

    @rule(name=st.sampled_from("ABC"), quantity=st.integers(1, 12))
    def release(self, name, quantity):
        wanted = demand.Release(
            variant_id=MUG, location_id=LEEDS, quantity=quantity, cause=order(name)
        )
        answer = demand.release(self.stock, wanted)
        assert isinstance(answer, Refusal) == (quantity > self.demand.get(name, 0))
        if not isinstance(answer, Refusal):
            self.demand[name] -= quantity

    @rule(name=st.sampled_from("ABC"), quantity=st.integers(1, 6))
    def ship(self, name, quantity):
        demand.ship(self.stock, demand.Shipment(
            variant_id=MUG, location_id=LEEDS, quantity=quantity, cause=order(name)
        ))  # fmt: skip
        self.on_hand -= quantity
        used = min(quantity, self.demand.get(name, 0))
        if used:
            self.demand[name] -= used

    @rule(quantity=st.integers(1, 12), minutes=st.integers(1, 20))
    def hold(self, quantity, minutes):
        self.made += 1
        wanted = hold_wish(quantity, name=str(self.made), minutes=minutes, now=self.now)
        answer = holds.hold(self.stock, wanted)
        assert isinstance(answer, Refusal) == (quantity > self.free())
        if not isinstance(answer, Refusal):
            until = self.now + timedelta(minutes=minutes, seconds=59)
            self.claims[answer.id] = {"units": quantity, "until": until.replace(second=0)}

    @rule(data=st.data(), quantity=st.integers(1, 6))
    def confirm(self, data, quantity):
        if not self.claims:
            return
        claimed = data.draw(st.sampled_from(sorted(self.claims)))
        claim = self.claims[claimed]
        unallocated = self.on_hand - sum(self.demand.values())
        enough = unallocated if self.lasts(claim) else self.free()
        answer = confirm(self.stock, self.stock.holds[claimed], quantity)
        assert isinstance(answer, Refusal) == (quantity > min(claim["units"], enough))
        if not isinstance(answer, Refusal):
            claim["units"] -= quantity
            self.demand["A"] = self.demand.get("A", 0) + quantity

    @rule(counted=st.integers(0, 30))
    def count(self, counted):
        self.now += timedelta(seconds=1)
        self.time_passes(minutes=0)
        supply.count(self.stock, snapshot(counted, self.now, message=f"{self.made}"))
        self.on_hand = counted

    @rule(delta=st.integers(-5, 15))
    def adjust(self, delta):
        supply.adjust(self.stock, supply.Adjustment(
            variant_id=MUG, location_id=LEEDS, delta=delta, code="found", cause=order("x")
        ))  # fmt: skip
        self.on_hand += delta

    @invariant()
    def counters_follow_the_model(self):
        assert self.position.on_hand == self.on_hand
        assert self.position.allocated == sum(self.demand.values())
        assert self.stock.available(MUG, LEEDS) == self.free()

    @invariant()
    def no_decision_promised_what_was_not_there(self):
        for movement in self.stock.movements:
            if movement.reason in (Reason.ALLOCATE, Reason.CONFIRM):
                assert movement.allocated_after <= movement.on_hand_after


TestStockLife = StockLife.TestCase
TestStockLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
