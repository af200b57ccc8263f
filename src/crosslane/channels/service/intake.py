"""Taking in: a body is kept record by record, known records are told apart, the rest is announced.

One transaction stores everything or nothing. What a message does happens later, by the log.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.channels.adapters import JSON, Parsed, Record, Source, adapter_of, decode_text
from crosslane.channels.adapters.port import ENCODINGS
from crosslane.channels.domain.messages import Sale, Void, kind_of
from crosslane.channels.errors import (
    NothingSent,
    UnknownDelimiter,
    UnknownEncoding,
    WrongMediaType,
)
from crosslane.channels.events import MessageQuarantined, MessageReceived
from crosslane.channels.storage import batches, messages
from crosslane.channels.storage.batches import Batch
from crosslane.channels.storage.messages import Draft
from crosslane.kernel import new_id
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

UNREADABLE = "unreadable"
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Two bodies with the same new messages may meet; the second try sees what the other has stored.
TRIES_MAX = 5


class Receive(msgspec.Struct, frozen=True, kw_only=True):
    """Take a body in that was read already.

    Args:
        channel: code of the channel.
        format: its format; likewise the name its sender gives it, and how it was read.
        digest: of the bytes; likewise how many they were.
        parsed: what it says.
    """

    channel: str
    format: str
    file_name: str
    encoding: str
    delimiter: str
    digest: bytes
    bytes: int
    parsed: Parsed


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A body that was taken in.

    Args:
        id: the batch.
        records: how many messages it has.
        counts: how many of them are in which state; those received are applied in a moment.
    """

    id: UUID
    channel: str
    format: str
    records: int
    counts: dict[str, int]
    received_at: datetime


def read_body(
    raw: bytes,
    *,
    channel: str,
    currency: str,
    format: str,
    media_type: str = "",
    file_name: str = "",
    encoding: str = "utf-8",
    delimiter: str = "comma",
) -> Receive:
    """Take a body apart; work for a thread when it is large.

    Args:
        raw: the bytes as they came.
        channel: code of the channel.
        currency: ISO 4217, the channel's.
        format: name of the format.
        media_type: in which it was sent, empty for the format's usual one.
        file_name: as its sender calls it.
        encoding: of the text.
        delimiter: between the columns of a row, by name.

    Raises:
        UnknownFormat, WrongMediaType, UnknownEncoding, UnknownDelimiter: it is sent as something
            nobody knows.
        NotText, NothingSent, TooManyRecords, BatchMalformed, ColumnMissing, ColumnUnknown: it is
            nothing of this format.
    """
    adapter = adapter_of(format)
    if media_type and media_type not in adapter.media_types:
        raise WrongMediaType(format=format, expected=" or ".join(adapter.media_types))
    if encoding not in ENCODINGS:
        raise UnknownEncoding(pointer="/encoding", known=", ".join(ENCODINGS))
    if delimiter not in DELIMITERS:
        raise UnknownDelimiter(pointer="/delimiter", known=", ".join(DELIMITERS))
    text = decode_text(raw, encoding)
    if media_type == JSON:
        # Between the words of JSON a line end is a blank, and inside a word there can be none.
        text = text.replace("\r", " ").replace("\n", " ")
    source = Source(channel=channel, currency=currency, delimiter=DELIMITERS[delimiter])
    parsed = adapter.parse(text, source)
    if not parsed.records:
        raise NothingSent
    return Receive(
        channel=channel,
        format=format,
        file_name=file_name,
        encoding=encoding,
        delimiter=DELIMITERS[delimiter],
        digest=hashlib.blake2b(raw, digest_size=16).digest(),
        bytes=len(raw),
        parsed=parsed,
    )


def stores_of(wish: Receive) -> set[str]:
    """Return the stores a body speaks for by itself; "" for what is of no till."""
    messages_read = (record.message for record in wish.parsed.records)
    return {
        message.store if isinstance(message, Sale) else ""
        for message in messages_read
        if not isinstance(message, Void)
    }


