"""The rules of double entry, without a database."""

from collections import defaultdict
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.ledger import domain
from crosslane.ledger.domain import AccountKind, Entry, LedgerAccount, Posting, Rate, RateBook
from crosslane.ledger.errors import (
    BadPostingAmount,
    ClosedAccount,
    EmptyEntry,
    RateMissing,
    UnbalancedEntry,
    UnknownAccount,
)

RETAILER, FRANCHISEE, THIRD = (UUID(int=n) for n in (1, 2, 3))
DAY = date(2011, 1, 4)
CHART = {
    code: LedgerAccount(code, str(number), code, AccountKind.ASSET)
    for number, code in enumerate(
        ["cash", "revenue", "tax_payable", "rounding", "intercompany_payable"]
    )
} | {"old": LedgerAccount("old", "99", "old", AccountKind.ASSET, open=False)}


def posting(account: str, minor: int, entity: UUID = RETAILER, currency: str = "GBP") -> Posting:
    return Posting(entity_id=entity, account=account, currency=currency, minor=minor)


def entry(*postings: Posting) -> Entry:
    return Entry(
        cause_kind="test.Sale",
        cause_id="1",
        occurred_at=datetime(2011, 1, 4, 12, tzinfo=UTC),
        day=DAY,
        postings=postings,
    )


def test_a_sale_with_tax_balances():
    sale = entry(posting("cash", 1200), posting("revenue", -1000), posting("tax_payable", -200))
    domain.require_entry(sale, CHART)
    assert domain.imbalances(sale.postings) == {}
    assert domain.intercompany(sale.postings) == []


@pytest.mark.parametrize(
    ("postings", "refusal", "pointer"),
    [
        ([posting("cash", 1)], EmptyEntry, "/postings"),
        ([posting("cash", 2), posting("revenue", -1)], UnbalancedEntry, "/postings"),
        (
            [posting("cash", 1), posting("revenue", -1, currency="EUR")],
            UnbalancedEntry,
            "/postings",
        ),
        ([posting("cash", 1), posting("nowhere", -1)], UnknownAccount, "/postings/1/account"),
        ([posting("old", 1), posting("cash", -1)], ClosedAccount, "/postings/0/account"),
        ([posting("cash", 0), posting("revenue", 0)], BadPostingAmount, "/postings/0/minor"),
        (
            [posting("cash", 10**15 + 1), posting("revenue", -(10**15) - 1)],
            BadPostingAmount,
            "/postings/0/minor",
        ),
    ],
)
def test_what_cannot_stand_in_the_books_is_refused(postings, refusal, pointer):
    with pytest.raises(refusal) as refused:
        domain.require_entry(entry(*postings), CHART)
    assert refused.value.pointer == pointer


def test_goods_of_one_entity_sold_by_another_make_the_pair():
    made = domain.intercompany([posting("cash", 500, FRANCHISEE), posting("revenue", -500)])
    assert [(p.entity_id, p.account, p.minor, p.counterparty_id) for p in made] == [
        (FRANCHISEE, "intercompany_payable", -500, RETAILER),
        (RETAILER, "intercompany_receivable", 500, FRANCHISEE),
    ]


amounts = st.integers(-(10**9), 10**9).filter(bool)
entities = st.sampled_from([RETAILER, FRANCHISEE, THIRD])
currencies = st.sampled_from(["GBP", "EUR", "JPY"])


@st.composite
def balanced_over_all(draw):
    """Postings that sum to zero per currency, though not per entity."""
    made = draw(
        st.lists(st.builds(posting, st.just("cash"), amounts, entities, currencies), min_size=1)
    )
    totals: dict[str, int] = defaultdict(int)
    for one in made:
        totals[one.currency] += one.minor
    return made + [
        posting("revenue", -minor, draw(entities), currency)
        for currency, minor in totals.items()
        if minor
    ]


@given(balanced_over_all())
def test_intercompany_always_balances_every_entity(postings):
    made = domain.intercompany(postings)
    assert domain.imbalances([*postings, *made]) == {}
    assert len(made) <= 2 * 3 * (3 - 1)
    mirrored: dict[tuple, int] = defaultdict(int)
    for one in made:
        low, high = sorted([one.entity_id, one.counterparty_id])
        mirrored[low, high, one.currency] += one.minor
    assert not any(mirrored.values())


RATES = RateBook(
    [
        Rate("EUR", "GBP", date(2010, 12, 1), 847_000_000),
        Rate("EUR", "GBP", date(2011, 1, 4), 851_234_567),
        Rate("JPY", "GBP", date(2010, 12, 1), 781_000_000),
        *(Rate(c, "EUR", date(2010, 1, 1), 1_170_000_001) for c in ("GBP", "JPY")),
    ]
)
BOOKS = {RETAILER: "GBP", FRANCHISEE: "EUR", THIRD: "GBP"}


@given(balanced_over_all())
def test_book_amounts_balance_per_entity_too(postings):
    whole = [*postings, *domain.intercompany(postings)]
    booked = domain.book(whole, day=DAY, book_currencies=BOOKS, rates=RATES)
    sums: dict[UUID, int] = defaultdict(int)
    for one in booked:
        sums[one.posting.entity_id] += one.book_minor
    assert not any(sums.values())
    assert domain.imbalances(one.posting for one in booked) == {}
    for one in booked:
        if one.posting.minor == 0:
            assert one.posting.account == "rounding"
            assert abs(one.book_minor) <= len(whole)


def test_the_rate_of_the_day_counts():
    assert RATES.rate_nano("EUR", "GBP", date(2011, 1, 3)) == 847_000_000
    assert RATES.rate_nano("EUR", "GBP", date(2011, 1, 4)) == 851_234_567
    assert RATES.rate_nano("GBP", "GBP", date(1999, 1, 1)) == 10**9
    with pytest.raises(RateMissing):
        RATES.rate_nano("EUR", "GBP", date(2010, 11, 30))


def test_a_reversal_takes_everything_back():
    sale = entry(posting("cash", 1200), posting("revenue", -1200))
    back = domain.reversal(sale, entry_id=UUID(int=7), occurred_at=sale.occurred_at, day=DAY)
    assert (back.cause_kind, back.cause_id) == ("ledger.reversal", str(UUID(int=7)))
    assert [(p.account, p.minor) for p in back.postings] == [("cash", -1200), ("revenue", 1200)]
