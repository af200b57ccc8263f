"""Promising and shipping on the real database."""

from datetime import timedelta

import msgspec

from crosslane.inventory import (
    Adjustment,
    Allocated,
    Cause,
    GroupRefused,
    NotAllocated,
    OutOfStock,
    Release,
    ShippedLine,
    StockShort,
    Transfer,
    adjust,
    allocate,
    confirm,
    hold,
    list_losing,
    list_shipped,
    release_allocation,
    ship,
    survey,
    transfer_allocation,
)
from crosslane.kernel import new_id
from crosslane.platform import log, outbox
from tests.inventory.shop import confirmation, demand, hold_wish, sale, stocked, wish


async def test_what_hangs_on_a_position_is_protected_and_saved_with_it(database, shop):
    cause = demand()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10)
        (taken,) = await hold(tx, [hold_wish(shop, 4, tx.now)])
        await outbox.write(tx)
        before = tx.statements
        (answer,) = await confirm(tx, [confirmation(taken, 2, cause=cause)])
        assert isinstance(answer, Allocated)
        await outbox.write(tx)
        assert tx.statements - before == 2
        await ship(tx, [sale(shop, 2, cause=cause)])
        await outbox.write(tx)
        assert tx.statements - before == 4


async def test_stock_is_received_promised_and_shipped(database, shop):
    dc, leeds = shop.locations["DC"], shop.locations["LEEDS"]
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10, unit_cost_milli=700)
        await stocked(tx, shop, 4, at="LEEDS")
        assert dict((await survey(tx, [shop.mug, shop.bowl])).candidates(shop.mug)) == {
            dc: 10,
            leeds: 4,
        }
        before = tx.statements
        mine = wish(shop, 3)
        answers = await allocate(tx, [mine, wish(shop, 5, at="LEEDS")])
        await outbox.write(tx)
        assert tx.statements - before == 2
        assert isinstance(answers[0], Allocated)
        assert answers[1].details["available"] == 4
    async with database.transaction(shop.tenant) as tx:
        shipped = await ship(tx, [sale(shop, 2, cause=mine.cause)])
        assert [(s.quantity, s.unit_cost_milli) for s in shipped[0].slices] == [(2, 700)]
        left = Release(variant_id=shop.mug, location_id=dc, quantity=1, cause=mine.cause)
        answers = await release_allocation(tx, [left, left])
        assert [type(answer) for answer in answers] == [Allocated, NotAllocated]
        assert (await survey(tx, [shop.mug])).available(shop.mug, dc) == 8


async def test_a_group_is_taken_whole_or_not_at_all(database, shop):
    group = new_id()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5)
        answers = await allocate(
            tx, [wish(shop, 5, group=group), wish(shop, 1, variant_id=shop.bowl, group=group)]
        )
        assert [type(answer) for answer in answers] == [GroupRefused, OutOfStock]
        assert (await survey(tx, [shop.mug])).total(shop.mug) == 5


async def test_an_allocation_passes_to_another_demand(database, shop):
    first, second = demand(), demand()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5)
        await allocate(tx, [wish(shop, 5, cause=first)])
        passed = Transfer(
            variant_id=shop.mug,
            location_id=shop.locations["DC"],
            quantity=3,
            cause=first,
            to=second,
        )
        assert isinstance((await transfer_allocation(tx, [passed]))[0], Allocated)
        await ship(tx, [sale(shop, 3, cause=second), sale(shop, 2, cause=first)])
        assert (await survey(tx, [shop.mug])).total(shop.mug) == 0


