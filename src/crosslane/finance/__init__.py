"""Finance: what business events do to the books, and the end of a day.

The reaction ``finance.post`` posts to the ledger, once per event, what came into stock, was found
or lost, left for another location, was handed over or fell due (revenue, tax by code, delivery and
service income, cost of goods), what was captured, refunded and settled, and what vendors are owed
and have invoiced. An order's ``clearing`` is zero when it is handed over and paid. Whose goods are
sold by another entity makes the intercompany pair.

A day of a channel is compared figure by figure, per store and tax code: the order book (the
journals of orders and payments) against the postings of that business day, which begins and ends at
midnight where the channel is. :func:`close_day` keeps the figures when both sides are equal.

:func:`statement` tells what a store or channel did, section by section, from roll-ups of the
ledger: what another channel does stands in sections of its own and never lowers a store's own
sales. Each row's postings are listed by :func:`list_lines`.

Invariants: every handled event has exactly one entry, of exactly its amounts; the inventory account
of an entity is the units it owns times their average cost, per variant rounded once; the account of
goods on their way is what transfers have not received yet, at what it cost; closes are only
added.

Events: none. Tables: finance_close, finance_stock, finance_transit.
"""

from crosslane.finance.errors import (
    CloseNotFound,
    DayDiffers,
    DayNotOver,
    EventsWaiting,
    LocationOrChannel,
    UnknownAccountOfStatement,
)
from crosslane.finance.reactions import REACTIONS
from crosslane.finance.rest import COMMANDS, ROUTES
from crosslane.finance.service import (
    CloseDay,
    CloseView,
    ControlView,
    DayFigures,
    RowOf,
    Statement,
    StatementOf,
    as_csv,
    close_by_id,
    close_day,
    day_figures,
    list_closes,
    list_lines,
    statement,
)

__all__ = [
    "COMMANDS",
    "REACTIONS",
    "ROUTES",
    "CloseDay",
    "CloseNotFound",
    "CloseView",
    "ControlView",
    "DayDiffers",
    "DayFigures",
    "DayNotOver",
    "EventsWaiting",
    "LocationOrChannel",
    "RowOf",
    "Statement",
    "StatementOf",
    "UnknownAccountOfStatement",
    "as_csv",
    "close_by_id",
    "close_day",
    "day_figures",
    "list_closes",
    "list_lines",
    "statement",
]
