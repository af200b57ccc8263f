"""How many requests of whom are under way: early refusal, before anything is read or locked.

A process that has a lot to do sends away what people can do without for a while (searches,
reports), then whatever is too much of one tenant, so that there is room for the others.
"""

from collections import Counter

from crosslane.platform.web import errors

OPTIONAL_BELOW = 500
PER_TENANT_MAX = 1_000


class Room:
    """Counts the requests of one process that were admitted.

    Args:
        optional_below: with so many under way, optional requests are sent away.
        per_tenant_max: most of one tenant at once.
    """

    def __init__(
        self, *, optional_below: int = OPTIONAL_BELOW, per_tenant_max: int = PER_TENANT_MAX
    ) -> None:
        self._optional_below = optional_below
        self._per_tenant_max = per_tenant_max
        self._total = 0
        self._of: Counter[str] = Counter()

    def take(self, tenant: str, *, optional: bool) -> None:
        """Keep room for a request, until it is given back.

        Raises:
            Busy: there is none for it.
        """
        if optional:
            self.require_leisure()
        if self._of[tenant] >= self._per_tenant_max:
            raise errors.Busy
        self._total += 1
        self._of[tenant] += 1

    def require_leisure(self) -> None:
        """Send away what people can do without for a while, when there is a lot to do.

        Raises:
            Busy: there is.
        """
        if self._total >= self._optional_below:
            raise errors.Busy

    def give_back(self, tenant: str) -> None:
        """Let go of the room of a request that was answered."""
        self._total -= 1
        self._of[tenant] -= 1
        if not self._of[tenant]:
            del self._of[tenant]
