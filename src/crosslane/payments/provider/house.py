"""The adapter for the house protocol: small JSON over HTTP, described in docs/howto/payments.md.

It is what the strict provider speaks, and what a bridge to another gateway is written against.
"""

import asyncio
import binascii
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from crosslane.payments.domain import Deed, OperationState
from crosslane.payments.errors import BadProviderMessage, BadSignature
from crosslane.payments.provider.port import (
    Answer,
    AnswerUnknown,
    Ask,
    Message,
    ProviderSettings,
)

CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 8.0
ANSWER_BYTES_MAX = 64 * 1024
CONNECTIONS_MAX = 32
RETRY_AFTER_SECONDS_MAX = 600.0

_PATHS = {
    Deed.AUTHORIZE: "/v1/authorizations",
    Deed.CAPTURE: "/v1/authorizations/{reference}/captures",
    Deed.REFUND: "/v1/authorizations/{reference}/refunds",
    Deed.VOID: "/v1/authorizations/{reference}/voids",
}
_STATES = {
    "succeeded": OperationState.DONE,
    "failed": OperationState.FAILED,
    "pending": OperationState.REQUESTED,
}
_CLIENTS: dict[str, httpx.AsyncClient] = {}


class _Said(msgspec.Struct):
    """An operation as the provider tells it."""

    key: str
    id: str
    status: str
    reason: str = ""


class _Told(msgspec.Struct):
    """A message as the provider sends it."""

    operation: _Said


class HouseProvider:
    """A provider that speaks the house protocol.

    Args:
        settings: how it is reached.
    """

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings

    async def do(self, ask: Ask) -> Answer:
        """Ask for a deed; the key makes a repetition harmless."""
        path = _PATHS[ask.deed].format(reference=quote(ask.reference, safe=""))
        asked: dict[str, Any] = {"minor": ask.minor, "currency": ask.currency}
        if ask.deed is Deed.AUTHORIZE:
            asked |= {"token": ask.token, "order": str(ask.order_id)}
        status, body = await self._send("POST", path, key=ask.key, body=asked)
        if status not in (200, 201, 202, 402, 409, 422):
            raise AnswerUnknown(f"HTTP {status} from {self.settings.code}")
        return _answer(body)

    async def find(self, key: str) -> Answer | None:
        """Ask whether a deed happened."""
        status, body = await self._send("GET", f"/v1/operations/{quote(key, safe='')}")
        if status == 404:
            return None
        if status != 200:
            raise AnswerUnknown(f"HTTP {status} from {self.settings.code}")
        return _answer(body)

    def read(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Check the signature (Standard Webhooks) and read the message."""
        try:
            Webhook(self.settings.webhook_secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, binascii.Error, ValueError):
            raise BadSignature from None
        try:
            told = msgspec.json.decode(body, type=_Told).operation
        except (msgspec.MsgspecError, RecursionError):
            raise BadProviderMessage from None
        if told.status not in _STATES:
            raise BadProviderMessage(pointer="/operation/status")
        found = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        return Message(found, told.key, Answer(_STATES[told.status], told.id, told.reason))

    async def _send(
        self, method: str, path: str, *, key: str = "", body: dict[str, Any] | None = None
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.settings.api_key}"}
        if key:
            headers["Idempotency-Key"] = key
        request = _client(self.settings.base_url).build_request(
            method, path, headers=headers, json=body
        )
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await self._receive(request)
        except (httpx.HTTPError, TimeoutError) as error:
            raise AnswerUnknown(f"{type(error).__name__} from {self.settings.code}") from error

    async def _receive(self, request: httpx.Request) -> tuple[int, bytes]:
        response = await _client(self.settings.base_url).send(request, stream=True)
        try:
            received = bytearray()
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > ANSWER_BYTES_MAX:
                    raise AnswerUnknown(f"answer of {self.settings.code} is too large")
        finally:
            await response.aclose()
        if response.status_code == 429:
            raise AnswerUnknown(
                f"{self.settings.code} is busy", _seconds(response.headers.get("retry-after", ""))
            )
        return response.status_code, bytes(received)


def _answer(body: bytes) -> Answer:
    try:
        said = msgspec.json.decode(body, type=_Said)
        return Answer(_STATES[said.status], said.id, said.reason)
    except (msgspec.MsgspecError, RecursionError, KeyError) as error:
        raise AnswerUnknown("the answer cannot be read") from error


def _seconds(text: str) -> float | None:
    return min(float(text), RETRY_AFTER_SECONDS_MAX) if text.isascii() and text.isdigit() else None


def _client(base_url: str) -> httpx.AsyncClient:
    client = _CLIENTS.get(base_url)
    if client is None:
        client = _CLIENTS[base_url] = httpx.AsyncClient(
            base_url=base_url,
            verify=ssl.create_default_context(),
            timeout=httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            follow_redirects=False,
            trust_env=False,
        )
    return client
