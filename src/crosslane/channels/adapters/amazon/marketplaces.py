"""Amazon's marketplaces: which country each sells to, in which currency, with tax in or beside.

Rules: "Marketplace IDs" of the Selling Partner API. Prices of the United States and Canada are
without tax, everywhere else they include it.
"""

from collections.abc import Mapping

import msgspec


class Marketplace(msgspec.Struct, frozen=True):
    """A marketplace.

    Args:
        country: ISO 3166-1.
        currency: ISO 4217.
        taxed: prices include tax.
    """

    country: str
    currency: str
    taxed: bool = True


MARKETPLACES: Mapping[str, Marketplace] = {
    "ATVPDKIKX0DER": Marketplace("US", "USD", taxed=False),
    "A2EUQ1WTGCTBG2": Marketplace("CA", "CAD", taxed=False),
    "A1AM78C64UM0Y8": Marketplace("MX", "MXN"),
    "A2Q3Y263D00KWC": Marketplace("BR", "BRL"),
    "A28R8C7NBKEWEA": Marketplace("IE", "EUR"),
    "A1RKKUPIHCS9HS": Marketplace("ES", "EUR"),
    "A1F83G8C2ARO7P": Marketplace("GB", "GBP"),
    "A13V1IB3VIYZZH": Marketplace("FR", "EUR"),
    "AMEN7PMS3EDWL": Marketplace("BE", "EUR"),
    "A1805IZSGTT6HS": Marketplace("NL", "EUR"),
    "A1PA6795UKMFR9": Marketplace("DE", "EUR"),
    "APJ6JRA9NG5V4": Marketplace("IT", "EUR"),
    "A2NODRKZP88ZB9": Marketplace("SE", "SEK"),
    "AE08WJ6YKNBMC": Marketplace("ZA", "ZAR"),
    "A1C3SOZRARQ6R3": Marketplace("PL", "PLN"),
    "ARBP9OOSHTCHU": Marketplace("EG", "EGP"),
    "A33AVAJ2PDY3EV": Marketplace("TR", "TRY"),
    "A17E79C6D8DWNP": Marketplace("SA", "SAR"),
    "A2VIGQ35RCS4UG": Marketplace("AE", "AED"),
    "A21TJRUUN4KGV": Marketplace("IN", "INR"),
    "A19VAU5U5O7RUS": Marketplace("SG", "SGD"),
    "A39IBJ37TRP1C6": Marketplace("AU", "AUD"),
    "A1VC38T7YXB528": Marketplace("JP", "JPY"),
}


def currency_of(marketplace: str, default: str) -> str:
    """Return the currency of a marketplace, the default for one that is not known."""
    found = MARKETPLACES.get(marketplace)
    return found.currency if found else default


def country_of(marketplace: str) -> str:
    """Return the country a marketplace sells to, "" for one that is not known."""
    found = MARKETPLACES.get(marketplace)
    return found.country if found else ""


def is_taxed(marketplace: str) -> bool | None:
    """Whether prices of a marketplace include tax, None for one that is not known."""
    found = MARKETPLACES.get(marketplace)
    return found.taxed if found else None
