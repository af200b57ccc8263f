"""Keys, accounts and sessions as others see them, and the rules about them; nothing here asks."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from crosslane.kernel import matching
from crosslane.platform.actor import Actor
from crosslane.platform.auth import errors
from crosslane.platform.auth.roles import HELD_TO_A_LOCATION, KEY_ROLES, ROLES, missing

FAILURES_MAX = 10
LOCK_MINUTES = 15
SESSION_IDLE_HOURS = 12
SESSION_DAYS_MAX = 7
KEY_DAYS_MAX = 366 * 3

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
    """

    id: str
    account_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Attempts(msgspec.Struct, frozen=True):
    """How the latest sign-ins to an account went.

    Args:
        failures: wrong passwords in a row.
        locked_until: no sign-in before this.
        usable: the account is active and its password is the one compared with.
    """

    failures: int
    locked_until: datetime | None
    usable: bool

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


def after_failure(attempts: Attempts, now: datetime) -> Attempts:
    """Return how sign-ins stand after one that failed; one while locked counts for nothing."""
    if attempts.is_locked(now):
        return attempts
    failures = attempts.failures + 1
    if failures < FAILURES_MAX:
        return Attempts(failures, None, attempts.usable)
    return Attempts(0, now + timedelta(minutes=LOCK_MINUTES), attempts.usable)


def is_open(now: datetime, *, seen_at: datetime, expires_at: datetime) -> bool:
    """Tell whether a session may still be used."""
    return now < expires_at and now < seen_at + timedelta(hours=SESSION_IDLE_HOURS)
