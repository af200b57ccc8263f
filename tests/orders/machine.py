"""A state machine over the life of orders, on the real database.

Whatever happens to orders in whatever order: no unit is lost or made at any step, and in the end
every order is closed, the customer has paid what was handed over and did not come back, and verify
finds nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crosslane.payments import PutProvider, put_provider
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.orders.after import WholeLife
from tests.orders.life import ARTICLES, PLACES, TENDERS
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider

SHORT = settings(max_examples=12, stateful_step_count=25)
LONG = settings(max_examples=20, stateful_step_count=60)
# A failing story is told as it was drawn: on a database, shrinking it takes minutes.
RULES = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
    "report_multiple_bugs": False,
}
ANSWER_SECONDS_MAX = 60.0

NUMBERS = st.integers(0, 5)
METHODS = ("ship", "ship", "pickup", "ship_to_store", "carry_out")
LINES = st.tuples(st.integers(0, ARTICLES), st.integers(1, 4), st.sampled_from(METHODS))
TAKEN_ALONG = [(0, 2, "carry_out"), (1, 3, "carry_out")]
WISHES = {
    "lines": st.lists(LINES, min_size=1, max_size=3),
    "tender": st.sampled_from(sorted(TENDERS)),
    "stopped": st.sampled_from([False, False, False, True]),
    "channel": st.sampled_from(["web", "web", "till"]),
}
ANY_ORDER = precondition(lambda machine: bool(machine.life.placed))


class OrderLife(RuleBasedStateMachine):
    """Deeds in any order; the machine runs beside the loop of the tests and waits for each.

    Attributes:
        run: carries a deed out and returns its result.
        begin: makes the life that is led.
    """

    run: Any
    begin: Any

    @initialize(**WISHES)
    def born(self, lines, tender, stopped, channel):
        self.life: WholeLife = self.begin()
        self.run(self.life.begin())
        self.sell_something()
        self.place(lines=lines, tender=tender, stopped=stopped, channel=channel)

    def sell_something(self):
        """Let there be something to give back from the first moment."""
        self.place(lines=TAKEN_ALONG, tender="cash", stopped=False, channel="till")

    @rule(**WISHES)
    def place(self, lines, tender, stopped, channel):
        self.run(self.life.place(lines, tender, stopped=stopped, channel=channel))

    @rule(whole=st.booleans())
    def react(self, whole):
        self.run(self.life.settle() if whole else self.life.react())

    @ANY_ORDER
    @rule(number=NUMBERS, line=st.none() | NUMBERS, quantity=st.integers(1, 3))
    def cancel(self, number, line, quantity):
        self.run(self.life.cancel(number, line, quantity))

    @ANY_ORDER
    @rule(number=NUMBERS, line=LINES)
    def add(self, number, line):
        self.run(self.life.amend(number, line))

    @ANY_ORDER
    @rule(number=NUMBERS, line=NUMBERS, milli=st.sampled_from([0, 99_999, 450_000, 900_000]))
    def change_price(self, number, line, milli):
        self.run(self.life.reprice(number, line, milli))

    @ANY_ORDER
    @rule(number=NUMBERS)
    def change_address(self, number):
        self.run(self.life.readdress(number))

    @ANY_ORDER
    @rule(number=NUMBERS, lifted=st.booleans())
    def stop(self, number, lifted):
        self.run(self.life.resolve(number) if lifted else self.life.stop(number))

    @rule(number=NUMBERS, refused=st.sampled_from([False, False, True]))
    def answer_offer(self, number, refused):
        self.run(self.life.reject(number) if refused else self.life.accept(number))

    @rule(number=NUMBERS, missing=st.sampled_from([0, 0, 0, 1, 9]), late=st.booleans())
    def pick(self, number, missing, late):
        if late:
            self.run(self.life.settle())
        self.run(self.life.pick(number, missing))

    @rule(number=NUMBERS, one_by_one=st.booleans(), late=st.booleans())
    def pick_and_pack(self, number, one_by_one, late):
        if late:
            self.run(self.life.settle())
        self.run(self.life.pick(number, 0))
        self.run(self.life.pack(number, one_by_one=one_by_one))

    @rule(number=NUMBERS, one_by_one=st.booleans())
    def pack(self, number, one_by_one):
        self.run(self.life.pack(number, one_by_one=one_by_one))

    @rule(number=NUMBERS, late=st.booleans())
    def at_the_store(self, number, late):
        if late:
            self.run(self.life.settle())
        self.run(self.life.arrive(number))
        self.run(self.life.collect(number))

    @ANY_ORDER
    @rule(number=NUMBERS, line=NUMBERS, quantity=st.integers(1, 3), charged=st.integers(0, 3))
    def take_back(self, number, line, quantity, charged):
        self.run(self.life.take_back(number, line, quantity, charged))

    @ANY_ORDER
    @rule(number=NUMBERS, line=st.none() | NUMBERS, minor=st.sampled_from([1, 99, 500]))
    def appease(self, number, line, minor):
        self.run(self.life.appease(number, line, minor))

    @ANY_ORDER
    @rule(
        number=NUMBERS,
        line=NUMBERS,
        wanted=LINES,
        price=st.sampled_from(["even", "today", "free"]),
        held=st.booleans(),
    )
    def exchange(self, number, line, wanted, price, held):
        self.run(self.life.exchange(number, line, wanted, price, held=held))

    @rule()
    def deliver(self):
        self.run(self.life.deliver())

    @rule(
        article=st.integers(0, ARTICLES - 1),
        place=st.sampled_from(PLACES),
        units=NUMBERS,
        counted=st.booleans(),
    )
    def change_stock(self, article, place, units, counted):
        deed = self.life.count if counted else self.life.supply
        self.run(deed(article, place, units if counted else units + 1))

    @rule()
    def let_time_pass(self):
        self.run(self.life.let_time_pass())

    @invariant()
    def no_unit_is_lost(self):
        if hasattr(self, "life"):
            self.run(self.life.check_units())

    def teardown(self):
        if hasattr(self, "life"):
            self.run(self.life.end())


async def lead(
    database: Database,
    lanes: Lanes,
    tenant: str,
    provider: FakeProvider,
    how: settings,
    machine: type[OrderLife] = OrderLife,
    life: type[WholeLife] = WholeLife,
) -> Counter[str]:
    """Let a machine run in a thread of its own, its deeds on this loop.

    Returns:
        How often each deed was done and how often it was refused.
    """
    async with database.transaction(tenant) as tx:
        house = PutProvider("house", "house", provider.url, API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, house)
    loop, done = asyncio.get_running_loop(), Counter()

    def run(deed: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(deed, loop).result(ANSWER_SECONDS_MAX)

    class Led(machine):
        pass

    Led.run, Led.begin = staticmethod(run), lambda self: life(database, lanes, tenant, done)
    await asyncio.to_thread(run_state_machine_as_test, Led, settings=settings(how, **RULES))
    return done
