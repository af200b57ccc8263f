"""What is locked out of order is hardly waited for."""

import asyncpg
import pytest

from crosslane.platform.database import Database, Tx
from crosslane.platform.impatience import IMPATIENCE, impatient

LOCK = "select pg_advisory_xact_lock(7)"


async def patience(tx: Tx) -> str:
    return await tx.fetchval("select current_setting('lock_timeout')")


async def test_who_finds_it_locked_has_to_be_run_again(database: Database, tenant: str):
    async with database.transaction(tenant) as other:
        await other.execute(LOCK)
        with pytest.raises(asyncpg.SerializationError):
            async with database.transaction(tenant) as tx, impatient(tx):
                await tx.execute(LOCK)
    async with database.transaction(tenant) as tx, impatient(tx):
        await tx.execute(LOCK)


async def test_patience_comes_back_afterwards(database: Database, tenant: str):
    async with database.transaction(tenant) as tx:
        await tx.execute("set local lock_timeout = '7s'")
        async with impatient(tx):
            async with impatient(tx):
                assert await patience(tx) == IMPATIENCE
            assert await patience(tx) == IMPATIENCE
        assert await patience(tx) == "7s"
