"""What the strict carrier and the strict vendor do wrong on demand, to try a caller out."""

import threading
from typing import Literal

from msgspec import Struct

Wrong = Literal["refuse", "error", "error_after", "timeout_after", "freeze", "garbage"]
FREEZE_SECONDS_DEFAULT = 0.5


class Fault(Struct, forbid_unknown_fields=True):
    """One thing to go wrong.

    Args:
        fault: refuse (422, not done), error (503, not done), error_after (500, but done),
            timeout_after (done, but the answer is lost), freeze (not done, and no answer),
            garbage (done, and the answer is nonsense).
        times: how often; -1 until the faults are cleared, which makes an outage.
        seconds: how long it freezes or keeps the caller waiting.
    """

    fault: Wrong
    times: int = 1
    seconds: float = FREEZE_SECONDS_DEFAULT


class Faults:
    """The planned faults; each request takes the first that is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        """Add a fault to those planned."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget every planned fault."""
        with self._lock:
            self._planned.clear()

    def take(self) -> Fault | None:
        """Return the fault for a request and count it as used."""
        with self._lock:
            for fault in self._planned:
                if fault.times:
                    fault.times -= fault.times > 0
                    return fault
        return None
