"""Why orders wait for a person: which kinds want no goods now, and what else is in doubt.

Kinds are those of UN/EDIFACT, whose words UBL uses as well; X12 has words of its own.
"""

from collections.abc import Iterable

from crosslane.orders import StopWish

STOPS_MAX = 4
REASON_CHARACTERS_MAX = 500

# Element 1001: a purchase order, an order, a rush order, a call-off, swaps and spot orders.
FIRM = frozenset(("105", "220", "224", "226", "229", "230", "231", "402", ""))


def why_not_firm(kind: str) -> str:
    """Return why an order waits for a person, "" when it wants goods now.

    Args:
        kind: element 1001, "" when none is told.
    """
    return "" if kind in FIRM else waits_as(kind)


def waits_as(kind: str) -> str:
    """Return why an order of such a kind waits for a person."""
    return f"It is no order for goods now, but of kind {kind[:3]}"


def stops_for(doubts: Iterable[str]) -> tuple[StopWish, ...]:
    """Return the stops at which an order waits for a person.

    Args:
        doubts: why, each once; of more than an order may have stops the last one tells how many.
    """
    once = list(dict.fromkeys(doubts))
    if len(once) > STOPS_MAX:
        more = f"{len(once) - STOPS_MAX + 1} more doubts, the first: {once[STOPS_MAX - 1]}"
        once = [*once[: STOPS_MAX - 1], more]
    return tuple(StopWish(kind="manual", reason=one[:REASON_CHARACTERS_MAX]) for one in once)
