"""Prices kept in memory: the rows of a week, and what an import does to them."""

from random import Random

from tests.pricing.shop import named
from tests.pricing.world import add_price, open_shop, request_of

from crosslane.platform.database import Database, Tx
from crosslane.pricing import price_one
from crosslane.pricing.domain.lists import Price, choose_price
from crosslane.pricing.service.carts import SPAN, SPANS_BEGIN
from crosslane.pricing.storage.prices import list_prices, upsert_prices


async def test_of_a_long_history_the_same_rows_decide_as_of_all_rows(tx: Tx):
    retail = (await open_shop(tx))["retail"]
    draw, start = Random(7), SPANS_BEGIN + 500 * SPAN  # noqa: S311
    moments = [start + n * SPAN / 4 for n in range(-9, 14)]
    rows = [
        Price(
            price_list_id=retail.id,
            variant_id=named("mug"),
            quantity_min=quantity,
            unit_price_milli=draw.randrange(1_000_000),
            valid_from=begins,
            valid_to=draw.choice((None, *(m for m in moments if m > begins))),
        )
        for begins in moments
        for quantity in (1, 5)
    ]
    await upsert_prices(tx, retail.id, rows)
    (kept,) = await list_prices(tx, [(named("mug"), retail.id, start, start + SPAN)])
    assert len(kept) < len(rows) / 2
    for at in (start + n * SPAN / 8 for n in range(8)):
        for quantity in (1, 5):
            expected = choose_price(rows, quantity, at)
            assert choose_price(kept, quantity, at) == expected


async def test_prices_are_read_once_and_an_import_is_seen_at_once(database: Database, tenant: str):
    async def mug(tx: Tx) -> int:
        return (await price_one(tx, request_of("mug"))).lines[0].unit_price_milli

    async with database.transaction(tenant) as tx:
        lists = await open_shop(tx)
        await add_price(tx, lists["retail"], "mug", 100_000)
    async with database.transaction(tenant) as tx:
        assert await mug(tx) == 100_000
    async with database.transaction(tenant) as tx:
        before = tx.statements
        assert await mug(tx) == 100_000
        assert tx.statements == before
    async with database.transaction(tenant) as tx:
        await add_price(tx, lists["retail"], "mug", 90_000)
        assert await mug(tx) == 90_000
        async with database.transaction(tenant) as meanwhile:
            assert await mug(meanwhile) == 100_000
    async with database.transaction(tenant) as tx:
        assert await mug(tx) == 90_000
