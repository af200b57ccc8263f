from datetime import date
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosslane.kernel import Refusal, new_id
from crosslane.locations import CapacityClaim, LocationDraft, Network, Point
from crosslane.locations.domain import (
    CapacitySheet,
    distance_metres,
    location_of,
    show_hours,
    show_spans,
)
from crosslane.locations.errors import CapacityFull, LocationUnknown

HERE = Point(52.0, -1.0, 450_000, 250_000)
DRAFT = LocationDraft(
    code="S0001",
    kind="store",
    entity="MF",
    name="Esplanade",
    country="GB",
    nation="SCT",
    postcode="ab11 5rn",
    timezone="Europe/London",
    abilities=frozenset({"ship", "pickup"}),
    hours={"monday": ("09:00-12:00", "13:00-20:00"), "holiday": ("11:00-16:00",)},
    special_days={date(2011, 12, 24): ("09:00-16:00",)},
    cut_off="15:30",
    handling_hours=2,
)


def made(**changes):
    return location_of(msgspec.structs.replace(DRAFT, **changes), new_id(), HERE)


def test_a_draft_becomes_a_location():
    location = made()
    assert location.point == HERE
    assert location.postcode == "AB11 5RN"
    assert location.timetable.cut_off == 930
    assert location.timetable.handling_minutes == 120
    assert location.can("ship")
    assert not location.can("receive_returns")
    assert not made(active=False).can("ship")
    shown = show_hours(location.timetable.hours)
    assert shown["monday"] == ["09:00-12:00", "13:00-20:00"]
    assert shown["sunday"] == []
    assert shown["holiday"] == ["11:00-16:00"]
    assert show_spans(location.timetable.hours.special[date(2011, 12, 24)]) == ["09:00-16:00"]


def test_a_given_position_wins_over_the_postcode():
    assert made(lat=1.5, lon=2.5).point == Point(1.5, 2.5)
    assert made(lat=1.5, lon=2.5, easting=1, northing=2).point == Point(1.5, 2.5, 1, 2)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"code": "s 1"}, "bad-location-code", "/code"),
        ({"code": ""}, "bad-location-code", "/code"),
        ({"timezone": "Europe/Camelot"}, "bad-timezone", "/timezone"),
        ({"timezone": "../etc/passwd"}, "bad-timezone", "/timezone"),
        ({"timezone": ""}, "bad-timezone", "/timezone"),
        ({"nation": "COR"}, "nation-unknown", "/nation"),
        ({"country": "ZZ"}, "bad-country", "/country"),
        ({"lat": 1.0}, "position-incomplete", "/lat"),
        ({"easting": 1, "northing": 1}, "position-incomplete", "/lat"),
        ({"lat": 1.0, "lon": 1.0, "easting": 1}, "position-incomplete", "/lat"),
        ({"cut_off": "25:00"}, "bad-time", "/cut_off"),
        ({"cut_off": "noon"}, "bad-time", "/cut_off"),
        ({"hours": {"funday": ("09:00-10:00",)}}, "bad-hours", "/hours"),
        ({"hours": {"monday": ("09:00",)}}, "bad-hours", "/hours/monday"),
        ({"hours": {"monday": ("17:00-09:00",)}}, "bad-hours", "/hours/monday"),
        ({"hours": {"monday": ("09:00-24:01",)}}, "bad-hours", "/hours/monday"),
        ({"hours": {"monday": ("09:00-12:00", "11:59-13:00")}}, "bad-hours", "/hours/monday"),
        ({"special_days": {date(2011, 1, 3): ("x",)}}, "bad-hours", "/special_days/2011-01-03"),
    ],
)
def test_a_wrong_field_is_named(changes, code, pointer):
    with pytest.raises(Refusal) as refused:
        made(**changes)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_without_position_a_draft_is_refused():
    with pytest.raises(Refusal) as refused:
        location_of(DRAFT, new_id(), None)
    assert refused.value.code == "position-missing"


def placed(code: str, easting: int, **changes):
    return made(code=code, lat=52.0, lon=-1.0, easting=easting, northing=250_000, **changes)


