"""Giving money back: the way it came, as stored value, or in cash, within what is allowed."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crosslane.kernel import Refusal
from crosslane.payments import domain
from crosslane.payments.domain import Deed, RefundTo, Share
from crosslane.payments.errors import (
    BadDestination,
    StoredValueNotFound,
    WrongStoredCurrency,
)
from crosslane.payments.service.asking import (
    Asked,
    MoneyRequest,
    asked_of,
    cause_of,
    known_causes,
)
from crosslane.payments.service.sheet import Sheet, open_sheet
from crosslane.payments.storage import CashKey
from crosslane.platform.database import Tx

# What a store's own till gives: cash, or its card terminal.
AT_STORES = ("cash", "card")


class Planned(msgspec.Struct, frozen=True):
    """How a refund would be spread: over which tenders, and where each part goes."""

    shares: list[Share]

    @property
    def minor(self) -> int:
        """Minor units in all."""
        return sum(share.minor for share in self.shares)


async def refund(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Asked | Refusal]:
    """Give captured money of orders back; see PaymentRefunded for the end.

    It goes the way it came, or where the request says: see ``domain/refunds.py`` for the order of
    the tenders. What is given as stored value or cash is done at once.

    Returns:
        What was asked for, or RefundAboveCaptured; with a destination also one of
        DESTINATION_REFUSALS.
    """
    sheet = await _open(tx, requests)
    before = await known_causes(tx, requests, (Deed.REFUND,))
    answers: list[Asked | Refusal] = []
    for request in requests:
        known = before.get(cause_of(request))
        if known:
            answers.append(asked_of(request.order_id, known))
            continue
        shares = _plan(tx, sheet, request)
        if isinstance(shares, Refusal):
            answers.append(shares)
            continue
        asked = before[cause_of(request)] = _do(tx, sheet, request, shares)
        answers.append(asked_of(request.order_id, asked))
    await sheet.write(tx)
    return answers


async def quote_refunds(tx: Tx, requests: Sequence[MoneyRequest]) -> list[Planned | Refusal]:
    """Tell what :func:`refund` would answer to these requests, one after the other.

    Nothing is changed, but everything is locked: asked for in the same transaction, a refund that
    is not refused here is not refused there.
    """
    sheet = await _open(tx, requests)
    before = await known_causes(tx, requests, (Deed.REFUND,))
    answers: list[Planned | Refusal] = []
    for request in requests:
        known = before.get(cause_of(request))
        if known:
            answers.append(Planned([Share(o.payment_id, o.minor) for o in known]))
            continue
        shares = _plan(tx, sheet, request)
        if isinstance(shares, Refusal):
            answers.append(shares)
        else:
            _do(tx, sheet, request, shares)
            answers.append(Planned(shares))
    return answers


def refuse_destination(
    to: RefundTo, currency: str, accounts: Mapping, *, happened: bool = False
) -> Refusal | None:
    """Return why money of a currency cannot go there at all, or None.

    Args:
        to: where it shall go.
        currency: ISO 4217.
        accounts: stored value by id.
        happened: it is there already.
    """
    if to.method in AT_STORES and to.location_id is None:
        return BadDestination(pointer="/location", method=to.method, missing="a store")
    if to.method == "card" and not happened:
        terminal = "a terminal that has given it already"
        return BadDestination(pointer="/method", method=to.method, missing=terminal)
    if to.method != "stored_value":
        return None
    if to.account is None:
        return BadDestination(pointer="/account", method=to.method, missing="an account")
    account = accounts.get(to.account)
    if account is None:
        return StoredValueNotFound(pointer="/account", account_id=to.account)
    if account.currency != currency:
        return WrongStoredCurrency(pointer="/account", currency=account.currency)
    return None


def turned(requests: Iterable[MoneyRequest]) -> list[tuple[MoneyRequest, RefundTo]]:
    """Return the requests whose money goes another way than it came."""
    return [(r, r.to) for r in requests if r.to is not None and r.to.method != "original"]


async def _open(tx: Tx, requests: Sequence[MoneyRequest]) -> Sheet:
    elsewhere = turned(requests)
    accounts = [to.account for _, to in elsewhere if to.account is not None]
    orders = [request.order_id for request in requests]
    sheet = await open_sheet(tx, order_ids=orders, account_ids=accounts)
    if elsewhere:
        await sheet.holdings.know_rules(tx)
        keys = [key for r, to in elsewhere if (key := _cash_key(tx, sheet, r, to)) is not None]
        await sheet.holdings.load_cash(tx, keys)
    return sheet


def _cash_key(tx: Tx, sheet: Sheet, request: MoneyRequest, to: RefundTo) -> CashKey | None:
    tenders = sheet.of_order(request.order_id)
    if to.method != "cash" or to.location_id is None or not tenders:
        return None
    first, at = tenders[0], request.at or tx.now
    return sheet.holdings.cash_key(first.channel_id, to.location_id, first.currency, at)


def _plan(tx: Tx, sheet: Sheet, request: MoneyRequest) -> list[Share] | Refusal:
    """Return where the money of one request goes, in parts, or why it cannot."""
    tenders, minor = sheet.of_order(request.order_id), request.minor or 0
    elsewhere = turned([request])
    if not elsewhere or not tenders:
        return domain.plan_refunds(tenders, minor)
    to, holdings = elsewhere[0][1], sheet.holdings
    refusal = refuse_destination(
        to, tenders[0].currency, holdings.accounts, happened=request.happened
    )
    if refusal is not None:
        return refusal
    at = request.at or tx.now
    rules = holdings.refund_rules(tenders[0].channel_id, to.location, at)
    shares = domain.plan_refunds(tenders, minor, to, rules, happened=request.happened)
    if isinstance(shares, Refusal):
        return shares
    cash = _cash_of(shares)
    key = _cash_key(tx, sheet, request, to)
    if key is not None and cash and not request.happened:
        refusal = holdings.refuse_cash(key, cash, rules)
        if refusal is not None:
            return refusal
    return shares


def _do(tx: Tx, sheet: Sheet, request: MoneyRequest, shares: Sequence[Share]) -> list:
    cash = _cash_of(shares)
    for _, to in turned([request]) if cash else ():
        key = _cash_key(tx, sheet, request, to)
        if key is not None:
            sheet.holdings.pay_cash(key, cash)
    return [
        sheet.ask(
            share.payment_id,
            Deed.REFUND,
            share.minor,
            request.cause_kind,
            request.cause_id,
            at=request.at or tx.now,
            to=share.to,
            now=tx.now,
        )
        for share in shares
    ]


def _cash_of(shares: Iterable[Share]) -> int:
    return sum(s.minor for s in shares if s.to is not None and s.to.method == "cash")
