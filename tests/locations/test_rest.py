"""Locations over HTTP."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest
from tests.edge import Client, clients, send
from tests.locations.drafts import as_row, draft, with_entity

from crosslane.kernel import new_id
from crosslane.locations import ROUTES, CapacityClaim, network, take_capacity

READ, WRITE = "locations:read", "locations:write"


@pytest.fixture
async def client_of(database, lanes, tenant) -> AsyncIterator[Client]:
    await with_entity(database, tenant)
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of(READ, WRITE)


@pytest.fixture
async def estate(client) -> httpx.AsyncClient:
    """Three places: a shop in Aberdeen, one in Leeds that ships only, a retired one."""
    rows = [
        as_row(draft("S0001")),
        as_row(draft("DC01", kind="warehouse", nation="ENG", postcode="LS1 4AP"))
        | {"abilities": ["ship"]},
        as_row(draft("S0009", active=False)),
    ]
    answer = await send(client, "location-imports", {"rows": rows})
    assert answer.status_code == 201, answer.text
    return client


async def test_a_location_is_added_shown_changed_and_retired(client):
    answer = await send(client, "locations", as_row(draft()))
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"v1"'
    made = answer.json()
    assert made["hours"]["monday"] == ["09:00-20:00"]
    assert made["hours"]["sunday"] == []
    assert made["abilities"] == ["pickup", "ship"]
    assert (made["cut_off"], made["postcode"], made["closure"]) == ("15:00", "AB11 5RN", None)
    assert made["easting"] is not None
    assert (await client.get("locations/S0001")).json() == made

    body = as_row(draft(name="Quay", special_days={date(2011, 12, 24): ("09:00-16:00",)}))
    changed = await client.put("locations/S0001", json=body, headers={"If-Match": '"v1"'})
    assert changed.status_code == 200, changed.text
    assert changed.json()["special_days"] == {"2011-12-24": ["09:00-16:00"]}
    stale = await client.put("locations/S0001", json=body, headers={"If-Match": '"v1"'})
    assert stale.status_code == 412
    assert (await client.put("locations/S0002", json=body)).status_code == 404

    retired = await client.delete("locations/S0001")
    assert (retired.status_code, retired.json()["active"]) == (200, False)
    assert (await client.get("locations/NONE")).status_code == 404


async def test_what_is_shown_can_be_sent_back(client):
    shown = (await send(client, "locations", as_row(draft()))).json()
    for name in ("id", "version", "closure"):
        del shown[name]
    answer = await client.put("locations/S0001", json=shown)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"code": "s 1"}, 422, "bad-location-code", "/code"),
        ({"entity": "NOBODY"}, 404, "unknown-entity", "/entity"),
        ({"timezone": "Mars/Olympus"}, 422, "bad-timezone", "/timezone"),
        ({"hours": {"monday": ["9-5"]}}, 422, "bad-hours", "/hours/monday"),
        ({"abilities": ["fly"]}, 422, "invalid-field", "/abilities/0"),
        ({"colour": "red"}, 422, "invalid-field", "/colour"),
        ({"lat": 91, "lon": 0}, 422, "invalid-field", "/lat"),
        ({"postcode": "QX1 1AA"}, 422, "position-missing", "/postcode"),
    ],
)
async def test_a_wrong_field_is_pointed_at(client, changes, status, code, pointer):
    answer = await send(client, "locations", as_row(draft()) | changes)
    told = answer.json()
    assert answer.status_code == status, told
    assert told["type"].endswith(code)
    assert told["pointer"] == pointer


async def test_a_list_in_pages_and_by_what_it_can_do(estate):
    first = (await estate.get("locations", params={"limit": 2})).json()
    assert [at["code"] for at in first["items"]] == ["DC01", "S0001"]
    rest = await estate.get("locations", params={"limit": 2, "cursor": first["next_cursor"]})
    assert [at["code"] for at in rest.json()["items"]] == ["S0009"]
    for params, codes in [
        ({"kind": "warehouse"}, ["DC01"]),
        ({"ability": "pickup"}, ["S0001", "S0009"]),
        ({"active": "true"}, ["DC01", "S0001"]),
    ]:
        found = (await estate.get("locations", params=params)).json()
        assert [at["code"] for at in found["items"]] == codes


async def test_the_nearest_by_postcode_and_by_position(estate):
    by_postcode = {"country": "GB", "postcode": "AB10 1AB"}
    found = (await estate.get("locations/nearest", params=by_postcode)).json()
    assert found["precision"] == "sector"
    assert [near["location"]["code"] for near in found["items"]] == ["S0001", "DC01"]
    assert found["items"][0]["distance_metres"] < 3_000
    by_position = {"lat": 53.8, "lon": -1.55, "limit": 1}
    found = (await estate.get("locations/nearest", params=by_position)).json()
    assert [near["location"]["code"] for near in found["items"]] == ["DC01"]
    only = {**by_postcode, "ability": "pickup", "kind": "store"}
    found = (await estate.get("locations/nearest", params=only)).json()
    assert [near["location"]["code"] for near in found["items"]] == ["S0001"]


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 422),
        ({"lat": 1}, 422),
        ({"country": "GB"}, 422),
        ({"country": "GB", "postcode": "LS1", "lat": 1, "lon": 1}, 422),
        ({"country": "GB", "postcode": "QX1 1AA"}, 404),
        ({"country": "FR", "postcode": "75008"}, 404),
        ({"lat": 100, "lon": 0}, 400),
        ({"lat": "NaN", "lon": 0}, 400),
        ({"lat": 1, "lon": 1, "limit": 51}, 400),
    ],
)
async def test_an_unclear_place_is_refused(estate, params, status):
    answer = await estate.get("locations/nearest", params=params)
    assert answer.status_code == status, answer.text


async def test_opening_closing_and_reopening(estate):
    at = {"at": "2011-01-05T16:00:00Z"}
    told = (await estate.get("locations/S0001/opening", params=at)).json()
    assert (told["open"], told["dispatch_day"]) == (True, "2011-01-06")
    assert told["ready_at"] == "2011-01-05T18:00:00Z"
    assert told["days"][0] == {"day": "2011-01-05", "hours": ["09:00-20:00"]}
    assert len(told["days"]) == 14
    closure = {
        "reason": "flood",
        "since": "2011-01-05T10:00:00Z",
        "until": "2011-01-08T09:30:00Z",
    }
    closed = await send(estate, "locations/S0001/closure", closure)
    assert closed.status_code == 201, closed.text
    assert closed.json()["closure"] == closure | {"reason": "flood"}
    told = (await estate.get("locations/S0001/opening", params=at)).json()
    assert (told["open"], told["next_opening"]) == (False, "2011-01-08T09:30:00Z")
    reopened = await estate.delete("locations/S0001/closure")
    assert reopened.json()["closure"] is None
    backwards = closure | {"until": "2011-01-05T10:00:00Z"}
    assert (await send(estate, "locations/S0001/closure", backwards)).status_code == 422


@pytest.mark.parametrize(
    ("at", "status"),
    [
        # The edge knows no such year; the calendars of locations begin later still.
        ("0001-01-01T00:00:00Z", 400),
        ("9999-12-31T23:59:59Z", 400),
        ("1930-01-01T00:00:00Z", 422),
        ("1969-12-31T23:59:59Z", 422),
    ],
)
async def test_another_age_is_refused(estate, at, status):
    answer = await estate.get("locations/S0001/opening", params={"at": at})
    assert answer.status_code == status
    closure = {"reason": "long", "until": at, "since": "2011-01-05T10:00:00Z"}
    assert (await send(estate, "locations/S0001/closure", closure)).status_code == 422


async def test_capacity_by_day(estate, database, tenant):
    async with database.transaction(tenant) as tx:
        shop = (await network(tx)).require("S0001")
        await take_capacity(tx, [CapacityClaim(shop.id, date(2011, 1, 6), 4, f"order:{new_id()}")])
    days = {"first": "2011-01-05", "last": "2011-01-06"}
    shown = (await estate.get("locations/S0001/capacity", params=days)).json()
    assert shown == [
        {"day": "2011-01-05", "parcels_taken": 0, "parcels_per_day": 10, "parcels_free": 10},
        {"day": "2011-01-06", "parcels_taken": 4, "parcels_per_day": 10, "parcels_free": 6},
    ]
    for first, last in [("2011-01-06", "2011-01-05"), ("2011-01-01", "2011-12-31")]:
        wrong = await estate.get("locations/S0001/capacity", params={"first": first, "last": last})
        assert wrong.status_code == 422
    edge = {"first": "2199-12-31", "last": "2199-12-31"}
    assert (await estate.get("locations/S0001/capacity", params=edge)).status_code == 200


async def test_an_import_tells_its_problems_and_a_repetition_is_the_same_answer(client):
    rows = [as_row(draft("S0001")), as_row(draft("S0002", cut_off="noon"))]
    body = {"rows": rows, "dry_run": False}
    first = await send(client, "location-imports", body, key="once")
    told = first.json()
    assert (told["created"], told["refused"]) == (1, 1)
    assert told["problems"] == [
        {
            "row": 1,
            "key": "S0002",
            "pointer": "/rows/1/cut_off",
            "code": "bad-time",
            "message": "The time noon must be HH:MM.",
            "details": {"time": "noon"},
        }
    ]
    again = await send(client, "location-imports", body, key="once")
    assert again.json() == told
    assert again.headers["idempotency-replayed"] == "true"


async def test_who_may_not_write_or_read(client_of):
    reader, stranger = client_of(READ), client_of("catalog:read")
    assert (await reader.get("locations")).status_code == 200
    assert (await send(reader, "locations", as_row(draft()))).status_code == 403
    assert (await reader.delete("locations/S0001")).status_code == 403
    assert (await stranger.get("locations")).status_code == 403
