"""Who may come in: API keys, staff accounts, sessions, and the table of roles.

An API key has a role (``integrator``, or ``admin``) and scopes within it; only its digest is kept.
An account is a person's way in: e-mail address, argon2id password, role, and for an associate the
one location it acts for; what the person is called is kept by the organization. A session is a
sign-in of an account; it ends after some hours without use, after some days at the latest, by
signing out, with a new password, or with the account. :class:`Identities` turns a shown token into
an actor whose permissions come from the one table in ``roles.py``.

Invariants: nobody gives a permission it does not have. An unknown e-mail address, a wrong password
and a locked account are answered alike. One administrator is always left.

Tables: platform_api_key, platform_account (email is personal), platform_session.
"""

from crosslane.platform.auth.domain import Account, ApiKey, Session
from crosslane.platform.auth.errors import SignInFailed
from crosslane.platform.auth.identity import Identities
from crosslane.platform.auth.rest import ROUTES
from crosslane.platform.auth.roles import ROLES, SELF, permissions_of
from crosslane.platform.auth.service import (
    COMMANDS,
    CREATE_KEY,
    END_SESSIONS,
    REVOKE_KEY,
    SCHEDULES,
    SIGN_IN,
    CreateKey,
    RevokeKey,
    bootstrap,
    keys,
)
from crosslane.platform.auth.signing_in import SIGNED_OUT, Opened, sign_in, sign_out

__all__ = [
    "COMMANDS",
    "CREATE_KEY",
    "END_SESSIONS",
    "REVOKE_KEY",
    "ROLES",
    "ROUTES",
    "SCHEDULES",
    "SELF",
    "SIGNED_OUT",
    "SIGN_IN",
    "Account",
    "ApiKey",
    "CreateKey",
    "Identities",
    "Opened",
    "RevokeKey",
    "Session",
    "SignInFailed",
    "bootstrap",
    "keys",
    "permissions_of",
    "sign_in",
    "sign_out",
]
