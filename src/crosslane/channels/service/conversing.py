"""Talking to a channel: what a family's generator asks for is done, in the channel's pace.

It knows no database: whatever speaks to a channel, to tell it something or to ask, has a
:class:`Speaker` for one turn and saves what came of it afterwards.
"""

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from crosslane.channels.adapters.family import Family
from crosslane.channels.adapters.telling import Answer, Busy, Call, Document, Later, Talk
from crosslane.channels.domain.connection import Connection
from crosslane.channels.domain.exchange import WrittenTable
from crosslane.channels.domain.outgoing import Pace
from crosslane.platform import outbound

# What a channel says when nobody can say what became of a call, or when we are not let in.
BROKEN = 500
NOT_LET_IN = 401
TOO_MANY = 429
BUSY_SECONDS_USUAL = 5.0
BUSY_SECONDS_MAX = 3_600.0
CALLS_MAX = 500
SAID_CHARACTERS_MAX = 4_000
EXCHANGES_MAX = 20
DOCUMENT_BYTES_MAX = 32 << 20
ANSWER_BYTES_MAX = 8 << 20
WEBHOOK_SECRET = "whsec_"  # noqa: S105

Result = TypeVar("Result")


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was made, or a document that was handed over, as it is shown to people.

    Args:
        at: when.
        what: method and path, or the name of the document.
        status: of the answer, 0 when there was none.
        sent: what was sent, as far as it is text and not too long; likewise the answer.
    """

    at: datetime
    what: str
    status: int
    sent: str = ""
    answer: str = ""


class Unreachable(Exception):
    """Nobody answers, or we are not let in: it is nothing the message can help.

    Args:
        code: stable name of the reason.
        detail: for people.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Speaker:
    """Speaks to a channel for one turn.

    Args:
        connection: how its system is connected.
        family: what it speaks.
        pace: how much of its rate was left as the turn began.
        now: when that was.

    Attributes:
        documents: files that were handed over or are to be fetched.
        document: name of the last one since :meth:`begin`, "" for none.
    """

    def __init__(self, connection: Connection, family: Family, pace: Pace, now: datetime) -> None:
        self.connection, self.family = connection, family
        self.documents: list[Document] = []
        self.document = ""
        self._exchanges: list[Exchange] = []
        self._posts = 0
        self._memory: dict[str, str] = {}
        self._pace = pace
        self._now, self._began = now, time.monotonic()

    def talk(
        self,
        currency: str,
        timezone: str,
        memory: dict[str, str],
        tables: Mapping[str, WrittenTable] = MappingProxyType({}),
    ) -> Talk:
        """Return what a family is told of the channel it speaks to."""
        one, self._memory = self.connection, memory
        return Talk(
            channel=one.channel,
            account=one.account,
            currency=currency,
            timezone=timezone,
            now=self.now,
            settings=one.settings,
            secret=one.token,
            locations=_turned(one.locations),
            services=_turned(one.services),
            tables=tables,
            memory=memory,
        )

    def begin(self) -> None:
        """Forget what was said: something else is told now."""
        self.document = ""
        self._exchanges = []
        self._posts = 0

    def said(self) -> tuple[Exchange, ...]:
        """Return what was said since the beginning, the last of it."""
        return tuple(self._exchanges[-EXCHANGES_MAX:])

    @property
    def now(self) -> datetime:
        """The time by the clock of the transaction that began the turn."""
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    @property
    def pace(self) -> Pace:
        """What is left of the rate."""
        return self._pace

    async def converse(
        self, conversation: Generator[Call | Document, Answer, Result], key: str
    ) -> Result:
        """Do what a generator asks for, and return what it returns.

        Args:
            conversation: asks for calls and documents.
            key: names what is told; documents that are posted carry it, each in a way of its own.

        Raises:
            Busy, Later: the channel asks for patience, or it failed in a way that may pass.
            Refused: as the generator says.
            Unreachable: nobody answers, or we are not let in.
        """
        try:
            wanted = next(conversation)
            for _ in range(CALLS_MAX):
                answer = await self._do(wanted, key)
                wanted = conversation.send(answer)
        except StopIteration as ended:
            return ended.value
        finally:
            conversation.close()
        raise Later(f"it takes more than {CALLS_MAX} calls")

    async def _do(self, wanted: Call | Document, key: str) -> Answer:
        if isinstance(wanted, Call):
            return await self._call(wanted)
        if len(wanted.body) > DOCUMENT_BYTES_MAX:
            raise Later(f"a document has at most {DOCUMENT_BYTES_MAX >> 20} MiB")
        answer = Answer(status=202)
        if self.connection.delivery == "http":
            self._posts += 1
            own = key if self._posts == 1 else f"{key}-{self._posts}"
            answer = await self._call(self._posted(wanted, own))
        elif self.connection.delivery == "call":
            raise Unreachable("delivery-missing", "The connection says no way for documents")
        else:
            self._note(wanted.name, answer.status)
        if answer.is_good:
            self.documents.append(wanted)
            self.document = wanted.name
        return answer

    def _posted(self, document: Document, key: str) -> Call:
        """Return a document as a call that Standard Webhooks sign."""
        headers = {
            "Content-Type": document.media_type,
            "Content-Disposition": f'attachment; filename="{document.name}"',
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(self.now.timestamp())),
        }
        if self.connection.token:
            headers["webhook-signature"] = signature(
                self.connection.token, key, self.now, document.body
            )
        return Call(method="POST", path="", headers=headers, body=document.body)

    async def _call(self, call: Call) -> Answer:
        await self._wait()
        base_url, path = self._target(call.path)
        shown = f"{call.method} {call.path or path}"
        sent = b"" if call.concealed else call.body
        try:
            reply = await outbound.call(
                base_url,
                call.method,
                path,
                headers=call.headers,
                content=call.body,
                answer_bytes_max=min(call.answer_bytes_max, ANSWER_BYTES_MAX),
            )
        except outbound.Busy as busy:
            self._note(shown, busy.status, sent)
            if busy.status != TOO_MANY and busy.after_seconds is None:
                raise Later(f"it answers {busy.status}") from None
            raise Busy(self._patience(busy)) from None
        except outbound.NoReply as silence:
            self._note(shown, 0, sent)
            raise Unreachable("no-answer", f"Nobody answers: {silence}") from None
        self._note(shown, reply.status, sent, b"" if call.concealed else reply.body)
        if reply.status == NOT_LET_IN:
            # A token that was granted may have ended before its time.
            self._memory.clear()
            raise Unreachable("not-let-in", "It answers 401: the token is not good")
        if reply.status >= BROKEN:
            raise Later(f"it answers {reply.status}")
        return Answer(status=reply.status, headers=reply.headers, body=reply.body)

    def _target(self, path: str) -> tuple[str, str]:
        """Return the address to call and the path below it."""
        if path.startswith(("https://", "http://")):
            url = urlsplit(path)
            below = url.path or "/"
            return f"{url.scheme}://{url.netloc}", f"{below}?{url.query}" if url.query else below
        if not self.connection.base_url:
            raise Unreachable("address-missing", "The connection has no address to call")
        url = urlsplit(self.connection.base_url)
        below = f"{url.path}/{path.lstrip('/')}" if path else url.path or "/"
        return f"{url.scheme}://{url.netloc}", below

    def _patience(self, busy: outbound.Busy) -> float:
        told = busy.after_seconds
        if told is None and self.family.patience is not None:
            told = self.family.patience(busy.headers)
        return min(BUSY_SECONDS_USUAL if told is None else told, BUSY_SECONDS_MAX)

    async def _wait(self) -> None:
        """Wait until the channel may be called."""
        now = self.now
        seconds = (self._pace.ready_at(1, now) - now).total_seconds()
        if seconds > 0:
            await asyncio.sleep(seconds)
        self._pace = self._pace.after(1, self.now)

    def _note(self, what: str, status: int, sent: bytes = b"", answer: bytes = b"") -> None:
        self._exchanges.append(
            Exchange(
                at=self.now,
                what=what[:SAID_CHARACTERS_MAX],
                status=status,
                sent=_shown(sent),
                answer=_shown(answer),
            )
        )


def signature(token: str, key: str, at: datetime, body: bytes) -> str:
    """Return the signature of a document, as Standard Webhooks say; it need be no text.

    Args:
        token: the secret; ``whsec_`` and base64, or any other text as it is.
        key: ``webhook-id``.
        at: ``webhook-timestamp``.
        body: as it is sent.
    """
    secret = token.encode()
    if token.startswith(WEBHOOK_SECRET):
        with suppress(binascii.Error):
            secret = base64.b64decode(token.removeprefix(WEBHOOK_SECRET) + "==")
    content = f"{key}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, content, "sha256")).decode()


def _shown(body: bytes) -> str:
    text = body[:SAID_CHARACTERS_MAX].decode("utf-8", "replace")
    return text.replace("\x00", "\ufffd")


def _turned(names: Mapping[str, str]) -> dict[str, str]:
    """Return their names by ours, the first one of several."""
    found: dict[str, str] = {}
    for theirs, ours in names.items():
        if theirs != "*":
            found.setdefault(ours, theirs)
    return found
