"""What business events do to the books, and whether a day's books equal its order book; pure."""

from crosslane.finance.domain.control import CONTROLLED, ControlRow, control_rows
from crosslane.finance.domain.entries import (
    CLEARING,
    TAX,
    Cause,
    Seller,
    Stockholders,
    business_day,
    day_bounds,
    tax_code,
)
from crosslane.finance.domain.money import (
    MONEY_ACCOUNTS,
    TENDER_ACCOUNTS,
    MovedMoney,
    money_entry,
    transfer_entry,
)
from crosslane.finance.domain.returns import (
    Credit,
    HandlingCredit,
    Origin,
    UnitsBack,
    credit_entry,
    handling_entry,
)
from crosslane.finance.domain.sales import CHARGE_ACCOUNTS, REVENUE, SALES_RETURNS, Sale, sale_entry
from crosslane.finance.domain.statement import (
    AccountMove,
    Section,
    StatementRow,
    account_moves,
    own_channels,
    results,
    statement_rows,
)
from crosslane.finance.domain.stock import (
    Stock,
    Transit,
    keys_of,
    stock_entry,
    take_sold,
    units_alone,
)
from crosslane.finance.domain.supplies import invoice_entry, supply_entry
from crosslane.finance.domain.transit import Moved, transit_entry

__all__ = [
    "CHARGE_ACCOUNTS",
    "CLEARING",
    "CONTROLLED",
    "MONEY_ACCOUNTS",
    "REVENUE",
    "SALES_RETURNS",
    "TAX",
    "TENDER_ACCOUNTS",
    "AccountMove",
    "Cause",
    "ControlRow",
    "Credit",
    "HandlingCredit",
    "Moved",
    "MovedMoney",
    "Origin",
    "Sale",
    "Section",
    "Seller",
    "StatementRow",
    "Stock",
    "Stockholders",
    "Transit",
    "UnitsBack",
    "account_moves",
    "business_day",
    "control_rows",
    "credit_entry",
    "day_bounds",
    "handling_entry",
    "invoice_entry",
    "keys_of",
    "money_entry",
    "own_channels",
    "results",
    "sale_entry",
    "statement_rows",
    "stock_entry",
    "supply_entry",
    "take_sold",
    "tax_code",
    "transfer_entry",
    "transit_entry",
    "units_alone",
]
