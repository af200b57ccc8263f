"""Channels over HTTP."""

from crosslane.channels.rest import connections, mappings, messages, outgoing

ROUTES = [*messages.ROUTES, *connections.ROUTES, *mappings.ROUTES, *outgoing.ROUTES]
