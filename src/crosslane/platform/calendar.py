"""Public holidays by country and part of it: shops and carriers keep the same ones."""

from datetime import date
from functools import lru_cache

import holidays

from crosslane.kernel import Invalid

YEARS_KEPT_MAX = 1024


class NationUnknown(Invalid):
    """{country} has no part {nation} with holidays of its own; known are: {known}."""


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


def require_nation(country: str, nation: str, *, pointer: str = "") -> str:
    """Return the part of a country when the table has holidays of its own for it, or is "".

    Raises:
        NationUnknown: it has none.
    """
    known = _nations().get(country, [])
    if nation and nation not in known:
        shown = ", ".join(known) or "none"
        raise NationUnknown(pointer=pointer, country=country, nation=nation, known=shown)
    return nation


@lru_cache(maxsize=1)
def _nations() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)
