"""What every adapter is: how the records of one family are read; one may say several things.

A family is declared once. It reads a stream and answers with readings, each with what a record says
or with why it says nothing that can be understood: no clock, no database, no network. What is said
to its channels is in ``telling.py``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from crosslane.channels.adapters.branches import NotReadable, leads_into, read_json
from crosslane.channels.adapters.fetching import Fetching
from crosslane.channels.adapters.pages import Way, apart
from crosslane.channels.adapters.port import JSON, LINES, RECORDS_MAX, Fault
from crosslane.channels.adapters.telling import Rate, Telling
from crosslane.channels.domain.mapping import TableMapping
from crosslane.channels.domain.messages import Message
from crosslane.channels.domain.packs import Packs
from crosslane.channels.domain.replies import Acknowledgment
from crosslane.kernel import Refusal
from crosslane.platform.telemetry import Log
from crosslane.platform.web import decode_json, decode_written

RECORD_BYTES_MAX = 32 << 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS = 1_000
REST = "/rest/"
log = Log(__name__)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What reading needs to know of where a stream comes from.

    Args:
        channel: code of the channel.
        currency: ISO 4217, of amounts that name none.
        timezone: IANA zone, of times that name none.
        media_type: in which it was sent, "" when nobody says.
        topic: what the sender's envelope says the record is, "" when it says nothing.
        received_at: when it came, for records that tell no time of their own.
        said_at: when the sender's envelope says that it was said, None when it does not.
        encoding: of the stream, whatever it says of itself; "" when only it says so. What is kept
            of a record is read again as UTF-8.
        delimiter: between the columns of a row, where the format leaves that open.
        mapping: what the columns of a table mean, None for the format's own.
        settings: of the channel's connection, by the names the family declares.
        packs: how many units of stock it orders by the case, box or measure.
    """

    channel: str = ""
    currency: str = "GBP"
    timezone: str = "UTC"
    media_type: str = ""
    topic: str = ""
    received_at: datetime = EPOCH
    said_at: datetime | None = None
    encoding: str = ""
    delimiter: str = ","
    mapping: TableMapping | None = None
    settings: Mapping[str, str] = {}
    packs: Packs = Packs()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one record says, and the record as received.

    Head, body and tail one after the other are a stream of one record: read again they say the
    same.

    Args:
        place: number of the record in the stream, from 1.
        rows: numbers of its rows in the stream, where it is a table.
        messages: what it says, in the order it says it; none when it says nothing.
        fault: why none of it is taken, None when it is.
        body: the record; what is not text is escaped.
        head: what reading it needs of what came before it, such as the envelope it lies in;
            likewise after it. Records of one envelope have the same head.
    """

    place: int
    body: str = ""
    head: str = ""
    tail: str = ""
    rows: tuple[int, ...] = ()
    messages: tuple[Message, ...] = ()
    fault: Fault | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers of a delivery say of it.

    Args:
        topic: what it is; "" when they do not say.
        delivery_id: the sender's own name of it, the same whenever it is sent again.
        account: who the sender is, such as its shop's domain.
        said_at: when it was said.
    """

    topic: str = ""
    delivery_id: str = ""
    account: str = ""
    said_at: datetime | None = None


def no_envelope(headers: Mapping[str, str]) -> Envelope:
    """Return the envelope of a family whose headers say nothing."""
    del headers
    return Envelope()


