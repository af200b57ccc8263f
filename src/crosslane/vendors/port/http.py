"""The adapter for vendors behind HTTP: one signed JSON, described in docs/howto.

Standard Webhooks sign it; the key is both ``webhook-id`` and ``Idempotency-Key``.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
from standardwebhooks import Webhook

from crosslane.platform import outbound
from crosslane.vendors.domain import Vendor
from crosslane.vendors.port.port import AnswerUnknown, SentOrder, VendorRefused

ANSWER_BYTES_MAX = 64 * 1024
# What says that this order will never be taken; anything else may be a passing fault.
REFUSALS = (400, 409, 422)


class HttpVendor:
    """A vendor that orders are posted to.

    Args:
        vendor: where it is and how it knows us.
    """

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor

    async def send(self, key: str, order: SentOrder) -> None:
        """Post an order; the key makes a repetition harmless."""
        body = msgspec.json.encode(order)
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.vendor.order_secret).sign(key, now, body.decode()),
        }
        url = urlsplit(self.vendor.endpoint)
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        try:
            reply = await outbound.call(
                f"{url.scheme}://{url.netloc}",
                "POST",
                path,
                headers=headers,
                content=body,
                answer_bytes_max=ANSWER_BYTES_MAX,
            )
        except outbound.NoReply as silence:
            told = f"no answer of the vendor: {silence}"
            raise AnswerUnknown(told, silence.after_seconds) from silence
        if reply.status in REFUSALS:
            raise VendorRefused(outbound.refusal_code(reply.body))
        if reply.status not in (200, 201, 202, 204):
            raise AnswerUnknown(f"HTTP {reply.status} from the vendor")
