"""Trying again: what was quarantined or parked is read anew and announced anew."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import orders, organization
from crosslane.channels.adapters import RECORDS_MAX, Reading, family_of, read_records
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.errors import NoSuchMessage, NotReplayable, RawGone, ReplayUnclear
from crosslane.channels.events import MessageReceived
from crosslane.channels.service.agreed import agreed_with
from crosslane.channels.service.connecting import connection_of
from crosslane.channels.service.intake import (
    context_of,
    drafts_of,
    events_of,
    first_of_each,
    repeat,
    store,
)
from crosslane.channels.service.mapping import MappingView, mapping_of
from crosslane.channels.storage import RAW_RETENTION_DAYS, batches, messages, records, replays
from crosslane.channels.storage import orders as standings
from crosslane.channels.storage.batches import Batch
from crosslane.channels.storage.messages import Draft, Outcome, Pending
from crosslane.channels.storage.records import Place
from crosslane.channels.storage.replays import Stored
from crosslane.kernel import Refusal
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

REPLAYED_AT_ONCE_MAX = 1_000
FORGOTTEN_AT_ONCE_MAX = 5_000
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Try messages again: some by name, or all of a channel that were kept back for one reason.

    Args:
        message_ids: which, or
        channel: code of the channel, and
        code: the reason; at most REPLAYED_AT_ONCE_MAX of them, the oldest first.
        after: ``next_after`` of the call before, for the next of this reason.
    """

    message_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=REPLAYED_AT_ONCE_MAX)] = ()
    channel: Code | None = None
    code: Code | None = None
    after: UUID | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried again.

    Args:
        announced: messages that are applied in a moment.
        kept_back: messages that still cannot be read, or whose batch is still wrong.
        next_after: there are more of this reason: ask again after this message. None when all of
            them were tried.
    """

    announced: int
    kept_back: int
    next_after: UUID | None = None


async def replay(tx: Tx, wish: Replay) -> Replayed:
    """Read records anew, and let what can be read of them be applied.

    Every message of a record that waits is tried with the one that is meant: what the record says
    now and did not say before is added, what it does not say any more is set aside.

    Raises:
        ReplayUnclear: it names neither messages nor a channel and a reason, or both; or what others
            come after without a reason.
        NoSuchMessage, NotReplayable, RawGone: one of the named messages cannot be tried again.
    """
    by_reason = wish.channel is not None and wish.code is not None
    if by_reason == bool(wish.message_ids) or (wish.after is not None and not by_reason):
        raise ReplayUnclear
    if by_reason:
        found = await replays.lock_of_reason(
            tx, wish.channel or "", wish.code or "", REPLAYED_AT_ONCE_MAX + 1, wish.after
        )
    else:
        found = await replays.lock_named(tx, wish.message_ids)
        _refuse_named(wish.message_ids, found)
    chosen = found[:REPLAYED_AT_ONCE_MAX]
    announced, kept_back = await _try_again(tx, sorted({one.record for one in chosen}))
    next_after = chosen[-1].id if len(found) > len(chosen) else None
    return Replayed(announced=announced, kept_back=kept_back, next_after=next_after)


def _refuse_named(ids: Sequence[UUID], found: Sequence[Stored]) -> None:
    by_id = {one.id: one for one in found}
    for message_id in ids:
        if message_id not in by_id:
            raise NoSuchMessage(message=str(message_id))
        one = by_id[message_id]
        if not one.is_open:
            raise NotReplayable(state=one.state if one.owns else "no longer the one that counts")
        if one.gone:
            raise RawGone


async def _try_again(tx: Tx, places: Sequence[Place]) -> tuple[int, int]:
    """Read records anew; return how many messages are announced, and how many stay behind."""
    readings, known = await _read_anew(tx, places)
    parts: dict[Place, list[Stored]] = defaultdict(list)
    for one in await replays.lock_parts(tx, places):
        parts[one.record].append(one)
    compared = {
        place: compare(
            parts[place],
            drafts_of(
                reading,
                family_of(known[place[0]].format),
                await connection_of(tx, known[place[0]].channel),
                known[place[0]],
            ),
        )
        for place, reading in readings.items()
    }
    # Set aside first, so that nothing stands in the way of what its record says instead.
    await replays.retire(tx, [one.id for found in compared.values() for one in found.gone])
    again = [draft for found in compared.values() for draft in found.again]
    await _tell_apart(tx, again)
    await replays.save_drafts(tx, again)
    more: dict[UUID, list[Draft]] = defaultdict(list)
    for (batch_id, _), found in compared.items():
        more[batch_id] += found.more
    for drafts in more.values():
        if drafts:
            await store(tx, drafts)
    added = [draft for drafts in more.values() for draft in drafts]
    announced = [draft for draft in (*again, *added) if draft.state == "received"]
    await log.append(tx, [event for draft in announced for event in events_of(draft)])
    unread = sum(one.is_open for place in places if place not in readings for one in parts[place])
    behind = sum(draft.state == "quarantined" for draft in (*again, *added))
    return len(announced), behind + unread


class Compared(msgspec.Struct, frozen=True):
    """What a record says now, beside what it said.

    Args:
        again: messages that are there and waited, as they read now.
        more: messages that were not there.
        gone: messages that waited, and are not said any more.
    """

    again: list[Draft]
    more: list[Draft]
    gone: list[Stored]


def compare(parts: Sequence[Stored], drafts: Sequence[Draft]) -> Compared:
    """Find the message each thing a record says now is; what was applied is left as it is.

    A message that waited and reads as another now, such as one that could not be read, is that
    other.
    """
    left = list(parts)
    again: list[Draft] = []
    fresh: list[Draft] = []
    for draft in drafts:
        same = next((one for one in left if one.identity == draft.identity), None)
        if same is None:
            fresh.append(draft)
            continue
        left.remove(same)
        if same.is_open:
            again.append(_becoming(draft, same))
    waiting = [one for one in left if one.is_open]
    turned = list(zip(fresh, waiting, strict=False))
    again += [_becoming(draft, one) for draft, one in turned]
    more = fresh[len(turned) :]
    number = max((one.part for one in parts), default=-1)
    for place, draft in enumerate(more, 1):
        draft.part = number + place
    return Compared(again, more, waiting[len(turned) :])


def _becoming(draft: Draft, one: Stored) -> Draft:
    draft.id, draft.part = one.id, one.part
    return draft


async def _tell_apart(tx: Tx, drafts: Sequence[Draft]) -> None:
    """What can be read only now may turn out to repeat what is known."""
    owners = await messages.lock_owners(tx, drafts)
    for draft in first_of_each(drafts):
        owner = owners.get(draft.identity)
        if owner is not None and owner.id != draft.id:
            repeat(draft, same=owner.digest == draft.digest)


async def _read_anew(
    tx: Tx, places: Sequence[Place]
) -> tuple[dict[Place, Reading], dict[UUID, Batch]]:
    """Return records as they read today, of those that are kept whole, and their batches."""
    book = await organization.book(tx)
    ids = sorted({batch_id for batch_id, _ in places})
    known = {one.id: one for one in await batches.list_batches(tx, ids=ids, limit=len(ids))}
    alone = [place for place in places if not family_of(known[place[0]].format).together]
    raw = await records.list_raw_of(tx, alone)
    readings: dict[Place, Reading] = {}
    for place, record in raw.items():
        batch = known[place[0]]
        named = await mapping_of(tx, batch.channel, batch.mapping)
        channel = book.channel(batch.channel)
        agreed = await agreed_with(tx, channel, batch.format)
        found = _read(batch, channel, agreed, named, record.text) if record.body else []
        # Parts that were erased may have left a text that falls apart in another way.
        if len(found) == 1:
            readings[place] = msgspec.structs.replace(found[0], place=place[1])
    for batch_id in sorted({place[0] for place in places} - {place[0] for place in alone}):
        batch = known[batch_id]
        kept = [one for one in await records.list_raw(tx, batch_id, RECORDS_MAX) if one.body]
        text = "\n".join(one.text for one in kept)
        channel = book.channel(batch.channel)
        agreed = await agreed_with(tx, channel, batch.format)
        found = _read(batch, channel, agreed, None, text)
        if len(found) == len(kept):
            wanted = {place[1] for place in places if place[0] == batch_id}
            for record, reading in zip(kept, found, strict=True):
                if record.place in wanted:
                    place = (batch_id, record.place)
                    readings[place] = msgspec.structs.replace(reading, place=record.place)
    return readings, known


def _read(
    batch: Batch,
    channel: organization.Channel,
    agreed: Agreement,
    named: MappingView | None,
    text: str,
) -> list[Reading]:
    family = family_of(batch.format)
    context = context_of(family, channel, agreed, batch.headers, batch.received_at, batch.delimiter)
    context = msgspec.structs.replace(
        context,
        encoding="utf-8",
        mapping=named.mapping if named else None,
    )
    try:
        return list(read_records(family, text.encode(), context))
    except Refusal:
        return []


async def wake(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """Announce parked messages of orders that are there now."""
    heads = (await orders.list_heads(tx, order_ids)).values()
    sources = {(head.channel, head.source_id) for head in heads}
    sources.update(await standings.list_wholes(tx, order_ids))
    parked = await messages.lock_parked(tx, sorted(sources))
    keys = [messages.source_key(*source) for source in sorted(sources)]
    keys += [f"order:{name}" for head in heads for name in (head.number, str(head.id).upper())]
    waiting = await messages.lock_waiting(tx, keys)
    await announce(tx, list({one.id: one for one in (*parked, *waiting)}.values()))


async def announce(tx: Tx, parked: Sequence[Pending]) -> None:
    """Let parked messages be tried again; they are locked."""
    if not parked:
        return
    await messages.save_outcomes(tx, [Outcome(id=one.id, state="received") for one in parked])
    await log.append(
        tx,
        [
            MessageReceived(message_id=one.id, channel=one.channel, source_id=one.source_id)
            for one in parked
        ],
    )


async def forget_raw(tx: Tx) -> None:
    """Remove what channels sent long ago; what it made stays."""
    before = tx.now - timedelta(days=RAW_RETENTION_DAYS)
    await records.forget(tx, before, FORGOTTEN_AT_ONCE_MAX)


REPLAY = one_by_one("channels.replay", Replay, Replayed, replay)
