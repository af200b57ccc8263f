"""Countries as partners write them: by two letters, by three, by digits, or by their province."""

from functools import lru_cache

from babel.core import get_global

CODES_KEPT_MAX = 1_000
# Provinces and territories of Canada, none of which is a state of the United States.
OF_CANADA = frozenset(
    ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
)


def country_of(told: str) -> str:
    """Return a country as ISO 3166-1 alpha-2; a text that is no code of it is left as it is.

    Args:
        told: alpha-2, alpha-3 or numeric code of ISO 3166-1, in any case.
    """
    return told if len(told) == 2 else _two_letters(told[:4].upper()) or told


def north_american(region: str) -> str:
    """Return the country of a state or province whose address names none.

    Args:
        region: code of it, as X12 writes it.
    """
    return "CA" if region.upper() in OF_CANADA else "US"


@lru_cache(CODES_KEPT_MAX)
def _two_letters(code: str) -> str:
    # Codes of countries that are no more stand for several; those name none.
    found = get_global("territory_aliases").get(code, ()) if len(code) == 3 else ()
    return found[0] if len(found) == 1 else ""
