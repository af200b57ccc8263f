"""Other goods for those that come back, and claims nothing comes back for: settled net."""

from datetime import timedelta

from crosslane import orders, returns
from crosslane.kernel import Refusal
from crosslane.orders import CancelLine, CancelUnits, LineWish, TenderWish
from crosslane.returns import (
    Authorize,
    Cancel,
    ExchangeWish,
    Receive,
    ReceiveLine,
    RequestLine,
    Settle,
    errors,
)
from tests.orders.world import buckets, stock_up, view
from tests.returns.counter import THEN, bring, line, sell, stock_at
from tests.returns.test_life import announce, react, read, step, wanted
from tests.soundness import assert_sound

LATER = THEN + timedelta(days=3)
CASH = [TenderWish(method="cash")]


def carried(sku: str, quantity: int = 1, **told) -> ExchangeWish:
    return ExchangeWish(sku=sku, quantity=quantity, method="carry_out", store="S0001", **told)


async def test_an_even_swap_at_the_counter_moves_no_money(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=2))
    swapped = carried("MUG", price="even", instead_of=sold.lines[0].id)
    taken = await bring(
        lanes,
        shop,
        sold,
        line("MUG", wanted="exchange", disposition="refurbish"),
        exchange=[swapped],
    )
    assert not isinstance(taken, Refusal), taken
    shown = await view(database, shop, sold.id)
    assert (shown.money.captured_minor, shown.money.refunded_minor) == (1200, 0)
    assert [(x.cause, x.gross_minor) for x in shown.lines] == [("cart", 1200), ("exchange", 600)]
    assert shown.lines[1].id == taken.exchange[0]
    await assert_sound(database, shop)


async def test_an_uneven_exchange_is_settled_net_either_way(database, lanes, shop):
    sold = await sell(database, lanes, shop, "MUG", "LAMP")
    dearer = await bring(
        lanes,
        shop,
        sold,
        line("MUG", wanted="exchange"),
        exchange=[carried("LAMP")],
        tenders=CASH,
        location="S0002",
    )
    assert not isinstance(dearer, Refusal), dearer
    shown = await view(database, shop, sold.id)
    paid = 600 + 2499 + (2499 - 600)
    assert (shown.money.captured_minor, shown.money.refunded_minor) == (paid, 0)
    cheaper = await bring(
        lanes,
        shop,
        sold,
        line("LAMP", 2, wanted="exchange"),
        exchange=[carried("MUG"), carried("SPOON", 3)],
    )
    assert not isinstance(cheaper, Refusal), cheaper
    shown = await view(database, shop, sold.id)
    assert shown.money.refunded_minor == 2 * 2499 - 600 - shown.lines[-1].gross_minor
    await assert_sound(database, shop)


async def test_what_an_exchange_costs_and_takes_is_told_and_done_as_it_was_shown(
    database, lanes, shop
):
    sold = await sell(database, lanes, shop, "MUG", "LAMP")
    wish = {"exchange": [carried("LAMP")], "tenders": CASH}
    told = 600 - 2499
    mug = line("MUG", wanted="exchange")
    refused = await bring(lanes, shop, sold, mug, shown_minor=600, **wish)
    assert isinstance(refused, errors.GivesOtherwise)
    taken = await bring(lanes, shop, sold, mug, shown_minor=told, **wish)
    assert (taken.refund_minor, taken.exchange_minor, taken.paid_minor) == (600, 2499, -told)
    one = await read(database, shop, taken.return_id)
    assert (one.exchange_minor, one.paid_minor) == (2499, -told)
    await assert_sound(database, shop)


async def test_the_till_takes_what_is_owed_for_goods_that_are_fetched_elsewhere(
    database, lanes, shop
):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "S0002"): 1})
    sold = await sell(database, lanes, shop, "MUG")
    lamp = ExchangeWish(sku="LAMP", quantity=1, method="pickup", store="S0002")
    for tender in (TenderWish(method="cash"), TenderWish(method="card")):
        taken = await bring(
            lanes,
            shop,
            sold,
            line("MUG", wanted="exchange"),
            exchange=[lamp],
            tenders=[tender],
            location="S0002",
        )
        assert not isinstance(taken, Refusal), taken
        shown = await view(database, shop, sold.id)
        assert shown.money.captured_minor == 600 + taken.paid_minor
        assert buckets(shown)["LAMP"] == {("allocated", "S0002"): 1}
        await assert_sound(database, shop)
        sold = await sell(database, lanes, shop, "MUG")
        async with database.transaction(shop) as tx:
            await stock_up(tx, {("LAMP", "S0002"): 2})


async def test_an_exchange_that_cannot_be_paid_leaves_nothing_behind(database, lanes, shop):
    sold = await sell(database, lanes, shop, "MUG")
    before = await stock_at(database, shop, "MUG", "S0001")
    refused = await bring(
        lanes,
        shop,
        sold,
        line("MUG", wanted="exchange"),
        exchange=[ExchangeWish(sku="NOTHING", quantity=1)],
    )
    assert isinstance(refused, Refusal)
    assert await stock_at(database, shop, "MUG", "S0001") == before
    assert len((await view(database, shop, sold.id)).lines) == 1
    await assert_sound(database, shop)


