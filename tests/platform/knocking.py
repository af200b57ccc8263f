"""Calls that knock at doors: effects of tests, and who is called."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from crosslane.platform import effects
from crosslane.platform.database import Database, Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind, Runner


class Knock(msgspec.Struct, frozen=True):
    door: str


class Counterpart:
    """The other side: counts what it was asked, and does as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.reached = asyncio.Event()
        self.fail: list[Exception] = []
        self.hold: asyncio.Event | None = None

    async def call(self, call: EffectCall, body: Knock) -> Knock:
        self.asked.append((call.key, body.door))
        self.reached.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.fail:
            raise self.fail.pop(0)
        return body


async def record(tx: Tx, calls: Sequence[EffectCall], results: Sequence[Knock]) -> None:
    keys, doors = [call.key for call in calls], [result.door for result in results]
    await tx.execute("insert into answered select * from unnest($1::text[], $2::text[])",
                     keys, doors)  # fmt: skip


async def dead(tx: Tx, calls: Sequence[EffectCall], reasons: Sequence[str]) -> None:
    keys = [call.key for call in calls]
    await tx.execute("insert into given_up select * from unnest($1::text[], $2::text[])",
                     keys, reasons)  # fmt: skip


async def furnish(database: Database, tenant: str) -> str:
    """Give a tenant the tables in which answers are kept; returns the tenant."""
    async with database.transaction(tenant) as tx:
        await tx.execute("create table answered (key text, door text)")
        await tx.execute("create table given_up (key text, reason text)")
    return tenant


def knock_at(other: Counterpart, *, timeout_seconds: float = 60.0) -> EffectKind:
    """The kind of call that asks this counterpart."""
    return EffectKind(
        "test.knock", Knock, other.call, record, dead, timeout_seconds=timeout_seconds
    )


def runner(
    database: Database, other: Counterpart, *, timeout_seconds: float = 60.0, **options: Any
) -> Runner:
    """Who makes these calls."""
    return Runner(database, [knock_at(other, timeout_seconds=timeout_seconds)], **options)


async def ask(database: Database, house: str, *keys: str) -> None:
    async with database.transaction(house) as tx:
        await effects.request(tx, [Effect(key, "test.knock", Knock(key)) for key in keys])


async def run_due(database: Database, house: str, run: Runner) -> None:
    async with database.transaction(house) as tx:
        await tx.execute("update platform_effect set due_at = clock_timestamp() where state='due'")
    await run.start_due(house)
    await run.drain()


async def rows(database: Database, house: str, sql: str) -> list[tuple]:
    async with database.transaction(house) as tx:
        return [tuple(r) for r in await tx.fetch(sql)]
