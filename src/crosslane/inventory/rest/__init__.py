"""Stock over HTTP."""

from crosslane.inventory.rest import availability, bins, holds, positions, reports, supply

ROUTES = [
    *availability.ROUTES,
    *bins.ROUTES,
    *positions.ROUTES,
    *reports.ROUTES,
    *holds.ROUTES,
    *supply.ROUTES,
]
