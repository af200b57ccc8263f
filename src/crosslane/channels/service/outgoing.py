"""Reading what channels were told, having it told again, and fetching what was made of it."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from crosslane import orders, organization
from crosslane.channels.domain.outgoing import State
from crosslane.channels.domain.reports import Verdict
from crosslane.channels.errors import (
    NoSuchOutgoing,
    NothingToFetch,
    NotResendable,
    ReplayUnclear,
)
from crosslane.channels.service import exchanging, fetching, turns
from crosslane.channels.service.connecting import NOBODY, connections
from crosslane.channels.service.conversing import Exchange
from crosslane.channels.service.exchanging import FolderView
from crosslane.channels.service.fetching import FetchingView
from crosslane.channels.service.turns import ERRAND
from crosslane.channels.storage import TOLD_RETENTION_DAYS, known, outgoing, pace
from crosslane.channels.storage.outgoing import Filter
from crosslane.platform.audit import Change, record
from crosslane.platform.database import Record, Tx
from crosslane.platform.lane import one_by_one

RESENT_AT_ONCE_MAX = 1_000
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class OutgoingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is told, and what became of it.

    Args:
        number: its place in what the channel is told, and control number.
        kind: of the message.
        subject: what it speaks of; of one subject all is told in its order.
        state: waiting, told, needless (the channel knew), refused, unsupported (it has no way to be
            told), failed (for a day, by itself), superseded by something newer, or erased.
        code: why, when it was not told; likewise words for people.
        instead: which of the things the channel cannot do was worked around.
        tries: how often it was tried.
        due_at: when it is tried next.
        verdict: what the partner has answered to it, "" while it has not; likewise when. What it
            rejects is refused.
    """

    id: UUID
    channel: str
    number: int
    kind: str
    subject: str
    order_id: UUID | None
    order_number: str | None
    state: State
    code: str
    detail: str
    instead: str
    tries: int
    due_at: datetime
    created_at: datetime
    changed_at: datetime
    verdict: Verdict | Literal[""]
    judged_at: datetime | None


