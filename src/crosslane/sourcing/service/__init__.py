"""Asking the planner: problems from stock, network and rates; receipts of what was decided."""

from crosslane.sourcing.service.planning import plan_orders
from crosslane.sourcing.service.receipts import save_receipts
from crosslane.sourcing.service.requests import LineAsked, Sourced, SourcingRequest

__all__ = ["LineAsked", "Sourced", "SourcingRequest", "plan_orders", "save_receipts"]
