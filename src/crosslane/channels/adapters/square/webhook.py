"""Deliveries of Square: how they are signed.

Rules: "Verify and validate an event notification" of Square's guide. The signature is base64 of
HMAC-SHA-256 by the subscription's key over the subscription's address and the body after it. The
address is the one that Square was told, whichever way the delivery then took to us, so it is a
setting of the connection.
"""

from collections.abc import Mapping, Sequence

from crosslane.channels.adapters.signatures import is_signed

SIGNATURE = "x-square-hmacsha256-signature"
ADDRESS = "notification_url"
HEADERS = frozenset({"square-environment", "square-retry-number", "square-retry-reason"})


def signs(body: bytes, settings: Mapping[str, str]) -> bytes:
    """Return what is signed of a delivery."""
    return settings.get(ADDRESS, "").encode() + body


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether who knows one of the secrets has signed an address and body."""
    return is_signed(body, headers.get(SIGNATURE, ""), secrets)
