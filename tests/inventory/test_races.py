"""Many at once, on real connections and from several processes, also killed in the middle."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from crosslane.inventory import (
    Allocated,
    Hold,
    Release,
    allocate,
    confirm,
    hold,
    release_allocation,
    survey,
)
from crosslane.kernel import Refusal
from crosslane.platform.database import Database
from tests.inventory.shop import confirmation, demand, findings, hold_wish, stocked, wish

ROOT = Path(__file__).parents[2]
WRITERS = 64
UNITS = 10


@pytest.fixture
async def crowd(postgres_url):
    """As many connections as there are writers."""
    database = await Database.connect(postgres_url, connections=WRITERS)
    yield database
    await database.close()


@asynccontextmanager
async def writer(url, shop, how, count):
    """A process that wants mugs; it starts when told to and is gone afterwards."""
    place = (str(shop.locations["DC"]), str(shop.mug))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.inventory.writer", url, shop.tenant, *place, how, str(count),
        cwd=ROOT, stdin=PIPE, stdout=PIPE, env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )  # fmt: skip
    try:
        assert (await process.stdout.readline()) == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def start(*processes: Process) -> None:
    for process in processes:
        process.stdin.write(b"\n")


async def in_line(database, tenant, act):
    """Run one writer's transaction, again when it stood in line for too long."""
    while True:
        try:
            async with database.transaction(tenant) as tx:
                return await act(tx)
        except asyncpg.LockNotAvailableError:
            continue


async def want_one(tx, shop):
    return await allocate(tx, [wish(shop, 1)])


async def test_64_writers_on_10_units(crowd, database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, UNITS)
    answers = await asyncio.gather(
        *(
            in_line(crowd, shop.tenant, lambda tx: allocate(tx, [wish(shop, 1)]))
            for _ in range(WRITERS)
        )
    )
    won = [answer for [answer] in answers if isinstance(answer, Allocated)]
    assert len(won) == UNITS
    assert all(isinstance(answer, Allocated | Refusal) for [answer] in answers)


async def test_two_processes_want_the_same_units(postgres_url, database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, UNITS)
    async with (
        writer(postgres_url, shop, "scramble", WRITERS // 2) as one,
        writer(postgres_url, shop, "scramble", WRITERS // 2) as other,
    ):
        start(one, other)
        said = [dict(line.split() for line in out.splitlines()) for out, _ in [
            await one.communicate(), await other.communicate()
        ]]  # fmt: skip
    assert sum(int(words[b"won"]) for words in said) == UNITS
    assert sum(int(words[b"told"]) for words in said) == WRITERS - UNITS


async def test_whoever_waited_sees_what_was_given_back_meanwhile(crowd, database, shop):
    cause = demand()
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, UNITS)
        await allocate(tx, [wish(shop, 2, cause=cause)])
        [held] = await hold(tx, [hold_wish(shop, 2, tx.now)])
    assert isinstance(held, Hold)
    given = Release(variant_id=shop.mug, location_id=shop.locations["DC"], quantity=2, cause=cause)

    async def late(act):
        return await in_line(crowd, shop.tenant, act)

    async with database.transaction(shop.tenant) as tx:
        await release_allocation(tx, [given])
        await confirm(tx, [confirmation(held, 2)])
        waiting = [
            asyncio.create_task(late(lambda tx: release_allocation(tx, [given]))),
            asyncio.create_task(late(lambda tx: confirm(tx, [confirmation(held, 2)]))),
        ]
        blocked = "select count(*) from pg_locks where not granted"
        while await tx.fetchval(blocked) < 2:  # noqa: ASYNC110 - the server knows it alone
            await asyncio.sleep(0.005)
    for (answer,) in await asyncio.gather(*waiting):
        assert isinstance(answer, Refusal)
    assert await findings(database, shop.tenant) == []


AGE_HOLDS = """
with held as materialized (
    select id from inventory_position where held_until is not null for update
), aged as (
    update inventory_hold set expires_minute = expires_minute - $1
    where state = 'active' and position_id in (select id from held)
)
update inventory_position
set held_until = (select array_agg(until - $1) from unnest(held_until) as h(until))
where id in (select id from held)
"""


async def test_holds_run_out_while_they_are_confirmed(crowd, database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, UNITS)
        held = await hold(tx, [hold_wish(shop, 1, tx.now) for _ in range(UNITS)])
    assert all(isinstance(answer, Hold) for answer in held)
    acts = [lambda tx, h=h: confirm(tx, [confirmation(h, 1)]) for h in held for _ in range(2)]
    acts += [lambda tx: want_one(tx, shop) for _ in range(2 * UNITS)]
    # Somewhere among them time jumps past the expiry of every hold.
    acts[::2], acts[1::2] = acts[: len(acts) // 2], acts[len(acts) // 2 :]
    acts.insert(len(acts) // 3, lambda tx: tx.execute(AGE_HOLDS, 11))
    answers = await asyncio.gather(*(in_line(crowd, shop.tenant, act) for act in acts))
    won = [a for a in answers if isinstance(a, list) and isinstance(a[0], Allocated)]
    assert len(won) == UNITS
    async with database.transaction(shop.tenant) as tx:
        assert (await survey(tx, [shop.mug])).total(shop.mug) == 0


async def test_killed_writers_leave_nothing_half_done(postgres_url, database, shop):
    async with database.transaction(shop.tenant) as tx:
        await stocked(tx, shop, 500)
    acknowledged = {}
    for lines in (20, 35):
        async with (
            writer(postgres_url, shop, "live", 4) as one,
            writer(postgres_url, shop, "live", 4) as other,
        ):
            start(one, other)
            for _ in range(lines):
                for process in (one, other):
                    _, line, units = (await process.stdout.readline()).split()
                    acknowledged[line.decode()] = int(units)
            one.kill()
            other.kill()
        assert await findings(database, shop.tenant) == []
    async with database.transaction(shop.tenant) as tx:
        recorded = await tx.fetch(ALLOCATED_BY, list(acknowledged))
    assert {str(row["line"]): row["units"] for row in recorded} == acknowledged


ALLOCATED_BY = """
select cause_line as line, sum(allocated_delta)::bigint as units from inventory_movement
where cause_line = any($1::text[]::uuid[]) and reason = 'allocate' group by cause_line
"""
