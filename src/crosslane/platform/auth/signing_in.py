"""Signing in, from a page or over the API: the same steps, the same answers, the same time."""

import time
from uuid import UUID

import msgspec

from crosslane.platform.auth import domain, errors, passwords, service
from crosslane.platform.auth.domain import Session
from crosslane.platform.tokens import SESSION, new_token
from crosslane.platform.web import SESSION_COOKIE, Caller, Rate, Throttle, TooManyRequests

SIGN_IN_RATE = Rate(per_second=0.5, burst=30)
EMAIL_CHARACTERS_MAX = 254
DAY_SECONDS = 86_400
_SIGN_INS = Throttle(SIGN_IN_RATE)


class Opened(msgspec.Struct, frozen=True):
    """A session that was just opened.

    Args:
        token: what its bearer shows; nobody is told again.
        session: what is known of it.
    """

    token: str
    session: Session

    @property
    def cookie(self) -> str:
        """Return the ``Set-Cookie`` value by which a browser keeps it."""
        return _cookie(self.token, domain.SESSION_DAYS_MAX * DAY_SECONDS)


SIGNED_OUT = f"{SESSION_COOKIE}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
"""The ``Set-Cookie`` value that makes a browser forget its session."""


def _cookie(value: str, seconds: int) -> str:
    return f"{SESSION_COOKIE}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax"


async def sign_in(caller: Caller, email: str, password: str) -> Opened:
    """Open a session by e-mail address and password; the route declares SIGN_IN.

    An unknown address, a wrong password and a locked account are refused alike, in the same time.

    Raises:
        SignInFailed: they do not fit, or the account is locked.
        TooManyRequests: somebody tries too often from one place, or at one address.
    """
    email = email.strip().casefold()[:EMAIL_CHARACTERS_MAX]
    require_pace(caller, email)
    async with caller.read() as tx:
        account_id, hashed = await service.credentials(tx, email=email)
    passed = await passwords.matches(password[: passwords.PASSWORD_CHARACTERS_MAX], hashed)
    token = new_token(SESSION, caller.key_prefix)
    outcome: service.SignedIn = await caller.submit(
        service.SIGN_IN,
        service.SignIn(account_id, hashed, passed, token.id, token.digest),
    )
    if outcome.session is None or outcome.session.id != token.id:
        raise errors.SignInFailed
    return Opened(str(token), outcome.session)


async def sign_out(caller: Caller) -> None:
    """End the session that is shown, if one is; the route declares END_SESSIONS."""
    if caller.actor.kind == "staff":
        wish = service.EndSessions(UUID(caller.actor.id), caller.token_id, "")
        await caller.submit(service.END_SESSIONS, wish)


def require_pace(caller: Caller, name: str) -> None:
    """Refuse somebody who tries too often.

    Args:
        caller: who tries; counted by network address.
        name: what it tries to get into; counted too.

    Raises:
        TooManyRequests: it does.
    """
    for counted in (caller.client, name):
        wait = _SIGN_INS.wait_seconds(f"{caller.tenant}/{counted}", time.monotonic())
        if wait > 0:
            raise TooManyRequests(retry_after_seconds=round(wait + 0.5))
