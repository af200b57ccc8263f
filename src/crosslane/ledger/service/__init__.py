"""Use cases of the ledger."""

from crosslane.ledger.service.chart import (
    BOOKS,
    PutAccount,
    RateView,
    SetRate,
    chart,
    list_rates,
    put_account,
    rate_book,
    set_rate,
)
from crosslane.ledger.service.posting import (
    ManualPosting,
    PostManually,
    post,
    post_manually,
    reverse,
    roll_up,
)
from crosslane.ledger.service.reading import (
    DIMENSIONS,
    Balance,
    EntryView,
    PostingView,
    balances,
    entry_by_id,
    list_entries,
)
from crosslane.ledger.service.turning import (
    LineView,
    Side,
    Turnover,
    list_lines,
    turnovers,
    turnovers_of_lines,
)

__all__ = [
    "BOOKS",
    "DIMENSIONS",
    "Balance",
    "EntryView",
    "LineView",
    "ManualPosting",
    "PostManually",
    "PostingView",
    "PutAccount",
    "RateView",
    "SetRate",
    "Side",
    "Turnover",
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
