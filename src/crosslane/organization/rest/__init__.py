"""The organization over HTTP."""

from crosslane.organization.rest import book, policies, staff

ROUTES = [*book.ROUTES, *staff.ROUTES, *policies.ROUTES]
