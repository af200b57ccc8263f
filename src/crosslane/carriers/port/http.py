"""The adapter for carriers behind HTTP: small JSON, described in docs/howto/connect-a-carrier.md.

It is what the strict carrier speaks, and what a bridge to another carrier is written against.
"""

from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from msgspec import Struct

from crosslane.carriers.domain.shipment import Consignment, Label, TrackingEvent
from crosslane.carriers.port.messages import read_message
from crosslane.carriers.port.port import AnswerUnknown, CarrierRefused, CarrierSettings
from crosslane.platform import outbound

ANSWER_BYTES_MAX = 4 << 20
TRACKING_NUMBER_CHARACTERS_MAX = 40

# What a document of each type begins with: an error page must not be stuck on a parcel.
DOCUMENT_BEGINS = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n"}


class _Made(Struct):
    """A label as the carrier tells it; the document travels as base64."""

    tracking_number: str
    mime: str
    document: bytes


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
            raise CarrierRefused(outbound.refusal_code(answer))
        if status not in (200, 204, 404):
            raise AnswerUnknown(f"HTTP {status} from {self.settings.code}")

    def read_events(self, headers: Mapping[str, str], body: bytes) -> list[TrackingEvent]:
        """Read a message in our own form."""
        del headers
        return read_message(self.settings.code, body)

    def _label(self, status: int, answer: bytes) -> Label:
        if status in (400, 409, 413, 422):
            raise CarrierRefused(outbound.refusal_code(answer))
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
        try:
            reply = await outbound.call(
                self.settings.endpoint,
                method,
                path,
                headers=headers,
                content=body,
                answer_bytes_max=ANSWER_BYTES_MAX,
            )
        except outbound.NoReply as silence:
            told = f"no answer of {self.settings.code}: {silence}"
            raise AnswerUnknown(told, silence.after_seconds) from silence
        return reply.status, reply.body
