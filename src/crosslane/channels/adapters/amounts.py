"""Amounts as channels write them: the same ones come again and again, so what is read is kept."""

from collections.abc import Callable

from crosslane.kernel import milli_price, parse_minor

KEPT_MAX = 10_000
# Longer ones are read each time: what is kept must not grow with what somebody sends.
CHARACTERS_KEPT_MAX = 24


class Amounts(dict[tuple[str, str], int]):
    """What texts say in a currency: one that is known costs a look, without a call.

    Args:
        read: reads a text in a currency; raises Invalid.
    """

    def __init__(self, read: Callable[[str, str], int]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, told: tuple[str, str]) -> int:
        text, currency = told
        found = self._read(text, currency)
        if len(text) + len(currency) <= CHARACTERS_KEPT_MAX:
            if len(self) >= KEPT_MAX:
                self.clear()
            self[told] = found
        return found


MINOR = Amounts(parse_minor)
"""Amounts in minor units, as :func:`crosslane.kernel.parse_minor` reads them."""
MILLI = Amounts(milli_price)
"""Unit prices in 1/1000 minor units, as :func:`crosslane.kernel.milli_price` reads them."""
