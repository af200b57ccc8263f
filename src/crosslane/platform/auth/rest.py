"""Keys, accounts and sessions over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request

from crosslane.kernel import Page
from crosslane.platform import audit
from crosslane.platform.auth import domain, errors, passwords, service, signing_in
from crosslane.platform.auth.domain import Account, ApiKey, Name, Scope, Session
from crosslane.platform.auth.roles import SELF
from crosslane.platform.tokens import KEY, new_token
from crosslane.platform.web import (
    PUBLIC,
    Answer,
    Caller,
    Paging,
    TooManyRequests,
    Version,
    delete,
    get,
    patch,
    post,
    put,
)


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An API key to make.

    Args:
        name: what it is for.
        scopes: what it may do, such as ``orders:place``, ``orders:*`` or ``*:read``.
        role: ``integrator``, or ``admin`` for a key that administers.
        location_id: the only location it acts for, None for all.
        expires_at: when it stops working by itself.
    """

    name: Name
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=100)]
    role: str = "integrator"
    location_id: UUID | None = None
    expires_at: datetime | None = None


class MadeKey(msgspec.Struct, frozen=True):
    """A new API key.

    Args:
        key: what is known of it from now on.
        secret: the text to send as bearer. It is shown this once; a repeated request gets None.
    """

    key: ApiKey
    secret: str | None


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a key is stopped."""

    reason: str = ""


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to make.

    Args:
        email: what the person signs in with.
        password: 12 characters or more.
        role: ``associate``, ``agent``, ``manager`` or ``admin``.
        location_id: the only location it acts for; needed for an associate.
    """

    email: str
    password: str
    role: str
    location_id: UUID | None = None


class AccountChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about an account; absent fields stay as they are."""

    reason: str
    role: str | msgspec.UnsetType = msgspec.UNSET
    location_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password for somebody else's account."""

    password: str
    reason: str


class OwnPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password for one's own account."""

    present: str
    password: str


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail address and password.

    Args:
        email: of the account.
        password: of the account.
        code: of its second factor, when it has one.
    """

    email: str
    password: str
    code: str = ""


class OpenedSession(msgspec.Struct, frozen=True):
    """A session that was opened.

    Args:
        token: the text to send as bearer; browsers have it as cookie already.
        session: what is known of it.
    """

    token: str
    session: Session


class Me(msgspec.Struct, frozen=True):
    """Who is asking.

    Args:
        kind: ``staff`` or ``api_key``.
        id: account or key.
        tenant: whose data it works on.
        permissions: what it may do; ``module:*`` and ``*`` stand for all that fits.
        location_id: the only location it acts for, None for all.
    """

    kind: str
    id: str
    tenant: str
    permissions: list[str]
    location_id: UUID | None


@get("/api/v1/api-keys", permission="auth:read")
async def list_keys(caller: Caller, paging: Paging) -> Page[ApiKey]:
    """List API keys, newest first."""
    after = paging.after(datetime, str)
    async with caller.read() as tx:
        found = await service.keys(tx, after=after, limit=paging.limit + 1)  # type: ignore[arg-type]
    return paging.page(found, key=lambda key: (key.created_at, key.id))


@get("/api/v1/api-keys/{key_id}", permission="auth:read", raises=(errors.NoSuchKey,))
async def show_key(caller: Caller, key_id: str) -> ApiKey:
    """Show an API key."""
    async with caller.read() as tx:
        return await service.key(tx, id=key_id)


@post(
    "/api/v1/api-keys",
    permission="auth:write",
    command=service.CREATE_KEY,
    raises=(
        errors.UnknownRole,
        errors.BadScope,
        errors.ScopeOfAll,
        errors.BadExpiry,
        errors.MoreThanYouHave,
    ),
    example=NewKey(name="web shop", scopes=["orders:*", "inventory:read"]),
)
async def create_key(caller: Caller, data: NewKey) -> MadeKey:
    """Make an API key.

    The secret is in this answer only. When the answer is lost, revoke the key and make another.
    """
    token = new_token(KEY, caller.key_prefix)
    key: ApiKey = await caller.submit(
        service.CREATE_KEY,
        service.CreateKey(
            token.id,
            token.digest,
            data.name,
            data.role,
            data.scopes,
            data.location_id,
            data.expires_at,
        ),
    )
    return MadeKey(key, str(token) if key.id == token.id else None)


@post(
    "/api/v1/api-keys/{key_id}/revocation",
    permission="auth:write",
    command=service.REVOKE_KEY,
    raises=(errors.NoSuchKey, errors.MoreThanYouHave),
    example=Revocation(reason="the shop has moved"),
)
async def revoke_key(caller: Caller, key_id: str, data: Revocation) -> ApiKey:
    """Stop an API key. It is refused everywhere within two seconds."""
    return await caller.submit(service.REVOKE_KEY, service.RevokeKey(key_id, data.reason))


@get("/api/v1/accounts", permission="auth:read")
async def list_accounts(caller: Caller, paging: Paging) -> Page[Account]:
    """List staff accounts by e-mail address."""
    after = paging.after(str) or ("",)
    async with caller.read() as tx:
        found = await service.accounts(tx, after=after[0], limit=paging.limit + 1)
    return paging.page(found, key=lambda account: (account.email,))


@get("/api/v1/accounts/{account_id}", permission="auth:read", raises=(errors.NoSuchAccount,))
async def show_account(caller: Caller, account_id: UUID) -> Answer[Account]:
    """Show a staff account."""
    async with caller.read() as tx:
        account = await service.account(tx, id=account_id)
    return Answer(body=account, version=account.version)


@post(
    "/api/v1/accounts",
    permission="auth:write",
    command=service.CREATE_ACCOUNT,
    raises=(
        errors.EmailTaken,
        errors.BadEmail,
        passwords.WeakPassword,
        errors.UnknownRole,
        errors.LocationNeeded,
        errors.LocationUnfit,
        errors.MoreThanYouHave,
    ),
    example={"email": "agent@example.com", "password": "a long sentence", "role": "agent"},
)
async def create_account(caller: Caller, data: NewAccount) -> Answer[Account]:
    """Make a staff account."""
    email = domain.normal_email(data.email)
    passwords.require_password(data.password, email)
    hashed = await passwords.hash_password(data.password)
    account: Account = await caller.submit(
        service.CREATE_ACCOUNT,
        service.CreateAccount(email, hashed, data.role, data.location_id),
    )
    address = f"/api/v1/accounts/{account.id}"
    return Answer(body=account, version=account.version, location=address)


@patch(
    "/api/v1/accounts/{account_id}",
    permission="auth:write",
    command=service.CHANGE_ACCOUNT,
    raises=(
        errors.NoSuchAccount,
        errors.UnknownRole,
        errors.LocationNeeded,
        errors.LocationUnfit,
        errors.MoreThanYouHave,
        errors.LastAdmin,
    ),
    example=AccountChange(reason="moved to the call centre", role="agent"),
)
async def change_account(
    caller: Caller, account_id: UUID, version: Version, data: AccountChange
) -> Answer[Account]:
    """Change role, location or activity of a staff account. Without activity its sessions end."""
    account: Account = await caller.submit(
        service.CHANGE_ACCOUNT,
        service.ChangeAccount(
            account_id, version, data.reason, data.role, data.location_id, data.active
        ),
    )
    return Answer(body=account, version=account.version)


@put(
    "/api/v1/accounts/{account_id}/password",
    permission="auth:write",
    command=service.SET_PASSWORD,
    raises=(errors.NoSuchAccount, passwords.WeakPassword, errors.MoreThanYouHave),
    example={"password": "another long sentence", "reason": "forgotten"},
)
async def reset_password(caller: Caller, account_id: UUID, data: NewPassword) -> None:
    """Give a staff account a new password and end its sessions."""
    passwords.require_password(data.password, "")
    hashed = await passwords.hash_password(data.password)
    await caller.submit(
        service.SET_PASSWORD, service.SetPassword(account_id, hashed, "", data.reason)
    )


@delete(
    "/api/v1/accounts/{account_id}/sessions",
    permission="auth:write",
    command=service.END_SESSIONS,
    raises=(errors.NoSuchAccount, errors.MoreThanYouHave),
)
async def sign_out_account(caller: Caller, account_id: UUID) -> None:
    """End every session of a staff account."""
    await caller.submit(
        service.END_SESSIONS, service.EndSessions(account_id, "", "ended by an administrator")
    )


@post(
    "/api/v1/sessions",
    permission=PUBLIC,
    command=service.SIGN_IN,
    key_required=False,
    raises=(errors.SignInFailed, errors.CodeNeeded, TooManyRequests),
    example={"email": "agent@example.com", "password": "a long sentence"},
)
async def sign_in(caller: Caller, request: Request, data: Credentials) -> Answer[OpenedSession]:
    """Sign in. Browsers get a cookie; other clients send the token as bearer.

    An unknown address, a wrong password and a locked account get the same answer in the same time.
    """
    opened = await signing_in.sign_in(
        caller,
        data.email,
        data.password,
        code=data.code,
        user_agent=request.headers.get("user-agent", ""),
    )
    if isinstance(opened, signing_in.HalfWay):
        raise errors.CodeNeeded
    return Answer(body=OpenedSession(opened.token, opened.session), cookie=opened.cookie)


@get("/api/v1/sessions", permission=SELF, raises=(errors.NotAPerson,))
async def list_sessions(caller: Caller) -> Page[Session]:
    """List one's own open sessions."""
    account_id = signing_in.account_of(caller)
    async with caller.read() as tx:
        return Page(await service.sessions(tx, account_id=account_id))


