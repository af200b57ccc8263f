"""A partner orders by X12, and all that becomes of it is told back: mock-edi buys and judges."""

import pytest

from tests.channels.buyer import Buyer
from tests.channels.talking import allowed
from tests.channels.trading import Trading, buying, open_trading

network = pytest.fixture(allowed)
buyer = pytest.fixture(buying)
trading = pytest.fixture(open_trading)


async def test_a_partner_orders_and_is_told_all_that_becomes_of_it(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("4500001", ("MUG", 5, "1.25")))
    await trading.send_off(2, "4500001")
    await trading.take(buyer.change("4500001", "1", 4))
    await trading.send_off(2, "4500001")

    sets = ["997", "855", "856", "810", "997", "855", "856", "810"]
    assert buyer.received() == [(code, True) for code in sets]
    assert {state for _, state in await trading.said()} == {"told"}
    standing = buyer.standing("4500001")
    (line,) = standing["reconciliation"]
    assert [line[name] for name in ("ordered", "confirmed", "shipped", "billed")] == ["4"] * 4
    assert standing["disagreements"] == []
    # What it has sent was acknowledged, and it acknowledges what we have told: groups and sets.
    assert buyer.unacknowledged() == []
    await trading.take(buyer.mailbox())
    kept = [one.kind for one in await trading.messages() if one.state == "kept"]
    assert kept == ["notice"] * 12
    told = [one for one in await trading.outgoing() if one.kind != "acknowledgment"]
    assert {one.verdict for one in told} == {"accepted"}
    await trading.assert_sound()
