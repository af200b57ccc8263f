"""mock-edi as a trading partner that goes wrong, is strict, or changes its mind.

What it buys in good order is in ``tests/channels/test_x12_journey.py``.
"""

import pytest
from tests.channels.buyer import Buyer
from tests.channels.talking import allowed
from tests.channels.trading import Trading, buying, open_trading

pytestmark = pytest.mark.interop
network = pytest.fixture(allowed)
buyer = pytest.fixture(buying)
trading = pytest.fixture(open_trading)


async def test_a_strict_partner_finds_nothing_to_reject(trading: Trading, buyer: Buyer):
    buyer.behave("strict")
    await trading.take(buyer.order("1", ("SPOON", 12, "0.995")))
    await trading.send_off(12, "1")
    assert buyer.received() == [("997", True), ("855", True), ("856", True), ("810", True)]
    standing = buyer.standing("1")
    assert standing["disagreements"] == []
    assert standing["reconciliation"][0]["billed"] == "12"


async def test_what_is_short_is_said_with_what_follows(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("1", ("MUG", 40, "1.25")))
    assert buyer.received() == [("997", True), ("855", True)]
    (line,) = buyer.standing("1")["lines"]
    confirmed = int(line["confirmed"])
    assert 0 < confirmed < 40
    assert (line["status"], line["reason"]) == ("IQ", f"{40 - confirmed} of 40 follow")
    (found,) = buyer.standing("1")["disagreements"]
    assert (found["rule"], found["found"]) == ("confirmed-less", str(confirmed))


async def test_what_nobody_can_count_is_rejected_with_its_place(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("1", ("MUG", 2, "30.00"), unit="CA"))
    assert buyer.received() == [("997", True)]
    ((code, verdict, note),) = buyer.sent()
    assert (code, verdict) == ("850", "rejected")
    assert "PO1 at segment" in note
    (message,) = await trading.messages()
    assert (message.state, message.code) == ("quarantined", "unit-unknown")


async def test_an_order_sent_twice_is_one_order(trading: Trading, buyer: Buyer):
    buyer.behave("duplicate-order")
    await trading.take(buyer.order("1", ("MUG", 2, "1.25")))
    buyer.advance()
    await trading.take(buyer.mailbox())
    verdicts = [verdict for code, verdict, _ in buyer.sent() if code == "850"]
    assert verdicts == ["accepted", "accepted"]
    orders = [one for one in await trading.messages() if one.kind == "order"]
    assert [one.state for one in orders] == ["applied", "repeated"]
    assert await trading.units("1") == {"MUG": 2}
    assert buyer.received() == [("997", True), ("855", True), ("997", True)]


async def test_what_we_call_off_is_said_by_a_reply_anew(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("1", ("MUG", 3, "1.25")))
    await trading.call_off(2, "1")
    await trading.send_off(1, "1")
    sets = ["997", "855", "855", "856", "810"]
    assert buyer.received() == [(code, True) for code in sets]
    standing = buyer.standing("1")
    (line,) = standing["lines"]
    told = [line[name] for name in ("confirmed", "shipped", "invoiced", "reason")]
    assert told == ["1", "1", "1", "broken on the shelf"]
    assert [one["rule"] for one in standing["disagreements"]] == ["confirmed-less"]


async def test_goods_that_have_left_cannot_be_called_off(trading: Trading, buyer: Buyer):
    buyer.behave("cancel-late")
    await trading.take(buyer.order("1", ("MUG", 3, "1.25")))
    await trading.send_off(3, "1")
    await trading.take(buyer.mailbox())
    # It has been understood, and somebody of ours has to answer it.
    assert buyer.received()[-1] == ("997", True)
    assert [x for x in await trading.codes() if x[0] == "quarantined"] == [
        ("quarantined", "order-closed")
    ]
    await trading.assert_sound()
