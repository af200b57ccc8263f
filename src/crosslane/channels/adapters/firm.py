"""Which kinds of orders want goods now, by the words of UN/EDIFACT that UBL uses as well.

X12 has words of its own, and says by the same one why an order waits.
"""

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
