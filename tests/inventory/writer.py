"""A process of its own that wants stock: started by the tests of races and of crashes.

Usage: python -m tests.inventory.writer URL TENANT LOCATION VARIANT scramble|live COUNT
It prints a line per thing that was committed, at once, so that a test knows what was acknowledged.
"""

import asyncio
import random
import sys
from datetime import timedelta
from uuid import UUID

import asyncpg

from crosslane.inventory import (
    Allocated,
    AllocationRequest,
    Cause,
    Confirmation,
    HeldBy,
    Hold,
    HoldRequest,
    Receipt,
    Release,
    Shipment,
    allocate,
    confirm,
    hold,
    receive,
    release_allocation,
    ship,
)
from crosslane.kernel import Refusal, new_id
from crosslane.platform.database import Database
from tests.patience import be_patient

URL, TENANT = sys.argv[1:3]
LOCATION, VARIANT = map(UUID, sys.argv[3:5])
HOW, COUNT = sys.argv[5], int(sys.argv[6])


def tell(*words: object) -> None:
    print(*words, flush=True)


async def want_one(database: Database) -> Allocated | Refusal:
    """Try to get one unit, again while too many stand in line."""
    cause = Cause("order", new_id(), new_id())
    wish = AllocationRequest(variant_id=VARIANT, location_id=LOCATION, quantity=1, cause=cause)
    while True:
        try:
            async with database.transaction(TENANT) as tx:
                [answer] = await allocate(tx, [wish])
            return answer
        except asyncpg.LockNotAvailableError:
            continue


async def scramble(database: Database) -> None:
    """All want the last units at once."""
    answers = await asyncio.gather(*(want_one(database) for _ in range(COUNT)))
    tell("won", sum(isinstance(answer, Allocated) for answer in answers))
    tell("told", sum(isinstance(answer, Refusal) for answer in answers))


async def live(database: Database) -> None:
    """Do everything that can be done to stock, over and over."""
    await asyncio.gather(*(one_life(database, random.Random(n)) for n in range(COUNT)))  # noqa: S311


async def one_life(database: Database, chance: random.Random) -> None:
    place = {"variant_id": VARIANT, "location_id": LOCATION}
    while True:
        cause = Cause("order", new_id(), new_id())
        units = chance.randint(1, 4)
        try:
            async with database.transaction(TENANT) as tx:
                wish = AllocationRequest(**place, quantity=units, cause=cause)
                [taken] = await allocate(tx, [wish])
            if isinstance(taken, Allocated):
                tell("allocated", cause.line, units)
                async with database.transaction(TENANT) as tx:
                    await ship(tx, [Shipment(**place, quantity=1, cause=cause)])
                    if units > 1:
                        back = Release(**place, quantity=units - 1, cause=cause)
                        await release_allocation(tx, [back])
            async with database.transaction(TENANT) as tx:
                receipt = Receipt(**place, quantity=1, cause=cause, unit_cost_milli=units)
                await receive(tx, [receipt])
                wanted = HoldRequest(
                    **place,
                    hold_id=new_id(),
                    quantity=units,
                    holder=HeldBy("cart", new_id()),
                    expires_at=tx.now + timedelta(minutes=1),
                )
                [held] = await hold(tx, [wanted])
            if isinstance(held, Hold) and chance.random() < 0.8:
                async with database.transaction(TENANT) as tx:
                    wish = Confirmation(hold_id=held.id, fence=1, quantity=1, cause=cause)
                    if isinstance((await confirm(tx, [wish]))[0], Allocated):
                        await ship(tx, [Shipment(**place, quantity=1, cause=cause)])
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue


async def main() -> None:
    # Who waits for a lock comes again, which ends a deadlock sooner.
    be_patient(but=["LOCK_MS_MAX"])
    database = await Database.connect(URL, connections=min(COUNT, 32))
    tell("ready")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await (scramble if HOW == "scramble" else live)(database)
    await database.close()


asyncio.run(main())