class Family(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How the messages of a family are read, and how its channels are told.

    Args:
        name: of the family.
        brings: kinds of canonical messages it can bring.
        read: takes a stream apart; what is read is forgotten, however long the stream is. Raises a
            Refusal when it is nothing of this family at all.
        media_types: in which it may be sent, the usual one first.
        point: turns a pointer into a message into one into the record it was read from.
        counts: its senders count versions, so one version says one thing. Else versions are
            instants, and of two things said at one instant their content decides which is later.
        together: a record is only understood with the others that were sent with it.
        headers: names of the headers that are kept, in lower case.
        envelope: reads the headers, by names in lower case.
        verify: whether a sender who knows one of the secrets has signed a body, None where senders
            do not sign. Takes the same time whichever is wrong.
        pings: whether a body only asks, unsigned, whether somebody is there.
        acknowledge: says of each envelope that was read what is to be acknowledged of it; nothing
            of one that itself acknowledges.
        tells: how messages are told, by their kind.
        mapped: a connection says by which tables, and is told only kinds it has a table for.
        fetches: how it asks its channels for what has happened, None where they tell by themselves.
        rate: how fast one account of it may be called, None when nobody says.
        patience: how many seconds to wait, from the headers of an answer 429 that says no
            Retry-After; None when they do not say either.
        settings: what reading and telling need to be told of a connection: by name, what it is.
        lacks: what its channels cannot do, by name, and what is done instead.
    """

    name: str
    brings: frozenset[str]
    read: Callable[[BinaryIO, Context], Iterator[Reading]]
    media_types: tuple[str, ...] = (JSON, LINES)
    point: Callable[[str], str] = str
    counts: bool = False
    together: bool = False
    headers: frozenset[str] = frozenset()
    envelope: Callable[[Mapping[str, str]], Envelope] = no_envelope
    verify: Callable[[Mapping[str, str], bytes, Sequence[str]], bool] | None = None
    signs: Callable[[bytes, Mapping[str, str]], bytes] | None = None
    pings: Callable[[bytes], bool] | None = None
    acknowledge: Callable[[Iterable[Reading], Context], Iterator[Acknowledgment]] | None = None
    tells: Mapping[str, Telling] = {}
    mapped: bool = False
    fetches: Fetching | None = None
    rate: Rate | None = None
    patience: Callable[[Mapping[str, str]], float | None] | None = None
    settings: Mapping[str, str] = {}
    lacks: Mapping[str, str] = {}

    def is_signed(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Sequence[str],
        settings: Mapping[str, str],
    ) -> bool:
        """Whether a sender who knows one of the secrets has signed a delivery.

        Args:
            headers: it came with, by names in lower case.
            body: as sent.
            secrets: each of which is good.
            settings: of the connection.
        """
        if self.verify is None:
            return False
        signed = body if self.signs is None else self.signs(body, settings)
        return self.verify(headers, signed, secrets)


def read_records(family: Family, raw: bytes, context: Context) -> tuple[Reading, ...]:
    """Read a body: at most one record more than a body may have.

    An adapter that fails is no reason to turn away or lose what was sent: the whole of it is one
    record then, kept back until the adapter is mended.

    Args:
        family: whose it is.
        raw: as it came.
        context: where it came from.

    Raises:
        Refusal: it is nothing of this family at all.
    """
    try:
        readings = tuple(islice(family.read(BytesIO(raw), context), RECORDS_MAX + 1))
        return keep_whole(readings, raw)
    except Refusal:
        raise
    except Exception as error:
        log.error("an adapter failed", error, family=family.name)
        detail = f"The adapter {family.name} has failed: {type(error).__name__}"
        return (Reading(place=1, body=as_text(raw), fault=Fault("adapter-failed", detail)),)


def keep_whole(readings: tuple[Reading, ...], raw: bytes) -> tuple[Reading, ...]:
    """Return readings with all of a body that could not be cut into records at all."""
    if len(readings) == 1 and readings[0].fault is not None:
        (one,) = readings
        if not (one.head or one.body or one.tail):
            return (msgspec.structs.replace(one, body=as_text(raw)),)
    return readings


_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_encode = msgspec.json.Encoder().encode


def checked(message: Message, point: Callable[[str], str] = str) -> Message:
    """Return a message if it holds to the limits every canonical message holds to.

    Args:
        message: as it was read.
        point: turns a pointer into the message into one into the record.

    Raises:
        NotReadable: with the pointer to what is wrong.
    """
    try:
        rest = _encode(message.rest)
        bare = _encode(msgspec.structs.replace(message, rest={}))
        if b"\\u" not in rest and b"\\u" not in bare:
            # Only escapes can make a text unsafe; all else the type tells, nothing of the rest.
            _decoder.decode(bare)
            return message
    except msgspec.ValidationError:
        pass
    except OverflowError:
        raise NotReadable(Fault("number-out-of-range", "A number does not fit 64 bits")) from None
    try:
        decode_json(_encode(message), Message)
    except Refusal as refusal:
        raise NotReadable(_pointed(Fault.of(refusal), point)) from None
    return message


def checked_text(message: Message, point: Callable[[str], str] = str) -> Message:
    """Do what :func:`checked` does with a message whose rest is text: no number comes from there.

    There is nothing about such a rest that a type could tell, only whether it can be stored.

    Raises:
        NotReadable: with the pointer to what is wrong.
    """
    bare = message
    if message.rest and b"\\u" not in _encode(message.rest):
        bare = msgspec.structs.replace(message, rest={})
    try:
        decode_written(_encode(bare), Message)
    except Refusal as refusal:
        raise NotReadable(_pointed(Fault.of(refusal), point)) from None
    return message


def _pointed(fault: Fault, point: Callable[[str], str]) -> Fault:
    """Let a fault of a message lead into its record, as what is left over does by its name."""
    if fault.pointer.startswith(REST):
        pointer = fault.pointer.removeprefix(REST).replace("~1", "/").replace("~0", "~")
    else:
        pointer = point(fault.pointer)
    return Fault(fault.code, fault.detail, pointer)


def as_text(raw: bytes) -> str:
    """Return a record as it is kept; bytes that are no text, and NUL, are escaped."""
    return raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def kept_text(text: str) -> str:
    """Return the text of a record as it is kept; half a pair, and NUL, are escaped."""
    return as_text(text.encode("utf-8", "surrogatepass"))


def version_of(at: datetime) -> int:
    """Return the version of what was said at an instant, for senders who count no versions."""
    return max(1, round(at.timestamp() * MILLISECONDS))


def json_family(
    name: str,
    brings: frozenset[str],
    understand: Callable[[object, Context], Iterator[Message]],
    *,
    cut: Callable[[bytes], Iterable[bytes]] = lambda document: (document,),
    pages: Sequence[Way] = (),
    **how: Any,
) -> Family:
    """Return a family whose streams are JSON: one document, or one a line.

    A page of several resources is one record, unless one of them cannot be understood: then each is
    a record of its own, so that the others are not kept back with it.

    Args:
        name: of the family.
        brings: kinds of canonical messages it can bring.
        understand: says what a decoded record says; raises NotReadable.
        cut: takes a document apart into its records; raises NotReadable.
        pages: where a document may hold several resources.
        how: what else is to be said of the family.
    """
    point = how.get("point", str)

    def said(raw: bytes, context: Context) -> tuple[Message, ...]:
        document = read_json(raw)
        into = partial(_into, point, document)
        return tuple([checked(one, into) for one in understand(document, context)])

    def read(stream: BinaryIO, context: Context) -> Iterator[Reading]:
        try:
            records = [record for document in _documents(stream) for record in cut(document)]
        except NotReadable as refused:
            yield Reading(place=1, fault=refused.fault)
            return
        place = 0
        for raw in records:
            try:
                messages = said(raw, context)
            except NotReadable as refused:
                for reading in _each(raw, refused.fault, context):
                    place += 1
                    yield msgspec.structs.replace(reading, place=place)
            else:
                place += 1
                yield Reading(place=place, body=as_text(raw), messages=messages)

    def _each(raw: bytes, fault: Fault, context: Context) -> Iterator[Reading]:
        parts = apart(raw, pages)
        for part in parts:
            head, body, tail = map(as_text, part)
            own, messages = None, ()
            try:
                messages = said(b"".join(part), context)
            except NotReadable as refused:
                own = refused.fault
            yield Reading(place=0, head=head, body=body, tail=tail, messages=messages, fault=own)
        if not parts:
            yield Reading(place=0, body=as_text(raw), fault=fault)

    return Family(name=name, brings=brings, read=read, **how)


def _into(point: Callable[[str], str], document: object, pointer: str) -> str:
    """Turn a pointer into one into the document; what is told elsewhere there stays as it is."""
    found = point(pointer)
    return found if leads_into(found, document) else pointer


def _documents(stream: BinaryIO) -> list[bytes]:
    raw = stream.read(RECORD_BYTES_MAX + 1).removeprefix(b"\xef\xbb\xbf")
    if len(raw) > RECORD_BYTES_MAX:
        most = RECORD_BYTES_MAX >> 20
        raise NotReadable(Fault("record-too-large", f"A document has at most {most} MiB"))
    if b"\n" not in raw and b"\r" not in raw:
        return [raw]
    lines = [line for line in raw.splitlines() if line.strip()]
    one_a_line = len(lines) > 1 and all(line.lstrip()[:1] in b"{[" for line in lines)
    return lines if one_a_line and _is_whole(lines[0]) else [raw]


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return True
