"""What is known about one request while it is under way; carried in its ASGI scope."""

from collections.abc import MutableMapping
from typing import Any

import msgspec

_SCOPE_KEY = "crosslane"


class Exchange(msgspec.Struct):
    """One request and its answer.

    Args:
        trace: trace id, from the caller or new.
        route: path of the route that answers, with its parameters' names; "" while unknown.
        actor: who asks, as ``kind:id``; "" while unknown.
        tenant: whose data it is about; "" while unknown.
        replayed: the answer was given before under the same idempotency key.
        status: HTTP status of the answer, 0 before there is one.
        is_page: people look at the answer, so a refusal must be one too.
    """

    trace: str
    route: str = ""
    actor: str = ""
    tenant: str = ""
    replayed: bool = False
    status: int = 0
    is_page: bool = False


def attach(scope: MutableMapping[str, Any], exchange: Exchange) -> None:
    """Let the request carry its exchange."""
    scope[_SCOPE_KEY] = exchange


def exchange_of(scope: MutableMapping[str, Any]) -> Exchange:
    """Return what is known about a request."""
    return scope[_SCOPE_KEY]
