"""Who is asking: a customer, a member of staff, an API key, or the system itself."""

from collections.abc import Set
from typing import Literal
from uuid import UUID

import msgspec


def covers(held: Set[str], wanted: str) -> bool:
    """Tell whether permissions include another, which may itself stand for several."""
    if wanted in held or "*" in held:
        return True
    module, _, verb = wanted.partition(":")
    return not held.isdisjoint((f"{module}:*", f"*:{verb}"))


class Actor(msgspec.Struct, frozen=True):
    """The one a change is made for.

    Args:
        kind: what sort of caller it is.
        id: identifier that is no personal data, such as a staff member's UUID.
        permissions: what the caller may do, as ``module:verb``; ``module:*``, ``*:verb`` and ``*``
            stand for all that fits.
        location_id: the only location an associate may act for, None for no such limit.
        customer_id: the only customer whose things may be seen, None for no such limit.
        role: of the account or key, "" for none.
    """

    kind: Literal["customer", "staff", "api_key", "system"]
    id: str
    permissions: frozenset[str] = frozenset()
    location_id: UUID | None = None
    customer_id: UUID | None = None
    role: str = ""

    def may(self, permission: str) -> bool:
        """Tell whether the caller holds a permission."""
        return covers(self.permissions, permission)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Actor(kind="system", id="crosslane", permissions=frozenset({"*"}))
