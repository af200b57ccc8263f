"""Pure nouns and decisions of returns."""

from crosslane.returns.domain.deciding import (
    Asked,
    Bought,
    Kept,
    delivery_minor,
    fee_minor,
    refuse_line,
    refuse_quantity,
    sold_from,
    units_kept,
)
from crosslane.returns.domain.nouns import (
    Disposition,
    ItemState,
    Reason,
    RefundMethod,
    Return,
    ReturnKind,
    ReturnLine,
    ReturnUnit,
    State,
    Wanted,
    Way,
)
from crosslane.returns.domain.policy import NOT_THEIR_FAULT, POLICY, ReturnPolicy, Season
from crosslane.returns.domain.states import ENDED, PENDING, go_on, require_state

__all__ = [
    "ENDED",
    "NOT_THEIR_FAULT",
    "PENDING",
    "POLICY",
    "Asked",
    "Bought",
    "Disposition",
    "ItemState",
    "Kept",
    "Reason",
    "RefundMethod",
    "Return",
    "ReturnKind",
    "ReturnLine",
    "ReturnPolicy",
    "ReturnUnit",
    "Season",
    "State",
    "Wanted",
    "Way",
    "delivery_minor",
    "fee_minor",
    "go_on",
    "refuse_line",
    "refuse_quantity",
    "require_state",
    "sold_from",
    "units_kept",
]
