"""Money of an order that did not move as it should."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class MoneyProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something asked of a payment that was refused, or whose outcome nobody knows.

    Args:
        operation_id: what was asked.
        deed: capture or refund.
        kind: ``refused``: it can be asked for again; ``unresolved``: nobody could tell, and the
            amount is set aside until somebody can.
        minor: minor units of ``currency``.
        reason: what the provider or the connection said.
        retries: how often people had it asked for again.
        resolved_at: when it was settled, None while a person should look.
    """

    operation_id: UUID
    payment_id: UUID
    deed: Literal["capture", "refund"]
    kind: Literal["refused", "unresolved"]
    minor: int
    currency: str
    reason: str
    retries: int
    raised_at: datetime
    resolved_at: datetime | None
