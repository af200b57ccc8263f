"""Where things are: points, distances in whole metres, and the parts of a British postcode."""

import math
import re
from collections.abc import Iterable

from msgspec import Struct

# Mean radius of the WGS84 ellipsoid, (2a + b) / 3 (IUGG, "R1").
EARTH_RADIUS_METRES = 6_371_008.8
# The countries whose postcodes are part of the British system.
BRITISH_POSTCODE_COUNTRIES = frozenset({"GB", "GG", "IM", "JE"})

_FULL = re.compile(r"([A-Z]{1,2})([0-9][A-Z0-9]?)([0-9])[A-Z]{2}")
_PART = re.compile(r"([A-Z]{1,2})([0-9][A-Z0-9]?)?(?: ([0-9]))?")


class Point(Struct, frozen=True):
    """A place on Earth.

    Args:
        lat: degrees north, WGS84.
        lon: degrees east, WGS84.
        easting: metres on the British National Grid; together with ``northing`` or not at all.
        northing: metres on the same grid.
    """

    lat: float
    lon: float
    easting: int | None = None
    northing: int | None = None


class Located(Struct, frozen=True):
    """What a postcode tells about a place.

    Args:
        point: the mean of the postcodes that match.
        nation: nation code of the table (ENG, SCT, WLS, NIR, JEY, GGY, IOM).
        precision: which part of the postcode was known: ``sector``, ``district`` or ``area``.
    """

    point: Point
    nation: str
    precision: str


class Sector(Struct, frozen=True):
    """One row of the packaged table: a postcode sector, its mean point and its number of units."""

    name: str
    nation: str
    postcodes: int
    point: Point


def distance_metres(a: Point, b: Point) -> int:
    """Return the distance between two points in whole metres, rounded to the nearest.

    On the British grid when both points have it: straight line by Pythagoras. Otherwise the great
    circle by the haversine formula on a sphere of the mean WGS84 radius, which errs by up to 0.5 %.
    """
    if a.easting is not None and b.easting is not None:
        return round(math.hypot(a.easting - b.easting, (a.northing or 0) - (b.northing or 0)))
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    chord = half_lat**2 + math.cos(lat_a) * math.cos(lat_b) * half_lon**2
    # Rounding may carry the chord of two antipodes past 1, where the arcsine has no value.
    return round(2 * EARTH_RADIUS_METRES * math.asin(math.sqrt(min(1.0, chord))))


def distances_metres(points: Iterable[Point], goal: Point) -> list[int]:
    """Return the distance of each point from a goal, as :func:`distance_metres`; in one go."""
    easting, northing = goal.easting, goal.northing or 0
    if easting is None:
        return [distance_metres(point, goal) for point in points]
    return [
        round(math.hypot(at.easting - easting, (at.northing or 0) - northing))
        if at.easting is not None
        else distance_metres(at, goal)
        for at in points
    ]


def postcode_parts(postcode: str) -> tuple[str, str, str]:
    """Return area, district and sector of a British postcode as typed; unknown parts are "".

    ``"sw1a2aa"`` gives ``("SW", "SW1A", "SW1A 2")``. A postcode without its last three characters
    gives area and district only, unless a space sets the sector digit apart.
    """
    text = " ".join(postcode.upper().split())
    full = _FULL.fullmatch(text.replace(" ", ""))
    if full:
        area, rest, sector = full.groups()
        return area, area + rest, f"{area}{rest} {sector}"
    part = _PART.fullmatch(text)
    if not part:
        return "", "", ""
    area, rest, sector = part.groups(default="")
    district = area + rest if rest else ""
    return area, district, f"{district} {sector}" if district and sector else ""


def district_of(country: str, postcode: str) -> str:
    """Return the district of a British postcode as typed; "" elsewhere and when it is unknown.

    Thousands live in one, so it may be kept where a postcode may not.

    Args:
        country: ISO 3166 alpha-2.
        postcode: as typed.
    """
    return postcode_parts(postcode)[1] if country in BRITISH_POSTCODE_COUNTRIES else ""


class PostcodeTable:
    """Finds points by British postcode: by sector, else by district, else by area.

    Districts and areas are means of their sectors, weighted by the number of unit postcodes.
    """

    def __init__(self, sectors: Iterable[Sector]) -> None:
        self._by_sector = {sector.name: sector for sector in sectors}
        self._by_district: dict[str, list[Sector]] = {}
        self._by_area: dict[str, list[Sector]] = {}
        for sector in self._by_sector.values():
            district = sector.name.partition(" ")[0]
            area = district[: 2 if district[1].isalpha() else 1]
            self._by_district.setdefault(district, []).append(sector)
            self._by_area.setdefault(area, []).append(sector)

    def __len__(self) -> int:
        return len(self._by_sector)

    def find(self, country: str, postcode: str) -> Located | None:
        """Return the place of a postcode, or None when even its area is unknown.

        Args:
            country: ISO 3166 alpha-2 code; other than British ones give None.
            postcode: as typed; case and spaces do not matter.
        """
        if country not in BRITISH_POSTCODE_COUNTRIES:
            return None
        area, district, sector = postcode_parts(postcode)
        known = self._by_sector.get(sector)
        if known is not None:
            return Located(known.point, known.nation, "sector")
        for rows, precision in (
            (self._by_district.get(district), "district"),
            (self._by_area.get(area), "area"),
        ):
            if rows:
                largest = max(rows, key=lambda row: row.postcodes)
                return Located(_mean(rows), largest.nation, precision)
        return None


def _mean(sectors: list[Sector]) -> Point:
    weight = sum(sector.postcodes for sector in sectors)

    def mean(attribute: str) -> float:
        weighted = (getattr(s.point, attribute) * s.postcodes for s in sectors)
        return sum(weighted) / weight

    return Point(
        lat=round(mean("lat"), 5),
        lon=round(mean("lon"), 5),
        easting=round(mean("easting")),
        northing=round(mean("northing")),
    )
