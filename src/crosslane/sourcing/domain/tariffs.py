"""A carrier's prices as the planner reads them."""

from datetime import date
from weakref import WeakKeyDictionary

from crosslane.carriers import RateBook
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.sourcing.domain.problem import Tariff

# By identity of a book's own tariff, which lives as long as the book.
_KNOWN: WeakKeyDictionary[RateBook, dict[int, Tariff]] = WeakKeyDictionary()


def tariff_of(book: RateBook, service: str, zone: str, day: date) -> Tariff | None:
    """Return what a service asks for parcels to a zone, up to the heaviest it takes, or None."""
    found = book.tariff(service, zone, day)
    if found is None:
        return None
    known = _KNOWN.setdefault(book, {})
    made = known.get(id(found))
    if made is not None:
        return made
    sold = book.service(service)
    kept: list[int] = []
    for weight in found.weights:
        kept.append(min(weight, sold.weight_max_grams))
        if weight >= sold.weight_max_grams:
            break
    prices = tuple(price * MILLI_PER_MINOR for price in found.prices[: len(kept)])
    made = Tariff(tuple(kept), prices, length_max_mm=sold.length_max_mm, service=service)
    known[id(found)] = made
    return made
