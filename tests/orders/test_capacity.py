"""Orders claim the day's capacity of the locations that send their parcels."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from crosslane import locations
from crosslane.kernel import new_id
from crosslane.orders import (
    CANCEL,
    PLACE,
    CancelUnits,
    Failure,
    LineWish,
    PlaceOrder,
    Stage,
    TenderWish,
    fail,
    release,
)
from crosslane.orders.errors import TendersDiffer
from crosslane.orders.service import capacity
from crosslane.platform import facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.patience import look_until
from crosslane.verify import verify
from crosslane.verify.orders import RULES
from tests.orders.world import buckets, place, refusal, set_policy, view
from tests.orders.world import wish as wish_now
from tests.soundness import assert_sound

# A Wednesday before the cut-off: at the cut-off and at midnight one order may have another day
# than the one before it.
MORNING = datetime(2026, 1, 7, 10, tzinfo=UTC)

WAITED_FOR = "select exists (select from pg_locks where not granted)"


@pytest.fixture
async def small(database: Database, shop: str) -> str:
    """The shop, whose warehouses send two parcels a day each."""
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update locations_location set parcels_per_day = 2 where kind = 'warehouse'"
        )
        await facts.touch(tx, "locations")
        await set_policy(tx, "orders.intake", {"backdating": True}, "web")
    return shop


def wish(*lines: LineWish | str, **changes) -> PlaceOrder:
    """A web order of that morning."""
    return wish_now(*lines, placed_at=MORNING, **changes)


async def taken(database: Database, tenant: str) -> list[int]:
    """Return the parcels taken from warehouses by day, in order of the days."""
    async with database.transaction(tenant) as tx:
        sums = "select sum(taken)::int from locations_capacity group by day order by day"
        return [row[0] for row in await tx.fetch(sums) if row[0]]


async def place_of(database: Database, tenant: str, code: str) -> UUID:
    async with database.transaction(tenant) as tx:
        return (await locations.network(tx)).by_code[code].id


async def test_a_full_day_moves_the_next_order_to_a_later_one(
    database: Database, small: str, lanes: Lanes
):
    promised = []
    for _ in range(5):
        placed = await place(lanes, small, wish("LAMP"))
        promised.append(placed.lines[0].promised_at)
    first, second, third, fourth, fifth = promised
    assert first == second < third == fourth < fifth
    assert await taken(database, small) == [2, 2, 1]
    await assert_sound(database, small)


async def test_what_is_cancelled_gives_its_place_in_the_day_back(
    database: Database, small: str, lanes: Lanes
):
    first = await place(lanes, small, wish("LAMP"))
    await place(lanes, small, wish("LAMP"))
    cancelled = CancelUnits(order_id=first.id, reason="not wanted")
    await lanes.run(small, CANCEL, str(new_id()), cancelled)
    assert await taken(database, small) == [1]
    await assert_sound(database, small)
    again = await place(lanes, small, wish("LAMP"))
    assert again.lines[0].promised_at == first.lines[0].promised_at
    await assert_sound(database, small)


async def test_what_a_location_rejects_gives_its_place_back(
    database: Database, small: str, lanes: Lanes
):
    placed = await place(lanes, small, wish(LineWish(sku="MUG", quantity=1)))
    dc1 = await place_of(database, small, "DC1")
    async with database.transaction(small) as tx:
        command = Command("k", SYSTEM, None)
        await release(tx, [placed.id], command, "test")
        failure = Failure(
            order_id=placed.id,
            line_id=placed.lines[0].id,
            location_id=dc1,
            stage=Stage.RELEASED,
            quantity=1,
            reason="rejected",
            cause=command,
            occurred_at=tx.now,
        )
        assert await fail(tx, [failure], "test") == [None]
    assert buckets(await view(database, small, placed.id))["MUG"] == {("allocated", "S0001"): 1}
    assert await taken(database, small) == []
    await assert_sound(database, small)


async def test_many_orders_at_once_never_overdraw_a_day(database: Database, small: str):
    sides = [Lanes(database) for _ in range(4)]
    asked = wish("SPOON")
    answers = await asyncio.gather(
        *(sides[n % 4].submit(small, PLACE, Command(f"k{n}", SYSTEM, asked)) for n in range(12))
    )
    for side in sides:
        await side.drain()
    assert sum(answer.outcome.lines[0].allocated for answer in answers) == 12
    assert await taken(database, small) == [2] * 6
    await assert_sound(database, small)


@pytest.fixture
def put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every claim for which there seems to be room is put off until all else is written."""
    monkeypatch.setattr(capacity, "ROOM_PARCELS_MIN", 0)


