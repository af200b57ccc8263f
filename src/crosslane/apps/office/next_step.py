"""The one thing to do next on an order: what the page offers as its primary button.

Pure: a table of what may be the matter, the gravest first, and who may do something about it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

Deed = Literal[
    "decide_fraud",
    "fix_address",
    "resolve_payment",
    "resolve_stop",
    "offer_again",
    "find_stock",
    "retry_money",
    "clear_return",
    "authorize_return",
    "receive_return",
    "grade_return",
    "settle_return",
]

RETURN_DEEDS: dict[str, tuple[Deed, str]] = {
    "requested": ("authorize_return", "returns:authorize"),
    "in_transit": ("receive_return", "returns:receive"),
    "received": ("grade_return", "returns:grade"),
    "graded": ("settle_return", "returns:settle"),
}


class ReturnMatter(msgspec.Struct, frozen=True):
    """A return of the order: its number and state, and whether a person has to look at it."""

    number: str
    state: str
    held: bool = False


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What is the matter with an order.

    Args:
        stops: kinds of its open stops.
        waiting: units that have no location.
        rejected: a location has turned work on it down or did not find it.
        money_refused: a capture or refund was refused, or nobody knows what became of it.
        returns: its returns, the oldest first.
    """

    stops: frozenset[str] = frozenset()
    waiting: int = 0
    rejected: bool = False
    money_refused: bool = False
    returns: Sequence[ReturnMatter] = ()


class NextStep(msgspec.Struct, frozen=True):
    """What to do, and of which return when it is one of a return."""

    deed: Deed
    return_number: str = ""


def next_step(matter: Matter, may: Callable[[str], bool]) -> NextStep | None:
    """Return the gravest thing that the viewer may do something about, None when all goes well.

    Args:
        matter: what is the matter.
        may: tells whether the viewer holds a permission.
    """
    return next((step for step, permission in _steps(matter) if may(permission)), None)


def _steps(matter: Matter) -> Iterator[tuple[NextStep, str]]:
    """Yield what is to be done with the permission it takes, the gravest first."""
    stops = matter.stops
    # Money and goods must not go to whoever stole an account, so that comes before all else.
    if "fraud" in stops:
        yield NextStep("decide_fraud"), "orders:resolve_fraud"
    if "payment" in stops:
        yield NextStep("resolve_payment"), "orders:resolve_payment"
    if "address" in stops:
        yield NextStep("fix_address"), "orders:amend"
    if "manual" in stops:
        yield NextStep("resolve_stop"), "orders:resolve_manual"
    if matter.waiting:
        yield NextStep("offer_again" if matter.rejected else "find_stock"), "orders:amend"
    if matter.money_refused:
        yield NextStep("retry_money"), "orders:retry_money"
    for one in matter.returns:
        if one.held:
            yield NextStep("clear_return", one.number), "returns:clear"
        elif one.state in RETURN_DEEDS:
            deed, permission = RETURN_DEEDS[one.state]
            yield NextStep(deed, one.number), permission
