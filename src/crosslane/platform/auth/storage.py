"""The SQL of keys, accounts and sessions."""

from datetime import datetime
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from crosslane.platform.auth.domain import Account, ApiKey, Attempts, Session
from crosslane.platform.database import Record, Tx, schema_of

INSERT_KEY = """
insert into platform_api_key
    (id, digest, name, role, scopes, location_id, created_at, created_by, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def insert_key(tx: Tx, key: ApiKey, digest: bytes) -> None:
    """Store a new key."""
    await tx.execute(
        INSERT_KEY,
        key.id,
        digest,
        key.name,
        key.role,
        key.scopes,
        key.location_id,
        key.created_at,
        key.created_by,
        key.expires_at,
    )


FIND_KEY = """
select id, name, role, scopes, location_id, created_at, created_by, expires_at, revoked_at,
       last_used_at
from platform_api_key where id = $1
"""


async def find_key(tx: Tx, key_id: str) -> ApiKey | None:
    """Return a key, or None."""
    row = await tx.fetchrow(FIND_KEY, key_id)
    return ApiKey(**dict(row)) if row else None


LIST_KEYS = """
select id, name, role, scopes, location_id, created_at, created_by, expires_at, revoked_at,
       last_used_at
from platform_api_key
where ($1::timestamptz is null or (created_at, id) < ($1, $2))
order by created_at desc, id desc limit $3
"""


async def list_keys(tx: Tx, after: tuple[datetime, str] | None, limit: int) -> list[ApiKey]:
    """Return keys, newest first."""
    at, key_id = after or (None, None)
    return [ApiKey(**dict(row)) for row in await tx.fetch(LIST_KEYS, at, key_id, limit)]


REVOKE_KEY = "update platform_api_key set revoked_at = $2 where id = $1 and revoked_at is null"


async def revoke_key(tx: Tx, key_id: str, at: datetime) -> None:
    """Stop a key; one that is stopped already keeps its time."""
    await tx.execute(REVOKE_KEY, key_id, at)


# What a caller shows is read by one statement outside of any transaction, with every request.
SHOWN_KEY = """
select digest, role, scopes, location_id, last_used_at as used_at, clock_timestamp() as now,
       revoked_at is null and (expires_at is null or expires_at > clock_timestamp()) as usable
from platform_api_key where id = $1
"""


async def find_shown_key(
    connection: PoolConnectionProxy, tenant: str, key_id: str
) -> Record | None:
    """Return what decides whether a key that was shown is good, or None."""
    return await connection.fetchrow(_in_full(SHOWN_KEY, tenant), key_id)


def _in_full(sql: str, tenant: str) -> str:
    """Name the schema of the tables, for a statement outside of its tenant's transactions."""
    return sql.replace("platform_", f"{schema_of(tenant)}.platform_")


USE_KEY = "update platform_api_key set last_used_at = $2 where id = $1"


async def use_key(tx: Tx, key_id: str) -> None:
    """Note that a key was used."""
    await tx.execute(USE_KEY, key_id, tx.now)


INSERT_ACCOUNT = """
insert into platform_account (id, email, password, role, location_id, created_at)
values ($1, $2, $3, $4, $5, $6) on conflict (email) do nothing
"""


async def insert_account(tx: Tx, account: Account, password: str) -> bool:
    """Store a new account; False when its e-mail address is taken."""
    stored = await tx.execute(
        INSERT_ACCOUNT,
        account.id,
        account.email,
        password,
        account.role,
        account.location_id,
        account.created_at,
    )
    return stored == "INSERT 0 1"


FIND_ACCOUNT = """
select id, email, role, location_id, active, locked_until, version, created_at
from platform_account where id = $1
"""


async def find_account(tx: Tx, account_id: UUID) -> Account | None:
    """Return an account, or None."""
    row = await tx.fetchrow(FIND_ACCOUNT, account_id)
    return Account(**dict(row)) if row else None


LOCK_ACCOUNT = """
select id, email, role, location_id, active, locked_until, version, created_at
from platform_account where id = $1 for update
"""


