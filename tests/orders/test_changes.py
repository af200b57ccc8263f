import asyncio
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest

from crosslane import inventory, locations, orders
from crosslane.kernel import Conflict, new_id
from crosslane.orders import (
    ADD_LINES,
    CANCEL,
    CHANGE_ADDRESS,
    CHANGE_PRICE,
    RAISE_STOP,
    REACTIONS,
    RESOLVE_STOP,
    SCHEDULES,
    AddLines,
    CancelLine,
    CancelUnits,
    ChangeAddress,
    ChangePrice,
    Failure,
    LineWish,
    OrderView,
    RaiseStop,
    ResolveStop,
    Stage,
    Step,
    StopWish,
    TenderWish,
    errors,
)
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.log import run_reaction
from tests.orders.world import HOME, buckets, place, set_policy, stock_up, view, wish
from tests.soundness import assert_sound

CAUSE = Command("test", SYSTEM, None)


async def react(database: Database, tenant: str) -> None:
    for _ in range(3):
        for reaction in REACTIONS:
            await run_reaction(database, tenant, reaction)


async def run(lanes: Lanes, tenant: str, kind, body, key: str = ""):
    return await lanes.run(tenant, kind, key or str(new_id()), body)


async def carry(database: Database, tenant: str, shown: OrderView, *path: Stage) -> None:
    """Take every unit of an order from one stage to the next along a path."""
    for here, there in pairwise(path):
        async with database.transaction(tenant) as tx:
            if there is Stage.RELEASED:
                await orders.release(tx, [shown.id], CAUSE, "test")
                continue
            state = (await orders.list_states(tx, [shown.id]))[shown.id]
            steps = [
                Step(
                    order_id=shown.id,
                    line_id=line.id,
                    location_id=bucket.location_id,
                    from_stage=here,
                    to_stage=there,
                    quantity=bucket.quantity,
                    group=str(line.id),
                    why=f"test:{there}",
                    occurred_at=tx.now,
                    cause=CAUSE,
                )
                for line in state.stock_lines
                for bucket in state.buckets.of(line.id)
                if bucket.stage is here
            ]
            assert await orders.move(tx, steps) == {}


WHOLE_WAY = (
    Stage.ALLOCATED,
    Stage.RELEASED,
    Stage.PICKED,
    Stage.PACKED,
    Stage.HANDED_OVER,
    Stage.DELIVERED,
)


async def test_an_order_on_its_whole_way_is_paid_and_closed(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3), "LAMP"))
    shown = await view(database, shop, placed.id)
    await carry(database, shop, shown, *WHOLE_WAY)
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.closed_at is not None) == ("delivered", True)
    assert shown.money.captured_minor == placed.gross_minor
    async with database.transaction(shop) as tx:
        sold = await tx.fetch("select body from platform_log where kind = 'orders.LinesHandedOver'")
        told = [msgspec.json.decode(row["body"], type=orders.LinesHandedOver) for row in sold]
        units = [unit for event in told for unit in event.units]
        charges = [charge for event in told for charge in event.charges]
        gross = sum(u.net_minor + u.tax_minor for u in units)
        assert gross + sum(c.net_minor + c.tax_minor for c in charges) == placed.gross_minor
        assert sum(cost.cost_minor for u in units for cost in u.costs) == 4 * 200
        assert await tx.fetchval("select sum(allocated) from inventory_position") == 0
        assert await tx.fetchval("select sum(on_hand) from inventory_position") == 69 - 4
    await assert_sound(database, shop)


@pytest.mark.parametrize("upto", [1, 2, 3, 4])
async def test_a_part_is_cancelled_before_hand_over_and_the_rest_goes_on(
    database: Database, shop: str, lanes: Lanes, upto: int
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    shown = await view(database, shop, placed.id)
    await carry(database, shop, shown, *WHOLE_WAY[:upto])
    line = CancelLine(placed.lines[0].id, 2)
    asked = CancelUnits(order_id=placed.id, lines=[line], reason="too many")
    done = await run(lanes, shop, CANCEL, asked, "once")
    assert (done.units, done.gross_delta_minor) == (2, -1200)
    assert await run(lanes, shop, CANCEL, asked, "once") == done
    await carry(database, shop, shown, *WHOLE_WAY[upto - 1 : 5])
    shown = await view(database, shop, placed.id)
    assert shown.status == "handed_over"
    assert shown.money.captured_minor == shown.money.worth_minor == 600 + 395
    with pytest.raises(errors.OrderClosed):
        await run(lanes, shop, CANCEL, CancelUnits(order_id=placed.id, reason="late"))
    await assert_sound(database, shop)


async def test_cancelling_everything_frees_stock_money_and_charges(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=20), "LAMP"))
    done = await run(lanes, shop, CANCEL, CancelUnits(order_id=placed.id, reason="changed mind"))
    assert (done.units, done.gross_delta_minor) == (21, -placed.gross_minor)
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.money.worth_minor, shown.money.captured_minor) == (
        "cancelled",
        0,
        0,
    )
    assert [charge.cancelled for charge in shown.charges] == [True]
    async with database.transaction(shop) as tx:
        assert await tx.fetchval("select sum(allocated) from inventory_position") == 0
    await assert_sound(database, shop)


