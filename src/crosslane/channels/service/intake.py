"""Taking in: a body is kept record by record, known messages are told apart, the rest is announced.

Bodies that come at the same moment are stored together, each whole or not at all. What a message
does happens later, by the log.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from crosslane import organization
from crosslane.channels.adapters import (
    RECORDS_MAX,
    Context,
    Family,
    Fault,
    Reading,
    family_of,
    read_records,
)
from crosslane.channels.adapters.port import ENCODINGS
from crosslane.channels.domain.agreement import Agreement
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.folding import heard
from crosslane.channels.domain.messages import Message, Sale, Void, kind_of
from crosslane.channels.domain.replies import Acknowledgment
from crosslane.channels.errors import (
    NothingSent,
    TooManyRecords,
    UnknownDelimiter,
    UnknownEncoding,
    WrongMediaType,
)
from crosslane.channels.events import MessageQuarantined, MessageReceived
from crosslane.channels.service.connecting import connection_of
from crosslane.channels.service.mapping import MappingView
from crosslane.channels.service.saying.acknowledging import acknowledge
from crosslane.channels.storage import batches, messages, records
from crosslane.channels.storage.batches import Batch
from crosslane.channels.storage.messages import Draft
from crosslane.channels.storage.records import Raw
from crosslane.kernel import Refusal, new_id
from crosslane.organization import Channel
from crosslane.platform import log
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, NotTogether

UNREADABLE, NOTHING = "unreadable", "nothing"
SAYS_NOTHING = Fault("says-nothing", "The record asks for nothing")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
HEADER_CHARACTERS_MAX = 500
INLINE_BYTES_MAX = 64 << 10
# More than this is kept body by body: who comes with little does not wait for who comes with much.
TOGETHER_RECORDS_MAX = 1_000
TOGETHER_BYTES_MAX = 4 << 20
# Two bodies with the same new messages may meet; the second try sees what the other has stored.
TRIES_MAX = 5


class Receive(msgspec.Struct, frozen=True, kw_only=True):
    """Take a body in that was read already.

    Args:
        channel: code of the channel.
        format: its format; likewise the name its sender gives it, how it was read, and the name of
            what its columns mean.
        digest: of the bytes; likewise how many they were.
        readings: what its records say.
        headers: those kept of what it came with.
        delivery: the sender's own name of it, "" for none.
        sender: who sent it, as ``kind:id``, when that is not the caller.
        acknowledged: what is to be acknowledged of it.
    """

    channel: str
    format: str
    file_name: str
    encoding: str
    delimiter: str
    mapping: str
    digest: bytes
    bytes: int
    readings: tuple[Reading, ...]
    headers: Mapping[str, str] = MappingProxyType({})
    delivery: str = ""
    sender: str = ""
    acknowledged: tuple[Acknowledgment, ...] = ()


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A body that was taken in.

    Args:
        id: the batch.
        records: how many it has.
        counts: how many messages they say are in which state; those received are applied in a
            moment. Empty when the delivery was known already.
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
    channel: Channel,
    agreed: Agreement,
    format: str,
    received_at: datetime,
    media_type: str = "",
    file_name: str = "",
    encoding: str = "",
    delimiter: str = "comma",
    mapping: MappingView | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    sender: str = "",
) -> Receive:
    """Take a body apart; work for a thread when it is large.

    Args:
        raw: the bytes as they came.
        channel: where they came from.
        agreed: what was agreed on with it for this format.
        format: name of the format.
        received_at: when they came.
        media_type: in which it was sent, empty for the format's usual one.
        file_name: as its sender calls it.
        encoding: of the text, "" when it is the usual one or the body tells.
        delimiter: between the columns of a row, by name.
        mapping: what the columns of a table mean, None for the format's own.
        headers: what it came with, by names in lower case.
        sender: who sent it, as ``kind:id``, when that is not the caller.

    Raises:
        UnknownFormat, WrongMediaType, UnknownEncoding, UnknownDelimiter: it is sent as something
            nobody knows.
        MappingUnusable: the mapping means something its kind of message does not have.
        NotText, NothingSent, TooManyRecords, BatchMalformed, ColumnMissing, ColumnUnknown: it is
            nothing of this format.
    """
    family = family_of(format)
    _require_known(family, media_type, encoding, delimiter)
    kept = _kept(family, headers)
    context = msgspec.structs.replace(
        context_of(family, channel, agreed, kept, received_at, DELIMITERS[delimiter]),
        media_type=media_type,
        encoding=encoding,
        mapping=mapping.mapping if mapping else None,
    )
    readings = _readings(family, raw, context)
    return Receive(
        channel=channel.code,
        format=format,
        file_name=file_name,
        encoding=encoding,
        delimiter=(mapping.mapping.delimiter if mapping else "") or DELIMITERS[delimiter],
        mapping=mapping.name if mapping else "",
        digest=_digest(raw),
        bytes=len(raw),
        readings=readings,
        headers=kept,
        delivery=family.envelope(headers).delivery_id,
        sender=sender,
        acknowledged=tuple(family.acknowledge(readings, context)) if family.acknowledge else (),
    )


def _readings(family: Family, raw: bytes, context: Context) -> tuple[Reading, ...]:
    readings = read_records(family, raw, context) if raw else ()
    if not readings:
        raise NothingSent
    if len(readings) > RECORDS_MAX:
        raise TooManyRecords(most=RECORDS_MAX)
    return readings


async def read_aside(raw: bytes, **how: Any) -> Receive:
    """Do :func:`read_body`, in a thread when there is much, so that it holds up nobody else."""
    if len(raw) <= INLINE_BYTES_MAX:
        return read_body(raw, **how)
    return await asyncio.to_thread(read_body, raw, **how)


def _kept(family: Family, headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of the headers of a body that its format keeps."""
    return {n: headers[n][:HEADER_CHARACTERS_MAX] for n in family.headers if n in headers}


