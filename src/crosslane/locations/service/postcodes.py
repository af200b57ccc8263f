"""Positions of postcodes, from the table in the package."""

import csv
import gzip
from functools import cache, lru_cache
from importlib import resources

from crosslane.locations.domain import Located, Point, PostcodeTable, Sector

SECTOR_FILE = "gb_sectors.csv.gz"
POSTCODES_REMEMBERED_MAX = 4_096


# Whoever asks where a customer is asks more than once, in different places.
@lru_cache(maxsize=POSTCODES_REMEMBERED_MAX)
def locate_postcode(country: str, postcode: str) -> Located | None:
    """Return the place of a postcode with its nation and precision, or None when it is unknown.

    Known are the postcodes of Great Britain, Northern Ireland and the Crown dependencies.

    Args:
        country: ISO 3166 alpha-2.
        postcode: as typed.
    """
    return _sectors().find(country, postcode)


def position_of(country: str, postcode: str) -> Point | None:
    """Return the position of a postcode, or None when it is unknown; see locate_postcode."""
    located = locate_postcode(country, postcode)
    return located.point if located else None


@cache
def _sectors() -> PostcodeTable:
    """Read the packaged table, once for the process."""
    packed = resources.files("crosslane.locations").joinpath(SECTOR_FILE).read_bytes()
    rows = csv.DictReader(gzip.decompress(packed).decode().splitlines())
    return PostcodeTable(
        Sector(
            name=row["sector"],
            nation=row["nation"],
            postcodes=int(row["postcodes"]),
            point=Point(
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                easting=int(row["easting"]),
                northing=int(row["northing"]),
            ),
        )
        for row in rows
    )
