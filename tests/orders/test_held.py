"""Orders whose stock was held beforehand."""

from datetime import timedelta

from crosslane import catalog, inventory, locations
from crosslane.kernel import Refusal, new_id
from crosslane.orders import (
    PLACE,
    LineWish,
    Placed,
    PreparedOrder,
    TenderWish,
    UnitsHeld,
    errors,
)
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from tests.orders.world import buckets, place, view, wish
from tests.soundness import assert_sound

HOLDER = inventory.HeldBy("cart", new_id())
SET = LineWish(sku="SET", quantity=1)


async def hold(
    database: Database, tenant: str, sku: str, place: str, quantity: int, *, line: int = 0
) -> UnitsHeld:
    """Hold units of a line and return what an order says of them."""
    async with database.transaction(tenant) as tx:
        variant = (await catalog.variants_by_sku(tx, [sku]))[sku]
        location = (await locations.network(tx)).require(place)
        request = inventory.HoldRequest(
            hold_id=new_id(),
            variant_id=variant.id,
            location_id=location.id,
            quantity=quantity,
            holder=HOLDER,
            expires_at=tx.now + timedelta(minutes=15),
        )
        (taken,) = await inventory.hold(tx, [request])
        assert not isinstance(taken, Refusal)
        return UnitsHeld(
            line=line,
            variant_id=variant.id,
            hold_id=taken.id,
            fence=taken.fence,
            location_id=location.id,
            quantity=quantity,
            promised_at=tx.now + timedelta(days=3),
        )


async def place_held(
    lanes: Lanes, tenant: str, holds: list[UnitsHeld], *lines: LineWish, **changes
) -> Placed | Refusal:
    """Place an order whose units are held; return its refusal when there is one."""
    paid = wish(*lines, **changes)
    fields = {name: getattr(paid, name) for name in paid.__struct_fields__}
    command = Command(str(new_id()), SYSTEM, PreparedOrder(**fields, holds=holds))
    return (await lanes.submit(tenant, PLACE, command)).outcome


async def test_held_units_are_the_order_s_and_nobody_else_s(
    database: Database, shop: str, lanes: Lanes
):
    held = await hold(database, shop, "LAMP", "DC2", 5)
    rival = await place(lanes, shop, wish("LAMP"))
    assert rival.lines[0].backordered == 1
    placed = await place_held(lanes, shop, [held], LineWish(sku="LAMP", quantity=5))
    shown = await view(database, shop, placed.id)
    assert buckets(shown) == {"LAMP": {("allocated", "DC2"): 5}}
    assert shown.lines[0].promised_at == held.promised_at
    await assert_sound(database, shop)


async def test_what_is_not_held_is_looked_for_as_ever(database: Database, shop: str, lanes: Lanes):
    held = await hold(database, shop, "MUG", "S0001", 3)
    placed = await place_held(lanes, shop, [held], LineWish(sku="MUG", quantity=5))
    shown = await view(database, shop, placed.id)
    assert buckets(shown) == {"MUG": {("allocated", "S0001"): 3, ("allocated", "DC1"): 2}}
    assert shown.lines[0].promised_at >= held.promised_at
    await assert_sound(database, shop)


async def test_a_line_that_wants_less_leaves_the_rest_held(
    database: Database, shop: str, lanes: Lanes
):
    held = await hold(database, shop, "MUG", "S0001", 3)
    placed = await place_held(lanes, shop, [held], LineWish(sku="MUG", quantity=1))
    assert buckets(await view(database, shop, placed.id)) == {"MUG": {("allocated", "S0001"): 1}}
    async with database.transaction(shop) as tx:
        (left,) = await inventory.holds_of(tx, HOLDER.kind, HOLDER.id)
    assert (left.quantity, left.state) == (2, "active")


async def test_a_hold_that_is_gone_is_no_refusal(database: Database, shop: str, lanes: Lanes):
    held = await hold(database, shop, "MUG", "S0001", 2)
    async with database.transaction(shop) as tx:
        await inventory.release_hold(tx, [inventory.HoldRelease(hold_id=held.hold_id, fence=1)])
    placed = await place_held(lanes, shop, [held], LineWish(sku="MUG", quantity=2))
    assert buckets(await view(database, shop, placed.id)) == {"MUG": {("allocated", "DC1"): 2}}


async def test_a_bundle_s_components_are_held_one_by_one(
    database: Database, shop: str, lanes: Lanes
):
    mugs = await hold(database, shop, "MUG", "S0001", 2, line=1)
    placed = await place_held(lanes, shop, [mugs], LineWish(sku="LAMP", quantity=1), SET)
    shown = buckets(await view(database, shop, placed.id))
    assert shown["MUG"] == {("allocated", "S0001"): 2}
    assert shown["SPOON"] == {("allocated", "DC1"): 2}


async def test_a_refused_order_gives_all_of_it_back(database: Database, shop: str, lanes: Lanes):
    held = await hold(database, shop, "LAMP", "DC2", 5)
    refused = await place_held(
        lanes,
        shop,
        [held],
        LineWish(sku="LAMP", quantity=5),
        tenders=[TenderWish(method="cash", minor=1)],
    )
    assert isinstance(refused, errors.TendersDiffer)
    placed = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=5)))
    assert placed.lines[0].allocated == 5
    await assert_sound(database, shop)