def _require_known(family: Family, media_type: str, encoding: str, delimiter: str) -> None:
    """Refuse what is sent as something nobody knows."""
    if media_type and media_type not in family.media_types:
        raise WrongMediaType(format=family.name, expected=" or ".join(family.media_types))
    if encoding and encoding not in ENCODINGS:
        raise UnknownEncoding(pointer="/encoding", known=", ".join(ENCODINGS))
    if delimiter not in DELIMITERS:
        raise UnknownDelimiter(pointer="/delimiter", known=", ".join(DELIMITERS))


def context_of(
    family: Family,
    channel: Channel,
    agreed: Agreement,
    headers: Mapping[str, str],
    received_at: datetime,
    delimiter: str,
) -> Context:
    """Return what reading needs to know of a batch, today as when it came."""
    envelope = family.envelope(headers)
    return Context(
        channel=channel.code,
        currency=channel.currency,
        timezone=channel.timezone,
        topic=envelope.topic,
        said_at=envelope.said_at,
        received_at=received_at,
        delimiter=delimiter,
        packs=agreed.packs,
        settings=agreed.settings,
    )


def stores_of(wish: Receive) -> set[str]:
    """Return the stores a body speaks for by itself; "" for what is of no till."""
    said = [message for reading in wish.readings for message in reading.messages]
    unread = any(not reading.messages for reading in wish.readings)
    return ({""} if unread else set()) | {
        message.store if isinstance(message, Sale) else ""
        for message in said
        if not isinstance(message, Void)
    }


async def receive(tx: Tx, commands: Sequence[Command[Receive]]) -> list[Received | Refusal]:
    """Keep bodies and announce what is new in them; one of a channel that is not is refused.

    Raises:
        NotTogether: they are too much at once, or what becomes of one may depend on another.
    """
    if len(commands) > 1 and not _fit_together([command.body for command in commands]):
        raise NotTogether
    book = await organization.book(tx)
    answers: dict[str, Received | Refusal] = {}
    asked: list[_Asked] = []
    for command in commands:
        try:
            book.channel(command.body.channel, pointer="/code")
        except Refusal as refusal:
            answers[command.key] = refusal
        else:
            asked.append(_Asked(command, _batch(command, tx.now)))
    stored = await batches.insert_batches(tx, [one.batch for one in asked])
    await _keep(tx, [one for one in asked if one.batch.id in stored])
    again = [one for one in asked if one.batch.id not in stored]
    if again:
        known = await batches.list_deliveries(tx, [one.delivery for one in again])
        for one in again:
            one.batch = msgspec.structs.replace(one.batch, id=known[one.delivery])
    answers |= {one.command.key: one.received for one in asked}
    return [answers[command.key] for command in commands]


def _fit_together(wishes: Sequence[Receive]) -> bool:
    """Whether bodies can be kept in one transaction as if they came one after the other."""
    read = [reading for wish in wishes for reading in wish.readings]
    return (
        len(read) <= TOGETHER_RECORDS_MAX
        and sum(wish.bytes for wish in wishes) <= TOGETHER_BYTES_MAX
        # What is kept back gives way to what comes after it.
        and all(reading.fault is None for reading in read)
    )


class _Asked(msgspec.Struct, eq=False):
    """A body that is asked to be kept.

    Args:
        command: who asks for it.
        batch: as which it is kept, or was already.
        drafts: what it says; nothing when it was there already.
    """

    command: Command[Receive]
    batch: Batch
    drafts: list[Draft] = []

    @property
    def delivery(self) -> tuple[str, str]:
        """What its sender calls it."""
        return self.batch.channel, self.batch.delivery

    @property
    def received(self) -> Received:
        """What is answered."""
        return Received(
            id=self.batch.id,
            channel=self.batch.channel,
            format=self.batch.format,
            records=self.batch.records,
            counts=Counter(draft.state for draft in self.drafts),
            received_at=self.batch.received_at,
        )


