"""Use cases of sourcing."""

from crosslane.sourcing.service.choices import (
    ItemAsked,
    Options,
    OptionsFacts,
    OptionsWanted,
    decide_options,
    load_options,
    options_for,
)
from crosslane.sourcing.service.history import note_arrived
from crosslane.sourcing.service.offers import (
    OFFER_CHARACTERS_MAX,
    give_offer,
    offer_validity,
    read_offer,
)
from crosslane.sourcing.service.orders import (
    FORGET_EVERY_SECONDS,
    RECEIPTS_FORGOTTEN_SECONDS,
    adopt_drafts,
    faster_services,
    forget_drafts,
    forget_receipts,
    plan_orders,
    planned_costs,
    receipt_by_id,
    receipts_of_order,
    save_drafts,
    save_receipts,
)
from crosslane.sourcing.service.prices import (
    ESTIMATE,
    SCHEDULE,
    NotAnswered,
    PricesShown,
    estimate,
    last_days,
    publish,
    show_prices,
)
from crosslane.sourcing.service.simulating import simulate
from crosslane.sourcing.service.standing import Standing, problems_of, standing

__all__ = [
    "ESTIMATE",
    "FORGET_EVERY_SECONDS",
    "OFFER_CHARACTERS_MAX",
    "RECEIPTS_FORGOTTEN_SECONDS",
    "SCHEDULE",
    "ItemAsked",
    "NotAnswered",
    "Options",
    "OptionsFacts",
    "OptionsWanted",
    "PricesShown",
    "Standing",
    "adopt_drafts",
    "decide_options",
    "estimate",
    "faster_services",
    "forget_drafts",
    "forget_receipts",
    "give_offer",
    "last_days",
    "load_options",
    "note_arrived",
    "offer_validity",
    "options_for",
    "plan_orders",
    "planned_costs",
    "problems_of",
    "publish",
    "read_offer",
    "receipt_by_id",
    "receipts_of_order",
    "save_drafts",
    "save_receipts",
    "show_prices",
    "simulate",
    "standing",
]
