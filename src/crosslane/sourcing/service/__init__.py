"""Use cases of sourcing."""

from crosslane.sourcing.domain.requests import (
    KeptReceipt,
    LineAsked,
    Sourced,
    SourcingRequest,
)
from crosslane.sourcing.service.orders import (
    plan_orders,
    receipt_by_id,
    receipts_of_order,
    save_receipts,
)
from crosslane.sourcing.service.policies import SETTINGS

__all__ = [
    "SETTINGS",
    "KeptReceipt",
    "LineAsked",
    "Sourced",
    "SourcingRequest",
    "plan_orders",
    "receipt_by_id",
    "receipts_of_order",
    "save_receipts",
]
