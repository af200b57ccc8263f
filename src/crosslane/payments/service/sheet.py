"""The sheet: all tenders a batch touches, loaded and locked once, changed in memory, written once.

Everything that happens to tenders goes through :meth:`Sheet.ask` and :meth:`Sheet.learn`, whoever
starts it: an order being placed, a parcel leaving, a provider's answer, a message, a person.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import new_id
from crosslane.payments import domain, storage
from crosslane.payments.domain import (
    Credit,
    Deed,
    EntryDeed,
    Operation,
    OperationState,
    Outcome,
    RefundTo,
    State,
    Tender,
)
from crosslane.payments.events import (
    CaptureFailed,
    ChargebackLost,
    ChargebackWon,
    PaymentArrivedLate,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentChargedBack,
    PaymentDeclined,
    PaymentEvent,
    PaymentRefunded,
    PaymentSettled,
    PaymentUnresolved,
    PaymentVoided,
    RefundFailed,
    VoidFailed,
)
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.storage import Changes, Movement
from crosslane.platform import effects, log
from crosslane.platform.database import Tx
from crosslane.platform.effects import Effect
from crosslane.platform.log import Cause

DONE = Outcome(OperationState.DONE)
EFFECT_KIND = "payments.call"

_DISPUTED = (Deed.CHARGEBACK, Deed.CHARGEBACK_WON)
_DONE_EVENTS: dict[Deed, type[PaymentEvent]] = {
    Deed.AUTHORIZE: PaymentAuthorized,
    Deed.CAPTURE: PaymentCaptured,
    Deed.REFUND: PaymentRefunded,
    Deed.VOID: PaymentVoided,
    Deed.SETTLE: PaymentSettled,
}
_FAILED_EVENTS: dict[Deed, type[PaymentEvent]] = {
    Deed.AUTHORIZE: PaymentDeclined,
    Deed.CAPTURE: CaptureFailed,
    Deed.REFUND: RefundFailed,
    Deed.VOID: VoidFailed,
}


class Call(msgspec.Struct, frozen=True):
    """The body of the effect that carries an operation to its provider."""

    operation_id: UUID
    payment_id: UUID


class Sheet:
    """Tenders, operations and credit accounts as this transaction will leave them.

    Attributes:
        tenders: by id, present and new.
        credits: credit accounts by customer.
        holdings: gift cards, store credit, and the cash of stores.
        charged: operations by which disputes took money back, by their cause.
    """

    def __init__(self) -> None:
        self.tenders: dict[UUID, Tender] = {}
        self.credits: dict[UUID, Credit] = {}
        self.holdings = Holdings()
        self.charged: dict[str, UUID] = {}
        self._opened: set[UUID] = set()
        self._changed: set[UUID] = set()
        self._known: dict[UUID, Operation] = {}
        self._asked: dict[UUID, Operation] = {}
        self._traces: dict[UUID, str] = {}
        self._learned: dict[UUID, Operation] = {}
        self._movements: list[Movement] = []
        self._events: list[tuple[PaymentEvent, Cause | None]] = []
        self._used: set[UUID] = set()

    def of_order(self, order_id: UUID) -> list[Tender]:
        """Return the tenders of an order, in their sequence."""
        found = [tender for tender in self.tenders.values() if tender.order_id == order_id]
        return sorted(found, key=lambda tender: tender.sequence)

    def operation(self, operation_id: UUID) -> Operation:
        """Return an operation asked for or loaded here, as it stands."""
        found = self._asked.get(operation_id) or self._learned.get(operation_id)
        return found or self._known[operation_id]

    def know(self, tender: Tender, operation: Operation | None = None) -> None:
        """Take in what was loaded, protected until the transaction ends."""
        self.tenders[tender.id] = tender
        if operation is not None:
            self._known[operation.id] = operation

    def open(self, tender: Tender, *, at: datetime, by: Cause | None = None) -> None:
        """Add a new tender and ask for its authorization.

        Args:
            tender: in state pending, its credit already taken.
            at: business time.
            by: whose doing it is, the transaction's actor when None.
        """
        self.tenders[tender.id] = tender
        self._opened.add(tender.id)
        minor, cause = tender.amount_minor, str(tender.id)
        self.ask(tender.id, Deed.AUTHORIZE, minor, "payments.open", cause, at=at, by=by)

    def ask(
        self,
        payment_id: UUID,
        deed: Deed,
        minor: int,
        cause_kind: str,
        cause_id: str,
        *,
        at: datetime,
        by: Cause | None = None,
        to: RefundTo | None = None,
        now: datetime | None = None,
    ) -> Operation:
        """Ask something of a tender: set the amount aside, and do it at once when nobody is called.

        The caller has made sure that the tender has the amount, and of a refund that goes another
        way (``to``) that it may. ``now`` is the recorded time, for money that comes back to what
        has run out; business time when None.
        """
        tender = self.tenders[payment_id]
        operation = Operation(
            id=new_id(),
            payment_id=payment_id,
            order_id=tender.order_id,
            deed=deed,
            minor=minor,
            cause_kind=cause_kind,
            cause_id=cause_id,
            at=at,
            to_method=to.method if to else "",
            to_account=to.account if to else None,
            to_location=to.location_id if to else None,
        )
        self._asked[operation.id] = operation
        if by is not None:
            self._traces[operation.id] = by.trace
        self._set(domain.set_aside(tender, operation))
        # Of a dispute it is told what became of it, and by what name.
        by_itself = tender.local and deed not in _DISPUTED
        if by_itself or deed is Deed.SETTLE or to is not None:
            self.learn(operation, DONE, by=by, now=now)
        return operation

    def learn(
        self,
        operation: Operation,
        outcome: Outcome,
        *,
        by: Cause | None = None,
        now: datetime | None = None,
    ) -> bool:
        """Take in what became of an operation, with everything that follows from it.

        Returns:
            Whether that was news.
        """
        learned = domain.learn(operation, outcome)
        if learned is None:
            return False
        (self._asked if learned.id in self._asked else self._learned)[learned.id] = learned
        tender = domain.conclude(self.tenders[learned.payment_id], learned)
        self._set(tender)
        event = self._event(tender, learned, operation.state)
        if event is not None:
            self._events.append((event, by))
        if learned.state is OperationState.DONE:
            self._move(tender, learned)
            self._hold(tender, learned, now or learned.at)
            for deed in domain.following(tender):
                cause = str(learned.id)
                self.ask(
                    tender.id, deed.deed, deed.minor, deed.cause_kind, cause, at=learned.at, by=by
                )
        return True

    def lose(self, chargeback: Operation, dispute: str, *, at: datetime, by: Cause) -> None:
        """Tell that what a dispute took back stays gone."""
        tender = self.tenders[chargeback.payment_id]
        told = _told(tender, chargeback) | {"occurred_at": at}
        event = ChargebackLost(**told, dispute=dispute, chargeback_id=chargeback.id)
        self._events.append((event, by))

    def abandon(self, payment_id: UUID) -> None:
        """Give a tender up: money that still arrives on it goes back."""
        self._set(msgspec.structs.replace(self.tenders[payment_id], abandoned=True))

    def use_credit(self, credit: Credit) -> None:
        """Remember a changed credit account."""
        self.credits[credit.customer_id] = credit
        self._used.add(credit.customer_id)

    def undo(self, order_id: UUID) -> None:
        """Take back the tenders that this transaction has opened for an order."""
        gone = {t.id for t in self.of_order(order_id)} & self._opened
        for payment_id in gone:
            tender = self.tenders.pop(payment_id)
            if tender.stored_account is not None:
                held = tender.authorized_minor - tender.captured_minor - tender.voided_minor
                self.holdings.undo(tender.stored_account, payment_id, held)
            if tender.credit_account is not None:
                credit = self.credits[tender.credit_account]
                self.use_credit(
                    msgspec.structs.replace(
                        credit, used_minor=credit.used_minor - tender.amount_minor
                    )
                )
        self._opened -= gone
        self._changed -= gone
        self._asked = {i: o for i, o in self._asked.items() if o.payment_id not in gone}
        self._movements = [m for m in self._movements if m.payment_id not in gone]
        self._events = [(e, by) for e, by in self._events if e.payment_id not in gone]

    async def write(self, tx: Tx) -> None:
        """Save everything: rows by one statement, calls by another, events last."""
        waiting = [o for o in self._asked.values() if o.state is OperationState.REQUESTED]
        if self._opened or self._changed or self._used:
            await storage.write(tx, self._changes())
        await self.holdings.write(tx)
        await effects.request(tx, [self._call(operation) for operation in waiting])
        await log.append(
            tx, [event for event, _ in self._events], [by or tx for _, by in self._events]
        )

    def _call(self, operation: Operation) -> Effect:
        body, trace = Call(operation.id, operation.payment_id), self._traces.get(operation.id, "")
        return Effect(call_key(operation), EFFECT_KIND, body, trace=trace)

    def _changes(self) -> Changes:
        return Changes(
            opened=[self.tenders[i] for i in sorted(self._opened)],
            tenders=[self.tenders[i] for i in sorted(self._changed - self._opened)],
            asked=list(self._asked.values()),
            operations=list(self._learned.values()),
            movements=self._movements,
            credits=[self.credits[i] for i in sorted(self._used)],
        )

    def _set(self, tender: Tender) -> None:
        self.tenders[tender.id] = tender
        self._changed.add(tender.id)

    def _move(self, tender: Tender, operation: Operation) -> None:
        self._movements.append(
            Movement(
                operation.id,
                tender.id,
                tender.order_id,
                operation.deed,
                operation.minor,
                tender.currency,
                operation.at,
                domain.due_on(tender, operation),
                operation.to_method,
                operation.to_location,
            )
        )
        change = domain.credit_change(tender, operation)
        if change and tender.credit_account is not None:
            credit = self.credits[tender.credit_account]
            self.use_credit(msgspec.structs.replace(credit, used_minor=credit.used_minor + change))

    def _hold(self, tender: Tender, operation: Operation, now: datetime) -> None:
        """Do to a gift card or store credit what was done to its tender."""
        cause = operation.cause_kind, operation.cause_id
        told: dict[str, Any] = {
            "at": operation.at,
            "channel_id": tender.channel_id,
            "payment_id": tender.id,
        }
        if operation.to_account is not None:
            credited = EntryDeed.CREDITED
            self.holdings.change(
                operation.to_account, credited, operation.minor, cause, now=now, **told
            )
        if tender.stored_account is None:
            return
        account_id = tender.stored_account
        if operation.deed is Deed.AUTHORIZE:
            self.holdings.set_aside(account_id, operation.minor)
        elif operation.deed in (Deed.CAPTURE, Deed.VOID):
            self.holdings.set_aside(account_id, -operation.minor)
        if operation.deed is Deed.CAPTURE:
            self.holdings.change(account_id, EntryDeed.REDEEMED, -operation.minor, cause, **told)
        elif operation.deed is Deed.REFUND and not operation.to_method:
            back = EntryDeed.RETURNED
            self.holdings.change(account_id, back, operation.minor, cause, now=now, **told)

    def _event(
        self, tender: Tender, operation: Operation, before: OperationState
    ) -> PaymentEvent | None:
        account_id = operation.to_account
        if account_id is None and not operation.to_method:
            account_id = tender.stored_account
        entity_id = self.holdings.accounts[account_id].entity_id if account_id else None
        told = _told(tender, operation) | {"account_id": account_id, "entity_id": entity_id}
        if operation.state is OperationState.DONE and operation.deed in _DISPUTED:
            return self._of_dispute(tender, operation, told)
        return _event(tender, operation, before, told)

    def _of_dispute(
        self, tender: Tender, operation: Operation, told: dict[str, Any]
    ) -> PaymentEvent:
        if operation.deed is Deed.CHARGEBACK:
            return PaymentChargedBack(
                **told,
                dispute=operation.reference,
                reason=operation.reason,
                beyond_minor=min(operation.minor, tender.beyond_minor),
            )
        chargeback_id = self.charged[operation.cause_id]
        return ChargebackWon(**told, dispute=operation.reference, chargeback_id=chargeback_id)


async def open_sheet(
    tx: Tx,
    *,
    order_ids: Iterable[UUID] = (),
    payment_ids: Iterable[UUID] = (),
    account_ids: Iterable[UUID] = (),
) -> Sheet:
    """Load and lock tenders, with the credit accounts they are on and their stored value.

    Args:
        tx: open transaction.
        order_ids: whose tenders.
        payment_ids: single tenders.
        account_ids: stored value that may be changed besides.
    """
    sheet = Sheet()
    for tender in await storage.lock_tenders(tx, order_ids=order_ids, payment_ids=payment_ids):
        sheet.know(tender)
    accounts = {t.credit_account for t in sheet.tenders.values() if t.credit_account is not None}
    if accounts:
        sheet.credits = await storage.lock_credits(tx, accounts)
    stored = {t.stored_account for t in sheet.tenders.values() if t.stored_account is not None}
    stored.update(account_ids)
    if stored:
        await sheet.holdings.load(tx, stored)
    return sheet


async def open_operations(tx: Tx, operation_ids: Iterable[UUID]) -> Sheet:
    """Load and lock operations that providers are asked for, with their tenders."""
    sheet = Sheet()
    for tender, operation in await storage.lock_operations(tx, operation_ids):
        sheet.know(tender, operation)
    return sheet


def group_by_order(tenders: Iterable[Tender]) -> dict[UUID, list[Tender]]:
    """Return tenders by order, each list in their sequence."""
    grouped: dict[UUID, list[Tender]] = defaultdict(list)
    for tender in sorted(tenders, key=lambda t: (t.order_id, t.sequence)):
        grouped[tender.order_id].append(tender)
    return grouped


def call_key(operation: Operation) -> str:
    """Return the key under which a provider knows an operation."""
    return f"payments.{operation.deed}:{operation.id}"


def _told(tender: Tender, operation: Operation) -> dict[str, Any]:
    """Return what every event of a tender tells."""
    return {
        "payment_id": tender.id,
        "order_id": tender.order_id,
        "channel_id": tender.channel_id,
        "location_id": operation.to_location if operation.to_method else tender.location_id,
        "operation_id": operation.id,
        "method": operation.to_method or tender.method,
        "minor": operation.minor,
        "currency": tender.currency,
        "cause_kind": operation.cause_kind,
        "cause_id": operation.cause_id,
        "occurred_at": operation.at,
    }


def _event(
    tender: Tender, operation: Operation, before: OperationState, told: dict[str, Any]
) -> PaymentEvent | None:
    deed, state = operation.deed, operation.state
    if (
        deed is Deed.AUTHORIZE
        and before is OperationState.UNRESOLVED
        and not tender.authorized_minor
    ):
        return None  # it was told as declined when nobody could say
    if state is OperationState.DONE:
        if deed is Deed.AUTHORIZE and tender.abandoned:
            return PaymentArrivedLate(**told)
        if deed is Deed.CAPTURE:
            return PaymentCaptured(**told, due_on=domain.due_on(tender, operation))
        return _DONE_EVENTS[deed](**told)
    if state is OperationState.UNRESOLVED and tender.state is not State.DECLINED:
        return PaymentUnresolved(**told, deed=deed, reason=operation.reason)
    return _FAILED_EVENTS[deed](**told, reason=operation.reason)
