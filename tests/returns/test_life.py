"""A return from asking to the end: by post, in parts, with the wrong goods, or never."""

from datetime import timedelta

import pytest

from crosslane import returns
from crosslane.kernel import Refusal
from crosslane.orders import BuyerWish, LineWish
from crosslane.organization import Scope
from crosslane.platform.actor import Actor
from crosslane.platform.log import run_reaction
from crosslane.returns import (
    Authorize,
    Cancel,
    Clear,
    Decline,
    Dispatch,
    Grade,
    GradeLine,
    Receive,
    ReceiveLine,
    RequestLine,
    RequestReturn,
    Settle,
    errors,
)
from crosslane.returns.service.closing import expire
from tests.orders.world import view
from tests.returns.counter import THEN, ask, bring, line, sell, set_rule, stock_at
from tests.soundness import assert_sound

LATER = THEN + timedelta(days=3)


async def announce(lanes, shop, sold, *lines, **told):
    """Ask to bring goods of an order back."""
    wishes = [
        RequestLine(sku=one, quantity=1, reason="too_small") if isinstance(one, str) else one
        for one in lines
    ]
    given = {"occurred_at": LATER, **told}
    return await ask(
        lanes,
        shop,
        returns.REQUEST,
        RequestReturn(order=sold.number, lines=wishes, **given),
        actor=told.pop("actor", None) or Actor("staff", "al", frozenset({"*"})),
    )


def wanted(sku: str, quantity: int = 1, reason: str = "too_small", **told) -> RequestLine:
    return RequestLine(sku=sku, quantity=quantity, reason=reason, **told)


async def step(lanes, shop, kind, body):
    return await ask(lanes, shop, kind, body)


async def react(database, shop) -> None:
    """Let returns react until nothing is left to do."""
    for _ in range(10):
        done = [await run_reaction(database, shop, one) for one in returns.REACTIONS]
        if not any(done):
            return
    raise AssertionError("work never ends")


async def read(database, shop, return_id):
    async with database.transaction(shop) as tx:
        return (await returns.list_returns(tx, [return_id]))[return_id]


async def test_goods_sent_by_post_are_received_graded_and_paid_back(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3))
    one = await announce(lanes, shop, sold, wanted("MUG", 2))
    assert not isinstance(one, Refusal), one
    assert one.state == "authorized"
    # Though it is told of years late, it has its days.
    assert one.expires_at - one.requested_at == timedelta(days=30)
    on_way = await step(lanes, shop, returns.DISPATCH, Dispatch(return_id=one.id))
    assert on_way.state == "in_transit"
    came = await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1"))
    assert (came.state, came.lines[0].received) == ("received", 2)
    assert await stock_at(database, shop, "MUG", "RC1") == {"to_grade": 2}
    looked_at = [
        GradeLine(return_line=one.lines[0].id, quantity=1, disposition="sellable"),
        GradeLine(return_line=one.lines[0].id, quantity=1, disposition="refurbish"),
    ]
    graded = await step(lanes, shop, returns.GRADE, Grade(return_id=one.id, lines=looked_at))
    assert graded.state == "graded"
    assert await stock_at(database, shop, "MUG", "RC1") == {"sellable": 1, "refurbish": 1}
    await react(database, shop)
    ended = await read(database, shop, one.id)
    assert (ended.state, ended.refund_minor, ended.lines[0].credited) == ("closed", 1200, 2)
    assert (await view(database, shop, sold.id)).money.refunded_minor == 1200
    await assert_sound(database, shop)


async def test_money_goes_to_the_buyers_store_credit_when_no_account_is_named(
    database, lanes, shop
):
    buyer = BuyerWish(email="ada@example.com", name="Ada Brown")
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3), buyer=buyer)
    refund = returns.RefundWish(method="stored_value")
    first = await announce(lanes, shop, sold, wanted("MUG", 1), refund=refund)
    second = await announce(lanes, shop, sold, wanted("MUG", 1), refund=refund)
    assert first.refund_account == second.refund_account is not None
    for one in (first, second):
        await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1"))
        await step(lanes, shop, returns.GRADE, Grade(return_id=one.id))
    await react(database, shop)
    async with database.transaction(shop) as tx:
        balance = await tx.fetchval(
            "select balance_minor from payments_account where id = $1", first.refund_account
        )
        assert balance == 1_200
        await tx.execute("update orders_order set customer_id = null")
    refused = await announce(lanes, shop, sold, wanted("MUG", 1), refund=refund)
    assert isinstance(refused, errors.RefundUnfit)


