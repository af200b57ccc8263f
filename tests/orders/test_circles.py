"""Whoever gives units and days back for others never waits in a circle with who takes both."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest

from crosslane import catalog, inventory, locations, orders
from crosslane.inventory import RELEASE, Place
from crosslane.inventory.service.holding import ReleaseHold
from crosslane.kernel import Refusal, new_id
from crosslane.locations import CapacityClaim, CapacityKey
from crosslane.orders import (
    CHANGE_ADDRESS,
    PLACE,
    RECALL,
    RESOURCE,
    ChangeAddress,
    Failure,
    LineWish,
    Placed,
    PreparedOrder,
    Recall,
    Resource,
    Stage,
)
from crosslane.orders.domain.reoptimising import Change, LineMove
from crosslane.orders.service.reoptimised import serve_otherwise
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.platform import facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, CommandKind, Lanes
from crosslane.platform.log import run_reaction
from tests.orders.racing import Stop, lose_race, race, run_until_it_is_done
from tests.orders.test_backorders import Supply
from tests.orders.test_changes import CAUSE
from tests.orders.test_held import hold
from tests.orders.test_racing import BY_NAME
from tests.orders.world import HOME, buckets, place, stock_up, view, wish
from tests.soundness import assert_sound

KEEP_PROMISES = BY_NAME["orders.keep_promises"]
DEAR = "update locations_location set handling_parcel_minor = 900 where code = 'DC2'"


class Mug(msgspec.Struct, frozen=True, kw_only=True):
    """An order of a mug at DC2, whose parcels are cheaper from DC1 by now.

    Args:
        order_id: the order; likewise its line and article.
        far: where the mug will come from; ``near`` is where it is, which all lock after it.
        days: the days of these locations that it is sent on.
    """

    database: Database
    shop: str
    order_id: UUID
    line_id: UUID
    variant_id: UUID
    far: UUID
    near: UUID
    days: tuple[CapacityKey, CapacityKey]

    def doing(self, kind: CommandKind, body: Any) -> Callable[[], Awaitable[None]]:
        """Return a command by itself: a lane would run again what ended a circle."""

        async def do() -> None:
            async with self.database.transaction(self.shop) as tx:
                (answer,) = await kind.handle(tx, [Command(str(new_id()), SYSTEM, body)])
                assert not isinstance(answer, Refusal), answer

        return do

    async def release(self) -> None:
        """Let DC2 work on it."""
        async with self.database.transaction(self.shop) as tx:
            assert await orders.release(tx, [self.order_id], CAUSE, "test")

    async def take(self, tx: Tx, key: CapacityKey) -> None:
        """Take a place in a day, for another order."""
        assert await locations.take_capacity(tx, [CapacityClaim(*key, 1, str(new_id()))])

    async def lock(self, tx: Tx, location_id: UUID) -> None:
        """Lock the mugs of a location, as for another order."""
        await inventory.protect(tx, [Place(self.variant_id, location_id)])


@pytest.fixture
async def mug(database: Database, shop: str, lanes: Lanes) -> Mug:
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("MUG", "DC2"): 1})
        await tx.execute("update locations_location set parcels_per_day = 1000")
        await facts.touch(tx, "locations")
    placed = await place(lanes, shop, wish("MUG"))
    assert buckets(await view(database, shop, placed.id))["MUG"] == {("allocated", "DC2"): 1}
    async with database.transaction(shop) as tx:
        await tx.execute(DEAR)
        await facts.touch(tx, "locations")
        by_code = (await locations.network(tx)).by_code
        (state,) = (await orders.list_states(tx, [placed.id])).values()
        # DC1 has no counter of that day yet.
        (counted,) = await tx.fetch("select location_id, day from locations_capacity")
    far, near = by_code["DC1"].id, by_code["DC2"].id
    assert far < near == counted["location_id"]
    (line,) = state.lines
    return Mug(
        database=database,
        shop=shop,
        order_id=placed.id,
        line_id=line.id,
        variant_id=line.variant_id,
        far=far,
        near=near,
        days=((far, counted["day"]), (near, counted["day"])),
    )


async def resource(mug: Mug) -> Any:
    return mug.doing(RESOURCE, Resource(order_id=mug.order_id, reason="cheaper"))


async def readdress(mug: Mug) -> Any:
    asked = ChangeAddress(order_id=mug.order_id, ship_to=HOME, reason="customer called")
    return mug.doing(CHANGE_ADDRESS, asked)


async def recall(mug: Mug) -> Any:
    await mug.release()
    asked = Recall(order_id=mug.order_id, location="DC2", reason="the roof leaks")
    return mug.doing(RECALL, asked)


async def fail(mug: Mug) -> Any:
    await mug.release()

    async def failed() -> None:
        async with mug.database.transaction(mug.shop) as tx:
            short = Failure(
                order_id=mug.order_id,
                line_id=mug.line_id,
                location_id=mug.near,
                stage=Stage.RELEASED,
                quantity=1,
                reason="short pick",
                cause=CAUSE,
                occurred_at=tx.now,
            )
            assert await orders.fail(tx, [short], "test") == [None]

    return failed


async def lose(mug: Mug) -> Any:
    async with mug.database.transaction(mug.shop) as tx:
        count = new_id()
        broken = inventory.Adjustment(
            variant_id=mug.variant_id,
            location_id=mug.near,
            delta=-1,
            cause=inventory.Cause("adjustment", count, count),
        )
        await inventory.adjust(tx, [broken])
    return lambda: run_reaction(mug.database, mug.shop, BY_NAME["orders.replace_lost"])


async def move(mug: Mug) -> Any:
    async def moved() -> None:
        async with mug.database.transaction(mug.shop) as tx:
            (state,) = (await orders.list_states(tx, [mug.order_id])).values()
            lines = [LineMove(mug.line_id, 1, mug.near, mug.far)]
            change = Change(mug.order_id, state.order.version, lines, before_milli=0)
            assert await serve_otherwise(tx, [change], Doing(CAUSE, tx.now, "reoptimised")) == 1

    return moved


async def days(mug: Mug, tx: Tx, stop: Stop) -> None:
    await mug.take(tx, mug.days[0])
    await stop(tx)
    await mug.take(tx, mug.days[1])


async def units(mug: Mug, tx: Tx, stop: Stop) -> None:
    await mug.lock(tx, mug.far)
    await stop(tx)
    await mug.lock(tx, mug.near)


async def units_and_day(mug: Mug, tx: Tx, stop: Stop) -> None:
    await mug.lock(tx, mug.far)
    await stop(tx)
    await mug.take(tx, mug.days[1])


@pytest.mark.parametrize("meanwhile", [days, units, units_and_day])
@pytest.mark.parametrize("change", [resource, readdress, recall, fail, lose, move])
async def test_who_changes_an_order_and_who_takes_both_never_wait_in_a_circle(
    mug: Mug,
    change: Callable[[Mug], Awaitable[Callable[[], Awaitable[Any]]]],
    meanwhile: Callable[[Mug, Tx, Stop], Awaitable[None]],
):
    changed = await change(mug)

    async def take_both(stop: Stop) -> None:
        async with mug.database.transaction(mug.shop) as tx:
            await meanwhile(mug, tx, stop)

    await race(mug.database, mug.shop, take_both, changed)
    shown = await view(mug.database, mug.shop, mug.order_id)
    assert buckets(shown)["MUG"] == {("allocated", "DC1"): 1}
    await assert_sound(mug.database, mug.shop)


async def places_of(database: Database, tenant: str, sku: str) -> tuple[Place, Place]:
    """Return where an article may lie: DC1 and DC2, in the order in which they are locked."""
    async with database.transaction(tenant) as tx:
        variant_id = (await catalog.variants_by_sku(tx, [sku]))[sku].id
        by_code = (await locations.network(tx)).by_code
    first, then = (Place(variant_id, by_code[code].id) for code in ("DC1", "DC2"))
    assert first < then
    return first, then


async def test_who_loses_a_race_for_units_and_who_takes_both_never_wait_in_a_circle(
    database: Database, shop: str
):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("MUG", "DC2"): 1})
    first, then = await places_of(database, shop, "MUG")

    async def place_late() -> Placed:
        async with database.transaction(shop) as tx:
            (answer,) = await PLACE.handle(tx, [Command("late", SYSTEM, wish("MUG"))])
        return answer

    placed = await lose_race(database, shop, then, place_late, behind=first)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {("allocated", "DC1"): 1}
    await assert_sound(database, shop)


@pytest.mark.parametrize("expired", [False, True])
async def test_who_places_with_held_units_and_who_takes_both_never_wait_in_a_circle(
    database: Database, shop: str, lanes: Lanes, expired: bool
):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("MUG", "DC1"): 1, ("MUG", "DC2"): 2, ("LAMP", "DC2"): 1})
    held = await hold(database, shop, "MUG", "DC2", 2)
    lost = await hold(database, shop, "LAMP", "DC2", 1, line=1)
    if expired:
        await lanes.run(shop, RELEASE, "gone", ReleaseHold(hold_id=lost.hold_id, fence=lost.fence))
    first, then = await places_of(database, shop, "MUG")
    lines = (LineWish(sku="MUG", quantity=3), LineWish(sku="LAMP", quantity=1))

    async def take_both(stop: Stop) -> None:
        async with database.transaction(shop) as tx:
            await inventory.protect(tx, [first])
            await stop(tx)
            await inventory.protect(tx, [then])

    async def place_held() -> Placed:
        wished = msgspec.structs.asdict(wish(*lines))
        prepared = PreparedOrder(**wished, holds=[held, lost])
        async with database.transaction(shop) as tx:
            (answer,) = await PLACE.handle(tx, [Command("held", SYSTEM, prepared)])
        return answer

    _, placed = await race(database, shop, take_both, partial(run_until_it_is_done, place_held))
    shown = buckets(await view(database, shop, placed.id))
    assert shown["MUG"] == {("allocated", "DC1"): 1, ("allocated", "DC2"): 2}
    assert shown["LAMP"] == {("allocated", "DC2"): 1}
    await assert_sound(database, shop)


@pytest.fixture
async def waits(database: Database, shop: str, lanes: Lanes) -> UUID:
    """An order that waits for a lamp; it has come in at DC2, which nobody has read of."""
    supply = Supply(database, shop, lanes)
    await supply.sell_out()
    order_id = await supply.order(1)
    coming = await supply.announce(1)
    await supply.arrive(coming, 1, settled=False)
    return order_id


async def test_who_is_served_with_what_came_in_and_who_takes_both_never_wait_in_a_circle(
    database: Database, shop: str, waits: UUID
):
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "DC1"): 1})
        await tx.execute(DEAR)
        await facts.touch(tx, "locations")
    first, then = await places_of(database, shop, "LAMP")

    async def take_both(stop: Stop) -> None:
        async with database.transaction(shop) as tx:
            await inventory.protect(tx, [first])
            await stop(tx)
            await inventory.protect(tx, [then])

    await race(database, shop, take_both, partial(run_reaction, database, shop, KEEP_PROMISES))
    shown = await view(database, shop, waits)
    assert buckets(shown)["LAMP"] == {("allocated", "DC1"): 1}
    await assert_sound(database, shop)


async def test_who_is_served_and_who_changes_an_order_that_still_waits_never_wait_in_a_circle(
    database: Database, shop: str, waits: UUID, lanes: Lanes
):
    later = await place(lanes, shop, wish("LAMP"))
    _, there = await places_of(database, shop, "LAMP")

    async def change(stop: Stop) -> None:
        async with database.transaction(shop) as tx:
            await Sheet.open(tx, [later.id])
            await stop(tx)
            await inventory.protect(tx, [there])

    keep = partial(run_reaction, database, shop, KEEP_PROMISES)
    await race(database, shop, change, partial(run_until_it_is_done, keep))
    for order_id, stage in ((waits, "allocated"), (later.id, "backordered")):
        ((kept, _),) = buckets(await view(database, shop, order_id))["LAMP"]
        assert kept == stage
    await assert_sound(database, shop)
