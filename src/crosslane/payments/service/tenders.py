"""What orders and people ask of tenders: open, capture, refund, release, give up, settle, look."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal, new_id
from crosslane.payments import domain, storage
from crosslane.payments.domain import (
    Deed,
    Method,
    NewTender,
    Operation,
    OperationState,
    Share,
    State,
    Tender,
    Terms,
)
from crosslane.payments.errors import (
    NotOnAccount,
    PaymentNotFound,
    ProviderOff,
    UnknownProvider,
    WrongCurrency,
)
from crosslane.payments.provider import ProviderSettings
from crosslane.payments.service.settings import providers
from crosslane.payments.service.sheet import Sheet, call_key, group_by_order, open_sheet
from crosslane.platform import effects
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command


class Opened(msgspec.Struct, frozen=True):
    """A tender that was accepted.

    Args:
        payment_id: its identifier.
        state: authorized when nobody had to be asked, else pending.
    """

    payment_id: UUID
    state: State


class MoneyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done with an order's money.

    Args:
        order_id: whose tenders.
        minor: minor units; None for a release of whatever is left.
        cause_kind: what sort of thing asks, such as ``fulfillment.parcel``.
        cause_id: which one; asked again, the same cause is answered with what it did.
        at: business time, the transaction's clock when None.
    """

    order_id: UUID
    minor: int | None
    cause_kind: str
    cause_id: str
    at: datetime | None = None


class Asked(msgspec.Struct, frozen=True):
    """What a request has led to: which operations, over how much in all."""

    order_id: UUID
    operation_ids: list[UUID]
    minor: int


class TenderMoney(msgspec.Struct, frozen=True):
    """One tender of an order, with its amounts in minor units."""

    payment_id: UUID
    sequence: int
    method: Method
    terms: Terms
    provider: str
    state: State
    reason: str
    amount_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int
    settled_minor: int
    capturable_minor: int
    refundable_minor: int
    capturing_minor: int
    pending_minor: int


class OrderMoney(msgspec.Struct, frozen=True):
    """The money of one order.

    Args:
        currency: ISO 4217, "" for an order without tenders.
        undecided: some provider has not said yet whether it authorizes.
        tenders: in their sequence; the sums count all of them.
        capturing_minor: captures under way.
        pending_minor: set aside for captures, refunds and releases that are under way.
    """

    order_id: UUID
    currency: str
    undecided: bool
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int
    settled_minor: int
    capturable_minor: int
    refundable_minor: int
    capturing_minor: int
    pending_minor: int
    tenders: list[TenderMoney]


class TenderSheet:
    """Tenders to be opened in a lane: decide with :meth:`take`, then :meth:`write` once.

    Made by :func:`tender_sheet` for all tenders a batch may open.
    """

    def __init__(self, sheet: Sheet, known: dict[str, ProviderSettings]) -> None:
        self._sheet = sheet
        self._known = known

    def take(
        self, tenders: Sequence[NewTender], *, by: Command[Any] | None = None
    ) -> list[Opened] | Refusal:
        """Open all tenders of one order, or none of them.

        Args:
            tenders: in the order in which they shall be captured.
            by: the command they belong to, for the log.

        Returns:
            One Opened per tender, or why they cannot be opened; then nothing is changed.
        """
        credits = dict(self._sheet.credits)
        for tender in tenders:
            refusal = domain.refuse_tender(tender) or self._refuse_provider(tender)
            if refusal is not None:
                return refusal
            if tender.credit_account is not None:
                taken = domain.take_credit(credits.get(tender.credit_account), tender)
                if isinstance(taken, Refusal):
                    return taken
                credits[tender.credit_account] = taken
        return [self._open(place, tender, by) for place, tender in enumerate(tenders, start=1)]

    def undo(self, order_id: UUID) -> None:
        """Take back the tenders opened here for an order that was refused for another reason."""
        self._sheet.undo(order_id)

    async def write(self, tx: Tx) -> None:
        """Save what was taken."""
        await self._sheet.write(tx)

    def _refuse_provider(self, tender: NewTender) -> Refusal | None:
        if not tender.provider:
            return None
        settings = self._known.get(tender.provider)
        if settings is None:
            return UnknownProvider(pointer="/provider", provider=tender.provider[:40])
        if not settings.active:
            return ProviderOff(pointer="/provider", provider=tender.provider)
        return None

    def _open(self, place: int, asked: NewTender, by: Command[Any] | None) -> Opened:
        terms_days = 0
        if asked.credit_account is not None:
            credit = domain.take_credit(self._sheet.credits.get(asked.credit_account), asked)
            if isinstance(credit, Refusal):
                raise credit
            self._sheet.use_credit(credit)
            terms_days = credit.terms_days
        tender = Tender(
            id=new_id(),
            order_id=asked.order_id,
            channel_id=asked.channel_id,
            location_id=asked.location_id,
            sequence=place,
            method=asked.method,
            terms=asked.terms,
            currency=asked.currency,
            amount_minor=asked.minor,
            provider=asked.provider,
            token=asked.token,
            credit_account=asked.credit_account,
            terms_days=terms_days,
        )
        self._sheet.open(tender, at=asked.at, by=by)
        return Opened(tender.id, self._sheet.tenders[tender.id].state)


