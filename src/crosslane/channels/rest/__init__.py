"""Channels over HTTP."""

from crosslane.channels.rest import connections, einvoices, mappings, messages, offers, outgoing

ROUTES = [
    *messages.ROUTES,
    *connections.ROUTES,
    *mappings.ROUTES,
    *outgoing.ROUTES,
    *offers.ROUTES,
    *einvoices.ROUTES,
]
