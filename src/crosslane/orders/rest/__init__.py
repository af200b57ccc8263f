"""Orders over HTTP."""

from crosslane.orders.rest import changes, stops, taking
from crosslane.orders.rest.refusals import PLACE_REFUSALS

ROUTES = [*taking.ROUTES, *changes.ROUTES, *stops.ROUTES]

__all__ = ["PLACE_REFUSALS", "ROUTES"]
