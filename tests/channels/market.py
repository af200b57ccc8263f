"""A retailer whose orders are worked on, paid and booked, while its channel tells of all that."""

from typing import Any

from crosslane import channels, finance, fulfillment, orders, organization
from crosslane.platform.database import Database
from crosslane.pricing import PutPriceList, put_price_list
from tests.channels.bazaar import AT, Bazaar, about
from tests.orders.world import found_retailer, set_policy

organization.register_policies([*channels.POLICIES, fulfillment.DISPATCH])

WORK = (*orders.REACTIONS, *fulfillment.REACTIONS, *finance.REACTIONS)
SHOP_PRICES = "shop"


class Market(Bazaar):
    """One tenant, spoken to by messages; its places work and its books are kept."""

    def __init__(self, database: Database, tenant: str) -> None:
        super().__init__(database, tenant, WORK)

    async def money(self, source_id: str = "B-1") -> tuple[int, int]:
        """What was taken for an order, and given back."""
        shown = await self.order(source_id)
        assert shown is not None
        return shown.money.captured_minor, shown.money.refunded_minor

    async def works(self, source_id: str = "B-1") -> list[fulfillment.Work]:
        """The work on an order."""
        shown = await self.order(source_id)
        assert shown is not None
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            return (await fulfillment.works_by_order(tx, [shown.id])).get(shown.id, [])

    async def stages(self, source_id: str = "B-1") -> dict[str, int]:
        """Units of an order by stage."""
        shown = await self.order(source_id)
        found: dict[str, int] = {}
        for line in shown.lines if shown else ():
            for bucket in line.buckets:
                found[bucket.stage] = found.get(bucket.stage, 0) + bucket.quantity
        return found

    async def codes(self, **which: Any) -> list[tuple[str, str]]:
        """States of messages with their reasons, in the order in which they came."""
        return [(one.state, one.code) for one in await self.messages(**which)]

    async def master(self, **value: Any) -> None:
        """Let the channel decide what articles are and cost."""
        async with self.database.transaction(self.tenant) as tx:
            wish = PutPriceList(code=SHOP_PRICES, title="Shop", currency="GBP", basis="gross")
            await put_price_list(tx, wish)
            await set_policy(tx, "channels.mastery", value, "bazaar")


async def open_market(database: Database, tenant: str) -> Market:
    """Found the retailer."""
    await found_retailer(database, tenant)
    return Market(database, tenant)


def moved(step: str, number: str = "F-1", version: int = 1, **told: Any) -> dict[str, Any]:
    """A message of a shipment of the order B-1."""
    told.setdefault("order", "B-1")
    return about("fulfillment", number, version, step=step, **told)


def paid(step: str, minor: int, number: str = "M-1", version: int = 1, **told: Any) -> dict:
    """A message of money of the order B-1."""
    told.setdefault("order", "B-1")
    return about("money", number, version, step=step, minor=minor, currency="GBP", **told)


def contact(version: int = 1, number: str = "C-1", **told: Any) -> dict[str, Any]:
    """A message of a person."""
    return about("contact", number, version, **told)


def product(version: int = 1, sku: str = "MUG", **told: Any) -> dict[str, Any]:
    """A message of an article."""
    return about("product", f"P-{sku}", version, sku=sku, **told)


def price(milli: int, version: int = 1, sku: str = "MUG", **told: Any) -> dict[str, Any]:
    """A message of what an article costs."""
    head = about("price", f"P-{sku}", version, sku=sku, unit_price_milli=milli, currency="GBP")
    return head | told


__all__ = ["AT", "Market", "contact", "moved", "open_market", "paid", "price", "product"]
