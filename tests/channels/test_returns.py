"""What marketplaces say of returns: asked for, arrived, refunded, in any order and once."""

import itertools
from typing import Any

import pytest

from crosslane import returns
from tests.channels.bazaar import Bazaar, about, order

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
