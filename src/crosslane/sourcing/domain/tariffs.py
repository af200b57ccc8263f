"""A carrier's prices as the planner reads them."""

from datetime import date

from crosslane.carriers import RateBook
from crosslane.kernel import MILLI_PER_MINOR
from crosslane.sourcing.domain.problem import Tariff


def tariff_of(book: RateBook, service: str, zone: str, day: date) -> Tariff | None:
    """Return what a service asks for parcels to a zone, up to the heaviest it takes, or None."""
    found = book.tariff(service, zone, day)
    if found is None:
        return None
    sold = book.service(service)
    kept: list[int] = []
    for weight in found.weights:
        kept.append(min(weight, sold.weight_max_grams))
        if weight >= sold.weight_max_grams:
            break
    prices = tuple(price * MILLI_PER_MINOR for price in found.prices[: len(kept)])
    return Tariff(tuple(kept), prices, length_max_mm=sold.length_max_mm, service=service)
