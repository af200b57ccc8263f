"""Calls to the outside over HTTP: one door, with a limit on everything.

The address of a carrier, a provider or a vendor is set by whoever connects it, and must not lead
into the operator's own network. So a name is resolved here, every address it stands for has to be a
public one, and the connection goes to the address that was looked at: a name that means something
else a moment later gains nothing. Redirects are not followed and the environment names no proxy.
``CROSSLANE_OUTBOUND_ALLOW`` lists hosts and networks that may be called all the same.

Doors: :func:`call`, :func:`refusal_code`; :func:`require_public` for the edge, where an address is
set; :func:`allow` for the composition root.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import msgspec

from crosslane.kernel import Invalid

Ip = IPv4Address | IPv6Address

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# Addresses of the translation between IPv6 and IPv4 (RFC 6052) hold one of the other kind.
_TRANSLATED = IPv6Network("64:ff9b::/96")


class PrivateTarget(Invalid):
    """{host} lies inside this network; an operator may allow it by CROSSLANE_OUTBOUND_ALLOW."""


class NoReply(Exception):
    """Nobody can say what became of a call.

    Args:
        reason: what went wrong; it names no address and quotes no answer.
        after_seconds: how long the other side asks us to wait, None when it does not say.
        status: HTTP status by which it said that it is busy, None when there was none.
    """

    def __init__(
        self, reason: str, after_seconds: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds
        self.status = status


class Busy(NoReply):
    """The other side has no time: it answered 429 or 503.

    Args:
        after_seconds: how long it asks us to wait, None when it does not say.
        status: which of the two.
        headers: of its answer, by names in lower case.
    """

    def __init__(
        self, after_seconds: float | None, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__("it is busy", after_seconds, status)
        self.headers = headers


class Reply(msgspec.Struct, frozen=True):
    """What the other side answered.

    Args:
        status: HTTP status.
        body: all of it.
        headers: by names in lower case; one that came several times has all its values.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class _Refused(msgspec.Struct):
    """Why the other side will not, as a code."""

    error: str


def refusal_code(answer: bytes) -> str:
    """Return the code of a refusal; a sentence might quote an address, so it is not kept.

    Args:
        answer: the whole body, ``{"error": code}``.
    """
    try:
        error = msgspec.json.decode(answer, type=_Refused).error
    except (msgspec.MsgspecError, RecursionError):
        error = ""
    return error if _CODE.fullmatch(error) else "refused without a code"


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


def may_call(host: str, address: Ip) -> bool:
    """Tell whether a host may be called at an address it stands for."""
    return is_public(address) or _allowed.has(host, address)


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
    if not may_call(host, address):
        raise PrivateTarget(pointer=pointer, host=host)


async def call(
    base_url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    answer_bytes_max: int,
    cut: bool = False,
) -> Reply:
    """Make one call; nothing is tried twice.

    Args:
        base_url: where the other side is.
        method: HTTP method.
        path: below the base.
        headers: to be sent.
        content: body to be sent.
        answer_bytes_max: the longest answer that is read.
        cut: of a longer one the beginning will do; otherwise it is none.

    Raises:
        NoReply: the target is refused, cannot be reached, is busy, takes longer than
            some seconds in all, or answers more than asked for.
    """
    # The library is large, and most processes never call anybody.
    from crosslane.platform.outbound_http import send

    return await send(base_url, method, path, headers, content, answer_bytes_max, cut=cut)
