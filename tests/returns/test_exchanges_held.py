"""Exchanges that a person decides about: set aside meanwhile, then as was wished or otherwise."""

import pytest

from crosslane import orders, organization, returns
from crosslane.kernel import Refusal, new_id
from crosslane.orders import TenderWish
from crosslane.orders.errors import TendersDiffer
from crosslane.organization import Scope, SetPolicy
from crosslane.returns import (
    Authorize,
    Clear,
    Decline,
    ExchangeWish,
    Grade,
    Instead,
    Receive,
    Settle,
    errors,
)
from tests.orders.world import LONG_AGO, buckets, stock_up, view
from tests.returns.counter import ask, bring, line, sell, set_rule
from tests.returns.test_life import announce, react, read, step, wanted
from tests.soundness import assert_sound

CASH = [TenderWish(method="cash")]
LAMP, MUG = 2499, 600


def fetched(sku: str, quantity: int = 1) -> ExchangeWish:
    return ExchangeWish(sku=sku, quantity=quantity, method="pickup", store="S0001")


def carried(sku: str, quantity: int = 1) -> ExchangeWish:
    return ExchangeWish(sku=sku, quantity=quantity, method="carry_out", store="S0001")


@pytest.fixture
async def wary(database, shop):
    """The shop, where everything that was worn waits for a person, with goods on its shelf."""
    async with database.transaction(shop) as tx:
        value = {"wardrobing": {"hold_at": 40, "exempt_minor": 0}}
        wish = SetPolicy("returns.abuse", value, "try", Scope("channel", "till"), LONG_AGO)
        await organization.set_policy(tx, wish)
        await stock_up(tx, {("LAMP", "S0001"): 3, ("SPOON", "S0001"): 3})
    return shop


async def bring_worn(lanes, shop, sold, sku: str, *exchange: ExchangeWish, **told):
    worn = line(sku, item_state="used", wanted="exchange")
    return await bring(
        lanes, shop, sold, worn, exchange=list(exchange), blind_override_reason="try", **told
    )


async def money(database, shop, sold) -> tuple[int, int]:
    shown = await view(database, shop, sold.id)
    return shown.money.captured_minor, shown.money.refunded_minor


async def test_dearer_goods_are_paid_and_set_aside_and_go_out_once_it_is_cleared(
    database, lanes, wary
):
    sold = await sell(database, lanes, wary, "MUG")
    due = LAMP - MUG
    refused = await bring_worn(lanes, wary, sold, "MUG", carried("LAMP"))
    assert isinstance(refused, TendersDiffer)
    taken = await bring_worn(
        lanes, wary, sold, "MUG", carried("LAMP"), tenders=CASH, shown_minor=-due
    )
    assert not isinstance(taken, Refusal), taken
    assert (taken.held, taken.refund_minor, taken.exchange_minor) == (True, 0, LAMP)
    assert taken.paid_minor == due
    shown = await view(database, wary, sold.id)
    assert buckets(shown)["LAMP"] == {("allocated", "S0001"): 1}
    assert [s.kind for s in shown.stops if s.resolved_at is None] == ["exchange"]
    assert await money(database, wary, sold) == (MUG + due, 0)
    await assert_sound(database, wary)
    cleared = await ask(lanes, wary, returns.CLEAR, Clear(return_id=taken.return_id, reason="rain"))
    assert not isinstance(cleared, Refusal), cleared
    settled = await ask(lanes, wary, returns.SETTLE, Settle(return_id=taken.return_id))
    assert (settled.state, settled.refund_minor) == ("settled", MUG)
    shown = await view(database, wary, sold.id)
    assert not [s for s in shown.stops if s.resolved_at is None]
    assert await money(database, wary, sold) == (MUG + due, 0)
    await assert_sound(database, wary)


async def test_of_cheaper_goods_the_rest_is_given_once_it_is_cleared(database, lanes, wary):
    sold = await sell(database, lanes, wary, "LAMP")
    taken = await bring_worn(lanes, wary, sold, "LAMP", carried("SPOON"), shown_minor=0)
    assert not isinstance(taken, Refusal), taken
    assert await money(database, wary, sold) == (LAMP, 0)
    await ask(lanes, wary, returns.CLEAR, Clear(return_id=taken.return_id, reason="rain"))
    settled = await ask(lanes, wary, returns.SETTLE, Settle(return_id=taken.return_id))
    assert not isinstance(settled, Refusal), settled
    assert await money(database, wary, sold) == (LAMP, LAMP - taken.exchange_minor)
    await assert_sound(database, wary)


