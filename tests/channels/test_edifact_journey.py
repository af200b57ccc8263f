"""A partner orders by EDIFACT, and all that becomes of it is told back: mock-edi buys."""

from collections.abc import Iterator

import pytest

from tests.channels.buyer import Buyer
from tests.channels.talking import allowed
from tests.channels.trading import Trading, buying, open_trading

UNKNOWN = {"TAX", "MOA", "DTM", "one or more segments in error"}
network = pytest.fixture(allowed)
trading = pytest.fixture(open_trading)


@pytest.fixture
def buyer(network: None) -> Iterator[Buyer]:
    yield from buying(network, "EDIFACT")


async def test_a_partner_orders_and_is_told_all_that_becomes_of_it(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("4500001", ("MUG", 5, "1.25")))
    await trading.send_off(2, "4500001")
    await trading.take(buyer.change("4500001", "1", 4))
    await trading.send_off(2, "4500001")

    kinds = ["CONTRL", "ORDRSP", "DESADV", "INVOIC"] * 2
    assert [kind for kind, _ in buyer.received()] == kinds
    # Of an invoice it does not know taxes by line, nor when it is due; all else is as it should be.
    found = buyer.findings()
    assert {what.split(":")[0].split("@")[0] for what in found.pop("INVOIC")} == UNKNOWN
    assert set().union(*found.values()) == set()
    assert {state for _, state in await trading.said()} == {"told"}
    standing = buyer.standing("4500001")
    (line,) = standing["reconciliation"]
    assert [line[name] for name in ("ordered", "confirmed", "shipped", "billed")] == ["4"] * 4
    assert standing["disagreements"] == []
    # What it has sent was acknowledged, and it acknowledges what we have told: whole, and by name.
    assert {verdict for kind, verdict, _ in buyer.sent() if kind != "CONTRL"} == {"accepted"}
    assert buyer.unacknowledged() == []
    await trading.take(buyer.mailbox())
    kept = [one.kind for one in await trading.messages() if one.state == "kept"]
    assert kept == ["notice"] * 12
    told = [one for one in await trading.outgoing() if one.kind != "acknowledgment"]
    assert {one.verdict for one in told} == {"accepted"}
    await trading.assert_sound()
