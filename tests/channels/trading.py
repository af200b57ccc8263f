"""A retailer whose trade channel a partner buys from on account, by X12 or EDIFACT."""

from collections.abc import Iterator

from crosslane.orders import OrderView
from crosslane.platform.database import Database
from tests.channels.buyer import THEM, Buyer
from tests.channels.talking import Talking
from tests.orders.world import found_retailer, give_credit, set_policy

CHANNEL = "trade"
CREDIT_MINOR = 1_000_000


class Trading(Talking):
    """It takes in what the partner sends, and tells it what comes of that."""

    family = "x12"

    async def order(self, source_id: str, channel: str = CHANNEL) -> OrderView | None:
        return await super().order(source_id, channel)

    async def take(self, text: str) -> None:
        """Take in what the partner has sent, and tell what comes of it."""
        await self.send(text, channel=CHANNEL, format=self.family)
        await self.settle()


def buying(network: None, dialect: str = "X12") -> Iterator[Buyer]:
    """Run a partner."""
    started = Buyer(dialect)
    yield started
    started.kill()


async def open_trading(database: Database, tenant: str, buyer: Buyer) -> Trading:
    """Found the retailer, connected; prices are without tax, and the partner's own."""
    await found_retailer(database, tenant)
    async with database.transaction(tenant) as tx:
        await set_policy(tx, "documents.issue", {"issue": "always"}, CHANNEL)
        await set_policy(tx, "pricing.price_source", {"price_source": "dictated"}, CHANNEL)
        await give_credit(tx, THEM, CREDIT_MINOR)
    opened = Trading(database, tenant)
    opened.family = buyer.dialect.lower()
    await opened.connect(f"{buyer.url}/edi", channel=CHANNEL, format=opened.family)
    return opened
