"""How many statements a batch of orders costs, counted where they leave: at the connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from crosslane.kernel import new_id
from crosslane.orders import (
    PLACE,
    BuyerWish,
    Credited,
    CreditLine,
    CreditRequest,
    Exchanged,
    ExchangeLine,
    ExchangeRequest,
    LineWish,
    OrderState,
    Stage,
    TenderWish,
    credit,
    exchange,
)
from crosslane.orders.service.cancelling import give_up
from crosslane.orders.service.sheet import Doing, Sheet
from crosslane.payments import PutProvider, put_provider
from crosslane.platform import facts
from crosslane.platform.actor import SYSTEM
from crosslane.platform.database import Database
from crosslane.platform.lane import Command, Lanes
from crosslane.platform.patience import look_until
from crosslane.sourcing.storage import SHOW_LIFE
from tests.orders.world import place, wish
from tests.payments.fake import API_KEY, WEBHOOK_SECRET

# Beginning, opening with the keys, numbers, customers, stock read, stock locked, all that is
# written, commit.
STATEMENTS_MAX = 8
WAITED_FOR = "select exists (select from pg_locks where not granted)"
FOUR = [LineWish(sku=sku, quantity=1) for sku in ("SPOON", "MUG", "LAMP", "SET")]


class Heard(Database):
    """A database whose every connection tells what it sends, one that replaces another too."""

    sent: list[str]

    @asynccontextmanager
    async def connection(self, tenant: str = "") -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        async with super().connection(tenant) as connection:
            with connection.query_logger(lambda record: self.sent.append(record.query)):
                yield connection


class Counted:
    """Lanes over connections that count what they send."""

    def __init__(self, database: Heard) -> None:
        self.lanes = Lanes(database)
        self.sent = database.sent = []

    async def place(self, shop: str, *keys: str, **changes: Any) -> int:
        """Place an order of four lines per key; return the statements of one batch."""
        self.sent.clear()
        commands = [Command(key, SYSTEM, wish(*FOUR, **changes)) for key in keys]
        answers = await asyncio.gather(*(self.lanes.submit(shop, PLACE, c) for c in commands))
        assert all(answer.outcome.lines for answer in answers)
        # A lane takes what waits: more than one batch when the first came before the others. On a
        # slow machine long planning shows the server, by the clock, that somebody is there.
        sent = [statement for statement in self.sent if statement != SHOW_LIFE]
        return len(sent) // sent.count("commit")


@pytest.fixture
async def counted(database: Database) -> AsyncIterator[Counted]:
    # Without a limit on idle time: a slow machine must not lose a connection and try again.
    alone = await Heard.connect(database.url, connections=1, bulk=True)
    yield Counted(alone)
    await alone.close()


async def test_an_order_of_four_lines_costs_few_statements_whatever_the_batch(
    shop: str, counted: Counted
):
    await counted.place(shop, "first")  # makes the customer and reads what stays in memory
    for size in (1, 8, 64):
        used = await counted.place(shop, *(f"{size}-{n}" for n in range(size)))
        assert used <= STATEMENTS_MAX, counted.sent


async def test_a_card_and_a_number_of_the_channel_s_own_cost_no_more(
    database: Database, shop: str, counted: Counted
):
    async with database.transaction(shop) as tx:
        house = PutProvider("house", "house", "http://127.0.0.1:9", API_KEY, WEBHOOK_SECRET)
        await put_provider(tx, house)
    card = [TenderWish(method="card", provider="house", token="tok_visa")]
    await counted.place(shop, "first", tenders=card)
    used = await counted.place(shop, "second", tenders=card, source_id="W-1")
    assert used <= STATEMENTS_MAX, counted.sent


async def test_buyers_who_come_for_the_first_time_cost_one_more(shop: str, counted: Counted):
    await counted.place(shop, "first")
    newcomer = BuyerWish(email="bob@example.com", name="Bob Green")
    assert await counted.place(shop, "second", buyer=newcomer) <= STATEMENTS_MAX + 1


async def test_locations_whose_days_are_limited_cost_one_more(
    database: Database, shop: str, counted: Counted
):
    async with database.transaction(shop) as tx:
        await tx.execute("update locations_location set parcels_per_day = 1000")
        await facts.touch(tx, "locations")
    await counted.place(shop, "first")
    # Reading what is taken; it is taken with all else that is written.
    for size in (1, 8, 64):
        used = await counted.place(shop, *(f"{size}-{n}" for n in range(size)))
        assert used <= STATEMENTS_MAX + 1, counted.sent


async def test_both_at_once_cost_two_more(database: Database, shop: str, counted: Counted):
    async with database.transaction(shop) as tx:
        await tx.execute("update locations_location set parcels_per_day = 1000")
        await facts.touch(tx, "locations")
    await counted.place(shop, "first")
    newcomer = BuyerWish(email="bob@example.com", name="Bob Green")
    assert await counted.place(shop, "second", buyer=newcomer) <= STATEMENTS_MAX + 2


async def test_credits_and_exchanges_of_many_orders_cost_what_one_costs(
    database: Database, shop: str, lanes: Lanes
):
    along = [LineWish(sku="SPOON", quantity=3, method="carry_out", store="S0001")]
    wishes = [wish(*along, channel="till", ship_to=None, buyer=None) for _ in range(26)]
    placed = await asyncio.gather(*(place(lanes, shop, asked) for asked in wishes))
    used = set()
    for some in (placed[:1], placed[1:3], placed[3:]):
        async with database.transaction(shop) as tx:
            back = {one.id: [CreditLine(one.lines[0].id, 2)] for one in some}
            before = tx.statements
            swaps = [
                ExchangeRequest(
                    order_id=order_id,
                    cause_id=new_id(),
                    at=tx.now,
                    lines=[ExchangeLine(wish=along[0])],
                    returning=lines,
                    tenders=[TenderWish(method="cash")],
                    reason="another colour",
                )
                for order_id, lines in back.items()
            ]
            assert all(isinstance(one, Exchanged) for one in await exchange(tx, swaps))
            between = tx.statements
            asked = [
                CreditRequest(
                    order_id=order_id,
                    cause_kind="return",
                    cause_id=new_id(),
                    at=tx.now,
                    lines=lines,
                )
                for order_id, lines in back.items()
            ]
            assert all(isinstance(one, Credited) for one in await credit(tx, asked))
            used.add((between - before, tx.statements - between))
    assert len(used) == 1, used


async def test_whoever_waited_for_an_order_sees_what_it_has_become(
    database: Database, shop: str, lanes: Lanes
):
    placed = await place(lanes, shop, wish("MUG"))

    async def wait_and_look() -> tuple[OrderState, int]:
        async with database.transaction(shop) as tx:
            await tx.execute("set local lock_timeout = '30s'")
            before = tx.statements
            state = (await Sheet.open(tx, [placed.id])).state(placed.id)
            return state, tx.statements - before

    async with database.transaction(shop) as tx:
        sheet = await Sheet.open(tx, [placed.id])
        waiting = asyncio.create_task(wait_and_look())
        assert await look_until(lambda: tx.fetchval(WAITED_FOR), bool, seconds=30)
        doing = Doing(Command("k", SYSTEM, None), tx.now, "test")
        give_up(sheet, placed.id, "not wanted", doing)
        sheet.raise_stop(placed.id, "manual", "look", doing)
        await sheet.write(tx)
    state, used = await waiting
    assert state.order.closed_at is not None
    assert [stop.reason for stop in state.stops] == ["look"]
    (line,) = state.lines
    assert state.buckets.units(line.id, Stage.CANCELLED) == line.quantity
    assert used == 2
    assert (await wait_and_look())[1] == 1
