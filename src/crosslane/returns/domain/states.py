"""How a return goes on: the one table of its states."""

from typing import Literal

from crosslane.returns.domain.nouns import Return, State
from crosslane.returns.errors import NotInState

Verb = Literal[
    "authorize", "decline", "cancel", "dispatch", "receive", "grade", "settle", "expire", "close"
]

# What is not awaited, or not any more.
GIVEN_UP: tuple[State, ...] = ("declined", "cancelled", "expired")
# From where each verb may be done, and where it leads; receiving and grading say themselves
# whether all has come and all is graded.
MAY: dict[Verb, tuple[tuple[State, ...], State]] = {
    "authorize": (("requested",), "authorized"),
    # Goods that came and are held for a person may be declined too.
    "decline": (("requested", "graded"), "declined"),
    "cancel": (("requested", "authorized"), "cancelled"),
    "dispatch": (("authorized",), "in_transit"),
    # What comes although nobody awaits it any more is here all the same: a person looks at it.
    "receive": (("authorized", "in_transit", "received", *GIVEN_UP), "received"),
    "grade": (("received",), "graded"),
    "settle": (("graded",), "settled"),
    "expire": (("authorized", "in_transit"), "expired"),
    "close": (("settled",), "closed"),
}
# Units of returns in these states are spoken for: nobody may ask for them once more.
PENDING: tuple[State, ...] = ("requested", "authorized", "in_transit", "received", "graded")
ENDED: tuple[State, ...] = ("declined", "cancelled", "expired", "closed")


def require_state(one: Return, verb: Verb) -> None:
    """Refuse a verb that a return is not ready for, or that comes too late.

    Raises:
        NotInState: with the states it would need.
    """
    allowed, _ = MAY[verb]
    if one.state not in allowed:
        raise NotInState(number=one.number, state=one.state, verb=verb, needed=" or ".join(allowed))


def comes_late(one: Return) -> bool:
    """Tell whether goods come that nobody awaits: declined, cancelled or given up before.

    Raises:
        NotInState: they had come before, and were declined as they were looked at.
    """
    if one.state not in GIVEN_UP:
        return False
    if any(line.received for line in one.lines):
        allowed = " or ".join(state for state in MAY["receive"][0] if state not in GIVEN_UP)
        raise NotInState(number=one.number, state=one.state, verb="receive", needed=allowed)
    return True


def go_on(one: Return, verb: Verb) -> None:
    """Let a return take the step of a verb.

    Raises:
        NotInState: it may not.
    """
    require_state(one, verb)
    one.state = MAY[verb][1]