async def tender_sheet(tx: Tx, tenders: Iterable[NewTender]) -> TenderSheet:
    """Load and lock what opening these tenders needs: credit accounts, and providers from memory.

    Args:
        tx: open transaction; orders are locked already.
        tenders: every tender that may be opened with the sheet.
    """
    sheet = Sheet()
    accounts = {t.credit_account for t in tenders if t.credit_account is not None}
    if accounts:
        sheet.credits = await storage.lock_credits(tx, accounts)
    return TenderSheet(sheet, await providers(tx))


async def open_tenders(tx: Tx, tenders: Sequence[NewTender]) -> list[Opened | Refusal]:
    """Open tenders, all of an order or none of it.

    A card's authorization is asked for by an effect after this transaction; its outcome comes as
    PaymentAuthorized or PaymentDeclined. Everything else is decided here.

    Returns:
        One answer per tender, in order; every tender of a refused order gets the same refusal.
    """
    sheet = await tender_sheet(tx, tenders)
    by_order: dict[UUID, list[NewTender]] = {}
    for tender in tenders:
        by_order.setdefault(tender.order_id, []).append(tender)
    answers: dict[UUID, list[Opened | Refusal]] = {}
    for order_id, theirs in by_order.items():
        taken = sheet.take(theirs)
        refused = isinstance(taken, Refusal)
        answers[order_id] = [taken] * len(theirs) if refused else list(taken)
    await sheet.write(tx)
    return [answers[tender.order_id].pop(0) for tender in tenders]