async def lock_account(tx: Tx, account_id: UUID) -> Account | None:
    """Return an account and keep others from changing it, or None."""
    row = await tx.fetchrow(LOCK_ACCOUNT, account_id)
    return Account(**dict(row)) if row else None


ACCOUNT_BY_EMAIL = """
select id, email, role, location_id, active, locked_until, version, created_at
from platform_account where email = $1
"""


async def find_account_by_email(tx: Tx, email: str) -> Account | None:
    """Return the account with an e-mail address, or None."""
    row = await tx.fetchrow(ACCOUNT_BY_EMAIL, email)
    return Account(**dict(row)) if row else None


FIND_ACCOUNTS = """
select id, email, role, location_id, active, locked_until, version, created_at
from platform_account where id = any($1::uuid[])
"""


async def find_accounts(tx: Tx, ids: list[UUID]) -> list[Account]:
    """Return the accounts with these identifiers; unknown ones are left out."""
    return [Account(**dict(row)) for row in await tx.fetch(FIND_ACCOUNTS, ids)]


LIST_ACCOUNTS = """
select id, email, role, location_id, active, locked_until, version, created_at
from platform_account where email > $1 order by email limit $2
"""


async def list_accounts(tx: Tx, after: str, limit: int) -> list[Account]:
    """Return accounts by e-mail address."""
    return [Account(**dict(row)) for row in await tx.fetch(LIST_ACCOUNTS, after, limit)]


LIST_WITH_ROLE = """
select id, email, role, location_id, active, locked_until, version, created_at
from platform_account where role = $1 and active order by email limit $2
"""


async def list_with_role(tx: Tx, role: str, limit: int) -> list[Account]:
    """Return the accounts of a role that may sign in."""
    return [Account(**dict(row)) for row in await tx.fetch(LIST_WITH_ROLE, role, limit)]


UPDATE_ACCOUNT = """
update platform_account set role = $2, location_id = $3, active = $4, version = version + 1
where id = $1
"""


async def update_account(tx: Tx, account: Account) -> None:
    """Store role, location and activity of an account."""
    await tx.execute(UPDATE_ACCOUNT, account.id, account.role, account.location_id, account.active)


# Every administrator is locked, so that two cannot dismiss each other at the same moment.
LOCK_ADMINS = """
select id from platform_account where role = 'admin' and active order by id for update
"""


async def lock_admins(tx: Tx) -> list[UUID]:
    """Return the accounts of administrators and keep others from changing them."""
    return [row["id"] for row in await tx.fetch(LOCK_ADMINS)]


UPDATE_HASH = """
update platform_account
set password = $2, failures = 0, locked_until = null, version = version + 1 where id = $1
"""


async def update_password(tx: Tx, account_id: UUID, password: str) -> None:
    """Store the hash of a new password."""
    await tx.execute(UPDATE_HASH, account_id, password)


CREDENTIALS = "select id, password from platform_account where email = $1 and active"


async def find_credentials(tx: Tx, email: str) -> tuple[UUID | None, str]:
    """Return account and password hash of an e-mail address, or (None, "")."""
    row = await tx.fetchrow(CREDENTIALS, email)
    return (row["id"], row["password"]) if row else (None, "")


LOCK_ATTEMPTS = """
select failures, locked_until, active and password = $2 as usable, version,
       exists(select from platform_second_factor f
              where f.account_id = a.id and f.confirmed_at is not null) as second,
       exists(select from platform_session s
              where s.id = $3 and s.account_id = a.id and s.ended_at is null) as opened
from platform_account a where id = $1 for update
"""


async def lock_attempts(
    tx: Tx, account_id: UUID | None, password: str, session_id: str
) -> Attempts:
    """Return how sign-ins to an account went, and whether this is still its password hash.

    Args:
        tx: open transaction.
        account_id: the account, None for nobody's.
        password: hash that was compared with.
        session_id: id of the session that is to be opened.
    """
    row = await tx.fetchrow(LOCK_ATTEMPTS, account_id, password, session_id)
    return Attempts(**dict(row)) if row else Attempts(0, None, False)


UPDATE_ATTEMPTS = "update platform_account set failures = $2, locked_until = $3 where id = $1"


