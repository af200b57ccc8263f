"""The books: double entry in minor units, per legal entity and currency.

Nouns: :class:`LedgerAccount` (a row of the chart, named by its code), :class:`Entry` (what one
cause does to the books), :class:`Posting` (one movement; a debit is positive), :class:`Balance` (a
sum), rates of exchange.

Doors: :func:`post` posts entries, each exactly once per cause kind and id. It adds what every entry
needs: the intercompany pair between entities that it leaves unbalanced, and each posting's worth in
the currency of its entity's books. :func:`balances` sums to the moment, :func:`turnovers` tells
what moved in a location or channel, and :func:`list_lines` the postings behind;
:func:`list_entries` and :func:`entry_by_id` look up; :func:`reverse` takes an entry back.
:func:`rate_book` tells the rates of exchange.

Invariants: an entry sums to zero per entity and currency, and per entity in its book currency.
Postings are only ever added. A balance is the roll-up plus the entries of the tail, so no row is
updated by every order. Codes of accounts never change, a rate that was set stays.

Seeded accounts: cash, bank, receivable_card, receivable_on_account, receivable_marketplace,
tax_recoverable, intercompany_receivable, inventory, stock_in_transit, clearing, payables,
received_not_invoiced,
stored_value, unclaimed_property, intercompany_payable, tax_payable (split by tax code),
opening_balance, revenue, sales_returns, appeasements, shipping_income, service_income,
return_handling_income, breakage, cost_of_goods, price_difference, inventory_adjustment,
shipping_cost, return_handling, fees, chargebacks, bad_debt, rounding.

Events: none; what caused an entry has its own. Facts: ``ledger``.
Tables: ledger_account, ledger_rate, ledger_entry, ledger_posting, ledger_tail, ledger_rollup.
"""

from crosslane.ledger.domain import (
    RATE_NANO_PER_ONE,
    AccountKind,
    Entry,
    LedgerAccount,
    Posting,
    Rate,
    RateBook,
)
from crosslane.ledger.errors import (
    AccountKindFixed,
    AccountNumberTaken,
    BadGrouping,
    BadPeriod,
    BadPostingAmount,
    BadRate,
    ClosedAccount,
    EmptyEntry,
    EntryNotFound,
    RateFixed,
    RateMissing,
    RateToItself,
    UnbalancedEntry,
    UnknownAccount,
)
from crosslane.ledger.rest import ROUTES
from crosslane.ledger.service import (
    Balance,
    EntryView,
    LineView,
    ManualPosting,
    PostingView,
    PostManually,
    PutAccount,
    RateView,
    SetRate,
    Side,
    Turnover,
    balances,
    chart,
    entry_by_id,
    list_entries,
    list_lines,
    list_rates,
    post,
    post_manually,
    put_account,
    rate_book,
    reverse,
    roll_up,
    set_rate,
    turnovers,
    turnovers_of_lines,
)
from crosslane.ledger.service.commands import COMMANDS
from crosslane.platform.effects import Schedule

ROLL_UP_SECONDS = 30.0
SCHEDULES = [Schedule("ledger.roll_up", ROLL_UP_SECONDS, roll_up)]

__all__ = [
    "COMMANDS",
    "RATE_NANO_PER_ONE",
    "ROUTES",
    "SCHEDULES",
    "AccountKind",
    "AccountKindFixed",
    "AccountNumberTaken",
    "BadGrouping",
    "BadPeriod",
    "BadPostingAmount",
    "BadRate",
    "Balance",
    "ClosedAccount",
    "EmptyEntry",
    "Entry",
    "EntryNotFound",
    "EntryView",
    "LedgerAccount",
    "LineView",
    "ManualPosting",
    "PostManually",
    "Posting",
    "PostingView",
    "PutAccount",
    "Rate",
    "RateBook",
    "RateFixed",
    "RateMissing",
    "RateToItself",
    "RateView",
    "SetRate",
    "Side",
    "Turnover",
    "UnbalancedEntry",
    "UnknownAccount",
    "balances",
    "chart",
    "entry_by_id",
    "list_entries",
    "list_lines",
    "list_rates",
    "post",
    "post_manually",
    "put_account",
    "rate_book",
    "reverse",
    "roll_up",
    "set_rate",
    "turnovers",
    "turnovers_of_lines",
]
