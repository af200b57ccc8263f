"""Finance: what business events do to the books, and the end of a day.

The reaction ``finance.post`` posts to the ledger, once per event, what came into stock, was found
or lost, was handed over or fell due (revenue, tax by code, delivery and service income, cost of
goods), what was captured, refunded and settled, and what vendors are owed and have invoiced. An
order's ``clearing`` is zero when it is handed over and paid. Whose goods are sold by another entity
makes the intercompany pair.

A day of a channel is compared figure by figure, per store and tax code: the order book (the
journals of orders and payments) against the postings of that business day, which begins and ends at
midnight where the channel is. :func:`close_day` keeps the figures when both sides are equal.

Invariants: every handled event has exactly one entry, of exactly its amounts; the inventory account
of an entity is the units it owns times their average cost, per variant rounded once; closes are
only added.

Events: none. Tables: finance_close, finance_stock.
"""

from crosslane.finance.errors import CloseNotFound, DayDiffers, DayNotOver, EventsWaiting
from crosslane.finance.reactions import REACTIONS
from crosslane.finance.rest import COMMANDS, ROUTES
from crosslane.finance.service import (
    CloseDay,
    CloseView,
    ControlView,
    DayFigures,
    close_by_id,
    close_day,
    day_figures,
    list_closes,
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
    "close_by_id",
    "close_day",
    "day_figures",
    "list_closes",
]
