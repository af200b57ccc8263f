import csv
import gzip
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.published import published

from crosslane.locations import (
    Point,
    distance_metres,
    distances_metres,
    locate_postcode,
    position_of,
)
from crosslane.locations.domain import PostcodeTable, Sector, postcode_parts

points = st.builds(Point, lat=st.floats(-90, 90), lon=st.floats(-180, 180))
grid_points = st.builds(
    Point,
    lat=st.floats(49, 61),
    lon=st.floats(-8, 2),
    easting=st.integers(-100_000, 700_000),
    northing=st.integers(-100_000, 1_300_000),
)


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("SW1A 2AA", ("SW", "SW1A", "SW1A 2")),
        ("sw1a2aa", ("SW", "SW1A", "SW1A 2")),
        (" ab10  1ab ", ("AB", "AB10", "AB10 1")),
        ("M1 1AE", ("M", "M1", "M1 1")),
        ("M11AE", ("M", "M1", "M1 1")),
        ("M11 1AE", ("M", "M11", "M11 1")),
        ("M111AE", ("M", "M11", "M11 1")),
        ("W1A 1HQ", ("W", "W1A", "W1A 1")),
        ("CR2 6XH", ("CR", "CR2", "CR2 6")),
        ("B33 8TH", ("B", "B33", "B33 8")),
        ("EC1A 1BB", ("EC", "EC1A", "EC1A 1")),
        ("EC1A 1", ("EC", "EC1A", "EC1A 1")),
        ("EC1A", ("EC", "EC1A", "")),
        ("EC", ("EC", "", "")),
        ("", ("", "", "")),
        ("75008", ("", "", "")),
        ("NOT A POSTCODE", ("", "", "")),
    ],
)
def test_a_postcode_falls_into_its_parts(typed, parts):
    assert postcode_parts(typed) == parts


def test_grid_distance_is_pythagoras_in_metres():
    a = Point(0, 0, easting=400_000, northing=300_000)
    assert distance_metres(a, Point(0, 0, easting=403_000, northing=304_000)) == 5_000
    assert distance_metres(a, Point(0, 0, easting=400_001, northing=300_001)) == 1
    assert distance_metres(a, a) == 0


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        # One degree of a great circle, and half of one, on the mean radius.
        (Point(0, 0), Point(1, 0), 111_195),
        (Point(0, 0), Point(0, 180), 20_015_114),
        (Point(90, 0), Point(-90, 77), 20_015_114),
        # London to Paris, 344 km by published calculators.
        (Point(51.5074, -0.1278), Point(48.8566, 2.3522), 343_557),
    ],
)
def test_great_circle_distance(a, b, metres):
    assert distance_metres(a, b) == metres


@given(points, points)
def test_distance_is_symmetric_and_bounded(a, b):
    assert distance_metres(a, b) == distance_metres(b, a)
    assert 0 <= distance_metres(a, b) <= 20_015_114


@given(grid_points, points)
def test_a_point_without_grid_is_measured_on_the_globe(a, b):
    globe = Point(a.lat, a.lon)
    assert distance_metres(a, b) == distance_metres(globe, b)


def test_a_postcode_is_found_by_sector_then_district_then_area():
    sector = locate_postcode("GB", "AB10 1AB")
    assert sector is not None
    assert (sector.precision, sector.nation) == ("sector", "SCT")
    assert sector.point == Point(57.1441, -2.107, 393_624, 805_917)
    district = locate_postcode("GB", "AB10 9ZZ")
    assert district is not None
    assert district.precision == "district"
    assert distance_metres(district.point, sector.point) < 5_000
    area = locate_postcode("GB", "AB98 9ZZ")
    assert area is not None
    assert area.precision == "area"


@pytest.mark.parametrize(
    ("country", "postcode", "nation"),
    [
        ("GB", "CF10 1AA", "WLS"),
        ("GB", "BT1 1DA", "NIR"),
        ("GB", "BT47 9ZZ", "NIR"),
        ("JE", "JE2 3EA", "JEY"),
        ("GG", "GY1 2JZ", "GGY"),
        ("IM", "IM1 2SP", "IOM"),
    ],
)
def test_islands_and_nations_have_positions(country, postcode, nation):
    found = locate_postcode(country, postcode)
    assert found is not None
    assert found.nation == nation
    assert found.point.easting is not None


@pytest.mark.parametrize(
    ("country", "postcode"), [("FR", "75008"), ("GB", "QX1 1AA"), ("GB", ""), ("US", "SW1A 2AA")]
)
def test_unknown_postcodes_have_no_position(country, postcode):
    assert position_of(country, postcode) is None


def test_district_means_are_weighted_by_units():
    table = PostcodeTable(
        [
            Sector("ZZ1 1", "ENG", 3, Point(50.0, 0.0, 0, 0)),
            Sector("ZZ1 2", "ENG", 1, Point(54.0, 2.0, 400, 800)),
        ]
    )
    found = table.find("GB", "ZZ1 9AA")
    assert found is not None
    assert found.point == Point(51.0, 0.5, 100, 200)


def test_the_packaged_table_is_the_published_one():
    with gzip.open(published("postcodes/gb_sectors.csv.gz"), "rt") as rows:
        sectors = list(csv.DictReader(rows))
    assert len(sectors) == 10_820
    for row in sectors:
        found = locate_postcode("GB", row["sector"])
        assert found is not None
        assert found.precision == "sector"
        grid = (found.point.easting, found.point.northing)
        assert grid == (int(row["easting"]), int(row["northing"]))
        assert (found.point.lat, found.point.lon) == (float(row["lat"]), float(row["lon"]))


def test_many_distances_are_the_distances_of_each():
    draw = Random(3)  # noqa: S311
    goal = Point(51.5, -0.12, 530_000, 180_000)
    points = [
        Point(draw.uniform(50, 58), draw.uniform(-6, 1), *grid)
        for _ in range(200)
        for grid in ((None, None), (draw.randrange(700_000), draw.randrange(1_200_000)))
    ]
    for here in (goal, Point(51.5, -0.12)):
        assert distances_metres(points, here) == [distance_metres(at, here) for at in points]
