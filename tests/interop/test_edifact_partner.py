"""mock-edi as a trading partner by EDIFACT that is strict, goes wrong, or changes its mind.

What it buys in good order is in ``tests/channels/test_edifact_journey.py``.
"""

from collections.abc import Iterator

import pytest
from tests.channels.buyer import Buyer
from tests.channels.talking import allowed
from tests.channels.trading import Trading, buying, open_trading

pytestmark = pytest.mark.interop
network = pytest.fixture(allowed)
trading = pytest.fixture(open_trading)


@pytest.fixture
def buyer(network: None) -> Iterator[Buyer]:
    yield from buying(network, "EDIFACT")


async def test_a_strict_partner_rejects_only_what_it_does_not_know(trading: Trading, buyer: Buyer):
    buyer.behave("strict")
    await trading.take(buyer.order("1", ("SPOON", 12, "0.995")))
    await trading.send_off(12, "1")
    assert buyer.received()[:3] == [("CONTRL", True), ("ORDRSP", True), ("DESADV", True)]
    await trading.take(buyer.mailbox())
    notices = [one for one in await trading.messages() if one.kind == "notice"]
    # Its answers came, by interchange and by message; taxes in an invoice it does not know.
    assert len(notices) == 6
    assert {one.state for one in notices} == {"kept"}


async def test_what_is_short_is_said_with_what_follows(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("1", ("MUG", 40, "1.25")))
    assert buyer.received() == [("CONTRL", True), ("ORDRSP", True)]
    (line,) = buyer.standing("1")["lines"]
    confirmed = int(line["confirmed"])
    assert 0 < confirmed < 40
    assert line["reason"] == f"{40 - confirmed} of 40 follow"
    (found,) = buyer.standing("1")["disagreements"]
    assert (found["rule"], found["found"]) == ("confirmed-less", str(confirmed))


async def test_what_nobody_can_count_is_rejected_with_its_place(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("1", ("MUG", 2, "30.00"), unit="CA"))
    assert buyer.received() == [("CONTRL", True)]
    ((kind, verdict, note),) = buyer.sent()
    assert (kind, verdict) == ("ORDERS", "rejected")
    assert "QTY01/6411" in note
    (message,) = await trading.messages()
    assert (message.state, message.code) == ("quarantined", "unit-unknown")


async def test_an_order_sent_twice_is_one_order(trading: Trading, buyer: Buyer):
    buyer.behave("duplicate-order")
    await trading.take(buyer.order("1", ("MUG", 2, "1.25")))
    buyer.advance()
    await trading.take(buyer.mailbox())
    verdicts = [verdict for kind, verdict, _ in buyer.sent() if kind == "ORDERS"]
    assert verdicts == ["accepted", "accepted"]
    orders = [one for one in await trading.messages() if one.kind == "order"]
    assert [one.state for one in orders] == ["applied", "repeated"]
    assert await trading.units("1") == {"MUG": 2}


async def test_what_we_call_off_is_said_by_a_reply_anew(trading: Trading, buyer: Buyer):
    await trading.take(buyer.order("1", ("MUG", 3, "1.25")))
    await trading.call_off(2, "1")
    await trading.send_off(1, "1")
    kinds = ["CONTRL", "ORDRSP", "ORDRSP", "DESADV", "INVOIC"]
    assert [kind for kind, _ in buyer.received()] == kinds
    standing = buyer.standing("1")
    (line,) = standing["lines"]
    assert [line[name] for name in ("confirmed", "shipped", "invoiced")] == ["1", "1", "1"]
    assert [one["rule"] for one in standing["disagreements"]] == ["confirmed-less"]