async def test_the_latest_promise_loses_what_a_fact_took(database, shop):
    early, late, later = demand(), demand(), demand()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10)
        await allocate(
            tx,
            [
                wish(shop, 4, cause=late, promised_for=tx.now + timedelta(days=2)),
                wish(shop, 4, cause=early, promised_for=tx.now + timedelta(days=1)),
                wish(shop, 2, cause=later, promised_for=tx.now + timedelta(days=3)),
            ],
        )
    lost = Cause("adjustment", new_id(), new_id())
    async with database.transaction(shop.tenant) as tx:
        await adjust(
            tx,
            [
                Adjustment(
                    variant_id=shop.mug,
                    location_id=shop.locations["DC"],
                    delta=-3,
                    code="damaged",
                    cause=lost,
                )
            ],
        )
    async with database.transaction(shop.tenant) as tx:
        history = await log.history(tx, f"adjustment:{lost.id}")
        assert [entry.kind for entry in history] == [
            "inventory.StockAdjusted",
            "inventory.StockValued",
            "inventory.StockShort",
        ]
        named = await list_losing(tx, [position_of(history[-1])])
    assert [(row.line_id, row.quantity) for row in named] == [(later.line, 2), (late.line, 1)]
    async with database.transaction(shop.tenant) as tx:
        refused = await allocate(tx, [wish(shop, 1)])
        assert isinstance(refused[0], OutOfStock)


async def test_a_sale_over_the_counter_of_nothing_is_still_on_record(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await ship(tx, [sale(shop, 2, at="LEEDS")])
        await stocked(tx, shop, 3, at="LEEDS")
        assert (await survey(tx, [shop.mug])).total(shop.mug) == 1


def position_of(entry):
    return msgspec.json.decode(entry.body, type=StockShort).position_id


async def test_what_left_for_a_line_keeps_its_owner_and_cost(database, shop):
    first, second = demand(), demand()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 10, unit_cost_milli=700)
        await ship(tx, [sale(shop, 2, cause=first)])
        await stocked(tx, shop, 8, unit_cost_milli=900)
        await ship(tx, [sale(shop, 1, cause=first), sale(shop, 3, cause=second)])
    there, elsewhere = shop.locations["DC"], shop.locations["LEEDS"]
    asked = [ShippedLine(first.id, first.line, at) for at in (there, elsewhere)]
    async with database.transaction(shop.tenant) as tx:
        found = await list_shipped(tx, asked)
    assert [(u.unit_cost_milli, u.quantity) for u in found[asked[0]]] == [(700, 2), (800, 1)]
    assert found[asked[1]] == []


MOVED = """
select body -> 'variant_ids' as moved from platform_log
where kind = 'inventory.AvailabilityMoved' order by id
"""


async def test_what_a_batch_moves_is_told_once_and_what_moves_nothing_is_not(database, shop):
    cause = demand()

    async def told(act) -> list[set[str]]:
        async with database.transaction(shop.tenant) as tx:
            before = len(await tx.fetch(MOVED))
            result = await act(tx)
        async with database.transaction(shop.tenant, read_only=True) as tx:
            rows = (await tx.fetch(MOVED))[before:]
        return result, [set(msgspec.json.decode(row["moved"])) for row in rows]

    mug, bowl = str(shop.mug), str(shop.bowl)
    assert (await told(lambda tx: stocked(tx, shop, 9)))[1] == [{mug}]
    await told(lambda tx: stocked(tx, shop, 9, variant=shop.bowl))
    wishes = [wish(shop, 2, cause=cause), wish(shop, 1), wish(shop, 1, variant_id=shop.bowl)]
    assert (await told(lambda tx: allocate(tx, wishes)))[1] == [{mug, bowl}]
    assert (await told(lambda tx: allocate(tx, [wish(shop, 99)])))[1] == []
    (taken,), moved = await told(lambda tx: hold(tx, [hold_wish(shop, 2, tx.now)]))
    assert moved == [{mug}]
    # Held units become allocated ones, and those leave: nobody could have promised them.
    confirmed = confirmation(taken, 2, cause=cause)
    assert (await told(lambda tx: confirm(tx, [confirmed])))[1] == []
    assert (await told(lambda tx: ship(tx, [sale(shop, 4, cause=cause)])))[1] == []
    assert (await told(lambda tx: ship(tx, [sale(shop, 1)])))[1] == [{mug}]
