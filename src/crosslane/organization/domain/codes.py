"""The small checked words: codes, countries, currencies, locales, time zones, VAT numbers."""

import re
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

from crosslane.organization.errors import (
    BadCode,
    BadCountry,
    BadCurrency,
    BadInvoiceSeries,
    BadLocale,
    BadTimezone,
    BadVatNumber,
)

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
# A line of an address, as it stands on documents.
AddressLine = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]

# No slash and no colon: codes stand in paths (home/kitchen) and in log subjects (order:...).
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_INVOICE_PREFIX = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,11}")
_VAT_NUMBER_OF_UNKNOWN_FORM = re.compile(r"[A-Z0-9]{2,20}")
# Territories of CLDR that are groups of countries, tests or unknown, not countries.
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def require_code(code: str, *, pointer: str = "") -> str:
    """Return a people-facing code when it is well formed.

    Codes are case-sensitive and never change.

    Raises:
        BadCode: empty, over 40 characters, or with others than letters, digits and ``. - _``.
    """
    if not _CODE.fullmatch(code):
        raise BadCode(pointer=pointer, code=code[:60])
    return code


def require_country(country: str, *, pointer: str = "") -> str:
    """Return the country in capitals when ISO 3166-1 (by CLDR) knows it.

    Raises:
        BadCountry: it does not.
    """
    if country.upper() not in _countries():
        raise BadCountry(pointer=pointer, country=country[:8])
    return country.upper()


def require_currency(currency: str, *, pointer: str = "") -> str:
    """Return the currency when ISO 4217 (by CLDR) knows it.

    Raises:
        BadCurrency: it does not, or it is not in capitals.
    """
    if currency not in _currencies():
        raise BadCurrency(pointer=pointer, currency=currency[:8])
    return currency


def require_locale(locale: str, *, pointer: str = "") -> str:
    """Return the canonical form of a BCP 47 locale, ``en-GB`` for ``en_gb``.

    Raises:
        BadLocale: CLDR does not know its language or territory.
    """
    try:
        parsed = Locale.parse(locale.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        raise BadLocale(pointer=pointer, locale=locale[:20]) from None
    parts = (parsed.language, parsed.script, parsed.territory)
    return "-".join(part for part in parts if part)


def require_timezone(timezone: str, *, pointer: str = "") -> str:
    """Return the IANA time zone when it is known.

    Raises:
        BadTimezone: it is not.
    """
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadTimezone(pointer=pointer, timezone=timezone[:40]) from None
    return timezone


def require_vat_number(country: str, number: str, *, pointer: str = "") -> str:
    """Return the compact form of a VAT number.

    The check digits are computed as python-stdnum knows them for the country; a country it does
    not know is held to 2 to 20 letters and digits.

    Raises:
        BadVatNumber: wrong length, characters or check digit.
    """
    refused = BadVatNumber(pointer=pointer, country=country, number=number[:24])
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        compact = re.sub(r"[\s.-]", "", number).upper()
        if not _VAT_NUMBER_OF_UNKNOWN_FORM.fullmatch(compact):
            raise refused
        return compact
    try:
        return module.validate(number)
    except ValidationError:
        raise refused from None


def require_invoice_prefix(prefix: str, *, pointer: str = "") -> str:
    """Return the prefix of an invoice series when it is well formed.

    Raises:
        BadInvoiceSeries: it is not.
    """
    if not _INVOICE_PREFIX.fullmatch(prefix):
        raise BadInvoiceSeries(pointer=pointer, prefix=prefix[:20])
    return prefix


@cache
def _countries() -> frozenset[str]:
    known: list[str] = list(Locale("en").territories)  # type: ignore[arg-type]
    return frozenset(c for c in known if len(c) == 2 and c.isalpha()) - _NOT_COUNTRIES


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())
