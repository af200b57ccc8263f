"""Every planted defect of locations is named, and a sound tenant has no finding."""

from datetime import date

import pytest
from tests.locations.drafts import draft, with_entity

from crosslane.locations import CapacityClaim, Location, return_capacity, take_capacity
from crosslane.locations.service.network import add_location
from crosslane.verify import verify, verify_tenant
from crosslane.verify.locations import RULES

DAY = date(2011, 1, 5)


@pytest.fixture
async def shop(database, tenant) -> Location:
    """A shop from whose day three orders took parcels and one gave them back."""
    await with_entity(database, tenant)
    async with database.transaction(tenant) as tx:
        made = await add_location(tx, draft())
        claims = [CapacityClaim(made.id, DAY, n, f"order:{n}") for n in (1, 2, 3)]
        await take_capacity(tx, claims)
        await return_capacity(tx, claims[1:2])
    return made


async def test_a_sound_tenant_has_no_finding(shop, tx):
    assert await verify(tx, RULES) == []


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("update locations_capacity set taken = taken + 1", "locations.capacity_taken"),
        ("delete from locations_capacity", "locations.capacity_taken"),
        (
            "update locations_capacity_move set parcels = 4 where kind = 'return'",
            "locations.return_of_a_take",
        ),
        (
            "delete from locations_capacity_move where cause = 'order:2' and kind = 'take'",
            "locations.return_of_a_take",
        ),
        (
            "insert into locations_capacity values (gen_random_uuid(), '2011-01-06', 0)",
            "locations.capacity_of_a_location",
        ),
        ("update locations_location set entity = 'GHOST'", "locations.owned"),
    ],
)
async def test_a_planted_defect_is_named(shop, tx, defect, rule):
    await tx.execute(defect)
    found = {each.rule: each.subject for each in await verify(tx, RULES)}
    assert rule in found
    if rule == "locations.owned":
        assert found[rule] == f"location:{shop.id}"
    elif rule != "locations.capacity_of_a_location":
        assert found[rule] == f"capacity:{shop.id}/{DAY}"


async def test_rules_side_by_side_find_the_same_in_the_same_order(shop, database, tenant):
    async with database.transaction(tenant) as tx:
        await tx.execute("update locations_location set entity = 'GHOST'")
        await tx.execute("update locations_capacity set taken = taken + 1")
    async with database.transaction(tenant) as tx:
        found = await verify(tx)
    assert len({each.rule for each in found}) > 1
    assert await verify_tenant(database, tenant) == found