class OutgoingTrace(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is told, whole.

    Args:
        outgoing: what became of it.
        message: what it says in our words, None once it is erased.
        key: idempotency key.
        said: calls and documents of the last try.
        document: number of the document it lies in, None for none.
        trace: trace id of what it is due to.
    """

    outgoing: OutgoingView
    message: msgspec.Raw | None
    key: str
    said: list[Exchange]
    document: int | None
    trace: str


class ChannelStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How telling a channel goes.

    Args:
        waiting: messages that wait to be told.
        not_told: messages that were refused, have failed, or cannot be told there.
        ready_at: when it may be called again, None when it was never called.
        failures: how often it has failed, one after the other.
        code: why it is left alone, "" when it is not; likewise words for people.
        fetching: how asking it goes, None when it is not asked.
        folder: how exchanging files with it goes, None when none are.
    """

    channel: str
    waiting: int
    not_told: int
    ready_at: datetime | None = None
    failures: int = 0
    code: str = ""
    detail: str = ""
    fetching: FetchingView | None = None
    folder: FolderView | None = None


async def list_outgoing(
    tx: Tx,
    *,
    channel: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    code: str | None = None,
    order_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[OutgoingView]:
    """Return what channels are told, the latest first; absent filters let everything through."""
    chosen = Filter(channel=channel, state=state, kind=kind, code=code, order_id=order_id)
    return await _views(tx, await outgoing.list_outgoing(tx, chosen, before=before, limit=limit))


async def told(tx: Tx, outgoing_id: UUID) -> OutgoingTrace:
    """Return what a channel is told, whole.

    Raises:
        NoSuchOutgoing: there is no such thing.
    """
    row = await outgoing.find(tx, outgoing_id)
    if row is None:
        raise NoSuchOutgoing(outgoing=str(outgoing_id))
    (view,) = await _views(tx, [row])
    return OutgoingTrace(
        outgoing=view,
        message=None if row["message"] is None else msgspec.Raw(row["message"]),
        key=row["key"],
        said=msgspec.json.decode(row["said"], type=list[Exchange]),
        document=row["document"],
        trace=row["trace"],
    )


async def list_standings(tx: Tx) -> list[ChannelStanding]:
    """Return how telling and fetching go, of every channel that is told anything."""
    asked, folders = await fetching.views(tx), await exchanging.views(tx)
    told_to = sorted(code for code, one in (await connections(tx)).items() if one.is_told)
    standings = await pace.list_standings(tx, ERRAND, told_to)
    counts: dict[tuple[str, bool], int] = {}
    for row in await outgoing.count_unsettled(tx):
        key = row["channel"], row["state"] == "waiting"
        counts[key] = counts.get(key, 0) + row["messages"]
    found: list[ChannelStanding] = []
    for channel in told_to:
        one = standings.get(channel)
        found.append(
            ChannelStanding(
                channel=channel,
                waiting=counts.get((channel, True), 0),
                not_told=counts.get((channel, False), 0),
                ready_at=one.ready_at if one else None,
                failures=one.failures if one else 0,
                code=one.code if one else "",
                detail=one.detail if one else "",
                fetching=asked.get(channel),
                folder=folders.get(channel),
            )
        )
    return found


async def _views(tx: Tx, rows: Sequence[Record]) -> list[OutgoingView]:
    ids = {row["order_id"] for row in rows if row["order_id"]}
    heads = await orders.list_heads(tx, list(ids)) if ids else {}
    names = [name for name in OutgoingView.__struct_fields__ if name != "order_number"]
    return [
        OutgoingView(
            **{name: row[name] for name in names},
            order_number=heads[row["order_id"]].number if row["order_id"] in heads else None,
        )
        for row in rows
    ]


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tell channels again what they were not told.

    Args:
        outgoing_ids: which messages, or
        channel: all that were not told of a channel; likewise for one reason alone.
    """

    outgoing_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=RESENT_AT_ONCE_MAX)] = ()
    channel: Annotated[str, msgspec.Meta(max_length=64)] = ""
    code: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Resent(msgspec.Struct, frozen=True):
    """What is told again.

    Args:
        messages: how many; those of a channel at most a thousand at once.
    """

    messages: int


async def resend(tx: Tx, wish: Resend) -> Resent:
    """Have messages told again, with the keys and numbers they had.

    Raises:
        ReplayUnclear: neither messages nor a channel are named, or both.
        NoSuchOutgoing, NotResendable: one of the messages is not there, or was told.
        UnknownChannel: there is no such channel.
    """
    if bool(wish.outgoing_ids) == bool(wish.channel):
        raise ReplayUnclear(pointer="/channel")
    ids = wish.outgoing_ids or None
    if wish.channel:
        (await organization.book(tx)).channel(wish.channel, pointer="/channel")
    found = await outgoing.resend(tx, ids, wish.channel, wish.code or None, RESENT_AT_ONCE_MAX)
    if ids is not None and len(found) < len(set(ids)):
        await _refuse(tx, ids)
    if found:
        await turns.wake(tx, sorted(set(found)))
    subject = f"channel:{wish.channel}" if wish.channel else f"outgoing:{wish.outgoing_ids[0]}"
    change = Change(action="channels.resend", subject=subject, after=Resent(len(found)))
    await record(tx, [change])
    return Resent(len(found))


async def _refuse(tx: Tx, ids: Sequence[UUID]) -> None:
    """Refuse the first message that cannot be told again."""
    states = await outgoing.list_states(tx, ids)
    for place, one in enumerate(ids):
        if one not in states:
            raise NoSuchOutgoing(pointer=f"/outgoing_ids/{place}", outgoing=str(one))
        if states[one] != "waiting":
            raise NotResendable(pointer=f"/outgoing_ids/{place}", state=states[one])


class DocumentHead(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a channel may fetch.

    Args:
        number: 1 for the first of the channel; the next page begins after it.
        bytes: how long it is; 0 once it is erased.
    """

    number: int
    name: str
    media_type: str
    bytes: int
    created_at: datetime


async def list_documents(
    tx: Tx, channel: str, token: str, *, after: int, limit: int
) -> list[DocumentHead]:
    """Return the files of a channel after one of them, for who knows its token.

    Raises:
        NothingToFetch: it does not let anybody fetch, or the token is another.
    """
    await _require_token(tx, channel, token)
    rows = await known.list_documents(tx, channel, after, limit)
    return [DocumentHead(**dict(row)) for row in rows]


async def document(tx: Tx, channel: str, token: str, number: int) -> known.Kept:
    """Return a file of a channel, for who knows its token.

    Raises:
        NothingToFetch: it does not let anybody fetch, or the token is another.
        NoSuchOutgoing: there is none of this number.
    """
    await _require_token(tx, channel, token)
    found = await known.find_document(tx, channel, number)
    if found is None:
        raise NoSuchOutgoing(outgoing=str(number))
    return found


async def _require_token(tx: Tx, channel: str, token: str) -> None:
    """Refuse who does not know a channel's token, always alike."""
    found = (await connections(tx)).get(channel)
    open_to_all = found if found and found.active and found.delivery == "pull" else NOBODY
    wanted = open_to_all.token or NOBODY.secret
    same = hmac.compare_digest(token.encode(), wanted.encode())
    if not (same and open_to_all is not NOBODY and open_to_all.token):
        raise NothingToFetch


async def forget_told(tx: Tx) -> bool:
    """Remove what channels were told long ago; True when some is left."""
    return await outgoing.forget(tx, tx.now - timedelta(days=TOLD_RETENTION_DAYS))


RESEND = one_by_one("channels.resend", Resend, Resent, resend)
