"""Sourcing: which location serves which units of an order, at the least cost, and why.

Nouns: :class:`SourcingRequest` (lines of an order, how and where they go) and :class:`Sourced` (the
decision on it); inside, the :class:`SourcingProblem` (lines, candidates, places, tariffs,
settings), the :class:`SourcingPlan` that answers it, the :class:`Receipt` that keeps the decision
and the :class:`Explanation` that tells it in full. An :class:`Offer` is a way and a date that were
shown, sealed, for the goods and place they were shown for. A scarcity price is what a unit at a
place is worth to later orders, a capacity price what a parcel of its day is worth; a
:class:`PriceRun` tells how an estimate of them came about.

Doors: :func:`plan_orders` for a batch (earlier orders first, each on what the earlier ones left;
nothing is promised), :func:`save_receipts`, or :func:`save_drafts` where units are only held and
:func:`adopt_drafts` once an order has them; :func:`receipt_by_id`, :func:`receipts_of_order`,
:func:`receipts_kept_since`,
:func:`planned_costs`, :func:`options_for` a cart (deliveries and pickups with dates and costs), or
:func:`load_options` of many carts by one read and the pure :func:`decide_options`;
:func:`show_prices`; :func:`standing` and :func:`problems_of` for many orders at once (arrays are
made of them by ``sourcing.fields``); for prices by the clock or by hand :func:`last_days`,
:func:`estimate` outside any transaction, :func:`publish`; pure: :func:`plan`, :func:`decide`,
:func:`explain`, :func:`replay`.

Invariants: hard rules are obeyed before any cost is looked at; a plan of up to EXACT_PIECES_MAX
pieces is proven best, a larger one tells its bound; equal problems give equal bytes; a receipt
keeps the whole problem, replays to the bytes it was stored as, and tells what the nearest places
would have cost instead. The date of an offer is the one of whoever orders at its last moment; what
is placed with it comes by then or is refused. A large order is decided in a thread beside the event
loop. Prices are used only while they are fresh, and were published only if they did better on
futures they were not estimated from than no prices do. They are estimated anew soon after a place
was closed, opened or changed, and after stock was corrected, lost or delivered.
Costs of a request are taken to be of one currency: that of the carrier's tariff and of the books of
the locations' entities.

Policies: sourcing.settings, sourcing.markdown, sourcing.dangerous_goods, sourcing.offers,
sourcing.prices, sourcing.reoptimisation. Facts: ``sourcing.kept``, ``sourcing.prices``. Tables:
sourcing_receipt (journal, kept for 400 days and the rest of that month), sourcing_draft (kept a
week), sourcing_kept (counts), sourcing_price_run, sourcing_price, sourcing_capacity_price.
"""

from crosslane.platform.effects import Schedule
from crosslane.sourcing.domain import (
    DANGEROUS_GOODS,
    EXACT_PIECES_MAX,
    MARKDOWN,
    NO_CARRIAGE,
    OFFERS,
    ORDERS_AT_ONCE_MAX,
    PRICES,
    REOPTIMISATION,
    REOPTIMISING_SECONDS_MAX,
    SETTINGS,
    Adoption,
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
    PriceRun,
    PriceSettings,
    Receipt,
    Reoptimisation,
    Sourced,
    SourcingPlan,
    SourcingProblem,
    SourcingRequest,
    SourcingSettings,
    Tariff,
    decide,
    explain,
    fingerprint_of,
    plan,
    problem_of,
    replay,
    require_fitting,
    terms_of,
)
from crosslane.sourcing.domain.comparison import Comparison, Figures, OrderDifference
from crosslane.sourcing.domain.divergence import Demand, LetGo
from crosslane.sourcing.domain.trial import EVERY_SERVICE, EVERYWHERE, Trial, TriedPrices
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
    ReceiptForgotten,
    SettingsRefused,
    TooFewOrders,
    TooManyDecisions,
    UnknownReceipt,
)
from crosslane.sourcing.reactions import REACTIONS
from crosslane.sourcing.rest import ROUTES
from crosslane.sourcing.service import (
    ESTIMATE,
    FORGET_EVERY_SECONDS,
    OFFER_CHARACTERS_MAX,
    RECEIPT_DAYS,
    RECEIPTS_FORGOTTEN_SECONDS,
    SCHEDULE,
    ItemAsked,
    NotAnswered,
    Options,
    OptionsFacts,
    OptionsWanted,
    PricesShown,
    Standing,
    adopt_drafts,
    decide_options,
    estimate,
    faster_services,
    forget_drafts,
    forget_receipts,
    give_offer,
    last_days,
    load_options,
    note_arrived,
    offer_validity,
    options_for,
    plan_orders,
    planned_costs,
    problems_of,
    publish,
    read_offer,
    receipt_by_id,
    receipts_kept_since,
    receipts_of_order,
    save_drafts,
    save_receipts,
    show_prices,
    simulate,
    standing,
)

EFFECTS = [ESTIMATE]
SCHEDULES = [
    SCHEDULE,
    Schedule("sourcing.forget_drafts", FORGET_EVERY_SECONDS, forget_drafts),
    Schedule("sourcing.forget_receipts", RECEIPTS_FORGOTTEN_SECONDS, forget_receipts),
]
POLICIES = [SETTINGS, MARKDOWN, DANGEROUS_GOODS, OFFERS, PRICES, REOPTIMISATION]

__all__ = [
    "DANGEROUS_GOODS",
    "DELIVERY_REFUSALS",
    "EFFECTS",
    "EVERYWHERE",
    "EVERY_SERVICE",
    "EXACT_PIECES_MAX",
    "MARKDOWN",
    "NO_CARRIAGE",
    "OFFERS",
    "OFFER_CHARACTERS_MAX",
    "OFFER_REFUSALS",
    "ORDERS_AT_ONCE_MAX",
    "POLICIES",
    "PRICES",
    "REACTIONS",
    "RECEIPT_DAYS",
    "REOPTIMISATION",
    "REOPTIMISING_SECONDS_MAX",
    "ROUTES",
    "SCHEDULES",
    "SETTINGS",
    "Adoption",
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
    "NotAnswered",
    "NotDelivered",
    "NotOnSale",
    "Offer",
    "OfferExpired",
    "OfferForged",
    "OfferMismatch",
    "OfferNotKept",
    "Options",
    "OptionsFacts",
    "OptionsWanted",
    "OrderDifference",
    "PickupOption",
    "Place",
    "PlaceUnknown",
    "PlacesUnknown",
    "PriceRun",
    "PriceSettings",
    "PricesShown",
    "Receipt",
    "ReceiptForgotten",
    "Reoptimisation",
    "SettingsRefused",
    "Sourced",
    "SourcingPlan",
    "SourcingProblem",
    "SourcingRequest",
    "SourcingSettings",
    "Standing",
    "Tariff",
    "TooFewOrders",
    "TooManyDecisions",
    "Trial",
    "TriedPrices",
    "UnknownReceipt",
    "adopt_drafts",
    "decide",
    "decide_options",
    "estimate",
    "explain",
    "faster_services",
    "fingerprint_of",
    "give_offer",
    "last_days",
    "load_options",
    "note_arrived",
    "offer_validity",
    "options_for",
    "plan",
    "plan_orders",
    "planned_costs",
    "problem_of",
    "problems_of",
    "publish",
    "read_offer",
    "receipt_by_id",
    "receipts_kept_since",
    "receipts_of_order",
    "replay",
    "require_fitting",
    "save_drafts",
    "save_receipts",
    "show_prices",
    "simulate",
    "standing",
    "terms_of",
]
