"""Money of an order that did not move as it should."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class MoneyProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Money that was refused, of which nobody knows, or that was taken back.

    Args:
        operation_id: what was asked, or done by the provider.
        deed: capture, refund or chargeback.
        kind: ``refused``: it can be asked for again; ``unresolved``: nobody could tell, and the
            amount is set aside until somebody can; ``charged_back``: the holder of the card
            disputes it, until that is decided; ``paid_twice``: it had been refunded as well.
        minor: minor units of ``currency``.
        reason: what the provider or the connection said.
        retries: how often people had it asked for again.
        resolved_at: when it was settled, None while a person should look.
    """

    operation_id: UUID
    payment_id: UUID
    deed: Literal["capture", "refund", "chargeback"]
    kind: Literal["refused", "unresolved", "charged_back", "paid_twice"]
    minor: int
    currency: str
    reason: str
    retries: int
    raised_at: datetime
    resolved_at: datetime | None
