"""The adapter for the house protocol: small JSON over HTTP, described in docs/howto/payments.md.

It is what the strict provider speaks, and what a bridge to another gateway is written against.
"""

import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from crosslane.kernel import Instant
from crosslane.payments.domain import TENDER_MINOR_MAX, Deed, OperationState
from crosslane.payments.errors import BadProviderMessage, BadSignature
from crosslane.payments.provider.port import (
    Answer,
    AnswerUnknown,
    Ask,
    Dispute,
    Message,
    ProviderSettings,
)
from crosslane.platform import outbound

ANSWER_BYTES_MAX = 64 * 1024
DISPUTE_CHARACTERS_MAX = 100
REASON_CHARACTERS_MAX = 200

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


class _Said(msgspec.Struct):
    """An operation as the provider tells it."""

    key: str
    id: str
    status: str
    reason: str = ""


class _Disputed(msgspec.Struct):
    """A dispute as the provider tells it."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=DISPUTE_CHARACTERS_MAX)]
    authorization: str
    minor: Annotated[int, msgspec.Meta(ge=1, le=TENDER_MINOR_MAX)]
    currency: str
    status: Literal["opened", "won", "lost"]
    reason: str = ""
    at: Instant | None = None


class _Told(msgspec.Struct):
    """A message as the provider sends it: of an operation or of a dispute."""

    operation: _Said | None = None
    dispute: _Disputed | None = None


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
            told = msgspec.json.decode(body, type=_Told)
        except (msgspec.MsgspecError, RecursionError):
            raise BadProviderMessage from None
        name = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        if told.dispute is not None:
            return Message(name, "", None, _dispute(told.dispute))
        said = told.operation
        if said is None:
            raise BadProviderMessage(pointer="/operation")
        if said.status not in _STATES:
            raise BadProviderMessage(pointer="/operation/status")
        return Message(name, said.key, Answer(_STATES[said.status], said.id, said.reason))

    async def _send(
        self, method: str, path: str, *, key: str = "", body: dict[str, Any] | None = None
    ) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.settings.api_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        try:
            reply = await outbound.call(
                self.settings.base_url,
                method,
                path,
                headers=headers,
                content=b"" if body is None else msgspec.json.encode(body),
                answer_bytes_max=ANSWER_BYTES_MAX,
            )
        except outbound.NoReply as silence:
            told = f"no answer of {self.settings.code}: {silence}"
            raise AnswerUnknown(told, silence.after_seconds) from silence
        return reply.status, reply.body


def _dispute(said: _Disputed) -> Dispute:
    return Dispute(
        id=said.id,
        reference=said.authorization,
        minor=said.minor,
        currency=said.currency,
        state=said.status,
        reason=said.reason[:REASON_CHARACTERS_MAX],
        at=said.at,
    )


def _answer(body: bytes) -> Answer:
    try:
        said = msgspec.json.decode(body, type=_Said)
        return Answer(_STATES[said.status], said.id, said.reason)
    except (msgspec.MsgspecError, RecursionError, KeyError) as error:
        raise AnswerUnknown("the answer cannot be read") from error
