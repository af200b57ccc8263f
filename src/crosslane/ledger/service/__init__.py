"""Use cases of the ledger."""

from crosslane.ledger.service.chart import (
    BOOKS,
    PutAccount,
    RateView,
    SetRate,
    chart,
    list_rates,
    put_account,
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

__all__ = [
    "BOOKS",
    "DIMENSIONS",
    "Balance",
    "EntryView",
    "ManualPosting",
    "PostManually",
    "PostingView",
    "PutAccount",
    "RateView",
    "SetRate",
    "balances",
    "chart",
    "entry_by_id",
    "list_entries",
    "list_rates",
    "post",
    "post_manually",
    "put_account",
    "reverse",
    "roll_up",
    "set_rate",
]
