"""Signing in, from a page or over the API: the same steps, the same answers, the same time."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.platform.auth import domain, errors, passwords, service, sharing
from crosslane.platform.auth.domain import Account, Session
from crosslane.platform.auth.sharing import Device
from crosslane.platform.seals import BrokenSeal, Seal
from crosslane.platform.tokens import DEVICE, SESSION, Token, new_token, parse_token
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
        return cookie(self.token, domain.SESSION_DAYS_MAX * DAY_SECONDS)


def cookie(value: str, seconds: int, name: str = SESSION_COOKIE) -> str:
    """Return the ``Set-Cookie`` value of a cookie for this host alone that no script can read."""
    return f"{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax"


DEVICE_COOKIE = "__Host-crosslane-device"
# As long as browsers keep a cookie at most.
DEVICE_DAYS = 400
HALF_WAY_COOKIE = "__Host-crosslane-half"
SIGNED_OUT = cookie("", 0)
"""The ``Set-Cookie`` value that makes a browser forget its session."""


class HalfWay(msgspec.Struct, frozen=True):
    """Somebody whose password was right and whose code has not been seen yet.

    Args:
        account_id: who.
        version: of the account.
        token: of the session that a code will open. Named already, so that a code that is sent
            twice opens one session.
        expires_at: until when the code is waited for.
        next: where to go on to afterwards.
    """

    account_id: UUID
    version: int
    token: str
    expires_at: datetime
    next: str


HALF_WAY_SECONDS = 300
_HALF_WAY = Seal("auth.half_way", HalfWay, characters_max=2_000)


async def sign_in(
    caller: Caller, email: str, password: str, *, code: str = "", user_agent: str = ""
) -> Opened | HalfWay:
    """Open a session by e-mail address and password; the route declares SIGN_IN.

    An unknown address, a wrong password and a locked account are refused alike, in the same time.

    Args:
        caller: who tries.
        email: what was typed.
        password: what was typed.
        code: of the second factor, "" to be told first that one is needed.
        user_agent: what the browser says of itself.

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
        service.SignIn(
            account_id,
            hashed,
            passed,
            token.id,
            token.digest,
            domain.browser_of(user_agent),
            domain.typed_code(code),
        ),
    )
    if outcome.account_id is not None:
        until = datetime.now(UTC) + timedelta(seconds=HALF_WAY_SECONDS)
        return HalfWay(outcome.account_id, outcome.version, str(token), until, "")
    if outcome.session is None or outcome.session.id != token.id:
        raise errors.SignInFailed
    return Opened(str(token), outcome.session)


async def prove(caller: Caller, password: str) -> Account:
    """Return the account of somebody who is in, once it has shown its password again.

    Raises:
        NotAPerson: the caller is an API key.
        TooManyRequests: somebody tries too often.
        WrongPassword: it is not the password.
    """
    account_id = account_of(caller)
    require_pace(caller, str(account_id))
    async with caller.read() as tx:
        account = await service.account(tx, id=account_id)
        _, hashed = await service.credentials(tx, email=account.email)
    if not await passwords.matches(password[: passwords.PASSWORD_CHARACTERS_MAX], hashed):
        raise errors.WrongPassword(pointer="/present")
    return account


def account_of(caller: Caller) -> UUID:
    """Return the account of a person.

    Raises:
        NotAPerson: the caller is an API key.
    """
    if caller.actor.kind != "staff":
        raise errors.NotAPerson
    return UUID(caller.actor.id)


async def take_over(
    caller: Caller, device: Device, account_id: UUID, pin: str, *, user_agent: str = ""
) -> Opened:
    """Open a session on a shared device by a PIN; the route declares SWITCH.

    Args:
        caller: who tries.
        device: which shows itself.
        account_id: who takes over.
        pin: what was typed.
        user_agent: what the browser says of itself.

    Raises:
        SignInFailed: it does not fit, is locked, or nobody of this store.
        TooManyRequests: somebody tries too often.
    """
    require_pace(caller, str(account_id))
    async with caller.read() as tx:
        hashed = await sharing.pin_hash(tx, account_id, device.location_id)
    passed = await passwords.matches(pin[: domain.PIN_DIGITS_MAX + 1], hashed)
    token = new_token(SESSION, caller.key_prefix)
    outcome: sharing.Switched = await caller.submit(
        sharing.SWITCH,
        sharing.Switch(
            device.id,
            account_id,
            hashed,
            passed,
            token.id,
            token.digest,
            domain.browser_of(user_agent),
        ),
    )
    if outcome.session is None or outcome.session.id != token.id:
        raise errors.SignInFailed
    return Opened(str(token), outcome.session)


def new_device(caller: Caller) -> Token:
    """Return what a device shows from now on to be known as a shared one."""
    return new_token(DEVICE, caller.key_prefix)


def device_cookie(token: Token) -> str:
    """Return the ``Set-Cookie`` value by which a browser keeps what makes it a shared device."""
    return cookie(str(token), DEVICE_DAYS * DAY_SECONDS, DEVICE_COOKIE)


def half_way_cookie(half: HalfWay) -> str:
    """Return the ``Set-Cookie`` value by which a browser remembers that the password was right."""
    return cookie(_HALF_WAY.sign(half), HALF_WAY_SECONDS, HALF_WAY_COOKIE)


def half_way(text: str) -> HalfWay | None:
    """Return who has got half way, by its cookie; None when nobody has, or it is too long ago."""
    try:
        half = _HALF_WAY.read(text)
    except BrokenSeal:
        return None
    return half if datetime.now(UTC) < half.expires_at else None


async def confirm_sign_in(
    caller: Caller, half: HalfWay, code: str, *, user_agent: str = ""
) -> Opened:
    """Open the session of somebody half way by a code; the route declares CONFIRM_SIGN_IN.

    Raises:
        SignInFailed: the code does not fit, or the account has changed meanwhile.
        TooManyRequests: somebody tries too often.
    """
    require_pace(caller, str(half.account_id))
    token = parse_token(half.token)
    if token is None or token.prefix != caller.key_prefix:
        raise errors.SignInFailed
    outcome: service.SignedIn = await caller.submit(
        service.CONFIRM_SIGN_IN,
        service.ConfirmSignIn(
            half.account_id,
            half.version,
            token.id,
            token.digest,
            domain.browser_of(user_agent),
            domain.typed_code(code),
        ),
    )
    if outcome.session is None:
        raise errors.SignInFailed
    return Opened(half.token, outcome.session)


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