async def test_declined_the_goods_are_free_again_and_what_was_paid_goes_back(database, lanes, wary):
    sold = await sell(database, lanes, wary, "MUG")
    taken = await bring_worn(lanes, wary, sold, "MUG", carried("LAMP"), tenders=CASH)
    declined = await ask(
        lanes, wary, returns.DECLINE, Decline(return_id=taken.return_id, reason="worn")
    )
    assert declined.state == "declined"
    shown = await view(database, wary, sold.id)
    assert buckets(shown)["LAMP"] == {("cancelled", ""): 1}
    assert not [s for s in shown.stops if s.resolved_at is None]
    assert await money(database, wary, sold) == (LAMP, LAMP - MUG)
    await assert_sound(database, wary)


async def test_who_clears_it_may_give_money_instead(database, lanes, wary):
    sold = await sell(database, lanes, wary, "MUG")
    taken = await bring_worn(lanes, wary, sold, "MUG", carried("LAMP"), tenders=CASH)
    body = Clear(return_id=taken.return_id, reason="rain", instead=Instead(goods=[]))
    cleared = await ask(lanes, wary, returns.CLEAR, body)
    assert not isinstance(cleared, Refusal), cleared
    assert (cleared.exchange, cleared.exchange_minor, cleared.paid_minor) == ([], 0, 0)
    assert await money(database, wary, sold) == (LAMP, LAMP - MUG)
    settled = await ask(lanes, wary, returns.SETTLE, Settle(return_id=taken.return_id))
    assert settled.refund_minor == MUG
    assert await money(database, wary, sold) == (LAMP, LAMP)
    async with database.transaction(wary) as tx:
        told = await tx.fetchval(
            "select body ->> 'instead' from platform_log where kind = 'returns.ReturnCleared'"
        )
    assert told == "money"
    await assert_sound(database, wary)


async def test_for_goods_that_are_gone_meanwhile_others_are_chosen(database, lanes, wary):
    sold = await sell(database, lanes, wary, "MUG")
    taken = await bring_worn(lanes, wary, sold, "MUG", carried("LAMP"), tenders=CASH)
    gone = orders.CancelUnits(
        order_id=sold.id, lines=[orders.CancelLine(taken.exchange[0], 1)], reason="broken"
    )
    assert not isinstance(await ask(lanes, wary, orders.CANCEL, gone), Refusal)
    # What was paid for it has gone back, so that dearer goods are paid anew.
    other = Instead(goods=[fetched("LAMP")])
    body = {"return_id": taken.return_id, "reason": "rain"}
    refused = await ask(lanes, wary, returns.CLEAR, Clear(**body, instead=other))
    assert isinstance(refused, TendersDiffer)
    assert (await read(database, wary, taken.return_id)).held
    other = Instead(goods=[fetched("SPOON")])
    cleared = await ask(lanes, wary, returns.CLEAR, Clear(**body, instead=other))
    assert not isinstance(cleared, Refusal), cleared
    shown = await view(database, wary, sold.id)
    assert buckets(shown)["SPOON"] == {("allocated", "S0001"): 1}
    settled = await ask(lanes, wary, returns.SETTLE, Settle(return_id=taken.return_id))
    assert not isinstance(settled, Refusal), settled
    captured, refunded = await money(database, wary, sold)
    assert captured - refunded == cleared.exchange_minor
    await assert_sound(database, wary)


async def test_what_was_paid_for_goods_set_aside_pays_for_those_chosen_instead(
    database, lanes, wary
):
    sold = await sell(database, lanes, wary, "MUG")
    taken = await bring_worn(lanes, wary, sold, "MUG", carried("LAMP"), tenders=CASH)
    other = Instead(goods=[fetched("SPOON", 2), fetched("MUG")])
    body = Clear(return_id=taken.return_id, reason="rain", instead=other)
    key = str(new_id())
    cleared = await ask(lanes, wary, returns.CLEAR, body, key=key)
    assert not isinstance(cleared, Refusal), cleared
    assert cleared.paid_minor == cleared.exchange_minor - MUG
    # Asked once more, such as after a crash, nothing more is set aside.
    assert not isinstance(await ask(lanes, wary, returns.CLEAR, body, key=key), Refusal)
    assert len((await view(database, wary, sold.id)).lines) == 4
    await ask(lanes, wary, returns.SETTLE, Settle(return_id=taken.return_id))
    captured, refunded = await money(database, wary, sold)
    assert captured - refunded == cleared.exchange_minor
    await assert_sound(database, wary)


async def test_blind_goods_are_exchanged_for_nothing(database, lanes, wary):
    worn = line("MUG", unit_price_milli=600_000, tax_rate_bp=2_000, item_state="used")
    taken = await bring(lanes, wary, None, worn, proof="X", blind_override_reason="known")
    assert taken.held, taken
    body = Clear(return_id=taken.return_id, reason="rain", instead=Instead(goods=[]))
    assert isinstance(await ask(lanes, wary, returns.CLEAR, body), errors.NothingToExchange)


