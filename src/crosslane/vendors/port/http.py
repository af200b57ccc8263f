"""The adapter for vendors behind HTTP: one signed JSON, described in docs/howto.

Standard Webhooks sign it; the key is both ``webhook-id`` and ``Idempotency-Key``.
"""

import asyncio
import re
import ssl
from datetime import UTC, datetime

import httpx
import msgspec
from msgspec import Struct
from standardwebhooks import Webhook

from crosslane.vendors.domain import Vendor
from crosslane.vendors.port.port import AnswerUnknown, SentOrder, VendorRefused

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
ANSWER_BYTES_MAX = 64 * 1024
CONNECTIONS_MAX = 32
RETRY_AFTER_SECONDS_MAX = 600.0
# What says that this order will never be taken; anything else may be a passing fault.
REFUSALS = (400, 409, 422)

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# Making a TLS context reads the system's certificates, which costs more than a call.
_TLS = ssl.create_default_context()
_CLIENTS: dict[str, httpx.AsyncClient] = {}


class _Refused(Struct):
    """Why the vendor will not, as a code."""

    error: str


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
        client = _client(self.vendor.endpoint)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                request = client.build_request(
                    "POST", self.vendor.endpoint, headers=headers, content=body
                )
                response = await client.send(request, stream=True)
                answer = await _received(response)
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerUnknown(f"{type(error).__name__} from the vendor") from error
        if response.status_code in REFUSALS:
            raise VendorRefused(_reason(answer))
        if response.status_code not in (200, 201, 202, 204):
            after = _seconds(response.headers.get("retry-after", ""))
            raise AnswerUnknown(f"HTTP {response.status_code} from the vendor", after)


async def _received(response: httpx.Response) -> bytes:
    received = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            received += chunk
            if len(received) > ANSWER_BYTES_MAX:
                raise AnswerUnknown("the answer of the vendor is too large")
    finally:
        await response.aclose()
    return bytes(received)


def _reason(answer: bytes) -> str:
    """Return the vendor's code; a sentence might quote the address, so it is not kept."""
    try:
        error = msgspec.json.decode(answer, type=_Refused).error
    except (msgspec.MsgspecError, RecursionError):
        error = ""
    return error if _CODE.fullmatch(error) else "refused without a code"


def _seconds(text: str) -> float | None:
    return min(float(text), RETRY_AFTER_SECONDS_MAX) if text.isascii() and text.isdigit() else None


def _client(endpoint: str) -> httpx.AsyncClient:
    url = httpx.URL(endpoint)
    origin = f"{url.scheme}://{url.netloc.decode()}"
    client = _CLIENTS.get(origin)
    if client is None:
        client = _CLIENTS[origin] = httpx.AsyncClient(
            verify=_TLS,
            timeout=httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            follow_redirects=False,
            trust_env=False,
        )
    return client
