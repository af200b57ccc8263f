"""Carriers over HTTP."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from tests.carriers.shipments import house_sheet, shipment, with_house
from tests.edge import Client, clients, send

from crosslane.carriers import EFFECTS, ROUTES, LabelRequest, request_labels
from crosslane.kernel import new_id
from crosslane.platform import audit
from crosslane.platform.effects import Runner

ALL = ("carriers:read", "carriers:write", "carriers:track")


@pytest.fixture
async def client_of(database, lanes, tenant) -> AsyncIterator[Client]:
    async with clients(ROUTES, database, lanes, tenant) as client:
        yield client


@pytest.fixture
def client(client_of: Client) -> httpx.AsyncClient:
    return client_of(*ALL)


def sheet() -> tuple[dict, dict]:
    """Return the house carrier and its tariff as JSON."""
    packed = house_sheet()
    return msgspec.to_builtins(packed.carrier), msgspec.to_builtins(packed.tariff)


async def test_the_house_carrier_is_installed_over_http(client):
    carrier, tariff = sheet()
    saved = await client.put("carriers/house", json=carrier)
    assert saved.status_code == 200, saved.text
    assert saved.headers["etag"] == '"v1"'
    added = await send(client, "carriers/house/tariffs", tariff)
    assert added.status_code == 201, added.text
    assert added.json()["prices"] == sum(len(p["brackets"]) for p in tariff["prices"])
    quotes = (
        await client.get(
            "carrier-quotes",
            params={
                "country": "GB",
                "postcode": "IV2 3AA",
                "weight_grams": 1_200,
                "shipped_on": "2011-01-05",
            },
        )
    ).json()
    assert [quote["service"] for quote in quotes] == ["ECONOMY", "STANDARD48", "EXPRESS24"]
    assert {quote["zone"] for quote in quotes} == {"HIGHLANDS"}
    again = await client.put("carriers/house", json=carrier, headers={"If-Match": '"v7"'})
    assert again.status_code == 412


async def test_what_is_shown_can_be_sent_back(client):
    carrier, _ = sheet()
    shown = (await client.put("carriers/house", json=carrier)).json()
    assert (await client.get("carriers/house")).json() == shown
    del shown["version"]
    again = await client.put("carriers/house", json=shown)
    assert again.status_code == 200, again.text
    assert again.json() == shown | {"version": 2}
    assert [c["code"] for c in (await client.get("carriers")).json()["items"]] == ["house"]
    assert (await client.get("carriers/nobody")).status_code == 404


async def test_a_secret_is_kept_and_never_shown(client_of, database, tenant):
    staff = client_of(*ALL, kind="staff")
    carrier, _ = sheet()
    secret = {"port": "http", "endpoint": "https://swift.example", "api_key": "opensesame"}
    saved = await staff.put("carriers/house", json=carrier | secret)
    assert saved.status_code == 200, saved.text
    assert "opensesame" not in saved.text
    kept = await staff.put("carriers/house", json=carrier | {"name": "Swift"})
    assert kept.status_code == 200
    async with database.transaction(tenant) as tx:
        assert await tx.fetchval("select api_key from carriers_carrier") == "opensesame"
        entries = await audit.list_entries(tx, subject="carrier:house")
        answers = await tx.fetch("select answer from platform_idempotency")
    assert [entry.action for entry in entries] == ["carriers.save"] * 2
    assert all(b"opensesame" not in bytes(e.before) + bytes(e.after) for e in entries)
    assert all(b"opensesame" not in (row["answer"] or b"") for row in answers)


async def test_tariffs_in_pages(client, lanes, tenant):
    await with_house(lanes, tenant)
    seen, cursor = [], None
    while True:
        params = {"limit": 20, "service": "STANDARD48"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("carriers/house/tariffs", params=params)).json()
        seen += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    assert {tariff["service"] for tariff in seen} == {"STANDARD48"}
    assert len({tariff["zone"] for tariff in seen}) == len(seen) == 8


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"port": "pigeon"}, "port-unknown"),
        ({"endpoint": "ftp://x"}, "invalid-field"),
        ({"number_prefix": "c1"}, "invalid-field"),
        ({"zones": []}, "zone-undefined"),
    ],
)
async def test_a_wrong_carrier_is_refused(client, changes, code):
    carrier, _ = sheet()
    answer = await client.put("carriers/house", json=carrier | changes)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(code)


async def labelled(database, tenant, **changes):
    async with database.transaction(tenant) as tx:
        (label_id,) = await request_labels(tx, [LabelRequest(str(new_id()), shipment(**changes))])
    runner = Runner(database, EFFECTS)
    await runner.start_due(tenant)
    await runner.drain()
    return label_id


async def test_a_label_is_shown_and_downloaded(client, database, lanes, tenant):
    await with_house(lanes, tenant)
    label_id = await labelled(database, tenant)
    shown = (await client.get(f"labels/{label_id}")).json()
    assert shown["label"]["state"] == "created"
    assert (shown["status"], shown["events"]) == (None, [])
    number = shown["label"]["tracking_number"]
    document = await client.get(f"labels/{label_id}/document")
    assert document.headers["content-type"] == "application/pdf"
    assert number in document.headers["content-disposition"]
    assert document.content.startswith(b"%PDF-")

    report = {"id": "1", "tracking_number": number, "status": "delivered", "place": "Aberdeen"}
    body = {"events": [report | {"occurred_at": "2011-01-07T11:20:00Z"}]}
    told = await send(client, "carriers/house/tracking-events", body)
    assert (told.status_code, told.json()["recorded"]) == (201, 1)
    again = await send(client, "carriers/house/tracking-events", body)
    assert again.json() == {"recorded": 0, "repeated": 1, "unknown": 0}
    shown = (await client.get(f"labels/{label_id}")).json()
    assert shown["status"] == "delivered"
    assert (await client.get(f"labels/{new_id()}")).status_code == 404
    assert (await client.get(f"labels/{new_id()}/document")).status_code == 404
    naive = {"events": [report | {"occurred_at": "2011-01-07T11:20:00"}]}
    refused = await send(client, "carriers/house/tracking-events", naive)
    assert refused.status_code == 422


async def test_labels_in_pages(client, database, lanes, tenant):
    await with_house(lanes, tenant)
    made = [await labelled(database, tenant) for _ in range(3)]
    first = (await client.get("labels", params={"limit": 2})).json()
    rest = await client.get("labels", params={"limit": 2, "cursor": first["next_cursor"]})
    found = [label["id"] for label in first["items"] + rest.json()["items"]]
    assert found == [str(label_id) for label_id in reversed(made)]
    parcel = first["items"][0]["parcel_id"]
    only = (await client.get("labels", params={"parcel_id": parcel, "state": "created"})).json()
    assert [label["parcel_id"] for label in only["items"]] == [parcel]


async def test_staff_of_one_location_see_its_labels_only(client_of, database, lanes, tenant):
    await with_house(lanes, tenant)
    own, other = new_id(), new_id()
    mine = await labelled(database, tenant, location_id=own)
    theirs = await labelled(database, tenant, location_id=other)
    staff = client_of("carriers:read", kind="staff", location_id=own)
    assert (await staff.get(f"labels/{mine}/document")).status_code == 200
    assert (await staff.get(f"labels/{theirs}")).status_code == 403
    assert (await staff.get(f"labels/{theirs}/document")).status_code == 403
    listed = (await staff.get("labels")).json()["items"]
    assert [label["id"] for label in listed] == [str(mine)]
    assert (await staff.get("labels", params={"location_id": str(other)})).status_code == 403


async def test_who_may_not(client_of):
    reader = client_of("carriers:read")
    carrier, tariff = sheet()
    assert (await reader.get("carriers")).status_code == 200
    assert (await reader.put("carriers/house", json=carrier)).status_code == 403
    assert (await send(reader, "carriers/house/tariffs", tariff)).status_code == 403
    assert (await send(reader, "carriers/house/tracking-events", {"events": []})).status_code == 403
    assert (await client_of().get("labels")).status_code == 403


async def test_quotes_of_another_age_are_refused(client, lanes, tenant):
    await with_house(lanes, tenant)
    for day, status in (("9999-12-31", 400), ("1930-01-01", 422)):
        params = {"country": "GB", "weight_grams": 1, "shipped_on": day}
        answer = await client.get("carrier-quotes", params=params)
        assert answer.status_code == status
