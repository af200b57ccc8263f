"""Money that is given without an order, such as for goods that came back without a receipt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from crosslane.kernel import Refusal, new_id
from crosslane.payments import storage
from crosslane.payments.domain import Credit, EntryDeed, RefundTo
from crosslane.payments.errors import NoCreditAccount
from crosslane.payments.events import PaidOut
from crosslane.payments.service.holdings import Holdings
from crosslane.payments.service.refunding import AT_STORES, refuse_destination
from crosslane.payments.storage import Payout
from crosslane.platform import log
from crosslane.platform.database import Tx


class PayOut(msgspec.Struct, frozen=True, kw_only=True):
    """Money to be given without an order.

    Args:
        cause_kind: what it is given for; with cause_id it names the payout, which happens once.
        cause_id: see there.
        channel_id: channel through which it is given.
        method: in cash, as stored value, towards what a customer owes on account, or by the card
            terminal of a store, which has given it already.
        currency: ISO 4217.
        minor: minor units, positive.
        at: business time.
        location_id: store whose till gives it.
        location: code of that store, whose policy may limit cash.
        account: gift card or store credit; for on_account the customer.
        happened: it was given already, so that no limit refuses it.
    """

    cause_kind: str
    cause_id: str
    channel_id: UUID
    method: Literal["cash", "stored_value", "on_account", "card"]
    currency: str
    minor: int
    at: datetime
    location_id: UUID | None = None
    location: str = ""
    account: UUID | None = None
    happened: bool = False


class PaidOutMoney(msgspec.Struct, frozen=True):
    """A payout that was made."""

    payout_id: UUID
    minor: int


async def pay_out(tx: Tx, wishes: Sequence[PayOut]) -> list[PaidOutMoney | Refusal]:
    """Give money without an order, once per cause; see PaidOut.

    Returns:
        For each what was given, also when that was before, or why not: BadDestination,
        StoredValueNotFound, WrongStoredCurrency, NoCreditAccount, CashRefundTooHigh, CashDayUsedUp.
    """
    if not wishes:
        return []
    causes = [(wish.cause_kind, wish.cause_id) for wish in wishes]
    before = await storage.lock_payouts(tx, causes)
    credits = await storage.lock_credits(tx, _customers(wishes))
    changed: dict[UUID, Credit] = {}
    holdings = await _holdings(tx, wishes)
    paid: list[Payout] = []
    answers: list[PaidOutMoney | Refusal] = []
    for wish, cause in zip(wishes, causes, strict=True):
        known = before.get(cause)
        refusal = None if known else _refuse(wish, holdings, credits)
        if refusal is not None:
            answers.append(refusal)
            continue
        if known is None:
            known = before[cause] = _payout(wish)
            paid.append(known)
            _give(tx, wish, holdings)
            if wish.method == "on_account" and wish.account is not None:
                credit = credits[wish.account]
                less = msgspec.structs.replace(credit, used_minor=credit.used_minor - wish.minor)
                credits[wish.account] = changed[wish.account] = less
        answers.append(PaidOutMoney(known.id, known.minor))
    if paid:
        await storage.insert_payouts(tx, paid)
        await holdings.write(tx)
        if changed:
            await storage.write(tx, storage.Changes(credits=list(changed.values())))
        await log.append(tx, [_event(payout, holdings) for payout in paid])
    return answers


async def _holdings(tx: Tx, wishes: Sequence[PayOut]) -> Holdings:
    holdings = Holdings()
    stored = [w.account for w in wishes if w.method == "stored_value" and w.account is not None]
    await holdings.load(tx, stored)
    in_cash = [wish for wish in wishes if wish.method == "cash" and wish.location_id is not None]
    keys = [
        holdings.cash_key(wish.channel_id, wish.location_id, wish.currency, wish.at)
        for wish in in_cash
        if wish.location_id is not None
    ]
    await holdings.load_cash(tx, keys)
    return holdings


def _customers(wishes: Sequence[PayOut]) -> list[UUID]:
    return [w.account for w in wishes if w.method == "on_account" and w.account is not None]


def _refuse(wish: PayOut, holdings: Holdings, credits: dict[UUID, Credit]) -> Refusal | None:
    if wish.method == "on_account":
        credit = credits.get(wish.account) if wish.account is not None else None
        if credit is None or credit.currency != wish.currency:
            return NoCreditAccount(pointer="/account", currency=wish.currency)
        return None
    to = RefundTo(method=wish.method, account=wish.account, location_id=wish.location_id)
    refusal = refuse_destination(to, wish.currency, holdings.accounts, happened=wish.happened)
    if refusal is not None or wish.method != "cash" or wish.location_id is None or wish.happened:
        return refusal
    key = holdings.cash_key(wish.channel_id, wish.location_id, wish.currency, wish.at)
    rules = holdings.refund_rules(wish.channel_id, wish.location, wish.at)
    return holdings.refuse_cash(key, wish.minor, rules)


def _give(tx: Tx, wish: PayOut, holdings: Holdings) -> None:
    if wish.method == "cash" and wish.location_id is not None:
        key = holdings.cash_key(wish.channel_id, wish.location_id, wish.currency, wish.at)
        holdings.pay_cash(key, wish.minor)
    if wish.method == "stored_value" and wish.account is not None:
        holdings.change(
            wish.account,
            EntryDeed.CREDITED,
            wish.minor,
            (wish.cause_kind, wish.cause_id),
            at=wish.at,
            channel_id=wish.channel_id,
            now=tx.now,
        )


def _payout(wish: PayOut) -> Payout:
    return Payout(
        id=new_id(),
        cause_kind=wish.cause_kind,
        cause_id=wish.cause_id,
        channel_id=wish.channel_id,
        location_id=wish.location_id if wish.method in AT_STORES else None,
        method=wish.method,
        account_id=wish.account if wish.method not in AT_STORES else None,
        currency=wish.currency,
        minor=wish.minor,
        occurred_at=wish.at,
    )


def _event(payout: Payout, holdings: Holdings) -> PaidOut:
    account = holdings.accounts.get(payout.account_id) if payout.account_id else None
    return PaidOut(
        payout_id=payout.id,
        channel_id=payout.channel_id,
        location_id=payout.location_id,
        method=payout.method,
        account_id=payout.account_id,
        entity_id=account.entity_id if account else None,
        minor=payout.minor,
        currency=payout.currency,
        cause_kind=payout.cause_kind,
        cause_id=payout.cause_id,
        occurred_at=payout.occurred_at,
    )
