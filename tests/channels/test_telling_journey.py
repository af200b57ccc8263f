"""An order comes by message, and all that becomes of it is told back: the simplest whole way."""

from collections.abc import Iterator

import msgspec
import pytest

from crosslane.channels.domain.messages import Outbound
from crosslane.channels.errors import NotDeclinable
from crosslane.channels.service.declining import DECLINE, Decline, Declined
from crosslane.platform.database import Database
from tests.channels.bazaar import about, order
from tests.channels.market import moved, paid
from tests.channels.partner import Partner
from tests.channels.talking import Talking, allowed, open_talking
from tests.orders.world import set_policy

network = pytest.fixture(allowed)


@pytest.fixture
def partner(network) -> Iterator[Partner]:
    started = Partner()
    yield started
    started.kill()


@pytest.fixture
async def talking(database: Database, tenant: str) -> Talking:
    opened = await open_talking(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "documents.issue", {"issue": "always"}, "bazaar")
    return opened


async def test_all_that_becomes_of_an_order_is_told(talking: Talking, partner: Partner):
    await talking.connect(f"{partner.url}/inbox")
    named = [{"id": "L-1", "sku": "MUG", "article": "B00MUG", "gtin": "5012345678900"}]
    lines = [one | {"quantity": 3, "unit_price_milli": 100_000} for one in named]
    await talking.sell(order("B-1", lines=lines))
    await talking.send_off(1)
    await talking.call_off(1)
    await talking.send_off(1)

    assert await talking.said() == [
        ("order_reply", "told"),
        ("fulfillment", "told"),
        ("invoice", "told"),
        ("amendment", "told"),
        ("money", "told"),
        ("fulfillment", "told"),
        ("invoice", "told"),
    ]
    reply, first, bill, amended, refund, second, last = partner.lines()
    shown = await talking.order("B-1")
    called = {"id": "L-1", "sku": "MUG", "article": "B00MUG", "gtin": "5012345678900"}
    assert (reply["order"], reply["ours"], reply["outcome"]) == ("B-1", shown.number, "accepted")
    (line,) = reply["lines"]
    assert line | called == line
    assert (line["quantity"], line["backordered"], line["cancelled"]) == (3, 0, 0)
    for parcel in (first, second):
        assert (parcel["order"], parcel["step"], parcel["location"]) == ("B-1", "shipped", "DC1")
        assert (parcel["lines"][0]["id"], parcel["lines"][0]["quantity"]) == ("L-1", 1)
        assert len(parcel["tracking"]) == 1
    assert first["source_id"] != second["source_id"]
    assert amended["source_id"] == "B-1"
    assert [(x["id"], x["quantity"]) for x in amended["lines"]] == [("L-1", 2)]
    assert (refund["order"], refund["step"], refund["minor"]) == ("B-1", "refunded", 100)
    for document in (bill, last):
        assert (document["kind"], document["order"], document["paid"]) == ("invoice", "B-1", True)
        assert document["gross_minor"] == 100
        assert document["lines"][0] | called == document["lines"][0]
        assert document["buyer"]["address"]["postcode"] == "OX1 4AA"
    for told in partner.lines():
        # Every line is a message as the published schema has it.
        msgspec.convert(told, Outbound)
    await talking.assert_sound()


