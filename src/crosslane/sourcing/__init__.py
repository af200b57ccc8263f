"""Sourcing: which location serves which units of an order, at the least cost, and why.

Nouns: :class:`SourcingRequest` (lines of an order, how and where they go) and :class:`Sourced` (the
decision on it); inside, the :class:`SourcingProblem` (lines, candidates, places, tariffs,
settings), the :class:`SourcingPlan` that answers it, the :class:`Receipt` that keeps the decision
and the :class:`Explanation` that tells it in full. An :class:`Offer` is a way and a date that were
shown, sealed, for the goods and place they were shown for.

Doors: :func:`plan_orders` for a batch (earlier orders first, each on what the earlier ones left;
nothing is promised), :func:`save_receipts`, :func:`receipt_by_id`, :func:`receipts_of_order`,
:func:`standing` and :func:`problems_of` for many orders at once (arrays are made of them by
``sourcing.fields``),
:func:`options_for` a cart (deliveries and pickups with dates and costs), or :func:`load_options`
and the pure :func:`decide_options`; pure: :func:`plan`,
:func:`decide`, :func:`explain`, :func:`replay`.

Invariants: hard rules are obeyed before any cost is looked at; a plan of up to EXACT_PIECES_MAX
pieces is proven best, a larger one tells its bound; equal problems give equal bytes; a receipt
keeps the whole problem, replays to the bytes it was stored as, and tells what the nearest places
would have cost instead. The date of an offer is the one of whoever orders at its last moment; what
is placed with it comes by then or is refused. A large order is decided in a thread beside the event
loop.
Costs of a request are taken to be of one currency: that of the carrier's tariff and of the books of
the locations' entities.

Policies: sourcing.settings, sourcing.markdown, sourcing.offers. Tables: sourcing_receipt
(journal), sourcing_kept (counts). Facts: ``sourcing.kept``.
"""

from crosslane.sourcing.domain import (
    EXACT_PIECES_MAX,
    MARKDOWN,
    NO_CARRIAGE,
    OFFERS,
    SETTINGS,
    Arrived,
    Candidate,
    Confidence,
    DeliveryOption,
    Explanation,
    KeptReceipt,
    Line,
    LineAsked,
    Offer,
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
    require_fitting,
    terms_of,
)
from crosslane.sourcing.domain.comparison import Comparison, Figures, OrderDifference
from crosslane.sourcing.domain.divergence import Demand, LetGo
from crosslane.sourcing.domain.trial import EVERY_SERVICE, Trial, TriedPrices
from crosslane.sourcing.errors import (
    DELIVERY_REFUSALS,
    OFFER_REFUSALS,
    NoDeliveryService,
    NotDelivered,
    NotOnSale,
    OfferExpired,
    OfferForged,
    OfferMismatch,
    OfferNotKept,
    PlacesUnknown,
    PlaceUnknown,
    SettingsRefused,
    TooManyDecisions,
    UnknownReceipt,
)
from crosslane.sourcing.rest import ROUTES
from crosslane.sourcing.service import (
    OFFER_CHARACTERS_MAX,
    ItemAsked,
    Options,
    OptionsFacts,
    Standing,
    decide_options,
    faster_services,
    give_offer,
    load_options,
    note_arrived,
    offer_validity,
    options_for,
    plan_orders,
    problems_of,
    read_offer,
    receipt_by_id,
    receipts_of_order,
    save_receipts,
    simulate,
    standing,
)

POLICIES = [SETTINGS, MARKDOWN, OFFERS]

__all__ = [
    "DELIVERY_REFUSALS",
    "EVERY_SERVICE",
    "EXACT_PIECES_MAX",
    "MARKDOWN",
    "NO_CARRIAGE",
    "OFFERS",
    "OFFER_CHARACTERS_MAX",
    "OFFER_REFUSALS",
    "POLICIES",
    "ROUTES",
    "SETTINGS",
    "Arrived",
    "Candidate",
    "Comparison",
    "Confidence",
    "DeliveryOption",
    "Demand",
    "Explanation",
    "Figures",
    "ItemAsked",
    "KeptReceipt",
    "LetGo",
    "Line",
    "LineAsked",
    "NoDeliveryService",
    "NotDelivered",
    "NotOnSale",
    "Offer",
    "OfferExpired",
    "OfferForged",
    "OfferMismatch",
    "OfferNotKept",
    "Options",
    "OptionsFacts",
    "OrderDifference",
    "PickupOption",
    "Place",
    "PlaceUnknown",
    "PlacesUnknown",
    "Receipt",
    "SettingsRefused",
    "Sourced",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingRequest",
    "SourcingSettings",
    "Standing",
    "Tariff",
    "TooManyDecisions",
    "Trial",
    "TriedPrices",
    "UnknownReceipt",
    "decide",
    "decide_options",
    "explain",
    "faster_services",
    "give_offer",
    "load_options",
    "note_arrived",
    "offer_validity",
    "options_for",
    "plan",
    "plan_orders",
    "problem_of",
    "problems_of",
    "read_offer",
    "receipt_by_id",
    "receipts_of_order",
    "replay",
    "require_fitting",
    "save_receipts",
    "simulate",
    "standing",
    "terms_of",
]
