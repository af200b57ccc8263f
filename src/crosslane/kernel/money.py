"""Money as integers: minor units with an ISO 4217 currency, and the few rules that round it.

Rounding happens in named functions only, always half away from zero, and shares always add up.
"""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Self

import msgspec

from crosslane.kernel.errors import Invalid

# ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
MINOR_MAX = 10**15
MILLI_DECIMALS = 3
MILLI_PER_MINOR = 10**MILLI_DECIMALS
PLAIN_DIGITS_MAX = 12


class CurrencyMismatch(Invalid):
    """Amounts in {left} and {right} cannot be added."""


class BadAmount(Invalid):
    """The amount {amount} is not a number of {currency} with at most {exponent} decimals."""


class Money(msgspec.Struct, frozen=True):
    """An amount of one currency.

    Args:
        minor: amount in minor units (pence, cents), negative for a credit.
        currency: ISO 4217 code.
    """

    minor: int
    currency: str

    def __add__(self, other: Self) -> "Money":
        self._require_same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Self) -> "Money":
        self._require_same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        exponent = currency_exponent(self.currency)
        sign = "-" if self.minor < 0 else ""
        whole, part = divmod(abs(self.minor), 10**exponent)
        return f"{sign}{whole}" + (f".{part:0{exponent}}" if exponent else "") + f" {self.currency}"

    def _require_same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)


def currency_exponent(currency: str) -> int:
    """Return how many decimals the currency has (ISO 4217): 2 unless listed otherwise."""
    return _EXPONENTS.get(currency, 2)


def rounded_ratio(amount: int, numerator: int, denominator: int) -> int:
    """Return amount × numerator / denominator, rounded half away from zero.

    Exact integer arithmetic: no intermediate value is rounded.
    """
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    product = amount * numerator
    magnitude = (2 * abs(product) + denominator) // (2 * denominator)
    return -magnitude if product < 0 else magnitude


def line_amount(unit_price_milli: int, quantity: int) -> int:
    """Return what a line costs in minor units: price × quantity, rounded once.

    Args:
        unit_price_milli: price of one unit in 1/1000 minor unit.
        quantity: units, negative on a return.
    """
    return rounded_ratio(unit_price_milli * quantity, 1, MILLI_PER_MINOR)


def allocate(minor: int, weights: Sequence[int]) -> list[int]:
    """Share an amount by weights so that the shares add up exactly (largest remainder method).

    Args:
        minor: amount to share, in minor units.
        weights: non-negative weights; when all are zero the amount is shared evenly.

    Returns:
        One share per weight, in order; ties go to the earlier one.
    """
    if not weights:
        raise ValueError("an amount cannot be shared among nobody")
    if min(weights) < 0:
        raise ValueError("weights are never negative")
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    sign = -1 if minor < 0 else 1
    shares: list[int] = []
    remainders: list[tuple[int, int]] = []
    for position, weight in enumerate(weights):
        share, remainder = divmod(abs(minor) * weight, total)
        shares.append(share)
        remainders.append((-remainder, position))
    left = abs(minor) - sum(shares)
    for _, position in sorted(remainders)[:left]:
        shares[position] += 1
    return [sign * share for share in shares]


def parse_minor(text: str, currency: str) -> int:
    """Read a decimal amount such as ``12.50`` as minor units.

    Raises:
        BadAmount: not a finite decimal, too large, or more decimals than the currency has.
    """
    return _scaled(text, currency, currency_exponent(currency))


def milli_price(text: str, currency: str) -> int:
    """Read a decimal unit price such as ``0.001`` as 1/1000 minor units.

    Raises:
        BadAmount: not a finite decimal, too large, or finer than 1/1000 minor unit.
    """
    return _scaled(text, currency, currency_exponent(currency) + MILLI_DECIMALS)


def _scaled(text: str, currency: str, decimals: int) -> int:
    whole, _, part = text.partition(".")
    digits = whole + part
    if whole and len(part) <= decimals and len(digits) <= PLAIN_DIGITS_MAX and digits.isdecimal():
        # As nearly all are written; the rest below reads them alike, at three times the cost.
        return int(digits) * 10 ** (decimals - len(part))
    with suppress(InvalidOperation):
        value = Decimal(text)
        if value.is_finite() and value.adjusted() <= 15:
            scaled = value.scaleb(decimals)
            found = int(scaled)
            if found == scaled and abs(found) <= MINOR_MAX * MILLI_PER_MINOR:
                return found
    exponent = currency_exponent(currency)
    raise BadAmount(amount=text[:40], currency=currency, exponent=exponent)
