"""Facts: small tables that rarely change, kept in memory and yet always true.

Every transaction reads the version of each topic as it opens. A copy is used only when it was
loaded at that very version, so an edit made anywhere is seen by the next transaction everywhere.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

from crosslane.platform.database import Tx

COPIES_MAX = 4096

Loaded = TypeVar("Loaded")


class Fact(msgspec.Struct, Generic[Loaded], frozen=True, eq=False):
    """A set of rows worth keeping in memory.

    Args:
        topic: name under which edits are announced, the module's name or ``module.part``.
        load: reads the rows and returns an immutable value.
    """

    topic: str
    load: Callable[[Tx], Awaitable[Loaded]]


TOUCH = """
insert into platform_fact (topic, version) values ($1, pg_current_xact_id())
on conflict (topic) do update set version = excluded.version
"""

_COPIES: dict[tuple[str, int, str], tuple[int, Any]] = {}


async def get(tx: Tx, fact: Fact[Loaded]) -> Loaded:
    """Return the fact as this transaction sees it, loading it when the copy is of another version.

    A transaction that has touched the topic itself reads the table, never a copy.
    """
    version = tx.versions.get(fact.topic, 0)
    if fact.topic in tx.touched:
        return await fact.load(tx)
    key = (tx.tenant, tx.versions[""], fact.topic)
    copy = _COPIES.get(key)
    if copy is None or copy[0] != version:
        copy = (version, await fact.load(tx))
        if len(_COPIES) >= COPIES_MAX:
            _COPIES.clear()
        _COPIES[key] = copy
    return copy[1]


async def touch(tx: Tx, topic: str) -> None:
    """Announce that rows behind a topic were changed in this transaction."""
    if topic not in tx.touched:
        tx.touched.add(topic)
        await tx.execute(TOUCH, topic)
