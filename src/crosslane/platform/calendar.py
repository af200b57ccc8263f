"""Public holidays by country and part of it: shops and carriers keep the same ones."""

from datetime import date
from functools import lru_cache

import holidays

YEARS_KEPT_MAX = 1024


@lru_cache(maxsize=YEARS_KEPT_MAX)
def public_holidays(country: str, nation: str, year: int) -> frozenset[date]:
    """Return the public holidays of a year, from the ``holidays`` package.

    Args:
        country: ISO 3166 alpha-2; "" and countries the package does not know have none here.
        nation: part of the country as the package names it (GB: ENG, SCT, WLS, NIR); "" for the
            days that the whole country keeps.
        year: calendar year.
    """
    try:
        return frozenset(holidays.country_holidays(country, subdiv=nation or None, years=year))
    except NotImplementedError:
        return frozenset()


def knows_calendar(country: str, nation: str) -> bool:
    """Tell whether a part of a country has public holidays of its own in the table."""
    return nation in known_nations(country)


def known_nations(country: str) -> tuple[str, ...]:
    """Return the parts of a country that have public holidays of their own in the table."""
    return tuple(_nations().get(country, ()))


@lru_cache(maxsize=1)
def _nations() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)
