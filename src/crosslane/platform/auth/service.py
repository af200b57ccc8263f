"""Making, changing and ending keys, accounts and sessions; each change leaves an audit row."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from crosslane.kernel import Stale, new_id
from crosslane.platform import audit
from crosslane.platform.actor import SYSTEM
from crosslane.platform.audit import Change
from crosslane.platform.auth import (
    domain,
    errors,
    inviting,
    providers,
    second_factor,
    sharing,
    storage,
)
from crosslane.platform.auth.domain import Account, ApiKey, Attempts, Session
from crosslane.platform.auth.opening import Opening, open_session
from crosslane.platform.auth.roles import KEY_ROLES, ROLES, STAFF_ROLES
from crosslane.platform.database import Tx
from crosslane.platform.effects import Schedule
from crosslane.platform.lane import Command, CommandKind
from crosslane.platform.tokens import KEY, new_token

SESSIONS_LISTED_MAX = 100
ADMINISTRATORS_MAX = 50
ADMINISTRATOR = "admin"
FORGET_DAYS = 30
FORGET_AT_ONCE_MAX = 10_000


class CreateKey(msgspec.Struct, frozen=True):
    """Make an API key whose secret only its maker has seen."""

    id: str
    digest: bytes
    name: str
    role: str
    scopes: list[str]
    location_id: UUID | None
    expires_at: datetime | None


class RevokeKey(msgspec.Struct, frozen=True):
    """Stop an API key."""

    id: str
    reason: str


class CreateAccount(msgspec.Struct, frozen=True):
    """Make an account; the password is hashed already."""

    email: str
    password: str
    role: str
    location_id: UUID | None


class ChangeAccount(msgspec.Struct, frozen=True):
    """Change what an account may do; UNSET leaves a field as it is."""

    id: UUID
    version: int
    reason: str
    role: str | msgspec.UnsetType = msgspec.UNSET
    location_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


class SetPassword(msgspec.Struct, frozen=True):
    """Store a new password and end the account's sessions, but for one."""

    account_id: UUID
    password: str
    keep_session: str
    reason: str


class SignIn(msgspec.Struct, frozen=True):
    """Open a session, or count a wrong password.

    Args:
        account_id: account of the e-mail address, None when there is none.
        against: hash the password was compared with.
        passed: it fitted.
        session_id: public part of the new session's token.
        digest: digest of that token.
        browser: what the session begins in.
        code: of the second factor, "" while it has not been asked for.
    """

    account_id: UUID | None
    against: str
    passed: bool
    session_id: str
    digest: bytes
    browser: str = ""
    code: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """The outcome of signing in; a failure is no refusal, because it is counted.

    Args:
        session: what was opened, None when it was not.
        account_id: whose code is needed besides, None when that is not what is missing.
        version: of that account.
    """

    session: Session | None
    account_id: UUID | None = None
    version: int = 0


class ConfirmSignIn(msgspec.Struct, frozen=True):
    """Open the session of somebody whose password was right, by a code of the second factor.

    Args:
        account_id: whose.
        version: of the account when its password was right.
        session_id: public part of the new session's token.
        digest: digest of that token.
        browser: what the session begins in.
        code: what was typed.
    """

    account_id: UUID
    version: int
    session_id: str
    digest: bytes
    browser: str
    code: str


class Unlock(msgspec.Struct, frozen=True):
    """Let somebody try again who has typed too much that was wrong: password, code or PIN."""

    account_id: UUID
    reason: str


class EndSessions(msgspec.Struct, frozen=True):
    """End sessions of an account: one, or all when ``only`` is empty."""

    account_id: UUID
    only: str
    reason: str


async def _create_key(tx: Tx, commands: Sequence[Command[CreateKey]]) -> list[ApiKey]:
    [command] = commands
    new = command.body
    domain.refuse_role(new.role, KEY_ROLES, new.location_id)
    domain.refuse_scopes(new.role, new.scopes, new.location_id)
    domain.refuse_gift(command.actor, new.scopes)
    domain.refuse_expiry(new.expires_at, tx.now)
    key = await _keep_key(tx, new, str(command.actor))
    return [key]


