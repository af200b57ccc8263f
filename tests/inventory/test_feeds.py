"""Feeds: whatever order messages and facts become known in, the same stock results."""

import asyncio
import random
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.catalog import (
    ImportProducts,
    ProductRow,
    import_products,
    shelf_ids,
    variants_by_sku,
)
from crosslane.inventory import (
    Allocated,
    Condition,
    StockShort,
    adjust,
    allocate,
    count,
    ship,
    survey,
)
from crosslane.inventory.domain import supply
from crosslane.inventory.domain.feeds import PART_ROWS_MAX, SupplyRow, parts_of, rows_by_variant
from crosslane.inventory.domain.position import Reason
from crosslane.inventory.domain.supply import Adjustment, Count
from crosslane.inventory.errors import MessageNotFound, MessageReused, RowRepeated, TimeInFuture
from crosslane.inventory.reactions import REACTIONS
from crosslane.inventory.service.feeds import SupplyReport, report_supply, supply_message
from crosslane.inventory.storage import parts
from crosslane.platform import log
from crosslane.platform.log import run_reaction
from tests.inventory.shop import BY_HAND, sale, stocked, wish
from tests.inventory.stock import LEEDS, MUG, NOON, named, order, position, sheet
from tests.soundness import list_findings

WAITED_FOR = "select exists (select from pg_locks where not granted)"
MORNING = NOON - timedelta(hours=6)


def at(minute):
    return MORNING + timedelta(minutes=minute)


# --- the algebra ---------------------------------------------------------------------------------

facts = st.tuples(st.just("fact"), st.integers(0, 9), st.integers(-5, 5), st.text("ab", max_size=2))
deltas = st.tuples(st.just("delta"), st.integers(0, 9), st.integers(-5, 5), st.just("d"))
snapshots = st.tuples(
    st.sampled_from(["snapshot", "count"]), st.integers(0, 9), st.integers(0, 9), st.text("xyz")
)


def expected(known):
    """Restate the rule of `supply` in its own words."""
    said = [(minute, text, units) for kind, minute, units, text in known if kind in BASELINES]
    since, _, base = max(said, default=(-1, "", 0))
    return base + sum(
        units for kind, minute, units, _ in known if kind not in BASELINES and minute > since
    )


BASELINES = {"snapshot": Reason.FEED_SNAPSHOT, "count": Reason.COUNT}


def learned(known):
    """Let stock learn of reports and facts one by one, each in a transaction of its own."""
    mugs, journal = position(0), []
    for kind, minute, units, text in known:
        stock = sheet(mugs)
        instant = at(minute)
        if kind in BASELINES:
            moved = sum(m.on_hand_delta for m in journal if m.occurred_at > instant)
            stock.expect_later({(mugs.id, instant): moved})
            supply.count(stock, Count(
                variant_id=MUG, location_id=LEEDS, quantity=units, counted_at=instant,
                message=text, cause=order("s"), reason=BASELINES[kind],
            ))  # fmt: skip
        else:
            reason = Reason.ADJUST if kind == "fact" else Reason.FEED_DELTA
            supply.adjust(stock, Adjustment(
                variant_id=MUG, location_id=LEEDS, delta=units, cause=order("f"),
                occurred_at=instant, reason=reason,
            ))  # fmt: skip
        journal.extend(stock.movements)
    assert sum(movement.on_hand_delta for movement in journal) == mugs.on_hand
    return mugs.on_hand


@given(
    st.lists(
        st.one_of(facts, deltas, snapshots), max_size=7, unique_by=lambda k: (k[1], k[3], k[0])
    ),
    st.randoms(use_true_random=False),
)
def test_stock_does_not_depend_on_the_order_of_news(known, chance):
    # Two reports of one instant and one id are one report.
    told = {(k[1], k[3]): k for k in known if k[0] in BASELINES}
    known = [k for k in known if k[0] not in BASELINES or told[k[1], k[3]] is k]
    shuffled = list(known)
    chance.shuffle(shuffled)
    assert learned(known) == learned(shuffled) == expected(known)


