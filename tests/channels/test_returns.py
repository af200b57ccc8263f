"""What marketplaces say of returns: asked for, arrived, refunded, in any order and once."""

import itertools
from typing import Any

import pytest

from crosslane import returns
from tests.channels.bazaar import Bazaar, about, order
from tests.returns.counter import set_rule

FULFILLED = [{"id": "1", "sku": "MUG", "quantity": 2, "method": "carry_out", "store": "S0001"}]


def sold(source_id: str = "B-1") -> dict[str, Any]:
    """An order whose goods the customer has, at six pounds each."""
    line = FULFILLED[0] | {"unit_price_milli": 600_000}
    return order(source_id, lines=[line], ship_to=None)


def returned(step: str, version: int, *, number: str = "R-1", **told: Any) -> dict[str, Any]:
    """A message of a return of one mug."""
    goods: dict[str, Any] = {"id": "1", "quantity": 1, "reason": "changed_mind"}
    if step == "arrived":
        goods["disposition"] = "sellable"
        told.setdefault("location", "S0001")
    told.setdefault("order", "B-1")
    return about("return", number, version, step=step, **({"lines": [goods]} | told))


async def work(bazaar: Bazaar) -> None:
    await bazaar.work()
    await bazaar.work(*[r for r in returns.REACTIONS if r.name == "returns.settle_by_policy"])
    await bazaar.work()


async def the_return(bazaar: Bazaar, number: str = "R-1") -> returns.Return | None:
    async with bazaar.database.transaction(bazaar.tenant, read_only=True) as tx:
        found = await tx.fetchval(
            "select id from returns_return where source_id = $1", f"bazaar:{number}"
        )
        return (await returns.list_returns(tx, [found]))[found] if found else None


async def test_a_return_is_asked_for_arrives_and_is_refunded_by_the_channel(bazaar: Bazaar):
    await bazaar.tell(sold())
    await bazaar.tell(returned("requested", 1))
    assert (await the_return(bazaar)).state == "authorized"
    await bazaar.tell(returned("arrived", 2))
    assert await bazaar.on_hand("MUG", "S0001") == 4 - 2 + 1
    await bazaar.tell(returned("refunded", 3, refunded_minor=600))
    one = await the_return(bazaar)
    assert (one.state, one.refund_minor) == ("settled", 600)
    assert (await bazaar.order("B-1")).money.refunded_minor == 600
    assert await bazaar.states() == ["applied"] * 4
    await bazaar.assert_sound()


@pytest.mark.parametrize("sequence", list(itertools.permutations(range(4))))
async def test_messages_of_a_return_in_any_order_and_twice_end_the_same(
    bazaar: Bazaar, sequence: tuple[int, ...]
):
    messages = [
        sold(),
        returned("requested", 1),
        returned("arrived", 2),
        returned("refunded", 3, refunded_minor=650),
    ]
    for place in sequence:
        await bazaar.tell(messages[place])
        await bazaar.tell(messages[place])
        await work(bazaar)
    one = await the_return(bazaar)
    assert (one.state, one.refund_minor) == ("settled", 600)
    shown = await bazaar.order("B-1")
    assert (shown.money.captured_minor, shown.money.refunded_minor) == (1200, 650)
    assert await bazaar.on_hand("MUG", "S0001") == 4 - 2 + 1
    assert set(await bazaar.states()) == {"applied", "repeated"}
    await bazaar.assert_sound()


@pytest.mark.parametrize("sequence", [(1, 2, 3, 4), (1, 4, 3), (4, 1), (3, 3, 4, 2)])
async def test_goods_counted_in_all_are_received_once_however_often_they_are_told(
    bazaar: Bazaar, sequence: tuple[int, ...]
):
    two = [{"id": "1", "quantity": 2}]
    one_of_two = [{"id": "1", "quantity": 1}]
    so_far = {"lines": two, "counted": "in_all"}
    messages = {
        1: returned("requested", 1, lines=two),
        2: returned("sent", 2, lines=two),
        3: returned("arrived", 3, **so_far | {"lines": one_of_two, "complete": False}),
        4: returned("arrived", 4, **so_far),
    }
    await bazaar.tell(sold())
    for place in sequence:
        await bazaar.tell(messages[place])
    one = await the_return(bazaar)
    assert (one.state, one.awaited, one.lines[0].received) == ("received", False, 2)
    assert set(await bazaar.states()) <= {"applied", "repeated"}
    await bazaar.assert_sound()


