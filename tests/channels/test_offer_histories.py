"""Whatever happens in whatever order, a channel is never told of more than there is to sell."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from crosslane.channels.service.offers import LOOK
from crosslane.channels.service.telling import TELLING
from crosslane.platform.database import Database
from crosslane.platform.effects import Runner
from tests.channels.offering import CHANNEL, SKUS, Offering, hold, move, open_offering, units_in
from tests.channels.talking import EFFECTS, allowed
from tests.orders.world import set_policy

SINGLES = ("MUG", "LAMP", "SPOON")
STEPS = 100
POLICIES: list[dict[str, Any]] = [
    {},
    {"kept_units": 2, "cap": 9},
    {"kept_share_bp": 2_500, "multiple_of": 3},
    {"by_location": True, "steps": [1, 2, 5, 10]},
    {"locations": ["DC1"]},
]


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """Let calls go to this machine."""
    yield from allowed()


@pytest.fixture
async def shop(database: Database, tenant: str) -> Offering:
    return await open_offering(database, tenant)


class History:
    """Steps of a random history: stock moves, and each part of the telling takes its own time."""

    def __init__(self, shop: Offering, seed: int) -> None:
        self.shop, self.chance = shop, random.Random(seed)  # noqa: S311 - not for secrets
        self.channel: dict[tuple[str, str], int] = {}
        self.look = Runner(shop.database, [LOOK])
        self.tell = Runner(shop.database, [TELLING])
        self.told = 0

    async def step(self) -> None:
        """Do one thing."""
        usual = [self.moves, self.moves, self.held, self.reacts, self.looks, self.looks, self.tells]
        deed = self.chance.choice([*usual, self.tells, self.decides, self.all_again])
        await deed()

    async def moves(self) -> None:
        sku = self.chance.choice(SINGLES)
        await self.shop.move(**{sku: self.chance.choice([-9, -4, -1, 1, 5])})

    async def held(self) -> None:
        async with self.shop.database.transaction(self.shop.tenant) as tx:
            await hold(tx, self.chance.choice(SINGLES), self.chance.randint(1, 3), 30)

    async def reacts(self) -> None:
        await self.shop.work()

    async def looks(self) -> None:
        await self.shop.hurry()
        await self.look.start_due(self.shop.tenant)
        await self.look.drain()

    async def tells(self) -> None:
        await self.shop.hurry()
        figures, available = await self.shop.figures(), await self.shop.available()
        await self.tell.start_due(self.shop.tenant)
        await self.tell.drain()
        for message in await self.shop.fetch():
            if message["type"] != "supply_snapshot":
                continue
            for row in message["rows"]:
                place = message["location"]
                self.channel[row["sku"], place] = row["quantity"]
                self.told += 1
                assert row["quantity"] <= max(0, available[row["sku"]])
                # A place that is told no more is told to have none.
                assert row["quantity"] == figures[row["sku"]].get(place, 0)

    async def decides(self) -> None:
        if self.chance.random() < 0.3:
            await self.shop.offer(**self.chance.choice(POLICIES))

    async def all_again(self) -> None:
        if self.chance.random() < 0.2:
            await self.shop.connect(locations={"7": "DC1", "8": "S0001"})

    async def ends(self) -> None:
        """Let everything come to its end: the channel stands at what it is offered."""
        for _ in range(8):
            for deed in (self.reacts, self.looks, self.looks, self.tells):
                await deed()
        figures = await self.shop.figures()
        stands = {sku: one["stands"] for sku, one in (await self.shop.offers()).items()}
        for sku in SKUS:
            theirs = {place: units for (of, place), units in self.channel.items() if of == sku}
            assert theirs == stands[sku]
            gone = theirs.keys() - figures[sku].keys()
            assert theirs == figures[sku] | dict.fromkeys(gone, 0)


async def test_a_channel_is_never_told_of_more_than_there_is(shop: Offering):
    await shop.offer()
    await shop.connect(locations={"7": "DC1", "8": "S0001"})
    history = History(shop, 7)
    await history.ends()
    for _ in range(STEPS):
        await history.step()
    await history.ends()
    assert history.told > len(SKUS)
    await shop.assert_sound()


async def test_two_workers_tell_no_more_than_there_is_at_any_moment(shop: Offering):
    await shop.offer()
    await shop.connect()
    await shop.stock()
    chance = random.Random(11)  # noqa: S311 - not for secrets
    told: list[dict[str, Any]] = []
    # The most there has been since the last look at what was told.
    most = await shop.available()
    done = asyncio.Event()

    async def works(runner: Runner) -> None:
        while not done.is_set():
            await shop.work()
            await shop.hurry()
            await runner.start_due(shop.tenant)
            await runner.drain()

    async def sells() -> None:
        for _ in range(30):
            async with shop.database.transaction(shop.tenant) as tx:
                await move(tx, {chance.choice(SINGLES): chance.choice([-6, -3, -1, 2])})
            for sku, units in (await shop.available()).items():
                most[sku] = max(most[sku], units)
            told.extend(await shop.fetch())
        done.set()

    await asyncio.gather(
        *(works(Runner(shop.database, EFFECTS)) for _ in range(2)), sells(), return_exceptions=False
    )
    for message in told:
        assert all(row["quantity"] <= max(0, most[row["sku"]]) for row in message.get("rows", ()))
    last = {sku: one["told"].get("*") for sku, one in (await shop.offers()).items()}
    last |= units_in(told)
    last |= await shop.stock()
    assert last == {sku: units["*"] for sku, units in (await shop.figures()).items()}
    async with shop.database.transaction(shop.tenant) as tx:
        await set_policy(tx, "channels.offering", {"sold": "none"}, CHANNEL)
    assert set((await shop.stock()).values()) == {0}
    await shop.assert_sound()
