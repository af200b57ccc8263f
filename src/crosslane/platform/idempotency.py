"""Idempotency keys: one key, one answer, however often and wherever the request arrives.

Successes and decided refusals (conflicts) are kept; a request that was merely wrong, forbidden or
untimely may be sent again under the same key. Kept for KEPT_DAYS at most.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import asyncpg
import msgspec

from crosslane.kernel import Conflict, Invalid, Kind, Refusal
from crosslane.platform.actor import SYSTEM, Actor
from crosslane.platform.database import Database, Opening, Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.outbox import AnswerRow, renumbered

Look = tuple[str, Sequence[Any]]
"""A query of one value, with parameters from $1, and its arguments."""

KEPT_DAYS = 7
DELETED_AT_ONCE_MAX = 10_000
FULL = f"DELETE {DELETED_AT_ONCE_MAX}"
KEY_CHARACTERS_MAX = 255


class KeyReused(Invalid):
    """This idempotency key was used before with another request; take a new key."""


class StillWorking(Conflict):
    """A request with this idempotency key is still being worked on; ask again shortly."""


class StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a command was answered: a result, or a refusal told in full.

    Args:
        result: JSON of the result.
        refusal: class name, message, pointer and details of a decided refusal.
    """

    result: msgspec.Raw = msgspec.Raw(b"null")
    refusal: "ToldRefusal | None" = None


class ToldRefusal(msgspec.Struct, frozen=True):
    """A refusal as it was told the first time."""

    code: str
    kind: Kind
    message: str
    pointer: str
    details: dict[str, Any]


class Replayed(Refusal):
    """A refusal told again."""

    def __init__(self, told: ToldRefusal) -> None:
        self.told = told
        super().__init__(pointer=told.pointer, **told.details)
        self.kind = told.kind  # type: ignore[misc]

    @property
    def code(self) -> str:
        """The code of the refusal told the first time."""
        return self.told.code

    @property
    def message(self) -> str:
        """The message told the first time."""
        return self.told.message


def fingerprint(secret_key: bytes, *parts: bytes) -> str:
    """Return a digest of a request, by which reuse of its key is recognised.

    Keyed, because a request may hold a password that must not be guessed from what is stored.

    Args:
        secret_key: at most 64 bytes, the same in every process.
        parts: all of the request that counts.
    """
    digest = hashlib.blake2b(digest_size=16, key=secret_key)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


BE_IMPATIENT = "set local lock_timeout = '20ms'"
BE_PATIENT = "set local lock_timeout to default"
# A key is claimed by a lock on a number of 64 bits that stands for it, and its row is written once,
# whole, with the answer: a row that grew by it would be written twice, with room left for that.
LOCK_KEYS = "select count(pg_advisory_xact_lock(n)) from unnest('{{{}}}'::bigint[]) as n"
# By the statement after the locks: its snapshot must be younger than the wait for the others.
OPEN = """
select clock_timestamp() as now,
       (select jsonb_object_agg(topic, version::text) from platform_fact) as versions,
       (select array_agg(key) from platform_idempotency
        where key = any((select $1::text[])::text[])) as used
"""
ANSWERS = """
select key, fingerprint, answer from platform_idempotency where key = any($1::text[])
"""


@asynccontextmanager
async def claiming(
    database: Database,
    tenant: str,
    keys: Sequence[str],
    prints: Sequence[str],
    *,
    actor: Actor = SYSTEM,
    trace: str = "",
    patient: bool = True,
    optimistic: bool = False,
    look: Look | None = None,
) -> AsyncIterator[tuple[Tx, dict[str, StoredAnswer | Refusal]]]:
    """Open a transaction that claims keys; one that another is using waits for its end.

    Args:
        database: where the tenant is.
        tenant: whose commands the keys belong to.
        keys: distinct keys.
        prints: fingerprint of the request under each key.
        actor: who it is done for.
        trace: trace id of the request.
        patient: wait for the other transaction as long as for any lock; otherwise hardly at all.
        optimistic: claim nothing, like the transaction: where another has answered under one of
            the keys meanwhile, the statement that ends it fails.
        look: what the statement that opens the transaction looks up as well, told as ``looked`` of
            ``tx.opened``.

    Yields:
        The transaction, and for each key that is not free what was answered, or KeyReused when
        that was another request.

    Raises:
        StillWorking: the other transaction did not end while we waited.
    """
    sql, args = _opening(look)
    claim = Opening(sql, (keys, *args), () if optimistic else _claims(tenant, keys, patient))
    opened = False
    try:
        async with database.transaction(
            tenant, actor=actor, trace=trace, optimistic=optimistic, opening=claim
        ) as tx:
            opened = True
            if not patient:
                await tx.execute(BE_PATIENT)
            yield tx, await _known(tx, keys, prints)
    except asyncpg.LockNotAvailableError:
        if opened:
            raise
        raise StillWorking from None


def _opening(look: Look | None) -> tuple[str, Sequence[Any]]:
    if look is None:
        return OPEN, ()
    column, args = look
    return _open_and_look(column), args


@cache
def _open_and_look(column: str) -> str:
    return f"{OPEN.rstrip()},\n       ({renumbered(column, 1)}) as looked"


def _claims(tenant: str, keys: Sequence[str], patient: bool) -> tuple[str, ...]:
    # In the order of their numbers, so that no two transactions wait in a circle.
    numbers = sorted(_number(tenant, key) for key in keys)
    lock = LOCK_KEYS.format(",".join(map(str, numbers)))
    return (lock,) if patient else (BE_IMPATIENT, lock)


def _number(tenant: str, key: str) -> int:
    digest = hashlib.blake2b(f"{tenant}\0{key}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), signed=True)


async def _known(
    tx: Tx, keys: Sequence[str], prints: Sequence[str]
) -> dict[str, StoredAnswer | Refusal]:
    used = tx.opened["used"]
    if not used:
        return {}
    asked = dict(zip(keys, prints, strict=True))
    return {
        row["key"]: msgspec.json.decode(row["answer"], type=StoredAnswer)
        if row["fingerprint"] == asked[row["key"]]
        else KeyReused()
        for row in await tx.fetch(ANSWERS, used)
    }


def store(tx: Tx, keys: Sequence[str], prints: Sequence[str], outcomes: Sequence[Any]) -> None:
    """Keep results and conflicts under their claimed keys as the Tx ends; others may come again."""
    for key, print, outcome in zip(keys, prints, outcomes, strict=True):
        if not isinstance(outcome, Refusal):
            answer = StoredAnswer(result=msgspec.Raw(msgspec.json.encode(outcome)))
        elif outcome.kind is Kind.CONFLICT:
            answer = StoredAnswer(refusal=tell(outcome))
        else:
            continue
        tx.outbox.answers.append(AnswerRow(key, print, msgspec.json.encode(answer)))


def tell(refusal: Refusal) -> ToldRefusal:
    """Write a refusal down as the client sees it."""
    return ToldRefusal(
        refusal.code, refusal.kind, refusal.message, refusal.pointer, refusal.details
    )


DELETE_OLD = """
delete from platform_idempotency where key in (
    select key from platform_idempotency where created_at < $1 limit $2
)
"""


async def _forget_old(tx: Tx) -> bool:
    before = tx.now - timedelta(days=KEPT_DAYS)
    return await tx.execute(DELETE_OLD, before, DELETED_AT_ONCE_MAX) == FULL


SCHEDULES = [Schedule("idempotency.forget", 3600.0, _forget_old)]