async def test_what_the_channel_has_told_of_itself_is_not_told_back(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1", ("MUG", 3)))
    await talking.sell(moved("shipped", lines=[{"id": "1", "quantity": 1}]))
    await talking.sell(moved("delivered", version=2, lines=[{"id": "1", "quantity": 1}]))
    await talking.sell(about("amendment", version=2, lines=[{"id": "1", "quantity": 2}]))
    await talking.sell(about("cancellation", version=3))
    await talking.sell(order("B-2"), paid("captured", 100, order="B-2"))
    await talking.sell(paid("refunded", 40, "M-2", order="B-2"))

    kinds = [(told["type"], told.get("change", "")) for told in partner.lines()]
    # It is told that we do as it says, and nothing else.
    assert [kind for kind in kinds if kind[0] != "invoice"] == [
        ("order_reply", False),
        ("order_reply", True),
        ("order_reply", True),
        ("order_reply", False),
    ]
    _, amended, off, _ = [told for told in partner.lines() if told["type"] == "order_reply"]
    assert [(x["quantity"], x["cancelled"]) for x in amended["lines"]] == [(2, 0)]
    assert [(x["quantity"], x["cancelled"]) for x in off["lines"]] == [(1, 0)]
    await talking.assert_sound()


async def test_an_order_somebody_has_to_look_at_is_replied_to_when_they_have(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    stop = [{"kind": "payment", "reason": "not paid yet"}]
    await talking.sell(order("B-1", stops=stop))
    assert partner.lines() == []
    await talking.sell(about("payment", version=2, outcome="paid"))
    assert [told["type"] for told in partner.lines()] == ["order_reply"]
    await talking.sell(order("B-2", stops=stop))
    await talking.sell(about("payment", "B-2", version=2, outcome="refused"))
    assert [told["order"] for told in partner.lines()] == ["B-1"]


async def test_an_order_of_which_not_all_is_there_is_changed(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1", ("MUG", 1_000)))
    (reply,) = partner.lines()
    (line,) = reply["lines"]
    assert reply["outcome"] == "changed"
    assert line["backordered"] > 0
    assert line["quantity"] + line["backordered"] == 1_000
    await talking.call_off(1_000)
    assert [told["type"] for told in partner.lines()] == ["order_reply", "cancellation", "money"]


async def test_what_is_declined_is_rejected(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1", ("GONE", 2)), order("B-2"))
    gone = [{"id": "2", "sku": "GONE", "quantity": 1, "unit_price_milli": 100_000}]
    await talking.sell(about("amendment", "B-2", lines=gone))
    kept = [one.id for one in await talking.messages(state="quarantined")]
    assert len(kept) == 2
    wish = Decline(message_ids=tuple(kept), reason="We do not sell it")
    assert await talking.lanes.run(talking.tenant, DECLINE, "d", wish) == Declined(2, 2)
    await talking.settle()
    taken, order_off, change_off = partner.lines()
    assert (taken["order"], taken["outcome"]) == ("B-2", "accepted")
    assert (order_off["order"], order_off["change"], order_off["ours"]) == ("B-1", False, "")
    assert [(x["quantity"], x["cancelled"]) for x in order_off["lines"]] == [(0, 2)]
    assert (change_off["order"], change_off["change"]) == ("B-2", True)
    assert {one["outcome"] for one in (order_off, change_off)} == {"rejected"}
    assert {one["reason"] for one in (order_off, change_off)} == {"We do not sell it"}
    declined = await talking.messages(state="kept")
    assert {one.code for one in declined} == {"declined"}
    with pytest.raises(NotDeclinable):
        await talking.lanes.run(talking.tenant, DECLINE, "e", wish)
    await talking.assert_sound()


async def test_withheld_kinds_and_other_orders_are_not_told(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    async with talking.database.transaction(talking.tenant) as tx:
        await set_policy(tx, "channels.telling", {"withheld": ["order_reply"]}, "bazaar")
    await talking.sell(order("B-1"))
    assert await talking.said() == []


async def test_a_bundle_is_told_of_when_it_is_whole(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1", ("SET", 2)))
    (reply,) = partner.lines()
    assert [(x["sku"], x["quantity"]) for x in reply["lines"]] == [("SET", 2)]
    # Four mugs and four spoons are two sets: three of each are one, the last make the other.
    for mugs, spoons in ((3, 3), (1, 0), (0, 1)):
        await talking.send_units({"MUG": mugs, "SPOON": spoons})
    told = [line for line in partner.lines() if line["type"] == "fulfillment"]
    assert [[(x["sku"], x["quantity"]) for x in one["lines"]] for one in told] == [
        [("SET", 1)],
        [("SET", 1)],
    ]
    invoices = [line for line in partner.lines() if line["type"] == "invoice"]
    assert {x["id"] for one in invoices for x in one["lines"]} == {"1"}
    await talking.assert_sound()


async def test_goods_that_lie_ready_are_told_of(talking, partner):
    await talking.connect(f"{partner.url}/inbox")
    wanted = order("B-1", ("MUG", 2))
    await talking.sell(
        wanted | {"lines": [x | {"method": "pickup", "store": "S0001"} for x in wanted["lines"]]}
    )
    await talking.pick(2)
    told = [line for line in partner.lines() if line["type"] == "fulfillment"]
    assert [(x["step"], x["location"], x["lines"][0]["quantity"]) for x in told] == [
        ("ready", "S0001", 2)
    ]
    # That they were collected the channel says itself.
    await talking.sell(moved("collected", version=2))
    assert len([line for line in partner.lines() if line["type"] == "fulfillment"]) == 1


@pytest.mark.parametrize(("step", "told"), [("arrived", 1), ("refunded", 0)])
async def test_a_refund_is_told_of_unless_the_channel_gave_it(talking, partner, step, told):
    await talking.connect(f"{partner.url}/inbox")
    await talking.sell(order("B-1", ("MUG", 2)))
    await talking.send_off(2)
    goods = [{"id": "1", "quantity": 1, "disposition": "sellable", "reason": "changed_mind"}]
    back = {"order": "B-1", "lines": goods, "location": "S0001"}
    if step == "refunded":
        back |= {"goods": "stay", "refunded_minor": 100}
    await talking.sell(about("return", "R-1", 1, step=step, **back))
    assert (await talking.order("B-1")).money.refunded_minor == 100
    given = [line for line in partner.lines() if line["type"] == "money"]
    assert [line["minor"] for line in given] == [100] * told
