"""The planner and its nouns: pure functions from a problem to a plan, a receipt, an explanation."""

from crosslane.sourcing.domain.building import capacity_keys, route_of, settings_of
from crosslane.sourcing.domain.calendar import DispatchDays, end_of
from crosslane.sourcing.domain.cart import Cart
from crosslane.sourcing.domain.explanation import (
    Change,
    Explanation,
    LineExplanation,
    ParcelExplanation,
    RankedCandidate,
    explain,
)
from crosslane.sourcing.domain.glimpse import at_a_glance
from crosslane.sourcing.domain.offers import (
    OFFERS,
    Asked,
    Offer,
    fingerprint_of,
    require_fitting,
    terms_of,
)
from crosslane.sourcing.domain.options import (
    Confidence,
    DeliveryOption,
    Giver,
    PickupOption,
    delivery_options,
    pickup_options,
    stores_near,
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
from crosslane.sourcing.domain.policies import (
    MARKDOWN,
    ORDERS_AT_ONCE_MAX,
    REOPTIMISATION,
    REOPTIMISING_SECONDS_MAX,
    SETTINGS,
    Reoptimisation,
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
    Receipt,
    decide,
    decode_receipt,
    replay,
    wanted_in,
)
from crosslane.sourcing.domain.requests import (
    Adoption,
    Arrived,
    Kept,
    KeptReceipt,
    LineAsked,
    Sourced,
    SourcedMethod,
    SourcingRequest,
)
from crosslane.sourcing.domain.rules import DroppedPlaces
from crosslane.sourcing.domain.sourcing import question_of, sourced
from crosslane.sourcing.domain.stood import Ground
from crosslane.sourcing.domain.ways import Lacking
from crosslane.sourcing.domain.world import Prices, World

__all__ = [
    "EXACT_PIECES_MAX",
    "MARKDOWN",
    "NO_CARRIAGE",
    "OFFERS",
    "ORDERS_AT_ONCE_MAX",
    "PRICES",
    "REOPTIMISATION",
    "REOPTIMISING_SECONDS_MAX",
    "SETTINGS",
    "TERMS",
    "Adoption",
    "Answer",
    "Arrived",
    "Asked",
    "Assignment",
    "Candidate",
    "Cart",
    "Change",
    "Confidence",
    "DeliveryOption",
    "DispatchDays",
    "DroppedPlaces",
    "Estimated",
    "Explanation",
    "Giver",
    "Ground",
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
    "Reoptimisation",
    "Sourced",
    "SourcedMethod",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingRequest",
    "SourcingSettings",
    "Tariff",
    "Unfilled",
    "World",
    "at_a_glance",
    "capacity_keys",
    "decide",
    "decode_receipt",
    "delivery_options",
    "end_of",
    "explain",
    "fingerprint_of",
    "pickup_options",
    "plan",
    "problem_of",
    "question_of",
    "replay",
    "require_fitting",
    "route_of",
    "settings_of",
    "sourced",
    "stores_near",
    "terms_of",
    "wanted_in",
]