async def test_goods_on_their_way_are_dispatched_unless_they_are_here(bazaar: Bazaar):
    await bazaar.tell(sold())
    await bazaar.tell(returned("sent", 2))
    assert (await the_return(bazaar)).state == "in_transit"
    await bazaar.tell(returned("arrived", 3), returned("sent", 4))
    assert (await the_return(bazaar)).state == "graded"
    assert await bazaar.states() == ["applied"] * 4
    await bazaar.assert_sound()


@pytest.mark.parametrize("sequence", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (2, 1, 0)])
async def test_a_return_called_off_at_the_channel_awaits_nothing(
    bazaar: Bazaar, sequence: tuple[int, ...]
):
    messages = [sold(), returned("requested", 1), returned("cancelled", 2)]
    for place in sequence:
        await bazaar.tell(messages[place])
    assert (await the_return(bazaar)).state == "cancelled"
    assert set(await bazaar.states()) == {"applied"}
    # What comes all the same is here, and a person looks at it.
    await bazaar.tell(returned("arrived", 3))
    one = await the_return(bazaar)
    assert (one.state, one.held) == ("graded", True)
    assert await bazaar.on_hand("MUG", "S0001") == 4 - 2 + 1
    await bazaar.assert_sound()


@pytest.mark.parametrize("told_first", [True, False])
async def test_money_of_goods_that_came_over_our_own_counter_finds_their_return(
    bazaar: Bazaar, told_first: bool
):
    goods = [{"id": "1", "quantity": 1}]
    given = returned("refunded", 1, number="F-1", refunded_minor=600, lines=goods)
    money = about("money", "TX-1", 1, order="B-1", step="refunded", minor=600, currency="GBP")
    await bazaar.tell(sold())
    if told_first:
        await bazaar.tell(given, money)
        assert await bazaar.states() == ["applied", "parked", "applied"]
    shown = await bazaar.order("B-1")
    mug = returns.DeskLine(sku="MUG", quantity=1)
    wish = returns.TakeBack(
        channel="bazaar", location="S0001", order=shown.number, lines=[mug], happened=True
    )
    await bazaar.lanes.run(bazaar.tenant, returns.TAKE_BACK, "counter", wish)
    await work(bazaar)
    if not told_first:
        await bazaar.tell(given, money)
    await work(bazaar)
    assert await bazaar.states() == ["applied"] * 3
    shown = await bazaar.order("B-1")
    assert (shown.money.captured_minor, shown.money.refunded_minor) == (1200, 600)
    assert await the_return(bazaar, "F-1") is None
    await bazaar.assert_sound()


async def test_money_for_goods_that_stay_is_a_claim(bazaar: Bazaar):
    await bazaar.tell(sold())
    await bazaar.tell(returned("refunded", 1, refunded_minor=250, goods="stay"))
    one = await the_return(bazaar)
    assert (one.kind, one.state, one.refund_minor) == ("claim", "settled", 250)
    assert (await bazaar.order("B-1")).money.refunded_minor == 250
    assert await bazaar.on_hand("MUG", "S0001") == 2
    await bazaar.assert_sound()


async def test_goods_nobody_asked_to_bring_are_received_wherever_they_come(bazaar: Bazaar):
    await bazaar.tell(sold())
    await bazaar.tell(returned("arrived", 1, lines=[{"sku": "MUG", "quantity": 2}]))
    one = await the_return(bazaar)
    assert (one.state, one.lines[0].received) == ("received", 2)
    await bazaar.tell(returned("refunded", 2, lines=[{"sku": "MUG", "quantity": 2}]))
    assert (await bazaar.states())[-1] == "parked"
    await bazaar.assert_sound()


async def test_what_cannot_come_back_is_kept_with_the_reason(bazaar: Bazaar):
    await bazaar.tell(sold())
    many = [{"id": "1", "quantity": 3, "reason": "changed_mind"}]
    await bazaar.tell(returned("requested", 1, lines=many))
    await bazaar.tell(returned("requested", 1, number="R-2", lines=[{"id": "9", "quantity": 1}]))
    await bazaar.tell(returned("requested", 1, number="R-3", lines=[{"quantity": 1}]))
    await bazaar.tell(returned("arrived", 1, number="R-4", location=""))
    codes = [message.code for message in await bazaar.messages(state="quarantined")]
    assert codes == ["returned-above-left", "goods-unknown", "goods-unclear", "location-missing"]
    await bazaar.assert_sound()


