"""Whether a day's books equal its order book."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import msgspec

from crosslane.finance.domain.entries import CLEARING, TAX, tax_code
from crosslane.finance.domain.money import (
    METHOD_ACCOUNTS,
    MONEY_ACCOUNTS,
    STORED_VALUE,
    accounts_of,
)
from crosslane.finance.domain.sales import CHARGE_ACCOUNTS, REVENUE, SALES_RETURNS
from crosslane.ledger import Balance
from crosslane.orders import SoldSum
from crosslane.payments import MovedSum

CONTROLLED = MONEY_ACCOUNTS | {TAX, SALES_RETURNS, *CHARGE_ACCOUNTS.values()}


class ControlRow(msgspec.Struct, frozen=True):
    """One amount of a day, as the order book has it and as the books have it.

    Args:
        account: account of the ledger; amounts are debits, so income and tax are negative.
        location_id: store or warehouse, None where the account does not tell.
        tax_code: jurisdiction and rate, None where the account does not tell.
        currency: ISO 4217.
        order_book_minor: by the orders' and payments' own journals.
        ledger_minor: by the postings of that day.
    """

    account: str
    location_id: UUID | None
    tax_code: str | None
    currency: str
    order_book_minor: int
    ledger_minor: int

    @property
    def difference_minor(self) -> int:
        """What the books have more than the order book."""
        return self.ledger_minor - self.order_book_minor


def control_rows(
    sold: Iterable[SoldSum],
    credited: Iterable[SoldSum],
    moved: Iterable[MovedSum],
    booked: Iterable[Balance],
) -> list[ControlRow]:
    """Compare what a day's order book and money journal demand with what was posted.

    Args:
        sold: what the channel sold that day.
        credited: what was credited that day for goods of the channel that came back, positive.
        moved: the money of its orders that moved that day.
        booked: the day's postings of the channel, by location and tax code.

    Returns:
        A row for every amount either side has, by account.
    """
    wanted: dict[tuple[str, UUID | None, str | None, str], int] = defaultdict(int)
    for rows, goods, sign in ((sold, REVENUE, 1), (credited, SALES_RETURNS, -1)):
        for row in rows:
            account = goods if row.kind == "goods" else CHARGE_ACCOUNTS[row.kind]
            code = tax_code(row.jurisdiction, row.tax_rate_bp)
            wanted[account, row.location_id, code, row.currency] -= sign * row.net_minor
            wanted[TAX, row.location_id, code, row.currency] -= sign * row.tax_minor
            gross_minor = sign * (row.net_minor + row.tax_minor)
            wanted[CLEARING, None, None, row.currency] += gross_minor
    for money in moved:
        for account, minor in _moved(money):
            own = account == METHOD_ACCOUNTS[money.method]
            where = money.location_id if own else None
            wanted[account, where, None, money.currency] += minor
    seen: dict[tuple[str, UUID | None, str | None, str], int] = defaultdict(int)
    for one in booked:
        if one.account in CONTROLLED:
            seen[one.account, one.location_id, one.tax_code, one.currency] += one.balance_minor
    keys = sorted(wanted.keys() | seen.keys(), key=lambda key: tuple(map(str, key)))
    rows = [ControlRow(*key, wanted.get(key, 0), seen.get(key, 0)) for key in keys]
    return [row for row in rows if row.order_book_minor or row.ledger_minor]


def _moved(row: MovedSum) -> list[tuple[str, int]]:
    """Return what money that moved does to accounts; what is only promised does nothing."""
    if row.deed in ("authorize", "void"):
        return []
    if row.deed == "transfer":
        return [(STORED_VALUE, -row.minor)]
    debit, credit = accounts_of(row.deed, row.method)
    return [(debit, row.minor), (credit, -row.minor)]