async def capture(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    """Take authorized money of orders, the first tender first; see PaymentCaptured for the end."""
    return await _spread(tx, Deed.CAPTURE, requests)


async def refund(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    """Give captured money of orders back, the last tender first; see PaymentRefunded."""
    return await _spread(tx, Deed.REFUND, requests)


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
    before = await _known(tx, requests, (Deed.VOID, Deed.REFUND))
    answers: list[Asked | Refusal] = []
    for request in requests:
        asked = before.get(_cause(request), [])
        if not asked:
            for tender in sheet.of_order(request.order_id):
                sheet.abandon(tender.id)
                for back in domain.following(sheet.tenders[tender.id]):
                    asked.append(_ask(tx, sheet, tender.id, back.deed, back.minor, request))
        answers.append(_asked(request.order_id, asked))
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
    asked = sheet.ask(payment_id, deed, minor, cause_kind, cause_id, at=tx.now)
    await sheet.write(tx)
    return sheet.operation(asked.id)


async def ask_again(tx: Tx, operation_ids: Sequence[UUID]) -> None:
    """Have providers asked once more about operations that nobody could tell the outcome of."""
    found = await storage.list_operations(tx, operation_ids)
    unknown = [o for o in found.values() if o.state is OperationState.UNRESOLVED]
    await effects.replay_keys(tx, [call_key(operation) for operation in unknown])


async def money_by_order(tx: Tx, order_ids: Iterable[UUID]) -> dict[UUID, OrderMoney]:
    """Return the money of orders, per tender and in sum; zero for an order without tenders."""
    wanted = list(order_ids)
    found = group_by_order(await storage.list_tenders(tx, order_ids=wanted))
    return {order_id: _order_money(order_id, found.get(order_id, [])) for order_id in wanted}


async def payment_history(tx: Tx, payment_id: UUID) -> tuple[OrderMoney, list[Operation]]:
    """Return the money of a tender's order, and what was asked of the tender, oldest first.

    Raises:
        PaymentNotFound: there is no such tender.
    """
    found = await storage.list_tenders(tx, payment_ids=[payment_id])
    if not found:
        raise PaymentNotFound(payment_id=payment_id)
    order_id = found[0].order_id
    money = await money_by_order(tx, [order_id])
    return money[order_id], await storage.list_of_payments(tx, [payment_id])


async def list_problems(tx: Tx, *, before: UUID | None, limit: int) -> list[Operation]:
    """Return operations that a person should look at, newest first.

    Captures, refunds and releases that a provider refused, and whatever nobody could tell the
    outcome of. A declined authorization is no problem of ours.

    Args:
        tx: open transaction.
        before: id of the last one already shown.
        limit: most to return.
    """
    return await storage.list_problems(tx, before=before, limit=limit)


async def _spread(tx: Tx, deed: Deed, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    sheet = await open_sheet(tx, order_ids=[r.order_id for r in requests])
    before = await _known(tx, requests, (deed,))
    answers: list[Asked | Refusal] = []
    for request in requests:
        known = before.get(_cause(request))
        if known:
            answers.append(_asked(request.order_id, known))
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
        before[_cause(request)] = asked
        answers.append(_asked(request.order_id, asked))
    await sheet.write(tx)
    return answers


def _plan(deed: Deed, tenders: Sequence[Tender], request: MoneyRequest) -> list[Share] | Refusal:
    if deed is Deed.VOID:
        return domain.plan_voids(tenders, request.minor)
    plan = domain.plan_captures if deed is Deed.CAPTURE else domain.plan_refunds
    return plan(tenders, request.minor or 0)


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
    )


async def _known(
    tx: Tx, requests: Sequence[MoneyRequest], deeds: tuple[Deed, ...]
) -> dict[tuple[UUID, str, str], list[Operation]]:
    causes = [(r.order_id, deed, r.cause_kind, r.cause_id) for r in requests for deed in deeds]
    found: dict[tuple[UUID, str, str], list[Operation]] = {}
    for operation in await storage.list_by_cause(tx, causes):
        key = operation.order_id, operation.cause_kind, operation.cause_id
        found.setdefault(key, []).append(operation)
    return found


def _cause(request: MoneyRequest) -> tuple[UUID, str, str]:
    return request.order_id, request.cause_kind, request.cause_id


def _asked(order_id: UUID, operations: Sequence[Operation]) -> Asked:
    return Asked(order_id, [o.id for o in operations], sum(o.minor for o in operations))


def _order_money(order_id: UUID, tenders: Sequence[Tender]) -> OrderMoney:
    shown = [
        TenderMoney(
            payment_id=t.id,
            sequence=t.sequence,
            method=t.method,
            terms=t.terms,
            provider=t.provider,
            state=t.state,
            reason=t.reason,
            amount_minor=t.amount_minor,
            authorized_minor=t.authorized_minor,
            captured_minor=t.captured_minor,
            refunded_minor=t.refunded_minor,
            voided_minor=t.voided_minor,
            settled_minor=t.settled_minor,
            capturable_minor=t.capturable_minor,
            refundable_minor=t.refundable_minor,
            capturing_minor=t.capturing_minor,
            pending_minor=t.capturing_minor + t.refunding_minor + t.voiding_minor,
        )
        for t in tenders
    ]
    return OrderMoney(
        order_id=order_id,
        currency=tenders[0].currency if tenders else "",
        undecided=any(t.state is State.PENDING for t in tenders),
        authorized_minor=sum(t.authorized_minor for t in shown),
        captured_minor=sum(t.captured_minor for t in shown),
        refunded_minor=sum(t.refunded_minor for t in shown),
        voided_minor=sum(t.voided_minor for t in shown),
        settled_minor=sum(t.settled_minor for t in shown),
        capturable_minor=sum(t.capturable_minor for t in shown),
        refundable_minor=sum(t.refundable_minor for t in shown),
        capturing_minor=sum(t.capturing_minor for t in shown),
        pending_minor=sum(t.pending_minor for t in shown),
        tenders=shown,
    )