async def test_what_the_channel_decides_itself_holds_here(bazaar: Bazaar):
    await bazaar.tell(sold())
    await set_rule(bazaar.database, bazaar.tenant, decides="agent")
    await bazaar.tell(returned("requested", 1), returned("authorized", 2))
    assert (await the_return(bazaar)).state == "authorized"
    await bazaar.tell(returned("cancelled", 3))
    await bazaar.tell(returned("requested", 1, number="R-2"))
    assert (await the_return(bazaar, "R-2")).state == "requested"
    await bazaar.tell(returned("declined", 2, number="R-2", reason="it was worn"))
    one = await the_return(bazaar, "R-2")
    assert (one.state, one.reason) == ("declined", "it was worn")
    # Its last word goes before ours, and told twice it is said once.
    await bazaar.tell(returned("authorized", 1, number="R-3"))
    await bazaar.tell(returned("declined", 2, number="R-3"), returned("declined", 3, number="R-3"))
    assert (await the_return(bazaar, "R-3")).state == "cancelled"
    assert set(await bazaar.states()) == {"applied"}
    await bazaar.assert_sound()


async def test_a_decline_that_comes_first_waits_for_what_it_declines(bazaar: Bazaar):
    await bazaar.tell(sold())
    await set_rule(bazaar.database, bazaar.tenant, decides="agent")
    await bazaar.tell(returned("declined", 2))
    assert (await bazaar.states())[-1] == "parked"
    assert await the_return(bazaar) is None


@pytest.mark.parametrize("told_first", [True, False])
async def test_money_numbered_apart_is_given_for_the_return_its_goods_come_by(
    bazaar: Bazaar, told_first: bool
):
    await set_rule(bazaar.database, bazaar.tenant, settles="agent")
    await bazaar.tell(sold())
    await bazaar.tell(returned("authorized", 1, number="return/1"))
    refund = returned("refunded", 1, number="77", refunded_minor=550, apart=True)
    arrived = returned("arrived", 2, number="return/1")
    for message in (refund, arrived) if told_first else (arrived, refund):
        await bazaar.tell(message)
        await work(bazaar)
    one = await the_return(bazaar, "return/1")
    # The channel kept a part back, which is a fee of the return.
    assert (one.state, one.refund_minor, one.fee_minor) == ("settled", 550, 50)
    assert (await bazaar.order("B-1")).money.refunded_minor == 550
    assert await the_return(bazaar, "77") is None
    await bazaar.assert_sound()


async def test_money_that_may_be_for_several_returns_waits_for_a_person(bazaar: Bazaar):
    await set_rule(bazaar.database, bazaar.tenant, settles="agent")
    await bazaar.tell(sold())
    for number in ("return/1", "return/2"):
        await bazaar.tell(returned("authorized", 1, number=number))
        await bazaar.tell(returned("arrived", 2, number=number))
    await bazaar.tell(returned("refunded", 1, number="77", refunded_minor=600, apart=True))
    await work(bazaar)
    assert (await bazaar.states())[-1] == "parked"
    assert (await bazaar.order("B-1")).money.refunded_minor == 0
    await bazaar.assert_sound()


async def test_a_channel_that_kept_a_part_back_is_booked_as_it_gave(bazaar: Bazaar):
    """It was quarantined once: goods alone had been credited, and no fee can be taken later."""
    await set_rule(bazaar.database, bazaar.tenant, settles="agent")
    await bazaar.tell(sold(), returned("arrived", 1))
    await bazaar.tell(returned("refunded", 2, refunded_minor=420))
    await work(bazaar)
    one = await the_return(bazaar)
    assert (one.state, one.refund_minor, one.fee_minor) == ("settled", 420, 180)
    assert (await bazaar.order("B-1")).money.refunded_minor == 420
    await bazaar.tell(returned("refunded", 2, refunded_minor=420))
    assert (await bazaar.order("B-1")).money.refunded_minor == 420
    await bazaar.assert_sound()
