"""Amounts as channels write them: the same ones come again and again, so what is read is kept."""

from collections.abc import Callable
from functools import lru_cache

from crosslane.kernel import milli_price, parse_minor

KEPT_MAX = 10_000
# Longer ones are read each time: what is kept must not grow with what somebody sends.
CHARACTERS_KEPT_MAX = 20


def _kept(read: Callable[[str, str], int]) -> Callable[[str, str], int]:
    again = lru_cache(KEPT_MAX)(read)

    def amount(text: str, currency: str) -> int:
        short = len(text) <= CHARACTERS_KEPT_MAX and len(currency) <= CHARACTERS_KEPT_MAX
        return again(text, currency) if short else read(text, currency)

    return amount


minor_told = _kept(parse_minor)
"""Read an amount in minor units, as :func:`crosslane.kernel.parse_minor` does."""
milli_told = _kept(milli_price)
"""Read a unit price in 1/1000 minor units, as :func:`crosslane.kernel.milli_price` does."""