async def test_a_pick_and_a_cancellation_of_the_same_units_never_both_win(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=4)))
    shown = await view(database, shop, placed.id)
    await carry(database, shop, shown, Stage.ALLOCATED, Stage.RELEASED)

    async def pick() -> dict:
        async with database.transaction(shop) as tx:
            at = (await locations.network(tx)).by_code["DC1"].id
            step = Step(
                order_id=placed.id,
                line_id=placed.lines[0].id,
                location_id=at,
                from_stage=Stage.RELEASED,
                to_stage=Stage.PICKED,
                quantity=4,
                group="one",
                why="pick",
                occurred_at=tx.now,
                cause=CAUSE,
            )
            return await orders.move(tx, [step])

    line = CancelLine(placed.lines[0].id, 1)
    asked = CancelUnits(order_id=placed.id, lines=[line], reason="one less")
    refused, _ = await asyncio.gather(pick(), run(lanes, shop, CANCEL, asked))
    shown = await view(database, shop, placed.id)
    there = buckets(shown)["MUG"]
    if refused:
        assert isinstance(refused["one"], errors.OutOfStep)
        assert there == {("released", "DC1"): 3, ("cancelled", ""): 1}
    else:
        assert there == {("picked", "DC1"): 3, ("cancelled", ""): 1}
    await assert_sound(database, shop)


async def test_short_units_are_found_elsewhere_with_the_location_barred(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    shown = await view(database, shop, placed.id)
    await carry(database, shop, shown, Stage.ALLOCATED, Stage.RELEASED)
    async with database.transaction(shop) as tx:
        at = (await locations.network(tx)).by_code["DC1"].id
        short = Failure(
            order_id=placed.id,
            line_id=placed.lines[0].id,
            location_id=at,
            stage=Stage.RELEASED,
            quantity=2,
            reason="short pick",
            cause=CAUSE,
            occurred_at=tx.now,
        )
        assert await orders.fail(tx, [short], "test") == [None]
        too_many = msgspec.structs.replace(short, quantity=9)
        assert isinstance((await orders.fail(tx, [too_many], "test"))[0], errors.OutOfStep)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {
        ("released", "DC1"): 1,
        ("allocated", "S0001"): 2,
    }
    await assert_sound(database, shop)


async def test_arriving_stock_goes_to_whoever_waited_longest(
    database: Database, shop: str, lanes: Lanes
):
    first = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=7)))
    second = await place(lanes, shop, wish(LineWish(sku="LAMP", quantity=2)))
    async with database.transaction(shop) as tx:
        await stock_up(tx, {("LAMP", "DC1"): 3})
    await react(database, shop)
    assert buckets(await view(database, shop, first.id))["LAMP"] == {
        ("allocated", "DC1"): 2,
        ("allocated", "DC2"): 5,
    }
    assert buckets(await view(database, shop, second.id))["LAMP"] == {
        ("backordered", ""): 1,
        ("allocated", "DC1"): 1,
    }
    await assert_sound(database, shop)


async def test_a_fact_that_takes_promised_stock_sends_the_latest_promise_elsewhere(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=10)))
    async with database.transaction(shop) as tx:
        at = (await locations.network(tx)).by_code["DC1"].id
        variant = (await orders.list_states(tx, [placed.id]))[placed.id].lines[0].variant_id
        count = new_id()
        await inventory.adjust(
            tx,
            [
                inventory.Adjustment(
                    variant_id=variant,
                    location_id=at,
                    delta=-3,
                    cause=inventory.Cause("adjustment", count, count),
                )
            ],
        )
    await react(database, shop)
    assert buckets(await view(database, shop, placed.id))["MUG"] == {
        ("allocated", "DC1"): 7,
        ("allocated", "S0001"): 3,
    }
    await assert_sound(database, shop)