def test_the_nearest_come_first_and_ties_go_by_code():
    network = Network(
        [
            placed("FAR", 460_000),
            placed("B", 451_000),
            placed("A", 449_000),
            placed("SHUT", 450_000, active=False),
            placed("DC", 450_100, abilities=frozenset({"ship"})),
        ]
    )
    near = network.nearest(HERE, 3)
    assert [(n.location.code, n.distance_metres) for n in near] == [
        ("DC", 100),
        ("A", 1_000),
        ("B", 1_000),
    ]
    assert [n.location.code for n in network.nearest(HERE, 9, "pickup")] == ["A", "B", "FAR"]
    for _ in range(2):  # found, and remembered
        able = network.nearest_able(HERE, 2, frozenset({"pickup", "ship_to_store"}))
        assert able == network.nearest(HERE, 2, "pickup")
        assert network.nearest_able(HERE, 1, frozenset({"ship"})) == network.nearest(HERE, 1)
    assert network.nearest_able(HERE, 9, frozenset()) == []
    only = network.nearest(HERE, 9, accept=lambda location: location.code == "FAR")
    assert [n.location.code for n in only] == ["FAR"]
    assert network.nearest(HERE, 0) == []
    assert [location.code for location in network.able("pickup")] == ["A", "B", "FAR"]
    assert network.require("SHUT").active is False
    with pytest.raises(LocationUnknown):
        network.require("NOWHERE")


@given(st.lists(st.integers(0, 700_000), max_size=40), st.integers(0, 45))
def test_nearest_equals_a_full_sort(eastings, limit):
    network = Network(placed(f"L{n}", easting) for n, easting in enumerate(eastings))
    expected = sorted((distance_metres(HERE, at.point), at.code) for at in network.all)[:limit]
    found = [(n.distance_metres, n.location.code) for n in network.nearest(HERE, limit)]
    assert found == expected


DAY = date(2011, 1, 5)
SHOP, DEPOT = UUID(int=1), UUID(int=2)


def claim(cause: str, parcels: int = 1, location_id: UUID = SHOP, **more) -> CapacityClaim:
    return CapacityClaim(location_id, DAY, parcels, cause, **more)


def test_a_sheet_takes_until_the_day_is_full():
    sheet = CapacitySheet({(SHOP, DAY): 7}, {SHOP: 10, DEPOT: None})
    assert sheet.free(SHOP, DAY) == 3
    assert sheet.take(claim("a", 2)) is None
    refused = sheet.take(claim("b", 2))
    assert isinstance(refused, CapacityFull)
    assert sheet.take(claim("c")) is None
    assert sheet.free(SHOP, DAY) == 0
    assert sheet.take(claim("d", 5, beyond_limit=True)) is None
    assert sheet.free(SHOP, DAY) == -5
    assert sheet.take(claim("e", 10_000, DEPOT)) is None
    assert sheet.free(DEPOT, DAY) is None
    assert [c.cause for c in sheet.claims] == ["a", "c", "d", "e"]


def test_the_same_cause_takes_once_and_can_be_undone():
    sheet = CapacitySheet({}, {SHOP: 3})
    assert sheet.take(claim("a", 2)) is None
    assert sheet.take(claim("a", 2)) is None
    assert sheet.free(SHOP, DAY) == 1
    sheet.undo([claim("a", 2), claim("never")])
    sheet.undo([claim("a", 2)])
    assert sheet.free(SHOP, DAY) == 3
    assert sheet.claims == []


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, 5), st.sampled_from([SHOP, DEPOT])), max_size=30
    ),
    st.integers(0, 20),
)
def test_a_sheet_never_exceeds_its_limit(wishes, limit):
    sheet = CapacitySheet({}, {SHOP: limit, DEPOT: None})
    for cause, parcels, location_id in wishes:
        sheet.take(claim(str(cause), parcels, location_id))
    taken = sum(c.parcels for c in sheet.claims if c.location_id == SHOP)
    assert taken <= limit
    assert sheet.free(SHOP, DAY) == limit - taken
