"""Rate limits: a token bucket per caller, kept in this process.

With several web processes each has buckets of its own, so a caller can reach the stated rate times
the number of processes; the limits protect a process, they are no quota to sell.
"""

from collections import OrderedDict

import msgspec

BUCKETS_MAX = 50_000


class Rate(msgspec.Struct, frozen=True):
    """How much one caller may ask for.

    Args:
        per_second: requests per second in the long run.
        burst: requests at once after a pause.
    """

    per_second: float
    burst: int


class Throttle:
    """Token buckets by caller; the longest unused are forgotten beyond BUCKETS_MAX.

    Args:
        rate: what every caller gets.
    """

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, caller: str, now: float) -> float:
        """Take a token for one request; return 0, or how long to wait when there is none.

        Args:
            caller: name of the bucket.
            now: monotonic time in seconds.
        """
        tokens = self._tokens(caller, now)
        if tokens < 1:
            return (1 - tokens) / self.rate.per_second
        self._buckets[caller] = (tokens - 1, now)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return 0.0

    def _tokens(self, caller: str, now: float) -> float:
        tokens, since = self._buckets.get(caller, (float(self.rate.burst), now))
        return min(self.rate.burst, tokens + (now - since) * self.rate.per_second)
