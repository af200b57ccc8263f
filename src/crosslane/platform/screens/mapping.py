"""Maps: places on a bundled outline, drawn by the server and explored by Leaflet when asked to.

The outline is in ``static/outline.json``. Nothing is loaded from elsewhere unless the operator
names a tile server.
"""

import json
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from urllib.parse import urlsplit

import msgspec

from crosslane.platform.screens.assets import assets

WIDTH, HEIGHT = 1_000, 640
"""Of a map that is drawn."""

MARGIN_SHARE = 0.14
"""How much of a map lies around its places, on each side."""

DEGREES_LEAST = 1.2
"""One place alone is shown with so much around it."""

LATITUDE_MAX = 85.0
PINS_MAX = 2_000

Position = tuple[float, float]


class Pin(msgspec.Struct, frozen=True):
    """A place on a map.

    Args:
        title: what it is called.
        lat: degrees north.
        lon: degrees east.
        tone: accent, good, warn, bad, info or neutral.
        note: what else is said of it.
        href: page it leads to, "" for none.
        named: its title stands beside it.
    """

    title: str
    lat: float
    lon: float
    tone: str = "accent"
    note: str = ""
    href: str = ""
    named: bool = False


class Drawn(msgspec.Struct, frozen=True):
    """A map to be drawn.

    Args:
        land: outline of the land, as the path of an SVG.
        spots: where each pin stands, x and y.
    """

    land: str
    spots: list[tuple[int, int]]


class Tiles:
    """The tile server of the process, "" for none."""

    url = ""
    origin = ""


def use_tiles(url: str) -> None:
    """Let maps that are explored load tiles.

    Args:
        url: with ``{z}``, ``{x}`` and ``{y}``, "" for none.
    """
    host = urlsplit(url)
    Tiles.url, Tiles.origin = url, f"{host.scheme}://{host.netloc}" if url else ""


def drawn(pins: Sequence[Pin]) -> Drawn:
    """Return a map that shows all of the pins.

    Args:
        pins: at most PINS_MAX, the others are left out.
    """
    pins = pins[:PINS_MAX]
    spots = [_flat(pin.lat, pin.lon) for pin in pins] or [_flat(54.0, -3.0)]
    west, east = min(x for x, _ in spots), max(x for x, _ in spots)
    north, south = min(y for _, y in spots), max(y for _, y in spots)
    wide = max(east - west, (south - north) * WIDTH / HEIGHT, DEGREES_LEAST)
    wide *= 1 + 2 * MARGIN_SHARE
    # Rounded, so that maps of the same places in another order are drawn once.
    scale = WIDTH / wide
    left = round((west + east - wide) / 2, 3)
    top = round((north + south - wide * HEIGHT / WIDTH) / 2, 3)
    return Drawn(
        _land(left, top, round(scale, 3)),
        [(round((x - left) * scale), round((y - top) * scale)) for x, y in spots[: len(pins)]],
    )


def told(pins: Sequence[Pin], links: Iterable[tuple[int, int]] = ()) -> str:
    """Return pins, and lines between them by their numbers, as a script reads them."""
    return json.dumps(
        {
            "pins": [msgspec.to_builtins(pin) for pin in pins[:PINS_MAX]],
            "links": [list(link) for link in links],
            "tiles": Tiles.url,
        },
        separators=(",", ":"),
    )


def _flat(lat: float, lon: float) -> Position:
    """Return a place on Mercator's map, in degrees of longitude; y grows southward."""
    lat = max(-LATITUDE_MAX, min(LATITUDE_MAX, lat))
    return lon, -math.degrees(math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)))


@lru_cache
def _rings() -> list[list[Position]]:
    read = json.loads(assets()["outline.json"].content)["rings"]
    rings = []
    for steps in read:
        lons, lats = accumulate(steps[::2]), accumulate(steps[1::2])
        rings.append([_flat(lat / 100, lon / 100) for lon, lat in zip(lons, lats, strict=True)])
    return rings


@lru_cache(64)
def _land(left: float, top: float, scale: float) -> str:
    paths = []
    for ring in _rings():
        placed = [((x - left) * scale, (y - top) * scale) for x, y in ring]
        for axis, limit, sign in (
            (0, -20, 1),
            (0, WIDTH + 20, -1),
            (1, -20, 1),
            (1, HEIGHT + 20, -1),
        ):
            placed = _cut(placed, axis, limit, sign)
        points = _distinct(placed)
        if len(points) > 2:
            paths.append("M" + " ".join(f"{x} {y}" for x, y in points) + "Z")
    return "".join(paths)


def _cut(ring: list[Position], axis: int, limit: float, sign: int) -> list[Position]:
    """Return the part of a ring on one side of a line (Sutherland and Hodgman)."""
    found: list[Position] = []
    for n, end in enumerate(ring):
        begin = ring[n - 1]
        begins_in, ends_in = (sign * (at[axis] - limit) >= 0 for at in (begin, end))
        if begins_in != ends_in:
            share = (limit - begin[axis]) / (end[axis] - begin[axis])
            found.append(
                (begin[0] + share * (end[0] - begin[0]), begin[1] + share * (end[1] - begin[1]))
            )
        if ends_in:
            found.append(end)
    return found


def _distinct(ring: Iterable[Position]) -> list[tuple[int, int]]:
    """Return the points that can be told apart where they are drawn."""
    found: list[tuple[int, int]] = []
    for x, y in ring:
        point = (round(x), round(y))
        if not found or abs(point[0] - found[-1][0]) + abs(point[1] - found[-1][1]) > 2:
            found.append(point)
    return found
