"""Goods over the counter: of a known order, at any store, once, and worth what was paid."""

import asyncio

from crosslane import returns
from crosslane.kernel import Refusal
from crosslane.orders import LineWish
from crosslane.platform.lane import Lanes
from crosslane.returns import DeskCharge, RefundWish, errors
from tests.orders.test_changes import WHOLE_WAY, carry
from tests.orders.world import place, view, wish
from tests.returns.counter import bring, clerk_of, line, sell, set_rule, stock_at
from tests.soundness import assert_sound


async def test_goods_of_an_order_are_taken_back_and_their_money_given(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3), "SPOON")
    before = await stock_at(database, shop, "MUG", "S0001")
    taken = await bring(lanes, shop, sold, line("MUG", 2))
    assert not isinstance(taken, Refusal), taken
    assert (taken.state, taken.refund_minor, taken.currency) == ("settled", 1200, "GBP")
    after = await stock_at(database, shop, "MUG", "S0001")
    assert after["sellable"] == before.get("sellable", 0) + 2
    shown = await view(database, shop, sold.id)
    assert (shown.money.captured_minor, shown.money.refunded_minor) == (1900, 1200)
    async with database.transaction(shop) as tx:
        one = await returns.find_return(tx, taken.number)
    [mine] = one.lines
    assert (mine.received, mine.credited, mine.net_minor, mine.tax_minor) == (2, 2, 1021, 179)
    await assert_sound(database, shop)


async def test_no_more_comes_back_than_was_sold_and_it_says_how_many_are_left(
    database, lanes, shop
):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3))
    await bring(lanes, shop, sold, line("MUG", 2))
    refused = await bring(lanes, shop, sold, line("MUG", 2), location="S0002")
    assert isinstance(refused, errors.ReturnedAboveLeft)
    assert (refused.details["left"], refused.details["why"]) == (1, "2 came back before")
    assert not isinstance(await bring(lanes, shop, sold, line("MUG", 1)), Refusal)
    await assert_sound(database, shop)


async def test_two_desks_give_the_same_goods_back_once(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=1))
    other = Lanes(database)
    answers = await asyncio.gather(
        *(
            bring(desk, shop, sold, "MUG", location=at)
            for desk, at in ((lanes, "S0001"), (other, "S0002"), (lanes, "S0003"))
        )
    )
    assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True, True]
    shown = await view(database, shop, sold.id)
    assert shown.money.refunded_minor == 600
    await assert_sound(database, shop)


async def test_money_may_go_out_in_cash_up_to_the_limit_of_the_store(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="LAMP", quantity=30))
    cash = [RefundWish(method="cash")]
    refused = await bring(lanes, shop, sold, line("LAMP", 30), refunds=cash)
    assert isinstance(refused, Refusal)
    assert refused.code == "cash-refund-too-high"
    assert (await view(database, shop, sold.id)).money.refunded_minor == 0
    taken = await bring(lanes, shop, sold, line("LAMP", 2), refunds=cash)
    assert taken.refund_minor == 4998
    happened = await bring(lanes, shop, sold, line("LAMP", 28), refunds=cash, happened=True)
    assert happened.refund_minor == 28 * 2499
    await assert_sound(database, shop)


async def test_blind_goods_are_worth_what_the_proof_says_or_the_lowest_lately(
    database, lanes, shop
):
    told = {"refunds": [RefundWish(method="cash")], "blind_override_reason": "known customer"}
    proved = line("MUG", 2, unit_price_milli=500_000, tax_rate_bp=1750)
    taken = await bring(lanes, shop, None, proved, "LAMP", proof="till 7, no. 12", **told)
    assert not isinstance(taken, Refusal), taken
    assert taken.refund_minor == 1000 + 2499
    assert [(one.net_minor, one.tax_minor) for one in taken.lines] == [(851, 149), (2127, 372)]
    assert (await stock_at(database, shop, "MUG", "S0001"))["sellable"] == 6
    await assert_sound(database, shop)


async def test_money_alone_is_given_once_however_often_it_is_told(database, lanes, shop):
    """What has no lines is read as a return like any other."""
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3))
    told = {"refunds": [RefundWish(method="cash")], "blind_override_reason": "known customer"}
    charges = [DeskCharge(kind="appeasement", title="Sorry", gross_minor=-250)]
    for order, more in ((sold, {"source_id": "1"}), (None, {"source_id": "2"} | told)):
        first, again = [await bring(lanes, shop, order, charges=charges, **more) for _ in range(2)]
        assert not isinstance(first, Refusal), first
        assert (again.number, again.refund_minor) == (first.number, 250)
        async with database.transaction(shop) as tx:
            assert (await returns.find_return(tx, first.number)).lines == []
    await assert_sound(database, shop)


async def test_blind_goods_take_what_the_policy_wants(database, lanes, shop):
    clerk = await clerk_of(database, shop, "S0001")
    priced = line("MUG", unit_price_milli=500_000)
    refused = await bring(lanes, shop, None, priced, actor=clerk)
    assert isinstance(refused, errors.BlindNotAllowed)
    told = {"actor": clerk, "blind_override_reason": "I say so"}
    assert isinstance(await bring(lanes, shop, None, priced, **told), errors.BlindNotAllowed)
    await set_rule(database, shop, blind="allowed", blind_minor_max=500)
    assert not isinstance(await bring(lanes, shop, None, priced, actor=clerk), Refusal)
    dear = line("MUG", unit_price_milli=501_000)
    assert isinstance(await bring(lanes, shop, None, dear, actor=clerk), errors.BlindNotAllowed)
    await set_rule(database, shop, blind="allowed", blind_minor_max=500, blind_proof=True)
    assert isinstance(await bring(lanes, shop, None, priced, actor=clerk), errors.ProofNeeded)
    await set_rule(database, shop, blind="refused")
    assert isinstance(await bring(lanes, shop, None, priced, actor=clerk), errors.BlindRefused)
    await assert_sound(database, shop)