async def asked(database, lanes, shop, *exchange: ExchangeWish, **told):
    """A mug for which other goods are wanted, in a shop where a person decides."""
    await set_rule(database, shop, decides="agent")
    sold = await sell(database, lanes, shop, "MUG")
    mug = wanted("MUG", wanted="exchange")
    return sold, await announce(lanes, shop, sold, mug, exchange=list(exchange), **told)


async def test_what_awaits_its_approval_is_set_aside_and_waits_for_the_goods_then(
    database, lanes, wary
):
    sold, one = await asked(database, lanes, wary, fetched("LAMP"), tenders=CASH)
    assert not isinstance(one, Refusal), one
    assert (one.state, one.exchange_minor, one.exchange_wish) == ("requested", LAMP, [])
    shown = await view(database, wary, sold.id)
    (stop,) = [s for s in shown.stops if s.resolved_at is None and s.kind == "exchange"]
    assert stop.expires_at is None
    let = await step(lanes, wary, returns.AUTHORIZE, Authorize(return_id=one.id))
    assert let.state == "authorized"
    shown = await view(database, wary, sold.id)
    (stop,) = [s for s in shown.stops if s.resolved_at is None and s.kind == "exchange"]
    assert stop.expires_at == let.expires_at
    await step(lanes, wary, returns.RECEIVE, Receive(return_id=one.id, location="RC1"))
    # It has come in time: whoever grades it late takes nothing from the customer.
    shown = await view(database, wary, sold.id)
    (stop,) = [s for s in shown.stops if s.resolved_at is None and s.kind == "exchange"]
    assert stop.expires_at is None
    await step(lanes, wary, returns.GRADE, Grade(return_id=one.id))
    await react(database, wary)
    shown = await view(database, wary, sold.id)
    assert not [s for s in shown.stops if s.resolved_at is None and s.kind == "exchange"]
    assert buckets(shown)["LAMP"] == {("allocated", "S0001"): 1}
    await assert_sound(database, wary)


async def test_what_cannot_be_had_or_is_not_paid_is_refused_as_it_is_asked(database, lanes, wary):
    sold, one = await asked(database, lanes, wary, fetched("LAMP"))
    assert isinstance(one, TendersDiffer)
    mug = wanted("MUG", wanted="exchange")
    nothing = [ExchangeWish(sku="NOTHING", quantity=1)]
    assert isinstance(await announce(lanes, wary, sold, mug, exchange=nothing), Refusal)
    assert len((await view(database, wary, sold.id)).lines) == 1
    async with database.transaction(wary) as tx:
        assert await returns.returns_of_orders(tx, [sold.id]) == []
    await assert_sound(database, wary)


async def test_a_request_that_is_declined_leaves_nothing_set_aside(database, lanes, wary):
    sold, one = await asked(database, lanes, wary, fetched("SPOON"))
    await step(lanes, wary, returns.DECLINE, Decline(return_id=one.id, reason="too late"))
    shown = await view(database, wary, sold.id)
    assert buckets(shown)["SPOON"] == {("cancelled", ""): 1}
    assert not [s for s in shown.stops if s.resolved_at is None]
    await assert_sound(database, wary)


async def test_who_approves_it_may_give_other_goods(database, lanes, wary):
    sold, one = await asked(database, lanes, wary, fetched("LAMP"), tenders=CASH)
    body = Authorize(return_id=one.id, instead=Instead(goods=[fetched("SPOON")]))
    let = await step(lanes, wary, returns.AUTHORIZE, body)
    assert not isinstance(let, Refusal), let
    shown = await view(database, wary, sold.id)
    assert buckets(shown)["LAMP"] == {("cancelled", ""): 1}
    assert buckets(shown)["SPOON"] == {("allocated", "S0001"): 1}
    (stop,) = [s for s in shown.stops if s.resolved_at is None and s.kind == "exchange"]
    assert stop.expires_at == let.expires_at
    await assert_sound(database, wary)


async def test_goods_that_have_gone_out_are_not_chosen_otherwise(database, lanes, wary):
    """Money is given at once as the parcel leaves, and with it the other goods go out."""
    await set_rule(database, wary, instant_refund=True)
    sold = await sell(database, lanes, wary, "MUG")
    mug = wanted("MUG", wanted="exchange", reason="changed_mind", item_state="new")
    one = await announce(lanes, wary, sold, mug, exchange=[fetched("SPOON")])
    sent = await step(lanes, wary, returns.DISPATCH, returns.Dispatch(return_id=one.id))
    assert not isinstance(sent, Refusal), sent
    async with database.transaction(wary) as tx:
        await tx.execute("update returns_return set held = true, hold_reason = 'a test'")
    body = Clear(return_id=one.id, reason="rain", instead=Instead(goods=[]))
    assert isinstance(await ask(lanes, wary, returns.CLEAR, body), errors.AlreadyExchanged)