async def _keep_key(tx: Tx, new: CreateKey, created_by: str) -> ApiKey:
    key = ApiKey(
        new.id,
        new.name,
        new.role,
        new.scopes,
        new.location_id,
        tx.now,
        created_by,
        new.expires_at,
        None,
        None,
    )
    await storage.insert_key(tx, key, new.digest)
    change = Change(action="auth.create_key", subject=f"api_key:{key.id}", after=key)
    await audit.record(tx, [change])
    return key


async def bootstrap(tx: Tx) -> str:
    """Make the first key of a tenant, which may do everything; return its text, told only here."""
    token = new_token(KEY, await storage.get_key_prefix(tx))
    new = CreateKey(token.id, token.digest, "first administrator", "admin", ["*"], None, None)
    await _keep_key(tx, new, str(SYSTEM))
    return str(token)


async def _revoke_key(tx: Tx, commands: Sequence[Command[RevokeKey]]) -> list[ApiKey]:
    [command] = commands
    key = await _get_key(tx, command.body.id)
    if key.revoked_at is not None:
        return [key]
    domain.refuse_gift(command.actor, key.scopes)
    await storage.revoke_key(tx, key.id, tx.now)
    change = Change(
        action="auth.revoke_key",
        subject=f"api_key:{key.id}",
        before={"revoked_at": None},
        after={"revoked_at": tx.now},
        reason=command.body.reason,
    )
    await audit.record(tx, [change])
    return [msgspec.structs.replace(key, revoked_at=tx.now)]


async def key(tx: Tx, *, id: str) -> ApiKey:
    """Return an API key.

    Raises:
        NoSuchKey: there is none.
    """
    return await _get_key(tx, id)


async def _get_key(tx: Tx, key_id: str) -> ApiKey:
    found = await storage.find_key(tx, key_id)
    if found is None:
        raise errors.NoSuchKey(id=key_id[:40])
    return found


async def keys(tx: Tx, *, after: tuple[datetime, str] | None, limit: int) -> list[ApiKey]:
    """Return API keys, newest first.

    Args:
        tx: open transaction.
        after: time and id of the last one seen.
        limit: most keys to return.
    """
    return await storage.list_keys(tx, after, limit)


async def _create_account(tx: Tx, commands: Sequence[Command[CreateAccount]]) -> list[Account]:
    [command] = commands
    new = command.body
    domain.refuse_role(new.role, STAFF_ROLES, new.location_id)
    domain.refuse_gift(command.actor, ROLES[new.role])
    account = Account(new_id(), new.email, new.role, new.location_id, True, None, 1, tx.now)
    if not await storage.insert_account(tx, account, new.password):
        raise errors.EmailTaken(pointer="/email")
    change = Change(
        action="auth.create_account", subject=f"account:{account.id}", after=_told(account)
    )
    await audit.record(tx, [change])
    return [account]


async def _change_account(tx: Tx, commands: Sequence[Command[ChangeAccount]]) -> list[Account]:
    [command] = commands
    wish = command.body
    admins = await storage.lock_admins(tx)
    before = await _lock_account(tx, wish.id)
    if before.version != wish.version:
        raise Stale(present=before.version, given=wish.version)
    wished = {
        name: value
        for name in ("role", "location_id", "active")
        if (value := getattr(wish, name)) is not msgspec.UNSET
    }
    after = msgspec.structs.replace(before, **wished, version=before.version + 1)
    domain.refuse_role(after.role, STAFF_ROLES, after.location_id)
    domain.refuse_gift(command.actor, [*ROLES[before.role], *ROLES[after.role]])
    if admins == [before.id] and not (after.role == "admin" and after.active):
        raise errors.LastAdmin
    await storage.update_account(tx, after)
    if not after.active:
        await storage.end_sessions(tx, after.id)
    change = Change(
        action="auth.change_account",
        subject=f"account:{after.id}",
        before=_told(before),
        after=_told(after),
        reason=wish.reason,
    )
    await audit.record(tx, [change])
    return [after]