async def test_a_till_s_fact_above_what_the_order_has_left_is_taken_blind(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=1))
    told = {"happened": True, "refunds": [RefundWish(method="cash")], "source_id": "7/12"}
    taken = await bring(lanes, shop, sold, line("MUG", 3), "LAMP", **told)
    assert not isinstance(taken, Refusal), taken
    assert taken.blind_return_id is not None
    assert taken.refund_minor == 600 + 2 * 600 + 2499
    assert [one.order_line is None for one in taken.lines] == [False, True, True]
    again = await bring(lanes, shop, sold, line("MUG", 3), "LAMP", **told)
    assert again == taken
    await assert_sound(database, shop)


async def test_an_associate_takes_back_at_the_own_store_what_any_store_sold(database, lanes, shop):
    sold = await sell(database, lanes, shop, "MUG")
    clerk = await clerk_of(database, shop, "S0002")
    refused = await bring(lanes, shop, sold, "MUG", actor=clerk)
    assert isinstance(refused, errors.ReturnLocationForeign)
    taken = await bring(lanes, shop, sold, "MUG", actor=clerk, location="S0002")
    assert taken.refund_minor == 600
    assert await stock_at(database, shop, "MUG", "S0002") == {"sellable": 1}
    await assert_sound(database, shop)


async def test_who_takes_nothing_back_and_other_markets_refuse_with_the_reason(
    database, lanes, shop
):
    sold = await sell(database, lanes, shop, "MUG")
    assert isinstance(await bring(lanes, shop, sold, "MUG", location="S0004"), errors.NoReturnsHere)
    refused = await bring(lanes, shop, sold, "MUG", location="S0009")
    assert isinstance(refused, errors.OtherMarket)
    assert "GBP" in refused.message


async def test_stock_of_a_franchise_counter_belongs_to_who_had_sold_it(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3))
    destroyed = line("MUG", 1, disposition="destroy", item_state="faulty", reason="faulty")
    sent = line("MUG", 1, disposition="vendor", reason="faulty")
    await bring(lanes, shop, sold, destroyed, "MUG", sent, location="S0003")
    assert await stock_at(database, shop, "MUG", "S0003") == {"sellable": 1, "to_vendor": 1}
    async with database.transaction(shop) as tx:
        rows = await tx.fetch(
            "select e.code, m.unit_cost_milli from inventory_movement m"
            " join inventory_position p on p.id = m.position_id"
            " join organization_entity e on e.id = p.owner_id"
            " where m.cause_kind = 'return' and m.reason = 'receive'"
        )
    assert {tuple(row) for row in rows} == {("mf", 200_000)}
    await assert_sound(database, shop)


async def test_a_till_tells_twice_of_what_the_web_shop_had_sold_and_it_is_booked_once(
    database, lanes, shop
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await carry(database, shop, await view(database, shop, placed.id), *WHOLE_WAY)
    sold = await view(database, shop, placed.id)
    told = {"happened": True, "refunds": [RefundWish(method="cash")], "source_id": "7/12"}
    taken = await bring(lanes, shop, sold, line("MUG", 2), **told)
    assert not isinstance(taken, Refusal), taken
    assert await bring(lanes, shop, sold, line("MUG", 2), **told) == taken
    assert (await view(database, shop, sold.id)).money.refunded_minor == 1200
    # The web shop's own numbers are others.
    other = await bring(lanes, shop, sold, line("MUG", 1), **told | {"channel": "web"})
    assert not isinstance(other, Refusal), other
    assert other.return_id != taken.return_id
    await assert_sound(database, shop)


async def test_a_refund_may_go_several_ways(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="MUG", quantity=3))
    cash = RefundWish(method="cash", minor=500)
    taken = await bring(
        lanes, shop, sold, line("MUG", 3), refunds=[cash, RefundWish(method="original")]
    )
    assert taken.refund_minor == 1800
    assert (await view(database, shop, sold.id)).money.refunded_minor == 1800
    vague = [RefundWish(method="cash"), RefundWish(method="original")]
    refused = await bring(lanes, shop, sold, line("MUG", 1), refunds=vague)
    assert isinstance(refused, errors.RefundUnfit)
    await assert_sound(database, shop)


async def test_a_bundle_comes_back_as_its_components(database, lanes, shop):
    sold = await sell(database, lanes, shop, LineWish(sku="SET", quantity=2))
    taken = await bring(lanes, shop, sold, "SET")
    assert not isinstance(taken, Refusal), taken
    assert taken.refund_minor == 1350
    assert sorted((x.sku, x.quantity) for x in taken.lines) == [("MUG", 2), ("SPOON", 2)]
    told = {"refunds": [RefundWish(method="cash")], "blind_override_reason": "known"}
    blind = await bring(lanes, shop, None, line("SET", 1, unit_price_milli=1_350_000), **told)
    assert sorted((x.sku, x.quantity) for x in blind.lines) == [("MUG", 2), ("SPOON", 2)]
    assert abs(blind.refund_minor - 1350) <= 1
    assert "SET" not in await stock_at(database, shop, "SET", "S0001")
    await assert_sound(database, shop)
