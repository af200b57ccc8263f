"""A retailer on the real database: a warehouse, two shops, the house carrier, mugs and a sofa."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from tests.carriers.shipments import with_house

from crosslane import catalog
from crosslane.catalog import (
    ImportProducts,
    ProductRow,
    PutCategories,
    PutCategory,
    Variant,
    import_products,
    put_categories,
    variants_by_sku,
)
from crosslane.inventory import Cause, Receipt, Survey, receive, survey
from crosslane.kernel import Refusal, new_id
from crosslane.locations import ADD, Location, LocationDraft, network
from crosslane.organization import (
    Channel,
    PutBrand,
    PutChannel,
    PutEntity,
    PutMarket,
    book,
    put_brand,
    put_channel,
    put_entity,
    put_market,
    register_policies,
)
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Lanes
from crosslane.platform.seals import use_secret
from crosslane.sourcing import POLICIES, LineAsked, Sourced, SourcingRequest, plan_orders

use_secret(b"a secret of the tests alone")
register_policies([*catalog.POLICIES, *POLICIES])

MARKET = PutMarket("gb", "Britain", "GB", "GBP", ("en-GB",), "inclusive", "Europe/London")
GOODS = (
    ProductRow("MUG", "mugs", weight_grams=350, length_mm=120),
    ProductRow("BOWL", "mugs", weight_grams=800, length_mm=250),
    ProductRow("SOFA", "large", weight_grams=45_000, length_mm=2100),
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
WORKING = dict.fromkeys(DAYS, ("08:00-20:00",))
# A Wednesday, before every cut-off.
MORNING = datetime(2011, 1, 5, 10, 0, tzinfo=UTC)


class Shop(msgspec.Struct, frozen=True):
    """Who and where: the channel, locations and variants by people's codes."""

    tenant: str
    channel: Channel
    locations: dict[str, Location]
    variants: dict[str, Variant]


async def opened(database: Database, lanes: Lanes, tenant: str) -> Shop:
    """Set up the retailer, without stock."""
    async with database.transaction(tenant) as tx:
        await put_entity(tx, PutEntity("MF", "Marlow & Finch Ltd", "GB", "GBP"))
        await put_brand(tx, PutBrand("marlow", "Marlow"))
        await put_market(tx, MARKET)
        await put_channel(tx, PutChannel("web", "Web", "web", "marlow", "gb", "MF"))
        categories = (PutCategory("mugs", "Mugs"), PutCategory("large", "Large"))
        await put_categories(tx, PutCategories(categories))
        await import_products(tx, ImportProducts(GOODS))
        channel = (await book(tx)).channel("web")
        variants = await variants_by_sku(tx, [row.sku for row in GOODS])
    await with_house(lanes, tenant)
    for place in (
        draft("DC", "warehouse", "NN6 7QW", {"ship"}, handling_parcel_minor=55),
        draft("ABERDEEN", "store", "AB11 5RN", {"ship", "pickup", "ship_to_store"}),
        draft("LEEDS", "store", "LS1 4AP", {"ship", "pickup"}, parcels_per_day=2),
    ):
        await lanes.run(tenant, ADD, str(new_id()), place)
    async with database.transaction(tenant) as tx:
        locations = (await network(tx)).by_code
    return Shop(tenant, channel, dict(locations), variants)


def draft(code: str, kind: Any, postcode: str, abilities: set[Any], **given: Any) -> LocationDraft:
    """A location of Marlow & Finch in Britain."""
    given.setdefault("handling_parcel_minor", 110)
    return LocationDraft(
        code=code,
        kind=kind,
        entity="MF",
        name=f"Site {code}",
        country="GB",
        nation="SCT" if code == "ABERDEEN" else "ENG",
        postcode=postcode,
        timezone="Europe/London",
        abilities=frozenset(abilities),
        hours=WORKING,
        cut_off="15:00",
        handling_hours=2,
        **given,
    )


async def stocked(
    tx: Tx, shop: Shop, sku: str, *, unit_cost_milli: int | None = None, **units: int
) -> None:
    """Receive units of a SKU at locations named by code."""
    receipts = [
        Receipt(
            variant_id=shop.variants[sku].id,
            location_id=shop.locations[code].id,
            quantity=quantity,
            cause=Cause("delivery", new_id(), new_id()),
            unit_cost_milli=unit_cost_milli,
        )
        for code, quantity in units.items()
    ]
    await receive(tx, receipts)


def wish(shop: Shop, *lines: tuple[str, int], barred: tuple[str, ...] = (), **given: Any):
    """Return the request of an order to Aberdeen; lines are SKU and units."""
    return SourcingRequest(
        **{
            "order_id": new_id(),
            "channel": shop.channel,
            "currency": "GBP",
            "method": "ship",
            "country": "GB",
            "postcode": "AB10 1NJ",
            "service": "STANDARD48",
            "at": MORNING,
            "lines": [
                LineAsked(
                    key=new_id(),
                    variant=shop.variants[sku],
                    quantity=quantity,
                    barred=frozenset(shop.locations[code].id for code in barred),
                )
                for sku, quantity in lines
            ],
            **given,
        }
    )


async def surveyed(tx: Tx, shop: Shop) -> Survey:
    """Read what is available of everything."""
    ids = [variant.id for variant in shop.variants.values()]
    return await survey(tx, ids, channel_id=shop.channel.id)


async def sourced(tx: Tx, shop: Shop, *wishes: SourcingRequest) -> list[Sourced | Refusal]:
    """Plan a batch on what is available now."""
    return await plan_orders(tx, wishes, await surveyed(tx, shop))


def places_of(shop: Shop, decision: Sourced | Refusal) -> list[tuple[str, str, int]]:
    """Return a decision as (SKU, code of the location, units)."""
    assert isinstance(decision, Sourced), decision
    codes: dict[UUID, str] = {location.id: code for code, location in shop.locations.items()}
    skus = {line.key: line.variant.sku for line in decision.request.lines}
    return [(skus[key], codes[location], units) for key, location, units in decision.placed]
