"""What keys, accounts and sessions refuse."""

from typing import ClassVar

from crosslane.kernel import Conflict, Forbidden, Invalid, NotFound, Unavailable
from crosslane.platform.web import EdgeRefusal


class NoSuchKey(NotFound):
    """There is no API key {id}."""


class NoSuchAccount(NotFound):
    """There is no account {id}."""


class EmailTaken(Conflict):
    """An account with this e-mail address exists already."""


class BadEmail(Invalid):
    """This is not an e-mail address."""


class UnknownRole(Invalid):
    """There is no role {role} here; take one of {roles}."""


class BadScope(Invalid):
    """The scope {scope} is not covered by the role {role}."""


class BadExpiry(Invalid):
    """A key expires in the future, and at most {most_days} days from now."""


class LocationNeeded(Invalid):
    """An associate belongs to a location."""


class LocationUnfit(Invalid):
    """Only an associate acts for one location; leave it out for the role {role}."""


class ScopeOfAll(Invalid):
    """The scope {scope} concerns every location; a key of one location cannot have it."""


class MoreThanYouHave(Forbidden):
    """You can give only what you may do yourself; {permission} you may not."""


class LastAdmin(Conflict):
    """This is the last administrator; make another one first."""


class SignInFailed(EdgeRefusal):
    """E-mail address and password do not fit, or the account is locked for a while."""

    status: ClassVar[int] = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class CodeNeeded(EdgeRefusal):
    """The account has a second factor: send the code of the authenticator app too."""

    status: ClassVar[int] = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class WrongCode(Invalid):
    """The code is not right, was used already, or has expired."""


class FactorKnown(Conflict):
    """There is a second factor already; end it before you set up another."""


class NoFactor(Conflict):
    """There is no second factor."""


class WeakPin(Invalid):
    """A PIN has {least} to {most} digits, and not all in a row or all the same."""


class NoSuchDevice(NotFound):
    """There is no shared device {id}."""


class BadIssuer(Invalid):
    """The address of an identity provider begins with https:// and has no query."""


class SecretNeeded(Invalid):
    """Give the client secret the provider has made for this installation."""


class ProviderFailed(Unavailable):
    """The identity provider cannot be asked, or its answer is not to be believed."""


class NoSuchInvitation(NotFound):
    """The invitation is not open: it was taken, withdrawn, or has expired."""


class InvitedAlready(Conflict):
    """This e-mail address has an open invitation already; withdraw it first."""


class WrongPassword(Forbidden):
    """The present password is not right."""


class NotAPerson(Forbidden):
    """Only a person's account has a password and sessions."""