def _batch(command: Command[Receive], now: datetime) -> Batch:
    wish = command.body
    return Batch(
        id=new_id(),
        channel=wish.channel,
        format=wish.format,
        file_name=wish.file_name,
        encoding=wish.encoding,
        delimiter=wish.delimiter,
        mapping=wish.mapping,
        headers=dict(wish.headers),
        delivery=wish.delivery,
        digest=wish.digest,
        bytes=wish.bytes,
        records=len(wish.readings),
        received_at=now,
        received_by=wish.sender or str(command.actor),
        trace=command.trace,
    )


async def _keep(tx: Tx, fresh: Sequence[_Asked]) -> None:
    """Store what bodies say and how they say it, and announce it."""
    if not fresh:
        return
    for one in fresh:
        family = family_of(one.batch.format)
        connection = await connection_of(tx, one.batch.channel)
        one.drafts = [
            draft
            for reading in one.command.body.readings
            for draft in drafts_of(reading, family, connection, one.batch)
        ]
    await store(tx, [draft for one in fresh for draft in one.drafts])
    await records.insert_raw(
        tx,
        [(one.batch.id, _raw(reading)) for one in fresh for reading in one.command.body.readings],
    )
    told = [
        (event, one.command) for one in fresh for draft in one.drafts for event in events_of(draft)
    ]
    await log.append(tx, [event for event, _ in told], [command for _, command in told])
    for one in fresh:
        await acknowledge(tx, one.batch, one.command.body.acknowledged)


def _raw(reading: Reading) -> Raw:
    return Raw(place=reading.place, head=reading.head, body=reading.body, tail=reading.tail)


def drafts_of(
    reading: Reading, family: Family, connection: Connection, batch: Batch
) -> list[Draft]:
    """Return a record as the messages it will be, at least one."""
    if not reading.messages:
        return [_wordless(reading, batch)]
    return [
        _draft(reading, part, message, family, connection, batch)
        for part, message in enumerate(reading.messages)
    ]


def _draft(
    reading: Reading,
    part: int,
    message: Message,
    family: Family,
    connection: Connection,
    batch: Batch,
) -> Draft:
    one = heard(message, counts=family.counts)
    message = one.message
    draft = Draft(
        id=new_id(),
        batch_id=batch.id,
        received_at=batch.received_at,
        place=reading.place,
        part=part,
        channel=connection.channel,
        kind=kind_of(message),
        source_id=message.source_id,
        source_version=message.source_version,
        event_at=message.event_at,
        digest=one.digest,
        # Told apart by the channel's own words, since ours for them may change.
        canonical=msgspec.json.encode(connection.translated(message)),
    )
    if reading.fault is not None:
        _quarantine(draft, reading.fault)
    return draft


def _wordless(reading: Reading, batch: Batch) -> Draft:
    """Return what stands for a record that cannot be read, or asks for nothing."""
    digest = _digest((reading.head + reading.body + reading.tail).encode())
    draft = Draft(
        id=new_id(),
        batch_id=batch.id,
        received_at=batch.received_at,
        place=reading.place,
        channel=batch.channel,
        kind=NOTHING if reading.fault is None else UNREADABLE,
        source_id=digest.hex(),
        source_version=0,
        event_at=None,
        digest=digest,
        canonical=None,
    )
    if reading.fault is not None:
        _quarantine(draft, reading.fault)
    else:
        draft.state, draft.code, draft.detail = "kept", SAYS_NOTHING.code, SAYS_NOTHING.detail
    return draft


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _quarantine(draft: Draft, fault: Fault) -> None:
    draft.state = "quarantined"
    draft.code, draft.detail, draft.pointer = fault.code, fault.detail, fault.pointer


async def store(tx: Tx, drafts: Sequence[Draft]) -> None:
    """Store messages; one whose identity is known already repeats it, or is refused."""
    waiting = first_of_each(drafts)
    stored = [draft for draft in drafts if not draft.owns]
    if stored:
        await messages.insert_messages(tx, stored)
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
        taken = await messages.insert_messages(tx, [*known, *fresh])
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
        _quarantine(draft, Fault("version-reused", detail, "/source_version"))


def events_of(draft: Draft) -> list[log.Event]:
    """Return what is to be announced of a message that was stored."""
    told = {"message_id": draft.id, "channel": draft.channel, "source_id": draft.source_id}
    if draft.state == "received":
        return [MessageReceived(**told)]
    if draft.state == "quarantined":
        return [MessageQuarantined(**told, code=draft.code)]
    return []


RECEIVE = CommandKind("channels.receive", Receive, Received, receive)
