"""From a shown token to the actor it stands for."""

import hmac
from datetime import timedelta
from functools import partial

from crosslane.platform.actor import Actor
from crosslane.platform.auth import storage
from crosslane.platform.auth.domain import is_open
from crosslane.platform.auth.roles import permissions_of
from crosslane.platform.database import Database, Record
from crosslane.platform.remembering import Remembered
from crosslane.platform.tenants import Tenant
from crosslane.platform.tokens import KEY, SESSION, Token

# How long a key that was revoked may go on working in another process. Sessions are read each time.
REMEMBER_SECONDS = 1.0
REMEMBERED_MAX = 10_000
KEY_USE_HOURS = 1
SESSION_USE_MINUTES = 5


class Identities:
    """Finds callers by their tokens.

    Args:
        database: where keys and sessions are.
        remember_seconds: for how long the caller behind an API key is remembered.
    """

    def __init__(self, database: Database, remember_seconds: float = REMEMBER_SECONDS) -> None:
        self._database = database
        self._remembered: Remembered[tuple[str, bytes], Actor | None] = Remembered(
            seconds=remember_seconds, keys_max=REMEMBERED_MAX
        )

    async def identify(self, tenant: Tenant, token: Token) -> Actor | None:
        """Return who a token belongs to; None when it is unknown, expired, revoked or ended."""
        if token.kind == SESSION:
            return await self._behind_session(tenant, token)
        if token.kind != KEY:
            return None
        known = (tenant.name, token.digest)
        actor = self._remembered.at_hand(known)
        if actor is not None:
            return actor
        return await self._remembered.get(known, partial(self._behind_key, tenant, token))

    async def _behind_key(self, tenant: Tenant, token: Token) -> Actor | None:
        async with self._database.connection(tenant.name) as connection:
            row = await storage.find_shown_key(connection, tenant.name, token.id)
        if row is None or not _fits(row, token) or not row["usable"]:
            return None
        if row["used_at"] is None or row["used_at"] < row["now"] - timedelta(hours=KEY_USE_HOURS):
            async with self._database.transaction(tenant.name) as tx:
                await storage.use_key(tx, token.id)
        return Actor(
            kind="api_key",
            id=token.id,
            permissions=permissions_of(row["role"], row["scopes"]),
            location_id=row["location_id"],
            role=row["role"],
        )

    async def _behind_session(self, tenant: Tenant, token: Token) -> Actor | None:
        async with self._database.connection(tenant.name) as connection:
            row = await storage.find_shown_session(connection, tenant.name, token.id)
        if row is None or not _fits(row, token):
            return None
        if not is_open(
            row["now"],
            seen_at=row["used_at"],
            expires_at=row["expires_at"],
            shared=row["shared"],
        ):
            return None
        # A page that is left open does not keep its session from running out.
        since = row["now"] - timedelta(minutes=SESSION_USE_MINUTES)
        if row["used_at"] < since and not token.unattended:
            async with self._database.transaction(tenant.name) as tx:
                await storage.see_session(tx, token.id)
        return Actor(
            kind="staff",
            id=str(row["account_id"]),
            permissions=permissions_of(row["role"]),
            location_id=row["location_id"],
            role=row["role"],
        )


def _fits(row: Record, token: Token) -> bool:
    return hmac.compare_digest(row["digest"], token.digest)
