"""The outermost layer: sees every request, routed or not, and every answer."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from urllib.parse import unquote_to_bytes

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from crosslane.kernel import Refusal
from crosslane.platform import faults
from crosslane.platform.telemetry import Histogram, Log, traced
from crosslane.platform.web import errors
from crosslane.platform.web.answers import Plain, encode
from crosslane.platform.web.exchange import Exchange, attach, headers_of_request
from crosslane.platform.web.limits import TimeLimits
from crosslane.platform.web.problems import (
    PROBLEM_MEDIA_TYPE,
    headers_of,
    problem_of,
    status_of,
)
from crosslane.platform.web.trace import trace_id

REQUEST_SECONDS_MAX = 30.0
REQUESTS_AT_ONCE_MAX = 2_000
ADDRESS_BYTES_MAX = 8_192
PROBES = ("/healthz", "/readyz", "/metrics")

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"strict-transport-security": b"max-age=63072000",
    b"cache-control": b"no-store",
}

_SECURITY = tuple(SECURITY_HEADERS.items())

log = Log("crosslane.web")


KNOWN_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
REQUESTS = Histogram(
    "crosslane_request_seconds", "Time from request to answer", ["method", "route", "status"]
)


Answer = Callable[[Scope, Receive], Awaitable[ASGIApp]]
"""Finds the answer to a request: refusals are answers too."""


class Edge:
    """Wraps what answers: trace, limits of address, time and number, headers, access log.

    Args:
        answer: what answers.
        seconds_max: most seconds until an answer begins.
        at_once_max: most requests under way in this process, probes aside.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        seconds_max: float = REQUEST_SECONDS_MAX,
        at_once_max: int = REQUESTS_AT_ONCE_MAX,
    ) -> None:
        self.limits = TimeLimits(seconds_max)
        self._answer = answer
        self._at_once_max = at_once_max
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = headers_of_request(scope)
        exchange = Exchange(headers, trace_id(headers.get("traceparent", "")))
        attach(scope, exchange)
        reply = _Reply(send, exchange, is_head=scope["method"] == "HEAD")
        started = time.perf_counter()
        self._under_way += 1
        with traced(exchange.trace):
            try:
                await self._pass_on(scope, receive, reply, exchange)
            finally:
                self._under_way -= 1
                _record(scope, exchange, time.perf_counter() - started)

    async def _pass_on(
        self, scope: Scope, receive: Receive, reply: "_Reply", exchange: Exchange
    ) -> None:
        probe = scope["path"] in PROBES
        if self._under_way > self._at_once_max and not probe:
            await reply.refuse(errors.Busy())
            return
        refusal = _refuse_address(scope, exchange.headers.get("host", ""))
        if refusal is not None:
            await reply.refuse(refusal)
            return
        limit = exchange.limit = self.limits.begin()
        try:
            answer = await self._answer(scope, receive)
            if type(answer) is Plain:
                await reply.plain(answer)
            else:
                await answer(scope, receive, reply)
        except asyncio.CancelledError:
            if not limit.has_rung or not limit.is_why() or reply.begun:
                raise
            await reply.refuse(errors.TookTooLong(most_seconds=round(self.limits.seconds_max)))
        finally:
            self.limits.end(limit)


class _Reply:
    """The way back: adds headers to the first message and notes the status."""

    def __init__(self, send: Send, exchange: Exchange, *, is_head: bool) -> None:
        self._send = send
        self._exchange = exchange
        self._is_head = is_head
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            # A page that streams may take long; only its beginning is timed.
            if self._exchange.limit is not None:
                self._exchange.limit.ends_at = None
            self._exchange.status = message["status"]
            message["headers"] = self._headers(message["headers"])
            faults.reach("web.before_answer")
        elif message["type"] == "http.response.body" and self._is_head:
            message["body"] = b""
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            faults.reach("web.after_answer")

    async def plain(self, answer: Plain) -> None:
        """Send an answer that is there as a whole, as :meth:`__call__` would in two steps."""
        self.begun = True
        if self._exchange.limit is not None:
            self._exchange.limit.ends_at = None
        self._exchange.status = answer.status
        headers = self._headers(answer.headers)
        faults.reach("web.before_answer")
        await self._send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )
        content = b"" if self._is_head else answer.content
        await self._send({"type": "http.response.body", "body": content, "more_body": False})
        faults.reach("web.after_answer")

    def _headers(self, told: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        said = [*told]
        names = {name.lower() for name, _ in said}
        said += (
            _SECURITY
            if names.isdisjoint(SECURITY_HEADERS)
            else [(name, value) for name, value in _SECURITY if name not in names]
        )
        said.append((b"trace-id", self._exchange.trace.encode()))
        return said

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem."""
        content = encode(problem_of(refusal, self._exchange.trace))
        headers = {
            "content-type": PROBLEM_MEDIA_TYPE,
            "content-length": str(len(content)),
            **headers_of(refusal),
        }
        await self(
            {
                "type": "http.response.start",
                "status": status_of(refusal),
                "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
            }
        )
        await self({"type": "http.response.body", "body": content, "more_body": False})


def _refuse_address(scope: Scope, host: str) -> Refusal | None:
    """Refuse an address that is too long, is not UTF-8, or holds NUL, and a host that is none."""
    query = scope["query_string"]
    raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    if len(raw) + len(query) > ADDRESS_BYTES_MAX:
        return errors.UriTooLong(most_bytes=ADDRESS_BYTES_MAX)
    if not _HOST.fullmatch(host):
        return errors.MalformedRequest(reason="Host is no address")
    plain = raw + query
    if b"%" in plain:
        plain = unquote_to_bytes(raw) + unquote_to_bytes(query)
    try:
        if "\x00" not in plain.decode():
            return None
    except UnicodeDecodeError:
        pass
    return errors.MalformedRequest(reason="the address has bytes that are not text")


# RFC 3986, 3.2.2: what a host and its port may consist of; no name of a host is longer. It is
# remembered whose each is, also when it is nobody's.
_HOST = re.compile(r"[0-9A-Za-z!$&'()*+,;=\-._~:\[\]@%]{0,260}")


@cache
def _measure(method: str, route: str, status: int) -> Histogram:
    """Return what counts such requests: there are as many kinds as routes with their statuses."""
    return REQUESTS.labels(method, route, status)


def _record(scope: Scope, exchange: Exchange, seconds: float) -> None:
    method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
    _measure(method, exchange.route, exchange.status).observe(seconds)
    log.info(
        "answered",
        method=method,
        route=exchange.route,
        status=exchange.status,
        milliseconds=round(seconds * 1000, 1),
        caller=exchange.actor,
        of_tenant=exchange.tenant,
    )