def _told(account: Account) -> dict[str, object]:
    """Return what the audit journal keeps of an account: no e-mail address."""
    return {
        "role": account.role,
        "location_id": account.location_id,
        "active": account.active,
    }


async def _lock_account(tx: Tx, account_id: UUID) -> Account:
    found = await storage.lock_account(tx, account_id)
    if found is None:
        raise errors.NoSuchAccount(id=account_id)
    return found


async def account(tx: Tx, *, id: UUID) -> Account:
    """Return an account.

    Raises:
        NoSuchAccount: there is none.
    """
    found = await storage.find_account(tx, id)
    if found is None:
        raise errors.NoSuchAccount(id=id)
    return found


async def accounts(tx: Tx, *, after: str, limit: int) -> list[Account]:
    """Return accounts by e-mail address, those after the given one."""
    return await storage.list_accounts(tx, after, limit)


async def administrators(tx: Tx) -> list[Account]:
    """Return the accounts that administer and may sign in, at most ADMINISTRATORS_MAX."""
    return await storage.list_with_role(tx, ADMINISTRATOR, ADMINISTRATORS_MAX)


async def account_by_email(tx: Tx, email: str) -> Account | None:
    """Return the account with an e-mail address, None when there is none."""
    return await storage.find_account_by_email(tx, email.strip().casefold())


async def accounts_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Account]:
    """Return the accounts with these identifiers; unknown ones are left out."""
    return {account.id: account for account in await storage.find_accounts(tx, list(ids))}


async def _set_password(tx: Tx, commands: Sequence[Command[SetPassword]]) -> list[None]:
    [command] = commands
    wish = command.body
    found = await _lock_account(tx, wish.account_id)
    domain.refuse_gift(command.actor, ROLES[found.role])
    await storage.update_password(tx, found.id, wish.password)
    await storage.end_sessions(tx, found.id, but=wish.keep_session)
    change = Change(action="auth.set_password", subject=f"account:{found.id}", reason=wish.reason)
    await audit.record(tx, [change])
    return [None]


async def _sign_in(tx: Tx, commands: Sequence[Command[SignIn]]) -> list[SignedIn]:
    [command] = commands
    wish = command.body
    # An unknown address takes the same statements, so that it takes the same time.
    attempts = await storage.lock_attempts(tx, wish.account_id, wish.against, wish.session_id)
    good = wish.passed and attempts.usable and not attempts.is_locked(tx.now)
    # What failed is counted, not audited: the body of this command is for nobody's eyes.
    tx.audited.add(command.key)
    if wish.account_id is None or not good:
        failed = domain.after_failure(attempts, tx.now)
        await storage.update_attempts(tx, wish.account_id, failed.failures, failed.locked_until)
        return [SignedIn(None)]
    if attempts.second and not wish.code:
        # The count stays: whoever guesses codes would begin anew with each right password.
        return [SignedIn(None, wish.account_id, attempts.version)]
    opening = Opening(wish.account_id, wish.session_id, wish.digest, wish.browser)
    return [SignedIn(await _open(tx, attempts, opening, wish.code))]


async def _open(tx: Tx, attempts: Attempts, opening: Opening, code: str) -> Session | None:
    """Open the session of somebody who knew the password, and the code if one is asked for."""
    needed = attempts.second and not attempts.opened
    if needed and not await second_factor.takes(tx, opening.account_id, code):
        return None
    await storage.update_attempts(tx, opening.account_id, 0, None)
    return await open_session(tx, opening, again=attempts.opened)


async def _confirm_sign_in(tx: Tx, commands: Sequence[Command[ConfirmSignIn]]) -> list[SignedIn]:
    [command] = commands
    wish = command.body
    attempts = await storage.lock_attempts(tx, wish.account_id, "", wish.session_id)
    tx.audited.add(command.key)
    # Whatever changed about the account since the password was right has raised its version.
    if attempts.version != wish.version or attempts.is_locked(tx.now):
        return [SignedIn(None)]
    opening = Opening(wish.account_id, wish.session_id, wish.digest, wish.browser)
    return [SignedIn(await _open(tx, attempts, opening, wish.code))]