async def receive(tx: Tx, wish: Receive) -> Received:
    """Keep a body and announce what is new in it.

    Raises:
        UnknownChannel: there is no such channel.
    """
    (await organization.book(tx)).channel(wish.channel, pointer="/code")
    batch = Batch(
        id=new_id(),
        channel=wish.channel,
        format=wish.format,
        file_name=wish.file_name,
        encoding=wish.encoding,
        delimiter=wish.delimiter,
        head=wish.parsed.head,
        tail=wish.parsed.tail,
        digest=wish.digest,
        bytes=wish.bytes,
        records=len(wish.parsed.records),
        received_at=tx.now,
        received_by=str(tx.actor),
        trace=tx.trace,
    )
    drafts = [draft_of(record, wish.channel) for record in wish.parsed.records]
    await batches.insert_batch(tx, batch)
    await _store(tx, batch.id, drafts)
    await messages.insert_raw(tx, drafts)
    await log.append(tx, [event for draft in drafts for event in _events(draft)])
    return Received(
        id=batch.id,
        channel=batch.channel,
        format=batch.format,
        records=batch.records,
        counts=Counter(draft.state for draft in drafts),
        received_at=tx.now,
    )


def draft_of(record: Record, channel: str) -> Draft:
    """Return a record as the message it will be."""
    message, fault = record.message, record.fault
    if message is None:
        digest = _digest(record.body.encode())
        kind, source_id, version, event_at = UNREADABLE, digest.hex(), 0, None
        canonical = None
    else:
        kind, source_id = kind_of(message), message.source_id
        version, event_at = message.source_version, message.event_at
        canonical = msgspec.json.encode(message)
        # A till that sends its batch again as a new version repeats the sales it had right.
        digest = _digest(msgspec.json.encode(msgspec.structs.replace(message, source_version=1)))
    draft = Draft(
        id=new_id(),
        place=record.place,
        channel=channel,
        kind=kind,
        source_id=source_id,
        source_version=version,
        event_at=event_at,
        digest=digest,
        canonical=canonical,
        body=record.body,
    )
    if fault is not None:
        _quarantine(draft, fault.code, fault.detail, fault.pointer)
    return draft


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _quarantine(draft: Draft, code: str, detail: str, pointer: str = "") -> None:
    draft.state, draft.code, draft.detail, draft.pointer = "quarantined", code, detail, pointer


async def _store(tx: Tx, batch_id: UUID, drafts: Sequence[Draft]) -> None:
    """Store messages; one whose identity is known already repeats it, or is refused."""
    waiting = first_of_each(drafts)
    stored = [draft for draft in drafts if not draft.owns]
    if stored:
        await messages.insert_messages(tx, batch_id, stored)
    for _ in range(TRIES_MAX):
        owners = await messages.lock_owners(tx, waiting)
        fresh = [draft for draft in waiting if draft.identity not in owners]
        met = [draft for draft in waiting if draft.identity in owners]
        given_way = []
        for draft in met:
            owner = owners[draft.identity]
            if owner.state == "quarantined" and owner.digest != draft.digest:
                given_way.append(owner.id)
                fresh.append(draft)
            else:
                repeat(draft, same=owner.digest == draft.digest)
        await messages.disown(tx, given_way)
        known = [draft for draft in met if not draft.owns]
        taken = await messages.insert_messages(tx, batch_id, [*known, *fresh])
        waiting = [draft for draft in fresh if draft.id not in taken]
        if not waiting:
            return
    raise RuntimeError("others keep storing the same messages")


def first_of_each(drafts: Sequence[Draft]) -> list[Draft]:
    """Mark what repeats an earlier one of the same identity; return the others."""
    seen: dict[messages.Identity, Draft] = {}
    for draft in drafts:
        first = seen.setdefault(draft.identity, draft)
        if first is not draft:
            repeat(draft, same=first.digest == draft.digest)
    return list(seen.values())


def repeat(draft: Draft, *, same: bool) -> None:
    """Mark a message as no news, or as a contradiction of one that stands for its identity."""
    draft.owns = False
    if same:
        draft.state, draft.code, draft.detail, draft.pointer = "repeated", "", "", ""
    else:
        detail = f"Version {draft.source_version} of it said something else before"
        _quarantine(draft, "version-reused", detail, "/source_version")


def _events(draft: Draft) -> list[log.Event]:
    told = {"message_id": draft.id, "channel": draft.channel, "source_id": draft.source_id}
    if draft.state == "received":
        return [MessageReceived(**told)]
    if draft.state == "quarantined":
        return [MessageQuarantined(**told, code=draft.code)]
    return []


RECEIVE = one_by_one("channels.receive", Receive, Received, receive)
