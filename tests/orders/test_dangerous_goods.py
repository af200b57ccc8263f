"""Orders of dangerous goods: placed, looked for anew, decided together and tried again."""

import pytest

from crosslane import catalog, sourcing
from crosslane.kernel import new_id
from crosslane.orders import RAISE_STOP, REOPTIMISE, LineWish, RaiseStop, Reoptimise
from crosslane.orders.service import reoptimising
from crosslane.organization import Scope, SetPolicy, register_policies, set_policy
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Runner
from crosslane.platform.lane import Lanes
from tests.orders import world
from tests.orders.test_simulate import compared, reject
from tests.orders.world import LONG_AGO, buckets, place, refusal, view, wish
from tests.soundness import assert_sound

register_policies(sourcing.POLICIES)


async def allow(tx: Tx, location: str = "", *, sends: bool) -> None:
    """Say whether a location, or every other, may send dangerous goods."""
    scope = Scope("location", location) if location else Scope("tenant")
    value = {"sends": sends}
    await set_policy(tx, SetPolicy("sourcing.dangerous_goods", value, "by law", scope, LONG_AGO))


@pytest.fixture
async def chemist(database: Database, shop: str) -> str:
    """A shop whose mugs, ten at the first warehouse and four in the store, are dangerous goods."""
    async with database.transaction(shop) as tx:
        mug = catalog.ProductRow("MUG", "home", weight_grams=350, hazardous=True)
        await catalog.import_products(tx, catalog.ImportProducts((mug,)))
    return shop


async def where(database: Database, tenant: str, order_id) -> dict[tuple[str, str], int]:
    return buckets(await view(database, tenant, order_id))["MUG"]


async def test_what_nobody_near_may_send_waits_or_is_refused(
    database: Database, chemist: str, lanes: Lanes
):
    async with database.transaction(chemist) as tx:
        await allow(tx, "DC1", sends=False)
    placed = await place(lanes, chemist, wish(LineWish(sku="MUG", quantity=3)))
    assert await where(database, chemist, placed.id) == {("allocated", "S0001"): 3}
    late = await place(lanes, chemist, wish(LineWish(sku="MUG", quantity=2)))
    assert await where(database, chemist, late.id) == {
        ("allocated", "S0001"): 1,
        ("backordered", ""): 1,
    }
    both = await place(lanes, chemist, wish(LineWish(sku="SET", quantity=1)))
    assert buckets(await view(database, chemist, both.id)) == {
        "SET": {},
        "MUG": {("backordered", ""): 2},
        "SPOON": {("allocated", "DC1"): 2},
    }
    async with database.transaction(chemist) as tx:
        await world.set_policy(tx, "orders.intake", {"shortage": "refuse"}, "web")
    refused = await refusal(lanes, chemist, wish("MUG"))
    assert refused.code == "not-enough-stock"
    await assert_sound(database, chemist)


async def test_what_a_location_rejects_goes_to_nobody_who_may_not_send_it(
    database: Database, chemist: str, lanes: Lanes
):
    async with database.transaction(chemist) as tx:
        await allow(tx, sends=False)
        await allow(tx, "S0001", sends=True)
    placed = await place(lanes, chemist, wish("MUG"))
    await reject(database, chemist, placed.id, placed.lines[0].id, "S0001", 1)
    assert await where(database, chemist, placed.id) == {("backordered", ""): 1}
    async with database.transaction(chemist) as tx:
        found = await sourcing.receipts_of_order(tx, placed.id, limit=9)
    for kept in found:
        assert "DC1" in {g.rule: g.places for g in kept.receipt.dropped}["hazardous"]
        assert sourcing.replay(kept.receipt).encode() == kept.receipt.encode()
    assert len(found) == 2


async def test_orders_decided_together_stay_with_those_who_may_send(
    database: Database, chemist: str, lanes: Lanes
):
    async with database.transaction(chemist) as tx:
        await allow(tx, "DC1", sends=False)
    placed = await place(lanes, chemist, wish("MUG"))
    stop = RaiseStop(placed.id, "manual", "to be looked at")
    await lanes.run(chemist, RAISE_STOP, str(new_id()), stop)

    async def together() -> dict[tuple[str, str], int]:
        await lanes.run(chemist, REOPTIMISE, str(new_id()), Reoptimise(seconds=5))
        runner = Runner(database, (reoptimising.DECIDE, reoptimising.MOVE))
        while await runner.start_due(chemist):
            await runner.drain()
        return await where(database, chemist, placed.id)

    assert await together() == {("allocated", "S0001"): 1}
    async with database.transaction(chemist) as tx:
        await allow(tx, "DC1", sends=True)
    assert await together() == {("allocated", "DC1"): 1}


async def test_another_rule_can_be_tried_on_the_past(
    database: Database, chemist: str, lanes: Lanes
):
    first = await place(lanes, chemist, wish("MUG"))
    await place(lanes, chemist, wish("SPOON"))
    assert (await compared(database, chemist)).is_empty
    found = await compared(database, chemist, hazardous={"DC1": False})
    (difference,) = found.differences
    assert difference.order_id == first.id
    assert difference.recorded_units == {"MUG": {"DC1": 1}}
    assert difference.simulated_units == {"MUG": {"S0001": 1}}
    nobody = await compared(database, chemist, hazardous={"": False})
    assert nobody.simulated.unfilled_units == 1
    async with database.transaction(chemist) as tx:
        await allow(tx, sends=False)
        await allow(tx, "S0001", sends=True)
    second = await place(lanes, chemist, wish("MUG"))
    found = await compared(database, chemist, hazardous={"": True})
    (difference,) = found.differences
    assert (difference.order_id, difference.simulated_units) == (second.id, {"MUG": {"DC1": 1}})
    with pytest.raises(sourcing.PlacesUnknown):
        await compared(database, chemist, hazardous={"MOON": False})
    assert found.decisions == 3