async def test_who_wants_store_credit_or_a_gift_card_gets_no_money(database, lanes, shop):
    buyer = BuyerWish(email="ada@example.com", name="Ada Brown")
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=4), buyer=buyer)
    credit = await announce(lanes, shop, sold, wanted("MUG", wanted="store_credit"))
    card = await announce(lanes, shop, sold, wanted("MUG", wanted="gift_card"))
    for one in (credit, card):
        assert one.refund_method == "stored_value"
        told = [ReceiveLine(sku="MUG", quantity=1, disposition="sellable")]
        came = Receive(return_id=one.id, location="RC1", lines=told)
        await step(lanes, shop, returns.RECEIVE, came)
    await react(database, shop)
    at_desk = await bring(lanes, shop, sold, line("MUG", wanted="gift_card"))
    assert at_desk.refund_minor == 600
    desk = await read(database, shop, at_desk.return_id)
    async with database.transaction(shop) as tx:
        accounts = {
            row["id"]: (row["kind"], row["balance_minor"])
            for row in await tx.fetch("select id, kind, balance_minor from payments_account")
        }
    found = [accounts[one.refund_account] for one in (credit, card, desk)]
    assert found == [("store_credit", 600), ("gift_card", 600), ("gift_card", 600)]
    lines = [wanted("MUG", wanted="store_credit"), wanted("MUG")]
    for told in (
        {"lines": lines},
        {"lines": lines[:1], "refund": returns.RefundWish(method="original")},
    ):
        refused = await announce(lanes, shop, sold, *told.pop("lines"), **told)
        assert isinstance(refused, errors.RefundUnfit)
    await assert_sound(database, shop)


async def test_units_that_are_on_their_way_cannot_be_brought_to_a_counter(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=2))
    one = await announce(lanes, shop, sold, wanted("MUG", 2))
    refused = await bring(lanes, shop, sold, "MUG")
    assert isinstance(refused, errors.ReturnedAboveLeft)
    assert one.number in refused.details["why"]
    await step(lanes, shop, returns.CANCEL, Cancel(return_id=one.id))
    assert not isinstance(await bring(lanes, shop, sold, "MUG"), Refusal)
    await assert_sound(database, shop)


async def test_a_return_comes_in_parts_with_a_wrong_item_and_the_rest_never(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3), "LAMP")
    one = await announce(lanes, shop, sold, wanted("MUG", 3), wanted("LAMP"))
    mugs = next(x for x in one.lines if x.sku == "MUG")
    first = [
        ReceiveLine(return_line=mugs.id, quantity=1, disposition="sellable"),
        ReceiveLine(sku="SPOON", quantity=2, disposition="send_back"),
    ]
    part = Receive(return_id=one.id, location="RC1", lines=first, complete=False)
    came = await step(lanes, shop, returns.RECEIVE, part)
    assert (came.state, came.awaited) == ("received", True)
    assert [(x.sku, x.received, x.wrong) for x in came.lines] == [
        ("MUG", 1, False),
        ("LAMP", 0, False),
        ("SPOON", 2, True),
    ]
    assert await stock_at(database, shop, "SPOON", "RC1") == {}
    async with database.transaction(shop) as tx:
        await tx.execute("update returns_return set expires_at = $1", THEN)
        await expire(tx)
    await react(database, shop)
    ended = await read(database, shop, one.id)
    assert (ended.state, ended.refund_minor) == ("closed", 600)
    # What never came may still be brought.
    assert not isinstance(await bring(lanes, shop, sold, line("MUG", 2), "LAMP"), Refusal)
    await assert_sound(database, shop)


