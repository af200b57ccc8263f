"""Reactions that change orders against people who change the same ones, both ways round.

However they meet: no unit is lost or made, nothing leaves that is not paid, in the end every
customer has paid for what was handed over, and verify finds nothing.
"""

from collections import Counter
from collections.abc import Callable

import pytest

from crosslane import fulfillment, orders, payments
from crosslane.orders import (
    ADD_LINES,
    CANCEL,
    CHANGE_ADDRESS,
    CHANGE_PRICE,
    RAISE_STOP,
    AddLines,
    CancelLine,
    CancelUnits,
    ChangeAddress,
    ChangePrice,
    LineWish,
    OrderView,
    RaiseStop,
)
from crosslane.payments import PutProvider, put_provider
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.log import Reaction, run_reaction
from tests.orders.life import TENDERS, Life
from tests.orders.racing import Held, by_call, by_command, by_reaction, race
from tests.orders.world import HOME, set_policy
from tests.payments.fake import API_KEY, WEBHOOK_SECRET, FakeProvider

BY_NAME = {one.name: one for one in (*orders.REACTIONS, *fulfillment.REACTIONS)}
FIRST = pytest.mark.parametrize("first", ["person", "reaction"])
Wish = Callable[["RacedLife", OrderView], tuple]


class RacedLife(Life):
    """A life whose deeds are done at the same moment."""

    async def call_out(self) -> None:
        """Ask everybody outside, and react to nothing of what they say."""
        await self._runner.start_due(self.tenant)
        await self._runner.drain()

    async def react_by(self, *names: str) -> None:
        """Let some reactions read what there is."""
        for name in names:
            while await run_reaction(self.database, self.tenant, BY_NAME[name]):
                pass

    async def meet(self, reaction: str, asked: Wish, first: str) -> OrderView:
        """Let a reaction and a person change the order at once; return it as it was before."""
        shown = await self.look(0)
        kind, body = asked(self, shown)
        told: Reaction = BY_NAME[reaction]

        async def react() -> int:
            return await run_reaction(self.database, self.tenant, told)

        if first == "person":
            command = by_command(self.database, self.tenant, kind, body)
            _, read = await race(self.database, self.tenant, command, react)
        else:
            reacted = by_reaction(self.database, self.tenant, told)
            read, _ = await race(self.database, self.tenant, reacted, lambda: self.do(kind, body))
        assert read
        return shown


def add(tender: str) -> Wish:
    """An agent adds goods that are paid like that."""

    def asked(life: RacedLife, shown: OrderView) -> tuple:
        line = LineWish(sku=life.skus[1], quantity=2, method="ship")
        return ADD_LINES, AddLines(
            order_id=shown.id, lines=[line], tenders=TENDERS[tender], reason="one more"
        )

    return asked


def cancel(units: int | None) -> Wish:
    """An agent cancels units of the first line, or the order."""

    def asked(life: RacedLife, shown: OrderView) -> tuple:
        lines = [] if units is None else [CancelLine(shown.lines[0].id, units)]
        return CANCEL, CancelUnits(order_id=shown.id, lines=lines, reason="not wanted")

    return asked


def reprice(milli: int) -> Wish:
    """An agent agrees on another price of the first line."""

    def asked(life: RacedLife, shown: OrderView) -> tuple:
        life.repriced.add(shown.id)
        line_id = shown.lines[0].id
        return CHANGE_PRICE, ChangePrice(
            order_id=shown.id, line_id=line_id, unit_price_milli=milli, reason="agreed"
        )

    return asked


def hold(life: RacedLife, shown: OrderView) -> tuple:
    """An agent holds the order."""
    return RAISE_STOP, RaiseStop(order_id=shown.id, kind="manual", reason="wait")


def readdress(life: RacedLife, shown: OrderView) -> tuple:
    """An agent sends the order elsewhere."""
    return CHANGE_ADDRESS, ChangeAddress(order_id=shown.id, ship_to=HOME, reason="moved")


@pytest.fixture
async def life(
    database: Database, lanes: Lanes, shop: str, payment_provider: FakeProvider
) -> RacedLife:
    async with database.transaction(shop) as tx:
        await put_provider(
            tx, PutProvider("house", "house", payment_provider.url, API_KEY, WEBHOOK_SECRET)
        )
    one = RacedLife(database, lanes, shop, Counter())
    await one.begin()
    return one


async def open_stops(life: RacedLife) -> list[str]:
    return [stop.kind for stop in (await life.look(0)).stops if stop.resolved_at is None]


