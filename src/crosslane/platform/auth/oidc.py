"""Signing in by an identity provider: OpenID Connect with the code flow, PKCE, state and nonce.

What has to be remembered while somebody is away at the provider is sealed into a cookie of its
browser. Every call goes through ``platform/outbound``: a provider is set by an administrator of one
tenant and must not lead into the operator's own network.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from crosslane.platform import outbound
from crosslane.platform.auth import domain, errors, providers
from crosslane.platform.auth.providers import Provider
from crosslane.platform.auth.signing_in import Opened, cookie, require_pace
from crosslane.platform.outbound import NoReply
from crosslane.platform.seals import BrokenSeal, Seal
from crosslane.platform.tokens import SESSION, new_token
from crosslane.platform.web import Caller

AWAY_COOKIE = "__Host-crosslane-away"
AWAY_SECONDS = 600
ANSWER_BYTES_MAX = 1 << 18
CLOCK_SECONDS_MAX = 60
SCOPE = "openid email"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
DISCOVERY = "/.well-known/openid-configuration"


class Away(msgspec.Struct, frozen=True):
    """Somebody who has gone to the provider to sign in.

    Args:
        state: what the provider is to send back.
        nonce: what its token has to name.
        verifier: proves that who comes back is who left.
        version: of the provider's settings.
        next: where to go on to afterwards.
        expires_at: until when the answer is waited for.
    """

    state: str
    nonce: str
    verifier: str
    version: int
    next: str
    expires_at: datetime


_AWAY = Seal("auth.away", Away, characters_max=4_000)


class Discovery(msgspec.Struct):
    """What a provider tells about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""


class Tokens(msgspec.Struct):
    """What a code was exchanged for."""

    id_token: str
    access_token: str = ""


