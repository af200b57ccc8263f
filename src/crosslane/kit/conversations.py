"""Conversations: what a family is to tell, what it asks for, and what its channel answers.

A file holds one, as it went or as the channel's own documentation says it goes::

    {"tells": [{"message": {"type": "fulfillment", ...}, "known": {...}, "order": {...}}],
     "talk": {"secret": "...", "settings": {...}, "locations": {...}},
     "steps": [{"asks": {"method": "POST", "path": "orders/7/parcels", "body": {...}},
                "answer": {"status": 201, "body": {"id": "99"}}}],
     "ends": [{"state": "told", "learnt": {"parcel/F-1": "99"}}]}

A document that is handed over is asked for by its ``name``; ``holds`` are texts that stand in it.
``raises`` instead of ``ends`` is ``busy``, ``later`` or ``refused``.
"""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import msgspec

from crosslane.channels.adapters import (
    Answer,
    Busy,
    Call,
    Document,
    Later,
    Order,
    Outbound,
    Outcome,
    Outgoing,
    Refused,
    Talk,
    kind_of,
)
from crosslane.kit.errors import FixturesUnusable

STEPS_MAX = 1_000
Asked = Call | Document
Ended = Literal["busy", "later", "refused"]
Ending = TypeVar("Ending")


class ToldMessage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message that is to be told, see Outgoing; its key and number are its place when absent."""

    message: Outbound
    key: str = ""
    number: int = 0
    order: Order | None = None
    known: dict[str, str] = {}


class Asks(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a teller wants done; what is absent is not looked at.

    Args:
        method, path, headers: of a call.
        body: of it, as JSON or as text.
        name, media_type: of a document.
        holds: texts in the body.
    """

    method: str | None = None
    path: str | None = None
    headers: dict[str, str] = {}
    body: Any = msgspec.UNSET
    name: str | None = None
    media_type: str | None = None
    holds: tuple[str, ...] = ()

    def differs(self, asked: Asked) -> str:
        """Return in what something else was asked for, "" when in nothing."""
        for name in ("method", "path", "name", "media_type"):
            wanted, found = getattr(self, name), getattr(asked, name, None)
            if wanted is not None and wanted != found:
                return f"{name} is {found!r}, not {wanted!r}"
        sent = {k.lower(): v for k, v in getattr(asked, "headers", {}).items()}
        for name, value in self.headers.items():
            if sent.get(name.lower()) != value:
                return f"header {name} is {sent.get(name.lower())!r}, not {value!r}"
        text = asked.body.decode("utf-8", "backslashreplace")
        if self.body is not msgspec.UNSET and self.body != _as_json(asked.body, text):
            return f"body is {text[:500]}"
        missing = [part for part in self.holds if part not in text]
        return f"{missing[0]!r} is not in the body" if missing else ""


class Answered(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the channel answers; a body that is no text is sent as JSON."""

    status: int = 200
    headers: dict[str, str] = {}
    body: Any = ""

    def answer(self) -> Answer:
        """Return it as a teller gets it."""
        plain = isinstance(self.body, str)
        body = self.body.encode() if plain else msgspec.json.encode(self.body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Answer(status=self.status, headers=headers, body=body)


class Step(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A question and its answer."""

    asks: Asks
    answer: Answered = msgspec.field(default_factory=Answered)


class Conversation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A conversation from its beginning to its end.

    Args:
        tells: messages of one kind that are told together.
        talk: with whom.
        steps: what is asked, and answered.
        ends: what becomes of each message, or
        raises: what ends it all.
        note: what it shows, for people.
    """

    tells: tuple[ToldMessage, ...]
    talk: Talk = msgspec.field(default_factory=Talk)
    steps: tuple[Step, ...] = ()
    ends: tuple[Outcome, ...] = ()
    raises: Ended | None = None
    note: str = ""
    name: str = ""

    @property
    def kind(self) -> str:
        """Kind of its messages."""
        return kind_of(self.tells[0].message)

    def outgoing(self) -> list[Outgoing]:
        """Return its messages as a teller gets them."""
        return [
            Outgoing(
                key=one.key or f"key-{place}",
                number=one.number or place,
                message=one.message,
                order=one.order,
                known=one.known,
            )
            for place, one in enumerate(self.tells, 1)
        ]

    def begun(self) -> Talk:
        """Return with whom it is, remembering nothing."""
        return msgspec.structs.replace(self.talk, memory=dict(self.talk.memory))


class Gone(msgspec.Struct, Generic[Ending]):
    """How a conversation went.

    Args:
        asked: what the family wanted, in its order.
        ending: what it returned, None when it did not come to that.
        raised: what ended it instead.
        broken: what no family may do, "" when it did not.
    """

    asked: list[Asked]
    ending: Ending | None = None
    raised: Ended | None = None
    broken: str = ""


def read_conversation(path: Path) -> Conversation:
    """Read a conversation from its file.

    Raises:
        FixturesUnusable: it is none.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Conversation)
    except msgspec.MsgspecError as error:
        raise FixturesUnusable(file=str(path), reason=str(error)) from None
    if not found.tells or len({kind_of(one.message) for one in found.tells}) > 1:
        raise FixturesUnusable(file=str(path), reason="it tells messages of one kind")
    return msgspec.structs.replace(found, name=path.stem)


def hold(
    begin: Callable[[], Generator[Asked, Answer, Ending]],
    answers: Callable[[int, Asked], Answer | None],
    judge: Callable[[Ending], str],
    *,
    asks_max: int = STEPS_MAX,
) -> Gone[Ending]:
    """Let a family talk.

    Args:
        begin: begins a teller or a fetcher.
        answers: what is answered to the nth thing it asks for; None leaves it alone there, as a
            process that dies does.
        judge: says what is wrong with what it returns, "" when nothing is.
        asks_max: things it may ask for.
    """
    gone: Gone[Ending] = Gone([])
    try:
        conversation = begin()
        wanted = next(conversation)
        while True:
            if len(gone.asked) == asks_max:
                gone.broken = f"it asks for more than {asks_max} things"
                return gone
            gone.asked.append(wanted)
            answer = answers(len(gone.asked) - 1, wanted)
            if answer is None:
                conversation.close()
                return gone
            wanted = conversation.send(answer)
    except StopIteration as ended:
        gone.ending = ended.value
        gone.broken = judge(ended.value)
    except Busy:
        gone.raised = "busy"
    except Later:
        gone.raised = "later"
    except Refused:
        gone.raised = "refused"
    except Exception as error:
        gone.broken = f"{type(error).__name__}: {error}"
    return gone


def _as_json(body: bytes, text: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text


__all__ = ["Asked", "Conversation", "Gone", "hold", "read_conversation"]
