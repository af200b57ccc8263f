"""Keys, accounts and sessions as others see them, and the rules about them; nothing here asks."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pyotp.totp import TOTP

from crosslane.kernel import matching
from crosslane.platform.actor import Actor
from crosslane.platform.auth import errors
from crosslane.platform.auth.roles import HELD_TO_A_LOCATION, KEY_ROLES, ROLES, missing

FAILURES_MAX = 10
LOCK_MINUTES = 15
SESSION_IDLE_HOURS = 12
SESSION_DAYS_MAX = 7
KEY_DAYS_MAX = 366 * 3
PIN_SESSION_HOURS = 12
PIN_IDLE_MINUTES = 30
PIN_FAILURES_MAX = 5
PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 8
CODE_STEP_SECONDS = 30
# A telephone's clock may be wrong by one step either way.
CODE_DRIFT_STEPS = 1
CODE_FAILURES_MAX = 5
CODE_LOCK_MINUTES_MAX = 24 * 60
INVITATION_DAYS = 7

Method = Literal["password", "pin", "provider"]
"""How somebody signed in."""

_EMAIL = re.compile(r"[^@\s<>,;\"()\\]{1,64}@[^@\s<>,;\"()\\]{1,189}")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Scope = Annotated[str, matching(r"\*|[a-z_]+|\*:[a-z_]+|[a-z_]+:(\*|[a-z_]+)")]


class ApiKey(msgspec.Struct, frozen=True):
    """An API key, without its secret.

    Args:
        id: its public part.
        name: what it is for.
        role: what it may do at most.
        scopes: what it may do of that.
        location_id: the only location it acts for, None for all.
        expires_at: when it stops working by itself.
        revoked_at: when it was stopped.
        last_used_at: when it was last used, to the hour.
    """

    id: str
    name: str
    role: str
    scopes: list[str]
    location_id: UUID | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class Account(msgspec.Struct, frozen=True):
    """A person's way in. What the person is called is kept by the organization, not here.

    Args:
        email: what the person signs in with, in lower case.
        role: what it may do.
        location_id: the only location it acts for; always set for an associate.
        active: it may sign in.
        locked_until: after too many wrong passwords, no sign-in before this.
        version: +1 with every change.
    """

    id: UUID
    email: str
    role: str
    location_id: UUID | None
    active: bool
    locked_until: datetime | None
    version: int
    created_at: datetime


class Session(msgspec.Struct, frozen=True):
    """A sign-in of an account that has not ended.

    Args:
        id: its public part.
        seen_at: when it was last used, to some minutes.
        expires_at: when it ends at the latest; earlier when it is not used.
        method: how it began.
        browser: what it began in, such as "Firefox, Windows"; "" when that told nothing.
        device_id: shared device of a store it is on, None elsewhere.
    """

    id: str
    account_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    method: Method = "password"
    browser: str = ""
    device_id: str | None = None


class Attempts(msgspec.Struct, frozen=True):
    """How the latest sign-ins to an account went.

    Args:
        failures: wrong passwords in a row.
        locked_until: no sign-in before this.
        usable: the account is active and its password is the one compared with.
        version: of the account.
        second: a second factor is asked for besides.
        opened: this very sign-in has opened its session before, in a commit nobody heard of.
    """

    failures: int
    locked_until: datetime | None
    usable: bool
    version: int = 0
    second: bool = False
    opened: bool = False

    def is_locked(self, now: datetime) -> bool:
        """Tell whether nobody may sign in at this time."""
        return self.locked_until is not None and now < self.locked_until


def normal_email(text: str) -> str:
    """Return an e-mail address as it is compared.

    Raises:
        BadEmail: it is none.
    """
    email = text.strip().casefold()
    if not _EMAIL.fullmatch(email):
        raise errors.BadEmail(pointer="/email")
    return email


def refuse_role(role: str, allowed: Sequence[str], location_id: UUID | None) -> None:
    """Refuse a role that is not one of the allowed, and an associate of no location.

    Other staff act for every location; a key of any role may be held to one.

    Raises:
        UnknownRole, LocationNeeded, LocationUnfit: it is.
    """
    if role not in allowed:
        raise errors.UnknownRole(pointer="/role", role=role[:40], roles=", ".join(allowed))
    if location_id is not None and role != "associate" and role not in KEY_ROLES:
        raise errors.LocationUnfit(pointer="/location_id", role=role)
    if role == "associate" and location_id is None:
        raise errors.LocationNeeded(pointer="/location_id")


def refuse_scopes(role: str, scopes: Sequence[str], location_id: UUID | None) -> None:
    """Refuse scopes that the role does not cover, or that no location can be kept to.

    Raises:
        BadScope, ScopeOfAll: names the first.
    """
    for number, scope in enumerate(scopes):
        if missing(ROLES[role], [scope]):
            raise errors.BadScope(pointer=f"/scopes/{number}", scope=scope, role=role)
        if location_id is not None and missing(HELD_TO_A_LOCATION, [scope]):
            raise errors.ScopeOfAll(pointer=f"/scopes/{number}", scope=scope)


def refuse_gift(giver: Actor, permissions: Sequence[str]) -> None:
    """Refuse to let somebody give what it does not have.

    Raises:
        MoreThanYouHave: names the first permission the giver lacks.
    """
    lacking = missing(giver.permissions, permissions)
    if lacking:
        raise errors.MoreThanYouHave(permission=lacking[0])


def refuse_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Refuse an expiry in the past or too far away.

    Raises:
        BadExpiry: it is.
    """
    if expires_at is None:
        return
    if expires_at.tzinfo is None or not (now < expires_at <= now + timedelta(days=KEY_DAYS_MAX)):
        raise errors.BadExpiry(pointer="/expires_at", most_days=KEY_DAYS_MAX)


