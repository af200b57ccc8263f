"""Offers: what moves is marked, looked at a moment later, and told where it differs.

Reactions mark articles of which something has happened; a run looks at what is marked, a chunk at
a time, and says what a channel does not stand at already. However often an article moves, it is
looked at once a run, and never said anew while it is being told. A walk marks all there is: when a
channel is connected, when policies change, and once a day.

A run locks the row of its channel first, and so does whoever marks: what is marked is seen by the
run that is asked for with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane import catalog, organization
from crosslane.catalog import Variant
from crosslane.channels.service import offer_messages
from crosslane.channels.service.offering import PRICE, STOCK, Terms, open_terms
from crosslane.channels.storage import articles
from crosslane.channels.storage import offers as storage
from crosslane.channels.storage.offers import Heard, Progress, Sort
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect, EffectCall, EffectKind

WALKED_AT_ONCE_MAX = 2_000
MARKED_AT_ONCE_MAX = 1_000
# So many messages may wait before no more are made: what waits long would only be made anew.
AHEAD_MAX = 200
# So long is waited for more to happen to an article before it is told.
GATHER_SECONDS = 1.0
FIRST = UUID(int=0)
KIND = "channels.offer"


class LookAtOffers(msgspec.Struct, frozen=True):
    """Look at what a channel is offered.

    Args:
        channel: code of the channel.
        all: look at all of it, because a policy begins to hold.
    """

    channel: str
    all: bool = False


class Walk(msgspec.Struct, frozen=True):
    """How far looking at everything has come.

    Args:
        again: stock is told again even where nothing differs.
        offered: the last article that was looked at of those that are offered; None when all were.
        sold: likewise of those that may have to be, by SKU.
    """

    again: bool = False
    offered: UUID | None = FIRST
    sold: str = ""


async def mark(tx: Tx, kind: Sort, variant_ids: Iterable[UUID]) -> None:
    """Let offers of articles be looked at in all channels that have them, soon."""
    progress = await storage.lock_offerings(tx, None)
    wanted = list(dict.fromkeys(variant_ids)) if progress else []
    if not wanted:
        return
    if kind == STOCK:
        bundles = await catalog.bundles_of(tx, wanted)
        wanted = list(dict.fromkeys([*wanted, *(b for them in bundles.values() for b in them)]))
    marked: set[str] = set()
    for start in range(0, len(wanted), MARKED_AT_ONCE_MAX):
        part = wanted[start : start + MARKED_AT_ONCE_MAX]
        marked |= await storage.mark_offers(tx, kind, part, tx.now)
    await _ask(tx, [progress[code] for code in sorted(marked)], GATHER_SECONDS)


async def enter(tx: Tx, channels: Iterable[str], variants: Mapping[UUID, Variant]) -> None:
    """Offer articles to channels that sell them and do not have them yet."""
    told = await offer_messages.offered(tx)
    codes = sorted(told.keys() & set(channels)) if variants else []
    if not codes:
        return
    await storage.ensure_offerings(tx, codes)
    progress = await storage.lock_offerings(tx, codes)
    for code in codes:
        terms = await open_terms(tx, code, list(variants.values()))
        await _enter(tx, terms, told[code], variants.values())
    await _ask(tx, list(progress.values()), GATHER_SECONDS)


async def _enter(tx: Tx, terms: Terms, kinds: Iterable[str], variants: Iterable[Variant]) -> None:
    skus = {one.id: one.sku for one in variants if not terms.refusal(one)}
    if skus:
        await storage.enter_offers(tx, terms.channel.code, sorted(kinds), skus, tx.now)


async def walk(tx: Tx, channels: Iterable[str], *, again: bool = False) -> None:
    """Look at all that channels are offered, and at what else they may be.

    Args:
        tx: open transaction.
        channels: which, by code; those that are told nothing are left alone.
        again: tell stock even where nothing differs.
    """
    wanted = sorted((await offer_messages.offered(tx)).keys() & set(channels))
    if not wanted:
        return
    await storage.ensure_offerings(tx, wanted)
    progress = await storage.lock_offerings(tx, wanted)
    for one in progress.values():
        # Whoever is looking at everything begins anew, and tells again what was to be told again.
        before = _walk_of(one)
        begun = Walk(again=again or one.full_on is None or (before is not None and before.again))
        today = await local_now(tx, one.channel)
        told_on = today.date() if begun.again else one.full_on
        await _save(tx, msgspec.structs.replace(one, full_on=told_on), begun)
    await _ask(tx, list(progress.values()), 0.0)


async def tell_all_daily(tx: Tx) -> None:
    """Tell channels all of their stock again, once a day from the time that policy says."""
    told = await offer_messages.offered(tx)
    if not told:
        return
    await storage.ensure_offerings(tx, sorted(told))
    progress = await storage.lock_offerings(tx, sorted(told))
    due = []
    for code, one in progress.items():
        now, terms = await local_now(tx, code), await open_terms(tx, code)
        is_time = now.time() >= terms.offerings()[0].full_time
        if one.full_on is None or (now.date() > one.full_on and is_time):
            due.append(code)
    await walk(tx, due, again=True)


async def local_now(tx: Tx, channel: str) -> datetime:
    """Return what the clocks of a channel's market show."""
    zone = (await organization.book(tx)).channel(channel).timezone
    return tx.now.astimezone(ZoneInfo(zone))


