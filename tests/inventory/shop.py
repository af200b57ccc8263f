"""A small retailer on the real database: a warehouse, two shops, a franchisee and a vendor."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from crosslane.catalog import (
    ComponentRow,
    ImportProducts,
    ProductRow,
    PutCategories,
    PutCategory,
    import_products,
    put_categories,
    variants_by_sku,
)
from crosslane.inventory import (
    AllocationRequest,
    Cause,
    Confirmation,
    HeldBy,
    Hold,
    HoldRequest,
    Receipt,
    Shipment,
    receive,
)
from crosslane.kernel import new_id
from crosslane.locations import ADD, LocationDraft
from crosslane.organization import (
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    book,
    put_brand,
    put_channel,
    put_entity,
    put_market,
)
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from crosslane.verify import Finding
from tests.soundness import list_findings

MARKET = PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive", "Europe/London")
GOODS = (
    ProductRow("MUG", "mugs"),
    ProductRow("BOWL", "mugs"),
    ProductRow("SET", "mugs", components=(ComponentRow("MUG", 2, 1), ComponentRow("BOWL", 1, 1))),
)


BY_HAND = ("orders.",)  # units are allocated and shipped with no orders behind them


class Shop(msgspec.Struct, frozen=True):
    """Where things are: ids by people's codes."""

    tenant: str
    locations: dict[str, UUID]
    owners: dict[str, UUID]
    channels: dict[str, UUID]
    mug: UUID
    bowl: UUID


async def opened(database: Database, lanes: Lanes, tenant: str) -> Shop:
    """Set up the retailer."""
    async with database.transaction(tenant) as tx:
        await put_entity(tx, PutEntity("MF", "Marlow & Finch Ltd", "GB", "GBP"))
        await put_entity(tx, PutEntity("FR", "Franchise Ltd", "GB", "GBP"))
        await put_brand(tx, PutBrand("marlow", "Marlow"))
        await put_market(tx, MARKET)
        await put_channel(tx, PutChannel("web", "Web", "web", "marlow", "gb", "MF"))
        await put_channel(tx, PutChannel("shops", "Shops", "store", "marlow", "gb", "MF"))
        await put_categories(tx, PutCategories((PutCategory("mugs", "Mugs"),)))
        await import_products(tx, ImportProducts(GOODS))
        known = await book(tx)
        variants = await variants_by_sku(tx, [row.sku for row in GOODS])
    made = {}
    for code, kind, entity in [
        ("DC", "warehouse", "MF"),
        ("LEEDS", "store", "MF"),
        ("YORK", "store", "FR"),
        ("POTTER", "vendor", "MF"),
    ]:
        made[code] = (await lanes.run(tenant, ADD, str(new_id()), _draft(code, kind, entity))).id
    return Shop(
        tenant=tenant,
        locations=made,
        owners={code: known.entity(code).id for code in ("MF", "FR")},
        channels={code: known.channel(code).id for code in ("web", "shops")},
        mug=variants["MUG"].id,
        bowl=variants["BOWL"].id,
    )


def _draft(code: str, kind: Any, entity: str) -> LocationDraft:
    return LocationDraft(
        code=code,
        kind=kind,
        entity=entity,
        name=f"Site {code}",
        country="GB",
        postcode="AB11 5RN",
        timezone="Europe/London",
        abilities=frozenset({"ship", "pickup"}),
    )


def demand() -> Cause:
    """Return a new order line."""
    return Cause("order", new_id(), new_id())


async def stocked(
    tx: Tx, shop: Shop, quantity: int, *, at: str = "DC", variant: UUID | None = None, **given: Any
) -> None:
    """Receive units of the mug, or of another variant."""
    receipt = Receipt(
        variant_id=variant or shop.mug,
        location_id=shop.locations[at],
        quantity=quantity,
        cause=Cause("delivery", new_id(), new_id()),
        **given,
    )
    await receive(tx, [receipt])


def wish(shop: Shop, quantity: int, *, at: str = "DC", **given: Any) -> AllocationRequest:
    """Return a wish for mugs."""
    given.setdefault("cause", demand())
    given.setdefault("variant_id", shop.mug)
    return AllocationRequest(location_id=shop.locations[at], quantity=quantity, **given)


def sale(shop: Shop, quantity: int, *, at: str = "DC", **given: Any) -> Shipment:
    """Return mugs that have left."""
    given.setdefault("cause", demand())
    return Shipment(variant_id=shop.mug, location_id=shop.locations[at], quantity=quantity, **given)


def hold_wish(
    shop: Shop, quantity: int, now: datetime, *, minutes: int = 10, **given: Any
) -> HoldRequest:
    """Return a wish to hold mugs at the warehouse."""
    return HoldRequest(
        hold_id=new_id(),
        variant_id=shop.mug,
        location_id=shop.locations["DC"],
        quantity=quantity,
        holder=HeldBy("cart", new_id()),
        expires_at=now + timedelta(minutes=minutes),
        **given,
    )


def confirmation(hold: Hold, quantity: int, **given: Any) -> Confirmation:
    """Return the wish to turn held units into an order's."""
    given.setdefault("cause", demand())
    return Confirmation(hold_id=hold.id, fence=hold.fence, quantity=quantity, **given)


async def findings(database: Database, tenant: str) -> list[Finding]:
    """Return what verify finds wrong with a tenant."""
    async with database.transaction(tenant, read_only=True) as tx:
        return await list_findings(tx, by_hand=BY_HAND)
