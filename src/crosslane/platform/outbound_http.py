"""How calls to the outside are made; :mod:`crosslane.platform.outbound` loads it with the first."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address

import httpx

from crosslane.platform.outbound import NoReply, PrivateTarget, Reply, may_call

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
CONNECTIONS_MAX = 32
CLIENTS_MAX = 1_000
ADDRESSES_TRIED_MAX = 3
RETRY_AFTER_SECONDS_MAX = 600.0
BUSY = (429, 503)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Finds the addresses a host name stands for."""

_clients: dict[str, httpx.AsyncClient] = {}


async def send(
    base_url: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    content: bytes,
    answer_bytes_max: int,
) -> Reply:
    """Make one call, as :func:`crosslane.platform.outbound.call` says."""
    client = _client(base_url)
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            request = client.build_request(method, path, headers=headers, content=content or None)
            return await _receive(await client.send(request, stream=True), answer_bytes_max)
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


def _client(base_url: str) -> httpx.AsyncClient:
    client = _clients.get(base_url)
    if client is None:
        if len(_clients) >= CLIENTS_MAX:
            _clients.clear()
        client = _clients[base_url] = httpx.AsyncClient(
            base_url=base_url,
            transport=Transport(),
            timeout=httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            follow_redirects=False,
            trust_env=False,
        )
    return client
