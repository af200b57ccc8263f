"""Stock over HTTP."""

from crosslane.inventory.rest import availability, holds, positions, reports, supply

ROUTES = [
    *availability.ROUTES,
    *positions.ROUTES,
    *reports.ROUTES,
    *holds.ROUTES,
    *supply.ROUTES,
]