async def update_attempts(
    tx: Tx, account_id: UUID | None, failures: int, locked_until: datetime | None
) -> None:
    """Store how many wrong passwords were given in a row."""
    await tx.execute(UPDATE_ATTEMPTS, account_id, failures, locked_until)


UNLOCK_ACCOUNT = """
with factor as (
    update platform_second_factor set failures = 0, locked_until = null where account_id = $1
)
update platform_account
set failures = 0, locked_until = null, pin_failures = 0, pin_locked_until = null where id = $1
"""


async def unlock_account(tx: Tx, account_id: UUID) -> None:
    """Forget wrong passwords, codes and PINs of an account."""
    await tx.execute(UNLOCK_ACCOUNT, account_id)


INSERT_SESSION = """
insert into platform_session
    (id, digest, account_id, created_at, seen_at, expires_at, method, browser, device_id)
values ($1, $2, $3, $4, $4, $5, $6, $7, $8) on conflict (id) do nothing
"""


async def insert_session(tx: Tx, session: Session, digest: bytes) -> bool:
    """Store a new session; False when there was one of this id."""
    stored = await tx.execute(
        INSERT_SESSION,
        session.id,
        digest,
        session.account_id,
        session.created_at,
        session.expires_at,
        session.method,
        session.browser,
        session.device_id,
    )
    return stored == "INSERT 0 1"


SHOWN_SESSION = """
select s.digest, s.seen_at as used_at, s.expires_at, clock_timestamp() as now,
       s.device_id is not null as shared, a.id as account_id, a.role, a.location_id
from platform_session s join platform_account a on a.id = s.account_id
where s.id = $1 and s.ended_at is null and a.active
"""


async def find_shown_session(
    connection: PoolConnectionProxy, tenant: str, session_id: str
) -> Record | None:
    """Return what decides whether a session that was shown is good, or None."""
    return await connection.fetchrow(_in_full(SHOWN_SESSION, tenant), session_id)


SEE_SESSION = "update platform_session set seen_at = $2 where id = $1"


async def see_session(tx: Tx, session_id: str) -> None:
    """Note that a session was used."""
    await tx.execute(SEE_SESSION, session_id, tx.now)


LIST_SESSIONS = """
select id, account_id, created_at, seen_at, expires_at, method, browser, device_id
from platform_session
where account_id = $1 and ended_at is null and expires_at > $2
  and seen_at > case when device_id is null then $3::timestamptz else $4 end
order by created_at desc limit $5
"""


async def list_sessions(
    tx: Tx, account_id: UUID, seen_after: datetime, shared_after: datetime, limit: int
) -> list[Session]:
    """Return the sessions of an account that are open, newest first.

    Args:
        tx: open transaction.
        account_id: whose.
        seen_after: those not used since then have ended.
        shared_after: the same for those on shared devices.
        limit: most to return.
    """
    rows = await tx.fetch(LIST_SESSIONS, account_id, tx.now, seen_after, shared_after, limit)
    return [Session(**dict(row)) for row in rows]


END_SESSIONS = """
update platform_session set ended_at = $2
where account_id = $1 and ended_at is null and ($3 = '' or id = $3) and id <> $4
"""


async def end_sessions(tx: Tx, account_id: UUID, *, only: str = "", but: str = "") -> None:
    """End sessions of an account.

    Args:
        tx: open transaction.
        account_id: whose sessions.
        only: id of the one to end, "" for all.
        but: id of one that goes on, "" for none.
    """
    await tx.execute(END_SESSIONS, account_id, tx.now, only, but)


DELETE_SESSIONS = """
delete from platform_session where id in (
    select id from platform_session where expires_at < $1 limit $2
)
"""


async def delete_sessions(tx: Tx, expired_before: datetime, limit: int) -> None:
    """Forget sessions that ended long ago."""
    await tx.execute(DELETE_SESSIONS, expired_before, limit)


KEY_PREFIX = "select key_prefix from control.tenant where name = $1"


async def get_key_prefix(tx: Tx) -> str:
    """Return what every key of this tenant begins with."""
    return await tx.fetchval(KEY_PREFIX, tx.tenant)
