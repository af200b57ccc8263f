"""What the strict strangers do wrong on demand, to try a caller out."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

Wrong = Literal["refuse", "error", "error_after", "timeout_after", "freeze", "garbage"]
FREEZE_SECONDS_DEFAULT = 0.5
GARBAGE = b"<html><body>Wartungsarbeiten \xff</body></html>"


class Refused(Exception):
    """The request makes no sense and leaves no trace.

    Args:
        status: HTTP status.
        error: short reason.
    """

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


class Lost(Exception):
    """The answer is withheld on demand."""


class Fault(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
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


Planned = TypeVar("Planned", bound=Fault)


class Faults(Generic[Planned]):
    """The planned faults; each request takes the first that is left and fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Planned] = []

    def plan(self, fault: Planned) -> None:
        """Add a fault to those planned."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget every planned fault."""
        with self._lock:
            self._planned.clear()

    def take(self, fits: Callable[[Planned], bool] = lambda _: True) -> Planned | None:
        """Return the fault for a request and count it as used."""
        with self._lock:
            for number, fault in enumerate(self._planned):
                if fault.times and fits(fault):
                    self._planned[number] = replace(fault, times=fault.times - (fault.times > 0))
                    return fault
        return None


def go_wrong(fault: Fault | None, work: Callable[[], Any]) -> Any:
    """Do the work as a fault has it; well, when there is none or it is none of these.

    Raises:
        Refused: the fault has it so, or the work.
        Lost: the answer is withheld.
    """
    if fault is None:
        return work()
    if fault.fault == "refuse":
        raise Refused(422, "not_today")
    if fault.fault == "error":
        raise Refused(503, "broken")
    if fault.fault == "freeze":
        time.sleep(fault.seconds)
        raise Lost
    done = work()
    if fault.fault == "error_after":
        raise Refused(500, "broken")
    if fault.fault == "timeout_after":
        time.sleep(fault.seconds)
        raise Lost
    return GARBAGE if fault.fault == "garbage" else done
