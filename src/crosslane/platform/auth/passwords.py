"""Passwords: argon2id, worked out in threads, a few at a time.

Parameters follow RFC 9106 for constrained memory, scaled to what a web worker can spare:
32 MiB and three passes each, at most VERIFY_AT_ONCE of them together.
"""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHash

from crosslane.kernel import Invalid

PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 256
VERIFY_AT_ONCE = 2

_HASHER = PasswordHasher(time_cost=3, memory_cost=32_768, parallelism=1)
_SLOTS = asyncio.Semaphore(VERIFY_AT_ONCE)
# Takes as long to check as any other. It is written down, not worked out, to start up sooner.
_NOBODYS = f"$argon2id$v=19$m=32768,t=3,p=1${'A' * 22}${'A' * 43}"


class WeakPassword(Invalid):
    """A password has {least} to {most} characters and is not the name of its account."""


def require_password(password: str, email: str) -> None:
    """Refuse a password that is too short, too long, or the e-mail address itself.

    Raises:
        WeakPassword: it is.
    """
    long_enough = PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX
    if not long_enough or password.casefold() == email.casefold():
        raise WeakPassword(
            pointer="/password", least=PASSWORD_CHARACTERS_MIN, most=PASSWORD_CHARACTERS_MAX
        )


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, salt and parameters included."""
    async with _SLOTS:
        return await asyncio.to_thread(_HASHER.hash, password)


async def matches(password: str, hashed: str) -> bool:
    """Tell whether a password is the one that was hashed.

    Args:
        password: what was typed.
        hashed: what is stored; "" takes as long as any other and never matches.
    """
    async with _SLOTS:
        return await asyncio.to_thread(_verify, password, hashed or _NOBODYS)


def _verify(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed, password) and hashed is not _NOBODYS
    except (Argon2Error, InvalidHash):
        return False