def test_every_order_of_a_day():
    day = [
        ("snapshot", 1, 10, "a"),
        ("fact", 2, -3, ""),
        ("snapshot", 3, 6, "b"),
        ("delta", 4, 5, ""),
        ("fact", 2, -1, ""),
    ]
    assert {learned(news) for news in permutations(day)} == {11}


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(1, 9))
def test_parts_cover_every_variant_once(named_numbers, stocked_numbers, rows_max):
    ids = sorted(named(str(n)) for n in range(61))
    quantities = {ids[n]: n for n in named_numbers}
    parts = parts_of(quantities, [ids[n] for n in stocked_numbers], rows_max=rows_max)
    said = {v: q for part in parts for v, q in zip(part.variant_ids, part.quantities, strict=True)}
    assert said == quantities
    assert all(len(part.variant_ids) <= rows_max for part in parts)
    for variant in ids:
        speaking = [
            part for part in parts
            if (part.from_variant is None or part.from_variant <= variant)
            and (part.to_variant is None or variant < part.to_variant)
        ]  # fmt: skip
        assert len(speaking) == 1
        assert variant not in quantities or variant in speaking[0].variant_ids


def test_rows_add_up_in_a_delta_and_are_refused_in_a_snapshot():
    rows = [SupplyRow("MUG", 2), SupplyRow("mug", 3), SupplyRow("NIL", 1)]
    known = {"MUG": MUG, "mug": MUG}
    assert rows_by_variant(rows, known, "delta") == ({MUG: 5}, ["NIL"])
    with pytest.raises(RowRepeated) as refused:
        rows_by_variant(rows, known, "snapshot")
    assert refused.value.pointer == "/rows/1/sku"


# --- on the database -----------------------------------------------------------------------------


def report(shop, minute, message, rows, **given):
    return SupplyReport(
        source="wms",
        message=message,
        kind=given.pop("kind", "snapshot"),
        location_id=shop.locations["DC"],
        as_of=at(minute),
        rows=[SupplyRow(sku, units) for sku, units in rows.items()],
        **given,
    )


async def tell(database, shop, told):
    async with database.transaction(shop.tenant) as tx:
        taken = await report_supply(tx, told)
    while await run_reaction(database, shop.tenant, REACTIONS[0]):
        pass
    return taken


async def on_hand(database, shop):
    async with database.transaction(shop.tenant) as tx:
        seen = await survey(tx, [shop.mug, shop.bowl])
        return seen.total(shop.mug), seen.total(shop.bowl)


async def test_a_snapshot_is_applied_once_and_keeps_newer_sales(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5, occurred_at=at(0))
        await ship(tx, [sale(shop, 1, occurred_at=at(20))])
    first = await tell(database, shop, report(shop, 10, "m1", {"MUG": 8, "BOWL": 2, "GONE": 1}))
    assert (first.unknown_skus, first.parts) == (["GONE"], 1)
    assert await on_hand(database, shop) == (7, 2)
    again = await tell(database, shop, report(shop, 10, "m1", {"BOWL": 2, "MUG": 8, "GONE": 1}))
    assert (again.header.id, again.parts_applied) == (first.header.id, 1)
    assert (again.rows_drifted, again.drift_units) == (2, 5)
    assert await on_hand(database, shop) == (7, 2)
    with pytest.raises(MessageReused):
        await tell(database, shop, report(shop, 10, "m1", {"MUG": 9}))


NEWS = {
    "complete": lambda shop: report(shop, 10, "m1", {"MUG": 8}, complete=True),
    "older": lambda shop: report(shop, 5, "m2", {"MUG": 3, "BOWL": 3}),
    "delta": lambda shop: report(shop, 15, "m3", {"MUG": 2, "BOWL": 4}, kind="delta"),
    "late delta": lambda shop: report(shop, 7, "m4", {"MUG": 1, "BOWL": 1}, kind="delta"),
}


@pytest.mark.parametrize("turns", list(permutations(NEWS))[::5])
async def test_messages_and_facts_in_any_order(database, shop, turns):
    for number, turn in enumerate(turns):
        await tell(database, shop, NEWS[turn](shop))
        if number == 1:
            async with database.transaction(shop.tenant) as tx:
                await ship(
                    tx, [sale(shop, 1, occurred_at=at(9)), sale(shop, 3, occurred_at=at(12))]
                )
        await tell(database, shop, NEWS[turns[0]](shop))
    assert await on_hand(database, shop) == (7, 4)


VARIANTS = 40


