"""Dangerous goods are sent only from where they may be, whichever way a location is looked for."""

from datetime import UTC, datetime

from tests.sourcing.test_options import HOME
from tests.sourcing.world import Shop, draft, places_of, sourced, stocked, wish

from crosslane.catalog import ImportProducts, ProductRow, import_products, variants_by_sku
from crosslane.kernel import new_id
from crosslane.locations import ADD, network
from crosslane.organization import Scope, SetPolicy, set_policy
from crosslane.platform.database import Tx
from crosslane.sourcing import ItemAsked, OptionsWanted, Sourced, options_for, replay
from crosslane.sourcing.domain.receipt import COLUMNS_VERSION

LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


async def paint(tx: Tx, shop: Shop, **units: int) -> None:
    """Sell paint, which is dangerous, and let it lie at locations named by code."""
    await import_products(tx, ImportProducts((ProductRow("PAINT", "mugs", hazardous=True),)))
    shop.variants["PAINT"] = (await variants_by_sku(tx, ["PAINT"]))["PAINT"]
    await stocked(tx, shop, "PAINT", **units)


async def allow(tx: Tx, location: str = "", *, sends: bool) -> None:
    """Say whether a location, or every other, may send dangerous goods."""
    scope = Scope("location", location) if location else Scope("tenant")
    value = {"sends": sends}
    await set_policy(tx, SetPolicy("sourcing.dangerous_goods", value, "by law", scope, LONG_AGO))


async def decided(tx: Tx, shop: Shop, *lines: tuple[str, int], **given) -> Sourced:
    (found,) = await sourced(tx, shop, wish(shop, *lines, **given))
    assert isinstance(found, Sourced)
    return found


def dropped(found: Sourced) -> dict[str, tuple[str, ...]]:
    """The places that were out of question, by rule; the receipt replays to the same bytes."""
    receipt = found.receipt.whole
    assert replay(receipt).encode() == receipt.encode() == found.receipt.filed()[1]
    return {group.rule: group.places for group in receipt.dropped}


async def test_everybody_may_send_them_until_somebody_says_otherwise(shop: Shop, tx: Tx):
    await paint(tx, shop, DC=9, ABERDEEN=9)
    found = await decided(tx, shop, ("PAINT", 1))
    assert places_of(shop, found) == [("PAINT", "DC", 1)]
    assert found.receipt.whole.version == COLUMNS_VERSION
    assert "hazardous" not in dropped(found)


async def test_they_go_to_whoever_may_send_them_and_the_receipt_says_why(shop: Shop, tx: Tx):
    await paint(tx, shop, DC=9, ABERDEEN=9)
    await stocked(tx, shop, "MUG", DC=9)
    await allow(tx, "DC", sends=False)
    found = await decided(tx, shop, ("PAINT", 1))
    assert places_of(shop, found) == [("PAINT", "ABERDEEN", 1)]
    assert dropped(found) == {"hazardous": ("DC",)}
    mixed = await decided(tx, shop, ("PAINT", 1), ("MUG", 1))
    assert sorted(places_of(shop, mixed)) == [("MUG", "DC", 1), ("PAINT", "ABERDEEN", 1)]
    mug = await decided(tx, shop, ("MUG", 1))
    assert places_of(shop, mug) == [("MUG", "DC", 1)]
    assert mug.receipt.whole.version == COLUMNS_VERSION


async def test_where_nobody_may_send_them_they_are_short(shop: Shop, tx: Tx):
    await paint(tx, shop, DC=9, ABERDEEN=9)
    await allow(tx, sends=False)
    found = await decided(tx, shop, ("PAINT", 2))
    assert (places_of(shop, found), [reason for *_, reason in found.unfilled]) == ([], ["short"])
    assert dropped(found) == {"hazardous": ("ABERDEEN", "DC")}
    await allow(tx, "ABERDEEN", sends=True)
    found = await decided(tx, shop, ("PAINT", 2))
    assert places_of(shop, found) == [("PAINT", "ABERDEEN", 2)]


async def test_they_are_fetched_where_they_lie_and_brought_there_by_whoever_may(shop: Shop, tx: Tx):
    await paint(tx, shop, DC=9, ABERDEEN=1)
    await allow(tx, sends=False)
    store = shop.locations["ABERDEEN"]
    pickup = await decided(tx, shop, ("PAINT", 1), method="pickup", store=store)
    assert places_of(shop, pickup) == [("PAINT", "ABERDEEN", 1)]
    brought = {"method": "ship_to_store", "store": store}
    here = await decided(tx, shop, ("PAINT", 1), **brought)
    assert places_of(shop, here) == [("PAINT", "ABERDEEN", 1)]
    more = await decided(tx, shop, ("PAINT", 3), **brought)
    assert dropped(more)["hazardous"] == ("DC",)
    await allow(tx, "DC", sends=True)
    more = await decided(tx, shop, ("PAINT", 3), **brought)
    assert ("PAINT", "DC", 3) in places_of(shop, more)


async def test_a_vendor_is_a_place_as_any_other(shop: Shop, database, tenant, lanes):
    await lanes.run(tenant, ADD, str(new_id()), draft("V1", "vendor", "ST1 4LY", {"ship"}))
    async with database.transaction(tenant) as tx:
        shop.locations["V1"] = (await network(tx)).by_code["V1"]
        await paint(tx, shop, V1=9, DC=9)
        await allow(tx, "DC", sends=False)
        found = await decided(tx, shop, ("PAINT", 1))
        assert places_of(shop, found) == [("PAINT", "V1", 1)]
        await allow(tx, "V1", sends=False)
        found = await decided(tx, shop, ("PAINT", 1))
        assert dropped(found) == {"hazardous": ("DC", "V1")}


async def test_options_show_what_placing_decides(shop: Shop, tx: Tx):
    await paint(tx, shop, DC=9, ABERDEEN=9)
    wanted = OptionsWanted(items=[ItemAsked("PAINT", 2)], **HOME)
    await allow(tx, "DC", sends=False)
    shown = await options_for(tx, wanted)
    by_service = {each.service: each for each in shown.deliveries}
    found = await decided(tx, shop, ("PAINT", 2), at=shown.expires_at)
    assert found.promised_at == by_service["STANDARD48"].promised_at
    assert found.cost_milli == by_service["STANDARD48"].cost_milli
    await allow(tx, sends=False)
    shown = await options_for(tx, wanted)
    assert all(each.lacking for each in shown.deliveries)
    assert [(o.location, o.method) for o in shown.pickups if not o.lacking] == [
        ("ABERDEEN", "pickup")
    ]