async def test_a_stop_is_resolved_by_whoever_may(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish("MUG"))
    raised = await run(lanes, shop, RAISE_STOP, RaiseStop(placed.id, "fraud", "odd card"))
    assert (await view(database, shop, placed.id)).status == "on_hold"
    asked = ResolveStop(placed.id, raised.stop_id, "called back")
    agent = Actor("staff", "a", frozenset({"orders:stop", "orders:resolve_manual"}))
    refused = await lanes.submit(shop, RESOLVE_STOP, Command("r1", agent, asked))
    assert isinstance(refused.outcome, errors.StopNotYours)
    manager = Actor("staff", "m", frozenset({"orders:resolve_fraud"}))
    done = await lanes.submit(shop, RESOLVE_STOP, Command("r2", manager, asked))
    assert done.outcome.open_stops == 0
    again = await lanes.submit(shop, RESOLVE_STOP, Command("r3", manager, asked))
    assert isinstance(again.outcome, errors.NoSuchStop)
    shown = await view(database, shop, placed.id)
    assert (shown.status, shown.stops[0].resolution) == ("confirmed", "called back")


async def test_an_order_whose_stop_expires_is_cancelled(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish("MUG", stops=[StopWish("payment", "waiting")]))
    async with database.transaction(shop) as tx:
        await tx.execute("update orders_stop set expires_at = clock_timestamp() - interval '1 s'")
    async with database.transaction(shop) as tx:
        await SCHEDULES[0].run(tx)
    assert (await view(database, shop, placed.id)).status == "cancelled"
    await assert_sound(database, shop)


async def test_lines_are_added_priced_and_paid(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish("MUG"))
    more = AddLines(
        order_id=placed.id,
        lines=[LineWish(sku="LAMP", quantity=1)],
        reason="forgot the lamp",
    )
    with pytest.raises(errors.TendersDiffer):
        await run(lanes, shop, ADD_LINES, more)
    paid = msgspec.structs.replace(more, tenders=[TenderWish(method="cash")])
    done = await run(lanes, shop, ADD_LINES, paid)
    assert (done.amendment_no, done.gross_delta_minor) == (1, 2499)
    shown = await view(database, shop, placed.id)
    assert buckets(shown)["LAMP"] == {("allocated", "DC2"): 1}
    assert [(line.position, line.cause) for line in shown.lines] == [(1, "cart"), (2, "amendment")]
    await carry(database, shop, shown, *WHOLE_WAY[:5])
    shown = await view(database, shop, placed.id)
    assert shown.money.captured_minor == shown.money.worth_minor == 600 + 2499 + 395
    await assert_sound(database, shop)


async def test_lines_that_could_never_be_had_are_not_added(
    database: Database, shop: str, lanes: Lanes
):
    fetched = LineWish(sku="MUG", quantity=1, method="pickup", store="S0001")
    placed = await place(lanes, shop, wish(fetched, ship_to=None))
    for line, refusal in (
        (LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001"), errors.NotTakenAlong),
        (LineWish(sku="LAMP", quantity=1), errors.AddressNeeded),
    ):
        cash = [TenderWish(method="cash")]
        more = AddLines(order_id=placed.id, lines=[line], tenders=cash, reason="more")
        with pytest.raises(refusal) as raised:
            await run(lanes, shop, ADD_LINES, more)
        assert raised.value.pointer == "/lines/0/method"
    assert len((await view(database, shop, placed.id)).lines) == 1


@pytest.mark.parametrize("handed_over_first", [False, True])
async def test_a_lower_price_is_charged_or_given_back(
    database: Database, shop: str, lanes: Lanes, handed_over_first: bool
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=2), "LAMP"))
    shown = await view(database, shop, placed.id)
    line_id = next(line.id for line in shown.lines if line.sku == "MUG")
    if handed_over_first:
        async with database.transaction(shop) as tx:
            lamp = next(line.id for line in shown.lines if line.sku == "LAMP")
            at = (await locations.network(tx)).by_code["DC2"].id
            await orders.release(tx, [placed.id], CAUSE, "test")
            for here, there in pairwise(WHOLE_WAY[1:5]):
                step = Step(
                    order_id=placed.id,
                    line_id=lamp,
                    location_id=at,
                    from_stage=here,
                    to_stage=there,
                    quantity=1,
                    group="lamp",
                    why=f"lamp:{there}",
                    occurred_at=tx.now,
                    cause=CAUSE,
                )
                assert await orders.move(tx, [step]) == {}
    cheaper = ChangePrice(
        order_id=placed.id, line_id=line_id, unit_price_milli=500_000, reason="price match"
    )
    done = await run(lanes, shop, CHANGE_PRICE, cheaper)
    assert done.gross_delta_minor == -200
    again = await run(lanes, shop, CHANGE_PRICE, cheaper)
    assert again.gross_delta_minor == 0
    async with database.transaction(shop) as tx:
        state = (await orders.list_states(tx, [placed.id]))[placed.id]
        assert orders.worth(state).gross_minor == placed.gross_minor - 200
    await assert_sound(database, shop)


