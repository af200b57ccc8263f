"""Whether a delivery was signed by who knows a secret."""

import base64
import hmac
from collections.abc import Sequence


def is_signed(body: bytes, told: str, secrets: Sequence[str]) -> bool:
    """Whether base64 of HMAC-SHA-256 over a body by one of several secrets was told.

    Every secret is tried whichever fits, and compared in constant time.

    Args:
        body: as it was sent.
        told: the signature.
        secrets: each of which is good.
    """
    found = [
        hmac.compare_digest(
            base64.b64encode(hmac.digest(secret.encode(), body, "sha256")),
            told.encode("utf-8", "replace"),
        )
        for secret in secrets
    ]
    return any(found)
