"""Public events over HTTP: the stream, webhooks, and the schemas of both."""

from crosslane.publishing.rest import events, schemas, webhooks

ROUTES = [*events.ROUTES, *webhooks.ROUTES, *schemas.ROUTES]
