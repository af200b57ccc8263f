"""Goods on their way: reported in any order, promised once, held for those who wait."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.inventory import (
    Allocated,
    Arrived,
    IncomingChanged,
    IncomingFreed,
    IncomingKey,
    IncomingReport,
    OutOfStock,
    PromiseArrived,
    Waiting,
    allocate,
    confirm,
    holds_of,
    keep_promises,
    receive_incoming,
    report_incoming,
    survey,
)
from crosslane.inventory.domain.incoming import IncomingLine, IncomingSheet
from crosslane.inventory.domain.incoming import keep_promises as promises_kept
from crosslane.inventory.errors import IncomingNotFound
from crosslane.inventory.service.incoming import incoming_by_id
from crosslane.kernel import new_id
from crosslane.platform import log
from tests.inventory.shop import confirmation, demand, findings, stocked, wish

DAY = date(2011, 1, 20)
NOON = datetime(2011, 1, 4, 12, 0, tzinfo=UTC)


def report(shop, quantity, *, reference="PO-1", day=DAY, minute=0, message="m"):
    return IncomingReport(
        key=IncomingKey("erp", reference, shop.mug, shop.locations["DC"]),
        quantity=quantity,
        available_on=day,
        as_of=NOON + timedelta(minutes=minute),
        message=message,
    )


def wait(shop, quantity, *, cause=None, promised_for=NOON):
    return Waiting(
        variant_id=shop.mug,
        quantity=quantity,
        cause=cause or demand(),
        location_ids=frozenset({shop.locations["DC"]}),
        promised_for=promised_for,
    )


async def news_of(tx, subject, kind):
    return [
        msgspec.json.decode(entry.body, type=kind)
        for entry in await log.history(tx, subject)
        if entry.kind == kind.kind()
    ]


async def test_the_newest_report_stands_in_whatever_order_they_come(database, shop):
    said = [(10, 0, "a"), (12, 5, "b"), (11, 5, "c"), (9, 3, "d")]
    for number, order in enumerate(permutations(said)):
        async with database.transaction(shop.tenant) as tx:
            for units, minute, message in order:
                [line] = await report_incoming(
                    tx,
                    [report(shop, units, reference=str(number), minute=minute, message=message)],
                )
            assert line.quantity == 11


async def test_the_earliest_arrival_is_promised_first_and_never_twice(database, shop):
    async with database.transaction(shop.tenant) as tx:
        late, early = await report_incoming(
            tx,
            [
                report(shop, 5, reference="late", day=DAY + timedelta(days=9)),
                report(shop, 5, reference="early"),
            ],
        )
        [one] = await keep_promises(tx, [wait(shop, 7)])
        assert [(s.incoming_id, s.quantity) for s in one.slices] == [(early.id, 5), (late.id, 2)]
        [arrival] = (await survey(tx, [shop.mug], arrivals=True)).arrivals(shop.mug)
        assert (arrival.quantity, arrival.available_on) == (3, DAY + timedelta(days=9))
        [other, none] = await keep_promises(
            tx, [wait(shop, 4), wait(shop, 1, promised_for=NOON + timedelta(days=1))]
        )
        assert [(s.incoming_id, s.quantity) for s in other.slices] == [(late.id, 3)]
        assert none.slices == ()


async def test_what_was_promised_is_given_up_from_the_last_arrival(database, shop):
    mine = demand()
    async with database.transaction(shop.tenant) as tx:
        lines = await report_incoming(
            tx,
            [report(shop, 5), report(shop, 5, reference="late", day=DAY + timedelta(days=9))],
        )
        await keep_promises(tx, [wait(shop, 7, cause=mine)])
        await keep_promises(tx, [wait(shop, 4, cause=mine)])
        left = await incoming_by_id(tx, [line.id for line in lines])
        assert [line.promised for line in left] == [4, 0]


async def test_arrived_goods_are_held_for_those_who_were_promised_them(database, shop):
    first, second = demand(), demand()
    async with database.transaction(shop.tenant) as tx:
        [line] = await report_incoming(tx, [report(shop, 10)])
        await keep_promises(
            tx,
            [
                wait(shop, 6, cause=second, promised_for=NOON + timedelta(days=2)),
                wait(shop, 3, cause=first, promised_for=NOON + timedelta(days=1)),
            ],
        )
    async with database.transaction(shop.tenant) as tx:
        await receive_incoming(tx, [Arrived(incoming_id=line.id, quantity=5, unit_cost_milli=9)])
        # Whoever comes now finds nothing: it is all spoken for.
        assert isinstance((await allocate(tx, [wish(shop, 1)]))[0], OutOfStock)
        [served] = await news_of(tx, f"order:{first.id}", PromiseArrived)
        [partly] = await news_of(tx, f"order:{second.id}", PromiseArrived)
        assert (served.quantity, partly.quantity) == (3, 2)
        [held] = await holds_of(tx, "order", first.id)
        [taken] = await confirm(tx, [confirmation(held, 3, cause=first)])
        assert isinstance(taken, Allocated)
        [left] = await incoming_by_id(tx, [line.id])
        assert (left.received, left.promised, left.free) == (5, 4, 1)


async def test_more_than_announced_is_for_everybody(database, shop):
    async with database.transaction(shop.tenant) as tx:
        [line] = await report_incoming(tx, [report(shop, 5)])
        await receive_incoming(tx, [Arrived(incoming_id=line.id, quantity=8)])
        assert (await survey(tx, [shop.mug])).total(shop.mug) == 8
        with pytest.raises(IncomingNotFound):
            await receive_incoming(tx, [Arrived(incoming_id=new_id(), quantity=1)])


async def test_who_goes_without_is_named_when_less_or_later_comes(database, shop):
    first, second = demand(), demand()
    async with database.transaction(shop.tenant) as tx:
        [line] = await report_incoming(tx, [report(shop, 10)])
        await keep_promises(
            tx,
            [
                wait(shop, 4, cause=first),
                wait(shop, 6, cause=second, promised_for=NOON + timedelta(days=1)),
            ],
        )
    async with database.transaction(shop.tenant) as tx:
        await report_incoming(tx, [report(shop, 7, minute=1)])
        await report_incoming(tx, [report(shop, 7, minute=2, day=DAY + timedelta(days=3))])
        news = await news_of(tx, f"incoming:{line.id}", IncomingChanged)
    assert [[(lost.line_id, lost.quantity) for lost in one.losing] for one in news] == [
        [(second.line, 3)],
        [(second.line, 3)],
    ]
    assert [one.available_on for one in news] == [DAY, DAY + timedelta(days=3)]


async def test_a_shortage_is_made_good_before_promises_are(database, shop):
    waiting = demand()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 2)
        await allocate(tx, [wish(shop, 2)])
        await tx.execute("select 1")
        [line] = await report_incoming(tx, [report(shop, 3)])
        await keep_promises(tx, [wait(shop, 3, cause=waiting)])
        await receive_incoming(tx, [Arrived(incoming_id=line.id, quantity=3)])
        [served] = await news_of(tx, f"order:{waiting.id}", PromiseArrived)
        assert served.quantity == 3
    assert await findings(database, shop.tenant) == []


@given(
    coming=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans()), max_size=4),
    rounds=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=3),
)
def test_promises_follow_what_waits_and_never_pass_what_comes(coming, rounds):
    mug, here, there = new_id(), new_id(), new_id()
    sheet = IncomingSheet(
        IncomingLine(
            id=new_id(),
            key=IncomingKey("erp", str(n), mug, here if able else there),
            owner_id=here,
            quantity=units,
            available_on=DAY + timedelta(days=day),
            as_of=NOON,
            message="m",
        )
        for n, (units, day, able) in enumerate(coming)
    )
    able = sum(units for units, _, able in coming if able)
    causes = [demand() for _ in range(3)]
    for wanted in rounds:
        waiting = [
            Waiting(
                variant_id=mug,
                quantity=units,
                cause=cause,
                location_ids=frozenset({here}),
                promised_for=NOON + timedelta(hours=n),
            )
            for n, (units, cause) in enumerate(zip(wanted, causes, strict=True))
        ]
        kept = promises_kept(sheet, waiting)
        got = [sum(s.quantity for s in promised.slices) for promised in kept]
        # The earliest takes all it wants of what comes, the next of what is left.
        left = able
        for units, has in zip(wanted, got, strict=True):
            assert has == min(units, left)
            left -= has
        assert all(line.free >= 0 for line in sheet.lines.values())
        assert sum(line.promised for line in sheet.lines.values()) == sum(got)
        assert promises_kept(sheet, waiting[::-1]) == kept[::-1]


async def test_what_was_announced_or_given_up_is_told_as_free(database, shop):
    mine = demand()
    async with database.transaction(shop.tenant) as tx:
        [line] = await report_incoming(tx, [report(shop, 5)])
        await keep_promises(tx, [wait(shop, 4, cause=mine)])
        await keep_promises(tx, [wait(shop, 4, cause=mine)])
        await keep_promises(tx, [wait(shop, 0, cause=mine)])
    async with database.transaction(shop.tenant) as tx:
        assert len(await news_of(tx, f"incoming:{line.id}", IncomingFreed)) == 2
    assert await findings(database, shop.tenant) == []
