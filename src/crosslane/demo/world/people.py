"""Invented people, firms and addresses, drawn by hash: the same words give the same person.

Postcode sectors are real and drawn by how many postcodes they have, so customers live where people
live; the last two letters, the house and the street are invented. Nobody is meant.
"""

import csv
import gzip
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any

from msgspec import Struct

from crosslane.demo.draws import draw
from crosslane.demo.packaged import SAMPLE

HOUSES_MAX = 180
# The letters that the second half of a British postcode may end with.
UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
# Islands that the order lines call British but which are countries of their own.
ISLANDS = {"JE": "JE", "GY": "GG", "IM": "IM"}
CHANNEL_ISLANDS = ("JE", "GY")
AT_HOME = frozenset({"United Kingdom", "Unspecified"})


class Person(Struct, frozen=True):
    """Somebody invented who buys or works here.

    Args:
        name: first and last name.
        email: at a domain that is reserved for examples.
        address: as the API takes an address.
    """

    name: str
    email: str
    address: dict[str, Any]


class Sectors(Struct, frozen=True):
    """Postcode sectors, and where each one ends in the running sum of their postcodes."""

    codes: Sequence[str]
    ends: Sequence[int]

    def draw(self, *words: object) -> str:
        """Draw a sector by its number of postcodes."""
        return self.codes[bisect_right(self.ends, draw(self.ends[-1], *words))]


def shopper(*words: object, country: str = "United Kingdom") -> Person:
    """Draw a consumer.

    Args:
        words: what the draw is for, the seed among them.
        country: as the order lines name it.
    """
    name = draw_name(*words)
    tail = f"{draw(10**9, 'email', *words):09d}"
    email = f"{name.lower().replace(' ', '.')}.{tail}@example.com"
    return Person(name, email, {**draw_address(*words, country=country), "name": name})


def firm(number: str, country: str) -> Person:
    """Draw the firm behind a trade account, always the same for the same account."""
    invented = _invented()
    last = _pick(invented["last_names"], "firm", number)
    name = f"{last} {_pick(invented['trades'], 'trade', number)}"
    address = draw_address("firm", number, country=country)
    address |= {"name": draw_name("buyer", number), "organization": name}
    return Person(name, f"orders.{number}@example.org", address)


def draw_name(*words: object) -> str:
    """Draw a first and a last name."""
    invented = _invented()
    first = _pick(invented["first_names"], "first", *words)
    return f"{first} {_pick(invented['last_names'], 'last', *words)}"


def draw_address(*words: object, country: str = "United Kingdom") -> dict[str, Any]:
    """Draw an address in a country as the order lines name it.

    Raises:
        KeyError: the country is not among those of the order lines.
    """
    invented = _invented()
    house = 1 + draw(HOUSES_MAX, "house", *words)
    street = f"{house} {_pick(invented['streets'], 'street', *words)}"
    if country in AT_HOME or country == "Channel Islands":
        sectors = _sectors(country == "Channel Islands")
        postcode = sectors.draw("sector", *words) + "".join(
            _pick(UNIT_LETTERS, "unit", place, *words) for place in range(2)
        )
        area = postcode[: 2 if postcode[1].isalpha() else 1]
        where = {"city": invented["towns"][area], "postcode": postcode}
        return {"country": ISLANDS.get(area, "GB"), "lines": [street], **where}
    abroad: Mapping[str, str] = invented["abroad"][country]
    return {"lines": [street], **{name: value for name, value in abroad.items() if value}}


def country_code(country: str) -> str:
    """Return the ISO 3166 code of a country as the order lines name it."""
    if country in AT_HOME:
        return "GB"
    return "JE" if country == "Channel Islands" else _invented()["abroad"][country]["country"]


def _pick(choices: Sequence[str], *words: object) -> str:
    return choices[draw(len(choices), *words)]


@cache
def _invented() -> dict[str, Any]:
    return json.loads((SAMPLE / "invented.json").read_text(encoding="utf-8"))


@cache
def _sectors(islands: bool) -> Sectors:
    """Read the sectors that the package carries (``locations/NOTICE.txt`` says where from)."""
    path = files("crosslane").joinpath("locations/gb_sectors.csv.gz")
    rows = csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines())
    kept = [row for row in rows if not islands or row["sector"][:2] in CHANNEL_ISLANDS]
    ends = list(accumulate(int(row["postcodes"]) for row in kept))
    return Sectors([row["sector"] for row in kept], ends)
