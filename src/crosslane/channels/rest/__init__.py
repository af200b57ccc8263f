"""Channels over HTTP."""

from crosslane.channels.rest import (
    connections,
    einvoices,
    files,
    mappings,
    messages,
    offers,
    outgoing,
)

ROUTES = [
    *messages.ROUTES,
    *files.ROUTES,
    *connections.ROUTES,
    *mappings.ROUTES,
    *outgoing.ROUTES,
    *offers.ROUTES,
    *einvoices.ROUTES,
]