async def learn(database, shop, chance, sold, number):
    """Let stock learn of one piece of news about many variants; return what it says of each."""
    kind = chance.choice(["snapshot", "complete", "delta", "count", "fact"])
    minute, named = chance.randrange(10), chance.sample(list(sold), chance.randrange(VARIANTS + 1))
    units = {sku: chance.randint(-5, 9) for sku in named}
    if kind in ("count", "fact"):
        place = {"location_id": shop.locations["DC"], "cause": order(f"x{number}")}
        async with database.transaction(shop.tenant) as tx:
            if kind == "count":
                await count(tx, [
                    Count(variant_id=sold[sku], quantity=n, counted_at=at(minute),
                          message=f"wms/m{number}", **place)
                    for sku, n in units.items()
                ])  # fmt: skip
            else:
                await adjust(tx, [
                    Adjustment(variant_id=sold[sku], delta=n, occurred_at=at(minute), **place)
                    for sku, n in units.items()
                ])  # fmt: skip
    else:
        how = {"kind": "delta"} if kind == "delta" else {"complete": kind == "complete"}
        await tell(database, shop, report(shop, minute, f"m{number}", units, **how))
    if kind == "complete":
        units = dict.fromkeys(sold, 0) | units
    said = "snapshot" if kind == "complete" else kind
    return {sku: (said, minute, n, f"wms/m{number}") for sku, n in units.items()}


@pytest.mark.parametrize("seed", range(8))
async def test_sets_of_rows_obey_the_algebra_of_single_ones(database, shop, seed):
    rows = tuple(ProductRow(f"P{number:04}", "mugs") for number in range(VARIANTS))
    async with database.transaction(shop.tenant) as tx:
        await import_products(tx, ImportProducts(rows))
        sold = await shelf_ids(tx, [row.sku for row in rows])
    chance = random.Random(seed)  # noqa: S311 - repeatable news, nothing secret
    known = {sku: [] for sku in sold}
    for number in range(8):
        for sku, news in (await learn(database, shop, chance, sold, number)).items():
            known[sku].append(news)
    async with database.transaction(shop.tenant) as tx:
        found = dict(await tx.fetch("select variant_id, on_hand from inventory_position"))
    assert {sku: found.get(variant_id, 0) for sku, variant_id in sold.items()} == {
        sku: expected(news) for sku, news in known.items()
    }


async def test_a_position_made_meanwhile_is_not_overwritten(database, shop):
    async with database.transaction(shop.tenant) as tx:
        taken = await report_supply(tx, report(shop, 10, "m1", {"MUG": 8, "BOWL": 2}))
        await stocked(tx, shop, 5, occurred_at=at(20))
        part = await parts.take_unapplied(tx, taken.header.id, 1)
        applied = await parts.apply_named(
            tx, part, found=0, ids=[], now=tx.now, clock_skew=timedelta(0)
        )
    assert applied is None
    assert await on_hand(database, shop) == (5, 0)
    while await run_reaction(database, shop.tenant, REACTIONS[0]):
        pass
    assert await on_hand(database, shop) == (13, 2)


async def test_a_position_that_is_being_made_is_waited_for(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await report_supply(tx, report(shop, 10, "m1", {"MUG": 8, "BOWL": 2}))
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5, occurred_at=at(20))
        applying = asyncio.create_task(run_reaction(database, shop.tenant, REACTIONS[0]))
        while not await tx.fetchval(WAITED_FOR):  # noqa: ASYNC110 - the server knows it alone
            await asyncio.sleep(0.005)
    assert await applying
    assert await on_hand(database, shop) == (13, 2)
    async with database.transaction(shop.tenant) as tx:
        assert await list_findings(tx, by_hand=BY_HAND) == []


async def test_a_part_that_somebody_applies_is_passed_over_and_not_lost(database, shop):
    async with database.transaction(shop.tenant) as tx:
        taken = await report_supply(tx, report(shop, 10, "m1", {"MUG": 8, "BOWL": 2}))
    own, helping = REACTIONS
    async with database.transaction(shop.tenant) as tx:
        assert await parts.take_unapplied(tx, taken.header.id, 1) is not None
        assert await run_reaction(database, shop.tenant, helping) == 1
    # Whoever was at it has come to nothing, and reads the event again.
    assert await on_hand(database, shop) == (0, 0)
    assert await run_reaction(database, shop.tenant, own) == 1
    assert await on_hand(database, shop) == (8, 2)


