"""Calling providers: the effect that carries an operation out.

A call whose answer was lost may have happened. So every try but the first asks the provider by the
operation's key before it asks for the deed again, and the key goes along with the deed. Answer and
message come to the same :meth:`Sheet.learn`, whichever is first; the other one is no news.
"""

from collections.abc import Mapping, Sequence

import msgspec

from crosslane.payments import storage
from crosslane.payments.domain import OperationState, Outcome
from crosslane.payments.provider import (
    ADAPTERS,
    Answer,
    AnswerUnknown,
    Ask,
    PaymentProvider,
    ProviderSettings,
)
from crosslane.payments.service.settings import providers
from crosslane.payments.service.sheet import EFFECT_KIND, Call, open_operations
from crosslane.platform.database import Tx
from crosslane.platform.effects import EffectCall, EffectKind, Retry

CALL_SECONDS_MAX = 20.0


class Prepared(msgspec.Struct, frozen=True):
    """What a call needs; ``ask`` is None when the outcome has become known meanwhile."""

    settings: ProviderSettings
    ask: Ask | None


async def prepare(tx: Tx, calls: Sequence[EffectCall[Call]]) -> list[Prepared]:
    """Read what calls need: the operations as they stand, and how their providers are reached."""
    known = await providers(tx)
    errands = await storage.list_errands(tx, [call.body.operation_id for call in calls])
    return [_prepared(call, errands[call.body.operation_id], known) for call in calls]


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


async def record(
    tx: Tx, calls: Sequence[EffectCall[Call]], answers: Sequence[Answer | None]
) -> None:
    """Save providers' answers and announce what they mean."""
    told = [
        (call, Outcome(answer.state, answer.reference, answer.reason))
        for call, answer in zip(calls, answers, strict=True)
        if answer is not None
    ]
    if told:
        await _learn(tx, told)


async def give_up(tx: Tx, calls: Sequence[EffectCall[Call]], reasons: Sequence[str]) -> None:
    """Save that nobody could say what became of operations.

    A replay of the dead letter, or a message of the provider, may still tell.
    """
    unresolved = [Outcome(OperationState.UNRESOLVED, reason=reason) for reason in reasons]
    await _learn(tx, list(zip(calls, unresolved, strict=True)))


CALL = EffectKind(
    EFFECT_KIND,
    body=Call,
    call=carry_out,
    record=record,
    dead=give_up,
    timeout_seconds=CALL_SECONDS_MAX,
    prepare=prepare,
)


def adapter_for(settings: ProviderSettings) -> PaymentProvider:
    """Return the connection to a provider."""
    return ADAPTERS[settings.adapter](settings)


def _prepared(
    call: EffectCall[Call], errand: storage.Errand, known: Mapping[str, ProviderSettings]
) -> Prepared:
    operation, settings = errand.operation, known[errand.provider]
    if operation.state not in (OperationState.REQUESTED, OperationState.UNRESOLVED):
        return Prepared(settings, None)
    return Prepared(
        settings,
        Ask(
            key=call.key,
            deed=operation.deed,
            minor=operation.minor,
            currency=errand.currency,
            token=errand.token,
            reference=errand.reference,
            order_id=operation.order_id,
        ),
    )


async def _learn(tx: Tx, told: Sequence[tuple[EffectCall[Call], Outcome]]) -> None:
    sheet = await open_operations(tx, [call.body.operation_id for call, _ in told])
    for call, outcome in told:
        sheet.learn(sheet.operation(call.body.operation_id), outcome, by=call)
    await sheet.write(tx)