@pytest.mark.usefixtures("put_off")
async def test_who_finds_the_day_full_at_the_end_decides_anew(
    database: Database, small: str, lanes: Lanes
):
    alone = await place(lanes, small, wish("LAMP"))
    async with database.transaction(small) as tx:
        (first,) = await PLACE.handle(tx, [Command("first", SYSTEM, wish("LAMP"))])
        # On what is committed there is a place left; whether it is so is known when we end.
        second = asyncio.create_task(place(lanes, small, wish("LAMP")))
        async with database.transaction(small) as other:
            assert await look_until(lambda: other.fetchval(WAITED_FOR), bool, seconds=30)
    assert first.lines[0].promised_at == alone.lines[0].promised_at
    assert (await second).lines[0].promised_at > first.lines[0].promised_at
    assert await taken(database, small) == [2, 1]
    await assert_sound(database, small)


@pytest.mark.usefixtures("put_off")
async def test_an_order_refused_at_last_has_claimed_nothing(
    database: Database, small: str, lanes: Lanes
):
    wrong = [TenderWish(method="cash", minor=1)]
    assert isinstance(await refusal(lanes, small, wish("LAMP", tenders=wrong)), TendersDiffer)
    assert await taken(database, small) == []
    await assert_sound(database, small)


@pytest.mark.usefixtures("put_off")
async def test_claims_that_were_put_off_never_overdraw_a_day(database: Database, small: str):
    async with database.transaction(small) as tx:
        await tx.execute("update locations_location set parcels_per_day = 15")
        await facts.touch(tx, "locations")
    other = await Database.connect(database.url)
    sides = [Lanes(database), Lanes(other), Lanes(database), Lanes(other)]
    answers = await asyncio.gather(
        *(
            sides[n % 4].submit(small, PLACE, Command(f"k{n}", SYSTEM, wish("SPOON")))
            for n in range(48)
        )
    )
    for side in sides:
        await side.drain()
    await other.close()
    assert sum(answer.outcome.lines[0].allocated for answer in answers) == 48
    async with database.transaction(small) as tx:
        counters = await tx.fetch("select taken from locations_capacity")
    assert sum(row["taken"] for row in counters) == 48
    assert max(row["taken"] for row in counters) <= 15
    await assert_sound(database, small)


async def test_a_shipment_larger_than_any_day_gets_an_empty_day(
    database: Database, small: str, lanes: Lanes
):
    await place(lanes, small, wish("SPOON"))
    async with database.transaction(small) as tx:
        await tx.execute("update catalog_variant set weight_grams = 29000 where sku = 'LAMP'")
    placed = await place(lanes, small, wish(LineWish(sku="LAMP", quantity=3)))
    assert placed.lines[0].allocated == 3
    await assert_sound(database, small)


async def test_an_order_refused_for_its_money_leaves_no_claim(
    database: Database, small: str, lanes: Lanes
):
    wrong = [TenderWish(method="cash", minor=1)]
    assert isinstance(await refusal(lanes, small, wish("LAMP", tenders=wrong)), TendersDiffer)
    assert await taken(database, small) == []
    await assert_sound(database, small)


async def test_a_claim_that_nobody_gave_back_is_found(database: Database, small: str, lanes: Lanes):
    placed = await place(lanes, small, wish("LAMP"))
    await lanes.run(small, CANCEL, str(new_id()), CancelUnits(order_id=placed.id, reason="no"))
    async with database.transaction(small) as tx:
        await tx.execute("delete from locations_capacity_move where kind = 'return'")
        (found,) = [f for f in await verify(tx, RULES) if f.rule == "orders.capacity_is_wanted"]
        assert str(placed.id) in found.subject
