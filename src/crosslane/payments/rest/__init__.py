"""Payments over HTTP."""

from crosslane.payments.rest import stored, tenders

ROUTES = [*tenders.ROUTES, *stored.ROUTES]