async def test_more_than_announced_is_credited_as_far_as_it_was_sold(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=2))
    one = await announce(lanes, shop, sold, "MUG")
    told = [ReceiveLine(sku="MUG", quantity=3, disposition="sellable")]
    await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1", lines=told))
    await react(database, shop)
    ended = await read(database, shop, one.id)
    assert (ended.lines[0].received, ended.lines[0].credited, ended.refund_minor) == (3, 2, 1200)
    await assert_sound(database, shop)


async def test_what_never_comes_is_given_up_and_may_be_asked_for_again(database, lanes, shop):
    sold = await sell(database, lanes, shop, "MUG")
    one = await announce(lanes, shop, sold, "MUG")
    async with database.transaction(shop) as tx:
        await tx.execute("update returns_return set expires_at = $1", THEN)
        await expire(tx)
    assert (await read(database, shop, one.id)).state == "expired"
    assert (await announce(lanes, shop, sold, "MUG")).state == "authorized"
    await assert_sound(database, shop)


@pytest.mark.parametrize("end", ["expired", "cancelled", "declined"])
async def test_what_comes_although_nobody_awaits_it_is_here_and_waits_for_a_person(
    database, lanes, shop, end
):
    if end == "declined":
        await set_rule(database, shop, decides="agent")
    sold = await sell(database, lanes, shop, "MUG", "LAMP")
    one = await announce(lanes, shop, sold, "MUG")
    if end == "expired":
        async with database.transaction(shop) as tx:
            await tx.execute("update returns_return set expires_at = $1", THEN)
            await expire(tx)
    elif end == "cancelled":
        await step(lanes, shop, returns.CANCEL, Cancel(return_id=one.id, reason="keeps it"))
    else:
        await step(lanes, shop, returns.DECLINE, Decline(return_id=one.id, reason="worn"))
    assert (await read(database, shop, one.id)).state == end
    told = [ReceiveLine(sku="MUG", quantity=1, disposition="sellable")]
    came = Receive(return_id=one.id, location="RC1", lines=told)
    late = await step(lanes, shop, returns.RECEIVE, came)
    assert (late.state, late.held, late.awaited, late.ended_at) == ("graded", True, False, None)
    assert end in late.hold_reason
    assert await stock_at(database, shop, "MUG", "RC1") == {"sellable": 1}
    await react(database, shop)
    assert (await read(database, shop, one.id)).state == "graded"
    await assert_sound(database, shop)
    if end == "declined":
        # Whoever looks at it declines it again, and what was looked at comes no more.
        await step(lanes, shop, returns.DECLINE, Decline(return_id=one.id, reason="worn"))
        again = await step(lanes, shop, returns.RECEIVE, came)
        assert isinstance(again, errors.NotInState)
    else:
        await step(lanes, shop, returns.CLEAR, Clear(return_id=one.id, reason="the post was slow"))
        paid = await step(lanes, shop, returns.SETTLE, Settle(return_id=one.id))
        assert paid.refund_minor == 600
    await react(database, shop)
    await assert_sound(database, shop)


@pytest.mark.parametrize(
    ("rule", "told", "refusal"),
    [
        ({"window_days": 2}, {}, errors.WindowOver),
        ({"window_days": 2}, {"reason": "faulty"}, None),
        ({"final_sale": True}, {}, errors.FinalSale),
        ({"final_sale": True}, {"reason": "damaged"}, None),
        ({}, {"item_state": "used"}, errors.ItemStateRefused),
        ({"methods": ["counter"]}, {}, errors.WayRefused),
        (
            {
                "window_days": 2,
                "seasons": [{"first": "2010-12-01", "last": "2010-12-24", "until": "2011-01-31"}],
            },
            {},
            None,
        ),
        ({"window_days": 2, "exchange_window_days": 20}, {"wanted": "exchange"}, None),
    ],
)
async def test_the_policy_of_the_day_of_the_sale_decides(
    database, lanes, shop, rule, told, refusal
):
    await set_rule(database, shop, Scope("category", "home"), **rule)
    sold = await sell(database, lanes, shop, "MUG")
    one = await announce(lanes, shop, sold, wanted("MUG", **told))
    if refusal is None:
        assert not isinstance(one, Refusal), one
    else:
        assert isinstance(one, refusal), one
        free = await announce(lanes, shop, sold, wanted("MUG", **told), override_reason="known")
        assert free.state == "authorized"


