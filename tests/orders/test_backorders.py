"""Backorders with dates: promised what is on its way, served when it comes, told when it moves."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from crosslane import catalog, inventory, locations
from crosslane.inventory import Arrived, IncomingKey, IncomingReport
from crosslane.kernel import new_id
from crosslane.orders import CANCEL, PLACE, CancelUnits, LineWish, OrderView, PromiseMoved
from crosslane.platform.actor import SYSTEM
from crosslane.platform.calendar import public_holidays
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.verify import verify
from crosslane.verify.orders import RULES
from tests.orders.test_changes import react
from tests.orders.world import buckets, place, stock_up, view, wish
from tests.soundness import assert_sound

TODAY = datetime.now(UTC).date()


def quiet(day: date) -> date:
    """Return the first day from this on that is followed by three weeks without a holiday."""
    weeks = [day + timedelta(days=each) for each in range(22)]
    if any(each in public_holidays("GB", "ENG", each.year) for each in weeks):
        return quiet(day + timedelta(days=1))
    return day


DAY = quiet(TODAY + timedelta(days=30))


class Supply:
    """Lamps on their way to a shop whose own five are sold."""

    def __init__(self, database: Database, tenant: str, lanes: Lanes) -> None:
        self.database, self.tenant, self.lanes = database, tenant, lanes
        self.told = 0

    async def sell_out(self) -> None:
        await self.order(5)

    async def order(self, quantity: int, **changes) -> UUID:
        line = LineWish(sku="LAMP", quantity=quantity, **changes)
        placed = await place(self.lanes, self.tenant, wish(line))
        await react(self.database, self.tenant)
        return placed.id

    async def announce(
        self, quantity: int, day: date = DAY, *, name: str = "PO-1", at: str = "DC2"
    ) -> UUID:
        """Let a source say what is on its way; return the line."""
        self.told += 1
        async with self.database.transaction(self.tenant) as tx:
            variant = (await catalog.variants_by_sku(tx, ["LAMP"]))["LAMP"]
            place = (await locations.network(tx)).require(at)
            report = IncomingReport(
                key=IncomingKey("erp", name, variant.id, place.id),
                quantity=quantity,
                available_on=day,
                as_of=tx.now + timedelta(seconds=self.told),
                message=str(self.told),
            )
            [line] = await inventory.report_incoming(tx, [report])
        await react(self.database, self.tenant)
        return line.id

    async def arrive(self, line_id: UUID, quantity: int, *, settled: bool = True) -> None:
        async with self.database.transaction(self.tenant) as tx:
            await inventory.receive_incoming(tx, [Arrived(incoming_id=line_id, quantity=quantity)])
        if settled:
            await react(self.database, self.tenant)

    async def cancel(self, order_id: UUID) -> None:
        asked = CancelUnits(order_id=order_id, reason="waited long enough")
        await self.lanes.run(self.tenant, CANCEL, str(new_id()), asked)

    async def look(self, order_id: UUID) -> OrderView:
        return await view(self.database, self.tenant, order_id)

    async def date_of(self, order_id: UUID) -> date | None:
        promised = (await self.look(order_id)).lines[0].promised_at
        return promised.date() if promised else None

    async def moves(self, order_id: UUID) -> list[tuple[bool, bool]]:
        """Return for each time the date moved whether there was one before and after."""
        async with self.database.transaction(self.tenant) as tx:
            rows = await tx.fetch(
                "select body from platform_log where kind = 'orders.PromiseMoved'"
                " and subject = $1 order by subject_no",
                f"order:{order_id}",
            )
        told = [msgspec.json.decode(row["body"], type=PromiseMoved).lines for row in rows]
        return [(one.before is not None, one.after is not None) for lines in told for one in lines]


async def opened(database: Database, tenant: str, lanes: Lanes) -> Supply:
    supply = Supply(database, tenant, lanes)
    await supply.sell_out()
    return supply


async def test_what_is_on_its_way_dates_a_backorder_and_serves_it(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    waits = await supply.order(2)
    assert await supply.date_of(waits) is None  # nothing is on its way
    line = await supply.announce(3)
    promised = await supply.date_of(waits)
    assert DAY < promised < DAY + timedelta(days=8)
    second = await supply.order(1)
    assert await supply.date_of(second) == promised
    third = await supply.order(1)
    assert await supply.date_of(third) is None  # all of it is spoken for
    await assert_sound(database, shop)
    await supply.arrive(line, 3)
    for order_id in (waits, second):
        shown = await supply.look(order_id)
        assert list(buckets(shown)["LAMP"]) == [("allocated", "DC2")]
        assert shown.lines[0].promised_at.date() == promised
    assert list(buckets(await supply.look(third))["LAMP"]) == [("backordered", "")]
    assert await supply.moves(waits) == [(False, True)]
    await assert_sound(database, shop)


async def test_a_slip_moves_the_date_and_a_better_arrival_is_taken(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    await supply.announce(2)
    waits = await supply.order(2)
    first = await supply.date_of(waits)
    await supply.announce(2, DAY + timedelta(days=14))
    slipped = await supply.date_of(waits)
    assert slipped > first + timedelta(days=10)
    await supply.announce(2, DAY + timedelta(days=7), name="PO-2")
    between = await supply.date_of(waits)
    assert first < between < slipped
    await supply.announce(2, DAY)
    assert await supply.date_of(waits) == first
    assert await supply.moves(waits) == [(False, True), *[(True, True)] * 3]
    await assert_sound(database, shop)


async def test_a_shortfall_takes_the_date_of_who_ordered_last(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    await supply.announce(5)
    first, last = await supply.order(3), await supply.order(2)
    await supply.announce(4)
    assert await supply.date_of(first) is not None
    assert await supply.date_of(last) is None
    await supply.announce(1, DAY + timedelta(days=20), name="PO-2")
    assert await supply.date_of(last) > DAY + timedelta(days=20)
    assert await supply.moves(first) == [(False, True)]
    assert await supply.moves(last) == [(False, True), (True, False), (False, True)]
    await assert_sound(database, shop)


async def test_fewer_than_announced_arrive_and_the_earliest_order_is_served(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    line = await supply.announce(6)
    later = await supply.announce(4, DAY + timedelta(days=9), name="PO-2")
    first, last = await supply.order(8), await supply.order(2)
    await supply.arrive(line, 4)
    # The first has six of the first delivery, four of which are here, and two of the second.
    assert buckets(await supply.look(first))["LAMP"] == {
        ("allocated", "DC2"): 4,
        ("backordered", ""): 4,
    }
    assert await supply.date_of(last) > DAY + timedelta(days=9)
    await supply.arrive(line, 2)
    await supply.arrive(later, 4)
    for order_id, units in ((first, 8), (last, 2)):
        assert buckets(await supply.look(order_id))["LAMP"] == {("allocated", "DC2"): units}
    await assert_sound(database, shop)


async def test_a_cancelled_order_leaves_its_promise_to_the_next(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    line = await supply.announce(2)
    first, second, third = [await supply.order(2) for _ in range(3)]
    assert await supply.date_of(second) is None
    await supply.cancel(first)
    await react(database, shop)
    assert await supply.date_of(second) is not None
    # The goods are held for the second when it is cancelled too.
    await supply.arrive(line, 2, settled=False)
    await supply.cancel(second)
    await react(database, shop)
    assert buckets(await supply.look(third))["LAMP"] == {("allocated", "DC2"): 2}
    assert await supply.date_of(third) is not None
    await assert_sound(database, shop)


async def test_orders_racing_for_one_delivery_are_promised_no_unit_twice(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    line = await supply.announce(5)
    sides = [Lanes(database) for _ in range(4)]
    asked = wish(LineWish(sku="LAMP", quantity=1))
    answers = await asyncio.gather(
        *(sides[n % 4].submit(shop, PLACE, Command(f"k{n}", SYSTEM, asked)) for n in range(12)),
    )
    await asyncio.gather(*(react(database, shop) for _ in range(3)))
    await react(database, shop)
    ids = [answer.outcome.id for answer in answers]
    dated = [id for id in ids if await supply.date_of(id)]
    assert len(dated) == 5
    shown = sorted(
        [await supply.look(id) for id in ids], key=lambda o: (o.placed_at, o.lines[0].id)
    )
    assert {o.id for o in shown[:5]} == set(dated)
    await asyncio.gather(supply.arrive(line, 5), *(supply.cancel(id) for id in dated[:2]))
    await react(database, shop)
    served = [id for id in ids if ("allocated", "DC2") in buckets(await supply.look(id))["LAMP"]]
    assert len(served) == 5
    assert set(dated[2:]) <= set(served)
    assert not set(dated[:2]) & set(served)
    await assert_sound(database, shop)
    for side in sides:
        await side.drain()


async def test_only_what_arrives_where_it_can_be_got_from_counts(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    await supply.announce(9)
    fetched = await supply.order(1, method="pickup", store="S0001")
    brought = await supply.order(1, method="ship_to_store", store="S0001")
    assert await supply.date_of(fetched) is None
    assert await supply.date_of(brought) is not None
    line = await supply.announce(1, name="PO-S", at="S0001")
    assert await supply.date_of(fetched) is not None
    await supply.arrive(line, 1)
    assert buckets(await supply.look(fetched))["LAMP"] == {("allocated", "S0001"): 1}
    await assert_sound(database, shop)


async def test_stock_that_comes_unannounced_serves_the_oldest_and_frees_its_promise(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    await supply.announce(1)
    first, second = await supply.order(1), await supply.order(1)
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "DC1"): 1})
    await react(database, shop)
    assert buckets(await supply.look(first))["LAMP"] == {("allocated", "DC1"): 1}
    assert await supply.date_of(second) is not None
    await assert_sound(database, shop)


async def test_what_should_have_come_already_dates_nothing(
    database: Database, shop: str, lanes: Lanes
):
    supply = await opened(database, shop, lanes)
    line = await supply.announce(1, TODAY - timedelta(days=2))
    waits = await supply.order(1)
    assert await supply.date_of(waits) is None
    await assert_sound(database, shop)
    await supply.announce(1)
    assert await supply.date_of(waits) is not None
    await supply.arrive(line, 1)
    assert buckets(await supply.look(waits))["LAMP"] == {("allocated", "DC2"): 1}


@pytest.mark.parametrize(
    "defect",
    [
        "delete from inventory_promise where line_id = $1",
        "update inventory_promise set quantity = quantity + 1 where line_id = $1",
    ],
)
async def test_promises_that_do_not_follow_what_waits_are_found(
    database: Database, shop: str, lanes: Lanes, defect: str
):
    supply = await opened(database, shop, lanes)
    await supply.announce(5)
    waits = await supply.order(2)
    line_id = (await supply.look(waits)).lines[0].id
    mine = [rule for rule in RULES if rule.name == "orders.promises_follow_waiting"]
    async with database.transaction(shop) as tx:
        assert await verify(tx, mine) == []
        await tx.execute(defect, line_id)
        [finding] = await verify(tx, mine)
    assert finding.subject == f"order line:{line_id}"
