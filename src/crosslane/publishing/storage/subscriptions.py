"""The SQL of webhook subscriptions and their secrets, which rest concealed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.platform.database import Record, Tx, columns
from crosslane.platform.seals import conceal, reveal
from crosslane.publishing.domain.trying import Health

SUBSCRIPTIONS_MAX = 50
PURPOSE = "publishing.subscription"

State = Literal["active", "paused", "disabled"]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told of public events by webhook.

    Args:
        url: where they are sent.
        description: what it is for.
        kinds: names or patterns of events; all without any.
        channels: codes; only what concerns them, all without any. Likewise brands.
        state: active; paused by a person; disabled because its receiver does not take anything.
        cause: why it is disabled: gone or failing.
        since_place: from there on in the stream deliveries were made of what it wants now.
        place: how far they were made.
        turn_no: the only call that may send them.
        turn_at: when that call is due, None when there is nothing to send.
        failures: turns in which the receiver was down since it took something last.
        failing_since: the first failure since it took something last.
        rest_until: nothing is sent before.
        version: counts changes by people.
    """

    id: UUID
    url: str
    description: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    brands: tuple[str, ...]
    state: State = "active"
    cause: str = ""
    since_place: int
    place: int
    turn_no: int = 0
    turn_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    rest_until: datetime | None = None
    version: int = 1
    created_at: datetime
    changed_at: datetime

    @property
    def subject(self) -> str:
        """What it is called in log and audit."""
        return f"webhook:{self.id}"

    @property
    def health(self) -> Health:
        """How its receiver does."""
        return Health(self.failures, self.failing_since, self.rest_until)


def _subscription(row: Record) -> Subscription:
    told = dict(row)
    for name in ("kinds", "channels", "brands"):
        told[name] = tuple(told[name])
    return Subscription(**told)


_COLUMNS = """
    id, url, description, kinds, channels, brands, state, cause, since_place, place,
    turn_no, turn_at,
    failures, failing_since, rest_until, version, created_at, changed_at
"""
LIST = f"""
select {_COLUMNS} from publishing_subscription order by id limit $1
"""  # noqa: S608 - columns of our own


async def list_subscriptions(tx: Tx) -> list[Subscription]:
    """Return every subscription, the oldest first."""
    return [_subscription(row) for row in await tx.fetch(LIST, SUBSCRIPTIONS_MAX)]


LOCK_ACTIVE = f"""
select {_COLUMNS} from publishing_subscription where state = 'active' order by id for update
"""  # noqa: S608 - columns of our own


async def lock_active(tx: Tx) -> list[Subscription]:
    """Lock the active subscriptions."""
    return [_subscription(row) for row in await tx.fetch(LOCK_ACTIVE)]


LOCK = f"""
select {_COLUMNS} from publishing_subscription where id = any($1::uuid[]) order by id for update
"""  # noqa: S608 - columns of our own


async def lock_subscriptions(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Subscription]:
    """Lock some subscriptions."""
    rows = await tx.fetch(LOCK, list(ids))
    return {row["id"]: _subscription(row) for row in rows}


FIND = f"""
select {_COLUMNS} from publishing_subscription where id = any($1::uuid[])
"""  # noqa: S608 - columns of our own


async def find_subscriptions(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Subscription]:
    """Return some subscriptions."""
    return {row["id"]: _subscription(row) for row in await tx.fetch(FIND, list(ids))}


# Two who subscribe at once go one after the other, and the second counts what the first has made.
LOCK_NEW = "select pg_advisory_xact_lock(hashtextextended(current_schema() || '.webhooks', 0))"
COUNT = "select count(*) from publishing_subscription"


async def lock_count(tx: Tx) -> int:
    """Return how many subscriptions there are; until the end of ``tx`` nobody else adds one."""
    await tx.execute(LOCK_NEW)
    return await tx.fetchval(COUNT)


INSERT = """
insert into publishing_subscription (
    id, url, description, kinds, channels, brands, state, since_place, place, created_at, changed_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $9)
"""


