"""What Crosslane asks of a payment provider, whatever it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from crosslane.payments.domain import Deed, OperationState


class ProviderSettings(msgspec.Struct, frozen=True):
    """How one provider is reached.

    Args:
        code: name of this connection, which tenders carry.
        adapter: which adapter speaks to it.
        base_url: where.
        api_key: secret that shows who asks.
        webhook_secret: secret that its messages are signed with.
        active: whether new tenders may use it; running ones are always finished.
    """

    code: str
    adapter: str
    base_url: str
    api_key: str
    webhook_secret: str
    active: bool = True


class Ask(msgspec.Struct, frozen=True):
    """One deed to be done by a provider.

    Args:
        key: idempotency key, the same at every try.
        deed: authorize, capture, refund or void.
        minor: minor units of ``currency``.
        token: the provider's stand-in for the card, for an authorization.
        reference: the provider's name for the authorization, for the other deeds.
        order_id: shown to people at the provider.
    """

    key: str
    deed: Deed
    minor: int
    currency: str
    token: str
    reference: str
    order_id: UUID


class Answer(msgspec.Struct, frozen=True):
    """What a provider says about a deed.

    Args:
        state: done or failed; requested while the provider has not decided yet.
        reference: the provider's name for what was done.
        reason: why not.
    """

    state: OperationState
    reference: str = ""
    reason: str = ""


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a provider has taken back, since the holder of the card disputes it.

    Args:
        id: the provider's name for the dispute.
        reference: the provider's name for the authorization.
        minor: minor units of ``currency`` that are taken back, or given to us again.
        state: opened, won (by us) or lost.
        reason: what the provider says.
        at: when, None when it does not say.
    """

    id: str
    reference: str
    minor: int
    currency: str
    state: Literal["opened", "won", "lost"]
    reason: str = ""
    at: datetime | None = None


class Message(msgspec.Struct, frozen=True):
    """What a provider tells on its own: of a deed, or of a dispute.

    Args:
        id: the provider's name for this message; a repetition has the same.
        key: idempotency key of the deed it is about, "" for a dispute.
        answer: what has become of the deed.
        dispute: what has become of a dispute.
    """

    id: str
    key: str
    answer: Answer | None
    dispute: Dispute | None = None


class AnswerUnknown(Exception):
    """Nobody can tell now whether the deed was done; ask later, by its key first.

    Args:
        reason: what was seen instead of an answer.
        after_seconds: when the provider wishes to be asked again, None when it does not say.
    """

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class PaymentProvider(Protocol):
    """A connection to one provider."""

    def __init__(self, settings: ProviderSettings) -> None: ...

    async def do(self, ask: Ask) -> Answer:
        """Ask for a deed.

        Raises:
            AnswerUnknown: there was no clear answer.
        """
        ...

    async def find(self, key: str) -> Answer | None:
        """Return what became of a deed asked for before; None when it never arrived.

        Raises:
            AnswerUnknown: there was no clear answer.
        """
        ...

    def read(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Return the message in an inbound request.

        Raises:
            BadSignature: it is not from the provider, or too old.
            BadProviderMessage: it cannot be understood.
        """
        ...
