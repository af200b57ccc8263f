"""Calling providers: the effect that carries an operation out, and the messages they send.

A call whose answer was lost may have happened. So every try but the first asks the provider by the
operation's key before it asks for the deed again, and the key goes along with the deed. Answer and
message come to the same :meth:`Sheet.learn`, whichever is first; the other one is no news.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec

from crosslane.payments import storage
from crosslane.payments.domain import Operation, OperationState, Outcome
from crosslane.payments.errors import UnknownProvider
from crosslane.payments.provider import (
    ADAPTERS,
    Answer,
    AnswerUnknown,
    Ask,
    PaymentProvider,
    ProviderSettings,
)
from crosslane.payments.service.settings import providers
from crosslane.payments.service.sheet import EFFECT_KIND, Call, Sheet, open_sheet
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, Retry, one_by_one

MESSAGE_RETENTION = timedelta(days=90)
MESSAGES_DELETED_AT_ONCE_MAX = 10_000
CALL_SECONDS_MAX = 20.0


class Prepared(msgspec.Struct, frozen=True):
    """What a call needs; ``ask`` is None when the outcome has become known meanwhile."""

    settings: ProviderSettings
    ask: Ask | None


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


async def prepare(tx: Tx, call: EffectCall[Call]) -> Prepared:
    """Read what a call needs: the operation as it stands, and how its provider is reached."""
    body = call.body
    operation = (await storage.list_operations(tx, [body.operation_id]))[body.operation_id]
    (tender,) = await storage.list_tenders(tx, payment_ids=[body.payment_id])
    settings = (await providers(tx))[tender.provider]
    open_states = (OperationState.REQUESTED, OperationState.UNRESOLVED)
    if operation.state not in open_states:
        return Prepared(settings, None)
    return Prepared(
        settings,
        Ask(
            key=call.key,
            deed=operation.deed,
            minor=operation.minor,
            currency=tender.currency,
            token=tender.token,
            reference=tender.reference,
            order_id=tender.order_id,
        ),
    )


async def carry_out(call: EffectCall[Call], prepared: Prepared) -> Answer | None:
    """Have the provider do what is asked, once."""
    if prepared.ask is None:
        return None
    provider = adapter_for(prepared.settings)
    try:
        answer = await provider.find(call.key) if call.attempt > 1 else None
        if answer is None:
            answer = await provider.do(prepared.ask)
    except AnswerUnknown as error:
        raise Retry(str(error), error.after_seconds) from error
    if answer.state is OperationState.REQUESTED:
        raise Retry("the provider has not decided yet")
    return answer


async def record(tx: Tx, call: EffectCall[Call], answer: Answer | None) -> None:
    """Save a provider's answer and announce what it means."""
    if answer is None:
        return
    outcome = Outcome(answer.state, answer.reference, answer.reason)
    await _learn(tx, call.body, outcome)


async def give_up(tx: Tx, call: EffectCall[Call], reason: str) -> None:
    """Save that nobody could say what became of an operation.

    A replay of the dead letter, or a message of the provider, may still tell.
    """
    outcome = Outcome(OperationState.UNRESOLVED, reason=reason)
    await _learn(tx, call.body, outcome)


CALL = EffectKind(
    EFFECT_KIND,
    body=Call,
    call=carry_out,
    record=one_by_one(record),
    dead=one_by_one(give_up),
    timeout_seconds=CALL_SECONDS_MAX,
    prepare=one_by_one(prepare),
)


async def receive(tx: Tx, received: Received) -> Receipt:
    """Take in a provider's message; repetition and order make no difference.

    Raises:
        UnknownProvider: there is no provider of this code.
        BadSignature: the message is not from it.
        BadProviderMessage: it cannot be understood.
    """
    settings = (await providers(tx)).get(received.provider)
    if settings is None:
        raise UnknownProvider(provider=received.provider[:40])
    message = adapter_for(settings).read(received.headers, received.body)
    # What a provider sends besides may name people; only what is understood is kept.
    understood = msgspec.json.encode(message)
    if not await storage.insert_message(tx, settings.code, message.id, understood):
        return Receipt("known")
    operation_id = _operation_id(message.key)
    answer = message.answer
    state = "unmatched"
    if operation_id is not None:
        outcome = Outcome(answer.state, answer.reference, answer.reason)
        state = await _apply(tx, operation_id, outcome, settings.code)
    await storage.mark_message(tx, settings.code, message.id, state)
    return Receipt(state)


async def tidy(tx: Tx) -> None:
    """Forget messages that were settled long ago."""
    await storage.delete_messages(
        tx, older_than=MESSAGE_RETENTION, limit=MESSAGES_DELETED_AT_ONCE_MAX
    )


def adapter_for(settings: ProviderSettings) -> PaymentProvider:
    """Return the connection to a provider."""
    return ADAPTERS[settings.adapter](settings)


async def _apply(tx: Tx, operation_id: UUID, outcome: Outcome, provider: str) -> str:
    found = await storage.list_operations(tx, [operation_id])
    if operation_id not in found:
        return "unmatched"
    sheet, operation = await _protect(tx, operation_id, found[operation_id].payment_id)
    if sheet.tenders[operation.payment_id].provider != provider:
        return "unmatched"
    decided = (OperationState.DONE, OperationState.FAILED)
    if outcome.state not in decided:
        return "known"
    if operation.state in decided:
        return "known" if operation.state is outcome.state else "contradicts"
    sheet.learn(operation, outcome)
    await sheet.write(tx)
    return "applied"


async def _learn(tx: Tx, asked: Call, outcome: Outcome) -> None:
    sheet, operation = await _protect(tx, asked.operation_id, asked.payment_id)
    if sheet.learn(operation, outcome):
        await sheet.write(tx)


async def _protect(tx: Tx, operation_id: UUID, payment_id: UUID) -> tuple[Sheet, Operation]:
    # The tender's lock comes first: an operation changes only under it.
    sheet = await open_sheet(tx, payment_ids=[payment_id])
    return sheet, (await storage.list_operations(tx, [operation_id]))[operation_id]


def _operation_id(key: str) -> UUID | None:
    try:
        return UUID(key.rpartition(":")[2])
    except ValueError:
        return None
