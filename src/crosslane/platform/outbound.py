"""Calls to the outside over HTTP: one door, with a limit on everything.

The address of a carrier, a provider or a vendor is set by whoever connects it, and must not lead
into the operator's own network. So a name is resolved here, every address it stands for has to be a
public one, and the connection goes to the address that was looked at: a name that means something
else a moment later gains nothing. Redirects are not followed and the environment names no proxy.
``CROSSLANE_OUTBOUND_ALLOW`` lists hosts and networks that may be called all the same.

Doors: :func:`call`; :func:`require_public` for the edge, where an address is set; :func:`allow` for
the composition root.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpx
import msgspec

from crosslane.kernel import Invalid

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
CONNECTIONS_MAX = 32
CLIENTS_MAX = 1_000
ADDRESSES_TRIED_MAX = 3
RETRY_AFTER_SECONDS_MAX = 600.0
BUSY = (429, 503)

Ip = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Finds the addresses a host name stands for."""

# Addresses of the translation between IPv6 and IPv4 (RFC 6052) hold one of the other kind.
_TRANSLATED = IPv6Network("64:ff9b::/96")


class PrivateTarget(Invalid):
    """{host} lies inside this network; an operator may allow it by CROSSLANE_OUTBOUND_ALLOW."""


class NoReply(Exception):
    """Nobody can say what became of a call.

    Args:
        reason: what went wrong; it names no address and quotes no answer.
        after_seconds: how long the other side asks us to wait, None when it does not say.
    """

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Reply(msgspec.Struct, frozen=True):
    """What the other side answered.

    Args:
        status: HTTP status.
        body: all of it.
    """

    status: int
    body: bytes


class Allowed:
    """Hosts and networks of the operator's own that may be called.

    Args:
        names: host names, addresses, and networks such as ``10.1.0.0/16``.

    Raises:
        ValueError: a name holds a slash and is no network.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        names = [name.strip().lower() for name in names if name.strip()]
        self._hosts = frozenset(name for name in names if "/" not in name)
        self._networks = [ip_network(name) for name in names if "/" in name]

    def has(self, host: str, address: Ip) -> bool:
        """Tell whether a host may be called although its address is not public."""
        if host.lower() in self._hosts or str(address) in self._hosts:
            return True
        return any(address in network for network in self._networks)


_allowed = Allowed()
_clients: dict[str, httpx.AsyncClient] = {}


def allow(names: Iterable[str]) -> None:
    """Say which hosts and networks inside may be called; replaces what was said before."""
    global _allowed
    _allowed = Allowed(names)


def is_public(address: Ip) -> bool:
    """Tell whether an address is one of the internet, also where it is wrapped into another."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def require_public(url: str, *, pointer: str) -> None:
    """Refuse an address of this network where it is set, as far as its text tells.

    A name may stand for anything; what it stands for is looked at with every call.

    Raises:
        PrivateTarget: it names this machine, or an address that is not public.
    """
    host = (urlsplit(url).hostname or "").lower()
    try:
        address = ip_address(host)
    except ValueError:
        if host != "localhost" and not host.endswith(".localhost"):
            return
        address = ip_address("127.0.0.1")
    if not is_public(address) and not _allowed.has(host, address):
        raise PrivateTarget(pointer=pointer, host=host)


async def call(
    base_url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    answer_bytes_max: int,
) -> Reply:
    """Make one call; nothing is tried twice.

    Args:
        base_url: where the other side is.
        method: HTTP method.
        path: below the base.
        headers: to be sent.
        content: body to be sent.
        answer_bytes_max: the longest answer that is read.

    Raises:
        NoReply: the target is refused, cannot be reached, is busy, takes longer than
            ANSWER_SECONDS_MAX in all, or answers more than asked for.
    """
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
            if not is_public(address) and not _allowed.has(host, address):
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
