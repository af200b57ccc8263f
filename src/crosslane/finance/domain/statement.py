"""What a store or a channel did, section by section: every posting of it is in exactly one.

A store's own sales are those of its counter: handed over there and sold in a channel of type store
or kiosk; such a channel is its own. What it hands over for another one has sections of its own, and
so has what it takes back, pays out and is credited for others: nothing another channel does can
lower its own sales. In the statement of a channel everything is its own.

The side decides between a sale and what takes one back: income and tax are credited by a sale, cost
of goods is debited, and the opposite is a return, a reduction or a correction.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from crosslane.finance.domain.entries import CLEARING, TAX
from crosslane.finance.domain.money import MONEY_ACCOUNTS
from crosslane.finance.domain.returns import RETURN_HANDLING, RETURN_HANDLING_INCOME
from crosslane.finance.domain.sales import CHARGE_ACCOUNTS, COST_OF_GOODS, REVENUE, SALES_RETURNS
from crosslane.ledger import Side, Turnover

HANDLING = frozenset({RETURN_HANDLING, RETURN_HANDLING_INCOME})
INTERCOMPANY = frozenset({"intercompany_payable", "intercompany_receivable"})
TRADE = frozenset({REVENUE, SALES_RETURNS, TAX, COST_OF_GOODS, *CHARGE_ACCOUNTS.values()})
MONEY = MONEY_ACCOUNTS - {CLEARING}
SUPPLIES = frozenset(
    {
        "inventory",
        "stock_in_transit",
        "inventory_adjustment",
        "received_not_invoiced",
        "price_difference",
        "payables",
        "tax_recoverable",
        "shipping_cost",
    }
)
SIDES: tuple[Side, Side] = ("debit", "credit")


class Section(StrEnum):
    """The parts of a statement, in the order in which they are shown."""

    OWN_SALES = "own_sales"
    OWN_RETURNS = "own_returns"
    FULFILLED_FOR_OTHERS = "fulfilled_for_others"
    RETURNED_FOR_OTHERS = "returned_for_others"
    HANDLING_CREDITS = "handling_credits"
    OWN_MONEY = "own_money"
    TAKEN_FOR_OTHERS = "taken_for_others"
    PAID_OUT_FOR_OTHERS = "paid_out_for_others"
    CUSTOMERS = "customers"
    INTERCOMPANY = "intercompany"
    SUPPLIES = "supplies"
    OTHER = "other"


class StatementRow(msgspec.Struct, frozen=True):
    """One side of what moved on an account; the postings behind it are found by these very names.

    Args:
        minor: positive, in minor units of ``currency``.
    """

    section: Section
    account: str
    side: Side
    entity_id: UUID
    currency: str
    channel_id: UUID | None
    minor: int


class AccountMove(msgspec.Struct, frozen=True):
    """An account over the days of a statement; a balance is debits less credits, in minor units."""

    entity_id: UUID
    account: str
    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        """What stands there at the end of the last day."""
        return self.opening_minor + self.debit_minor - self.credit_minor


def section_of(account: str, side: Side, *, own: bool) -> Section:
    """Return where one side of an account is shown.

    Args:
        account: code of the account.
        side: which side.
        own: whether it is of a channel that sells for whom the statement is of.
    """
    if account in TRADE:
        if side == ("debit" if account == COST_OF_GOODS else "credit"):
            return Section.OWN_SALES if own else Section.FULFILLED_FOR_OTHERS
        return Section.OWN_RETURNS if own else Section.RETURNED_FOR_OTHERS
    if account in MONEY:
        if own:
            return Section.OWN_MONEY
        return Section.TAKEN_FOR_OTHERS if side == "debit" else Section.PAID_OUT_FOR_OTHERS
    if account in HANDLING:
        return Section.HANDLING_CREDITS
    if account in INTERCOMPANY:
        return Section.INTERCOMPANY
    if account == CLEARING:
        return Section.CUSTOMERS
    return Section.SUPPLIES if account in SUPPLIES else Section.OTHER


def own_channels(turned: Iterable[Turnover], counters: Collection[UUID]) -> set[UUID]:
    """Return the counter channels in which a store has sold, by the end of the days.

    The till of another store is a counter as well; what is paid out for it is for another.

    Args:
        turned: what moved at the store.
        counters: every channel that sells over counters.
    """
    return {
        one.channel_id
        for one in turned
        if one.account == REVENUE and one.channel_id is not None and one.channel_id in counters
    }


def statement_rows(
    turned: Iterable[Turnover], own_channels: Collection[UUID | None]
) -> list[StatementRow]:
    """Return every side on which something moved, by section.

    Args:
        turned: what moved.
        own_channels: whose sales are those of whom the statement is of.
    """
    rows = [
        StatementRow(
            section_of(one.account, side, own=one.channel_id in own_channels),
            one.account,
            side,
            one.entity_id,
            one.currency,
            one.channel_id,
            one.minor(side),
        )
        for one in turned
        for side in SIDES
        if one.minor(side)
    ]
    order = list(Section)
    return sorted(rows, key=lambda row: order.index(row.section))


def account_moves(turned: Iterable[Turnover]) -> list[AccountMove]:
    """Return every account with its opening balance and what moved, whatever the channel."""
    sums: dict[tuple[UUID, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in turned:
        kept = sums[one.entity_id, one.account, one.currency]
        for place, minor in enumerate((one.opening_minor, one.debit_minor, one.credit_minor)):
            kept[place] += minor
    return [AccountMove(*key, *minors) for key, minors in sums.items() if any(minors)]


def results(
    rows: Sequence[StatementRow], profit_accounts: Collection[str]
) -> Iterator[tuple[Section, UUID, str, int]]:
    """Yield what each section adds to the profit of an entity: income less expense, minor units.

    Args:
        rows: of the statement.
        profit_accounts: accounts of income and expense.
    """
    sums: dict[tuple[Section, UUID, str], int] = defaultdict(int)
    for row in rows:
        if row.account in profit_accounts:
            signed = row.minor if row.side == "credit" else -row.minor
            sums[row.section, row.entity_id, row.currency] += signed
    for key, minor in sums.items():
        yield *key, minor
