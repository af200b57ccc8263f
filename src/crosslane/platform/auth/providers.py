"""The identity provider of a retailer: where its people may sign in besides, by OpenID Connect.

One at most. Its client secret rests concealed. Somebody is matched by the provider's own subject;
the first time by an e-mail address that the provider says it has verified.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from crosslane.platform import audit, outbound, seals
from crosslane.platform.audit import Change
from crosslane.platform.auth import errors
from crosslane.platform.auth.domain import Session
from crosslane.platform.auth.opening import Opening, open_session
from crosslane.platform.database import Tx
from crosslane.platform.lane import Command, CommandKind, one_by_one

PURPOSE = "auth.provider"


class Provider(msgspec.Struct, frozen=True):
    """An identity provider, without its secret.

    Args:
        name: what people know it by.
        issuer: its address; what it tells about itself is below it.
        client_id: what it knows this installation by.
        active: people may sign in by it.
        version: +1 with every change.
    """

    name: str
    issuer: str
    client_id: str
    active: bool
    version: int


class PutProvider(msgspec.Struct, frozen=True):
    """Set where people sign in besides; the secret is concealed, "" keeps the one there is."""

    name: str
    issuer: str
    client_id: str
    secret: str
    active: bool


class SignInBy(msgspec.Struct, frozen=True):
    """Open the session of somebody whom the provider has named.

    Args:
        issuer: of the provider.
        subject: what the provider calls the person.
        email: which the provider says it has verified, "" when it does not.
        session_id: public part of the new session's token.
        digest: digest of that token.
        browser: what the session begins in.
    """

    issuer: str
    subject: str
    email: str
    session_id: str
    digest: bytes
    browser: str


class SignedInBy(msgspec.Struct, frozen=True):
    """The outcome; None when nobody here is meant."""

    session: Session | None


PROVIDER = """
select name, issuer, client_id, active, version from platform_identity_provider
"""


async def provider_settings(tx: Tx) -> Provider | None:
    """Return the provider that is set, used or not."""
    row = await tx.fetchrow(PROVIDER)
    return Provider(**dict(row)) if row else None


async def provider(tx: Tx) -> Provider | None:
    """Return the provider people may sign in by, None when there is none."""
    found = await provider_settings(tx)
    return found if found and found.active else None


CONCEALED = "select secret from platform_identity_provider"


async def client_secret(tx: Tx) -> str:
    """Return what proves to the provider who we are."""
    concealed = await tx.fetchval(CONCEALED)
    return seals.reveal(PURPOSE, concealed) if concealed else ""


def conceal_client_secret(secret: str) -> str:
    """Return a client secret in the form in which it may rest; "" stays what it is."""
    return seals.conceal(PURPOSE, secret) if secret else ""


UPSERT_PROVIDER = """
insert into platform_identity_provider as p
    (name, issuer, client_id, secret, active, version, changed_at)
values ($1, $2, $3, $4, $5, 1, $6)
on conflict (one) do update
set name = excluded.name, issuer = excluded.issuer, client_id = excluded.client_id,
    secret = coalesce(nullif(excluded.secret, ''), p.secret), active = excluded.active,
    version = p.version + 1, changed_at = excluded.changed_at
"""


async def _put(tx: Tx, wish: PutProvider) -> Provider:
    issuer = wish.issuer.rstrip("/")
    split = urlsplit(issuer)
    # Only on this machine nobody listens on the way.
    schemes = ("https", "http") if split.hostname in ("localhost", "127.0.0.1") else ("https",)
    if split.scheme not in schemes or not split.hostname or split.query or split.fragment:
        raise errors.BadIssuer(pointer="/issuer")
    outbound.require_public(issuer, pointer="/issuer")
    before = await provider_settings(tx)
    if before is None and not wish.secret:
        raise errors.SecretNeeded(pointer="/secret")
    await tx.execute(
        UPSERT_PROVIDER, wish.name, issuer, wish.client_id, wish.secret, wish.active, tx.now
    )
    after = await provider_settings(tx)
    change = Change(
        action="auth.put_provider", subject="identity_provider", before=before, after=after
    )
    await audit.record(tx, [change])
    return msgspec.convert(after, Provider)


KNOWN = """
select a.id from platform_identity i join platform_account a on a.id = i.account_id
where i.issuer = $1 and i.subject = $2 and a.active
"""
BY_EMAIL = "select id from platform_account where email = $1 and active"
INSERT_IDENTITY = """
insert into platform_identity (issuer, subject, account_id, created_at) values ($1, $2, $3, $4)
on conflict do nothing
"""


async def _sign_in_by(tx: Tx, commands: Sequence[Command[SignInBy]]) -> list[SignedInBy]:
    [command] = commands
    wish = command.body
    # What failed has changed nothing.
    tx.audited.add(command.key)
    account_id: UUID | None = await tx.fetchval(KNOWN, wish.issuer, wish.subject)
    if account_id is None and wish.email:
        account_id = await tx.fetchval(BY_EMAIL, wish.email.strip().casefold())
        if account_id is not None:
            stored = await tx.execute(
                INSERT_IDENTITY, wish.issuer, wish.subject, account_id, tx.now
            )
            # The subject is somebody else's, whose account is not active.
            if stored != "INSERT 0 1":
                account_id = None
    if account_id is None:
        return [SignedInBy(None)]
    opening = Opening(account_id, wish.session_id, wish.digest, wish.browser, "provider")
    return [SignedInBy(await open_session(tx, opening))]


PUT_PROVIDER = one_by_one("auth.put_provider", PutProvider, Provider, _put)
# As with signing in by password, the new session's id names the wish.
SIGN_IN_BY = CommandKind(
    "auth.sign_in_by", SignInBy, SignedInBy, _sign_in_by, batch_max=1, repeatable=True
)
COMMANDS = [PUT_PROVIDER, SIGN_IN_BY]
