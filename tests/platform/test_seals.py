"""Sealed texts: by what they can be told from anything that was not sealed here."""

import base64
import hashlib
import hmac
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.platform.seals import COMPRESSED_BYTES_MIN, BrokenSeal, Seal, digest, use_secret

SECRET = b"of a test"


class Told(msgspec.Struct, frozen=True):
    """What is sealed here."""

    text: str


SEAL = Seal("test.told", Told, characters_max=10_000)


@pytest.fixture(autouse=True)
def secret() -> None:
    use_secret(SECRET)


@given(st.text(max_size=COMPRESSED_BYTES_MIN * 2))
def test_what_was_sealed_is_read(text: str):
    assert SEAL.read(SEAL.sign(Told(text))) == Told(text)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=COMPRESSED_BYTES_MIN // 8))
def test_a_short_text_is_packed_as_zlib_stores_it(text: str):
    """What older releases have sealed and what others read is one form."""
    plain = msgspec.json.encode(Told(text))
    body, _, _ = SEAL.sign(Told(text)).partition(".")
    packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    assert packed == zlib.compress(plain, 0)


def test_a_signature_is_that_of_the_standard():
    """HMAC-SHA-256 by the key of the purpose, RFC 2104; one text does not depend on another."""
    key = hmac.digest(SECRET, b"test.told", hashlib.sha256)
    for text in ("first", "", "second", "first"):
        assert digest("test.told", text) == hmac.digest(key, text.encode(), hashlib.sha256)


def test_another_purpose_or_secret_reads_nothing():
    sealed = SEAL.sign(Told("a"))
    with pytest.raises(BrokenSeal):
        Seal("test.else", Told, characters_max=10_000).read(sealed)
    use_secret(b"another")
    with pytest.raises(BrokenSeal):
        SEAL.read(sealed)


def test_a_text_that_was_changed_is_not_read():
    body, _, signature = SEAL.sign(Told("a")).partition(".")
    for changed in (body, f"{body}.", f"{body[:-1]}.{signature}", f"{body}.{signature[::-1]}", ""):
        with pytest.raises(BrokenSeal):
            SEAL.read(changed)
