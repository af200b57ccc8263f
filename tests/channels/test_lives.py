"""Order and repetition do not matter: what every family says ends in one state, on the database."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from crosslane.channels import FAMILIES
from crosslane.platform.database import Database
from tests.channels.lives import LIVES, Life, Told, open_hub, told_by
from tests.channels.talking import allowed
from tests.patience import soak_minutes
from tests.tenancy import Tenants

TWICE_SHARE = 0.3
# How often what was said is done at once, before more is said.
DONE_AT_ONCE_SHARE = 0.6
SETTLED = {"applied", "repeated", "outdated", "kept", "voided"}
# What a person has to see, or waits for ever, however a life is told.
OPEN = {
    "ebay": {("contact", "data-requested")},
    "shopify": {("return", "goods-missing")},
    "woocommerce": {("return", "goods-missing")},
}


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    """Let secrets be sealed."""
    yield from allowed()


async def live(
    database: Database, tenants: Tenants, life: Life, told: Sequence[Told], chance: random.Random
) -> dict[str, Any]:
    """Let things be said, with more or less time between them; return all that came of them."""
    async with open_hub(database, tenants, life) as hub:
        for one in told:
            await hub.hear(one)
            if chance.random() < DONE_AT_ONCE_SHARE:
                await hub.work()
        await hub.work()
        await hub.assert_sound()
        open_now = {(m.kind, m.code) for m in await hub.messages() if m.state not in SETTLED}
        assert open_now == OPEN.get(life.family, set()), [one.name for one in told]
        return await hub.state()


async def compare(database: Database, tenants: Tenants, life: Life, seeds: Iterator[int]) -> int:
    """Live a life as it happened, then in other orders and with repetitions; return how often."""
    told, times = told_by(life), 0
    expected = await live(database, tenants, life, told, random.Random(0))  # noqa: S311
    for seed in seeds:
        chance = random.Random(f"{life.family} {seed}")  # noqa: S311 - the same every time
        sent = [*told, *(one for one in told if chance.random() < TWICE_SHARE)]
        chance.shuffle(sent)
        found = await live(database, tenants, life, sent, chance)
        # Named first, since a state is too long to be read.
        differing = [name for name in expected if found[name] != expected[name]]
        assert not differing, (seed, [one.name for one in sent])
        assert found == expected
        times += 1
    return times


def test_every_family_has_a_life():
    # The adapter that tests/interop brings is tried there.
    assert set(LIVES) == set(FAMILIES.own)


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
async def test_a_life_ends_alike_in_another_order(database, tenants, life: Life):
    assert await compare(database, tenants, life, iter(range(1, 2))) == 1


@pytest.mark.soak
async def test_lives_end_alike_in_any_order(database, tenants):
    ends, done = time.monotonic() + soak_minutes() * 60, Counter[str]()

    def seeds() -> Iterator[int]:
        yield from range(round * 10, round * 10 + 10)

    round = 1
    while time.monotonic() < ends:
        for life in LIVES.values():
            done[life.family] += await compare(database, tenants, life, seeds())
        round += 1
    print(dict(done))
