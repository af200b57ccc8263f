"""Sourcing: which location serves which units of an order, at the least cost, and why.

Nouns: :class:`SourcingRequest` (lines of an order, how and where they go) and :class:`Sourced` (the
decision on it); inside, the :class:`SourcingProblem` (lines, candidates, places, tariffs,
settings), the :class:`SourcingPlan` that answers it, the :class:`Receipt` that keeps the decision
and the :class:`Explanation` that tells it in full.

Doors: :func:`plan_orders` for a batch (earlier orders first, each on what the earlier ones left;
nothing is promised), :func:`save_receipts`, :func:`receipt_by_id`, :func:`receipts_of_order`,
:func:`options_for` a cart (deliveries and pickups with dates and costs); pure: :func:`plan`,
:func:`decide`, :func:`explain`, :func:`replay`.

Invariants: hard rules are obeyed before any cost is looked at; a plan of up to EXACT_PIECES_MAX
pieces is proven best, a larger one tells its bound; equal problems give equal bytes; a receipt
keeps the whole problem, replays to the bytes it was stored as, and tells what the nearest places
would have cost instead.
Costs of a request are taken to be of one currency: that of the carrier's tariff and of the books of
the locations' entities.

Policies: sourcing.settings, sourcing.markdown. Tables: sourcing_receipt (journal).
"""

from crosslane.sourcing.domain import (
    EXACT_PIECES_MAX,
    MARKDOWN,
    NO_CARRIAGE,
    SETTINGS,
    Candidate,
    DeliveryOption,
    Explanation,
    KeptReceipt,
    Line,
    LineAsked,
    PickupOption,
    Place,
    Receipt,
    Sourced,
    SourcingPlan,
    SourcingProblem,
    SourcingRequest,
    SourcingSettings,
    Tariff,
    decide,
    explain,
    plan,
    problem_of,
    replay,
)
from crosslane.sourcing.errors import (
    DELIVERY_REFUSALS,
    NoDeliveryService,
    NotDelivered,
    NotOnSale,
    PlaceUnknown,
    UnknownReceipt,
)
from crosslane.sourcing.rest import ROUTES
from crosslane.sourcing.service import (
    ItemAsked,
    Options,
    faster_services,
    options_for,
    plan_orders,
    receipt_by_id,
    receipts_of_order,
    save_receipts,
)

POLICIES = [SETTINGS, MARKDOWN]

__all__ = [
    "DELIVERY_REFUSALS",
    "EXACT_PIECES_MAX",
    "NO_CARRIAGE",
    "POLICIES",
    "ROUTES",
    "SETTINGS",
    "Candidate",
    "DeliveryOption",
    "Explanation",
    "ItemAsked",
    "KeptReceipt",
    "Line",
    "LineAsked",
    "NoDeliveryService",
    "NotDelivered",
    "NotOnSale",
    "Options",
    "PickupOption",
    "Place",
    "PlaceUnknown",
    "Receipt",
    "Sourced",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingRequest",
    "SourcingSettings",
    "Tariff",
    "UnknownReceipt",
    "decide",
    "explain",
    "faster_services",
    "options_for",
    "plan",
    "plan_orders",
    "problem_of",
    "receipt_by_id",
    "receipts_of_order",
    "replay",
    "save_receipts",
]
