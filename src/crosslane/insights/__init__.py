"""Insights: orders as people look for them, and how the whole of them does.

Nouns: facet (a word lists look for in an order, such as ``stop:fraud``, ``channel:web`` or
``split``), :class:`Filter` (which orders a list is of), :class:`Pulse` (how many orders of some
hours have each facet), :class:`View` (a list somebody wants to come back to).

Doors: :func:`find` a page of orders, newest first; :func:`fitting` of orders found otherwise;
:func:`shown` what a list says of them;
:func:`pulse` of the last hours; :func:`count` and :func:`count_due` of what needs somebody now;
:func:`list_views` of whoever asks, with the commands ``insights.save_view`` and
``insights.delete_view``.

Everything but views is derived by one reaction from the orders' own tables, so it is a moment
behind; what a list shows of an order it reads from the order itself. A figure counts exactly the
orders that the list behind it shows.

Invariants: no page looks through more than LOOKED_AT_MAX orders however many are stored, nor does
a figure; a facet stands in insights_facet as in insights_order, and insights_hour counts both.

Events: none.
Tables: insights_order, insights_facet, insights_hour, insights_view.
"""

from crosslane.insights.domain import SOON
from crosslane.insights.errors import NoSuchView, TooManyViews
from crosslane.insights.reactions import REACTIONS
from crosslane.insights.service import (
    DELETE_VIEW,
    DUE_COUNTED_MAX,
    LOOKED_AT_MAX,
    QUERY_CHARACTERS_MAX,
    SAVE_VIEW,
    TITLE_CHARACTERS_MAX,
    DeleteView,
    Filter,
    Found,
    Pulse,
    SaveView,
    Shown,
    View,
    count,
    count_due,
    find,
    fitting,
    list_views,
    pulse,
    shown,
)

COMMANDS = [SAVE_VIEW, DELETE_VIEW]

__all__ = [
    "COMMANDS",
    "DELETE_VIEW",
    "DUE_COUNTED_MAX",
    "LOOKED_AT_MAX",
    "QUERY_CHARACTERS_MAX",
    "REACTIONS",
    "SAVE_VIEW",
    "SOON",
    "TITLE_CHARACTERS_MAX",
    "DeleteView",
    "Filter",
    "Found",
    "NoSuchView",
    "Pulse",
    "SaveView",
    "Shown",
    "TooManyViews",
    "View",
    "count",
    "count_due",
    "find",
    "fitting",
    "list_views",
    "pulse",
    "shown",
]
