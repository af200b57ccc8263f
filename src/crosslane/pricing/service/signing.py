"""Signed quotes: a priced cart as a text that only this installation can have written.

A quote is ``<body>.<signature>``, both base64url: the body is the compressed JSON of the quote, the
signature HMAC-SHA-256 over the body's text. It is checked before anything inside is looked at.
"""

import base64
import binascii
import hashlib
import hmac
import zlib

import msgspec

from crosslane.pricing.domain.quotes import Quote
from crosslane.pricing.errors import QuoteForged, QuotesOff

QUOTE_CHARACTERS_MAX = 400_000
QUOTE_BYTES_MAX = 4 << 20
PURPOSE = b"crosslane.pricing.quote.1"

# Set once by the composition root, read by everybody.
_KEY: list[bytes] = []


def use_quote_secret(secret: bytes) -> None:
    """Take the installation's secret, of which the key of quotes is derived."""
    _KEY[:] = [hmac.digest(secret, PURPOSE, hashlib.sha256)]


def sign(quote: Quote) -> str:
    """Write a quote as a signed text.

    Raises:
        QuotesOff: no secret has been set.
    """
    body = base64.urlsafe_b64encode(zlib.compress(msgspec.json.encode(quote))).rstrip(b"=")
    return f"{body.decode()}.{_signature(body)}"


def read_signed(text: str) -> Quote:
    """Read a signed quote.

    Raises:
        QuoteForged: it was not signed with this installation's key, or was changed since.
        QuotesOff: no secret has been set.
    """
    body, _, signature = text.partition(".")
    if len(text) > QUOTE_CHARACTERS_MAX or not text.isascii():
        raise QuoteForged(pointer="/quote")
    if not hmac.compare_digest(_signature(body.encode()), signature):
        raise QuoteForged(pointer="/quote")
    try:
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        plain = zlib.decompressobj().decompress(packed, QUOTE_BYTES_MAX)
        return msgspec.json.decode(plain, type=Quote)
    except (binascii.Error, zlib.error, msgspec.MsgspecError):
        # Signed by an older release whose quotes read differently.
        raise QuoteForged(pointer="/quote") from None


def _signature(body: bytes) -> str:
    if not _KEY:
        raise QuotesOff
    digest = hmac.digest(_KEY[0], body, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
