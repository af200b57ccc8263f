"""Lines of a till's transaction that were taken back before it was complete."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from crosslane.channels.adapters.branches import NotReadable
from crosslane.channels.adapters.markup import Part
from crosslane.channels.adapters.port import Fault
from crosslane.channels.adapters.poslog.baskets import BACK, SOLD, UNIT_PRICES, words


def voided(items: Sequence[Part]) -> set[int]:
    """Return the places of lines that were voided, and of those that void them.

    A line that is marked and counts the other way takes back an earlier one; one that is marked and
    counts as usual is voided itself.
    """
    gone: set[int] = set()
    for n, item in enumerate(items):
        if "@VoidFlag" not in item or words(item.peek("@VoidFlag")) not in ("true", "1"):
            continue
        gone.add(n)
        told = _told(item)
        if told is None or told[1] >= 0:
            continue
        earlier = (
            k
            for k in range(n - 1, -1, -1)
            if k not in gone and _told(items[k]) == (told[0], -told[1])
        )
        found = next(earlier, None)
        if found is None:
            raise NotReadable(Fault("void-unmatched", "It voids no line before it", item.at))
        gone.add(found)
    return gone


def _told(item: Part) -> tuple[str, Decimal] | None:
    """Return which article a line is about and what it costs, without having read it."""
    for name in (*SOLD, *BACK, "Tender"):
        if name in item:
            part = item.part(name)
            article = part.peek("ItemID") or part.peek("POSIdentity/POSItemID")
            try:
                return article, _worth(part)
            except InvalidOperation:
                return None
    return None


def _worth(part: Part) -> Decimal:
    """Return what a line costs, by the price of a unit where it tells nothing else."""
    if told := part.peek("ExtendedAmount") or part.peek("Amount"):
        return Decimal(told)
    each = next((each for name in UNIT_PRICES if (each := part.peek(name))), "0")
    return Decimal(each) * Decimal(part.peek("Quantity") or "1")
