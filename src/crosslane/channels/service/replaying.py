"""Trying again: what was quarantined or parked is read anew and announced anew."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane import orders, organization
from crosslane.channels.adapters import RECORDS_MAX, Parsed, Source, adapter_of
from crosslane.channels.errors import NoSuchMessage, NotReplayable, RawGone, ReplayUnclear
from crosslane.channels.events import MessageReceived
from crosslane.channels.service.intake import draft_of, first_of_each, repeat
from crosslane.channels.storage import RAW_RETENTION_DAYS, batches, messages, replays
from crosslane.channels.storage.batches import Batch
from crosslane.channels.storage.messages import Draft, Outcome, Pending
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
    """

    message_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=REPLAYED_AT_ONCE_MAX)] = ()
    channel: Code | None = None
    code: Code | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried again.

    Args:
        announced: messages that are applied in a moment.
        kept_back: messages that still cannot be read, or whose batch is still wrong.
        more: there are more of this reason; ask again.
    """

    announced: int
    kept_back: int
    more: bool


async def replay(tx: Tx, wish: Replay) -> Replayed:
    """Read messages anew from what was received, and let those that can be read be applied.

    Raises:
        ReplayUnclear: it names neither messages nor a channel and a reason, or both.
        NoSuchMessage, NotReplayable, RawGone: one of the named messages cannot be tried again.
    """
    by_reason = wish.channel is not None and wish.code is not None
    if by_reason == bool(wish.message_ids):
        raise ReplayUnclear
    if by_reason:
        found = await replays.lock_of_reason(
            tx, wish.channel or "", wish.code or "", REPLAYED_AT_ONCE_MAX + 1
        )
    else:
        found = await replays.lock_named(tx, wish.message_ids)
        _refuse_named(wish.message_ids, found)
    chosen = found[:REPLAYED_AT_ONCE_MAX]
    drafts = await _read_anew(tx, chosen)
    await _tell_apart(tx, drafts)
    announced = [draft for draft in drafts if draft.state == "received"]
    await replays.save_drafts(tx, drafts)
    await log.append(
        tx,
        [
            MessageReceived(message_id=draft.id, channel=draft.channel, source_id=draft.source_id)
            for draft in announced
        ],
    )
    return Replayed(
        announced=len(announced),
        kept_back=len(chosen) - len(announced),
        more=len(found) > len(chosen),
    )


async def _tell_apart(tx: Tx, drafts: Sequence[Draft]) -> None:
    """A record that can be read only now may turn out to repeat what is known."""
    owners = await messages.lock_owners(tx, drafts)
    for draft in first_of_each(drafts):
        owner = owners.get(draft.identity)
        if owner is not None and owner.id != draft.id:
            repeat(draft, same=owner.digest == draft.digest)


def _refuse_named(ids: Sequence[UUID], found: Sequence[Stored]) -> None:
    by_id = {one.id: one for one in found}
    for message_id in ids:
        if message_id not in by_id:
            raise NoSuchMessage(message=str(message_id))
        one = by_id[message_id]
        if one.state not in ("quarantined", "parked") or not one.owns:
            raise NotReplayable(state=one.state if one.owns else "no longer the one that counts")
        if not one.body:
            raise RawGone


async def _read_anew(tx: Tx, chosen: Sequence[Stored]) -> list[Draft]:
    """Return messages as their batches read today; one whose raw is gone stays as it is."""
    book = await organization.book(tx)
    by_batch: dict[UUID, list[Stored]] = defaultdict(list)
    for one in chosen:
        by_batch[one.batch_id].append(one)
    known = await batches.list_batches(tx, ids=list(by_batch), limit=len(by_batch))
    drafts: list[Draft] = []
    for batch in known:
        bodies = await replays.list_bodies(tx, batch.id, RECORDS_MAX)
        parsed = _parse(batch, book.channel(batch.channel), [body for _, body in bodies if body])
        ids = [message_id for message_id, body in bodies if body]
        read = dict(zip(ids, parsed.records if parsed else (), strict=False))
        for one in by_batch[batch.id]:
            if one.id in read:
                draft = draft_of(read[one.id], batch.channel)
                draft.id = one.id
                drafts.append(draft)
    return drafts


def _parse(batch: Batch, channel: organization.Channel, bodies: Sequence[str]) -> Parsed | None:
    text = "\n".join(part for part in (batch.head, *bodies, batch.tail) if part)
    source = Source(channel=channel.code, currency=channel.currency, delimiter=batch.delimiter)
    try:
        parsed = adapter_of(batch.format).parse(text, source)
    except Refusal:
        return None
    # Parts that were erased may have left a text that falls apart in another way.
    return parsed if len(parsed.records) == len(bodies) else None


async def wake(tx: Tx, order_ids: Sequence[UUID]) -> None:
    """Announce parked messages of orders that are there now."""
    if not await replays.any_parked(tx):
        return
    heads = (await orders.list_heads(tx, order_ids)).values()
    parked = await messages.lock_parked(tx, [(head.channel, head.source_id) for head in heads])
    keys = [messages.source_key(head.channel, head.source_id) for head in heads]
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
    await replays.forget(tx, before, FORGOTTEN_AT_ONCE_MAX)


REPLAY = one_by_one("channels.replay", Replay, Replayed, replay)