async def test_a_changed_price_falls_with_the_units_it_was_for(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish(LineWish(sku="MUG", quantity=3)))
    line_id = placed.lines[0].id
    free = ChangePrice(order_id=placed.id, line_id=line_id, unit_price_milli=0, reason="a gift")
    await run(lanes, shop, CHANGE_PRICE, free)
    one = CancelUnits(order_id=placed.id, lines=[CancelLine(line_id, 1)], reason="one too many")
    assert (await run(lanes, shop, CANCEL, one)).gross_delta_minor == 0
    dear = ChangePrice(order_id=placed.id, line_id=line_id, unit_price_milli=500_000, reason="no")
    assert (await run(lanes, shop, CHANGE_PRICE, dear)).gross_delta_minor == 1000
    assert (await run(lanes, shop, CANCEL, one)).gross_delta_minor == -500
    shown = await view(database, shop, placed.id)
    assert shown.money.worth_minor == 500 + 395
    await assert_sound(database, shop)


async def test_an_address_is_changed_until_goods_are_released(
    database: Database, shop: str, lanes: Lanes
):
    async with database.transaction(shop) as tx:
        await set_policy(tx, "orders.intake", {"bad_address": "stop"}, "web")
    bad = msgspec.structs.replace(HOME, postcode="nonsense")
    placed = await place(lanes, shop, wish("MUG", ship_to=bad))
    assert placed.status == "on_hold"
    mended = ChangeAddress(order_id=placed.id, ship_to=HOME, reason="customer called")
    await run(lanes, shop, CHANGE_ADDRESS, mended)
    shown = await view(database, shop, placed.id)
    assert shown.status == "confirmed"
    assert shown.ship_to is not None
    assert shown.ship_to.postcode == "OX1 4AA"
    assert buckets(shown)["MUG"] == {("allocated", "DC1"): 1}
    await assert_sound(database, shop)
    await carry(database, shop, shown, Stage.ALLOCATED, Stage.RELEASED)
    with pytest.raises(errors.AddressFixed):
        await run(lanes, shop, CHANGE_ADDRESS, mended)


async def test_a_change_of_an_old_version_is_refused(database: Database, shop: str, lanes: Lanes):
    placed = await place(lanes, shop, wish("MUG"))
    await run(lanes, shop, RAISE_STOP, RaiseStop(placed.id, "manual", "look"))
    with pytest.raises(Conflict):
        await run(lanes, shop, CANCEL, CancelUnits(order_id=placed.id, reason="no", version=1))
    with pytest.raises(errors.NoSuchOrder):
        await run(lanes, shop, CANCEL, CancelUnits(order_id=UUID(int=1), reason="no"))


async def test_a_changed_price_falls_when_part_of_the_order_is_gone(
    database: Database, shop: str, lanes: Lanes
):
    mug = LineWish(sku="MUG", quantity=1, method="carry_out", store="S0001")
    asked = wish(LineWish(sku="SPOON", quantity=3), mug, channel="till")
    placed = await place(lanes, shop, asked)
    shown = await view(database, shop, placed.id)
    spoons = next(line.id for line in shown.lines if line.sku == "SPOON")
    free = ChangePrice(order_id=placed.id, line_id=spoons, unit_price_milli=0, reason="a gift")
    await run(lanes, shop, CHANGE_PRICE, free)
    for quantity in (1, 2):
        fewer = CancelUnits(
            order_id=placed.id, lines=[CancelLine(spoons, quantity)], reason="no spoons"
        )
        await run(lanes, shop, CANCEL, fewer)
        shown = await view(database, shop, placed.id)
        assert shown.money.worth_minor == 600 + 395
    await assert_sound(database, shop)