async def test_two_hands_apply_each_part_once(database, shop):
    rows = tuple(ProductRow(f"P{number:04}", "mugs") for number in range(PART_ROWS_MAX + 50))
    async with database.transaction(shop.tenant) as tx:
        await import_products(tx, ImportProducts(rows))
    skus = [row.sku for row in rows]
    told = [
        report(shop, 5, "m1", dict.fromkeys(skus, 3), complete=True),
        report(shop, 6, "m2", dict.fromkeys(skus, 2), kind="delta"),
        report(shop, 7, "m3", dict.fromkeys(skus, 1), kind="delta"),
    ]
    async with database.transaction(shop.tenant) as tx:
        for one in told:
            assert (await report_supply(tx, one)).parts == 2

    async def drain(reaction):
        while await run_reaction(database, shop.tenant, reaction):
            pass

    await asyncio.gather(*map(drain, REACTIONS))
    async with database.transaction(shop.tenant) as tx:
        found = await tx.fetch("select on_hand, count(*) from inventory_position group by on_hand")
        assert dict(found) == {6: len(rows)}
        assert await list_findings(tx, by_hand=BY_HAND) == []


async def test_a_snapshot_that_takes_promised_units_tells_who_goes_without(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5, occurred_at=at(0))
        [taken] = await allocate(tx, [wish(shop, 4)])
    assert isinstance(taken, Allocated)
    told = await tell(database, shop, report(shop, 10, "m1", {"MUG": 1}))
    async with database.transaction(shop.tenant) as tx:
        [short] = [
            entry for entry in await log.history(tx, f"supply:{told.header.id}")
            if entry.kind == StockShort.kind()
        ]  # fmt: skip
    event = msgspec.json.decode(short.body, type=StockShort)
    assert (event.units, event.variant_id) == (3, shop.mug)
    assert [demand.quantity for demand in event.losing] == [3]


async def test_a_complete_snapshot_speaks_for_what_was_never_seen(database, shop):
    await tell(database, shop, report(shop, 10, "m1", {"MUG": 8}, complete=True))
    async with database.transaction(shop.tenant) as tx:
        late = Adjustment(
            variant_id=shop.bowl,
            location_id=shop.locations["DC"],
            delta=5,
            cause=order("x"),
            occurred_at=at(9),
        )
        await adjust(tx, [late])
    assert await on_hand(database, shop) == (8, 0)


async def test_other_conditions_and_owners_are_left_alone(database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 5, occurred_at=at(0), owner_id=shop.owners["FR"])
        await stocked(tx, shop, 9, occurred_at=at(0), condition=Condition.DAMAGED)
    await tell(database, shop, report(shop, 10, "m1", {}, complete=True))
    assert await on_hand(database, shop) == (5, 0)


async def test_a_message_of_tomorrow_is_refused(database, shop):
    async with database.transaction(shop.tenant) as tx:
        ahead = report(shop, 0, "m1", {"MUG": 1})
        with pytest.raises(TimeInFuture):
            await report_supply(
                tx, SupplyReport(**{f: getattr(ahead, f) for f in ahead.__struct_fields__} | {
                    "as_of": tx.now + timedelta(minutes=6)
                })
            )  # fmt: skip
        with pytest.raises(MessageNotFound):
            await supply_message(tx, "wms", "m1")


async def test_a_long_message_is_applied_in_parts(database, shop):
    rows = tuple(ProductRow(f"P{number:04}", "mugs") for number in range(PART_ROWS_MAX + 50))
    async with database.transaction(shop.tenant) as tx:
        await import_products(tx, ImportProducts(rows))
    full = {row.sku: 3 for row in rows}
    assert (await tell(database, shop, report(shop, 5, "m1", full, complete=True))).parts == 2
    half = {row.sku: 4 for row in rows[::2]}
    assert (await tell(database, shop, report(shop, 6, "m2", half, complete=True))).parts == 2
    async with database.transaction(shop.tenant) as tx:
        variants = await variants_by_sku(tx, list(full))
        seen = await survey(tx, [variant.id for variant in variants.values()])
        assert {sku: seen.total(v.id) for sku, v in variants.items() if seen.total(v.id)} == half
        message = await supply_message(tx, "wms", "m2")
        assert (message.parts_applied, message.rows_drifted) == (2, len(full))
        assert message.drift_units == len(half) + 3 * (len(full) - len(half))