async def leave(caller: Caller, redirect_uri: str, next: str) -> tuple[str, str]:
    """Return the address at the provider to send a browser to, and the cookie it takes along.

    Args:
        caller: who wants to sign in.
        redirect_uri: where the provider sends it back to.
        next: where to go on to afterwards.

    Raises:
        ProviderFailed: there is none, or it cannot be asked.
    """
    from authlib.oauth2.client import OAuth2Client

    require_pace(caller, "provider")
    provider, _ = await _settings(caller)
    told = await _discover(provider)
    away = Away(
        secrets.token_urlsafe(24),
        secrets.token_urlsafe(24),
        secrets.token_urlsafe(48),
        provider.version,
        next,
        datetime.now(UTC) + timedelta(seconds=AWAY_SECONDS),
    )
    client = OAuth2Client(
        None,
        client_id=provider.client_id,
        scope=SCOPE,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    address, _ = client.create_authorization_url(
        told.authorization_endpoint,
        state=away.state,
        code_verifier=away.verifier,
        nonce=away.nonce,
    )
    return address, cookie(_AWAY.sign(away), AWAY_SECONDS, AWAY_COOKIE)


async def come_back(
    caller: Caller,
    shown: str,
    *,
    state: str,
    code: str,
    issuer: str,
    redirect_uri: str,
    user_agent: str,
) -> tuple[Opened, str]:
    """Open the session of somebody the provider has named; the route declares SIGN_IN_BY.

    Args:
        caller: who comes back.
        shown: the cookie it left with.
        state: what the provider sent back.
        code: which it can be asked for a token with.
        issuer: what it calls itself, "" when it does not say.
        redirect_uri: where it was sent back to.
        user_agent: what the browser says of itself.

    Returns:
        The session, and where to go on to.

    Raises:
        ProviderFailed: the provider cannot be asked, or its answer is not to be believed.
        SignInFailed: nobody here is meant.
        TooManyRequests: somebody tries too often.
    """
    require_pace(caller, "provider")
    try:
        away = _AWAY.read(shown)
    except BrokenSeal:
        raise errors.ProviderFailed from None
    provider, secret = await _settings(caller)
    known = hmac.compare_digest(away.state.encode(), state.encode())
    if not known or away.version != provider.version or datetime.now(UTC) > away.expires_at:
        raise errors.ProviderFailed
    if issuer and issuer.rstrip("/") != provider.issuer:
        raise errors.ProviderFailed
    told = await _discover(provider)
    tokens = await _exchange(provider, told, secret, code, away.verifier, redirect_uri)
    claims = await _claims(provider, told, tokens, away.nonce)
    token = new_token(SESSION, caller.key_prefix)
    outcome: providers.SignedInBy = await caller.submit(
        providers.SIGN_IN_BY,
        providers.SignInBy(
            provider.issuer,
            str(claims["sub"])[:255],
            str(claims.get("email", "")) if claims.get("email_verified") is True else "",
            token.id,
            token.digest,
            domain.browser_of(user_agent),
        ),
    )
    if outcome.session is None or outcome.session.id != token.id:
        raise errors.SignInFailed
    return Opened(str(token), outcome.session), away.next


async def _settings(caller: Caller) -> tuple[Provider, str]:
    async with caller.read() as tx:
        provider = await providers.provider(tx)
        if provider is None:
            raise errors.ProviderFailed
        return provider, await providers.client_secret(tx)


async def _discover(provider: Provider) -> Discovery:
    told = _read(await _call("GET", provider.issuer + DISCOVERY), Discovery)
    # Otherwise one provider could answer in the name of another, or secrets travel in the clear.
    scheme = provider.issuer.partition("://")[0] + "://"
    endpoints = (told.authorization_endpoint, told.token_endpoint, told.jwks_uri)
    plain = [one for one in (*endpoints, told.userinfo_endpoint or scheme) if scheme not in one[:8]]
    if told.issuer.rstrip("/") != provider.issuer or plain:
        raise errors.ProviderFailed
    return told


async def _exchange(
    provider: Provider, told: Discovery, secret: str, code: str, verifier: str, redirect_uri: str
) -> Tokens:
    known = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    headers = {
        "Authorization": f"Basic {base64.b64encode(known.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await _call("POST", told.token_endpoint, headers, urlencode(sent).encode())
    return _read(answer, Tokens)


async def _claims(
    provider: Provider, told: Discovery, tokens: Tokens, nonce: str
) -> Mapping[str, Any]:
    """Return what a token says, once nothing about it is wrong."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    keys = _read(await _call("GET", told.jwks_uri), dict[str, Any])
    try:
        token = jwt.decode(tokens.id_token, KeySet.import_key_set(keys), list(ALGORITHMS))  # type: ignore[arg-type]
        wanted = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=CLOCK_SECONDS_MAX,
            iss={"essential": True, "value": told.issuer},
            aud={"essential": True, "value": provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        wanted.validate(token.claims)
    except (JoseError, ValueError, KeyError, TypeError):
        raise errors.ProviderFailed from None
    claims = token.claims
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise errors.ProviderFailed
    if "email" in claims or not (told.userinfo_endpoint and tokens.access_token):
        return claims
    # Many providers tell the address only here.
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    more = _read(await _call("GET", told.userinfo_endpoint, headers), dict[str, Any])
    if more.get("sub") != claims["sub"]:
        raise errors.ProviderFailed
    return {**more, **claims}


async def _call(
    method: str, address: str, headers: Mapping[str, str] | None = None, content: bytes = b""
) -> bytes:
    parts = urlsplit(address)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path or "/"
    path = f"{path}?{parts.query}" if parts.query else path
    try:
        reply = await outbound.call(
            base,
            method,
            path,
            headers={"Accept": "application/json", **(headers or {})},
            content=content,
            answer_bytes_max=ANSWER_BYTES_MAX,
        )
    except NoReply:
        raise errors.ProviderFailed from None
    if reply.status != 200:
        raise errors.ProviderFailed
    return reply.body


def _read(answer: bytes, of: Any) -> Any:
    try:
        return msgspec.json.decode(answer, type=of)
    except (msgspec.MsgspecError, RecursionError):
        raise errors.ProviderFailed from None