@delete(
    "/api/v1/sessions/current",
    permission=SELF,
    command=service.END_SESSIONS,
    raises=(errors.NotAPerson,),
)
async def sign_out(caller: Caller) -> Answer[None]:
    """Sign out."""
    wish = service.EndSessions(signing_in.account_of(caller), caller.token_id, "")
    await caller.submit(service.END_SESSIONS, wish)
    return Answer(body=None, cookie=signing_in.SIGNED_OUT)


@delete(
    "/api/v1/sessions",
    permission=SELF,
    command=service.END_SESSIONS,
    raises=(errors.NotAPerson,),
)
async def sign_out_everywhere(caller: Caller) -> Answer[None]:
    """Sign out everywhere."""
    await caller.submit(
        service.END_SESSIONS, service.EndSessions(signing_in.account_of(caller), "", "")
    )
    return Answer(body=None, cookie=signing_in.SIGNED_OUT)


@get("/api/v1/me", permission=SELF)
async def show_me(caller: Caller) -> Me:
    """Show who is asking and what it may do."""
    actor = caller.actor
    return Me(actor.kind, actor.id, caller.tenant, sorted(actor.permissions), actor.location_id)


@put(
    "/api/v1/me/password",
    permission=SELF,
    command=service.SET_PASSWORD,
    raises=(errors.NotAPerson, errors.WrongPassword, passwords.WeakPassword),
    example={"present": "a long sentence", "password": "another long sentence"},
)
async def change_password(caller: Caller, data: OwnPassword) -> None:
    """Change one's own password and end one's other sessions."""
    account = await signing_in.prove(caller, data.present)
    passwords.require_password(data.password, account.email)
    fresh = await passwords.hash_password(data.password)
    await caller.submit(
        service.SET_PASSWORD, service.SetPassword(account.id, fresh, caller.token_id, "")
    )


@get("/api/v1/audit-entries", permission="audit:read")
async def list_audit(
    caller: Caller, paging: Paging, subject: str = "", actor: str = ""
) -> Page[audit.Entry]:
    """List what people have changed, newest first."""
    after = paging.after(datetime, UUID)
    async with caller.read() as tx:
        found = await audit.list_entries(
            tx,
            subject=subject,
            actor=actor,
            before=after,  # type: ignore[arg-type]
            limit=paging.limit + 1,
        )
    return paging.page(found, key=lambda entry: (entry.at, entry.id))


ROUTES = [
    list_keys,
    show_key,
    create_key,
    revoke_key,
    list_accounts,
    show_account,
    create_account,
    change_account,
    reset_password,
    sign_out_account,
    sign_in,
    list_sessions,
    sign_out,
    sign_out_everywhere,
    show_me,
    change_password,
    list_audit,
]
