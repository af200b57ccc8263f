"""The planner and its nouns: pure functions from a problem to a plan, a receipt, an explanation."""

from crosslane.sourcing.domain.calendar import DispatchDays, end_of
from crosslane.sourcing.domain.explanation import (
    Change,
    Explanation,
    LineExplanation,
    ParcelExplanation,
    RankedCandidate,
    explain,
)
from crosslane.sourcing.domain.planning import (
    Assignment,
    PlannedParcel,
    SourcingPlan,
    Unfilled,
    plan,
)
from crosslane.sourcing.domain.problem import (
    EXACT_PIECES_MAX,
    NO_CARRIAGE,
    TERMS,
    Candidate,
    Line,
    Place,
    SourcingProblem,
    SourcingSettings,
    Tariff,
    problem_of,
)
from crosslane.sourcing.domain.receipt import (
    DroppedPlaces,
    Receipt,
    decide,
    decode_receipt,
    replay,
)

__all__ = [
    "EXACT_PIECES_MAX",
    "NO_CARRIAGE",
    "TERMS",
    "Assignment",
    "Candidate",
    "Change",
    "DispatchDays",
    "DroppedPlaces",
    "Explanation",
    "Line",
    "LineExplanation",
    "ParcelExplanation",
    "Place",
    "PlannedParcel",
    "RankedCandidate",
    "Receipt",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingSettings",
    "Tariff",
    "Unfilled",
    "decide",
    "decode_receipt",
    "end_of",
    "explain",
    "plan",
    "problem_of",
    "replay",
]
