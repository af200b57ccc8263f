"""What callers show: keys, sessions, shared devices, kept by their digest; links signed by us.

The prefix of the tenant stands in each, so that its tenant is known before anything is looked up.
Secrets are 256 random bits, therefore a plain SHA-256 is enough to keep them by.
"""

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal
from uuid import UUID

import msgspec

Kind = Literal["clk", "cls", "cld"]
KEY: Kind = "clk"
SESSION: Kind = "cls"
DEVICE: Kind = "cld"
KINDS = (KEY, SESSION, DEVICE)
ID_BYTES = 8
SECRET_BYTES = 32
TOKEN_CHARACTERS_MAX = 120
TOKENS_REMEMBERED_MAX = 1_024

_FORM = re.compile(r"(clk|cls|cld)_([0-9a-f]{4,32})_([0-9a-f]{16})_([0-9a-f]{64})")


class Token(msgspec.Struct, frozen=True):
    """A token as its bearer shows it.

    Args:
        kind: ``clk`` for an API key, ``cls`` for a session, ``cld`` for a shared device.
        prefix: key prefix of the tenant.
        id: public part, by which people and the database name it.
        secret: the rest, never stored.
        digest: SHA-256 of the whole token, the only form in which its secret is stored.
        unattended: a page that is left open shows it by itself, so that nobody has used it.
    """

    kind: Kind
    prefix: str
    id: str
    secret: str
    digest: bytes
    unattended: bool = False

    def __str__(self) -> str:
        return f"{self.kind}_{self.prefix}_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"Token({self.kind}_{self.prefix}_{self.id}_…)"


def new_token(kind: Kind, prefix: str) -> Token:
    """Make a token with a fresh random id and secret."""
    return _token(kind, prefix, secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))


def parse_token(text: str) -> Token | None:
    """Read a token, or return None when the text has not the form of one."""
    # A longer text is none, and is not remembered.
    return _parse(text) if len(text) <= TOKEN_CHARACTERS_MAX else None


# Whoever asks again and again shows the same.
@lru_cache(maxsize=TOKENS_REMEMBERED_MAX)
def _parse(text: str) -> Token | None:
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    [kind] = [kind for kind in KINDS if kind == match[1]]
    return _token(kind, match[2], match[3], match[4])


def _token(kind: Kind, prefix: str, public: str, secret: str) -> Token:
    text = f"{kind}_{prefix}_{public}_{secret}"
    return Token(kind, prefix, public, secret, hashlib.sha256(text.encode()).digest())


class Link(msgspec.Struct, frozen=True):
    """What a signed link stands for; whoever has it may do what its purpose says, no more.

    Args:
        prefix: key prefix of the tenant.
        purpose: what it is good for, such as ``order``; letters only.
        subject: the one thing it is about.
        expires_at: when it stops working, to the second.
    """

    prefix: str
    purpose: str
    subject: UUID
    expires_at: datetime


_LINK = re.compile(
    r"(cll_([0-9a-f]{4,32})_([a-z]{1,20})_([0-9a-f]{32})_([0-9a-f]{8,10}))_([0-9a-f]{32})"
)


def sign_link(secret_key: bytes, link: Link) -> str:
    """Return the text of a link, for an address such as ``/o/{link}``."""
    until = int(link.expires_at.timestamp())
    text = f"cll_{link.prefix}_{link.purpose}_{link.subject.hex}_{until:08x}"
    return f"{text}_{_signature(secret_key, text)}"


def open_link(secret_key: bytes, text: str, now: datetime) -> Link | None:
    """Read a link, or return None when it was not made by us or has expired."""
    match = _LINK.fullmatch(text)
    if match is None or not hmac.compare_digest(_signature(secret_key, match[1]), match[6]):
        return None
    expires_at = datetime.fromtimestamp(int(match[5], 16), UTC)
    if now >= expires_at:
        return None
    return Link(match[2], match[3], UUID(match[4]), expires_at)


def _signature(secret_key: bytes, text: str) -> str:
    return hmac.digest(secret_key, b"link:" + text.encode(), "sha256").hex()[:32]
