"""From declared routes to a Litestar application."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from litestar import Litestar, Request, Response
from litestar.events import BaseEventEmitterBackend
from litestar.types import ASGIApp, Receive, Scope

from crosslane.kernel import Refusal
from crosslane.platform import idempotency
from crosslane.platform.standing import Mover
from crosslane.platform.telemetry import Log
from crosslane.platform.web import errors
from crosslane.platform.web.answers import (
    ASKED_AGAIN,
    Answer,
    Document,
    Plain,
    encode,
    knows,
    version_of,
)
from crosslane.platform.web.binding import bind_address
from crosslane.platform.web.body import (
    INLINE_BYTES_MAX,
    JSON,
    Arriving,
    boundary_of,
    canonical,
    decode,
    hear_out,
    read_bytes,
    require_content_type,
)
from crosslane.platform.web.caller import Caller
from crosslane.platform.web.directory import Directory
from crosslane.platform.web.edge import Edge
from crosslane.platform.web.exchange import exchange_of
from crosslane.platform.web.form import FORM, UPLOAD, WISH_FIELD, Form, read_form, read_upload
from crosslane.platform.web.gate import Admitted, Gate
from crosslane.platform.web.pages import HTML, failed_page, sign_in_page
from crosslane.platform.web.probes import probe_routes
from crosslane.platform.web.problems import (
    PROBLEM_MEDIA_TYPE,
    headers_of,
    problem_of,
    refusal_of,
    status_of,
)
from crosslane.platform.web.reference import reference_routes
from crosslane.platform.web.routes import PUBLIC, Route

KEY_CHARACTERS_MAX = 200
REPLAYED = {"Idempotency-Replayed": "true"}

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
    every = [*routes, *reference_routes(routes), *probe_routes(gate)]
    app = Litestar(
        openapi_config=None,
        logging_config=None,
        lifespan=list(lifespan),
        event_emitter_backend=_NoEvents,
    )
    # Litestar opens and closes the process, and knows kinds of answers. Its own way from a request
    # to a handler prepares for what no route here can ask for, and takes as long as all the rest.
    app.asgi_handler = Edge(_Desk(Directory(every), gate).answer)
    return app


class _Desk:
    """Hands each request to its route."""

    def __init__(self, directory: Directory, gate: Gate) -> None:
        self._directory = directory
        self._gate = gate

    async def answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        """Return the answer to one request; whatever is raised becomes one."""
        request: Request = Request(scope, receive)
        try:
            return await self._answer(request)
        except Exception as error:
            answer = tell_failure(request, error)
            await hear_out(request)
            return answer

    async def _answer(self, request: Request) -> ASGIApp:
        scope = request.scope
        found = self._directory.find(scope["method"], scope["path"])
        route, scope["path_params"], scope["path"] = found
        if route is None:
            allowed = {"Allow": self._directory.methods(scope["path"])}
            return Plain(b"", status=204, headers=allowed, media_type=JSON)
        return await _answer(route, self._gate, request)


def tell_failure(request: Request, error: Exception) -> ASGIApp:
    """Answer any exception with a problem, and log what is not the client's doing."""
    exchange = exchange_of(request.scope)
    refusal = refusal_of(error)
    status = status_of(refusal)
    if not isinstance(error, Refusal) and status >= 422:
        log.error("request failed", error, route=exchange.route, status=status)
    headers = headers_of(refusal) | (REPLAYED if exchange.replayed else {})
    if exchange.is_page and exchange.is_staff and status == 401:
        return _asgi(request, sign_in_page(request.method, request.scope, exchange.headers))
    if exchange.is_page:
        return _asgi(request, failed_page(status, headers, staff=exchange.is_staff))
    content = encode(problem_of(refusal, exchange.trace))
    return Plain(content, status=status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


class _NoEvents(BaseEventEmitterBackend):
    """Keeps Litestar from running a task group for events of its own: ours are in the log."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        return None

    def emit(self, event_id: str, *args: Any, **kwargs: Any) -> None:
        """Refuse: nobody listens."""
        raise LookupError(f"event {event_id} belongs into the log")


async def _answer(route: Route, gate: Gate, request: Request) -> ASGIApp:
    exchange = exchange_of(request.scope)
    exchange.route = route.path
    exchange.is_page = route.produces == HTML
    exchange.is_staff = route.permission != PUBLIC
    takes = route.signature
    admitted = None
    if takes.caller or takes.link or route.permission != PUBLIC:
        admitted = await gate.admit(request, route)
        exchange.actor, exchange.tenant = str(admitted.actor), admitted.tenant.name
    gate.room.take(exchange.tenant, optional=route.optional)
    try:
        if admitted is None:
            return await _answer_admitted(route, gate, request, None)
        return await _answer_in_turn(route, gate, request, admitted)
    finally:
        gate.room.give_back(exchange.tenant)


async def _answer_in_turn(
    route: Route, gate: Gate, request: Request, admitted: Admitted
) -> ASGIApp:
    tenant, turns = admitted.tenant.name, gate.database.turns
    turns.enter(tenant)
    try:
        await turns.turn(tenant)
        return await _answer_admitted(route, gate, request, admitted)
    finally:
        turns.leave(tenant)


async def _answer_admitted(
    route: Route, gate: Gate, request: Request, admitted: Admitted | None
) -> ASGIApp:
    if route.moved_by is not None and admitted:
        return await _answer_standing(route, route.moved_by, gate, request, admitted)
    return _respond(route, request, await _handle(route, gate, request, admitted))


async def _answer_standing(
    route: Route, mover: Mover, gate: Gate, request: Request, admitted: Admitted
) -> ASGIApp:
    """Answer as somebody else was answered who asked the same, while that stands."""
    tenant = admitted.tenant.name
    question = request.scope["path"].encode() + b"?" + request.scope["query_string"]
    known = gate.standing.find(tenant, question)
    if known is not None:
        content, tag = known
        headers = {"ETag": tag, "Cache-Control": ASKED_AGAIN}
        return _unless_known(request, route, headers) or Plain(
            content, status=200, headers=headers, media_type=route.produces
        )
    begun = gate.standing.begin(tenant, mover)
    answer = await _handle(route, gate, request, admitted)
    reply = _respond(route, request, answer)
    if begun is not None and isinstance(reply, Plain) and answer.stands is not None:
        tag = dict(reply.headers)[b"etag"].decode("latin-1")
        gate.standing.keep(tenant, question, begun, reply.content, tag, answer.stands)
    return reply


async def _handle(route: Route, gate: Gate, request: Request, admitted: Admitted | None) -> Any:
    exchange, takes = exchange_of(request.scope), route.signature
    arguments = bind_address(takes, request)
    if takes.version:
        arguments[takes.version] = _version(request, required=takes.version_required)
    if takes.link and admitted:
        arguments[takes.link] = admitted.link
    key = _key(request, required=route.key_required)
    raw, form = b"", None
    if takes.body is Arriving:
        arguments["data"] = _arriving(route, request)
    else:
        raw = await _body(route, request)
        form = await _form(route, request, raw)
    told = raw
    if not key and form and route.command and not route.command.repeatable:
        key = form.text(WISH_FIELD)
    if takes.body is Form:
        arguments["data"], told = form, form.fingerprint() if form else b""
    elif takes.body not in (None, Arriving):
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
    if admitted:
        # Of a batch all are answered in one moment.
        await gate.database.turns.turn(admitted.tenant.name)
    return answer


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
        raw = await read_bytes(request, route.body_bytes_max, route.instead)
        if raw not in (b"", b"{}"):
            raise errors.MalformedRequest(reason="no body is expected here")
        return b""
    require_content_type(request, route.consumes, *route.also_consumes)
    return await read_bytes(request, route.body_bytes_max, route.instead)


def _arriving(route: Route, request: Request) -> Arriving:
    require_content_type(request, route.consumes, *route.also_consumes)
    return Arriving(request, route.body_bytes_max, route.instead)


async def _form(route: Route, request: Request, raw: bytes) -> Form | None:
    """Return what was sent as a form, None for anything else."""
    if route.consumes == UPLOAD:
        said = boundary_of(request)
        if len(raw) > INLINE_BYTES_MAX:
            return await asyncio.to_thread(read_upload, raw, said)
        return read_upload(raw, said)
    return read_form(raw) if route.consumes == FORM else None


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


def _respond(route: Route, request: Request, answer: Any) -> ASGIApp:
    if isinstance(answer, Response):
        return _asgi(request, answer)
    exchange = exchange_of(request.scope)
    headers = dict(REPLAYED) if exchange.replayed else {}
    status, media_type = route.status, route.produces
    content = answer
    if isinstance(answer, Answer):
        status, content = answer.status or status, answer.body
        headers |= answer.headers()
        if known := _unless_known(request, route, headers):
            return known
    if isinstance(content, Document):
        if content.filename:
            headers["Content-Disposition"] = f'attachment; filename="{content.filename}"'
        media_type, content = content.media_type, content.content
    elif status == 204:
        content = b""
    elif media_type == JSON:
        content = encode(content)
    return Plain(content, status=status, headers=headers, media_type=media_type)


def _unless_known(request: Request, route: Route, headers: Mapping[str, str]) -> Plain | None:
    """Return that nothing has changed, to who names the entity tag of the answer."""
    known = exchange_of(request.scope).headers.get("if-none-match")
    if known is None or request.method not in ("GET", "HEAD"):
        return None
    if not knows(known, headers.get("ETag", "")):
        return None
    return Plain(b"", status=304, headers=headers, media_type=route.produces)


def _asgi(request: Request, answer: Response) -> ASGIApp:
    """Return how Litestar sends an answer of its own: a page, or a stream."""
    return answer.to_asgi_response(None, request)
