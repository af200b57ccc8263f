"""The commands of payments: what people and providers ask for from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.payments.domain import Credit, Deed, Operation, OperationState
from crosslane.payments.service.asking import do_to_payment
from crosslane.payments.service.loading import GIVE, ISSUE, TOP_UP
from crosslane.payments.service.lookup import LOOK_UP
from crosslane.payments.service.messages import Receipt, Received, receive
from crosslane.payments.service.moving import REPLACE_CODE, SET_BLOCKED, SET_OWNER, TRANSFER
from crosslane.payments.service.settings import (
    CreditsImported,
    ImportCredits,
    ProviderView,
    PutCredit,
    PutProvider,
    import_credits,
    put_credits,
    put_provider,
)
from crosslane.platform import audit
from crosslane.platform.audit import Change
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind


class DoToPayment(msgspec.Struct, frozen=True):
    """Something a person has done to a tender.

    Args:
        payment_id: which tender.
        deed: capture, refund, void or settle.
        minor: minor units.
        currency: the tender's.
        reason: why, in the person's words.
    """

    payment_id: UUID
    deed: Deed
    minor: int
    currency: str
    reason: str


class OperationView(msgspec.Struct, frozen=True):
    """An operation as it is shown; ``requested`` until the provider has answered."""

    id: UUID
    payment_id: UUID
    order_id: UUID
    deed: Deed
    minor: int
    state: OperationState
    cause_kind: str
    cause_id: str
    at: datetime
    reason: str


async def _do(tx: Tx, commands: Sequence[Command[DoToPayment]]) -> list[Any]:
    answers = []
    for command in commands:
        wish = command.body
        done = await do_to_payment(
            tx,
            wish.payment_id,
            wish.deed,
            wish.minor,
            wish.currency,
            cause_kind="payments.person",
            cause_id=command.key,
        )
        change = Change(
            action=f"payments.{wish.deed}",
            subject=f"payment:{wish.payment_id}",
            after={"minor": wish.minor, "currency": wish.currency},
            reason=wish.reason,
        )
        await audit.record(tx, [change], [command])
        answers.append(operation_view(done))
    return answers


async def _put_provider(tx: Tx, commands: Sequence[Command[PutProvider]]) -> list[Any]:
    answers = []
    for command in commands:
        shown = await put_provider(tx, command.body)
        # The journal keeps what is shown: the command itself holds secrets.
        change = Change(
            action="payments.put_provider", subject=f"provider:{shown.code}", after=shown
        )
        await audit.record(tx, [change], [command])
        answers.append(shown)
    return answers


async def _put_credit(tx: Tx, commands: Sequence[Command[PutCredit]]) -> list[Any]:
    return list(await put_credits(tx, [command.body for command in commands]))


async def _import_credits(tx: Tx, commands: Sequence[Command[ImportCredits]]) -> list[Any]:
    return [await import_credits(tx, command.body) for command in commands]


def operation_view(operation: Operation) -> OperationView:
    """Return an operation as it is shown."""
    return OperationView(
        operation.id,
        operation.payment_id,
        operation.order_id,
        operation.deed,
        operation.minor,
        operation.state,
        operation.cause_kind,
        operation.cause_id,
        operation.at,
        operation.reason,
    )


DO = CommandKind("payments.do", DoToPayment, OperationView, _do, batch_max=1)
PUT_PROVIDER = CommandKind(
    "payments.put_provider", PutProvider, ProviderView, _put_provider, batch_max=1
)
PUT_CREDIT = CommandKind("payments.put_credit", PutCredit, Credit, _put_credit, batch_max=1)
IMPORT_CREDITS = CommandKind(
    "payments.import_credits", ImportCredits, CreditsImported, _import_credits, batch_max=1
)
RECEIVE = CommandKind("payments.receive", Received, Receipt, receive, repeatable=True)

COMMANDS = [
    DO,
    PUT_PROVIDER,
    PUT_CREDIT,
    IMPORT_CREDITS,
    RECEIVE,
    LOOK_UP,
    ISSUE,
    GIVE,
    TOP_UP,
    TRANSFER,
    REPLACE_CODE,
    SET_BLOCKED,
    SET_OWNER,
]
