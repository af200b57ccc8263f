"""What channels are told of money: refunds we have decided and the channel has to give.

The money of such an order lies with the channel. What it has given by itself, or gives because it
called off what it had asked for, it knows.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from crosslane import orders
from crosslane.channels.domain.reports import MoneyEvent
from crosslane.channels.service.money import CAUSE_KIND
from crosslane.channels.service.saying import Saying, say, voices
from crosslane.channels.service.saying.words import Spoken, spoken_of
from crosslane.channels.storage import told
from crosslane.payments import Method, PaymentRefunded
from crosslane.platform.database import Tx
from crosslane.platform.log import Logged

KIND = "money"
AMENDMENT, RETURN = "amendment:", "credit:return:"
Cause = tuple[UUID, str]


async def tell_refunds(tx: Tx, refunded: Sequence[Logged[PaymentRefunded]]) -> None:
    """Tell channels what they have to give back of the money they took for us."""
    known = {channel: one for channel, one in (await voices(tx)).items() if one.says(KIND)}
    ours = [
        logged
        for logged in refunded
        if logged.event.method == Method.MARKETPLACE and logged.event.cause_kind != CAUSE_KIND
    ]
    found = await spoken_of(tx, [logged.event.order_id for logged in ours], known)
    asked = [logged for logged in ours if logged.event.order_id in found]
    if not asked:
        return
    amended = await orders.list_amenders(tx, _amendments(asked))
    given = await told.list_refunded_returns(tx, _returns(asked))
    sayings: list[Saying] = []
    for logged in asked:
        one, why = found[logged.event.order_id], _why(logged.event)
        if _is_known(one, why, amended, given):
            continue
        event = logged.event
        message = MoneyEvent(
            source_id=str(event.operation_id),
            event_at=event.occurred_at,
            order=one.number,
            step="refunded",
            minor=event.minor,
            currency=event.currency,
            method=event.method,
            reason=_reason(why),
        )
        sayings.append(one.saying(message, f"{KIND}:{event.operation_id}", logged.trace))
    await say(tx, sayings)


def _why(event: PaymentRefunded) -> str:
    """Return what changed the order so that money was given back, as its journal names it."""
    _, _, rest = event.cause_id.partition(":")
    return rest.partition(":")[2]


def _amendments(refunded: Sequence[Logged[PaymentRefunded]]) -> list[tuple[UUID, int]]:
    return [
        (logged.event.order_id, number)
        for logged in refunded
        if (number := _amendment(_why(logged.event)))
    ]


def _amendment(why: str) -> int:
    number = why.removeprefix(AMENDMENT).partition(":")[0]
    return int(number) if why.startswith(AMENDMENT) and number.isdigit() else 0


def _returns(refunded: Sequence[Logged[PaymentRefunded]]) -> list[UUID]:
    found = [_return(_why(logged.event)) for logged in refunded]
    return [return_id for return_id in found if return_id]


def _return(why: str) -> UUID | None:
    return UUID(why.removeprefix(RETURN)[:36]) if why.startswith(RETURN) else None


def _is_known(
    one: Spoken, why: str, amended: Mapping[tuple[UUID, int], str], given: set[UUID]
) -> bool:
    if number := _amendment(why):
        return one.is_by_channel(amended.get((one.id, number), ""))
    return _return(why) in given


def _reason(why: str) -> str:
    return "returned" if _return(why) else "called off" if _amendment(why) else "given back"
