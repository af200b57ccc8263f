"""Named fault points: production code that does nothing unless ``CROSSLANE_FAULT`` names it.

``CROSSLANE_FAULT="lane.before_commit=kill@3,effects.after_call=freeze%0.01"`` kills this process
the third time it reaches the first point, and freezes it one time in a hundred at the second.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Mapping

import msgspec

ACTIONS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


class BadFault(Exception):
    """CROSSLANE_FAULT is not a list of point=kill|freeze with @count or %share."""


class Fault(msgspec.Struct, frozen=True):
    """What happens at one point: a signal at the n-th visit, or by chance at each."""

    signal: signal.Signals
    at_visit: int | None
    share: float


def parse_faults(text: str) -> dict[str, Fault]:
    """Read the value of ``CROSSLANE_FAULT``.

    Raises:
        BadFault: the text does not follow the form.
    """
    faults = {}
    for part in filter(None, text.split(",")):
        point, _, what = part.partition("=")
        action, _, visit = what.partition("@")
        action, _, share = action.partition("%")
        try:
            faults[point] = Fault(
                ACTIONS[action],
                int(visit) if visit else None if share else 1,
                float(share) if share else 0.0,
            )
        except (KeyError, ValueError):
            raise BadFault(f"cannot read {part!r} in CROSSLANE_FAULT") from None
    return faults


def plan(environment: Mapping[str, str]) -> None:
    """Do from now on what this environment says, and count visits anew.

    Raises:
        BadFault: it cannot be read.
    """
    planned = parse_faults(environment.get("CROSSLANE_FAULT", ""))
    _PLANNED.clear()
    _PLANNED.update(planned)
    _VISITS.clear()


def reach(point: str) -> None:
    """Mark that the process has come to a named point."""
    if not _PLANNED:
        return
    _VISITS[point] += 1
    fault = _PLANNED.get(point)
    if fault is None:
        return
    if fault.at_visit == _VISITS[point] or random.random() < fault.share:  # noqa: S311
        os.kill(os.getpid(), fault.signal)


_PLANNED: dict[str, Fault] = {}
_VISITS: Counter[str] = Counter()
plan(os.environ)
