"""Use cases of finance: a day's figures and its close, statements of stores and channels."""

from crosslane.finance.service.days import (
    CloseDay,
    CloseView,
    ControlView,
    DayFigures,
    close_by_id,
    close_day,
    day_figures,
    list_closes,
)
from crosslane.finance.service.statements import (
    RowOf,
    Statement,
    StatementOf,
    as_csv,
    list_lines,
    statement,
)

__all__ = [
    "CloseDay",
    "CloseView",
    "ControlView",
    "DayFigures",
    "RowOf",
    "Statement",
    "StatementOf",
    "as_csv",
    "close_by_id",
    "close_day",
    "day_figures",
    "list_closes",
    "list_lines",
    "statement",
]
