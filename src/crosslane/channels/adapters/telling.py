"""What every teller is: how what we say becomes calls or files of a family.

A teller is a generator. It is given messages and yields what it wants done, a call or a document,
one after the other; each time it is given the answer. In the end it returns one outcome for each
message. It knows no clock, no network and no database, so it is tried by feeding it answers::

    def ship(messages, talk):
        [one] = messages
        answer = yield json_call("POST", f"orders/{one.message.order}/parcels", {...})
        if not answer.is_good:
            return [Outcome.refused(answer)]
        return [Outcome(learnt={f"parcel:{one.message.source_id}": answer.document()["id"]})]

Whatever it does may be done again, when nobody can say what became of the last try. Where a channel
knows idempotency keys, a call carries the message's; where it knows none, a teller asks first
whether it has happened. What it cannot go on with it raises: :class:`Busy`, :class:`Later`,
:class:`Refused`. Answers of 429, 5xx, and 401 never reach it.
"""

from collections.abc import Callable, Generator, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Literal

import msgspec

from crosslane.channels.domain.exchange import WrittenTable
from crosslane.channels.domain.messages import Order, Outbound

CODE_CHARACTERS_MAX = 60
DETAIL_CHARACTERS_MAX = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is to be told.

    Args:
        key: idempotency key, the same at every try.
        number: grows with each message of the channel, is never used twice, and is the same at
            every try: the control number of what is made of it.
        message: what is said.
        order: the newest whole order the channel told, of the order it is about, with its ``rest``;
            None when it is about none, or is erased.
        known: what earlier tellings about the order, or about the articles named, have learnt, by
            name, such as ``fulfillment:<source_id>``; and of articles named, as far as the channel
            has told, its names: ``article:<sku>``, ``stock:<sku>``.
    """

    key: str
    number: int
    message: Outbound
    order: Order | None = None
    known: Mapping[str, str] = {}


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """With whom we talk.

    Args:
        channel: code of the channel; likewise its own name of itself, such as a shop's domain.
        currency: ISO 4217, of the channel; likewise its IANA zone.
        now: when the try began.
        settings: values of the names the family declares; one that is not set is absent.
        secret: authorises our calls, "" for none.
        locations: THEIR names by codes of ours; likewise of services.
        tables: how messages are written as tables, by kind, for formats of tables.
        memory: what a teller keeps for its next tries, such as an access token. May be empty at any
            time, and is kept nowhere.
    """

    channel: str = ""
    account: str = ""
    currency: str = "GBP"
    timezone: str = "UTC"
    now: datetime = EPOCH
    settings: Mapping[str, str] = {}
    secret: str = ""
    locations: Mapping[str, str] = {}
    services: Mapping[str, str] = {}
    tables: Mapping[str, WrittenTable] = {}
    memory: MutableMapping[str, str] = msgspec.field(default_factory=dict[str, str])

    def setting(self, name: str) -> str:
        """Return the value of a setting that nothing can be told without.

        Raises:
            Refused: it is not set.
        """
        if not (value := self.settings.get(name, "")):
            raise Refused("setting-missing", f"The connection has no setting {name}")
        return value


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call over HTTP.

    Args:
        method: of HTTP.
        path: below the connection's address; a whole address calls another host.
        headers: to be sent, with the authorisation.
        body: to be sent.
        answer_bytes_max: the longest answer that is read.
        concealed: its body and its answer hold secrets, so that nobody is shown them.
    """

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    answer_bytes_max: int = 1 << 20
    concealed: bool = False


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is handed over as a whole, whichever way the connection says.

    Args:
        name: of the file; the same at every try, and in its channel only of this one.
        media_type: of its body.
        body: as it is handed over.
    """

    name: str
    media_type: str
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of a call; of a document, that it is kept or was taken.

    Args:
        status: of HTTP.
        headers: by names in lower case.
        body: all of it.
    """

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Whether what was asked for was done."""
        return 200 <= self.status < 300

    def document(self) -> Any:
        """Return the body as JSON.

        Raises:
            Later: it is none.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise Later(f"An answer of status {self.status} is not JSON") from None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message.

    Args:
        state: the channel knows it; will not have it; has no way to be told; or needs not be told,
            as it knows already.
        learnt: what later tellings need, by name; see ``Outgoing.known``.
        code: why, when it was not told; likewise words for people.
        instead: which of the things the channel lacks was worked around, by its name in
            ``Family.lacks``.
        control: number of the interchange it was told in, where partners answer by that; likewise
            its place in it, from 1.
    """

    state: Literal["told", "refused", "unsupported", "needless"] = "told"
    learnt: Mapping[str, str] = {}
    code: str = ""
    detail: str = ""
    instead: str = ""
    control: int | None = None
    place: int | None = None

    @classmethod
    def refused(cls, answer: Answer, code: str = "", detail: str = "") -> "Outcome":
        """Return that a channel will not have it; its status says why unless somebody knows."""
        return cls(
            state="refused",
            code=(code or f"answer-{answer.status}")[:CODE_CHARACTERS_MAX],
            detail=detail[:DETAIL_CHARACTERS_MAX],
        )


class Busy(Exception):
    """The channel asks us to wait; the try does not count.

    Args:
        after_seconds: for how long.
    """

    def __init__(self, after_seconds: float) -> None:
        super().__init__(f"asked to wait {after_seconds:g} seconds")
        self.after_seconds = after_seconds


class Later(Exception):
    """It failed in a way that may pass; it is tried again, so often as anything is.

    Args:
        reason: shown to people; quotes no answer.
    """


class Refused(Exception):
    """None of the messages can be told until somebody mends something.

    Args:
        code: stable name of the reason.
        detail: for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


Conversation = Generator[Call | Document, Answer, Sequence[Outcome]]
Tell = Callable[[Sequence[Outgoing], Talk], Conversation]


class Telling(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """How messages of a kind are told.

    Args:
        tell: makes calls or documents of them.
        at_once_max: so many are given to it together; those of one order in the order in which they
            were said.
        rows_max: so many articles at most come in one message of stock.
        calls: so many calls it usually makes, which the pace counts with.
        note: what it becomes there, for the table of what a family can.
    """

    tell: Tell
    at_once_max: int = 1
    rows_max: int = 250
    calls: int = 1
    note: str = ""


class Rate(msgspec.Struct, frozen=True):
    """How fast a channel may be called.

    Args:
        burst: calls that may come at once.
        per_second: calls that it takes steadily.
    """

    burst: int
    per_second: float


def json_call(
    method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Call:
    """Return a call whose body is JSON.

    Args:
        method: of HTTP.
        path: below the connection's address.
        body: to be sent; none when None.
        headers: to be sent besides those of JSON.
    """
    told = {"accept": "application/json", **(headers or {})}
    if body is None:
        return Call(method=method, path=path, headers=told)
    told["content-type"] = "application/json"
    return Call(method=method, path=path, headers=told, body=msgspec.json.encode(body))


def wary(tell: Tell) -> Tell:
    """Return a teller to which an answer of another shape than documented is one to ask for again.

    For channels whose answers are taken apart by name. What else is wrong with the teller looks the
    same, so its tests hold it to outcomes.

    Args:
        tell: raises LookupError, TypeError, ValueError or AttributeError at such an answer.
    """

    @wraps(tell)
    def told(messages: Sequence[Outgoing], talk: Talk) -> Conversation:
        try:
            return (yield from tell(messages, talk))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Later("An answer is not of the shape that is documented") from error

    return told
