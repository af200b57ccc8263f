"""Opening tenders: how orders are paid."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal, new_id
from crosslane.payments import domain, storage
from crosslane.payments.domain import (
    NewTender,
    State,
    Tender,
    Terms,
)
from crosslane.payments.errors import (
    ProviderOff,
    StoredValueNotFound,
    UnknownProvider,
)
from crosslane.payments.provider import ProviderSettings
from crosslane.payments.service.settings import providers
from crosslane.payments.service.sheet import Sheet
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


class TenderSheet:
    """Tenders to be opened in a lane: decide with :meth:`take`, then :meth:`write` once.

    Made by :func:`tender_sheet` for all tenders a batch may open.
    """

    def __init__(self, sheet: Sheet, known: dict[str, ProviderSettings], now: datetime) -> None:
        self._sheet = sheet
        self._known = known
        self._now = now

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
        refusal = self._refuse_stored(tenders)
        if refusal is not None:
            return refusal
        return [self._open(place, tender, by) for place, tender in enumerate(tenders, start=1)]

    def undo(self, order_id: UUID) -> None:
        """Take back the tenders opened here for an order that was refused for another reason."""
        self._sheet.undo(order_id)

    async def write(self, tx: Tx) -> None:
        """Save what was taken."""
        await self._sheet.write(tx)

    def _refuse_stored(self, tenders: Sequence[NewTender]) -> Refusal | None:
        """Return why the stored value of an order's tenders cannot be used, or None.

        Two tenders may take from the same account; what a till has taken already is booked.
        """
        wanted: Counter[UUID] = Counter()
        for tender in tenders:
            if tender.stored_account is None:
                continue
            account = self._sheet.holdings.accounts.get(tender.stored_account)
            if account is None:
                return StoredValueNotFound(account_id=tender.stored_account)
            wanted[account.id] += tender.minor
            fact = tender.terms is Terms.TAKEN and account.currency == tender.currency
            if not fact:
                used = wanted[account.id]
                refusal = domain.refuse_owner(account, tender.owner) or domain.refuse_use(
                    account, tender.currency, used, self._now
                )
                if refusal is not None:
                    return refusal
        return None

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
            stored_account=asked.stored_account,
            terms_days=terms_days,
        )
        self._sheet.open(tender, at=asked.at, by=by)
        return Opened(tender.id, self._sheet.tenders[tender.id].state)


async def tender_sheet(tx: Tx, tenders: Collection[NewTender]) -> TenderSheet:
    """Load and lock what opening these tenders needs: credit accounts and stored value.

    Args:
        tx: open transaction; orders are locked already.
        tenders: every tender that may be opened with the sheet.
    """
    sheet = Sheet()
    accounts = {t.credit_account for t in tenders if t.credit_account is not None}
    if accounts:
        sheet.credits = await storage.lock_credits(tx, accounts)
    stored = {t.stored_account for t in tenders if t.stored_account is not None}
    if stored:
        await sheet.holdings.load(tx, stored)
    return TenderSheet(sheet, await providers(tx), tx.now)


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
