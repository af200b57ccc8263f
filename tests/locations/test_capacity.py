import asyncio
import random
from datetime import date

import pytest
from tests.locations.drafts import added, with_entity

from crosslane.locations import (
    CapacityClaim,
    CapacityFull,
    capacity_taken,
    claim_capacity,
    open_capacity,
    return_capacity,
    take_capacity,
    write_capacity,
)
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes

DAY = date(2011, 1, 5)


@pytest.fixture
async def tenant(tenant: str, database: Database) -> str:
    await with_entity(database, tenant)
    return tenant


RECOMPUTED = """
select coalesce(sum(case kind when 'take' then parcels else -parcels end), 0)
from locations_capacity_move where location_id = $1 and day = $2
"""


async def shop(lanes: Lanes, tenant: str, code: str = "S0001", **changes):
    return (await added(lanes, tenant, code, **changes)).id


async def test_take_until_full_and_give_back(lanes, database, tenant):
    place = await shop(lanes, tenant)
    claims = [CapacityClaim(place, DAY, 4, cause) for cause in ("a", "b", "c")]
    async with database.transaction(tenant) as tx:
        before = tx.statements
        answers = await take_capacity(tx, claims[:2])
        assert tx.statements - before <= 3
    assert answers == claims[:2]
    async with database.transaction(tenant) as tx:
        (refused,) = await take_capacity(tx, claims[2:])
        assert isinstance(refused, CapacityFull)
        assert await capacity_taken(tx, [(place, DAY), (place, date(2011, 1, 6))]) == {
            (place, DAY): 8,
            (place, date(2011, 1, 6)): 0,
        }
    async with database.transaction(tenant) as tx:
        await return_capacity(tx, [claims[0], claims[0], claims[2]])
        assert await take_capacity(tx, claims[2:]) == claims[2:]
    async with database.transaction(tenant) as tx:
        await return_capacity(tx, [claims[0]])
        assert await capacity_taken(tx, [(place, DAY)]) == {(place, DAY): 8}
        assert await tx.fetchval(RECOMPUTED, place, DAY) == 8


async def test_the_same_claim_again_is_granted_and_counts_once(lanes, database, tenant):
    place = await shop(lanes, tenant)
    full = CapacityClaim(place, DAY, 10, "all")
    for _ in range(3):
        async with database.transaction(tenant) as tx:
            assert await take_capacity(tx, [full]) == [full]
    async with database.transaction(tenant) as tx:
        assert await capacity_taken(tx, [(place, DAY)]) == {(place, DAY): 10}


async def test_a_fact_goes_beyond_the_limit(lanes, database, tenant):
    place = await shop(lanes, tenant, parcels_per_day=0)
    fact = CapacityClaim(place, DAY, 3, "till:1", beyond_limit=True)
    async with database.transaction(tenant) as tx:
        assert await take_capacity(tx, [fact]) == [fact]


async def test_days_on_which_everything_fits_are_claimed_by_one_statement(lanes, database, tenant):
    roomy, small = await shop(lanes, tenant), await shop(lanes, tenant, "S0002", parcels_per_day=3)
    next_day = date(2011, 1, 6)
    for turn, tight in (("first", set()), ("second", {(small, DAY)})):
        async with database.transaction(tenant) as tx:
            assert await claim_capacity(tx, []) == set()  # and what stays in memory is read
            before = tx.statements
            claims = [
                CapacityClaim(roomy, DAY, 2, f"{turn} a"),
                CapacityClaim(roomy, DAY, 3, f"{turn} b"),
                CapacityClaim(small, DAY, 2, f"{turn} c"),
            ]
            assert await claim_capacity(tx, claims) == tight
            assert tx.statements - before == 1
    async with database.transaction(tenant) as tx:
        # Neither more than a day can take, nor what is left of another, is taken in part.
        late = [
            CapacityClaim(small, next_day, 4, "large"),
            CapacityClaim(small, DAY, 1, "fits"),
            CapacityClaim(roomy, DAY, 1, "late"),
        ]
        assert await claim_capacity(tx, late) == {(small, next_day), (roomy, DAY)}
    async with database.transaction(tenant) as tx:
        expected = {(roomy, DAY): 10, (small, DAY): 3, (small, next_day): 0}
        assert await capacity_taken(tx, expected) == expected
        for (place, day), units in expected.items():
            assert await tx.fetchval(RECOMPUTED, place, day) == units


async def test_what_was_undone_on_a_sheet_is_not_written(lanes, database, tenant):
    place = await shop(lanes, tenant)
    kept, undone = CapacityClaim(place, DAY, 6, "kept"), CapacityClaim(place, DAY, 4, "undone")
    async with database.transaction(tenant) as tx:
        sheet = await open_capacity(tx, {kept.key})
        assert sheet.take(kept) is None
        assert sheet.take(undone) is None
        sheet.undo([undone])
        await write_capacity(tx, sheet)
    async with database.transaction(tenant) as tx:
        assert await capacity_taken(tx, [(place, DAY)]) == {(place, DAY): 6}
        assert await tx.fetchval(RECOMPUTED, place, DAY) == 6


async def test_a_rolled_back_transaction_takes_nothing(lanes, database, tenant):
    place = await shop(lanes, tenant)
    try:
        async with database.transaction(tenant) as tx:
            await take_capacity(tx, [CapacityClaim(place, DAY, 1, "a")])
            raise LookupError
    except LookupError:
        pass
    async with database.transaction(tenant) as tx:
        assert await capacity_taken(tx, [(place, DAY)]) == {(place, DAY): 0}


async def test_64_writers_share_ten_places_exactly(lanes, database, tenant):
    place = await shop(lanes, tenant)

    async def take(writer: int) -> bool:
        async with database.transaction(tenant) as tx:
            claim = CapacityClaim(place, DAY, 1, f"order:{writer}")
            return await take_capacity(tx, [claim]) == [claim]

    granted = await asyncio.gather(*(take(writer) for writer in range(64)))
    assert sum(granted) == 10
    async with database.transaction(tenant) as tx:
        assert await capacity_taken(tx, [(place, DAY)]) == {(place, DAY): 10}
        assert await tx.fetchval(RECOMPUTED, place, DAY) == 10


async def test_takes_and_returns_in_any_order_never_deadlock_or_drift(lanes, database, tenant):
    places = [await shop(lanes, tenant, f"S{n}", parcels_per_day=40) for n in range(4)]
    dice = random.Random(20110105)  # noqa: S311

    async def work(writer: int) -> None:
        claims = [
            CapacityClaim(place, DAY, dice.randint(1, 3), f"order:{writer}")
            for place in dice.sample(places, 3)
        ]
        async with database.transaction(tenant) as tx:
            answers = await take_capacity(tx, claims)
        granted = [answer for answer in answers if isinstance(answer, CapacityClaim)]
        if writer % 3 == 0:
            async with database.transaction(tenant) as tx:
                await return_capacity(tx, list(reversed(granted)))

    await asyncio.gather(*(work(writer) for writer in range(60)))
    async with database.transaction(tenant) as tx:
        taken = await capacity_taken(tx, [(place, DAY) for place in places])
        for place in places:
            assert taken[place, DAY] == await tx.fetchval(RECOMPUTED, place, DAY)
            assert 0 <= taken[place, DAY] <= 40
