"""Pure nouns and decisions of returns."""

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
    "Disposition",
    "ItemState",
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
    "go_on",
    "require_state",
]
