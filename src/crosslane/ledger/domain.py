"""Double entry in minor units: what an entry is, when it balances, what its book amounts are.

A debit is positive and a credit negative, so that an entry sums to zero per entity and currency.
A caller states what happened to each entity; where that leaves entities unbalanced towards each
other, the intercompany pair is made here and nowhere else.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec import structs

from crosslane.kernel import rounded_ratio
from crosslane.ledger.errors import (
    BadPostingAmount,
    ClosedAccount,
    EmptyEntry,
    RateMissing,
    UnbalancedEntry,
    UnknownAccount,
)

POSTING_MINOR_MAX = 10**15
ENTRY_POSTINGS_MAX = 5_000
RATE_NANO_PER_ONE = 10**9

INTERCOMPANY_RECEIVABLE = "intercompany_receivable"
INTERCOMPANY_PAYABLE = "intercompany_payable"
ROUNDING = "rounding"


class AccountKind(StrEnum):
    """The five kinds of account; the first and the last grow by debit."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class LedgerAccount(msgspec.Struct, frozen=True):
    """One account of the chart.

    Args:
        code: stable name that postings carry, such as ``receivable_card``.
        number: what accountants call it, such as ``1210``; may change.
        name: for people.
        kind: where it stands in balance sheet and profit and loss.
        open: whether it takes postings.
    """

    code: str
    number: str
    name: str
    kind: AccountKind
    open: bool = True


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One movement on one account of one legal entity.

    Args:
        entity_id: whose books.
        account: code in the chart.
        currency: ISO 4217, the currency in which it happened.
        minor: minor units, a debit positive and a credit negative.
        line_id: line of the cause, such as an order line.
        counterparty_id: the other legal entity of an intercompany posting.
        channel_id, location_id, staff_id, brand_id, market_id, tax_code: dimensions, where known.
    """

    entity_id: UUID
    account: str
    currency: str
    minor: int
    line_id: UUID | None = None
    counterparty_id: UUID | None = None
    channel_id: UUID | None = None
    location_id: UUID | None = None
    staff_id: UUID | None = None
    brand_id: UUID | None = None
    market_id: UUID | None = None
    tax_code: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one cause does to the books.

    Args:
        cause_kind: what sort of thing caused it, such as ``fulfillment.ParcelShipped``.
        cause_id: which one; an entry is posted once per cause kind and id.
        occurred_at: when it happened in the business, which may lie in the past.
        day: the business day it counts for, in the calendar of channel or store.
        memo: a few words for people, no personal data.
        postings: at least two.
    """

    cause_kind: str
    cause_id: str
    occurred_at: datetime
    day: date
    postings: Sequence[Posting]
    memo: str = ""


class Booked(msgspec.Struct, frozen=True):
    """A posting with its worth in the book currency of its entity.

    Args:
        posting: what was posted.
        book_minor: minor units of the book currency.
        rate_nano: book minor units per minor unit, times 10^9.
    """

    posting: Posting
    book_minor: int
    rate_nano: int


class Rate(msgspec.Struct, frozen=True):
    """An exchange rate from the day it begins until the next one of the same pair.

    Args:
        currency: the currency that is converted.
        book_currency: the currency it is converted into.
        valid_from: first day.
        rate_nano: minor units of ``book_currency`` per minor unit of ``currency``, times 10^9.
    """

    currency: str
    book_currency: str
    valid_from: date
    rate_nano: int


