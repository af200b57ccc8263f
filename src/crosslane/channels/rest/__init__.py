"""Channels over HTTP."""

from crosslane.channels.rest import connections, mappings, messages

ROUTES = [*messages.ROUTES, *connections.ROUTES, *mappings.ROUTES]
