"""The second factor: codes of an authenticator app, each good once, and recovery codes besides.

The app's secret rests concealed, recovery codes by a keyed digest. Wrong codes lock the factor for
longer each time; only who knows the password gets to type one.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import pyotp

from crosslane.platform import audit, seals
from crosslane.platform.audit import Change
from crosslane.platform.auth import domain, errors, storage
from crosslane.platform.auth.roles import ROLES
from crosslane.platform.database import Tx
from crosslane.platform.lane import one_by_one

PURPOSE = "auth.second_factor"
CODES = 10
CODE_CHARACTERS = 10
# Without letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class Factor(msgspec.Struct, frozen=True):
    """A second factor as it rests.

    Args:
        secret: shared with the app, concealed.
        confirmed_at: since when it is asked for, None while it is being set up.
        used_step: latest time step a code was taken of.
        failures: wrong codes in a row.
        locked_until: no code is taken before this.
    """

    secret: str
    confirmed_at: datetime | None
    used_step: int
    failures: int
    locked_until: datetime | None


class Standing(msgspec.Struct, frozen=True):
    """What people are told of a second factor.

    Args:
        since: since when it is asked for, None while it is being set up.
        codes_left: recovery codes that were not used.
    """

    since: datetime | None
    codes_left: int


class BeginFactor(msgspec.Struct, frozen=True):
    """Keep a new secret, concealed, until a code proves that an app has it."""

    account_id: UUID
    secret: str


class ConfirmFactor(msgspec.Struct, frozen=True):
    """Ask for codes from now on; recovery codes are known by their digests."""

    account_id: UUID
    code: str
    digests: list[bytes]


class RenewCodes(msgspec.Struct, frozen=True):
    """Put new recovery codes in the place of all others."""

    account_id: UUID
    digests: list[bytes]


class EndFactor(msgspec.Struct, frozen=True):
    """Ask an account for no code any more."""

    account_id: UUID
    reason: str


def new_secret() -> str:
    """Return a fresh secret for an authenticator app, in base 32."""
    return pyotp.random_base32()


def conceal_secret(secret: str) -> str:
    """Return a secret in the form in which it may rest."""
    return seals.conceal(PURPOSE, secret)


def address_of(secret: str, email: str) -> str:
    """Return what an authenticator app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Crosslane")


def new_codes() -> list[str]:
    """Return fresh recovery codes, as people write them down."""
    half = CODE_CHARACTERS // 2
    drawn = [
        "".join(secrets.choice(_ALPHABET) for _ in range(CODE_CHARACTERS)) for _ in range(CODES)
    ]
    return [f"{code[:half]}-{code[half:]}" for code in drawn]


def digests_of(account_id: UUID, codes: Sequence[str]) -> list[bytes]:
    """Return what recovery codes of an account are known by."""
    return [seals.digest(PURPOSE, f"{account_id}/{domain.typed_code(code)}") for code in codes]


LOCK_FACTOR = """
select secret, confirmed_at, used_step, failures, locked_until
from platform_second_factor where account_id = $1 for update
"""


async def _lock(tx: Tx, account_id: UUID) -> Factor | None:
    row = await tx.fetchrow(LOCK_FACTOR, account_id)
    return Factor(**dict(row)) if row else None


PUT_FACTOR = """
insert into platform_second_factor (account_id, secret, created_at) values ($1, $2, $3)
on conflict (account_id) do update
set secret = excluded.secret, created_at = excluded.created_at, used_step = 0
where platform_second_factor.confirmed_at is null
"""


async def _begin(tx: Tx, wish: BeginFactor) -> None:
    stored = await tx.execute(PUT_FACTOR, wish.account_id, wish.secret, tx.now)
    if stored != "INSERT 0 1":
        raise errors.FactorKnown
    await _note(tx, "auth.begin_second_factor", wish.account_id)


CONFIRM = """
update platform_second_factor set confirmed_at = $2, used_step = $3 where account_id = $1
"""


async def _confirm(tx: Tx, wish: ConfirmFactor) -> None:
    factor = await _lock(tx, wish.account_id)
    if factor is None:
        raise errors.NoFactor
    if factor.confirmed_at is not None:
        raise errors.FactorKnown
    step = _fitting(factor, wish.code, tx.now)
    if step is None:
        raise errors.WrongCode(pointer="/code")
    await tx.execute(CONFIRM, wish.account_id, tx.now, step)
    await _put_codes(tx, wish.account_id, wish.digests)
    await _note(tx, "auth.confirm_second_factor", wish.account_id)


def _fitting(factor: Factor, code: str, now: datetime) -> int | None:
    secret = seals.reveal(PURPOSE, factor.secret)
    return domain.fitting_step(secret, domain.typed_code(code), now, factor.used_step)


