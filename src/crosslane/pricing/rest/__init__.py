"""Pricing over HTTP."""

from crosslane.pricing.rest import prices, promotions, terms

ROUTES = [*prices.ROUTES, *terms.ROUTES, *promotions.ROUTES]