def after_failure(attempts: Attempts, now: datetime, failures_max: int = FAILURES_MAX) -> Attempts:
    """Return how sign-ins stand after one that failed; one while locked counts for nothing."""
    if attempts.is_locked(now):
        return attempts
    failures, locked_until = attempts.failures + 1, None
    if failures >= failures_max:
        failures, locked_until = 0, now + timedelta(minutes=LOCK_MINUTES)
    return msgspec.structs.replace(attempts, failures=failures, locked_until=locked_until)


def is_open(
    now: datetime, *, seen_at: datetime, expires_at: datetime, shared: bool = False
) -> bool:
    """Tell whether a session may still be used; one on a shared device rests less long."""
    idle = timedelta(minutes=PIN_IDLE_MINUTES) if shared else timedelta(hours=SESSION_IDLE_HOURS)
    return now < expires_at and now < seen_at + idle


def fitting_step(secret: str, code: str, now: datetime, used_step: int) -> int | None:
    """Return the time step a code of an authenticator app is of, None when it fits none.

    Args:
        secret: shared with the app, in base 32.
        code: what was typed.
        now: time of the attempt.
        used_step: latest step a code was taken of; earlier ones and itself fit no more.
    """
    present = int(now.timestamp()) // CODE_STEP_SECONDS
    app = TOTP(secret, interval=CODE_STEP_SECONDS)
    steps = range(present - CODE_DRIFT_STEPS, present + CODE_DRIFT_STEPS + 1)
    fitting = [n for n in steps if hmac.compare_digest(app.generate_otp(n), code)]
    return next((step for step in fitting if step > used_step), None)


def locked_for_codes(failures: int, now: datetime) -> datetime | None:
    """Return until when wrong codes lock a second factor, None while there are few in a row.

    Each lock is twice as long as the one before it.
    """
    if failures % CODE_FAILURES_MAX:
        return None
    doublings = min(failures // CODE_FAILURES_MAX - 1, 10)
    return now + timedelta(minutes=min(LOCK_MINUTES << doublings, CODE_LOCK_MINUTES_MAX))


def typed_code(text: str) -> str:
    """Return a code without blanks and hyphens, in lower case."""
    return re.sub(r"[\s-]", "", text)[:40].lower()


def require_pin(pin: str) -> None:
    """Refuse a PIN that is not some digits, or that everybody tries first.

    Raises:
        WeakPin: it is.
    """
    if not (pin.isascii() and pin.isdigit() and PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX):
        raise errors.WeakPin(pointer="/pin", least=PIN_DIGITS_MIN, most=PIN_DIGITS_MAX)
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        raise errors.WeakPin(pointer="/pin", least=PIN_DIGITS_MIN, most=PIN_DIGITS_MAX)


# What tells a program or system in the words browsers say of themselves; the first that fits wins.
_PROGRAMS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "SamsungBrowser": "Samsung Internet",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def browser_of(user_agent: str) -> str:
    """Return what somebody knows its browser by, such as "Firefox, Windows"."""
    known = [
        next((name for sign, name in names.items() if sign in user_agent), "")
        for names in (_PROGRAMS, _SYSTEMS)
    ]
    return ", ".join(name for name in known if name)
