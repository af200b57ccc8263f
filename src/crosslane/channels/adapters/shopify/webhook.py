"""Deliveries of a shop: which headers say what, and how they are signed.

Rules: "Deliver webhooks through HTTPS" of Shopify's documentation. ``X-Shopify-Webhook-Id`` is the
same whenever a delivery is tried again; the signature is base64 of HMAC-SHA-256 over the body as
sent, by the app's secret. ``X-Shopify-Triggered-At`` has fractions of a second, ``updated_at`` of a
resource has none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from crosslane.channels.adapters.branches import instant_of
from crosslane.channels.adapters.family import Envelope
from crosslane.channels.adapters.signatures import is_signed

TOPIC = "x-shopify-topic"
DELIVERY = "x-shopify-webhook-id"
ACCOUNT = "x-shopify-shop-domain"
SAID_AT = "x-shopify-triggered-at"
SIGNATURE = "x-shopify-hmac-sha256"
HEADERS = frozenset(
    {TOPIC, DELIVERY, ACCOUNT, SAID_AT, "x-shopify-api-version", "x-shopify-event-id"}
)
DELIVERY_CHARACTERS_MAX = 100


def envelope(headers: Mapping[str, str]) -> Envelope:
    """Return what the headers of a delivery say."""
    return Envelope(
        topic=headers.get(TOPIC, ""),
        delivery_id=headers.get(DELIVERY, "")[:DELIVERY_CHARACTERS_MAX],
        account=headers.get(ACCOUNT, ""),
        said_at=_instant(headers.get(SAID_AT, "")),
    )


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether a shop that knows one of the secrets has signed a body."""
    return is_signed(body, headers.get(SIGNATURE, ""), secrets)


def _instant(text: str) -> datetime | None:
    # Nanoseconds are more than an instant of ours can hold.
    whole, _, fraction = text.removesuffix("Z").partition(".")
    try:
        return instant_of(f"{whole}.{fraction[:6]:0<6}+00:00", "UTC")
    except ValueError:
        return None