async def test_fee_and_delivery_follow_the_policy(database, lanes, shop):
    await set_rule(database, shop, fee_minor=200, unit_fee_minor=50)
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3))
    taken = await bring(lanes, shop, sold, line("MUG", 2))
    assert taken.refund_minor == 1200 - 200 - 100
    faulty = await bring(lanes, shop, sold, line("MUG", 1, reason="faulty"))
    assert faulty.refund_minor == 600
    cheap = await sell(database, lanes, shop, "SPOON")
    nothing = await bring(lanes, shop, cheap, "SPOON")
    assert nothing.refund_minor == 0
    await assert_sound(database, shop)


async def test_a_person_may_authorize_or_decline(database, lanes, shop):
    await set_rule(database, shop, decides="agent")
    sold = await sell(database, lanes, shop, "MUG", "LAMP")
    first = await announce(lanes, shop, sold, "MUG")
    second = await announce(lanes, shop, sold, "LAMP")
    assert (first.state, second.state) == ("requested", "requested")
    let = await step(lanes, shop, returns.AUTHORIZE, Authorize(return_id=first.id))
    assert let.state == "authorized"
    again = await step(lanes, shop, returns.AUTHORIZE, Authorize(return_id=first.id))
    assert isinstance(again, errors.NotInState)
    told = Decline(return_id=second.id, reason="worn out")
    declined = await step(lanes, shop, returns.DECLINE, told)
    assert (declined.state, declined.reason) == ("declined", "worn out")
    await assert_sound(database, shop)


async def test_money_is_given_at_dispatch_where_the_policy_says_so(database, lanes, shop):
    await set_rule(database, shop, instant_refund=True)
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=2))
    one = await announce(lanes, shop, sold, wanted("MUG", 2))
    sent = await step(lanes, shop, returns.DISPATCH, Dispatch(return_id=one.id))
    assert (sent.state, sent.refund_minor) == ("in_transit", 1200)
    told = [ReceiveLine(sku="MUG", quantity=1, disposition="sellable")]
    await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1", lines=told))
    await react(database, shop)
    assert (await read(database, shop, one.id)).state == "closed"
    assert (await view(database, shop, sold.id)).money.refunded_minor == 1200
    await assert_sound(database, shop)


async def test_a_held_return_waits_until_it_is_cleared(database, lanes, shop):
    await set_rule(database, shop, settles="agent")
    sold = await sell(database, lanes, shop, "MUG")
    one = await announce(lanes, shop, sold, "MUG")
    told = [ReceiveLine(sku="MUG", quantity=1, disposition="sellable")]
    await step(lanes, shop, returns.RECEIVE, Receive(return_id=one.id, location="RC1", lines=told))
    async with database.transaction(shop) as tx:
        await tx.execute("update returns_return set held = true, hold_reason = 'looks odd'")
    refused = await step(lanes, shop, returns.SETTLE, Settle(return_id=one.id))
    assert isinstance(refused, errors.ReturnHeldBack)
    await step(lanes, shop, returns.CLEAR, Clear(return_id=one.id, reason="a regular"))
    settled = await step(lanes, shop, returns.SETTLE, Settle(return_id=one.id))
    assert (settled.state, settled.refund_minor) == ("settled", 600)


async def test_what_may_come_back_is_told_with_its_money_and_why_not(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3), "LAMP")
    await announce(lanes, shop, sold, "LAMP")
    await bring(lanes, shop, sold, "MUG")
    async with database.transaction(shop, read_only=True) as tx:
        told = await returns.list_returnable(tx, sold.number, at=LATER)
    shown = {x.sku: (x.left, x.gross_minor, x.refusal, str(x.until)) for x in told.lines}
    assert shown == {
        "MUG": (2, 1200, "", "2011-01-09"),
        "LAMP": (0, 0, "on-its-way", "2011-01-09"),
    }
