"""Sealed texts: what was told to somebody, in a form that only this installation can have written.

A sealed text is ``<body>.<signature>``, both base64url: the body is zlib's of JSON, the signature
HMAC-SHA-256 over the body's text by a key of its purpose. It is checked before anything inside is
looked at. A sealed text can be read by whoever has it; a secret that has to rest in a table is
concealed: encrypted by a key of its purpose (JWE, A256GCM).
"""

import base64
import binascii
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
        body = base64.urlsafe_b64encode(packed).rstrip(b"=")
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
        signature = digest(self._purpose, body.decode())
        return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


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
    if not _SECRET:
        raise SealsOff
    signing = _signing(_SECRET[0], purpose).copy()
    signing.update(text.encode())
    return signing.digest()


@lru_cache(maxsize=KEYS_REMEMBERED_MAX)
def _signing(secret: bytes, purpose: str) -> hmac.HMAC:
    """Return a signature that is begun with the key of a purpose, to be copied for each text."""
    return hmac.new(_key(secret, purpose), digestmod="sha256")


@lru_cache(maxsize=KEYS_REMEMBERED_MAX)
def _key(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, purpose.encode(), "sha256")