async def promised(database, lanes, shop):
    """A mug on its way back by post for a spoon that waits for it."""
    sold = await sell(database, lanes, shop, "MUG")
    spoon = ExchangeWish(sku="SPOON", quantity=1, method="pickup", store="S0001")
    one = await announce(lanes, shop, sold, wanted("MUG", wanted="exchange"), exchange=[spoon])
    assert not isinstance(one, Refusal), one
    return sold, one


async def test_goods_in_exchange_are_promised_and_wait_for_the_return(database, lanes, shop):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("SPOON", "S0001"): 5})
    sold, one = await promised(database, lanes, shop)
    shown = await view(database, shop, sold.id)
    assert [stop.kind for stop in shown.stops if stop.resolved_at is None] == ["exchange"]
    assert buckets(shown)["SPOON"] == {("allocated", "S0001"): 1}
    assert shown.money.refunded_minor == 0
    told = [ReceiveLine(sku="MUG", quantity=1, disposition="sellable")]
    await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1", lines=told))
    await react(database, shop)
    shown = await view(database, shop, sold.id)
    assert not [stop for stop in shown.stops if stop.resolved_at is None]
    assert shown.money.refunded_minor == 500
    await assert_sound(database, shop)


async def test_goods_in_exchange_go_back_when_the_return_is_cancelled(database, lanes, shop):
    sold, one = await promised(database, lanes, shop)
    await step(lanes, shop, returns.CANCEL, Cancel(return_id=one.id, reason="keeps it"))
    shown = await view(database, shop, sold.id)
    assert buckets(shown)["SPOON"] == {("cancelled", ""): 1}
    assert not [stop for stop in shown.stops if stop.resolved_at is None]
    assert (await read(database, shop, one.id)).state == "cancelled"
    await assert_sound(database, shop)


async def test_a_claim_is_paid_or_replaced_without_goods(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3), "LAMP")
    lines = [
        RequestLine(sku="MUG", quantity=2, reason="damaged", wanted="money", minor=700),
        RequestLine(sku="LAMP", quantity=1, reason="faulty", wanted="replacement"),
    ]
    one = await announce(lanes, shop, sold, *lines, kind="claim")
    assert (one.state, one.kind) == ("requested", "claim")
    let = await step(lanes, shop, returns.AUTHORIZE, Authorize(return_id=one.id))
    assert let.state == "graded"
    settled = await step(lanes, shop, returns.SETTLE, Settle(return_id=one.id))
    assert not isinstance(settled, Refusal), settled
    assert (settled.state, settled.refund_minor) == ("settled", 700)
    shown = await view(database, shop, sold.id)
    assert shown.money.refunded_minor == 700
    assert [(x.cause, x.sku, x.gross_minor) for x in shown.lines][2:] == [
        ("replacement", "LAMP", 0)
    ]
    # What is kept is worth less now.
    taken = await bring(lanes, shop, sold, line("MUG", 3))
    assert taken.refund_minor == 1100
    await assert_sound(database, shop)


async def test_what_was_replaced_is_made_good_once(database, lanes, shop):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "S0001"): 5})
    sold = await sell(database, lanes, shop, LineWish(sku="LAMP", quantity=2))
    again = RequestLine(sku="LAMP", quantity=1, reason="damaged", wanted="replacement")
    one = await announce(lanes, shop, sold, again, kind="claim")
    await step(lanes, shop, returns.AUTHORIZE, Authorize(return_id=one.id))
    (sent,) = (await step(lanes, shop, returns.SETTLE, Settle(return_id=one.id))).exchange
    # One lamp of two is whole: no more is replaced, paid for or taken back.
    whole = sold.lines[0].id
    money = RequestLine(order_line=whole, quantity=2, reason="damaged", wanted="money")
    refused = await announce(lanes, shop, sold, money, kind="claim")
    assert isinstance(refused, errors.ReturnedAboveLeft)
    assert one.number in refused.message
    both = line("LAMP", 2, order_line=whole)
    assert isinstance(await bring(lanes, shop, sold, both), errors.ReturnedAboveLeft)
    assert (await bring(lanes, shop, sold, line("LAMP", order_line=whole))).refund_minor > 0
    async with database.transaction(shop) as tx:
        told = {x.order_line: x for x in (await returns.list_returnable(tx, sold.number)).lines}
    assert (told[whole].left, told[whole].refusal) == (0, "replaced")
    # When what was sent instead is called off, the unit it stood for is paid for.
    off = CancelUnits(order_id=sold.id, lines=[CancelLine(sent, 1)], reason="none left")
    assert not isinstance(await step(lanes, shop, orders.CANCEL, off), Refusal)
    money = RequestLine(order_line=whole, quantity=1, reason="damaged", wanted="money")
    assert not isinstance(await announce(lanes, shop, sold, money, kind="claim"), Refusal)
    await assert_sound(database, shop)


async def test_a_claim_and_goods_are_not_mixed(database, lanes, shop):
    sold = await sell(database, lanes, shop, "MUG")
    refused = await announce(lanes, shop, sold, wanted("MUG", wanted="money"))
    assert isinstance(refused, errors.ClaimUnfit)
    refused = await announce(lanes, shop, sold, wanted("MUG"), kind="claim")
    assert isinstance(refused, errors.ClaimUnfit)
