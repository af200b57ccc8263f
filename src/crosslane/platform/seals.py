"""Sealed texts: what was told to somebody, in a form that only this installation can have written.

A sealed text is ``<body>.<signature>``, both base64url: the body is zlib's of JSON, the signature
HMAC-SHA-256 over the body's text by a key of its purpose. It is checked before anything inside is
looked at. A sealed text can be read by whoever has it; a secret that has to rest in a table is
concealed: encrypted by a key of its purpose (JWE, A256GCM).
"""

import base64
import binascii
import hashlib
import hmac
import zlib
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from crosslane.kernel import Unavailable

BODY_BYTES_MAX = 4 << 20
KEYS_REMEMBERED_MAX = 16
# A shorter text is stored as it is: to compress it takes longer than all else about it, and would
# save a quarter.
COMPRESSED_BYTES_MIN = 512
# A window of 32 KB, no level; the block is the last one, and stored.
STORED = b"\x78\x01\x01"
# Of SHA-256; a key of ours, which is a digest, is shorter.
BLOCK_BYTES = 64

Sealed = TypeVar("Sealed", bound=msgspec.Struct)

# Set once by the composition root, read by everybody.
_SECRET: list[bytes] = []


class SealsOff(Unavailable):
    """This process has no key to seal or read what was promised with."""


class BrokenSeal(Exception):
    """The text was not sealed here for this purpose, or was changed."""


def use_secret(secret: bytes) -> None:
    """Take the installation's secret, of which the key of every seal is derived."""
    _SECRET[:] = [secret]


class Seal(Generic[Sealed]):
    """Seals values of one kind for one purpose.

    Args:
        purpose: told in the key, so that no text is good for another purpose.
        kind: struct of the values.
        characters_max: longest text that is looked at.
    """

    def __init__(self, purpose: str, kind: type[Sealed], *, characters_max: int) -> None:
        self._purpose, self._kind = purpose, kind
        self._characters_max = characters_max

    def sign(self, value: Sealed) -> str:
        """Return a value as a sealed text.

        Raises:
            SealsOff: no secret has been set.
        """
        plain = msgspec.json.encode(value)
        short = len(plain) < COMPRESSED_BYTES_MIN
        packed = _stored(plain) if short else zlib.compress(plain)
        body = _base64(packed)
        return f"{body.decode()}.{self._signature(body)}"

    def read(self, text: str) -> Sealed:
        """Return the value of a sealed text.

        Raises:
            BrokenSeal: it was not sealed here for this purpose, or was changed since.
            SealsOff: no secret has been set.
        """
        body, _, signature = text.partition(".")
        if len(text) > self._characters_max or not text.isascii():
            raise BrokenSeal
        if not hmac.compare_digest(self._signature(body.encode()), signature):
            raise BrokenSeal
        try:
            packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            plain = zlib.decompressobj().decompress(packed, BODY_BYTES_MAX)
            return msgspec.json.decode(plain, type=self._kind)
        except (binascii.Error, zlib.error, msgspec.MsgspecError):
            # Sealed by an older release whose values read differently.
            raise BrokenSeal from None

    def _signature(self, body: bytes) -> str:
        return _base64(_signed(self._purpose, body)).decode()


def _base64(raw: bytes) -> bytes:
    """Return base64url without padding (RFC 4648, 5), as ``base64`` does in twice the time."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=")


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _stored(plain: bytes) -> bytes:
    """Return a short text as zlib's that is not compressed: a single stored block.

    The same bytes as zlib.compress at level 0, which takes a quarter of a megabyte of memory first
    (RFC 1950, 2.2; RFC 1951, 3.2.4).
    """
    size = len(plain)
    lengths = size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
    return STORED + lengths + plain + zlib.adler32(plain).to_bytes(4, "big")


def conceal(purpose: str, secret: str) -> str:
    """Return a secret as a text that only this installation can read.

    Args:
        purpose: told in the key; the text can be read for no other.
        secret: what is to be kept.

    Raises:
        SealsOff: no secret has been set.
    """
    from joserfc import jwe

    return jwe.encrypt_compact(_JWE, secret.encode(), _jwe_key(purpose))


def reveal(purpose: str, concealed: str) -> str:
    """Return the secret of a concealed text.

    Raises:
        BrokenSeal: it was not concealed here for this purpose, or was changed since.
        SealsOff: no secret has been set.
    """
    from joserfc import jwe
    from joserfc.errors import JoseError

    key = _jwe_key(purpose)
    try:
        return (jwe.decrypt_compact(concealed, key).plaintext or b"").decode()
    except (JoseError, ValueError):
        raise BrokenSeal from None


_JWE = {"alg": "dir", "enc": "A256GCM"}


def _jwe_key(purpose: str) -> Any:
    from joserfc.jwk import OctKey

    if not _SECRET:
        raise SealsOff
    return OctKey.import_key(_key(_SECRET[0], f"conceal:{purpose}"))


def digest(purpose: str, text: str) -> bytes:
    """Return what a secret text is known by, so that the text itself need not be stored.

    Without the installation's secret nobody can try which text a digest belongs to.

    Args:
        purpose: told in the key, so that digests of different purposes have nothing in common.
        text: the secret, in one form.

    Raises:
        SealsOff: no secret has been set.
    """
    return _signed(purpose, text.encode())


def _signed(purpose: str, text: bytes) -> bytes:
    """Return HMAC-SHA-256 of a text by the key of a purpose.

    Raises:
        SealsOff: no secret has been set.
    """
    if not _SECRET:
        raise SealsOff
    inner, outer = _signing(_SECRET[0], purpose)
    within = inner.copy()
    within.update(text)
    whole = outer.copy()
    whole.update(within.digest())
    return whole.digest()


@lru_cache(maxsize=KEYS_REMEMBERED_MAX)
def _signing(secret: bytes, purpose: str) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return both hashes of HMAC, begun with the key of a purpose, to be copied for each text.

    RFC 2104, 4. The module ``hmac`` copies its own in three times the time.
    """
    key = _key(secret, purpose).ljust(BLOCK_BYTES, b"\0")
    return hashlib.sha256(key.translate(_INNER)), hashlib.sha256(key.translate(_OUTER))


# RFC 2104, 2: what the key is combined with, byte by byte.
_INNER = bytes([byte ^ 0x36 for byte in range(256)])
_OUTER = bytes([byte ^ 0x5C for byte in range(256)])


@lru_cache(maxsize=KEYS_REMEMBERED_MAX)
def _key(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, purpose.encode(), "sha256")
