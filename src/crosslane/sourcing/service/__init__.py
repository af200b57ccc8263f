"""Use cases of sourcing."""

from crosslane.sourcing.service.choices import ItemAsked, Options, options_for
from crosslane.sourcing.service.orders import (
    faster_services,
    plan_orders,
    receipt_by_id,
    receipts_of_order,
    save_receipts,
)

__all__ = [
    "ItemAsked",
    "Options",
    "faster_services",
    "options_for",
    "plan_orders",
    "receipt_by_id",
    "receipts_of_order",
    "save_receipts",
]
