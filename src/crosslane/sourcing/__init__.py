"""Sourcing: which location serves which units of an order, at the least cost, and why.

Nouns: :class:`SourcingProblem` (lines, candidates, places, tariffs, settings), the
:class:`SourcingPlan` that answers it, the :class:`Receipt` that keeps the decision, and the
:class:`Explanation` that tells it in full.

Invariants: hard rules are obeyed before any cost is looked at; a plan of up to EXACT_PIECES_MAX
pieces is proven best, a larger one tells its bound; equal problems give equal bytes; a receipt
replays to the bytes it was stored as.

Doors: :func:`plan_orders` decides requests one after the other on one survey of stock, which
remembers what earlier plans use; :func:`save_receipts` keeps why.

Tables: sourcing_receipt (journal).
"""

from crosslane.sourcing.domain import (
    EXACT_PIECES_MAX,
    NO_CARRIAGE,
    Candidate,
    Explanation,
    Line,
    Place,
    Receipt,
    SourcingPlan,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    decide,
    explain,
    plan,
    problem_of,
    replay,
)
from crosslane.sourcing.service import (
    LineAsked,
    Sourced,
    SourcingRequest,
    plan_orders,
    save_receipts,
)

__all__ = [
    "EXACT_PIECES_MAX",
    "NO_CARRIAGE",
    "Candidate",
    "Explanation",
    "Line",
    "LineAsked",
    "Place",
    "Receipt",
    "Sourced",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingRequest",
    "SourcingSettings",
    "Tariff",
    "decide",
    "explain",
    "plan",
    "plan_orders",
    "problem_of",
    "replay",
    "save_receipts",
]
