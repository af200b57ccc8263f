"""A partner orders by X12, and all that becomes of it is told back: mock-edi buys and judges."""

from collections.abc import Iterator

import pytest

from crosslane.orders import OrderView
from crosslane.platform.database import Database
from tests.channels.buyer import THEM, Buyer
from tests.channels.talking import Talking, allowed
from tests.orders.world import found_retailer, give_credit, set_policy

CHANNEL = "trade"
network = pytest.fixture(allowed)


@pytest.fixture
def buyer(network) -> Iterator[Buyer]:
    started = Buyer()
    yield started
    started.kill()


class Trading(Talking):
    """The retailer, whose trade channel a partner of X12 buys from."""

    async def order(self, source_id: str, channel: str = CHANNEL) -> OrderView | None:
        return await super().order(source_id, channel)

    async def take(self, text: str) -> None:
        """Take in what the partner has sent, and tell what comes of it."""
        await self.send(text, channel=CHANNEL, format="x12")
        await self.settle()


@pytest.fixture
async def trading(database: Database, tenant: str) -> Trading:
    await found_retailer(database, tenant)
    opened = Trading(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "documents.issue", {"issue": "always"}, CHANNEL)
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, CHANNEL)
        await give_credit(tx, THEM, 100_000)
    return opened


async def test_a_partner_orders_and_is_told_all_that_becomes_of_it(trading: Trading, buyer: Buyer):
    await trading.connect(f"{buyer.url}/edi", channel=CHANNEL, format="x12")
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
    await trading.assert_sound()
