"""What channels are offered: what each was told of an article, and what is to be looked at anew."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from crosslane.platform.database import Tx, columns

Sort = Literal["supply_snapshot", "price"]
Result = Literal["told", "same", "refused", "unsure", "lost"]

LOCK_OFFERINGS = """
select channel, run_no, walk, full_on from channels_offering
where $1::text[] is null or channel = any($1) order by channel for update
"""


class Progress(msgspec.Struct, frozen=True):
    """How far the looking at a channel's offers has come.

    Args:
        run_no: number of the run that is asked for next.
        walk: where looking at all of them goes on, None when it is not under way.
        full_on: on which day all of it was told last.
    """

    channel: str
    run_no: int
    walk: str | None
    full_on: date | None


async def lock_offerings(tx: Tx, channels: Sequence[str] | None) -> dict[str, Progress]:
    """Lock and return how far looking has come, of some channels or all; before their offers."""
    rows = await tx.fetch(LOCK_OFFERINGS, channels)
    return {row["channel"]: Progress(**dict(row)) for row in rows}


ENSURE_OFFERINGS = """
insert into channels_offering (channel) select unnest($1::text[]) order by 1 on conflict do nothing
"""


async def ensure_offerings(tx: Tx, channels: Sequence[str]) -> None:
    """Make sure that channels have a row to be locked."""
    await tx.execute(ENSURE_OFFERINGS, channels)


SAVE_OFFERING = """
update channels_offering set run_no = $2, walk = $3, full_on = $4 where channel = $1
"""


async def save_offering(tx: Tx, progress: Progress) -> None:
    """Store how far looking has come."""
    await tx.execute(
        SAVE_OFFERING, progress.channel, progress.run_no, progress.walk, progress.full_on
    )


MARK_OFFERS = """
update channels_offer set look_at = $3
where variant_id = any($2::uuid[]) and kind = $1 and (look_at is null or look_at > $3)
returning channel
"""


async def mark_offers(tx: Tx, kind: Sort, variant_ids: Sequence[UUID], at: datetime) -> set[str]:
    """Let offers of articles be looked at, in whatever channels; return in which."""
    return {row["channel"] for row in await tx.fetch(MARK_OFFERS, kind, variant_ids, at)}


ENTER_OFFERS = """
insert into channels_offer (channel, kind, variant_id, sku, look_at)
select $1, k.kind, w.variant_id, w.sku, $5
from unnest($3::uuid[], $4::text[]) as w(variant_id, sku)
cross join unnest($2::text[]) as k(kind)
order by k.kind, w.variant_id
on conflict do nothing
"""


async def enter_offers(
    tx: Tx, channel: str, kinds: Sequence[str], skus: Mapping[UUID, str], at: datetime
) -> None:
    """Offer articles to a channel, by variant and SKU, unless they are already."""
    await tx.execute(ENTER_OFFERS, channel, kinds, list(skus), list(skus.values()), at)


# All offers of a page of articles; what is told again is told whatever the channel stands at.
MARK_PAGE = """
with page as (
    select distinct variant_id from channels_offer
    where channel = $1 and variant_id > $2 order by variant_id limit $3
), marked as (
    update channels_offer o
    set look_at = least(o.look_at, $4),
        stands = case when $5 and o.kind = 'supply_snapshot' then '{}' else o.stands end
    from page where o.channel = $1 and o.variant_id = page.variant_id
)
select max(variant_id::text)::uuid as last, count(*) as articles from page
"""


async def mark_page(
    tx: Tx, channel: str, after: UUID, limit: int, at: datetime, *, again: bool
) -> tuple[UUID | None, int]:
    """Let a page of a channel's offers be looked at; return the last article, and how many.

    Args:
        tx: open transaction.
        channel: code of the channel.
        after: the last article of the page before.
        limit: most articles.
        at: when to look.
        again: stock is told again even where nothing differs.
    """
    row = await tx.fetchrow(MARK_PAGE, channel, after, limit, at, again)
    return (row["last"], row["articles"]) if row else (None, 0)


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an article that a channel is offered.

    Args:
        told: what it was told last, by the location it was told for.
        stands: what it has as far as anybody knows.
        asked: tellings under way, by location.
        refusals: how often telling was refused since it last was not.
    """

    kind: Sort
    variant_id: UUID
    sku: str
    told: dict[str, Any]
    stands: dict[str, Any]
    asked: dict[str, str]
    refusals: int


def _offered(row: Any) -> Offered:
    return Offered(
        **{
            **dict(row),
            **{part: msgspec.json.decode(row[part]) for part in ("told", "stands", "asked")},
        }
    )


LIST_DUE = """
select kind, variant_id, sku, told, stands, asked, refusals from channels_offer
where channel = $1 and kind = $4 and look_at <= $2 and asked = '{}'
order by look_at, variant_id limit $3
for update skip locked
"""


async def lock_due(tx: Tx, channel: str, kind: Sort, at: datetime, limit: int) -> list[Offered]:
    """Lock and return offers that are to be looked at and not being told, the oldest first."""
    return [_offered(row) for row in await tx.fetch(LIST_DUE, channel, at, limit, kind)]


