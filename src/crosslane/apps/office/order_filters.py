"""The filters, columns and tabs of the list of orders, as they stand in its address."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import msgspec

from crosslane.insights import Filter

PATH = "/office/orders"
STATES = {
    "awaiting_payment": "Awaiting payment",
    "awaiting_return": "Awaiting return",
    "on_hold": "On hold",
    "backordered": "Backordered",
    "confirmed": "Confirmed",
    "in_progress": "In progress",
    "partly_handed_over": "Partly sent",
    "handed_over": "Sent",
    "delivered": "Delivered",
    "partly_returned": "Partly returned",
    "returned": "Returned",
    "cancelled": "Cancelled",
}
TONES = {
    "awaiting_payment": "warn",
    "awaiting_return": "warn",
    "on_hold": "bad",
    "backordered": "warn",
    "in_progress": "info",
    "partly_handed_over": "info",
    "handed_over": "good",
    "delivered": "good",
}
# Those a person has to resolve: others end by themselves.
STOPS = {
    "payment": "Payment",
    "fraud": "Fraud",
    "address": "Address",
    "manual": "By hand",
    "exchange": "Exchange",
}
METHODS = {
    "ship": "Ship",
    "pickup": "Pick up",
    "ship_to_store": "Ship to store",
    "carry_out": "Carry out",
}
PROMISES = {"late": "Late", "soon": "Due within a day", "kept": "Kept", "missed": "Missed"}
MONEY = {"owed": "Customer owes", "back": "We owe", "problem": "Refused or unclear"}
KINDS = {
    "open": "Still open",
    "held": "Held by a stop",
    "waiting": "Waiting for stock",
    "split": "Sent in parts",
    "touched": "Changed by hand",
    "returned": "Something came back",
}
COLUMNS = {
    "placed": "Placed",
    "customer": "Customer",
    "channel": "Channel",
    "state": "State",
    "due": "Promised",
    "methods": "Ways",
    "locations": "Locations",
    "lines": "Lines",
    "units": "Units",
    "returned": "Came back",
    "source": "Number there",
    "total": "Total",
}
COLUMNS_USUAL = ("placed", "customer", "channel", "state", "due", "units", "total")
FIGURES = frozenset({"lines", "units", "returned", "total"})
LESS = frozenset({"channel", "due"})
"""What is left out on a screen that is too narrow for all; on phones each order is a card."""
TABS = (
    ("", "All"),
    ("is=held", "Held"),
    ("promise=late", "Late"),
    ("is=waiting", "Waiting for stock"),
    ("money=problem", "Money"),
    ("is=open", "Open"),
    ("is=returned", "Came back"),
)
# A facet of the list's own for each value of a parameter.
_FACETS = {
    "state": "status:",
    "stop": "stop:",
    "channel": "channel:",
    "method": "method:",
    "location": "location:",
    "is": "",
    "money": "money:",
}


class Query(msgspec.Struct, frozen=True, kw_only=True, rename={"is_": "is"}):
    """What the address of the list asks for; "" is no filter."""

    q: str = ""
    state: str = ""
    stop: str = ""
    channel: str = ""
    method: str = ""
    location: str = ""
    promise: str = ""
    money: str = ""
    is_: str = ""
    placed_from: str = ""
    placed_to: str = ""
    columns: str = ""

    @property
    def given(self) -> dict[str, str]:
        """What is asked for, by parameter."""
        return {name: text for name, text in msgspec.to_builtins(self).items() if text}

    @property
    def filters(self) -> dict[str, str]:
        """The same without the choice of columns."""
        return {name: text for name, text in self.given.items() if name != "columns"}

    @property
    def narrowed(self) -> bool:
        """Whether there is a filter besides what is searched for."""
        return bool(self.filters.keys() - {"q"})

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns to show besides the number."""
        chosen = [name for name in self.columns.split(",") if name in COLUMNS]
        return tuple(name for name in COLUMNS if name in chosen) or COLUMNS_USUAL

    def with_(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters with some of them changed."""
        return {name: text for name, text in {**self.given, **changes}.items() if text}

    def filter(self, timezone: str) -> Filter:
        """Return which orders are asked for.

        Args:
            timezone: IANA zone in which days begin.
        """
        given = self.filters
        facets = {
            f"{kind}{given[name]}" for name, kind in _FACETS.items() if name in given
        }  # what no order has is asked for all the same, and finds none
        due = self.promise if self.promise in ("late", "soon") else ""
        if self.promise and not due:
            facets.add(f"promise:{self.promise}")
        return Filter(
            facets=frozenset(facets),
            placed_from=_begin(self.placed_from, timezone),
            placed_before=_begin(self.placed_to, timezone, days=1),
            due=due,
        )


def _begin(day: str, timezone: str, days: int = 0) -> datetime | None:
    """Return when a day, or one some days later, begins; an instant is itself.

    What is neither is None.
    """
    try:
        if "T" in day:
            at = datetime.fromisoformat(day)
            return at.astimezone(UTC) if at.tzinfo else None
        chosen = date.fromisoformat(day) + timedelta(days=days)
        return datetime.combine(chosen, time.min, ZoneInfo(timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def address(parameters: Mapping[str, str], path: str = PATH) -> str:
    """Return an address with these parameters."""
    query = urlencode(dict(parameters))
    return f"{path}?{query}" if query else path


def parameters_of(query: str) -> dict[str, str]:
    """Return the parameters of an address or a saved view that the list knows.

    Columns that were ticked one by one become the one parameter they are kept as.
    """
    known = {field.encode_name for field in msgspec.structs.fields(Query)}
    given = parse_qsl(query)
    ticked = ",".join(text for name, text in given if name == "column")
    found = {name: text for name, text in given if name in known}
    return found | ({"columns": ticked} if ticked else {})


class Tab(msgspec.Struct, frozen=True):
    """A view that is always there, or one somebody saved.

    Args:
        title: what it says.
        href: where it leads.
        current: it is what is looked at.
        id: of a saved one, "" otherwise.
    """

    title: str
    href: str
    current: bool
    id: str = ""


def tabs(query: Query, saved: Sequence[tuple[str, str, str]]) -> list[Tab]:
    """Return the views as tabs, each current when its filters are those of the address.

    Args:
        query: what is looked at.
        saved: id, title and query of each view somebody saved.
    """
    made = []
    for view_id, title, text in [*(("", title, text) for text, title in TABS), *saved]:
        mine = parameters_of(text)
        filters = {name: value for name, value in mine.items() if name != "columns"}
        kept = mine if view_id else query.with_(dict.fromkeys(query.filters, "")) | mine
        current = filters == query.filters
        made.append(Tab(title, address(kept), current, view_id))
    return made
