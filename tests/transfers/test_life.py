"""Transfers from the wish to the shelf, on the real database: stock, incoming goods and books."""

import secrets
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crosslane import inventory, transfers
from crosslane.inventory import OutOfStock
from crosslane.platform.actor import Actor
from crosslane.platform.lane import Lanes
from crosslane.platform.tenants import create_tenant, drop_tenant
from crosslane.transfers.errors import (
    ForeignTransfer,
    NoSuchTransfer,
    NothingOnItsWay,
    NothingToClose,
    NothingToSend,
    NotOurStock,
    RateNeeded,
    SameLocation,
)
from crosslane.transfers.service.ending import cancel, close
from crosslane.transfers.service.receiving import receive
from crosslane.transfers.service.sending import send
from tests.inventory.shop import demand, wish
from tests.soundness import list_findings
from tests.transfers.play import BY_HAND, MUG_MILLI, Play


async def test_goods_are_held_sent_and_received(play: Play):
    one = await play.ask(20, 5)
    assert (one.state, one.to_send, one.number[0]) == ("requested", 25, "T")
    source = await play.figures("DC")
    assert (source["on_hand"], source["allocated"]) == (40, 20)
    one = await play.send(one)
    assert (one.state, one.to_send, one.on_way) == ("sent", 0, 25)
    source, to = await play.figures("DC"), await play.figures("LEEDS")
    assert (source["on_hand"], source["allocated"]) == (20, 0)
    assert to["incoming"] == 20
    one = await play.receive(one)
    assert (one.state, one.on_way) == ("closed", 0)
    to = await play.figures("LEEDS")
    assert (to["on_hand"], to["incoming"]) == (20, 0)


async def test_what_the_source_cannot_give_is_refused_whole(play: Play):
    with pytest.raises(OutOfStock) as refused:
        await play.ask(5, 31)
    assert refused.value.pointer == "/lines/1/quantity"
    assert refused.value.details["available"] == 30
    assert (await play.figures("DC"))["allocated"] == 0


async def test_held_units_are_not_sold_meanwhile_and_free_again_when_taken_back(play: Play):
    one = await play.ask(38)
    async with play.transaction() as tx:
        [answer] = await inventory.allocate(tx, [wish(play.shop, 3)])
        assert isinstance(answer, OutOfStock)
    one = await play.cancel(one)
    assert one.state == "cancelled"
    async with play.transaction() as tx:
        [answer] = await inventory.allocate(tx, [wish(play.shop, 3)])
        assert isinstance(answer, inventory.Allocated)
    with pytest.raises(NothingToSend):
        await play.cancel(one)


async def test_parts_leave_and_arrive_less_more_and_damaged(play: Play):
    one = await play.send(await play.ask(20), 12)
    assert (one.state, one.to_send, one.on_way) == ("sent", 8, 12)
    one = await play.receive(one, 9, 2)
    assert (one.state, one.on_way, one.lines[0].damaged) == ("received", 1, 2)
    one = await play.send(one)
    one = await play.receive(one, 12)
    assert (one.state, one.lines[0].on_way) == ("received", -3)
    one = await play.close(one, "miscounted")
    assert (one.state, one.lines[0].written_off) == ("closed", -3)
    to = await play.figures("LEEDS")
    assert to["on_hand"] == 21
    async with play.transaction() as tx:
        conditions = {
            row.condition: row.on_hand
            for row in await inventory.positions_at(tx, play.shop.mug, play.shop.locations["LEEDS"])
        }
    assert conditions == {"sellable": 21, "damaged": 2}


async def test_the_rest_need_not_follow(play: Play):
    one = await play.send(await play.ask(20), 12, rest_follows=False)
    assert (one.to_send, one.lines[0].withdrawn, one.on_way) == (0, 8, 12)
    assert (await play.figures("DC"))["allocated"] == 0
    assert (await play.receive(one)).state == "closed"


