"""Reading amounts and rates as people type them, and writing them likewise."""

from decimal import Decimal

from babel import Locale
from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from crosslane.kernel import currency_exponent
from crosslane.platform.web import InvalidField

AMOUNT_CHARACTERS_MAX = 20
MILLI_DECIMALS = 3
PERCENT_DECIMALS = 2


def read_amount(text: str, name: str, currency: str, locale: Locale, *, milli: bool = False) -> int:
    """Return an amount that somebody typed, in minor units, or thousandths of them.

    Args:
        text: what was typed, such as "1,234.50".
        name: of the field, for the refusal's pointer.
        currency: ISO 4217.
        locale: whose way to write numbers it is.
        milli: thousandths of minor units are wanted.

    Raises:
        InvalidField: it is no amount of the currency.
    """
    decimals = currency_exponent(currency) + (MILLI_DECIMALS if milli else 0)
    return _scaled(text, name, decimals, locale, "this is no amount of its currency")


def read_percent(text: str, name: str, locale: Locale) -> int:
    """Return a rate that somebody typed in percent, in basis points.

    Raises:
        InvalidField: it is none.
    """
    plain = text.removesuffix("%").strip()
    return _scaled(plain, name, PERCENT_DECIMALS, locale, "this is no rate in percent")


def write_price(milli: int, currency: str, locale: Locale) -> str:
    """Return a unit price as it is typed into a field, such as 12.50.

    Args:
        milli: 1/1000 minor unit.
        currency: ISO 4217.
        locale: whose way to write numbers it is.
    """
    decimals = currency_exponent(currency)
    price = Decimal(milli).scaleb(-decimals - MILLI_DECIMALS)
    return format_decimal(price, f"0.{'0' * decimals}{'#' * MILLI_DECIMALS}", locale=locale)


def _scaled(text: str, name: str, decimals: int, locale: Locale, reason: str) -> int:
    try:
        # Strict: where a comma parts decimals, 12.50 is a slip and not twelve hundred.
        number = parse_decimal(text[:AMOUNT_CHARACTERS_MAX], locale=locale, strict=True)
    except NumberFormatError:
        raise InvalidField(pointer=f"/{name}", reason=reason) from None
    scaled = number.scaleb(decimals)
    if not scaled.is_finite() or scaled < 0 or scaled != scaled.to_integral_value():
        raise InvalidField(pointer=f"/{name}", reason=reason)
    return int(scaled)
