"""Channels over HTTP."""

from crosslane.channels.rest import connections, mappings, messages, offers, outgoing

ROUTES = [
    *messages.ROUTES,
    *connections.ROUTES,
    *mappings.ROUTES,
    *outgoing.ROUTES,
    *offers.ROUTES,
]