async def test_what_is_lost_is_a_loss_of_who_it_was_sent_to_and_a_gain_when_it_turns_up(play: Play):
    before = await play.balances()
    one = await play.send(await play.ask(10, to="YORK"))
    worth = 10 * MUG_MILLI // 1000
    sent = await play.balances()
    assert sent["MF", "inventory"] == before["MF", "inventory"] - worth
    assert sent["MF", "intercompany_receivable"] == worth
    assert sent["FR", "stock_in_transit"] == worth
    assert sent["FR", "intercompany_payable"] == -worth
    one = await play.close(await play.receive(one, 7))
    lost = await play.balances()
    assert ("FR", "stock_in_transit") not in lost
    # 3 of them at 2.505: the roundings of 10 and 7 apart, it is what stood on its way.
    assert lost["FR", "inventory"] == 1754
    assert lost["FR", "inventory_adjustment"] == worth - 1754
    one = await play.receive(one, 3)
    assert (one.state, one.lines[0].written_off, one.on_way) == ("closed", 0, 0)
    found = await play.balances()
    assert found["FR", "inventory"] == worth
    assert ("FR", "inventory_adjustment") not in found
    assert ("FR", "stock_in_transit") not in found


async def test_goods_for_another_currency_are_owed_at_the_rate_of_the_day(play: Play):
    one = await play.receive(await play.send(await play.ask(10, to="DUBLIN")))
    assert (one.state, one.owner) == ("closed", "IE")
    found = await play.balances()
    cost = (10 * MUG_MILLI * 115 // 100 + 500) // 1000
    assert found["MF", "intercompany_receivable"] == 2505
    assert found["IE", "inventory"] == cost
    assert found["IE", "intercompany_payable"] == -cost


async def test_no_goods_between_books_without_a_rate(play: Play):
    wish = transfers.RequestTransfer(
        source="DUBLIN", destination="DC", lines=(transfers.ArticleUnits("MUG", 1),)
    )
    with pytest.raises(RateNeeded):
        await play.do(transfers.REQUEST, wish)


@pytest.mark.parametrize(
    ("source", "destination", "refusal"),
    [("DC", "DC", SameLocation), ("POTTER", "DC", NotOurStock), ("DC", "POTTER", NotOurStock)],
)
async def test_only_our_own_stock_moves_and_from_one_place_to_another(
    play: Play, source, destination, refusal
):
    lines = (transfers.ArticleUnits("MUG", 1),)
    wish = transfers.RequestTransfer(source=source, destination=destination, lines=lines)
    with pytest.raises(refusal):
        await play.do(transfers.REQUEST, wish)


async def test_facts_are_recorded_whatever_stands_in_the_books(play: Play):
    one = await play.cancel(await play.ask(5))
    # It had left all the same, more of it than there was, and something nobody had asked for came.
    one = await play.send(one, 41)
    assert (one.state, one.on_way) == ("sent", 41)
    assert (await play.figures("DC"))["on_hand"] == -1
    bowl = transfers.ArrivedArticle("BOWL", 2)
    wish = transfers.ReceiveTransfer(transfer=str(one.id), lines=(bowl,))
    one = await play.do(transfers.RECEIVE, wish)
    assert [(line.sku, line.on_way) for line in one.lines] == [("MUG", 41), ("BOWL", -2)]
    one = await play.close(await play.receive(one, 41), "other")
    assert (one.state, one.lines[1].written_off) == ("closed", -2)
    with pytest.raises(NothingToClose):
        await play.close(one)
    with pytest.raises(NothingOnItsWay):
        await play.receive(one)
    with pytest.raises(NothingToSend):
        await play.send(one)


async def test_a_count_takes_from_transfers_before_it_takes_from_customers(play: Play):
    async with play.transaction() as tx:
        await inventory.allocate(tx, [wish(play.shop, 10, cause=demand())])
    one = await play.ask(30)
    async with play.transaction() as tx:
        await play.count(tx, "DC", 15)
    await play.react()
    async with play.transaction() as tx:
        kept = await transfers.find_transfer(tx, one.number)
    assert (kept.to_send, kept.lines[0].withdrawn, kept.state) == (5, 25, "requested")
    assert (await play.figures("DC"))["allocated"] == 15


async def test_what_a_count_has_seen_leaves_and_arrives_once(play: Play):
    one = await play.ask(10)
    async with play.transaction() as tx:
        an_hour_ago = tx.now - timedelta(hours=1)
        await play.count(tx, "DC", 30, tx.now)
        await play.count(tx, "LEEDS", 10, tx.now)
    one = await play.send(one, occurred_at=an_hour_ago)
    one = await play.receive(one, occurred_at=an_hour_ago)
    assert (await play.figures("DC"))["on_hand"] == 30
    assert (await play.figures("LEEDS"))["on_hand"] == 10
    assert one.state == "closed"


async def test_people_of_a_store_speak_for_their_own_store(play: Play):
    of = {
        code: Actor("staff", code, frozenset({"*"}), location_id=place)
        for code, place in play.shop.locations.items()
    }
    one = await play.ask(5, actor=of["LEEDS"])
    wish = transfers.SendTransfer(transfer=one.number)
    with pytest.raises(NoSuchTransfer):
        await play.do(transfers.SEND, wish, of["YORK"])
    with pytest.raises(ForeignTransfer):
        await play.do(transfers.SEND, wish, of["LEEDS"])
    await play.do(transfers.SEND, wish, of["DC"])
    came = transfers.ReceiveTransfer(transfer=one.number)
    with pytest.raises(ForeignTransfer):
        await play.do(transfers.RECEIVE, came, of["DC"])
    await play.do(transfers.RECEIVE, came, of["LEEDS"])
    with pytest.raises(ForeignTransfer):
        await play.ask(5, actor=of["YORK"])


async def test_nobody_else_speaks_of_what_a_transfer_has_on_its_way(play: Play):
    one = await play.send(await play.ask(5))
    async with play.transaction() as tx:
        place = play.shop.locations["LEEDS"]
        [line] = await inventory.incoming_at(tx, play.shop.mug, place, 10)
    wish = inventory.ReceiveIncoming(
        lines=(inventory.ArrivedLine(incoming_id=line.id, quantity=5),)
    )
    with pytest.raises(inventory.OnATransfer) as refused:
        await play.do(inventory.RECEIVE_INCOMING, wish)
    assert refused.value.details["reference"] == one.number


@pytest.fixture(scope="module")
async def long_lived(database):
    """A retailer that many histories happen to, one after the other."""
    tenant = f"t{secrets.token_hex(6)}"
    await create_tenant(database, tenant)
    yield await Play.begin(database, Lanes(database), tenant)
    await drop_tenant(database, tenant)


history = st.lists(
    st.tuples(
        st.sampled_from(["send", "receive", "damage", "cancel", "close", "count DC", "count TO"]),
        st.integers(1, 14),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(["LEEDS", "YORK", "DUBLIN"]), history)
async def test_any_history_conserves_units_and_money(long_lived, to, told):
    play, drift = long_lived, 0
    async with play.transaction() as tx:
        await play.count(tx, "DC", 60)
    one = await play.ask(10, to=to)
    before = await lying(play, to)
    async with play.transaction() as tx:
        for step, units in told:
            drift += await happen(play, tx, one, to, step, units)
        found = await transfers.find_transfer(tx, one.number)
    await play.react()
    async with play.transaction() as tx:
        assert await list_findings(tx, by_hand=BY_HAND) == []
    [line] = found.lines
    assert before + drift == await lying(play, to) + line.on_way + line.written_off


async def lying(play: Play, to: str) -> int:
    """Return the mugs that lie at both ends, damaged ones too."""
    ends = [await play.figures("DC"), await play.figures(to)]
    return sum(sum([end["on_hand"], *end["set_aside"].values()]) for end in ends if end)


async def happen(play: Play, tx, one, to: str, step: str, units: int) -> int:
    """Let a step happen; return by how much a count has corrected what lies there."""
    named = (transfers.ArticleUnits("MUG", units),)
    came = transfers.ArrivedArticle("MUG", *((0, units) if step == "damage" else (units, 0)))
    if step == "send":
        await send(tx, transfers.SendTransfer(transfer=one.number, lines=named))
    elif step in ("receive", "damage"):
        await receive(tx, transfers.ReceiveTransfer(transfer=one.number, lines=(came,)))
    elif step.startswith("count"):
        at = "DC" if step == "count DC" else to
        place = play.shop.locations[at]
        found = await inventory.stock_figures(tx, [play.shop.mug], location_ids=[place])
        lay = found.get(play.shop.mug, {}).get(place)
        await play.count(tx, at, units)
        return units - (lay.on_hand if lay else 0)
    else:
        kept = await transfers.find_transfer(tx, one.number)
        if step == "cancel" and kept.to_send:
            await cancel(tx, transfers.CancelTransfer(transfer=one.number))
        if step == "close" and any(line.on_way for line in kept.lines):
            code = transfers.Difference.OTHER
            await close(tx, transfers.CloseTransfer(transfer=one.number, code=code))
    return 0
