"""What people have given away as goodwill, by day: locked while more of it is decided on."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from crosslane.platform.database import Tx


class GivenKey(NamedTuple):
    """Whose doing on which day of a channel, in which currency."""

    actor: str
    day: date
    currency: str


# Written over with itself, so that the row is locked whether it was there or not.
LOCK_GIVEN = """
insert into orders_given as g (actor, day, currency, minor)
select actor, day, currency, 0
from unnest($1::text[], $2::date[], $3::text[]) as k(actor, day, currency) order by 1, 2, 3
on conflict (actor, day, currency) do update set minor = g.minor
returning actor, day, currency, minor
"""


async def lock_given(tx: Tx, keys: Sequence[GivenKey]) -> dict[GivenKey, int]:
    """Lock and return what was given away, in minor units; 0 for nothing yet."""
    wanted = sorted(set(keys))
    columns = [list(column) for column in zip(*wanted, strict=True)]
    rows = await tx.fetch(LOCK_GIVEN, *columns) if wanted else []
    return {GivenKey(r["actor"], r["day"], r["currency"]): r["minor"] for r in rows}


SAVE_GIVEN = """
update orders_given g set minor = w.minor
from unnest($1::text[], $2::date[], $3::text[], $4::bigint[]) as w(actor, day, currency, minor)
where (g.actor, g.day, g.currency) = (w.actor, w.day, w.currency)
"""


async def save_given(tx: Tx, given: Mapping[GivenKey, int]) -> None:
    """Store what was given away by now."""
    if given:
        columns = [list(column) for column in zip(*given, strict=True)]
        await tx.execute(SAVE_GIVEN, *columns, list(given.values()))
