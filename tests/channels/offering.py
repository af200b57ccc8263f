"""A retailer whose marketplace is told what it may sell, and fetches it as documents."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from crosslane import catalog, inventory, locations
from crosslane.channels.service.offering import open_terms, stock_figures
from crosslane.kernel import new_id
from crosslane.platform.database import Database, Tx
from tests.channels.talking import Talking
from tests.orders.world import found_retailer, set_policy, stock_up

CHANNEL = "bazaar"
SKUS = ("MUG", "LAMP", "SPOON", "SET")


class Offering(Talking):
    """One tenant whose channel is offered articles."""

    def __init__(self, database: Database, tenant: str) -> None:
        super().__init__(database, tenant)
        self.fetched = 0

    async def offer(self, **value: Any) -> None:
        """Say what the channel is offered."""
        async with self.database.transaction(self.tenant) as tx:
            await set_policy(tx, "channels.offering", {"sold": "all", **value}, CHANNEL)

    async def fetch(self) -> list[dict[str, Any]]:
        """What the channel was told since it last fetched."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            rows = await tx.fetch(
                "select number, body from channels_document where number > $1 order by number",
                self.fetched,
            )
        self.fetched = max([self.fetched, *(row["number"] for row in rows)])
        return [msgspec.json.decode(line) for row in rows for line in row["body"].splitlines()]

    async def tell_all_there_is(self) -> None:
        """React and tell, what is to be done in a moment too."""
        for _ in range(2):
            await self.settle()
            await self.hurry()
        await self.settle()

    async def stock(self, kind: str = "supply_snapshot") -> dict[str, int]:
        """What it was told of stock since it last fetched, by SKU; the last of each."""
        await self.tell_all_there_is()
        return units_in(await self.fetch())

    async def move(self, **units: int) -> None:
        """Let units of articles come to the warehouse, or be lost there."""
        async with self.database.transaction(self.tenant) as tx:
            await move(tx, units)

    async def figures(self) -> dict[str, dict[str, int]]:
        """What the channel would be told now, by SKU and location."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            variants = list((await catalog.variants_by_sku(tx, SKUS)).values())
            terms = await open_terms(tx, CHANNEL, variants)
            found = await stock_figures(tx, terms, variants)
            return {
                one.sku: {place: each.units for place, each in found[one.id].items()}
                for one in variants
            }

    async def available(self) -> dict[str, int]:
        """What could be promised to the channel now, by SKU, of all locations together."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            variants = (await catalog.variants_by_sku(tx, SKUS)).values()
            singles = [one.id for one in variants if not one.is_bundle]
            survey = await inventory.survey(tx, singles)
            return {
                one.sku: min(survey.total(part) // n for part, n in needs(one).items())
                for one in variants
            }

    async def offers(self) -> dict[str, dict[str, Any]]:
        """What is kept of the channel's offers of stock, by SKU."""
        async with self.database.transaction(self.tenant, read_only=True) as tx:
            rows = await tx.fetch(
                "select sku, told, stands, asked, heard, code, look_at is null as quiet"
                " from channels_offer where kind = 'supply_snapshot'"
            )
        parts = ("told", "stands", "asked", "heard")
        return {
            row["sku"]: dict(row) | {part: msgspec.json.decode(row[part]) for part in parts}
            for row in rows
        }


def needs(variant: catalog.Variant) -> dict[UUID, int]:
    """What lies on shelves for one of an article."""
    if not variant.is_bundle:
        return {variant.id: 1}
    return {part.variant_id: part.quantity for part in variant.components}


def units_in(messages: list[dict[str, Any]]) -> dict[str, int]:
    """Units of stock messages by SKU; the last of each."""
    return {
        row["sku"]: row["quantity"]
        for message in messages
        if message["type"] == "supply_snapshot"
        for row in message["rows"]
    }


async def move(tx: Tx, units: Mapping[str, int]) -> None:
    """Receive units at the warehouse, or lose them there."""
    await stock_up(tx, {(sku, "DC1"): n for sku, n in units.items() if n > 0})
    variants = await catalog.variants_by_sku(tx, list(units))
    place = (await locations.network(tx)).by_code["DC1"].id
    await inventory.adjust(
        tx,
        [
            inventory.Adjustment(
                variant_id=variants[sku].id,
                location_id=place,
                delta=n,
                cause=inventory.Cause("adjustment", new_id(), new_id()),
                code="damaged",
            )
            for sku, n in units.items()
            if n < 0
        ],
    )


async def hold(tx: Tx, sku: str, units: int, minutes: int) -> None:
    """Hold units at the warehouse for a cart, if they are there."""
    variant = (await catalog.variants_by_sku(tx, [sku]))[sku]
    place = (await locations.network(tx)).by_code["DC1"].id
    await inventory.hold(
        tx,
        [
            inventory.HoldRequest(
                hold_id=new_id(),
                variant_id=variant.id,
                location_id=place,
                quantity=units,
                holder=inventory.HeldBy("cart", new_id()),
                expires_at=tx.now + timedelta(minutes=minutes),
            )
        ],
    )


async def open_offering(database: Database, tenant: str) -> Offering:
    """Found the retailer."""
    await found_retailer(database, tenant)
    return Offering(database, tenant)
