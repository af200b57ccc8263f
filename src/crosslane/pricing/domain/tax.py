"""Tax: which rate a line bears and how its amount splits into net and tax.

Rounding is stated once: the tax of a line is rounded half away from zero to the minor unit, the
tax of an order is the sum of its lines. Rates and rules are effective-dated rows; the newest row
that has begun holds, so a change of rate is one new row and the past stays priceable.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeVar

import msgspec

from crosslane.kernel import rounded_ratio
from crosslane.pricing.errors import TaxRateUnknown

BASIS_POINTS = 10_000

Basis = Literal["net", "gross"]
Treatment = Literal["destination", "origin", "zero"]


class Destination(msgspec.Struct, frozen=True):
    """Where goods go, as far as tax and delivery prices care.

    Args:
        country: ISO 3166-1 alpha-2 code; Jersey, Guernsey and Man have codes of their own.
        region: state or province code where tax differs inside the country, else "".
    """

    country: str
    region: str = ""

    def __str__(self) -> str:
        return f"{self.country}-{self.region}" if self.region else self.country


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A rate from an instant on, until a later row for the same place and class begins.

    Args:
        country: where the rate is law.
        region: part of the country, "" for all of it.
        tax_class: class of goods the rate is for, as catalog names it.
        rate_bp: rate in basis points (17.5 % is 1750).
        valid_from: first instant of the rate.
    """

    country: str
    region: str = ""
    tax_class: str
    rate_bp: int
    valid_from: datetime


class TaxRule(msgspec.Struct, frozen=True, kw_only=True):
    """How sales from one country into another are taxed, from an instant on.

    Args:
        seller_country: country of the selling legal entity.
        country: destination country.
        region: part of it, "" for all of it.
        treatment: ``destination`` charges the destination's rates, ``origin`` the seller's own,
            ``zero`` none (an export). Without a row, sales at home are ``destination`` and sales
            abroad ``zero``.
        valid_from: first instant of the rule.
    """

    seller_country: str
    country: str
    region: str = ""
    treatment: Treatment
    valid_from: datetime


Row = TypeVar("Row", bound=TaxRate | TaxRule)


class Tax(msgspec.Struct, frozen=True):
    """What a line bears and by which rule.

    Args:
        jurisdiction: place whose law sets the rate, such as ``GB`` or ``US-NY``; for an export the
            destination.
        tax_class: class of the goods.
        rate_bp: rate in basis points.
        treatment: the rule that led here.
    """

    jurisdiction: str
    tax_class: str
    rate_bp: int
    treatment: Treatment


class Amounts(msgspec.Struct, frozen=True):
    """A line's money in minor units; net + tax = gross, always."""

    net_minor: int
    tax_minor: int
    gross_minor: int


class TaxTable:
    """All rates and rules, indexed for lookup by place and instant.

    Attributes:
        rates: every rate there has been.
        rules: every rule there has been.
    """

    def __init__(self, rates: Iterable[TaxRate], rules: Iterable[TaxRule] = ()) -> None:
        self.rates = tuple(rates)
        self.rules = tuple(rules)
        self._rates: dict[tuple[str, str, str], list[TaxRate]] = {}
        for rate in sorted(self.rates, key=_begin, reverse=True):
            self._rates.setdefault((rate.country, rate.region, rate.tax_class), []).append(rate)
        self._rules: dict[tuple[str, str, str], list[TaxRule]] = {}
        for rule in sorted(self.rules, key=_begin, reverse=True):
            place = (rule.seller_country, rule.country, rule.region)
            self._rules.setdefault(place, []).append(rule)

    def tax(
        self, seller_country: str, destination: Destination, tax_class: str, at: datetime
    ) -> Tax:
        """Return the tax on goods of a class sold from a country to a destination at an instant.

        Raises:
            TaxRateUnknown: tax is due but no rate is known; it is never guessed to be zero.
        """
        treatment = self.treatment(seller_country, destination, at)
        if treatment == "zero":
            return Tax(str(destination), tax_class, 0, treatment)
        place = destination if treatment == "destination" else Destination(seller_country)
        rate = self.rate(place, tax_class, at)
        where = Destination(rate.country, rate.region)
        return Tax(str(where), tax_class, rate.rate_bp, treatment)

    def treatment(self, seller_country: str, destination: Destination, at: datetime) -> Treatment:
        """Return how sales to a destination are treated: by its region's rule or its country's."""
        for region in _widening(destination.region):
            rule = _begun(self._rules.get((seller_country, destination.country, region), ()), at)
            if rule is not None:
                return rule.treatment
        return "destination" if destination.country == seller_country else "zero"

    def rate(self, place: Destination, tax_class: str, at: datetime) -> TaxRate:
        """Return the rate in force at a place: its region's before its country's.

        Raises:
            TaxRateUnknown: no row had begun by then.
        """
        for region in _widening(place.region):
            rate = _begun(self._rates.get((place.country, region, tax_class), ()), at)
            if rate is not None:
                return rate
        raise TaxRateUnknown(country=place.country, tax_class=tax_class, at=at.isoformat())


def split(minor: int, rate_bp: int, basis: Basis) -> Amounts:
    """Split a line's amount into net and tax; the tax is rounded once, half away from zero.

    Args:
        minor: the line's amount after discounts, in minor units.
        rate_bp: tax rate in basis points.
        basis: whether ``minor`` is without tax (net) or contains it (gross).
    """
    if basis == "net":
        tax = rounded_ratio(minor, rate_bp, BASIS_POINTS)
        return Amounts(minor, tax, minor + tax)
    tax = rounded_ratio(minor, rate_bp, BASIS_POINTS + rate_bp)
    return Amounts(minor - tax, tax, minor)


def converted(unit_price_milli: int, contained_bp: int, wanted_bp: int) -> int:
    """Return a unit price that contains one tax rate as one that contains another.

    £20.00 that contain 17.5 % are 1702.128 pence without tax, and 1666.667 at 20 %.

    Args:
        unit_price_milli: price in 1/1000 minor unit.
        contained_bp: rate inside the price, 0 for a net price.
        wanted_bp: rate that shall be inside, 0 for a net price.
    """
    if contained_bp == wanted_bp:
        return unit_price_milli
    return rounded_ratio(unit_price_milli, BASIS_POINTS + wanted_bp, BASIS_POINTS + contained_bp)


def _begin(row: TaxRate | TaxRule) -> datetime:
    return row.valid_from


def _begun(newest_first: Iterable[Row], at: datetime) -> Row | None:
    return next((row for row in newest_first if row.valid_from <= at), None)


def _widening(region: str) -> tuple[str, ...]:
    return (region, "") if region else ("",)
