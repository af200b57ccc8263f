"""Units and money are conserved whatever is sold, amended, brought back, exchanged and disputed.

Over several tenders (gift cards among them), two currencies, a promotion and several tax rates. The
long run leads life after life for CROSSLANE_SOAK_MINUTES.
"""

import time
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.orders.machine import ANY_ORDER, LONG, NUMBERS, OrderLife, lead
from tests.orders.world import found_retailer
from tests.patience import soak_minutes
from tests.returns.counter import open_counters
from tests.returns.house import REFUNDS, HouseLife, open_house

SHORT = settings(max_examples=8, stateful_step_count=30)
FATES = st.sampled_from(["sellable", "refurbish", "vendor", "destroy"])


class HouseMachine(OrderLife):
    """The deeds of orders, and those of the desks."""

    life: HouseLife

    def sell_something(self):
        self.sell(article=1, quantity=3, where="old", gift=0)
        self.sell(article=0, quantity=2, where="berlin", gift=0)

    @rule(
        article=st.integers(0, 2),
        quantity=st.integers(1, 4),
        where=st.sampled_from(["today", "old", "berlin"]),
        gift=st.sampled_from([0, 0, 120, 333]),
    )
    def sell(self, article, quantity, where, gift):
        self.run(self.life.sell(article, quantity, where, gift))

    @ANY_ORDER
    @rule(
        number=NUMBERS,
        line=NUMBERS,
        quantity=st.integers(1, 3),
        refund=st.sampled_from(REFUNDS),
        fate=FATES,
        abroad=st.sampled_from([False, False, True]),
    )
    def bring(self, number, line, quantity, refund, fate, abroad):
        self.run(self.life.bring(number, line, quantity, refund, fate, abroad=abroad))

    @rule(
        article=st.integers(0, 2),
        quantity=st.integers(1, 2),
        milli=st.sampled_from([99_500, 333_333, 600_000]),
        refund=st.sampled_from(["", "cash", "stored_value"]),
    )
    def bring_unknown(self, article, quantity, milli, refund):
        self.run(self.life.bring_unknown(article, quantity, milli, refund))

    @ANY_ORDER
    @rule(
        number=NUMBERS,
        minor=st.sampled_from([50, 300]),
        state=st.sampled_from(["opened", "won", "lost"]),
    )
    def dispute(self, number, minor, state):
        self.run(self.life.dispute(number, minor, state))

    @rule()
    def clear(self):
        self.run(self.life.clear())


@pytest.fixture
async def house(database, tenants) -> str:
    """A retailer that takes goods back, in a tenant that no other test has."""
    tenant = await tenants.take()
    await found_house(database, tenant)
    return tenant


async def found_house(database, tenant) -> None:
    await found_retailer(database, tenant)
    await open_counters(database, tenant)
    await open_house(database, tenant)


async def test_units_and_money_are_conserved(database, lanes, house, payment_provider):
    await lead(database, lanes, house, payment_provider, SHORT, HouseMachine, HouseLife)


@pytest.mark.soak
async def test_units_and_money_are_conserved_for_long(database, lanes, tenants, payment_provider):
    ends, done = time.monotonic() + soak_minutes() * 60, Counter[str]()
    while time.monotonic() < ends:
        tenant = await tenants.take()
        await found_house(database, tenant)
        done += await lead(database, lanes, tenant, payment_provider, LONG, HouseMachine, HouseLife)
        await tenants.give_back(tenant)
    print(dict(sorted(done.items())))
