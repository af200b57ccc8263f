"""Secrets that callers show: API keys, sessions and links, all ``<kind>_<tenant>_<id>_<secret>``.

The tenant's prefix stands in the token, so that its tenant is known before any secret is looked
at. Secrets are 256 random bits, therefore a plain SHA-256 is enough to keep them by.
"""

import hashlib
import re
import secrets
from typing import Literal

import msgspec

Kind = Literal["clk", "cls"]
KEY: Kind = "clk"
SESSION: Kind = "cls"
ID_BYTES = 8
SECRET_BYTES = 32

_FORM = re.compile(r"(clk|cls)_([0-9a-f]{4,32})_([0-9a-f]{16})_([0-9a-f]{64})")


class Token(msgspec.Struct, frozen=True):
    """A token as its bearer shows it.

    Args:
        kind: ``clk`` for an API key, ``cls`` for a session.
        prefix: key prefix of the tenant.
        id: public part, by which people and the database name it.
        secret: the rest, never stored.
    """

    kind: Kind
    prefix: str
    id: str
    secret: str

    def __str__(self) -> str:
        return f"{self.kind}_{self.prefix}_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"Token({self.kind}_{self.prefix}_{self.id}_…)"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole token, the only form in which its secret is stored."""
        return hashlib.sha256(str(self).encode()).digest()


def new_token(kind: Kind, prefix: str) -> Token:
    """Make a token with a fresh random id and secret."""
    return Token(kind, prefix, secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))


def parse_token(text: str) -> Token | None:
    """Read a token, or return None when the text has not the form of one."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    kind: Kind = "clk" if match[1] == "clk" else "cls"
    return Token(kind, match[2], match[3], match[4])
