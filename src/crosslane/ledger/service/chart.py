"""The chart of accounts and the exchange rates: small tables kept in memory."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec

from crosslane.kernel import matching
from crosslane.ledger import storage
from crosslane.ledger.domain import RATE_NANO_PER_ONE, AccountKind, LedgerAccount, Rate, RateBook
from crosslane.ledger.errors import (
    AccountKindFixed,
    AccountNumberTaken,
    BadRate,
    RateFixed,
    RateToItself,
)
from crosslane.platform import facts
from crosslane.platform.database import Tx
from crosslane.platform.facts import Fact

RATE_DECIMALS_MAX = 9

Code = Annotated[str, matching("[a-z][a-z0-9_]{0,39}")]
Number = Annotated[str, matching("[0-9A-Z.-]{1,20}")]
Currency = Annotated[str, matching("[A-Z]{3}")]


class Books(msgspec.Struct, frozen=True):
    """What posting needs to know and rarely changes: chart of accounts and exchange rates."""

    chart: dict[str, LedgerAccount]
    rates: RateBook


class PutAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add an account to the chart, or change number, name and openness of the one with this code.

    Args:
        code: stable name that postings carry.
        number: what accountants call it, unique.
        name: for people.
        kind: asset, liability, equity, income or expense; never changes.
        open: whether it takes postings.
    """

    code: Code
    number: Number
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    kind: AccountKind
    open: bool = True


class SetRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say what a currency is worth in a book currency from a day on.

    Args:
        currency: what is converted.
        book_currency: into what.
        valid_from: first day.
        rate: minor units of the book currency per minor unit, such as ``"0.8512"``.
    """

    currency: Currency
    book_currency: Currency
    valid_from: date
    rate: Annotated[str, msgspec.Meta(max_length=30)]


class RateView(msgspec.Struct, frozen=True):
    """An exchange rate as it is shown."""

    currency: str
    book_currency: str
    valid_from: date
    rate: str


async def _load(tx: Tx) -> Books:
    return Books(await storage.list_accounts(tx), RateBook(await storage.list_rates(tx)))


BOOKS: Fact[Books] = Fact("ledger", _load)


async def chart(tx: Tx) -> dict[str, LedgerAccount]:
    """Return the chart of accounts by code; from memory when nothing has changed."""
    return (await facts.get(tx, BOOKS)).chart


async def rate_book(tx: Tx) -> RateBook:
    """Return every rate of exchange; from memory when nothing has changed."""
    return (await facts.get(tx, BOOKS)).rates


async def put_account(tx: Tx, wish: PutAccount) -> LedgerAccount:
    """Add an account or change it.

    Raises:
        AccountKindFixed: it exists with another kind.
        AccountNumberTaken: another account has the number.
    """
    await facts.touch(tx, BOOKS.topic)
    known = await chart(tx)
    before = known.get(wish.code)
    if before is not None and before.kind is not wish.kind:
        raise AccountKindFixed(pointer="/kind", account=wish.code, kind=before.kind)
    if any(a.number == wish.number and a.code != wish.code for a in known.values()):
        raise AccountNumberTaken(pointer="/number", number=wish.number)
    account = LedgerAccount(wish.code, wish.number, wish.name, wish.kind, wish.open)
    await storage.upsert_account(tx, account)
    return account


async def set_rate(tx: Tx, wish: SetRate) -> RateView:
    """Add an exchange rate. A rate that was set stays: books were kept by it.

    Raises:
        BadRate: it is no positive number of at most nine decimals.
        RateToItself: both are the same currency.
        RateFixed: this pair has another rate from that day.
    """
    if wish.currency == wish.book_currency:
        raise RateToItself(pointer="/book_currency", currency=wish.currency)
    await facts.touch(tx, BOOKS.topic)
    rate = Rate(wish.currency, wish.book_currency, wish.valid_from, _nano(wish.rate))
    if not await storage.insert_rate(tx, rate):
        known = [
            r
            for r in await storage.list_rates(tx)
            if (r.currency, r.book_currency, r.valid_from)
            == (rate.currency, rate.book_currency, rate.valid_from)
        ]
        if known != [rate]:
            raise RateFixed(
                currency=rate.currency, book_currency=rate.book_currency, day=rate.valid_from
            )
    return _rate_view(rate)


async def list_rates(tx: Tx) -> list[RateView]:
    """Return every exchange rate by pair and day."""
    return [_rate_view(rate) for rate in await storage.list_rates(tx)]


def _rate_view(rate: Rate) -> RateView:
    return RateView(rate.currency, rate.book_currency, rate.valid_from, decimal_of(rate.rate_nano))


def _nano(text: str) -> int:
    try:
        scaled = Decimal(text) * RATE_NANO_PER_ONE
    except ArithmeticError:
        raise BadRate(pointer="/rate", rate=text) from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or not 0 < scaled < 10**18:
        raise BadRate(pointer="/rate", rate=text)
    return int(scaled)


def decimal_of(nano: int) -> str:
    """Return a rate as people write it."""
    return str(Decimal(nano).scaleb(-RATE_DECIMALS_MAX).normalize().__format__("f"))
