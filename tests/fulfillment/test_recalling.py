"""Work is taken back from a location by hand: what nobody has begun, and no more."""

import pytest

from crosslane.kernel import new_id
from crosslane.orders import RECALL, RESOURCE, LineWish, Recall, RecallLine, Resource, errors
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from tests.fulfillment.floor import pack, pick, queue, settle
from tests.orders.world import buckets, place, view, wish
from tests.soundness import assert_sound


async def recall(lanes: Lanes, tenant: str, placed, location: str, **more):
    asked = Recall(order_id=placed.id, location=location, reason="a pipe has burst", **more)
    return await lanes.run(tenant, RECALL, str(new_id()), asked)


async def test_work_goes_to_another_place_and_not_back(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2), "LAMP"))
    await settle(database, shop)
    done = await recall(lanes, shop, placed, "DC1")
    assert (done.units, done.waiting) == (2, 0)
    shown = await view(database, shop, placed.id)
    assert buckets(shown) == {
        "MUG": {("allocated", "S0001"): 2},
        "LAMP": {("released", "DC2"): 1},
    }
    assert (shown.amendments[-1].kind, shown.amendments[-1].reason) == (
        "recall",
        "a pipe has burst",
    )
    await settle(database, shop)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {("released", "S0001"): 2}
    states = {(work.state, work.lines[0].sku) for work in await queue(database, shop)}
    assert ("cancelled", "MUG") in states
    # Nowhere else: it waits, until the place is asked again.
    done = await recall(lanes, shop, placed, "S0001")
    assert (done.units, done.waiting) == (2, 2)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {("backordered", ""): 2}
    asked = Resource(order_id=placed.id, forgive=True, reason="it is dry again")
    await lanes.run(shop, RESOURCE, str(new_id()), asked)
    await settle(database, shop)
    for work in await queue(database, shop):
        if work.state == "accepted":
            await pick(lanes, shop, work.id)
            await pack(lanes, shop, work.id)
    await settle(database, shop)
    await assert_sound(database, shop)


async def test_what_was_picked_is_a_fact(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2), "LAMP"))
    await settle(database, shop)
    (mugs,) = [w for w in await queue(database, shop) if w.lines[0].sku == "MUG"]
    await pick(lanes, shop, mugs.id)
    line = placed.lines[0].id
    with pytest.raises(errors.PickedAlready, match="2 units of MUG are picked at DC1 already"):
        await recall(lanes, shop, placed, "DC1", lines=[RecallLine(line, 1)])
    for location, lines in (("DC1", []), ("S0001", []), ("DC2", [RecallLine(line, 1)])):
        with pytest.raises(errors.NotReleasedThere):
            await recall(lanes, shop, placed, location, lines=lines)
    with pytest.raises(errors.OrderChanged):
        await recall(lanes, shop, placed, "DC2", version=1)
    with pytest.raises(errors.NoSuchLine):
        await recall(lanes, shop, placed, "DC2", lines=[RecallLine(new_id(), 1)])


async def test_a_part_comes_back_and_whoever_picks_it_is_told(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    await settle(database, shop)
    (work,) = await queue(database, shop)
    await recall(lanes, shop, placed, "DC1", lines=[RecallLine(placed.lines[0].id, 2)])
    # Fulfillment has not heard of it: the order's buckets decide.
    (done,) = await pick(lanes, shop, work.id)
    assert done.gone
    await settle(database, shop)
    (work,) = [w for w in await queue(database, shop) if w.id == work.id]
    assert [(line.quantity, line.removed) for line in work.lines] == [(3, 2)]
    await pick(lanes, shop, work.id)
    found = buckets(await view(database, shop, placed.id))["MUG"]
    assert found == {("picked", "DC1"): 1, ("released", "S0001"): 2}
    await assert_sound(database, shop)
