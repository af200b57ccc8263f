"""From declared routes to an application."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from litestar import Litestar, Request
from litestar.events import BaseEventEmitterBackend
from litestar.types import Receive, Scope, Send

from crosslane.kernel import Refusal
from crosslane.platform import idempotency
from crosslane.platform.telemetry import Log
from crosslane.platform.web import errors
from crosslane.platform.web.answers import Answer, Document, Reply, encode, version_of
from crosslane.platform.web.binding import bind_address
from crosslane.platform.web.body import JSON, canonical, decode, read_bytes, require_content_type
from crosslane.platform.web.caller import Caller
from crosslane.platform.web.edge import Edge
from crosslane.platform.web.exchange import exchange_of
from crosslane.platform.web.gate import Gate
from crosslane.platform.web.pages import HTML, failed_page
from crosslane.platform.web.probes import probe_routes
from crosslane.platform.web.problems import (
    PROBLEM_MEDIA_TYPE,
    headers_of,
    problem_of,
    refusal_of,
    status_of,
)
from crosslane.platform.web.reference import reference_routes
from crosslane.platform.web.router import Router
from crosslane.platform.web.routes import PUBLIC, Route

KEY_CHARACTERS_MAX = 200
REPLAYED = {"Idempotency-Replayed": "true"}
_HOST = re.compile(r"[0-9A-Za-z!$&'()*+,;=\-._~:\[\]@%]*")

log = Log("crosslane.web")

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def build_app(
    routes: Sequence[Route], gate: Gate, *, lifespan: Sequence[Lifespan] = ()
) -> Litestar:
    """Make the application that serves the routes, their description, and the probes.

    Args:
        routes: every route of the process.
        gate: what each request passes first.
        lifespan: what is opened before the first request and closed after the last.
    """
    app = Litestar(
        openapi_config=None,
        logging_config=None,
        lifespan=list(lifespan),
        event_emitter_backend=_NoEvents,
    )
    every = [*routes, *reference_routes(routes), *probe_routes(gate)]
    app.asgi_handler = Edge(_Desk(every, gate))
    return app


class _Desk:
    """Answers a request by its route, and any exception by a problem."""

    def __init__(self, routes: Sequence[Route], gate: Gate) -> None:
        self._router = Router(routes)
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._reply(scope, receive, send)
        # Whatever a handler raises belongs to its request; the process goes on.
        except Exception as error:
            reply = tell_failure(scope, error)
        await reply.send(send)

    async def _reply(self, scope: Scope, receive: Receive, send: Send) -> Reply:
        if not _HOST.fullmatch(exchange_of(scope).headers.get("host", "")):
            raise errors.MalformedRequest(reason="Host is no address")
        found = self._router.find(scope["path"])
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, {"Allow": found.allowed})
        route = found.route(method)
        scope["path"], scope["path_params"] = found.path, found.parameters(route)
        return await _answer(route, self._gate, Request(scope, receive, send))


def tell_failure(scope: Scope, error: Exception) -> Reply:
    """Answer any exception with a problem, and log what is not the client's doing."""
    exchange = exchange_of(scope)
    refusal = refusal_of(error)
    status = status_of(refusal)
    if not isinstance(error, Refusal) and status >= 422:
        log.error("request failed", error, route=exchange.route, status=status)
    headers = headers_of(refusal) | (REPLAYED if exchange.replayed else {})
    if exchange.is_page:
        return failed_page(status, headers)
    content = encode(problem_of(refusal, exchange.trace))
    return Reply(status, headers, PROBLEM_MEDIA_TYPE, content)


class _NoEvents(BaseEventEmitterBackend):
    """Keeps Litestar from running a task group for events of its own: ours are in the log."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        return None

    def emit(self, event_id: str, *args: Any, **kwargs: Any) -> None:
        """Refuse: nobody listens."""
        raise LookupError(f"event {event_id} belongs into the log")


async def _answer(route: Route, gate: Gate, request: Request) -> Reply:
    exchange = exchange_of(request.scope)
    exchange.route = route.path
    exchange.is_page = route.produces == HTML
    takes = route.signature
    admitted = None
    if takes.caller or takes.link or route.permission != PUBLIC:
        admitted = await gate.admit(request, route)
        exchange.actor, exchange.tenant = str(admitted.actor), admitted.tenant.name
    arguments = bind_address(takes, request)
    if takes.version:
        arguments[takes.version] = _version(request, required=takes.version_required)
    if takes.link and admitted:
        arguments[takes.link] = admitted.link
    key = _key(request, required=route.key_required)
    raw = told = await _body(route, request)
    if takes.body is not None:
        as_sent = takes.body is bytes or route.consumes != JSON
        arguments["data"] = raw if as_sent else await decode(raw, takes.body)
        if route.command and not as_sent:
            told = await canonical(arguments["data"], len(raw))
    if takes.request:
        arguments["request"] = request
    if takes.caller and admitted:
        arguments["caller"] = Caller(
            gate,
            route,
            exchange,
            admitted,
            key=key,
            fingerprint=_fingerprint(gate, request, told) if route.command else "",
        )
    answer = await route.handle(**arguments)
    return _respond(route, request, answer)


def _fingerprint(gate: Gate, request: Request, told: bytes) -> str:
    """Digest what is asked; how its JSON is written makes no difference."""
    return idempotency.fingerprint(
        gate.secret_key,
        request.method.encode(),
        request.scope["path"].encode(),
        request.scope["query_string"],
        exchange_of(request.scope).headers.get("if-match", "").encode(),
        told,
    )


async def _body(route: Route, request: Request) -> bytes:
    if route.method in ("GET", "DELETE"):
        return b""
    if route.signature.body is None:
        raw = await read_bytes(request, route.body_bytes_max)
        if raw not in (b"", b"{}"):
            raise errors.MalformedRequest(reason="no body is expected here")
        return b""
    require_content_type(request, route.consumes, *route.also_consumes)
    return await read_bytes(request, route.body_bytes_max)


def _version(request: Request, *, required: bool) -> int | None:
    if_match = exchange_of(request.scope).headers.get("if-match")
    if if_match is not None:
        return version_of(if_match)
    if required:
        raise errors.PreconditionRequired
    return None


def _key(request: Request, *, required: bool) -> str:
    key = exchange_of(request.scope).headers.get("idempotency-key")
    if key is None:
        if required:
            raise errors.IdempotencyKeyMissing
        return ""
    if not (0 < len(key) <= KEY_CHARACTERS_MAX and key.isascii() and key.isprintable()):
        reason = f"send at most {KEY_CHARACTERS_MAX} visible ASCII characters"
        raise errors.InvalidHeader(name="Idempotency-Key", reason=reason)
    return key


def _respond(route: Route, request: Request, answer: Any) -> Reply:
    if isinstance(answer, Reply):
        return answer
    exchange = exchange_of(request.scope)
    headers = dict(REPLAYED) if exchange.replayed else {}
    status, media_type = route.status, route.produces
    content = answer
    if isinstance(answer, Answer):
        status, content = answer.status or status, answer.body
        headers |= answer.headers()
        if (
            answer.version is not None
            and exchange_of(request.scope).headers.get("if-none-match") == headers["ETag"]
        ):
            return Reply(304, headers)
    if isinstance(content, Document):
        if content.filename:
            headers["Content-Disposition"] = f'attachment; filename="{content.filename}"'
        media_type, content = content.media_type, content.content
    elif status == 204:
        content = b""
    elif media_type == JSON:
        content = encode(content)
    return Reply(status, headers, media_type, content)
