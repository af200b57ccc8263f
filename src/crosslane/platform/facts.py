"""Facts: tables that rarely change, kept in memory and yet always true.

Every transaction reads the version of each topic as it opens. A copy is used only when it was
loaded at that very version, so an edit made anywhere is seen by the next transaction everywhere.
A small table is kept whole (:class:`Fact`), of a large one the rows that are asked for
(:class:`Shelf`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from crosslane.platform.database import Tx

# Beyond these the oldest go: all at once would have every tenant read everything again.
COPIES_MAX = 4096
# On the shelves of all tenants together; some hundred bytes each.
SHELF_ROWS_MAX = 50_000
KEPT_AT_ONCE_MAX = 5_000

Key = TypeVar("Key")
Loaded = TypeVar("Loaded")


class Fact(msgspec.Struct, Generic[Loaded], frozen=True, eq=False):
    """A set of rows worth keeping in memory.

    Args:
        topic: name under which edits are announced, the module's name or ``module.part``.
        load: reads the rows and returns an immutable value.
    """

    topic: str
    load: Callable[[Tx], Awaitable[Loaded]]


class Shelf(msgspec.Struct, Generic[Key, Loaded], frozen=True, eq=False):
    """Rows of a table that is too large to be kept whole, each from when it is first asked for.

    Args:
        name: what is kept, unique.
        topics: an edit of any of these empties the shelf.
        load: reads the rows of some keys and returns immutable values. A key that is left out is
            asked for again the next time.
    """

    name: str
    topics: tuple[str, ...]
    load: Callable[[Tx, Sequence[Key]], Awaitable[Mapping[Key, Loaded]]]


TOUCH = """
insert into platform_fact (topic, version) values ($1, pg_current_xact_id())
on conflict (topic) do update set version = excluded.version
"""

_COPIES: dict[tuple[str, int, str], tuple[int, Any]] = {}
_SHELVES: dict[tuple[str, int, str], tuple[tuple[int, ...], dict[Any, Any]]] = {}


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
        _keep(_COPIES, key, copy)
    return copy[1]


async def take(tx: Tx, shelf: Shelf[Key, Loaded], keys: Iterable[Key]) -> dict[Key, Loaded]:
    """Return rows of a shelf as this transaction sees them; what it lacks is read at once.

    A transaction that has touched one of the topics itself reads the table, never the shelf.
    """
    wanted = list(dict.fromkeys(keys))
    if not tx.touched.isdisjoint(shelf.topics):
        return dict(await shelf.load(tx, wanted)) if wanted else {}
    rows = _rows_of(tx, shelf)
    found = {key: rows[key] for key in wanted if key in rows}
    lacking = [key for key in wanted if key not in found]
    if lacking:
        read = await shelf.load(tx, lacking)
        found |= read
        _put(rows, read)
    return found


def _put(rows: dict[Any, Any], read: Mapping[Any, Any]) -> None:
    """Keep what was read, unless it was a walk through half the table."""
    if len(read) > KEPT_AT_ONCE_MAX:
        return
    room = SHELF_ROWS_MAX - sum(len(kept) for _, kept in _SHELVES.values())
    for _, kept in _SHELVES.values():
        if room >= len(read):
            break
        room += len(kept)
        kept.clear()
    rows.update(read)


def _rows_of(tx: Tx, shelf: Shelf[Any, Any]) -> dict[Any, Any]:
    """Return what is kept at the versions of this transaction."""
    versions = tuple(tx.versions.get(topic, 0) for topic in shelf.topics)
    place = (tx.tenant, tx.versions[""], shelf.name)
    kept = _SHELVES.get(place)
    if kept is None or kept[0] != versions:
        kept = (versions, {})
        _keep(_SHELVES, place, kept)
    return kept[1]


def _keep(memory: dict[Key, Loaded], key: Key, value: Loaded) -> None:
    """Keep something as the newest; where there is no room the oldest goes."""
    memory.pop(key, None)
    if len(memory) >= COPIES_MAX:
        del memory[next(iter(memory))]
    memory[key] = value


async def touch(tx: Tx, topic: str) -> None:
    """Announce that rows behind a topic were changed in this transaction.

    Before the transaction reads them again, or it would lend others what it may yet undo.
    """
    if topic not in tx.touched:
        tx.touched.add(topic)
        await tx.execute(TOUCH, topic)


def forget() -> None:
    """Forget every copy, where another database takes the place of one that is gone.

    Two clusters that were filled alike count alike, so that a tenant of the same name in the second
    would be told of rows of the first. A process that serves never changes its database.
    """
    _COPIES.clear()
    _SHELVES.clear()
