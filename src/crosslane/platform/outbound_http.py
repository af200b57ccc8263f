"""How calls to the outside are made; :mod:`crosslane.platform.outbound` loads it with the first."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

import h11

from crosslane.platform.outbound import NoReply, PrivateTarget, Reply, may_call
from crosslane.platform.outbound_wire import Wire

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
# A connection waits so long for the next call, and serves so long until the name is looked up anew.
IDLE_SECONDS_MAX = 5.0
CONNECTION_SECONDS_MAX = 60.0
CONNECTIONS_MAX = 32
LINES_MAX = 1_000
ADDRESSES_TRIED_MAX = 3

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Finds the addresses a host name stands for."""

# Every printable character of ASCII: a path is quoted already where that has a meaning.
AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
# Methods whose requests tell their length even when they have no body.
WITH_LENGTH = ("POST", "PUT", "PATCH")


async def send(
    base_url: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    content: bytes,
    answer_bytes_max: int,
    *,
    cut: bool = False,
) -> Reply:
    """Make one call, as :func:`crosslane.platform.outbound.call` says."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            line = _line(base_url)
            return await line.call(method, path, headers, content, answer_bytes_max, cut=cut)
    except TimeoutError:
        raise NoReply("it takes too long") from None
    except PrivateTarget as refused:
        raise NoReply(refused.message) from refused
    except (h11.ProtocolError, ValueError, OSError) as error:
        raise NoReply(type(error).__name__) from error


class Line:
    """What is kept of one counterpart: its connections, and what every request to it begins with.

    A connection is made to an address that was looked at, under the name it was meant for. Why no
    client of a library does it: docs/adr/0013.

    Args:
        base_url: where the other side is.
        tls: how certificates are checked; by default against those of the system.
        resolve: finds addresses; by default the system does.

    Raises:
        ValueError: the base is no address, such as one with a port above 65535.
    """

    def __init__(
        self, base_url: str, *, tls: ssl.SSLContext | None = None, resolve: Resolve | None = None
    ) -> None:
        base = urlsplit(base_url)
        self._name = base.hostname or ""
        self._host = self._name.encode("idna").decode("ascii")
        self._tls = (tls or _TLS) if base.scheme == "https" else None
        usual = 443 if self._tls else 80
        self._port = base.port or usual
        self._path = quote(base.path, safe=AS_IT_IS).rstrip("/")
        self._resolve = resolve or _resolve
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self._headers = {
            "Host": shown if self._port == usual else f"{shown}:{self._port}",
            "User-Agent": "crosslane",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        if base.username is not None:
            login = unquote(f"{base.username}:{base.password or ''}").encode()
            self._headers["Authorization"] = f"Basic {b64encode(login).decode()}"
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)
        self._idle: dict[Wire, asyncio.TimerHandle] = {}

    async def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes,
        answer_bytes_max: int,
        *,
        cut: bool = False,
    ) -> Reply:
        """Make one call below the base.

        Raises:
            PrivateTarget: the name stands for an address that must not be called.
            NoReply: there is no connection, or no answer that can be used.
            OSError, h11.ProtocolError: the same.
        """
        target = self._path + quote(path, safe=AS_IT_IS)
        # Who wants an answer of some kind says so; all else is ours to say.
        wanted = {name for name in headers if name.lower() == "accept"}
        sent = {
            **headers,
            **{k: v for k, v in self._headers.items() if k != "Accept" or not wanted},
        }
        if content or method in WITH_LENGTH:
            sent["Content-Length"] = str(len(content))
        async with self._places:
            wire = self._waiting() or await self._connect()
            told = list(sent.items())
            reply = await wire.ask(method, target, told, content, answer_bytes_max, cut=cut)
            self._let_wait(wire)
        return reply

    def close(self) -> None:
        """Close the connections that wait for a call."""
        while self._idle:
            wire, leaves = self._idle.popitem()
            leaves.cancel()
            wire.close()

    def _waiting(self) -> Wire | None:
        while self._idle:
            wire, leaves = self._idle.popitem()
            leaves.cancel()
            if wire.is_free:
                return wire
        return None

    def _let_wait(self, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        if wire.is_free and loop.time() < wire.made_at + CONNECTION_SECONDS_MAX:
            self._idle[wire] = loop.call_later(IDLE_SECONDS_MAX, self._dismiss, wire)
        else:
            wire.close()

    def _dismiss(self, wire: Wire) -> None:
        del self._idle[wire]
        wire.close()

    async def _connect(self) -> Wire:
        """Return a connection to the first address that takes one."""
        loop = asyncio.get_running_loop()
        failed = "it has no address"
        for address in await self._checked():
            try:
                async with asyncio.timeout(CONNECT_SECONDS_MAX):
                    _, wire = await loop.create_connection(
                        Wire,
                        address,
                        self._port,
                        ssl=self._tls,
                        server_hostname=self._host if self._tls else None,
                    )
                    return wire
            except OSError as error:
                failed = type(error).__name__
        raise NoReply(f"it cannot be reached ({failed})")

    async def _checked(self) -> list[str]:
        """Return the addresses the name stands for; every one of them has to be allowed."""
        found = await self._resolve(self._host, self._port)
        for text in found:
            if not may_call(self._name, ip_address(text.partition("%")[0])):
                raise PrivateTarget(host=self._name)
        return found[:ADDRESSES_TRIED_MAX]


async def _resolve(host: str, port: int) -> list[str]:
    try:
        return [str(ip_address(host))]
    except ValueError:
        loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS_MAX):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


# Making a TLS context reads the system's certificates, which costs more than a call.
_TLS = ssl.create_default_context()

_lines: dict[str, Line] = {}


def _line(base_url: str) -> Line:
    line = _lines.get(base_url)
    if line is None:
        if len(_lines) >= LINES_MAX:
            for old in _lines.values():
                old.close()
            _lines.clear()
        line = _lines[base_url] = Line(base_url)
    return line