LIST_OFFERED = """
select kind, variant_id, sku, told, stands, asked, refusals from channels_offer
where channel = $1 and kind = $2 and sku collate "C" = any($3::text[])
"""


async def list_offered(tx: Tx, channel: str, kind: Sort, skus: Sequence[str]) -> list[Offered]:
    """Return offers of articles by SKU, as their offers have it."""
    return [_offered(row) for row in await tx.fetch(LIST_OFFERED, channel, kind, skus)]


COUNT_WAITING = """
select count(*) from (
    select from channels_outgoing
    where channel = $1 and state = 'waiting' and kind in ('supply_snapshot', 'price') limit $2
) as found
"""


async def count_waiting(tx: Tx, channel: str, most: int) -> int:
    """Return how many messages of offers wait to be told to a channel, as far as they count."""
    return await tx.fetchval(COUNT_WAITING, channel, most)


COUNT_OFFERS = """
select count(*) from (
    select from channels_offer where channel = $1 and kind = $2 limit $3
) as found
"""


async def count_offers(tx: Tx, channel: str, kind: Sort, most: int) -> int:
    """Return how many articles a channel is offered; so many when they are more."""
    return await tx.fetchval(COUNT_OFFERS, channel, kind, most + 1)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of looking at an offer.

    Args:
        asked: tellings it is part of, by location.
        look_at: when it may be another one by the clock alone, None when never.
    """

    kind: Sort
    variant_id: UUID
    asked: dict[str, str]
    look_at: datetime | None


SAVE_LOOKED = """
update channels_offer o set asked = w.asked, look_at = w.look_at
from unnest($2::text[], $3::uuid[], $4::jsonb[], $5::timestamptz[])
    as w(kind, variant_id, asked, look_at)
where o.channel = $1 and (o.kind, o.variant_id) = (w.kind, w.variant_id)
"""


async def save_looked(tx: Tx, channel: str, looked: Sequence[Looked]) -> None:
    """Store what came of looking at a channel's offers."""
    await tx.execute(
        SAVE_LOOKED,
        channel,
        *columns(looked, "kind", "variant_id"),
        [msgspec.json.encode(one.asked) for one in looked],
        [one.look_at for one in looked],
    )


DELETE_OFFERS = """
delete from channels_offer o using unnest($2::text[], $3::uuid[]) as w(kind, variant_id)
where o.channel = $1 and (o.kind, o.variant_id) = (w.kind, w.variant_id)
"""


async def delete_offers(tx: Tx, channel: str, gone: Sequence[Offered]) -> None:
    """Forget offers a channel has no name of any more."""
    await tx.execute(DELETE_OFFERS, channel, *columns(gone, "kind", "variant_id"))


NEXT_LOOK = """
select look_at from channels_offer
where channel = $1 and look_at is not null and asked = '{}' order by look_at limit 1
"""


async def next_look(tx: Tx, channel: str) -> datetime | None:
    """Return when the next offer of a channel is to be looked at, None when none is."""
    return await tx.fetchval(NEXT_LOOK, channel)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an offer in a telling.

    Args:
        place: the location it was told for.
        telling: identifier of the telling.
        result: told; the same as the channel stands at already; refused by itself; unsure, as all
            that was told with it was refused; or lost, as nobody knows what became of it.
        value: what was told.
        code: why not, when it was refused.
    """

    channel: str
    kind: str
    sku: str
    place: str
    telling: str
    result: Result
    value: Any = None
    code: str = ""


# Of one article several locations may have been told at once. What was refused together is looked
# at again after a while, though nothing happens to it; what was refused by itself when it moves.
END_TELLINGS = """
with ended as (
    select o.channel, o.kind, o.variant_id,
           coalesce(array_agg(w.place) filter (where o.asked ->> w.place = w.telling), '{}')
               as places,
           coalesce(jsonb_object_agg(w.place, w.value) filter (where w.result = 'told'), '{}')
               as said,
           coalesce(array_agg(w.place) filter (where w.result not in ('told', 'same')), '{}')
               as unknown,
           max(w.code) as code, bool_or(w.result = 'told') as is_told,
           bool_or(w.result = 'unsure') as is_unsure, bool_or(w.result = 'lost') as is_lost
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::jsonb[], $8::text[])
        as w(channel, kind, sku, place, telling, result, value, code)
    join channels_offer o on o.channel = w.channel and o.kind = w.kind
        and o.sku collate "C" = w.sku collate "C"
    group by o.channel, o.kind, o.variant_id
)
update channels_offer o
set asked = o.asked - e.places, told = o.told || e.said,
    stands = (o.stands || e.said) - e.unknown,
    told_at = case when e.is_told then $9 else o.told_at end, code = e.code,
    refusals = case when e.is_lost then o.refusals when e.is_unsure then least(o.refusals + 1, 5)
                    else 0 end,
    look_at = case when e.is_lost then least(o.look_at, $9)
                   when e.is_unsure then least(o.look_at, $9 + $10::interval * power(2, o.refusals))
                   else o.look_at end
