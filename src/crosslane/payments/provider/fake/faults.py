"""What the strict provider does wrong on demand."""

import threading

import msgspec

FAULTS = ("decline", "pending", "error", "error_after", "timeout_after", "freeze")
PENDING_SECONDS_DEFAULT = 0.5


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One thing to go wrong.

    Args:
        fault: decline or pending (the deed), error (before it), error_after, timeout_after (done,
            but the answer is lost), freeze (not done, and no answer).
        kind: for which deed, "any" for each.
        token: only for this token, "" for every.
        times: how often.
        seconds: how long it freezes, waits or stays pending.
    """

    fault: str
    kind: str = "any"
    token: str = ""
    times: int = 1
    seconds: float = PENDING_SECONDS_DEFAULT


class Faults:
    """The planned faults; each request takes the first that fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        """Add a fault to those planned."""
        if fault.fault not in FAULTS:
            raise ValueError(f"no fault is called {fault.fault}")
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget every planned fault."""
        with self._lock:
            self._planned.clear()

    def take(self, kind: str, token: str) -> Fault | None:
        """Return the fault for a request and count it as used."""
        with self._lock:
            for fault in self._planned:
                if fault.kind in ("any", kind) and fault.token in ("", token) and fault.times:
                    fault.times -= 1
                    return fault
        return None
