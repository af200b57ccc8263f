"""The catalog over HTTP."""

from crosslane.catalog.rest import pictures, products

ROUTES = [*products.ROUTES, *pictures.ROUTES]