async def _unlock(tx: Tx, commands: Sequence[Command[Unlock]]) -> list[None]:
    [command] = commands
    wish = command.body
    found = await _lock_account(tx, wish.account_id)
    domain.refuse_gift(command.actor, ROLES[found.role])
    await storage.unlock_account(tx, wish.account_id)
    change = Change(
        action="auth.unlock",
        subject=f"account:{wish.account_id}",
        before={"locked_until": found.locked_until},
        after={"locked_until": None},
        reason=wish.reason,
    )
    await audit.record(tx, [change])
    return [None]


async def _end_sessions(tx: Tx, commands: Sequence[Command[EndSessions]]) -> list[None]:
    [command] = commands
    wish = command.body
    if str(wish.account_id) != command.actor.id:
        found = await _lock_account(tx, wish.account_id)
        domain.refuse_gift(command.actor, ROLES[found.role])
    await storage.end_sessions(tx, wish.account_id, only=wish.only)
    change = Change(
        action="auth.end_sessions", subject=f"account:{wish.account_id}", reason=wish.reason
    )
    await audit.record(tx, [change])
    return [None]


async def sessions(tx: Tx, *, account_id: UUID) -> list[Session]:
    """Return the open sessions of an account, newest first."""
    seen_after = tx.now - timedelta(hours=domain.SESSION_IDLE_HOURS)
    shared_after = tx.now - timedelta(minutes=domain.PIN_IDLE_MINUTES)
    return await storage.list_sessions(
        tx, account_id, seen_after, shared_after, SESSIONS_LISTED_MAX
    )


async def credentials(tx: Tx, *, email: str) -> tuple[UUID | None, str]:
    """Return account and password hash of an e-mail address; (None, "") when there is none."""
    return await storage.find_credentials(tx, email)


async def _forget_sessions(tx: Tx) -> None:
    expired_before = tx.now - timedelta(days=FORGET_DAYS)
    await storage.delete_sessions(tx, expired_before, FORGET_AT_ONCE_MAX)


CREATE_KEY = CommandKind("auth.create_key", CreateKey, ApiKey, _create_key, batch_max=1)
REVOKE_KEY = CommandKind("auth.revoke_key", RevokeKey, ApiKey, _revoke_key, batch_max=1)
CREATE_ACCOUNT = CommandKind(
    "auth.create_account", CreateAccount, Account, _create_account, batch_max=1
)
CHANGE_ACCOUNT = CommandKind(
    "auth.change_account", ChangeAccount, Account, _change_account, batch_max=1
)
SET_PASSWORD = CommandKind("auth.set_password", SetPassword, None, _set_password, batch_max=1)
# The new session's id names the wish; no answer is kept, because it would be of no use twice.
SIGN_IN = CommandKind("auth.sign_in", SignIn, SignedIn, _sign_in, batch_max=1, repeatable=True)
CONFIRM_SIGN_IN = CommandKind(
    "auth.confirm_sign_in", ConfirmSignIn, SignedIn, _confirm_sign_in, batch_max=1, repeatable=True
)
UNLOCK = CommandKind("auth.unlock", Unlock, None, _unlock, batch_max=1)
END_SESSIONS = CommandKind("auth.end_sessions", EndSessions, None, _end_sessions, batch_max=1)

COMMANDS = [
    CREATE_KEY,
    REVOKE_KEY,
    CREATE_ACCOUNT,
    CHANGE_ACCOUNT,
    SET_PASSWORD,
    SIGN_IN,
    CONFIRM_SIGN_IN,
    END_SESSIONS,
    UNLOCK,
    *second_factor.COMMANDS,
    *sharing.COMMANDS,
    *inviting.COMMANDS,
    *providers.COMMANDS,
]
SCHEDULES = [
    Schedule("auth.forget_sessions", 86_400.0, _forget_sessions),
    Schedule("auth.forget_invitations", 86_400.0, inviting.forget_invitations),
]
