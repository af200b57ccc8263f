"""The gate every request passes before a module sees it: tenant, caller, rate, permission."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from http.cookies import CookieError, SimpleCookie
from urllib.parse import SplitResult, urlsplit

import msgspec
from litestar import Request

from crosslane.platform.actor import Actor
from crosslane.platform.database import Database
from crosslane.platform.lane import Lanes
from crosslane.platform.remembering import Remembered
from crosslane.platform.standing import StandingAnswers
from crosslane.platform.tenants import Tenant, find_tenant, only_tenant
from crosslane.platform.tokens import Link, Token, open_link, parse_token
from crosslane.platform.web import errors
from crosslane.platform.web.exchange import exchange_of
from crosslane.platform.web.form import FORM, UPLOAD
from crosslane.platform.web.room import Room
from crosslane.platform.web.routes import PUBLIC, Route
from crosslane.platform.web.throttle import Rate, Throttle

SESSION_COOKIE = "__Host-crosslane"
EVENT_STREAM = "text/event-stream"
UNATTENDED = "x-unattended"
"""Header by which a script says that nobody has asked: the page does by itself."""

TENANT_SECONDS_MAX = 1.0
TENANTS_REMEMBERED_MAX = 10_000

KNOWN_RATE = Rate(per_second=1_000, burst=2_000)
UNKNOWN_RATE = Rate(per_second=50, burst=200)
FAILURE_RATE = Rate(per_second=0.5, burst=20)

ANYBODY = Actor(kind="customer", id="anybody")
"""Who asks when nobody says who they are."""

Identify = Callable[[Tenant, Token], Awaitable[Actor | None]]
"""Finds the caller a token belongs to; None when it is unknown, expired or revoked."""


class Admitted(msgspec.Struct, frozen=True):
    """A request that passed.

    Args:
        tenant: whose data it may touch.
        actor: who asks.
        token_id: public part of the key or session shown, "" when none was.
        client: network address it came from.
        link: the signed link in the address, None when the route takes none.
    """

    tenant: Tenant
    actor: Actor
    token_id: str
    client: str
    link: Link | None = None


class Gate:
    """Decides who may come in.

    Made before the process has an event loop, opened once it has one.

    Args:
        secret_key: signs links and keys digests of requests.
        trusted_proxies: how many proxies in front of us append to X-Forwarded-For; 0 ignores it.
        known_rate: requests an identified caller may make.
        unknown_rate: requests a network address may make without saying who it is.
        room: for how many requests there is room at once.
    """

    database: Database
    lanes: Lanes
    standing: StandingAnswers
    # By host, prefix of what is shown, and name in the address.
    _tenants: Remembered[tuple[str, str, str], Tenant | None]

    def __init__(
        self,
        *,
        secret_key: bytes,
        trusted_proxies: int = 0,
        known_rate: Rate = KNOWN_RATE,
        unknown_rate: Rate = UNKNOWN_RATE,
        room: Room | None = None,
    ) -> None:
        self.room = room or Room()
        self.secret_key = secret_key
        self._identify: Identify
        self._trusted_proxies = trusted_proxies
        self._known = Throttle(known_rate)
        self._unknown = Throttle(unknown_rate)
        self._failures = Throttle(FAILURE_RATE)

    def open(self, database: Database, lanes: Lanes, identify: Identify) -> None:
        """Say what is behind the gate; before this nothing can be admitted.

        Args:
            database: where tenants and their data are.
            lanes: where commands are decided.
            identify: finds the caller a token belongs to.
        """
        self.database = database
        self.lanes = lanes
        self.standing = StandingAnswers(database)
        self._identify = identify
        self._tenants = Remembered(
            seconds=TENANT_SECONDS_MAX, keys_max=TENANTS_REMEMBERED_MAX, nothing=True
        )

    async def admit(self, request: Request, route: Route) -> Admitted:
        """Let a request in.

        Raises:
            TooManyRequests: the caller, or its network address, asks too often.
            Unauthenticated: the route needs a caller and none was named rightly.
            ForeignSite: a browser was made to send this by another site.
            NotPermitted: the caller lacks the route's permission.
        """
        client = self._client_of(request)
        shown, from_cookie = _shown_token(request)
        token = parse_token(shown)
        if token and _is_unattended(request, route):
            token = msgspec.structs.replace(token, unattended=True)
        link = self._link_of(request, route)
        named = request.path_params.get(route.signature.tenant, "")
        prefix = token.prefix if token else link and link.prefix
        tenant = await self._tenant_of(request, prefix, named)
        elsewhere = link and (tenant is None or tenant.key_prefix != link.prefix)
        if elsewhere or (named and (tenant is None or tenant.name != named)):
            raise errors.NoSuchAddress
        # A form may be sent for somebody who is not signed in yet, to sign it in as another. One
        # behind a signed link needs nothing that a browser sends by itself.
        by_itself = from_cookie or (route.consumes in (FORM, UPLOAD) and link is None)
        if by_itself and request.method not in ("GET", "HEAD"):
            _require_same_site(request)
        actor = await self._actor_of(tenant, token)
        # An old cookie comes by itself: it is no guess, and does not keep its browser from what is
        # public.
        wrong = actor is None and bool(shown) and not from_cookie
        if wrong:
            self._require_pace(self._failures, client)
        if tenant is None or wrong or (actor is None and route.permission != PUBLIC):
            raise errors.Unauthenticated
        if actor is None:
            self._require_pace(self._unknown, client)
            return Admitted(tenant, ANYBODY, "", client, link)
        self._require_pace(self._known, f"{tenant.name}/{actor}")
        if route.permission != PUBLIC and not actor.may(route.permission):
            raise errors.NotPermitted(permission=route.permission)
        return Admitted(tenant, actor, token.id if token else "", client, link)

    def _require_pace(self, throttle: Throttle, name: str) -> None:
        wait = throttle.wait_seconds(name, time.monotonic())
        if wait > 0:
            raise errors.TooManyRequests(retry_after_seconds=max(1, round(wait + 0.5)))

    def _client_of(self, request: Request) -> str:
        if self._trusted_proxies:
            hops = exchange_of(request.scope).headers.get("x-forwarded-for", "").split(",")
            if len(hops) >= self._trusted_proxies:
                return hops[-self._trusted_proxies].strip()[:60]
        client = request.scope.get("client")
        return client[0] if client else ""

    def _link_of(self, request: Request, route: Route) -> Link | None:
        if not route.signature.link:
            return None
        text = request.path_params[route.signature.link]
        link = open_link(self.secret_key, text, datetime.now(UTC))
        if link is None:
            raise errors.NoSuchAddress
        return link

    async def _tenant_of(self, request: Request, prefix: str | None, named: str) -> Tenant | None:
        """Return whose data is asked for: by host name, by what is shown, or as the only one."""
        asked = (exchange_of(request.scope).headers.get("host", ""), prefix or "", named)
        tenant = self._tenants.at_hand(asked)
        if tenant is not None:
            return tenant
        return await self._tenants.get(asked, partial(self._find_tenant, *asked))

    async def _find_tenant(self, host: str, prefix: str, named: str) -> Tenant | None:
        host_name = _split("//" + host).hostname or ""
        for told in ({"host_name": host_name}, {"name": named}, {"key_prefix": prefix}):
            if any(told.values()):
                found = await find_tenant(self.database, **told)
                if found is not None:
                    return found
        return await only_tenant(self.database)

    async def _actor_of(self, tenant: Tenant | None, token: Token | None) -> Actor | None:
        if tenant is None or token is None or token.prefix != tenant.key_prefix:
            return None
        return await self._identify(tenant, token)


def _is_unattended(request: Request, route: Route) -> bool:
    """Tell whether a page asks that is left open: its stream, or a part that is made anew."""
    asks_again = UNATTENDED in exchange_of(request.scope).headers
    return asks_again or route.produces == EVENT_STREAM


def _shown_token(request: Request) -> tuple[str, bool]:
    """Return the token a request shows and whether a browser sent it by itself."""
    headers = exchange_of(request.scope).headers
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme:
        return (bearer.strip() or "?") if scheme.lower() == "bearer" else "?", False
    if "cookie" not in headers:
        return "", False
    try:
        cookies = SimpleCookie(headers["cookie"])
    except CookieError:
        return "", False
    morsel = cookies.get(SESSION_COOKIE)
    return (morsel.value, True) if morsel else ("", False)


def _require_same_site(request: Request) -> None:
    headers = exchange_of(request.scope).headers
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    foreign = origin is not None and _split(origin).netloc != headers.get("host")
    if site not in ("same-origin", "none") or foreign:
        raise errors.ForeignSite


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise errors.MalformedRequest(reason="Host or Origin is no address") from None
