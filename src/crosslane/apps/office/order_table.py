"""Orders as a table for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from crosslane import insights, orders
from crosslane.apps.office.order_filters import COLUMNS, METHODS, STATES
from crosslane.kernel import currency_exponent
from crosslane.platform.screens import Words

# What a spreadsheet would take for a formula and carry out.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER = "\ufeff"
"""By it spreadsheets know UTF-8."""


class Row(msgspec.Struct, frozen=True):
    """An order as the list shows it.

    Args:
        order: what it says of itself.
        customer_id: who buys, None for nobody known.
        customer: the name of that one.
        more: what lists say of it.
    """

    order: orders.OrderSummary
    customer_id: UUID | None
    customer: str
    more: insights.Shown


def as_csv(
    rows: Iterable[Row],
    columns: Sequence[str],
    channels: Mapping[str, str],
    timezone: str,
    words: Words,
) -> bytes:
    """Return a table with a line for each order, amounts as plain numbers beside their currency.

    Args:
        rows: orders.
        columns: which to show besides the number.
        channels: names of channels by code.
        timezone: IANA zone times are written in.
        words: what is said in the viewer's language.
    """
    zone = ZoneInfo(timezone)

    def at(moment: datetime | None) -> str:
        return moment.astimezone(zone).isoformat(" ", "minutes") if moment else ""

    cells: dict[str, Callable[[Row], str]] = {
        "placed": lambda row: at(row.order.placed_at),
        "customer": lambda row: row.customer,
        "channel": lambda row: channels.get(row.order.channel, row.order.channel),
        "state": lambda row: words(STATES[row.order.status]),
        "due": lambda row: at(row.more.due_at),
        "methods": lambda row: ", ".join(words(METHODS[name]) for name in row.more.methods),
        "locations": lambda row: ", ".join(row.more.locations),
        "lines": lambda row: str(row.order.lines),
        "units": lambda row: str(row.order.units),
        "returned": lambda row: str(row.order.returned),
        "source": lambda row: row.order.source_id,
        "total": lambda row: _amount(row.order),
    }
    written = io.StringIO(newline="")
    table = csv.writer(written, lineterminator="\r\n")
    currency = [words("Currency")] if "total" in columns else []
    table.writerow([words("Number"), *(words(COLUMNS[name]) for name in columns), *currency])
    for row in rows:
        shown = [row.order.number, *(cells[name](row) for name in columns)]
        table.writerow(map(harmless, shown + ([row.order.currency] if currency else [])))
    return (BYTE_ORDER + written.getvalue()).encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a plain number stays one."""
    return "'" + cell if cell.startswith(FORMULAS) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    return (
        cell.removeprefix("-").replace(".", "", 1).isascii()
        and cell.removeprefix("-").replace(".", "", 1).isdigit()
    )


def _amount(order: orders.OrderSummary) -> str:
    return str(Decimal(order.gross_minor).scaleb(-currency_exponent(order.currency)))
