"""A retailer whose trade channel a partner of X12 buys from, on account."""

from crosslane.orders import OrderView
from crosslane.platform.database import Database
from tests.channels.buyer import THEM, Buyer
from tests.channels.talking import Talking
from tests.orders.world import found_retailer, give_credit, set_policy

CHANNEL = "trade"
CREDIT_MINOR = 1_000_000


class Trading(Talking):
    """It takes in what the partner sends, and tells it what comes of that."""

    async def order(self, source_id: str, channel: str = CHANNEL) -> OrderView | None:
        return await super().order(source_id, channel)

    async def trade(self, buyer: Buyer) -> None:
        """Be connected with a partner."""
        await self.connect(f"{buyer.url}/edi", channel=CHANNEL, format="x12")

    async def take(self, text: str) -> None:
        """Take in what the partner has sent, and tell what comes of it."""
        await self.send(text, channel=CHANNEL, format="x12")
        await self.settle()


async def open_trading(database: Database, tenant: str) -> Trading:
    """Found the retailer; its prices for the partner are without tax, and the partner's own."""
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "documents.issue", {"issue": "always"}, CHANNEL)
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, CHANNEL)
        await give_credit(tx, THEM, CREDIT_MINOR)
    return Trading(database, tenant)
