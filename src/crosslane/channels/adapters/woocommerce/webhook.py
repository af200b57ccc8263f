"""Deliveries of a shop: which headers say what, and how they are signed.

Rules: "Webhooks" of WooCommerce's REST API reference. The signature is base64 of HMAC-SHA-256 over
the body as sent, by the webhook's own secret. A shop makes a delivery's id of the webhook's number
and the second, so that two of one second have the same: they are told apart by their signature.
When a webhook is made it sends ``webhook_id=...`` as a form, unsigned, and must be answered 200.
"""

import re
from collections.abc import Mapping, Sequence

from crosslane.channels.adapters.family import Envelope
from crosslane.channels.adapters.signatures import is_signed

TOPIC = "x-wc-webhook-topic"
RESOURCE = "x-wc-webhook-resource"
EVENT = "x-wc-webhook-event"
DELIVERY = "x-wc-webhook-delivery-id"
SOURCE = "x-wc-webhook-source"
SIGNATURE = "x-wc-webhook-signature"
HEADERS = frozenset({TOPIC, RESOURCE, EVENT, DELIVERY, SOURCE, "x-wc-webhook-id"})
PART_CHARACTERS_MAX = 50
_PING = re.compile(rb"\s*webhook_id=\d{1,20}\s*")


def envelope(headers: Mapping[str, str]) -> Envelope:
    """Return what the headers of a delivery say; an account is an address without its scheme."""
    parts = (headers.get(RESOURCE, ""), headers.get(EVENT, ""))
    delivery, signature = headers.get(DELIVERY, ""), headers.get(SIGNATURE, "")
    own = f"{delivery[:PART_CHARACTERS_MAX]}:{signature[:PART_CHARACTERS_MAX]}"
    return Envelope(
        topic=headers.get(TOPIC, "") or ".".join(filter(None, parts)),
        delivery_id=own if delivery else "",
        account=headers.get(SOURCE, "").rpartition("://")[2].rstrip("/"),
    )


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    """Whether a shop that knows one of the secrets has signed a body."""
    return is_signed(body, headers.get(SIGNATURE, ""), secrets)


def is_ping(body: bytes) -> bool:
    """Whether a body only asks whether somebody is there."""
    return len(body) <= PART_CHARACTERS_MAX and _PING.fullmatch(body) is not None
