"""What is known about one request while it is under way; carried in its ASGI scope."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from crosslane.platform.web.limits import TimeLimit

_SCOPE_KEY = "crosslane"


class Exchange(msgspec.Struct):
    """One request and its answer.

    Args:
        headers: of the request, by lower-case name; of several the first.
        trace: trace id, from the caller or new.
        route: path of the route that answers, with its parameters' names; "" while unknown.
        actor: who asks, as ``kind:id``; "" while unknown.
        tenant: whose data it is about; "" while unknown.
        replayed: the answer was given before under the same idempotency key.
        status: HTTP status of the answer, 0 before there is one.
        is_page: people look at the answer, so a refusal must be one too.
        is_staff: those people have to sign in.
        limit: of its time, until an answer begins.
        is_heard: all of its body was read.
    """

    headers: Mapping[str, str]
    trace: str
    route: str = ""
    actor: str = ""
    tenant: str = ""
    replayed: bool = False
    status: int = 0
    is_page: bool = False
    is_staff: bool = False
    limit: TimeLimit | None = None
    is_heard: bool = False


def attach(scope: MutableMapping[str, Any], exchange: Exchange) -> None:
    """Let the request carry its exchange."""
    scope[_SCOPE_KEY] = exchange


def headers_of_request(scope: MutableMapping[str, Any]) -> dict[str, str]:
    """Return the headers of a request by lower-case name; of several the first."""
    return {n.decode("latin-1"): v.decode("latin-1") for n, v in reversed(scope["headers"])}


def exchange_of(scope: MutableMapping[str, Any]) -> Exchange:
    """Return what is known about a request."""
    return scope[_SCOPE_KEY]