async def insert_subscription(tx: Tx, new: Subscription) -> None:
    """Add a subscription."""
    await tx.execute(
        INSERT,
        new.id,
        new.url,
        new.description,
        list(new.kinds),
        list(new.channels),
        list(new.brands),
        new.state,
        new.place,
        new.created_at,
    )


CHANGE = """
update publishing_subscription
set url = $2, description = $3, kinds = $4, channels = $5, brands = $6, state = $7, cause = $8,
    since_place = $9, place = $10, failures = $11, failing_since = $12, rest_until = $13,
    version = $14, changed_at = $15
where id = $1
"""


async def change_subscription(tx: Tx, changed: Subscription) -> None:
    """Save what a person has changed."""
    await tx.execute(
        CHANGE,
        changed.id,
        changed.url,
        changed.description,
        list(changed.kinds),
        list(changed.channels),
        list(changed.brands),
        changed.state,
        changed.cause,
        changed.since_place,
        changed.place,
        changed.failures,
        changed.failing_since,
        changed.rest_until,
        changed.version,
        changed.changed_at,
    )


SAVE_TURNS = """
update publishing_subscription s
set place = w.place, turn_no = w.turn_no, turn_at = w.turn_at, state = w.state, cause = w.cause,
    failures = w.failures, failing_since = w.failing_since, rest_until = w.rest_until
from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[],
            $7::integer[], $8::timestamptz[], $9::timestamptz[])
     as w(id, place, turn_no, turn_at, state, cause, failures, failing_since, rest_until)
where s.id = w.id
"""


async def save_turns(tx: Tx, changed: Sequence[Subscription]) -> None:
    """Save how far subscriptions are and how their receivers do."""
    names = ("id", "place", "turn_no", "turn_at", "state", "cause", "failures", "failing_since")
    await tx.execute(SAVE_TURNS, *columns(changed, *names, "rest_until"))


REMOVE = "delete from publishing_subscription where id = $1"


async def remove_subscription(tx: Tx, subscription_id: UUID) -> None:
    """Remove a subscription with its secrets and deliveries."""
    await tx.execute(REMOVE, subscription_id)


ADD = """
with ended as (
    update publishing_secret set good_until = least(good_until, $4)
    where subscription_id = $1
      and no = (select max(no) from publishing_secret where subscription_id = $1)
    returning no
), gone as (
    delete from publishing_secret
    where subscription_id = $1 and no < (select max(no) from publishing_secret
                                         where subscription_id = $1)
)
insert into publishing_secret (subscription_id, no, secret, created_at)
select $1, coalesce(max(no), 0) + 1, $2, $3 from ended
"""


async def add_secret(tx: Tx, subscription_id: UUID, secret: str, before_until: datetime) -> None:
    """Give a subscription a secret; the one before is good for a while, one before that no more.

    Args:
        tx: open transaction.
        subscription_id: whose.
        secret: the new one.
        before_until: until when the one before is good.
    """
    hidden = conceal(PURPOSE, secret)
    await tx.execute(ADD, subscription_id, hidden, tx.now, before_until)


LIST_SECRETS = """
select subscription_id, secret, good_until from publishing_secret
where subscription_id = any($1::uuid[]) and (good_until is null or good_until > $2)
order by subscription_id, no desc
"""


async def list_secrets(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the secrets that are good now, the newest first."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in await tx.fetch(LIST_SECRETS, list(ids), tx.now):
        found[row["subscription_id"]].append(reveal(PURPOSE, row["secret"]))
    return found


LIST_FORMER = """
select subscription_id, good_until from publishing_secret
where subscription_id = any($1::uuid[]) and good_until > $2
"""


async def list_former(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return until when the secret before is good, of subscriptions where one is."""
    rows = await tx.fetch(LIST_FORMER, list(ids), tx.now)
    return {row["subscription_id"]: row["good_until"] for row in rows}