@FIRST
@pytest.mark.parametrize("tender", ["card", "declined"])
async def test_goods_added_as_an_order_turns_out_paid_wait_for_their_own_payment(
    life: RacedLife, tender: str, first: str
):
    await life.place([(0, 2, "ship")], "card", stopped=False, channel="web")
    await life.call_out()
    await life.meet("orders.resolve_paid", add(tender), first)
    assert "payment" in await open_stops(life)
    await life.react_by("fulfillment.offer_ready")
    added = (await life.look(0)).lines[1]
    assert {bucket.stage for bucket in added.buckets} == {"allocated"}
    await life.settle()
    assert await open_stops(life) == []
    added = (await life.look(0)).lines[1]
    released = {"released"} if tender == "card" else {"cancelled"}
    assert {bucket.stage for bucket in added.buckets} == released
    await life.end()


@FIRST
@pytest.mark.parametrize("asked", [cancel(1), cancel(None), reprice(150_000), hold, readdress])
async def test_an_order_is_changed_as_it_turns_out_paid(life: RacedLife, asked: Wish, first: str):
    await life.place([(0, 2, "ship")], "card", stopped=False, channel="web")
    await life.call_out()
    await life.meet("orders.resolve_paid", asked, first)
    await life.end()


@pytest.mark.parametrize("asked", [cancel(1), reprice(150_000)])
async def test_money_that_arrives_as_its_order_comes_to_be_worth_less_is_given_back(
    life: RacedLife, asked: Wish
):
    """Whoever changes the order sees it under way, and whoever hears of it sees no change yet."""
    async with life.database.transaction(life.tenant) as tx:
        await set_policy(tx, "orders.intake", {"card_terms": "prepaid"}, "web")
    await life.place([(0, 2, "ship")], "card", stopped=False, channel="web")
    await life.call_out()
    arriving = Held(
        life.database, life.tenant, by_call(life.database, life.tenant, payments.EFFECTS[0])
    )
    await arriving.reached()
    kind, body = asked(life, await life.look(0))
    changing = Held(life.database, life.tenant, by_command(life.database, life.tenant, kind, body))
    await arriving.meets(changing)
    await arriving.commit()
    await changing.reached()
    await life.react_by("orders.settle_captured")
    await changing.commit()
    await life.settle()
    money = (await life.look(0)).money
    assert money.captured_minor - money.refunded_minor == money.worth_minor
    await life.end()


@FIRST
@pytest.mark.parametrize("asked", [cancel(1), cancel(None), add("card"), hold, readdress])
async def test_an_order_is_changed_as_its_work_is_given_to_locations(
    life: RacedLife, asked: Wish, first: str
):
    await life.place([(0, 2, "ship")], "cash", stopped=False, channel="web")
    await life.meet("fulfillment.offer_ready", asked, first)
    await life.react_by("fulfillment.withdraw_cancelled")
    stopped = "manual" in await open_stops(life)
    stages = {b.stage for line in (await life.look(0)).lines for b in line.buckets}
    assert not (stopped and "released" in stages)
    await life.check_units()
    await life.end()


@FIRST
@pytest.mark.parametrize("asked", [cancel(1), add("card"), add("declined"), reprice(150_000)])
async def test_an_order_is_changed_as_its_payment_is_declined(
    life: RacedLife, asked: Wish, first: str
):
    await life.place([(0, 2, "ship")], "declined", stopped=False, channel="web")
    await life.call_out()
    await life.meet("orders.cancel_declined", asked, first)
    await life.check_units()
    await life.end()


@FIRST
@pytest.mark.parametrize("asked", [cancel(3), cancel(None), add("cash"), hold])
async def test_an_order_is_changed_as_the_goods_it_waits_for_come_in(
    life: RacedLife, asked: Wish, first: str
):
    await life.place([(0, 9, "ship")], "cash", stopped=False, channel="web")
    await life.settle()
    assert "backordered" in {b.stage for b in (await life.look(0)).lines[0].buckets}
    await life.supply(0, "DC1", 4)
    await life.meet("orders.serve_waiting", asked, first)
    await life.check_units()
    await life.end()


@FIRST
@pytest.mark.parametrize("asked", [cancel(1), cancel(None), add("cash"), hold])
async def test_an_order_is_changed_as_its_goods_turn_out_not_to_be_there(
    life: RacedLife, asked: Wish, first: str
):
    await life.place([(0, 4, "ship")], "cash", stopped=False, channel="web")
    await life.settle()
    await life.count(0, "DC1", 1)
    await life.meet("orders.replace_lost", asked, first)
    await life.check_units()
    await life.end()
