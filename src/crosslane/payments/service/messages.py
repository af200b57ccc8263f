"""Messages of providers: taken in many at once, whatever the order and however often they come."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.payments import storage
from crosslane.payments.domain import Outcome, is_repetition, judge
from crosslane.payments.errors import UnknownProvider
from crosslane.payments.provider import Message, ProviderSettings
from crosslane.payments.service.calls import adapter_for
from crosslane.payments.service.disputes import Disputed, take_disputes
from crosslane.payments.service.settings import providers
from crosslane.payments.service.sheet import open_operations
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command

MESSAGE_RETENTION = timedelta(days=90)
WRONG_RETENTION = timedelta(days=1)
MESSAGES_DELETED_AT_ONCE_MAX = 10_000


class Received(msgspec.Struct, frozen=True):
    """A request that came in from a provider, as it came.

    Args:
        provider: code of the provider, from the address.
        headers: of the request.
        body: of the request.
    """

    provider: str
    headers: Mapping[str, str]
    body: bytes


class Receipt(msgspec.Struct, frozen=True):
    """What became of a provider's message.

    Args:
        state: applied, known (nothing new), unmatched (of no operation here) or contradicts (what
            is known already says otherwise; a person has to look).
    """

    state: str


class _Told(msgspec.Struct, frozen=True):
    """A message that was understood."""

    command: Command[Received]
    message: Message
    operation_id: UUID | None

    @property
    def key(self) -> tuple[str, str]:
        return self.command.body.provider, self.message.id

    @property
    def outcome(self) -> Outcome:
        answer = self.message.answer
        if answer is None:
            raise ValueError("a dispute is the outcome of no operation")
        return Outcome(answer.state, answer.reference, answer.reason)


async def receive(tx: Tx, commands: Sequence[Command[Received]]) -> list[Receipt | Refusal]:
    """Take in messages of providers; repetition and order make no difference.

    Returns:
        For each what became of it, or UnknownProvider, BadSignature or BadProviderMessage.
    """
    known = await providers(tx)
    read = [_read(command, known) for command in commands]
    once: dict[tuple[str, str], _Told] = {}
    for told in read:
        if isinstance(told, _Told):
            once.setdefault(told.key, told)
    states = await _take_in(tx, list(once.values()))
    # Only the first of several with one name is told what became of it.
    return [
        told if isinstance(told, Refusal) else Receipt(states.pop(told.key, "known"))
        for told in read
    ]


async def tidy(tx: Tx) -> None:
    """Forget messages that were settled long ago, and wrong codes that count no more."""
    await storage.delete_wrong(tx, tx.now - WRONG_RETENTION)
    await storage.delete_messages(
        tx, older_than=MESSAGE_RETENTION, limit=MESSAGES_DELETED_AT_ONCE_MAX
    )


def _read(command: Command[Received], known: Mapping[str, ProviderSettings]) -> "_Told | Refusal":
    received = command.body
    settings = known.get(received.provider)
    if settings is None:
        return UnknownProvider(provider=received.provider[:40])
    try:
        message = adapter_for(settings).read(received.headers, received.body)
    except Refusal as refusal:
        return refusal
    return _Told(command, message, _operation_id(message.key))


async def _take_in(tx: Tx, messages: Sequence[_Told]) -> dict[tuple[str, str], str]:
    """Apply what is news and keep the messages; return the state of those never seen before."""
    named = [(*told.key, told.operation_id) for told in messages]
    found = await storage.list_unseen(tx, named) if named else {}
    unseen = [told for told in messages if told.key in found]
    if not unseen:
        return {}
    of_deeds = [told for told in unseen if told.message.dispute is None]
    states = {told.key: judge(found[told.key], told.outcome) for told in of_deeds}
    news = [told for told in of_deeds if states[told.key] == "applied"]
    if news:
        states |= await _apply(tx, news)
    disputes = [
        Disputed(told.key, told.command, told.message.dispute)
        for told in unseen
        if told.message.dispute is not None
    ]
    if disputes:
        states |= await take_disputes(tx, disputes)
    # What a provider sends besides may name people; only what is understood is kept.
    kept = [
        (*told.key, msgspec.json.encode(told.message), states[told.key])
        for told in unseen
        if told.message.dispute is not None or not is_repetition(states[told.key], told.outcome)
    ]
    new = await storage.insert_messages(tx, kept) if kept else set()
    return {key: states[key] for key in new}


async def _apply(tx: Tx, news: Sequence[_Told]) -> dict[tuple[str, str], str]:
    """Learn what is still news under the lock; return the state of each message."""
    ids = [told.operation_id for told in news if told.operation_id is not None]
    sheet = await open_operations(tx, ids)
    states: dict[tuple[str, str], str] = {}
    for told, operation_id in zip(news, ids, strict=True):
        operation = sheet.operation(operation_id)
        states[told.key] = judge(operation, told.outcome)
        if states[told.key] == "applied":
            sheet.learn(operation, told.outcome, by=told.command)
    await sheet.write(tx)
    return states


def _operation_id(key: str) -> UUID | None:
    try:
        return UUID(key.rpartition(":")[2])
    except ValueError:
        return None