class RateBook:
    """Every known exchange rate, asked by pair and day."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[tuple[str, str], list[Rate]] = defaultdict(list)
        for rate in sorted(rates, key=lambda r: r.valid_from):
            self._rates[rate.currency, rate.book_currency].append(rate)

    def rate_nano(self, currency: str, book_currency: str, day: date) -> int:
        """Return book minor units per minor unit, times 10^9, as they were on a day.

        Raises:
            RateMissing: no rate of the pair had begun by then.
        """
        if currency == book_currency:
            return RATE_NANO_PER_ONE
        known = self._rates.get((currency, book_currency), [])
        position = bisect_right(known, day, key=lambda r: r.valid_from)
        if position == 0:
            raise RateMissing(currency=currency, book_currency=book_currency, day=day.isoformat())
        return known[position - 1].rate_nano


def imbalances(postings: Iterable[Posting]) -> dict[tuple[UUID, str], int]:
    """Return what is left over per entity and currency, in minor units; empty when it balances."""
    sums: dict[tuple[UUID, str], int] = defaultdict(int)
    for posting in postings:
        sums[posting.entity_id, posting.currency] += posting.minor
    return {key: minor for key, minor in sums.items() if minor}


def require_entry(entry: Entry, chart: Mapping[str, LedgerAccount]) -> None:
    """Refuse an entry that could not stand in the books.

    Args:
        entry: as the caller made it, before intercompany postings.
        chart: the accounts by code.

    Raises:
        EmptyEntry: fewer than two postings or too many.
        UnknownAccount: a code is not in the chart.
        ClosedAccount: an account takes no postings any more.
        BadPostingAmount: a posting of zero or of an impossible size.
        UnbalancedEntry: a currency does not sum to zero over all entities.
    """
    if not 2 <= len(entry.postings) <= ENTRY_POSTINGS_MAX:
        raise EmptyEntry(pointer="/postings", most=ENTRY_POSTINGS_MAX)
    totals: dict[str, int] = defaultdict(int)
    for position, posting in enumerate(entry.postings):
        account = chart.get(posting.account)
        if account is None:
            raise UnknownAccount(pointer=f"/postings/{position}/account", account=posting.account)
        if not account.open:
            raise ClosedAccount(pointer=f"/postings/{position}/account", account=posting.account)
        if not 1 <= abs(posting.minor) <= POSTING_MINOR_MAX:
            raise BadPostingAmount(
                pointer=f"/postings/{position}/minor", minor=posting.minor, most=POSTING_MINOR_MAX
            )
        totals[posting.currency] += posting.minor
    for currency, minor in totals.items():
        if minor:
            raise UnbalancedEntry(pointer="/postings", currency=currency, minor=minor)


def intercompany(postings: Sequence[Posting]) -> list[Posting]:
    """Return the postings that make every entity balance by itself.

    An entity whose postings leave a debit has received value: it owes, so it credits its
    intercompany payable; the entity that gave debits its receivable by the same amount, each
    naming the other. With more than two entities, receivers and givers are paired in the order of
    their ids until everything is settled, which takes the fewest pairs for two and one less than
    the number of entities at most.

    Each posting has the channel, location, brand and market that the others of its entity agree on,
    so that what a store or channel makes entities owe each other is counted there.
    """
    left = imbalances(postings)
    made: list[Posting] = []
    for currency in sorted({currency for _, currency in left}):
        open_minor = {e: minor for (e, c), minor in left.items() if c == currency}
        debtors = sorted(entity for entity, minor in open_minor.items() if minor > 0)
        creditors = sorted(entity for entity, minor in open_minor.items() if minor < 0)
        while debtors and creditors:
            debtor, creditor = debtors[0], creditors[0]
            minor = min(open_minor[debtor], -open_minor[creditor])
            made += _pair(postings, debtor, creditor, currency, minor)
            open_minor[debtor] -= minor
            open_minor[creditor] += minor
            debtors = [e for e in debtors if open_minor[e]]
            creditors = [e for e in creditors if open_minor[e]]
    return made


def _pair(
    postings: Sequence[Posting], debtor: UUID, creditor: UUID, currency: str, minor: int
) -> list[Posting]:
    return [
        structs.replace(
            _agreed(postings, entity_id),
            account=account,
            currency=currency,
            minor=signed,
            counterparty_id=other,
        )
        for entity_id, other, account, signed in (
            (debtor, creditor, INTERCOMPANY_PAYABLE, -minor),
            (creditor, debtor, INTERCOMPANY_RECEIVABLE, minor),
        )
    ]


def _agreed(postings: Sequence[Posting], entity_id: UUID) -> Posting:
    """Return a posting of an entity with the dimensions that those it has agree on."""
    own = [posting for posting in postings if posting.entity_id == entity_id]
    return Posting(
        entity_id=entity_id,
        account="",
        currency="",
        minor=0,
        channel_id=_only(p.channel_id for p in own),
        location_id=_only(p.location_id for p in own),
        brand_id=_only(p.brand_id for p in own),
        market_id=_only(p.market_id for p in own),
    )


def _only(named: Iterable[UUID | None]) -> UUID | None:
    known = set(named) - {None}
    return known.pop() if len(known) == 1 else None


def book(
    postings: Sequence[Posting], *, day: date, book_currencies: Mapping[UUID, str], rates: RateBook
) -> list[Booked]:
    """Return the postings with their book amounts, balanced per entity in those too.

    Each amount is converted and rounded by itself (half away from zero). What the roundings of
    one entity and currency leave over becomes one posting of amount zero on ``rounding``, which
    carries only the book amount that makes the entity balance.

    Args:
        postings: balanced per entity and currency.
        day: whose rates count.
        book_currencies: book currency of every entity named.
        rates: exchange rates.

    Raises:
        RateMissing: an entity books in another currency and no rate is known.
    """
    booked: list[Booked] = []
    left: dict[tuple[UUID, str], int] = defaultdict(int)
    for posting in postings:
        if posting.currency == book_currencies[posting.entity_id]:
            # Worth what it says, so nothing is rounded and nothing left over.
            booked.append(Booked(posting, posting.minor, RATE_NANO_PER_ONE))
            continue
        nano = rates.rate_nano(posting.currency, book_currencies[posting.entity_id], day)
        book_minor = rounded_ratio(posting.minor, nano, RATE_NANO_PER_ONE)
        left[posting.entity_id, posting.currency] += book_minor
        booked.append(Booked(posting, book_minor, nano))
    for (entity_id, currency), minor in sorted(left.items()):
        if minor:
            posting = Posting(entity_id=entity_id, account=ROUNDING, currency=currency, minor=0)
            nano = rates.rate_nano(currency, book_currencies[entity_id], day)
            booked.append(Booked(posting, -minor, nano))
    return booked


def reversal(entry: Entry, *, entry_id: UUID, occurred_at: datetime, day: date) -> Entry:
    """Return the entry that takes another one back, caused by it and so possible once only."""
    turned = [structs.replace(p, minor=-p.minor) for p in entry.postings if p.minor]
    return Entry(
        cause_kind="ledger.reversal",
        cause_id=str(entry_id),
        occurred_at=occurred_at,
        day=day,
        postings=turned,
        memo=entry.memo,
    )