from ended e
where (o.channel, o.kind, o.variant_id) = (e.channel, e.kind, e.variant_id)
"""


async def end_tellings(tx: Tx, ended: Sequence[Ended], *, again: timedelta) -> None:
    """Store what became of tellings.

    Args:
        tx: open transaction.
        ended: what became of each offer in each.
        again: after what time refused ones are looked at again; longer each time.
    """
    await tx.execute(
        END_TELLINGS,
        *columns(ended, "channel", "kind", "sku", "place", "telling", "result"),
        [msgspec.json.encode(one.value) for one in ended],
        [one.code for one in ended],
        tx.now,
        again,
    )


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel says that it has.

    Args:
        place: the location it says it of.
        units: how many.
        at: when that was so.
    """

    channel: str
    variant_id: UUID
    place: str
    units: int
    at: datetime


# What a channel said before it was told is old, and what it is being told now is news to it. Who
# has less than it was told has mostly sold some, and its order is on the way; who has more may sell
# what is not there.
HEAR = """
update channels_offer o
set heard = o.heard || jsonb_build_object(w.place, w.units),
    heard_at = greatest(o.heard_at, w.at),
    stands = case when w.news then o.stands || jsonb_build_object(w.place, w.units)
                  else o.stands end,
    look_at = case when w.news and o.told -> w.place is distinct from to_jsonb(w.units)
        then least(o.look_at, case when w.units < coalesce((o.told ->> w.place)::bigint, 0)
                                   then $6::timestamptz else $7::timestamptz end)
        else o.look_at end
from (
    select distinct on (h.channel, h.variant_id, h.place) h.*,
           h.at >= coalesce(f.told_at, h.at) as news
    from unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[])
        as h(channel, variant_id, place, units, at)
    join channels_offer f on f.channel = h.channel and f.kind = 'supply_snapshot'
        and f.variant_id = h.variant_id and f.asked = '{}'
    where h.at >= coalesce(f.heard_at, h.at)
    order by h.channel, h.variant_id, h.place, h.at desc
) as w
where (o.channel, o.kind, o.variant_id) = (w.channel, 'supply_snapshot', w.variant_id)
returning o.channel
"""


async def hear(tx: Tx, heard: Sequence[Heard], *, less_at: datetime, more_at: datetime) -> set[str]:
    """Keep what channels say that they have; return in which there is something to look at.

    Args:
        tx: open transaction.
        heard: what they say.
        less_at: when to look at what is less than was told.
        more_at: likewise at what is more.
    """
    rows = await tx.fetch(
        HEAR, *columns(heard, "channel", "variant_id", "place", "units", "at"), less_at, more_at
    )
    return {row["channel"] for row in rows}


class OfferRow(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as people look at it; see the table."""

    channel: str
    kind: str
    variant_id: UUID
    sku: str
    told: dict[str, Any]
    told_at: datetime | None
    stands: dict[str, Any]
    asked: dict[str, str]
    heard: dict[str, Any]
    heard_at: datetime | None
    code: str
    look_at: datetime | None


State = Literal["waiting", "asked", "refused", "drifted"]

SUM_OFFERS = """
with counted as (
    select channel, count(*) as offers, count(look_at) as waiting,
           count(*) filter (where asked <> '{}') as asked,
           count(*) filter (where code <> '') as refused,
           count(*) filter (where heard_at > told_at and not told @> heard) as drifted,
           max(told_at) as told_at
    from channels_offer group by channel
)
select channel, coalesce(offers, 0) as offers, coalesce(waiting, 0) as waiting,
       coalesce(asked, 0) as asked, coalesce(refused, 0) as refused,
       coalesce(drifted, 0) as drifted, told_at, full_on
from counted full join channels_offering using (channel)
"""


async def sum_offers(tx: Tx) -> dict[str, dict[str, Any]]:
    """Return how many offers channels have, by what is the matter; and when they were told."""
    rows = [dict(row) for row in await tx.fetch(SUM_OFFERS)]
    return {row.pop("channel"): row for row in rows}


LIST_OFFERS = """
select channel, kind, variant_id, sku, told, told_at, stands, asked, heard, heard_at, code, look_at
from channels_offer
where channel = $1 and ($2::text is null or kind = $2)
  and ($3::text is null or lower(sku) = lower($3))
  and case $4::text when 'waiting' then look_at is not null when 'asked' then asked <> '{}'
                    when 'refused' then code <> ''
                    when 'drifted' then heard_at > told_at and not told @> heard
                    else true end
  and ($5::text is null or (kind, variant_id) > ($5, $6::uuid))
order by kind, variant_id limit $7
"""


async def list_offers(
    tx: Tx,
    channel: str,
    *,
    kind: Sort | None,
    sku: str | None,
    state: State | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[OfferRow]:
    """Return a page of a channel's offers, by kind and article."""
    rows = await tx.fetch(LIST_OFFERS, channel, kind, sku, state, *(after or (None, None)), limit)
    parts = ("told", "stands", "asked", "heard")
    return [
        OfferRow(**{**dict(row), **{part: msgspec.json.decode(row[part]) for part in parts}})
        for row in rows
    ]
