"""Channels over HTTP."""

from crosslane.channels.rest import connections, messages

ROUTES = [*messages.ROUTES, *connections.ROUTES]
