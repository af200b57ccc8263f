"""What orders and people ask of tenders: capture, refund, release, give up, settle."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal
from crosslane.payments import domain, storage
from crosslane.payments.domain import (
    Deed,
    Method,
    Operation,
    OperationState,
    RefundTo,
    Share,
    State,
    Tender,
)
from crosslane.payments.errors import (
    NotOnAccount,
    PaymentNotFound,
    WrongCurrency,
)
from crosslane.payments.service.sheet import Sheet, call_key, open_sheet
from crosslane.platform import effects
from crosslane.platform.database import Tx


class MoneyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done with an order's money.

    Args:
        order_id: whose tenders.
        minor: minor units; None for a release of whatever is left.
        cause_kind: what sort of thing asks, such as ``fulfillment.parcel``.
        cause_id: which one; asked again, the same cause is answered with what it did.
        at: business time, the transaction's clock when None.
        to: where a refund goes, None for the way the money came.
        happened: the refund was given that way already, so that no limit refuses it.
    """

    order_id: UUID
    minor: int | None
    cause_kind: str
    cause_id: str
    at: datetime | None = None
    to: RefundTo | None = None
    happened: bool = False


class Asked(msgspec.Struct, frozen=True):
    """What a request has led to: which operations, over how much in all."""

    order_id: UUID
    operation_ids: list[UUID]
    minor: int


async def capture(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    """Take authorized money of orders, the first tender first; see PaymentCaptured for the end."""
    return await _spread(tx, Deed.CAPTURE, requests)


async def void(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    """Release authorized money that is not needed, the last tender first; see PaymentVoided.

    Without an amount everything that is left is released, and an authorization that is still
    undecided goes back as soon as it arrives.
    """
    return await _spread(tx, Deed.VOID, requests)


async def abandon(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    """Give orders up: release and refund everything, now and whenever it still arrives.

    For an order that is off as a whole; the amount of the request is not looked at.
    """
    sheet = await open_sheet(tx, order_ids=[r.order_id for r in requests])
    before = await known_causes(tx, requests, (Deed.VOID, Deed.REFUND))
    answers: list[Asked | Refusal] = []
    for request in requests:
        asked = before.get(cause_of(request), [])
        if not asked:
            for tender in sheet.of_order(request.order_id):
                # Only then is it given up: what is done at once would ask for the rest by itself.
                for back in domain.following(msgspec.structs.replace(tender, abandoned=True)):
                    asked.append(_ask(tx, sheet, tender.id, back.deed, back.minor, request))
                sheet.abandon(tender.id)
        answers.append(asked_of(request.order_id, asked))
    await sheet.write(tx)
    return answers


async def do_to_payment(
    tx: Tx,
    payment_id: UUID,
    deed: Deed,
    minor: int,
    currency: str,
    *,
    cause_kind: str,
    cause_id: str,
) -> Operation:
    """Do one thing to one tender, as a person asks for it.

    Args:
        tx: open transaction.
        payment_id: the tender.
        deed: capture, refund, void or settle.
        minor: minor units.
        currency: the tender's, said again so that a mistake is noticed.
        cause_kind: what sort of thing asks.
        cause_id: which one.

    Raises:
        PaymentNotFound: there is no such tender.
        WrongCurrency: it is in another currency.
        NotOnAccount: only money on account is settled.
        PaymentUndecided, CaptureAboveAuthorized, RefundAboveCaptured, VoidAboveAuthorized,
        SettlementAboveDue: it does not have the amount.
    """
    sheet = await open_sheet(tx, payment_ids=[payment_id])
    tender = sheet.tenders.get(payment_id)
    if tender is None:
        raise PaymentNotFound(payment_id=payment_id)
    if tender.currency != currency:
        raise WrongCurrency(pointer="/currency", currency=tender.currency)
    if deed is Deed.SETTLE and tender.method is not Method.ON_ACCOUNT:
        raise NotOnAccount
    refusal = domain.refuse_deed(tender, deed, minor)
    if refusal is not None:
        raise refusal
    asked = sheet.ask(payment_id, deed, minor, cause_kind, cause_id, at=tx.now, now=tx.now)
    await sheet.write(tx)
    return sheet.operation(asked.id)


async def ask_again(tx: Tx, operation_ids: Sequence[UUID]) -> None:
    """Have providers asked once more about operations that nobody could tell the outcome of."""
    found = await storage.list_operations(tx, operation_ids)
    unknown = [o for o in found.values() if o.state is OperationState.UNRESOLVED]
    await effects.replay_keys(tx, [call_key(operation) for operation in unknown])


async def _spread(tx: Tx, deed: Deed, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    sheet = await open_sheet(tx, order_ids=[r.order_id for r in requests])
    before = await known_causes(tx, requests, (deed,))
    answers: list[Asked | Refusal] = []
    for request in requests:
        known = before.get(cause_of(request))
        if known:
            answers.append(asked_of(request.order_id, known))
            continue
        shares = _plan(deed, sheet.of_order(request.order_id), request)
        if isinstance(shares, Refusal):
            answers.append(shares)
            continue
        if deed is Deed.VOID and request.minor is None:
            for tender in sheet.of_order(request.order_id):
                if tender.state is State.PENDING:
                    sheet.abandon(tender.id)
        asked = [_ask(tx, sheet, s.payment_id, deed, s.minor, request) for s in shares]
        before[cause_of(request)] = asked
        answers.append(asked_of(request.order_id, asked))
    await sheet.write(tx)
    return answers


def _plan(deed: Deed, tenders: Sequence[Tender], request: MoneyRequest) -> list[Share] | Refusal:
    if deed is Deed.VOID:
        return domain.plan_voids(tenders, request.minor)
    return domain.plan_captures(tenders, request.minor or 0)


def _ask(
    tx: Tx, sheet: Sheet, payment_id: UUID, deed: Deed, minor: int, request: MoneyRequest
) -> Operation:
    return sheet.ask(
        payment_id,
        deed,
        minor,
        request.cause_kind,
        request.cause_id,
        at=request.at or tx.now,
        now=tx.now,
    )


async def known_causes(
    tx: Tx, requests: Sequence[MoneyRequest], deeds: tuple[Deed, ...]
) -> dict[tuple[UUID, str, str], list[Operation]]:
    """Return what was asked before for the causes of requests."""
    causes = [(r.order_id, deed, r.cause_kind, r.cause_id) for r in requests for deed in deeds]
    found: dict[tuple[UUID, str, str], list[Operation]] = {}
    for operation in await storage.list_by_cause(tx, causes):
        key = operation.order_id, operation.cause_kind, operation.cause_id
        found.setdefault(key, []).append(operation)
    return found


def cause_of(request: MoneyRequest) -> tuple[UUID, str, str]:
    """Return what a request is known by."""
    return request.order_id, request.cause_kind, request.cause_id


def asked_of(order_id: UUID, operations: Sequence[Operation]) -> Asked:
    """Return operations of an order as they are answered."""
    return Asked(order_id, [o.id for o in operations], sum(o.minor for o in operations))
