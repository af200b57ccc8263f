"""Lists find what orders are, whatever has happened to them, and figures count what lists show."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from msgspec import structs

from crosslane import fulfillment, insights, locations, orders
from crosslane.insights import Filter
from crosslane.insights.service import LOOKED_AT_MAX
from crosslane.orders import (
    CANCEL,
    RAISE_STOP,
    RESOLVE_STOP,
    CancelUnits,
    LineWish,
    Placed,
    RaiseStop,
    ResolveStop,
    Stage,
)
from crosslane.platform import log
from crosslane.platform.actor import Actor
from crosslane.platform.database import Database, Tx
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from crosslane.verify import verify
from crosslane.verify.insights import RULES
from tests.orders.test_changes import WHOLE_WAY, carry, run
from tests.orders.world import found_retailer, place, view, wish
from tests.platform.test_log import until_all_can_be_read
from tests.soundness import list_findings


@pytest.fixture
async def shop(database: Database, tenant: str) -> str:
    await found_retailer(database, tenant)
    return tenant


async def catch_up(database: Database, shop: str) -> None:
    for reaction in insights.REACTIONS:
        while await run_reaction(database, shop, reaction):
            pass


async def found(database: Database, shop: str, *facets: str, due: str = "") -> list[str]:
    """Numbers of the orders with some facets; what lists know is sound besides."""
    async with database.transaction(shop) as tx:
        assert await list_findings(tx) == []
        page = await insights.find(
            tx, Filter(facets=frozenset(facets), due=due), after=None, limit=50
        )
        heads = await orders.list_heads(tx, page.order_ids)
        if not due and facets:
            counted = await insights.count(tx, facets)
            assert len(facets) > 1 or counted.get(facets[0], 0) == len(page.order_ids)
    return [heads[order_id].number for order_id in page.order_ids]


async def three(lanes: Lanes, shop: str) -> list[Placed]:
    return [await place(lanes, shop, wish(sku)) for sku in ("MUG", "LAMP", "SPOON")]


async def test_an_order_is_found_by_its_stop_until_that_is_resolved(
    database: Database, shop: str, lanes: Lanes
):
    mug, _, _ = await three(lanes, shop)
    held = await run(lanes, shop, RAISE_STOP, RaiseStop(mug.id, "fraud", "another country"))
    await catch_up(database, shop)
    assert await found(database, shop, "stop:fraud") == [mug.number]
    assert await found(database, shop, "held", "channel:web", "status:on_hold") == [mug.number]
    assert await found(database, shop, "held", "channel:trade") == []
    await run(lanes, shop, RESOLVE_STOP, ResolveStop(mug.id, held.stop_id, "it is fine"))
    await catch_up(database, shop)
    assert await found(database, shop, "stop:fraud") == []
    assert await found(database, shop, "status:on_hold") == []


async def test_what_is_carried_to_its_customer_is_no_longer_open(
    database: Database, shop: str, lanes: Lanes
):
    first, second, third = await three(lanes, shop)
    await carry(database, shop, await view(database, shop, first.id), *WHOLE_WAY)
    await run(lanes, shop, CANCEL, CancelUnits(order_id=second.id, reason="changed my mind"))
    await catch_up(database, shop)
    assert await found(database, shop, "open") == [third.number]
    assert await found(database, shop, "status:delivered", "location:DC1") == [first.number]
    assert await found(database, shop, "status:cancelled") == [second.number]
    assert await found(database, shop, "promise:kept") == [first.number]
    async with database.transaction(shop) as tx:
        late, soon = await insights.count_due(tx)
    assert (late, soon) == (0, len(await found(database, shop, due="soon")))


async def test_what_is_picked_and_packed_is_listed_as_before(
    database: Database, shop: str, lanes: Lanes
):
    mug, _, _ = await three(lanes, shop)
    rows = []
    for step in pairwise((Stage.ALLOCATED, Stage.RELEASED, Stage.PICKED, Stage.PACKED)):
        await carry(database, shop, await view(database, shop, mug.id), *step)
        async with database.transaction(shop) as tx:
            await insights.service.keep(tx, {mug.id: await log.horizon(tx)})
            rows.append(await tx.fetch("select * from insights_order"))
    assert rows[0] == rows[1] == rows[2]


async def test_what_was_told_before_an_order_was_read_lets_nobody_read_it_again(
    database: Database, shop: str, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
):
    read: list[UUID] = []
    list_states = orders.list_states

    async def counted(tx: Tx, order_ids: Sequence[UUID]) -> dict[UUID, orders.OrderState]:
        read.extend(order_ids)
        return await list_states(tx, order_ids)

    mug, lamp, _ = await three(lanes, shop)
    await run(lanes, shop, CANCEL, CancelUnits(order_id=mug.id, reason="changed my mind"))
    [keep_lists] = insights.REACTIONS
    singly = structs.replace(keep_lists, batch_max=1)
    monkeypatch.setattr(orders, "list_states", counted)
    await until_all_can_be_read(database, shop)
    while await run_reaction(database, shop, singly):
        pass
    assert read.count(mug.id) == read.count(lamp.id) == 1
    assert await found(database, shop, "status:cancelled") == [mug.number]
    await run(lanes, shop, CANCEL, CancelUnits(order_id=lamp.id, reason="changed my mind"))
    await catch_up(database, shop)
    assert await found(database, shop, "status:cancelled") == [lamp.number, mug.number]


async def test_a_promise_that_has_passed_is_late(database: Database, shop: str, lanes: Lanes):
    mug, _, _ = await three(lanes, shop)
    async with database.transaction(shop) as tx:
        await tx.execute(
            "update orders_line set promised_at = now() - interval '1 hour' where order_id = $1",
            mug.id,
        )
    await run(lanes, shop, RAISE_STOP, RaiseStop(mug.id, "manual", "look at it"))
    await catch_up(database, shop)
    assert await found(database, shop, due="late") == [mug.number]
    assert await found(database, shop, "stop:fraud", due="late") == []
    assert await found(database, shop, "stop:manual", due="late") == [mug.number]


async def test_what_somebody_changes_by_hand_is_touched(
    database: Database, shop: str, lanes: Lanes
):
    mug, lamp, _ = await three(lanes, shop)
    person = Actor("staff", "018f0000-0000-7000-8000-000000000001", frozenset({"*"}))
    asked = RaiseStop(lamp.id, "fraud", "look at it")
    await lanes.submit(shop, RAISE_STOP, Command("by hand", person, asked, trace="t1"))
    await run(lanes, shop, RAISE_STOP, RaiseStop(mug.id, "fraud", "a rule says so"))
    await catch_up(database, shop)
    assert await found(database, shop, "touched") == [lamp.number]


async def test_pages_follow_one_another_newest_first(database: Database, shop: str, lanes: Lanes):
    placed = [await place(lanes, shop, wish("SPOON")) for _ in range(7)]
    await catch_up(database, shop)
    for wanted in (Filter(), Filter(facets=frozenset({"channel:web", "method:ship"}))):
        seen, after = [], None
        async with database.transaction(shop) as tx:
            while True:
                page = await insights.find(tx, wanted, after=after, limit=3)
                seen += page.order_ids
                if (after := page.next) is None:
                    break
        assert seen == [one.id for one in reversed(placed)]


async def test_a_page_looks_through_so_many_orders_and_says_where_to_go_on(
    database: Database, shop: str, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
):
    old = await place(lanes, shop, wish("MUG"))
    await run(lanes, shop, CANCEL, CancelUnits(order_id=old.id, reason="changed my mind"))
    for _ in range(4):
        await place(lanes, shop, wish("SPOON"))
    await catch_up(database, shop)
    monkeypatch.setattr("crosslane.insights.service.LOOKED_AT_MAX", 2)
    wanted = Filter(facets=frozenset({"channel:web", "method:ship"}))
    narrow = Filter(facets=frozenset({"status:cancelled", "channel:web"}))
    async with database.transaction(shop) as tx:
        page = await insights.find(tx, wanted, after=None, limit=50)
        assert (len(page.order_ids), page.cut_short) == (2, True)
        assert not (await insights.find(tx, narrow, after=None, limit=50)).cut_short
    assert LOOKED_AT_MAX > 2


async def test_an_associate_sees_orders_of_the_own_location(
    database: Database, shop: str, lanes: Lanes
):
    sent = await place(lanes, shop, wish("LAMP"))
    got = await place(
        lanes, shop, wish(LineWish(sku="MUG", quantity=1, method="pickup", store="S0001"))
    )
    await catch_up(database, shop)
    async with database.transaction(shop) as tx:
        store = (await locations.network(tx)).by_code["S0001"].id
    clerk = Actor("staff", "jo", frozenset({"orders:read"}), location_id=store)
    async with database.transaction(shop, actor=clerk, read_only=True) as tx:
        page = await insights.find(tx, Filter(), after=None, limit=50)
        assert page.order_ids == [got.id]
        assert await insights.fitting(tx, [sent.id, got.id], Filter()) == {got.id}


async def test_the_pulse_counts_the_last_hours(database: Database, shop: str, lanes: Lanes):
    placed = await three(lanes, shop)
    await run(lanes, shop, RAISE_STOP, RaiseStop(placed[0].id, "fraud", "look at it"))
    await catch_up(database, shop)
    async with database.transaction(shop) as tx:
        pulse = await insights.pulse(tx, hours=24)
        assert pulse.until - pulse.since == timedelta(hours=24)
    assert (pulse.orders, pulse.of("channel:web"), pulse.of("held")) == (3, 3, 1)
    assert [sum(hours) for hours in pulse.by_channel.values()] == [3]
    assert pulse.planned["GBP"][1] == 3
    assert pulse.planned["GBP"][0] > 0


DEFECTS = [
    ("delete from insights_facet where facet = 'channel:web'", "facets_both_ways"),
    ("update insights_facet set placed_at = placed_at + interval '1 s'", "facets_both_ways"),
    ("update insights_hour set orders = orders + 1 where facet = 'open'", "hours_add_up"),
    ("update insights_hour set planned_milli = 7 where facet = 'cost:GBP'", "hours_add_up"),
    ("update insights_order set facets = facets || 'split'::text", "as_the_orders_are"),
    ("update insights_order set due_at = null", "as_the_orders_are"),
    ("delete from insights_order", "as_the_orders_are"),
]


async def test_a_planted_defect_is_named(database: Database, shop: str, lanes: Lanes):
    await three(lanes, shop)
    await catch_up(database, shop)
    for defect, rule in DEFECTS:
        with pytest.raises(_Undo):
            async with database.transaction(shop) as tx:
                assert await list_findings(tx) == []
                await tx.execute(defect)
                assert f"insights.{rule}" in {f.rule for f in await verify(tx, RULES)}, defect
                raise _Undo


class _Undo(Exception):
    pass


def test_goods_that_reach_their_store_are_looked_for_there():
    # Their place changes by this event alone, and lists are narrowed by places.
    assert all(fulfillment.TransferArrived in reaction.events for reaction in insights.REACTIONS)
