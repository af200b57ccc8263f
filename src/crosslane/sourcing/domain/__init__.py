"""The planner and its nouns: pure functions from a problem to a plan, a receipt, an explanation."""

from crosslane.sourcing.domain.building import capacity_keys, settings_of
from crosslane.sourcing.domain.calendar import DispatchDays, end_of
from crosslane.sourcing.domain.explanation import (
    Change,
    Explanation,
    LineExplanation,
    ParcelExplanation,
    RankedCandidate,
    explain,
)
from crosslane.sourcing.domain.offers import OFFERS, Offer, require_fitting, terms_of
from crosslane.sourcing.domain.options import (
    Confidence,
    DeliveryOption,
    Lacking,
    PickupOption,
    delivery_options,
    pickup_options,
    stores_near,
    with_history,
)
from crosslane.sourcing.domain.outlook import (
    PRICES,
    Answer,
    Estimated,
    PriceRun,
    PriceSettings,
    Published,
)
from crosslane.sourcing.domain.planning import (
    Assignment,
    PlannedParcel,
    SourcingPlan,
    Unfilled,
    plan,
)
from crosslane.sourcing.domain.policies import MARKDOWN, SETTINGS
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
    Receipt,
    decide,
    decode_receipt,
    replay,
    wanted_in,
)
from crosslane.sourcing.domain.requests import (
    Arrived,
    Kept,
    KeptReceipt,
    LineAsked,
    Sourced,
    SourcingRequest,
)
from crosslane.sourcing.domain.rules import DroppedPlaces
from crosslane.sourcing.domain.sourcing import question_of, sourced
from crosslane.sourcing.domain.world import Prices, World

__all__ = [
    "EXACT_PIECES_MAX",
    "MARKDOWN",
    "NO_CARRIAGE",
    "OFFERS",
    "PRICES",
    "SETTINGS",
    "TERMS",
    "Answer",
    "Arrived",
    "Assignment",
    "Candidate",
    "Change",
    "Confidence",
    "DeliveryOption",
    "DispatchDays",
    "DroppedPlaces",
    "Estimated",
    "Explanation",
    "Kept",
    "KeptReceipt",
    "Lacking",
    "Line",
    "LineAsked",
    "LineExplanation",
    "Offer",
    "ParcelExplanation",
    "PickupOption",
    "Place",
    "PlannedParcel",
    "PriceRun",
    "PriceSettings",
    "Prices",
    "Published",
    "RankedCandidate",
    "Receipt",
    "Sourced",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingRequest",
    "SourcingSettings",
    "Tariff",
    "Unfilled",
    "World",
    "capacity_keys",
    "decide",
    "decode_receipt",
    "delivery_options",
    "end_of",
    "explain",
    "pickup_options",
    "plan",
    "problem_of",
    "question_of",
    "replay",
    "require_fitting",
    "settings_of",
    "sourced",
    "stores_near",
    "terms_of",
    "wanted_in",
    "with_history",
]
