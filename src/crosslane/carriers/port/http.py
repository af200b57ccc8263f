"""The adapter for carriers behind HTTP: small JSON, described in docs/howto/connect-a-carrier.md.

It is what the strict carrier speaks, and what a bridge to another carrier is written against.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from crosslane.carriers.domain.shipment import Consignment, Label, TrackingEvent
from crosslane.carriers.port.messages import read_message
from crosslane.carriers.port.port import AnswerUnknown, CarrierRefused, CarrierSettings

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
ANSWER_BYTES_MAX = 4 << 20
CONNECTIONS_MAX = 32
RETRY_AFTER_SECONDS_MAX = 600.0
TRACKING_NUMBER_CHARACTERS_MAX = 40

# What a document of each type begins with: an error page must not be stuck on a parcel.
DOCUMENT_BEGINS = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n"}

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# Making a TLS context reads the system's certificates, which costs more than a call.
_TLS = ssl.create_default_context()
_CLIENTS: dict[str, httpx.AsyncClient] = {}


class _Made(Struct):
    """A label as the carrier tells it; the document travels as base64."""

    tracking_number: str
    mime: str
    document: bytes


class _Refused(Struct):
    """Why the carrier will not, as a code."""

    error: str


class HttpCarrier:
    """A carrier that is asked over HTTP.

    Args:
        settings: where it is and how to show who asks.
    """

    def __init__(self, settings: CarrierSettings) -> None:
        self.settings = settings

    async def create_label(self, key: str, consignment: Consignment) -> Label:
        """Ask for a label; the key makes a repetition harmless."""
        body = msgspec.json.encode(consignment)
        status, answer = await self._send("POST", "/v1/labels", key=key, body=body)
        return self._label(status, answer)

    async def did_it_happen(self, key: str) -> Label | None:
        """Ask what was made under a key."""
        status, answer = await self._send("GET", f"/v1/labels/{quote(key, safe='')}")
        return None if status == 404 else self._label(status, answer)

    async def void_label(self, key: str) -> None:
        """Give a label back; the carrier answers the same however often."""
        path = f"/v1/labels/{quote(key, safe='')}/void"
        status, answer = await self._send("POST", path, key=f"{key}:void")
        if status in (409, 422):
            raise CarrierRefused(_reason(answer))
        if status not in (200, 204, 404):
            raise AnswerUnknown(f"HTTP {status} from {self.settings.code}")

    def read_events(self, headers: Mapping[str, str], body: bytes) -> list[TrackingEvent]:
        """Read a message in our own form."""
        del headers
        return read_message(self.settings.code, body)

    def _label(self, status: int, answer: bytes) -> Label:
        if status in (400, 409, 413, 422):
            raise CarrierRefused(_reason(answer))
        if status not in (200, 201):
            raise AnswerUnknown(f"HTTP {status} from {self.settings.code}")
        try:
            made = msgspec.json.decode(answer, type=_Made)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise AnswerUnknown(f"the answer of {self.settings.code} cannot be read") from error
        number, begins = made.tracking_number, DOCUMENT_BEGINS.get(made.mime)
        sane = number.isascii() and number.isalnum()
        if not sane or len(number) > TRACKING_NUMBER_CHARACTERS_MAX:
            raise AnswerUnknown(f"the tracking number of {self.settings.code} is none")
        if begins is None or not made.document.startswith(begins):
            raise AnswerUnknown(f"the document of {self.settings.code} is no label")
        return Label(number, made.document, made.mime)

    async def _send(
        self, method: str, path: str, *, key: str = "", body: bytes = b""
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.settings.api_key}"}
        if body:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        client = _client(self.settings.endpoint)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                request = client.build_request(method, path, headers=headers, content=body or None)
                return await self._receive(await client.send(request, stream=True))
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerUnknown(f"{type(error).__name__} from {self.settings.code}") from error

    async def _receive(self, response: httpx.Response) -> tuple[int, bytes]:
        received = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > ANSWER_BYTES_MAX:
                    raise AnswerUnknown(f"the answer of {self.settings.code} is too large")
        finally:
            await response.aclose()
        if response.status_code in (429, 503):
            after = _seconds(response.headers.get("retry-after", ""))
            raise AnswerUnknown(f"{self.settings.code} is busy", after)
        return response.status_code, bytes(received)


def _reason(answer: bytes) -> str:
    """Return the carrier's code; a sentence might quote the address, so it is not kept."""
    try:
        error = msgspec.json.decode(answer, type=_Refused).error
    except (msgspec.MsgspecError, RecursionError):
        error = ""
    return error if _CODE.fullmatch(error) else "refused without a code"


def _seconds(text: str) -> float | None:
    return min(float(text), RETRY_AFTER_SECONDS_MAX) if text.isascii() and text.isdigit() else None


def _client(endpoint: str) -> httpx.AsyncClient:
    client = _CLIENTS.get(endpoint)
    if client is None:
        client = _CLIENTS[endpoint] = httpx.AsyncClient(
            base_url=endpoint,
            verify=_TLS,
            timeout=httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            follow_redirects=False,
            trust_env=False,
        )
    return client
