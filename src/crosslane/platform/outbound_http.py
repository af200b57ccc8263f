"""How calls to the outside are made; :mod:`crosslane.platform.outbound` loads it with the first."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from urllib.parse import quote

import httpx

from crosslane.platform.outbound import NoReply, PrivateTarget, Reply, may_call

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
CONNECTIONS_MAX = 32
LINES_MAX = 1_000
ADDRESSES_TRIED_MAX = 3
RETRY_AFTER_SECONDS_MAX = 600.0
BUSY = (429, 503)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Finds the addresses a host name stands for."""

# Every printable character of ASCII: a path is quoted already where that has a meaning.
AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
TIMEOUT = httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX).as_dict()


async def send(
    base_url: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    content: bytes,
    answer_bytes_max: int,
) -> Reply:
    """Make one call, as :func:`crosslane.platform.outbound.call` says."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            line = _line(base_url)
            request = line.request(method, path, headers, content)
            answer = await line.transport.handle_async_request(request)
            return await _receive(answer, answer_bytes_max)
    except PrivateTarget as refused:
        raise NoReply(refused.message) from refused
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        raise NoReply(type(error).__name__) from error


async def _receive(response: httpx.Response, answer_bytes_max: int) -> Reply:
    received = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > answer_bytes_max:
                raise NoReply("the answer is too large")
    finally:
        await response.aclose()
    if response.status_code in BUSY:
        raise NoReply("it is busy", _seconds(response.headers.get("retry-after", "")))
    return Reply(response.status_code, bytes(received))


def _seconds(text: str) -> float | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text[:9]), RETRY_AFTER_SECONDS_MAX)


class Transport(httpx.AsyncBaseTransport):
    """Sends a request to an address that was looked at, under the name it was meant for.

    Made for one host: connections are kept by address, whatever name they were opened for.

    Args:
        tls: how certificates are checked; by default against those of the system.
        resolve: finds addresses; by default the system does.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, resolve: Resolve | None = None
    ) -> None:
        self._resolve = resolve or _resolve
        self._below = httpx.AsyncHTTPTransport(
            verify=tls or _TLS,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the first address that takes the connection."""
        url, host = request.url, request.url.host
        addresses = await self._checked(host, url.port or (443 if url.scheme == "https" else 80))
        request.extensions = {**request.extensions, "sni_hostname": host}
        for address in addresses[:-1]:
            request.url = url.copy_with(host=address)
            try:
                return await self._below.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        if addresses[-1] != host:
            request.url = url.copy_with(host=addresses[-1])
        return await self._below.handle_async_request(request)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._below.aclose()

    async def _checked(self, host: str, port: int) -> list[str]:
        found = await self._resolve(host, port)
        if not found:
            raise httpx.ConnectError("the name has no address")
        for text in found:
            address = ip_address(text.partition("%")[0])
            if not may_call(host, address):
                raise PrivateTarget(host=host)
        return found[:ADDRESSES_TRIED_MAX]


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS_MAX):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


# Making a TLS context reads the system's certificates, which costs more than a call.
_TLS = ssl.create_default_context()


class _Line:
    """What is kept of one counterpart: its connections, and what every request to it begins with.

    A client of the library would do more than is wanted (cookies, redirects, proxies), and spend
    as much on that as on the call.
    """

    def __init__(self, base_url: str) -> None:
        self.transport = Transport()
        self._base = httpx.URL(base_url)
        self._path = self._base.raw_path.rstrip(b"/")
        self._headers = {"User-Agent": "crosslane", "Accept": "*/*"}
        if self._base.userinfo:
            login = f"{self._base.username}:{self._base.password}".encode()
            self._headers["Authorization"] = f"Basic {b64encode(login).decode()}"

    def request(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> httpx.Request:
        """Return a request for a path below the base."""
        target = self._path + quote(path, safe=AS_IT_IS).encode("ascii")
        return httpx.Request(
            method,
            self._base.copy_with(raw_path=target),
            headers={**headers, **self._headers},
            content=content or None,
            extensions={"timeout": TIMEOUT},
        )


_lines: dict[str, _Line] = {}


def _line(base_url: str) -> _Line:
    line = _lines.get(base_url)
    if line is None:
        if len(_lines) >= LINES_MAX:
            _lines.clear()
        line = _lines[base_url] = _Line(base_url)
    return line