DELETE_CODES = "delete from platform_recovery_code where account_id = $1"
INSERT_CODES = """
insert into platform_recovery_code (account_id, digest)
select $1, digest from unnest($2::bytea[]) as c(digest)
"""


async def _put_codes(tx: Tx, account_id: UUID, digests: Sequence[bytes]) -> None:
    await tx.execute(DELETE_CODES, account_id)
    await tx.execute(INSERT_CODES, account_id, digests)


async def _renew(tx: Tx, wish: RenewCodes) -> None:
    factor = await _lock(tx, wish.account_id)
    if factor is None or factor.confirmed_at is None:
        raise errors.NoFactor
    await _put_codes(tx, wish.account_id, wish.digests)
    await _note(tx, "auth.renew_recovery_codes", wish.account_id)


DELETE_FACTOR = "delete from platform_second_factor where account_id = $1"


async def _end(tx: Tx, wish: EndFactor) -> None:
    found = await storage.lock_account(tx, wish.account_id)
    if found is None:
        raise errors.NoSuchAccount(id=wish.account_id)
    domain.refuse_gift(tx.actor, ROLES[found.role])
    await tx.execute(DELETE_CODES, wish.account_id)
    if await tx.execute(DELETE_FACTOR, wish.account_id) == "DELETE 0":
        raise errors.NoFactor
    await _note(tx, "auth.end_second_factor", wish.account_id, wish.reason)


async def _note(tx: Tx, action: str, account_id: UUID, reason: str = "") -> None:
    await audit.record(tx, [Change(action=action, subject=f"account:{account_id}", reason=reason)])


TAKE_STEP = """
update platform_second_factor set used_step = $2, failures = 0, locked_until = null
where account_id = $1
"""
USE_CODE = """
update platform_recovery_code set used_at = $3
where account_id = $1 and digest = $2 and used_at is null
"""
COUNT_FAILURE = """
update platform_second_factor set failures = $2, locked_until = $3 where account_id = $1
"""


async def takes(tx: Tx, account_id: UUID, code: str) -> bool:
    """Take a code of the app or a recovery code, if it is good; a wrong one is counted.

    Args:
        tx: open transaction.
        account_id: whose second factor.
        code: what was typed.
    """
    factor = await _lock(tx, account_id)
    if factor is None or factor.confirmed_at is None:
        return False
    if factor.locked_until is not None and tx.now < factor.locked_until:
        return False
    step = _fitting(factor, code, tx.now)
    if step is None and await _uses(tx, account_id, code):
        step = factor.used_step
    if step is None:
        failures = factor.failures + 1
        locked = domain.locked_for_codes(failures, tx.now)
        await tx.execute(COUNT_FAILURE, account_id, failures, locked)
        return False
    await tx.execute(TAKE_STEP, account_id, step)
    return True


async def _uses(tx: Tx, account_id: UUID, code: str) -> bool:
    [digest] = digests_of(account_id, [code])
    return await tx.execute(USE_CODE, account_id, digest, tx.now) == "UPDATE 1"


STANDING = """
select confirmed_at as since,
       (select count(*) from platform_recovery_code c
        where c.account_id = f.account_id and used_at is null) as codes_left
from platform_second_factor f where account_id = $1
"""


async def standing(tx: Tx, account_id: UUID) -> Standing | None:
    """Return how it stands with an account's second factor, None when it has none."""
    row = await tx.fetchrow(STANDING, account_id)
    return Standing(**dict(row)) if row else None


FACTOR_HOLDERS = """
select account_id from platform_second_factor
where account_id = any($1::uuid[]) and confirmed_at is not null
"""


async def holders(tx: Tx, account_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of some accounts are asked for a second factor."""
    return {row["account_id"] for row in await tx.fetch(FACTOR_HOLDERS, account_ids)}


TO_CONFIRM = """
select secret from platform_second_factor where account_id = $1 and confirmed_at is null
"""


async def secret_to_confirm(tx: Tx, account_id: UUID) -> str | None:
    """Return the secret that waits for its first code, None when none does."""
    concealed = await tx.fetchval(TO_CONFIRM, account_id)
    return seals.reveal(PURPOSE, concealed) if concealed else None


BEGIN_FACTOR = one_by_one("auth.begin_second_factor", BeginFactor, None, _begin)
CONFIRM_FACTOR = one_by_one("auth.confirm_second_factor", ConfirmFactor, None, _confirm)
RENEW_CODES = one_by_one("auth.renew_recovery_codes", RenewCodes, None, _renew)
END_FACTOR = one_by_one("auth.end_second_factor", EndFactor, None, _end)
COMMANDS = [BEGIN_FACTOR, CONFIRM_FACTOR, RENEW_CODES, END_FACTOR]