async def run(tx: Tx, channel: str) -> None:
    """Look at a chunk of what a channel is offered, and ask for the next run if more is left."""
    progress = (await storage.lock_offerings(tx, [channel])).get(channel)
    if progress is None:
        return
    progress = msgspec.structs.replace(progress, run_no=progress.run_no + 1)
    kinds = (await offer_messages.offered(tx)).get(channel, frozenset())
    there = _walk_of(progress) if kinds else None
    has_room = bool(kinds) and await storage.count_waiting(tx, channel, AHEAD_MAX) < AHEAD_MAX
    if there is not None:
        there = await _walk_on(tx, channel, kinds, there)
    elif has_room:
        await offer_messages.look(tx, channel, kinds)
    await _save(tx, progress, there)
    if there is not None:
        await _ask(tx, [progress], 0.0)
    elif has_room:
        await _ask_when_due(tx, progress)


async def _walk_on(tx: Tx, channel: str, kinds: Iterable[str], there: Walk) -> Walk | None:
    """Look at a page more; None when all was looked at."""
    if there.offered is not None:
        last, articles_seen = await storage.mark_page(
            tx, channel, there.offered, WALKED_AT_ONCE_MAX, tx.now, again=there.again
        )
        more = last if articles_seen == WALKED_AT_ONCE_MAX else None
        return msgspec.structs.replace(there, offered=more)
    terms = await open_terms(tx, channel)
    if any(one.sold == "all" for one in terms.offerings()):
        page = await catalog.list_variants(
            tx, after=there.sold, limit=WALKED_AT_ONCE_MAX, active=True
        )
        skus = [one.sku.lower() for one in page]
    else:
        skus = await articles.list_named(tx, channel, there.sold, WALKED_AT_ONCE_MAX)
        page = list((await catalog.variants_by_sku(tx, skus)).values())
    if page:
        terms.names = await articles.list_names(tx, channel, [one.sku for one in page])
        await _enter(tx, terms, kinds, page)
    if len(skus) < WALKED_AT_ONCE_MAX:
        return None
    return msgspec.structs.replace(there, sold=skus[-1])


async def _ask(tx: Tx, wanted: Sequence[Progress], seconds: float) -> None:
    """Ask for the next run of channels, unless it is asked for already."""
    due = tx.now + timedelta(seconds=seconds)
    await effects.request(
        tx,
        [
            Effect(f"offers:{one.channel}:{one.run_no}", KIND, LookAtOffers(one.channel), due)
            for one in wanted
        ],
    )


async def _ask_when_due(tx: Tx, progress: Progress) -> None:
    """Ask for a run when something is left, or will have to be looked at by the clock."""
    at = await storage.next_look(tx, progress.channel)
    if at is None:
        return
    if at <= tx.now:
        await _ask(tx, [progress], 0.0)
        return
    minute = at.replace(second=0, microsecond=0)
    due = minute if minute == at else minute + timedelta(minutes=1)
    key = f"offers:{progress.channel}:at:{due.timestamp():.0f}"
    await effects.request(tx, [Effect(key, KIND, LookAtOffers(progress.channel), due)])


async def look_after(tx: Tx, channel: str, telling: str) -> None:
    """Ask for a run once something was told: more may be waiting, or have moved meanwhile.

    The row of the channel is not locked here, as who tells holds what runs wait for.
    """
    key = f"{telling}:after"
    await effects.request(tx, [Effect(key, KIND, LookAtOffers(channel))])


async def hear(tx: Tx, heard: Sequence[Heard], *, less_at: datetime) -> None:
    """Keep what channels say that they have, and look at what differs from what they were told.

    Args:
        tx: open transaction.
        heard: what they say.
        less_at: when to look at what is less than was told; what is more is looked at soon.
    """
    channels = sorted({one.channel for one in heard})
    progress = await storage.lock_offerings(tx, channels)
    marked = await storage.hear(tx, heard, less_at=less_at, more_at=tx.now)
    await _ask(tx, [progress[one] for one in sorted(marked & progress.keys())], GATHER_SECONDS)


async def walk_later(tx: Tx, channels: Iterable[str], at: datetime, cause: str) -> None:
    """Look at all that channels are offered at an instant, such as when a policy begins to hold.

    Args:
        tx: open transaction.
        channels: which, by code.
        at: when.
        cause: tells the reason from others.
    """
    await effects.request(
        tx,
        [
            Effect(f"offers:{code}:from:{cause}", KIND, LookAtOffers(code, all=True), at)
            for code in sorted(set(channels))
        ],
    )


def _walk_of(progress: Progress) -> Walk | None:
    return None if progress.walk is None else msgspec.json.decode(progress.walk, type=Walk)


async def _save(tx: Tx, progress: Progress, there: Walk | None) -> None:
    walk = None if there is None else msgspec.json.encode(there).decode()
    await storage.save_offering(tx, msgspec.structs.replace(progress, walk=walk))


async def _nothing(call: EffectCall[LookAtOffers], body: LookAtOffers) -> None:
    """Nobody outside is asked; what is to be told is said by another effect."""
    del call, body


async def _run_each(
    tx: Tx, calls: Sequence[EffectCall[LookAtOffers]], results: Sequence[None]
) -> None:
    del results
    for channel in sorted({call.body.channel for call in calls if call.body.all}):
        await walk(tx, [channel])
    for channel in sorted({call.body.channel for call in calls if not call.body.all}):
        await run(tx, channel)


LOOK = EffectKind(KIND, LookAtOffers, _nothing, _run_each)

__all__ = [
    "LOOK",
    "PRICE",
    "STOCK",
    "enter",
    "mark",
    "run",
    "tell_all_daily",
    "walk",
    "walk_later",
]
